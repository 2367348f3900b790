//! A pool of energy and how it was split: the terms of the arithmetic, kept to be explained.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Quality;
use crate::{
    sample::{Domain, Weight},
    units::{Microjoules, Watts},
};

/// What a share of a pool is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// Work of the CPUs, weighed so.
    Cpu(Weight),
    /// Misses of the last cache: what went to memory.
    Misses,
    /// Utilisation of a GPU by each process, as its driver samples it.
    Utilization,
    /// Time on a GPU's engines.
    Engines,
    /// Activity of a GPU's instances times their slices; within one, as it is shared.
    Instances,
    /// A GPU does not tell who used it: those who hold it have the same.
    Equal,
    /// The same, by the memory that they hold.
    Memory,
    /// Nothing tells who used it.
    Nothing,
}

impl Signal {
    /// The word in JSON and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu(weight) => weight.as_str(),
            Self::Misses => "misses",
            Self::Utilization => "utilization",
            Self::Engines => "engines",
            Self::Instances => "instances",
            Self::Equal => "equal",
            Self::Memory => "memory",
            Self::Nothing => "nothing",
        }
    }
}

/// Where the static part of a pool's power is known from, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// `jouletop calibrate` measured it.
    Calibrated,
    /// The machine was seen to rest.
    Learned,
    /// Drawn from how power rose with load, down to no load.
    Extrapolated,
    /// The idle power of the model that stands in for a meter.
    Model,
    /// Not known: the share of energy that matches the capacity nobody used stands in.
    Capacity,
    /// Not known, and nothing stands in.
    Unknown,
}

impl Basis {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calibrated => "calibrated",
            Self::Learned => "learned",
            Self::Extrapolated => "extrapolated",
            Self::Model => "model",
            Self::Capacity => "capacity",
            Self::Unknown => "unknown",
        }
    }
}

/// How much a split can be believed, whatever the meter's own quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The signal is what draws the power.
    High,
    /// The signal follows it.
    Medium,
    /// The signal is the best at hand, and no more.
    Low,
}

impl Confidence {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// A pool of energy that was split over who ran on its CPUs: the terms of the arithmetic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolFrame {
    /// `package-0`, `package-0 core of cpu3`, `dram-0`, `rest`.
    pub id: String,
    /// What it covers.
    pub domain: Domain,
    /// The route of its meter.
    pub source: String,
    /// Indices into [`Machine::cells`](crate::sample::Machine).
    pub cells: Vec<usize>,
    /// Measured or estimated.
    pub quality: Quality,
    /// All of it.
    pub energy: Microjoules,
    /// The static power that was taken; none where it is not known.
    pub floor: Option<Watts>,
    /// From where.
    pub basis: Basis,
    /// The static part.
    pub fixed: Microjoules,
    /// What the rest was split by.
    pub signal: Signal,
    /// The weights of everybody together.
    pub weight: u64,
    /// CPU time of everybody on its cells, nanoseconds.
    pub busy_ns: u64,
    /// What its cells had to give, nanoseconds.
    pub capacity_ns: u64,
    /// Of a GPU, who is on it.
    pub tenancy: Option<Tenancy>,
}

/// Who is on a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenancy {
    /// Index into [`Frame::gpus`](super::Frame).
    pub gpu: usize,
    /// Processes that held or used it; none where that is not told.
    pub clients: Option<usize>,
    /// Nobody was on it and it did nothing: what it drew is its static power.
    pub free: bool,
    /// Somebody held it and nobody used it: all of its energy is theirs, as held idle.
    pub held_idle: bool,
}

impl PoolFrame {
    /// The part that depends on who ran.
    pub fn moving(&self) -> Microjoules {
        self.energy - self.fixed
    }

    /// The part of its capacity that was used, 0 to 1.
    pub fn load(&self) -> f64 {
        let load = self.busy_ns as f64 / self.capacity_ns as f64;
        if load.is_finite() { load.min(1.0) } else { 0.0 }
    }

    /// One process had it all.
    fn alone(&self) -> bool {
        self.tenancy.is_some_and(|tenancy| tenancy.clients == Some(1))
    }

    /// How much its split can be believed.
    pub fn confidence(&self) -> Confidence {
        match (self.domain, self.signal) {
            (Domain::Dram, Signal::Misses) => Confidence::Medium,
            (Domain::Dram, _) => Confidence::Low,
            (Domain::Core, _) | (_, Signal::Cpu(Weight::Cycles)) => Confidence::High,
            (Domain::Package, Signal::Cpu(_)) | (_, Signal::Utilization | Signal::Instances) => {
                Confidence::Medium
            }
            // Nor does it need one whose it is that nobody uses.
            _ if self.tenancy.is_some_and(|tenancy| tenancy.held_idle) => Confidence::High,
            // Who is alone needs no signal.
            (Domain::Gpu, Signal::Equal | Signal::Memory) if self.alone() => Confidence::High,
            (Domain::Gpu, Signal::Engines) if self.alone() => Confidence::Medium,
            _ => Confidence::Low,
        }
    }
}

/// What a row has of each pool that it has something of; few have something of more than a
/// package, its memory and a GPU.
pub type Parts = SmallVec<[Part; 3]>;

/// What a row has of one pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Index into [`Frame::pools`](super::Frame).
    pub pool: usize,
    /// What it weighs there.
    pub weight: u64,
    /// Its part of what depends on who ran.
    pub moving: Microjoules,
    /// Its part of the static power, if the policy charges that.
    pub fixed: Microjoules,
}
