//! Meters and what they said.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::units::{Microjoules, Watts};

/// What a meter covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// A CPU package: cores, caches, memory controller.
    Package,
    /// The memory attached to a package.
    Dram,
    /// Cores: a part of their package, one core or all of them.
    Core,
    /// What of a package is not cores, such as an integrated GPU.
    Uncore,
    /// A GPU with its memory.
    Gpu,
    /// What a board's maker wired to Intel's platform counter; contains the packages.
    Psys,
    /// The whole machine.
    Machine,
    /// A module of a CPU and a GPU with their memories.
    Module,
    /// A supply rail of a board.
    Rail,
    /// The whole machine without its metered parts.
    Rest,
}

impl Domain {
    /// The word in JSON and in `doctor`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Dram => "dram",
            Self::Core => "core",
            Self::Uncore => "uncore",
            Self::Gpu => "gpu",
            Self::Psys => "psys",
            Self::Machine => "machine",
            Self::Module => "module",
            Self::Rail => "rail",
            Self::Rest => "rest",
        }
    }
}

/// One meter: where a pool of energy is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Unique on the machine, and stable over restarts: `package-0`, `dram-1`.
    pub id: String,
    /// What it covers.
    pub domain: Domain,
    /// The route: `perf`, `powercap`, `model`, `simulated`.
    pub source: String,
    /// Indices into [`Machine::cells`](crate::sample::Machine) of the CPUs it feeds; none where the topology does not say.
    pub cells: Vec<usize>,
    /// What is done with its figure.
    pub role: Role,
    /// What its figure includes, in words for people.
    pub includes: String,
}

/// What is done with a meter's figure: no joule is counted twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It is a part of the total.
    #[default]
    Part,
    /// It is the total: what the parts leave of it is the rest of the machine.
    Whole,
    /// It lies inside a part and tells how that divides.
    Inside,
    /// It is shown beside the total, and not counted.
    Check,
}

/// What a meter said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading {
    /// A counter that rises and wraps.
    Counter {
        /// Microjoules.
        microjoules: u64,
        /// Its largest value: after it comes zero.
        range: u64,
        /// No honest advance is faster than this.
        limit: Watts,
    },
    /// No meter: power follows load between two figures from a table.
    Model(PowerModel),
    /// It could not be read, and why, with the remedy.
    Absent(String),
}

/// Power over load where there is no meter: an estimate with its range, never a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PowerModel {
    /// The figure that is shown.
    pub likely: Line,
    /// The lowest that the sources allow.
    pub least: Line,
    /// The highest that the sources allow.
    pub most: Line,
}

/// Power as a straight line over load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// With every CPU idle.
    pub idle: Watts,
    /// With every CPU busy.
    pub full: Watts,
}

impl Line {
    /// Energy at a load (0 to 1) over a time.
    pub fn energy(self, load: f64, time: Duration) -> Microjoules {
        Watts(self.idle.0 + (self.full.0 - self.idle.0) * load).during(time)
    }

    /// So many times as much.
    pub fn times(self, factor: f64) -> Self {
        Self { idle: Watts(self.idle.0 * factor), full: Watts(self.full.0 * factor) }
    }
}

impl PowerModel {
    /// Where nothing better is known than a likely line: from half to twice of it.
    pub fn half_to_twice(likely: Line) -> Self {
        Self { likely, least: likely.times(0.5), most: likely.times(2.0) }
    }
}

/// A meter and its reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterReading {
    /// Which meter.
    pub meter: Arc<Meter>,
    /// What it said.
    pub reading: Reading,
}
