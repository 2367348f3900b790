//! What was done since the sample before: time, and what else was counted, by process and cell.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Books, Identity, Lost, ProcessId, Progress};

/// CPU time in nanoseconds, one number for each cell of [`Machine::cells`](crate::sample::Machine).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CpuTime(pub Vec<u64>);

impl CpuTime {
    /// Nothing, on a machine with so many cells.
    pub fn zero(cells: usize) -> Self {
        Self(vec![0; cells])
    }

    /// Adds time on one cell; the list grows as needed.
    pub fn add(&mut self, cell: usize, ns: u64) {
        if self.0.len() <= cell {
            self.0.resize(cell + 1, 0);
        }
        self.0[cell] = self.0[cell].saturating_add(ns);
    }

    /// Adds each cell's time of another.
    pub fn add_all(&mut self, other: &Self) {
        for (cell, &ns) in other.0.iter().enumerate() {
            self.add(cell, ns);
        }
    }

    /// Time on one cell.
    pub fn on(&self, cell: usize) -> u64 {
        self.0.get(cell).copied().unwrap_or(0)
    }

    /// Time on all cells.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.0.iter().sum())
    }
}

/// What one process did since the last sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessActivity {
    /// Who.
    pub id: ProcessId,
    /// What it is called and whose it is.
    pub identity: Arc<Identity>,
    /// It ended within the interval: this is its last word.
    pub ended: bool,
    /// The time it ran.
    pub cpu: CpuTime,
    /// What else was counted; none unless it was asked for.
    pub work: Option<Work>,
    /// Whether it seems to get anywhere; none of one that nobody looked at.
    pub progress: Option<Progress>,
    /// Its threads that ran or ended, if they are told apart; their time is the process's.
    pub threads: Vec<ThreadActivity>,
}

impl ProcessActivity {
    /// One of whom only the time is known.
    pub fn new(id: ProcessId, identity: Arc<Identity>, ended: bool, cpu: CpuTime) -> Self {
        Self { id, identity, ended, cpu, work: None, progress: None, threads: Vec::new() }
    }
}

/// What one thread did since the last sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadActivity {
    /// Its number and start, as of a process: the first thread has its process's.
    pub id: ProcessId,
    /// The kernel's name for it.
    pub name: Arc<str>,
    /// It ended within the interval.
    pub ended: bool,
    /// The time it ran.
    pub cpu: CpuTime,
}

/// What is counted beside time, one number for each cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Of the time, how much the core's other hardware thread was busy too, nanoseconds.
    pub shared: CpuTime,
    /// Cycles of the CPU.
    pub cycles: Vec<u64>,
    /// Instructions, on all cells.
    pub instructions: u64,
    /// Misses of the last cache, which are what goes to memory; empty where they are not counted.
    pub misses: Vec<u64>,
}

impl Work {
    /// Adds what was counted on a cell.
    pub fn add(&mut self, cell: usize, shared_ns: u64, cycles: u64, instructions: u64) {
        self.shared.add(cell, shared_ns);
        raise(&mut self.cycles, cell, cycles);
        self.instructions = self.instructions.saturating_add(instructions);
    }

    /// Adds misses of the last cache on a cell.
    pub fn miss(&mut self, cell: usize, misses: u64) {
        raise(&mut self.misses, cell, misses);
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        let Self { shared, cycles, instructions, misses } = other;
        self.shared.add_all(shared);
        for (cell, &cycles) in cycles.iter().enumerate() {
            raise(&mut self.cycles, cell, cycles);
        }
        for (cell, &misses) in misses.iter().enumerate() {
            self.miss(cell, misses);
        }
        self.instructions = self.instructions.saturating_add(*instructions);
    }
}

/// Raises a cell's count; the list grows as needed.
fn raise(counts: &mut Vec<u64>, cell: usize, by: u64) {
    if counts.len() <= cell {
        counts.resize(cell + 1, 0);
    }
    counts[cell] = counts[cell].saturating_add(by);
}

/// What a share of a package's energy is measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Time on a CPU.
    #[default]
    Time,
    /// Time, where time with a busy neighbour on the core counts less.
    Smt,
    /// Time, where time at a higher clock counts more.
    Frequency,
    /// Time by both: neighbour and clock.
    #[value(name = "smt+frequency")]
    #[serde(rename = "smt+frequency")]
    SmtFrequency,
    /// Cycles.
    Cycles,
}

impl Weight {
    /// The word in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Smt => "smt",
            Self::Frequency => "frequency",
            Self::SmtFrequency => "smt+frequency",
            Self::Cycles => "cycles",
        }
    }

    /// Time with a busy neighbour on the core has to be told apart.
    pub fn by_overlap(self) -> bool {
        matches!(self, Self::Smt | Self::SmtFrequency)
    }

    /// The clock of each core has to be known.
    pub fn by_clock(self) -> bool {
        matches!(self, Self::Frequency | Self::SmtFrequency)
    }
}

/// Who ran since the last sample. A process that did not run is not in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Each process that ran or ended, once.
    pub processes: Vec<ProcessActivity>,
    /// What their shares are to be measured by: what else was counted of them.
    pub weight: Weight,
    /// Births since the last sample, so that trees survive processes that never ran in our sight.
    pub births: Vec<Birth>,
    /// Who else was met, such as the shell that waits for who ran: each is told once or more,
    /// so that trees are whole though some of their members never run.
    pub kin: Vec<(ProcessId, Arc<Identity>)>,
    /// Time that ran but whose owner is not known.
    pub missed: CpuTime,
    /// Time in interrupts; none where it cannot be told from that of who was interrupted.
    pub irq: Option<CpuTime>,
    /// What was not seen.
    pub lost: Lost,
    /// Whether the time of every CPU adds up; only the kernel probe can tell.
    pub books: Option<Books>,
}

/// A process came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birth {
    /// The new process.
    pub child: ProcessId,
    /// Who forked it.
    pub parent: ProcessId,
}
