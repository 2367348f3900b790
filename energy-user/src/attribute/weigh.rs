//! What a row's share of a package's energy is measured by.
//!
//! Time is always known. Overlap and cycles come closer to power where they can be had; who
//! has only time (interrupts, what was missed) is weighed as the package's others are.

use crate::sample::{CpuTime, ProcessActivity, Weight};

/// Of a thousand: what time with a busy neighbour on the core weighs, against time alone.
/// Two threads draw about 1.15 times what one draws (METRION, arXiv 2512.06806; `HaPPy`, ATC
/// 2014, has 1.1), so each draws 0.575 of it.
const SHARED: u64 = 575;
const ALONE: u64 = 1000;

/// The scale of an interval: its weight, and what time without more weighs on each package.
pub struct Scale {
    weight: Weight,
    /// Cycles and nanoseconds of everybody who has both.
    means: Vec<(u64, u64)>,
}

impl Scale {
    /// For so many packages and everybody who ran.
    pub fn of(weight: Weight, processes: &[ProcessActivity], packages: usize) -> Self {
        let mut means = vec![(0_u64, 0_u64); packages];
        for process in processes {
            let Some(work) = &process.work else { continue };
            for (package, (cycles, ns)) in means.iter_mut().enumerate() {
                *cycles = cycles.saturating_add(work.cycles.get(package).copied().unwrap_or(0));
                *ns = ns.saturating_add(process.cpu.on(package));
            }
        }
        Self { weight, means }
    }

    /// A process's weight on a package.
    pub fn process(&self, process: &ProcessActivity, package: usize) -> u64 {
        let ns = process.cpu.on(package);
        match (self.weight, &process.work) {
            (Weight::Smt, Some(work)) => {
                let shared = work.shared.on(package).min(ns);
                (ns - shared).saturating_mul(ALONE).saturating_add(shared.saturating_mul(SHARED))
            }
            (Weight::Cycles, Some(work)) => work.cycles.get(package).copied().unwrap_or(0),
            _ => self.time(ns, package),
        }
    }

    /// What time weighs of which nothing else is known.
    pub fn time(&self, ns: u64, package: usize) -> u64 {
        match (self.weight, self.means.get(package)) {
            (Weight::Smt, _) => ns.saturating_mul(ALONE),
            (Weight::Cycles, Some(&(cycles, all))) if all > 0 => {
                let cycles = u128::from(ns) * u128::from(cycles) / u128::from(all);
                u64::try_from(cycles).unwrap_or(u64::MAX)
            }
            _ => ns,
        }
    }

    /// As `time`, for each package.
    pub fn times(&self, time: &CpuTime, packages: usize) -> Vec<u64> {
        (0..packages).map(|package| self.time(time.on(package), package)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sample::{Identity, ProcessId, Work};

    fn ran(ns: u64, shared: u64, cycles: u64) -> ProcessActivity {
        let id = ProcessId { pid: 1, start: 1 };
        let identity = Arc::new(Identity::default());
        let mut process = ProcessActivity::new(id, identity, false, CpuTime(vec![ns]));
        let shared = CpuTime(vec![shared]);
        process.work = Some(Work { shared, cycles: vec![cycles], instructions: 0 });
        process
    }

    #[test]
    fn a_neighbour_makes_time_weigh_less() {
        let scale = Scale::of(Weight::Smt, &[], 1);
        assert_eq!(scale.process(&ran(100, 0, 0), 0), 100_000);
        assert_eq!(scale.process(&ran(100, 100, 0), 0), 57_500);
        assert_eq!(scale.process(&ran(100, 900, 0), 0), 57_500, "no more than all of it");
        assert_eq!(scale.time(100, 0), 100_000);
    }

    #[test]
    fn time_without_cycles_weighs_as_the_others_mean() {
        let all = [ran(100, 0, 300), ran(300, 0, 100)];
        let scale = Scale::of(Weight::Cycles, &all, 1);
        assert_eq!(scale.process(&all[0], 0), 300);
        assert_eq!(scale.times(&CpuTime(vec![50]), 1), [50]);
        let nobody = Scale::of(Weight::Cycles, &[], 1);
        assert_eq!(nobody.time(50, 0), 50);
        assert_eq!(Scale::of(Weight::Time, &all, 1).process(&all[0], 0), 100);
    }
}
