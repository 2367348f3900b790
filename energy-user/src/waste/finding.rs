//! A finding: whose, since when, by which evidence, at which cost, and what to do.
//!
//! It can only be made with evidence. What it says is data; [`crate::present::finding`] makes
//! sentences of it.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    job,
    sample::ProcessId,
    units::{GramsCo2e, GramsPerKwh, Microjoules, Watts},
};

/// Which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A GPU is held and nobody uses it.
    HeldGpu,
    /// A GPU waits for data.
    StarvedGpu,
    /// A process is busy and gets nowhere.
    Spinning,
    /// More threads want to run than there are CPUs.
    Oversubscribed,
    /// Processes outlive the launcher of their job.
    Orphans,
    /// A notebook that nobody has used for hours.
    IdleNotebook,
    /// A job runs while the grid is dirty, and will be clean soon.
    DirtyHour,
}

impl Rule {
    /// The word in JSON and in scenarios.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HeldGpu => "held_gpu",
            Self::StarvedGpu => "starved_gpu",
            Self::Spinning => "spinning",
            Self::Oversubscribed => "oversubscribed",
            Self::Orphans => "orphans",
            Self::IdleNotebook => "idle_notebook",
            Self::DirtyHour => "dirty_hour",
        }
    }

    /// The title for people: what it looks like, and no more.
    pub fn title(self) -> &'static str {
        match self {
            Self::HeldGpu => "looks like a GPU held for nothing",
            Self::StarvedGpu => "looks like a GPU that waits for its data loader",
            Self::Spinning => "looks like spinning: busy, and nothing comes of it",
            Self::Oversubscribed => "looks like more threads than CPUs",
            Self::Orphans => "looks like workers whose job has ended",
            Self::IdleNotebook => "looks like a notebook that nobody uses",
            Self::DirtyHour => "could run on cleaner electricity later",
        }
    }

    /// Each of its findings is about one process, which may be one of many in a job.
    pub fn is_of_one_process(self) -> bool {
        self == Self::Spinning
    }

    /// Its findings can have joules, if meters count.
    pub fn has_joules(self) -> bool {
        !matches!(self, Self::Oversubscribed | Self::DirtyHour)
    }

    /// What its joules are, and what they are not.
    pub fn joules_are(self) -> &'static str {
        match self {
            Self::HeldGpu => "what the GPU drew for its holders while nobody used it",
            Self::StarvedGpu => {
                "at most: the GPU's energy of this job, times the part of the time in which it \
                 did nothing; power falls while it waits"
            }
            Self::Spinning => "the CPU energy that it was charged with meanwhile",
            Self::Oversubscribed => {
                "not known: its work needs the same CPU time, and what switching and cold caches \
                 add to it is not counted"
            }
            Self::Orphans => "all that they used since their launcher ended",
            Self::IdleNotebook => "all that it was charged with while it was idle",
            Self::DirtyHour => "is not saved, only emissions",
        }
    }
}

/// How much it matters, by the power that is wasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Below 5 W, or not known.
    Low,
    /// From 5 W.
    Medium,
    /// From 50 W: a GPU at rest with its clocks up.
    High,
}

impl Severity {
    /// Of what was wasted over a time.
    pub fn of(joules: Option<Microjoules>, time: Duration) -> Self {
        match joules.and_then(|joules| joules.over(time)) {
            Some(Watts(watts)) if watts >= 50.0 => Self::High,
            Some(Watts(watts)) if watts >= 5.0 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What kind of subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectKind {
    /// A job.
    Job(job::Kind),
    /// A process and its descendants.
    Tree,
    /// One process.
    Process,
}

impl SubjectKind {
    /// The word in JSON: the kind of job, `tree` or `process`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Job(kind) => kind.as_str(),
            Self::Tree => "tree",
            Self::Process => "process",
        }
    }
}

/// Whose finding it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What kind.
    pub kind: SubjectKind,
    /// Unique on the machine while it lives.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The processes of it that are meant.
    pub processes: Vec<ProcessId>,
}

/// A typed figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// A time.
    Time(Duration),
    /// A part of something, 1 is all of it.
    Part(f64),
    /// So many a second.
    Rate(f64),
    /// Bytes a second.
    ByteRate(f64),
    /// Bytes.
    Bytes(u64),
    /// So many.
    Count(f64),
    /// Power.
    Power(Watts),
    /// Carbon intensity.
    Intensity(GramsPerKwh),
    /// Emissions.
    Mass(GramsCo2e),
}

/// One fact that a rule fired on.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// A name that scripts may rely on.
    pub name: &'static str,
    /// How much.
    pub figure: Figure,
    /// What it is a figure of.
    pub words: String,
}

impl Evidence {
    /// A fact.
    pub fn new(name: &'static str, figure: Figure, words: impl Into<String>) -> Self {
        Self { name, figure, words: words.into() }
    }
}

/// Energy of one process from one kind of pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pool {
    /// CPU packages.
    Cpu,
    /// Memory.
    Dram,
    /// One GPU, by its name.
    Gpu(String),
    /// The rest of the machine.
    Rest,
}

/// What of a process's energy a finding calls wasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Whose.
    pub process: ProcessId,
    /// From where.
    pub pool: Pool,
    /// How much.
    pub energy: Microjoules,
}

/// One charge for each process and pool.
pub(super) fn merge(charges: impl IntoIterator<Item = Charge>) -> Vec<Charge> {
    let mut sums: BTreeMap<(ProcessId, Pool), Microjoules> = BTreeMap::new();
    for Charge { process, pool, energy } in charges {
        *sums.entry((process, pool)).or_default() += energy;
    }
    sums.into_iter().map(|((process, pool), energy)| Charge { process, pool, energy }).collect()
}

/// What looks like waste.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// By which rule.
    pub rule: Rule,
    /// Whose.
    pub subject: Subject,
    /// Since when, as far as the history reaches.
    pub since: Timestamp,
    /// The facts; there is at least one.
    pub evidence: Vec<Evidence>,
    /// What was wasted, by process and pool; empty where that is not known.
    pub charges: Vec<Charge>,
    /// What to do, and what the facts cannot tell.
    pub remedy: String,
    /// How much it matters.
    pub severity: Severity,
}

impl Finding {
    /// The sum of what was wasted; none where that is not known, or no meter counted.
    pub fn joules(&self) -> Option<Microjoules> {
        self.charges.iter().map(|charge| charge.energy).reduce(|a, b| a + b)
    }
}
