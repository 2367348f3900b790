//! What was not seen, and whether the time of all CPUs adds up.

use serde::{Deserialize, Serialize};

/// What could not be seen or kept, counted so that it is never silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Births, names and ends that the kernel had no room to tell.
    pub events: u64,
    /// Slices of CPU time whose beginning was not seen.
    pub slices: u64,
    /// Records that made no sense.
    pub malformed: u64,
}

impl Lost {
    /// Adds what another interval did not see.
    pub fn add(&mut self, other: &Self) {
        let Self { events, slices, malformed } = other;
        self.events += events;
        self.slices += slices;
        self.malformed += malformed;
    }

    /// What came since an earlier sum.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            events: self.events.saturating_sub(before.events),
            slices: self.slices.saturating_sub(before.slices),
            malformed: self.malformed.saturating_sub(before.malformed),
        }
    }
}

/// The time of all CPUs since the last sample, by where it went: nanoseconds.
///
/// `elapsed = tasks + idle + scheduler + missed + irq + stolen + residue`, by definition of
/// the residue. All but the residue are counted by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// Time that passed on the clock.
    pub elapsed_ns: i64,
    /// Time that processes and kernel threads gained.
    pub tasks_ns: u64,
    /// Time in which nothing wanted to run.
    pub idle_ns: i64,
    /// The scheduler itself, after one task and before the next.
    pub scheduler_ns: i64,
    /// Time that ran but whose owner is not known.
    pub missed_ns: u64,
    /// Interrupts, where the kernel keeps them out of the tasks' time.
    pub irq_ns: u64,
    /// Taken by the hypervisor for somebody else.
    pub stolen_ns: u64,
    /// What does not add up.
    pub residue_ns: i64,
    /// Of the CPU that is worst, the residue since the probe was loaded.
    pub worst_ns: i64,
}
