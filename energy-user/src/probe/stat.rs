//! `/proc/stat`: what the kernel's ticks say of each CPU.
//!
//! CPUs are known by their number: one that is offline has no line.

use std::path::Path;

use anyhow::Context as _;

use crate::files;

/// Nanoseconds in a tick of `/proc` (`USER_HZ`, 100 on every architecture in use).
pub const TICK_NS: u64 = 10_000_000;

/// One CPU since boot, nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// Its number.
    pub number: u32,
    /// User, nice and system time.
    pub busy_ns: u64,
    /// Time that a hypervisor took for somebody else.
    pub stolen_ns: u64,
}

/// Every CPU that is online.
pub fn read(proc_root: &Path) -> anyhow::Result<Vec<Cpu>> {
    let path = proc_root.join("stat");
    let text = files::read(&path)
        .with_context(|| format!("{} cannot be read; mount proc there", path.display()))?;
    Ok(text.lines().filter_map(cpu).collect())
}

/// A line of the form `cpu3 user nice system idle iowait irq softirq steal guest guest_nice`.
fn cpu(line: &str) -> Option<Cpu> {
    let (number, fields) = line.strip_prefix("cpu")?.split_once(' ')?;
    let ticks: Vec<u64> = fields.split_whitespace().map_while(|field| field.parse().ok()).collect();
    let ns = |field: usize| ticks.get(field).copied().unwrap_or(0).saturating_mul(TICK_NS);
    let busy_ns = ns(0).saturating_add(ns(1)).saturating_add(ns(2));
    Some(Cpu { number: number.parse().ok()?, busy_ns, stolen_ns: ns(7) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_is_known_by_its_number_and_what_is_no_cpu_is_none() {
        let third = Cpu { number: 3, busy_ns: 60_000_000, stolen_ns: 70_000_000 };
        assert_eq!(cpu("cpu3 1 2 3 4 5 6 6 7 0 0"), Some(third));
        assert_eq!(cpu("cpu3 1 2 3"), Some(Cpu { stolen_ns: 0, ..third }));
        for line in ["cpu  1 2 3", "intr 5", "cpu", "cpux 1", "cpu-1 2 3", ""] {
            assert_eq!(cpu(line), None, "{line}");
        }
        assert_eq!(cpu("cpu1 x").map(|cpu| cpu.busy_ns), Some(0));
    }
}
