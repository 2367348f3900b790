//! What a row's share of a pool is measured by.
//!
//! Time is always known. Overlap, clocks and cycles come closer to power where they can be
//! had; who has only time (interrupts, what was missed) is weighed as the cell's others are.

use crate::{
    frame::Signal,
    sample::{CpuTime, ProcessActivity, Sample, Weight, Work},
};

/// Of a thousand: what time with a busy neighbour on the core weighs, against time alone.
/// Two threads draw about 1.15 times what one draws (METRION, arXiv 2512.06806; `HaPPy`, ATC
/// 2014, has 1.1), so each draws 0.575 of it.
const SHARED: u64 = 575;
const ALONE: u64 = 1000;

/// Power rises with this power of the clock: voltage rises with it too, if not as fast.
/// A choice, not a measurement; 1 would be cycles (docs/method.md).
const CLOCK_EXPONENT: f64 = 2.0;

/// The scale of an interval: its signal, and what time without more weighs on each cell.
pub struct Scale {
    signal: Signal,
    /// What the clock of each cell makes of time, in thousandths; none where it does not count.
    clocks: Option<Vec<u64>>,
    /// Counts and nanoseconds of everybody who has both, by cell.
    means: Vec<(u64, u64)>,
}

impl Scale {
    /// For the pools of CPUs.
    pub fn of_cpus(next: &Sample) -> Self {
        let weight = match next.activity.weight {
            // Without clocks, time is what is left of it.
            Weight::Frequency if next.clocks.is_none() => Weight::Time,
            Weight::SmtFrequency if next.clocks.is_none() => Weight::Smt,
            weight => weight,
        };
        let clocks = next.clocks.as_ref().filter(|_| weight.by_clock());
        let scale = |clock: &u32| {
            let times = (f64::from(*clock) / 1000.0).powf(CLOCK_EXPONENT);
            ((times * 1000.0).round() as u64).clamp(1, 1_000_000)
        };
        let clocks = clocks.map(|clocks| clocks.iter().map(scale).collect());
        Self::of(Signal::Cpu(weight), clocks, next)
    }

    /// For the pools of memory: by what went there, where that is counted.
    pub fn of_memory(next: &Sample) -> Option<Self> {
        let counted = next.activity.processes.iter().filter_map(|process| process.work.as_ref());
        let counted = counted.flat_map(|work| &work.misses).any(|&misses| misses > 0);
        counted.then(|| Self::of(Signal::Misses, None, next))
    }

    fn of(signal: Signal, clocks: Option<Vec<u64>>, next: &Sample) -> Self {
        let mut means = vec![(0_u64, 0_u64); next.machine.cells.len()];
        for process in &next.activity.processes {
            let Some(work) = &process.work else { continue };
            for (cell, (count, ns)) in means.iter_mut().enumerate() {
                *count = count.saturating_add(counted(signal, work, cell));
                *ns = ns.saturating_add(process.cpu.on(cell));
            }
        }
        Self { signal, clocks, means }
    }

    /// What shares are measured by.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// A process's weight on a cell.
    pub fn process(&self, process: &ProcessActivity, cell: usize) -> u64 {
        let ns = process.cpu.on(cell);
        match (self.signal, &process.work) {
            (Signal::Cpu(weight), Some(work)) if weight.by_overlap() => {
                let shared = work.shared.on(cell).min(ns);
                let alone = (ns - shared).saturating_mul(ALONE);
                self.clocked(alone.saturating_add(shared.saturating_mul(SHARED)), cell)
            }
            (Signal::Cpu(Weight::Cycles) | Signal::Misses, Some(work)) => {
                counted(self.signal, work, cell)
            }
            _ => self.time(ns, cell),
        }
    }

    /// What time weighs of which nothing else is known.
    pub fn time(&self, ns: u64, cell: usize) -> u64 {
        match (self.signal, self.means.get(cell)) {
            (Signal::Cpu(Weight::Cycles) | Signal::Misses, Some(&(count, all))) if all > 0 => {
                let count = u128::from(ns) * u128::from(count) / u128::from(all);
                u64::try_from(count).unwrap_or(u64::MAX)
            }
            (Signal::Cpu(weight), _) if weight.by_overlap() || weight.by_clock() => {
                self.clocked(ns.saturating_mul(ALONE), cell)
            }
            _ => ns,
        }
    }

    /// As `time`, for each cell.
    pub fn times(&self, time: &CpuTime) -> Vec<u64> {
        (0..self.means.len()).map(|cell| self.time(time.on(cell), cell)).collect()
    }

    /// A weight at the clock of its cell.
    fn clocked(&self, weight: u64, cell: usize) -> u64 {
        let Some(clock) = self.clocks.as_ref().and_then(|clocks| clocks.get(cell)) else {
            return weight;
        };
        u64::try_from(u128::from(weight) * u128::from(*clock) / 1000).unwrap_or(u64::MAX)
    }
}

/// What was counted of a signal on a cell.
fn counted(signal: Signal, work: &Work, cell: usize) -> u64 {
    let counts = if signal == Signal::Misses { &work.misses } else { &work.cycles };
    counts.get(cell).copied().unwrap_or(0)
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
        process.work = Some(Work { shared, cycles: vec![cycles], ..Work::default() });
        process
    }

    fn scale(weight: Weight, clocks: Option<Vec<u32>>, all: &[ProcessActivity]) -> Scale {
        let mut sample = Sample::nothing(1);
        sample.activity.weight = weight;
        sample.activity.processes = all.to_vec();
        sample.clocks = clocks;
        Scale::of_cpus(&sample)
    }

    #[test]
    fn a_neighbour_makes_time_weigh_less() {
        let scale = scale(Weight::Smt, None, &[]);
        assert_eq!(scale.process(&ran(100, 0, 0), 0), 100_000);
        assert_eq!(scale.process(&ran(100, 100, 0), 0), 57_500);
        assert_eq!(scale.process(&ran(100, 900, 0), 0), 57_500, "no more than all of it");
        assert_eq!(scale.time(100, 0), 100_000);
    }

    #[test]
    fn a_higher_clock_makes_time_weigh_more() {
        let fast = scale(Weight::Frequency, Some(vec![2000]), &[]);
        assert_eq!(fast.process(&ran(100, 50, 0), 0), 400_000);
        assert_eq!(fast.time(100, 0), 400_000);
        let both = scale(Weight::SmtFrequency, Some(vec![2000]), &[]);
        assert_eq!(both.process(&ran(100, 100, 0), 0), 230_000);
        let unknown = scale(Weight::SmtFrequency, None, &[]);
        assert_eq!(unknown.signal(), Signal::Cpu(Weight::Smt));
        let unknown = scale(Weight::Frequency, None, &[]);
        assert_eq!(unknown.process(&ran(100, 100, 0), 0), 100);
    }

    #[test]
    fn time_without_cycles_weighs_as_the_others_mean() {
        let all = [ran(100, 0, 300), ran(300, 0, 100)];
        let cycles = scale(Weight::Cycles, None, &all);
        assert_eq!(cycles.process(&all[0], 0), 300);
        assert_eq!(cycles.times(&CpuTime(vec![50])), [50]);
        assert_eq!(scale(Weight::Cycles, None, &[]).time(50, 0), 50);
        assert_eq!(scale(Weight::Time, None, &all).process(&all[0], 0), 100);
    }

    #[test]
    fn memory_is_weighed_by_misses_only_if_somebody_has_some() {
        let mut sample = Sample::nothing(1);
        sample.activity.processes = vec![ran(100, 0, 7), ran(100, 0, 7)];
        assert!(Scale::of_memory(&sample).is_none());
        sample.activity.processes[0].work.as_mut().unwrap().miss(0, 30);
        let scale = Scale::of_memory(&sample).unwrap();
        let all = &sample.activity.processes;
        assert_eq!((scale.process(&all[0], 0), scale.process(&all[1], 0)), (30, 0));
        assert_eq!(scale.time(20, 0), 3);
    }
}
