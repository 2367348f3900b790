//! Energy by pool, its quality, and what one row has of an interval.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{sample::Domain, units::Microjoules};

/// How a number came to be, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// A meter said so.
    Measured,
    /// A share of what a meter said.
    Attributed,
    /// From a model.
    Estimated,
    /// Not known. Not zero.
    Absent,
}

impl Quality {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Attributed => "attributed",
            Self::Estimated => "estimated",
            Self::Absent => "absent",
        }
    }

    /// What stands before a number of this quality: `~` for an estimate.
    pub fn mark(self) -> &'static str {
        if self == Self::Estimated { "~" } else { "" }
    }
}

/// Energy by pool; none where the machine has no such meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Energy {
    /// CPU packages.
    pub cpu: Option<Microjoules>,
    /// Memory.
    pub dram: Option<Microjoules>,
    /// GPUs.
    pub gpu: Option<Microjoules>,
    /// The rest of the machine, where the whole is metered.
    pub rest: Option<Microjoules>,
}

impl Energy {
    /// All pools together; none where there is none.
    pub fn total(&self) -> Option<Microjoules> {
        let Self { cpu, dram, gpu, rest } = self;
        [cpu, dram, gpu, rest].into_iter().copied().flatten().reduce(|a, b| a + b)
    }

    /// Zero in every pool that exists here.
    pub fn zeroed(&self) -> Self {
        let Self { cpu, dram, gpu, rest } = *self;
        let zero = |pool: Option<Microjoules>| pool.map(|_| Microjoules::ZERO);
        Self { cpu: zero(cpu), dram: zero(dram), gpu: zero(gpu), rest: zero(rest) }
    }

    /// Adds to the pool of a domain.
    pub fn add(&mut self, domain: Domain, energy: Microjoules) {
        let pool = match domain {
            Domain::Package | Domain::Core | Domain::Uncore => &mut self.cpu,
            Domain::Dram => &mut self.dram,
            Domain::Gpu => &mut self.gpu,
            Domain::Psys | Domain::Machine | Domain::Module | Domain::Rail | Domain::Rest => {
                &mut self.rest
            }
        };
        *pool = Some(pool.unwrap_or_default() + energy);
    }

    /// Adds another's pools.
    pub fn add_all(&mut self, other: &Self) {
        let Self { cpu, dram, gpu, rest } = other;
        for (mine, theirs) in [
            (&mut self.cpu, cpu),
            (&mut self.dram, dram),
            (&mut self.gpu, gpu),
            (&mut self.rest, rest),
        ] {
            if let Some(theirs) = theirs {
                *mine = Some(mine.unwrap_or_default() + *theirs);
            }
        }
    }
}

/// What one row has of an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Time on a CPU.
    pub cpu_time: Duration,
    /// Time on GPUs, all of them together; none where one that it is on does not tell that.
    pub gpu_time: Option<Duration>,
    /// Energy.
    pub energy: Energy,
    /// Of it, what GPUs drew that were held for this row and not used.
    pub held: Held,
}

/// GPUs that somebody held while nobody used them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// For how long, each GPU counted by itself.
    pub time: Duration,
    /// What of their energy this row is charged with.
    pub energy: Microjoules,
}

impl Share {
    /// Adds another share.
    pub fn add(&mut self, other: &Self) {
        self.cpu_time += other.cpu_time;
        if let Some(time) = other.gpu_time {
            self.gpu_time = Some(self.gpu_time.unwrap_or_default() + time);
        }
        self.energy.add_all(&other.energy);
        self.held.time += other.held.time;
        self.held.energy += other.held.energy;
    }
}
