//! What a run leaves: what a tool may see of each step, and what is true of it.
//!
//! A tool sees CPU times, clocks and counters. The truth is beside them, for the score.

use std::collections::BTreeMap;

use crate::{machine::Shape, meter, plan::Process};

/// A whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The machine.
    pub shape: Shape,
    /// All processes that ever ran; the steps' indices are into this.
    pub processes: Vec<Process>,
    /// The counters at the very start.
    pub begin: Counters,
    /// One for each sampling interval.
    pub steps: Vec<Step>,
}

/// What a reader of all counters sees, in microjoules, wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters {
    /// By package.
    pub packages: Vec<u64>,
    /// By package, its memory's.
    pub dram: Vec<u64>,
}

/// CPU time of one process on one CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// Nanoseconds with all other threads of the core idle.
    pub alone_ns: u64,
    /// Nanoseconds with another thread of the core busy.
    pub shared_ns: u64,
}

/// One sampling interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How long it was.
    pub length_ns: u64,
    /// By process index and CPU; nobody with no time is in it.
    pub times: BTreeMap<(usize, usize), Time>,
    /// By CPU, its mean clock relative to base while it was busy; 1 if it never was.
    pub clocks: Vec<f64>,
    /// As read at its end.
    pub counters: Counters,
    /// Indices of the processes that ended in it, ascending.
    pub ended: Vec<usize>,
    /// By package, where its energy went.
    pub packages: Vec<Truth>,
    /// By package, where its memory's energy went.
    pub dram: Vec<Truth>,
}

/// Where the energy of one counter really went, in microjoules, before noise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// All of it.
    pub energy_uj: f64,
    /// What would have been drawn anyway.
    pub static_uj: f64,
    /// By process index, what was drawn for it.
    pub dynamic_uj: BTreeMap<usize, f64>,
}

impl Time {
    /// Both together.
    pub fn total_ns(self) -> u64 {
        self.alone_ns + self.shared_ns
    }
}

impl Step {
    /// Nanoseconds that all CPUs were busy.
    pub fn busy_ns(&self) -> u64 {
        self.times.values().map(|time| time.total_ns()).sum()
    }
}

impl Trace {
    /// The counters before a step.
    pub fn before(&self, step: usize) -> &Counters {
        step.checked_sub(1).map_or(&self.begin, |before| &self.steps[before].counters)
    }

    /// What the packages' counters rose by in a step, in microjoules, wraps undone.
    pub fn package_uj(&self, step: usize) -> Vec<u64> {
        risen(&self.before(step).packages, &self.steps[step].counters.packages)
    }

    /// The same of the memory's counters.
    pub fn dram_uj(&self, step: usize) -> Vec<u64> {
        risen(&self.before(step).dram, &self.steps[step].counters.dram)
    }

    /// True dynamic microjoules of the packages by program, from a step on.
    pub fn true_uj(&self, from: usize) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for truth in self.steps.iter().skip(from).flat_map(|step| &step.packages) {
            for (&process, energy) in &truth.dynamic_uj {
                *sums.entry(self.processes[process].name.clone()).or_default() += energy;
            }
        }
        sums
    }
}

fn risen(before: &[u64], after: &[u64]) -> Vec<u64> {
    before.iter().zip(after).map(|(&before, &after)| meter::between(before, after)).collect()
}
