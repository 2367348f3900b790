//! Time that is no task's: interrupts, and what a hypervisor took for somebody else.
//!
//! The scheduler keeps either out of the tasks' time only if it was built to. Both come as
//! one figure per CPU; where both may be in it, `/proc/stat` tells how much was stolen.

use std::{collections::HashMap, path::Path};

use super::{btf::Btf, stat};

/// What the kernel keeps out of the tasks' time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// Interrupts (`CONFIG_IRQ_TIME_ACCOUNTING`).
    pub irq: bool,
    /// Steal (`CONFIG_PARAVIRT_TIME_ACCOUNTING`).
    pub steal: bool,
}

impl Outside {
    /// As the scheduler's run queue was built.
    pub fn of(btf: &Btf) -> Self {
        let has = |field| btf.offset("rq", &[field]).is_ok();
        Self { irq: has("prev_irq_time"), steal: has("prev_steal_time_rq") }
    }

    /// What this means for the figures.
    pub fn note(self) -> &'static str {
        match self {
            Self { irq: true, .. } => "interrupts have a row of their own",
            Self { steal: true, .. } => {
                "interrupts count for who was interrupted, steal for nobody \
                 (no CONFIG_IRQ_TIME_ACCOUNTING)"
            }
            Self { .. } => {
                "interrupts count for who was interrupted (no CONFIG_IRQ_TIME_ACCOUNTING)"
            }
        }
    }
}

/// Steal of a CPU, nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Stolen {
    /// Since boot, as it was last read.
    read: u64,
    /// Of it, what has not been told yet.
    untold: u64,
}

/// Tells irq and steal apart, CPU by CPU.
#[derive(Debug)]
pub struct Divider {
    outside: Outside,
    /// By CPU.
    stolen: HashMap<u32, Stolen>,
}

impl Divider {
    /// Looks once whether anything can be stolen here: if not, nothing will be looked up.
    pub fn new(outside: Outside, proc_root: &Path) -> Self {
        let read = |cpu: stat::Cpu| (cpu.number, Stolen { read: cpu.stolen_ns, untold: 0 });
        let stolen: HashMap<_, _> = cpus(proc_root).into_iter().map(read).collect();
        let virtualised = stolen.values().any(|stolen| stolen.read > 0)
            || std::fs::read_to_string(proc_root.join("cpuinfo"))
                .is_ok_and(|text| text.contains(" hypervisor"));
        let steal = outside.steal && (virtualised || !outside.irq);
        Self { outside: Outside { steal, ..outside }, stolen }
    }

    /// Reads what was stolen since, if that is needed to tell.
    pub fn look(&mut self, proc_root: &Path) {
        if self.outside.irq && self.outside.steal {
            for cpu in cpus(proc_root) {
                let stolen = self.stolen.entry(cpu.number).or_default();
                let before = std::mem::replace(&mut stolen.read, cpu.stolen_ns);
                stolen.untold += cpu.stolen_ns.saturating_sub(before);
            }
        }
    }

    /// Of a CPU's time outside of tasks: irq, and stolen.
    pub fn divide(&mut self, cpu: u32, outside_ns: u64) -> (u64, u64) {
        match self.outside {
            Outside { irq: true, steal: false } => (outside_ns, 0),
            Outside { irq: false, .. } => (0, outside_ns),
            Outside { irq: true, steal: true } => {
                let untold = &mut self.stolen.entry(cpu).or_default().untold;
                let stolen = outside_ns.min(*untold);
                *untold -= stolen;
                (outside_ns - stolen, stolen)
            }
        }
    }
}

/// What `/proc/stat` says; nothing where it cannot be read.
fn cpus(proc_root: &Path) -> Vec<stat::Cpu> {
    stat::read(proc_root).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_was_not_built_to_tell_is_not_told() {
        let divide = |irq, steal, stolen| {
            let outside = Outside { irq, steal };
            let stolen = HashMap::from([(0, Stolen { read: 0, untold: stolen })]);
            Divider { outside, stolen }.divide(0, 100)
        };
        assert_eq!(divide(true, false, 0), (100, 0));
        assert_eq!(divide(false, true, 0), (0, 100));
        assert_eq!(divide(true, true, 30), (70, 30));
        assert_eq!(divide(true, true, 300), (0, 100));
    }

    #[test]
    fn steal_is_read_where_both_are_told_and_told_once() {
        let root = tempfile::tempdir().unwrap();
        let write = |ticks: u64| {
            let text = format!("cpu  9 9 9\ncpu0 1 0 1 9 0 3 4 {ticks} 0 0\nintr 0\n");
            std::fs::write(root.path().join("stat"), text).unwrap();
        };
        write(5);
        let mut divider = Divider::new(Outside { irq: true, steal: true }, root.path());
        write(7);
        divider.look(root.path());
        assert_eq!(divider.divide(0, 15_000_000), (0, 15_000_000));
        assert_eq!(divider.divide(0, 15_000_000), (10_000_000, 5_000_000));
    }
}
