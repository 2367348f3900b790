//! What a run is to be like: how long, how loaded, by whom.
//!
//! Only a wish: `schedule` makes slots of it.

/// A run of the simulated machine.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Sampling intervals.
    pub steps: usize,
    /// Length of each in nanoseconds.
    pub step_ns: u64,
    /// Part of all CPUs that is busy in the mean.
    pub load: f64,
    /// Processes that are there from the start to the end.
    pub processes: usize,
    /// Part of these that stays on one package.
    pub pinned: f64,
    /// Whether each works in phases of seconds of its own, rather than steadily.
    pub varying: bool,
    /// Part of the load that is a storm of processes of 2 to 50 ms; 0 for none.
    pub storm: f64,
    /// Whether clocks move with the number of busy cores, rather than stay at base.
    pub turbo: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            steps: 120,
            step_ns: 1_000_000_000,
            load: 0.4,
            processes: 16,
            pinned: 0.5,
            varying: true,
            storm: 0.0,
            turbo: true,
        }
    }
}

impl Plan {
    /// For how long the schedule leaves everybody where he is: 10 ms as most kernels' slice
    /// is of that order, but 2 ms where whole processes are that short.
    pub fn slot_ns(&self) -> u64 {
        if self.storm > 0.0 { 2_000_000 } else { 10_000_000 }
    }

    /// Slots in each step.
    pub fn slots(&self) -> usize {
        (self.step_ns / self.slot_ns()) as usize
    }
}

/// Somebody who runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Never used again by another.
    pub id: u64,
    /// The program's; the children of a storm share it.
    pub name: String,
}
