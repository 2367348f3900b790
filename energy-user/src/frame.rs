//! One interval, fully accounted: every microjoule has exactly one row.
//!
//! A `Frame` can only be made by [`Frame::balance`], which puts whatever the
//! rows leave over into `unattributed`, so that rows and header cannot disagree.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    attribute::IdlePolicy,
    sample::{Birth, Books, Domain, Identity, Lost, Machine, ProbeKind, ProcessId, Weight, Work},
    units::{Microjoules, Watts},
};

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
    /// Energy.
    pub energy: Energy,
}

impl Share {
    /// Adds another share.
    pub fn add(&mut self, other: &Self) {
        self.cpu_time += other.cpu_time;
        self.energy.add_all(&other.energy);
    }
}

/// One process in one interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessFrame {
    /// Who.
    pub id: ProcessId,
    /// What it is called and whose it is.
    pub identity: Arc<Identity>,
    /// It ended within the interval.
    pub ended: bool,
    /// What it used.
    pub share: Share,
    /// What else was counted; none unless it was asked for.
    pub work: Option<Work>,
    /// Where its energy is from, pool by pool.
    pub parts: Vec<Part>,
    /// How much more a unit of its work draws than the mean, as learned; 1 unless it was.
    pub intensity: f64,
    /// Its threads, if they are told apart; they add up to the process.
    pub threads: Vec<ThreadFrame>,
}

/// One thread of a process in one interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadFrame {
    /// Its number and start.
    pub id: ProcessId,
    /// The kernel's name for it.
    pub name: Arc<str>,
    /// It ended within the interval.
    pub ended: bool,
    /// Its part of the process's share.
    pub share: Share,
}

/// What a share of a pool is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// Work of the CPUs, weighed so.
    Cpu(Weight),
    /// Misses of the last cache: what went to memory.
    Misses,
    /// Nothing tells who used it.
    Nothing,
}

impl Signal {
    /// The word in JSON and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu(weight) => weight.as_str(),
            Self::Misses => "misses",
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
    /// Indices into [`Machine::cells`].
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

    /// How much its split can be believed.
    pub fn confidence(&self) -> Confidence {
        match (self.domain, self.signal) {
            (Domain::Dram, Signal::Misses) => Confidence::Medium,
            (Domain::Dram, _) => Confidence::Low,
            (Domain::Core, _) | (_, Signal::Cpu(Weight::Cycles)) => Confidence::High,
            (Domain::Package, Signal::Cpu(_)) => Confidence::Medium,
            _ => Confidence::Low,
        }
    }
}

/// What a row has of one pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Index into [`Frame::pools`].
    pub pool: usize,
    /// What it weighs there.
    pub weight: u64,
    /// Its part of what depends on who ran.
    pub moving: Microjoules,
    /// Its part of the static power, if the policy charges that.
    pub fixed: Microjoules,
}

/// A meter that is shown beside the total, and not counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckFrame {
    /// `psys`, `machine`.
    pub id: String,
    /// What it covers.
    pub domain: Domain,
    /// The route.
    pub source: String,
    /// What its figure includes, in words for people.
    pub includes: String,
    /// Energy over the interval; none if absent.
    pub energy: Option<Microjoules>,
    /// Why it is absent, with the remedy.
    pub note: Option<String>,
}

/// How the advance of a meter over an interval was obtained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterFrame {
    /// `package-0`, `dram-1`.
    pub id: String,
    /// What it covers.
    pub domain: Domain,
    /// The route.
    pub source: String,
    /// Measured, estimated or absent.
    pub quality: Quality,
    /// Energy over the interval; none if absent.
    pub energy: Option<Microjoules>,
    /// Of an estimate, the least and the most that its sources allow.
    pub range: Option<(Microjoules, Microjoules)>,
    /// Why it is absent, with the remedy.
    pub note: Option<String>,
}

impl MeterFrame {
    /// Of an estimate, the least and the most power that its sources allow.
    pub fn power_range(&self, interval: Duration) -> Option<(Watts, Watts)> {
        let (least, most) = self.range?;
        Some((least.over(interval)?, most.over(interval)?))
    }
}

/// One interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The end of the interval.
    pub time: Timestamp,
    /// Its real length.
    pub interval: Duration,
    /// The machine.
    pub machine: Arc<Machine>,
    /// Which probe counted the time.
    pub probe: ProbeKind,
    /// The worst quality of any meter that counted; absent where none did.
    pub quality: Quality,
    /// Every meter.
    pub meters: Vec<MeterFrame>,
    /// The sum of the meters.
    pub total: Energy,
    /// How each pool was split.
    pub pools: Vec<PoolFrame>,
    /// Meters that are not counted.
    pub checks: Vec<CheckFrame>,
    /// Who pays static power.
    pub idle_policy: IdlePolicy,
    /// Processes were weighed by a learned intensity too.
    pub learned: bool,
    /// Processes that ran or ended, by pid.
    pub processes: Vec<ProcessFrame>,
    /// Static power of every pool, and the time nobody ran.
    pub idle: Share,
    /// Kernel threads.
    pub kernel: Share,
    /// Interrupts; none where they cannot be told from who was interrupted.
    pub irq: Option<Share>,
    /// What nobody can be named for.
    pub unattributed: Share,
    /// What is in no part of the machine that is metered; none where the whole is not.
    pub rest: Option<Share>,
    /// jouletop itself.
    pub tool: Share,
    /// What their shares were measured by.
    pub weight: Weight,
    /// Processes that came to be, in order: who belongs to whose tree.
    pub births: Vec<Birth>,
    /// What was not seen.
    pub lost: Lost,
    /// Whether the time of every CPU adds up; none where the probe cannot tell.
    pub books: Option<Books>,
}

impl Frame {
    /// The rows that are not processes, by name; none is a row that this machine lacks.
    pub fn other_rows(&self) -> [(&'static str, Option<&Share>); 6] {
        [
            ("idle", Some(&self.idle)),
            ("kernel", Some(&self.kernel)),
            ("irq", self.irq.as_ref()),
            ("unattributed", Some(&self.unattributed)),
            ("rest", self.rest.as_ref()),
            ("self", Some(&self.tool)),
        ]
    }

    /// The least and the most that the total can be, where a part of it is estimated.
    pub fn range(&self) -> Option<(Microjoules, Microjoules)> {
        let estimated = self.meters.iter().any(|meter| meter.range.is_some());
        let bounds = self.meters.iter().filter_map(|meter| {
            let energy = meter.energy?;
            Some(meter.range.unwrap_or((energy, energy)))
        });
        let zero = (Microjoules::ZERO, Microjoules::ZERO);
        estimated.then(|| bounds.fold(zero, |sum, one| (sum.0 + one.0, sum.1 + one.1)))
    }

    /// The least and the most that a share of the total can be; the share itself, twice, where
    /// nothing is estimated.
    pub fn range_of(&self, share: Microjoules) -> (Microjoules, Microjoules) {
        let total = self.total.total().unwrap_or_default();
        let (least, most) = self.range().unwrap_or((total, total));
        let scale = |bound: Microjoules| {
            let scaled = u128::from(share.0) * u128::from(bound.0);
            let scaled = scaled.checked_div(u128::from(total.0));
            scaled.map_or(share, |scaled| Microjoules(u64::try_from(scaled).unwrap_or(u64::MAX)))
        };
        (scale(least), scale(most))
    }

    /// The pool of a meter, by its name.
    pub fn pool(&self, id: &str) -> Option<&PoolFrame> {
        self.pools.iter().find(|pool| pool.id == id)
    }

    /// Mean power over the interval; none where no meter counted.
    pub fn watts(&self) -> Option<Watts> {
        self.total.total().and_then(|energy| energy.over(self.interval))
    }

    /// The quality of a row: a share of a measurement is attributed.
    pub fn row_quality(&self) -> Quality {
        self.quality.max(Quality::Attributed)
    }

    /// Makes the rows add up to the meters: what they leave over is `unattributed`.
    ///
    /// The attribution leaves nothing over by construction; this is the proof at
    /// run time. Rows above the total would be a defect, and end a debug build.
    pub fn balance(mut self) -> Self {
        // A row without a share of a pool that was metered has zero of it, not nothing.
        let zero = self.total.zeroed();
        let Self { processes, idle, kernel, irq, unattributed, rest, tool, .. } = &mut self;
        let mut rows = Energy::default();
        for thread in processes.iter_mut().flat_map(|process| &mut process.threads) {
            thread.share.energy.add_all(&zero);
        }
        let shares = processes.iter_mut().map(|process| &mut process.share);
        for share in shares.chain(irq).chain(rest).chain([idle, kernel, unattributed, tool]) {
            share.energy.add_all(&zero);
            rows.add_all(&share.energy);
        }
        let left = |total: Option<Microjoules>, rows: Option<Microjoules>| {
            debug_assert!(rows.unwrap_or_default() <= total.unwrap_or_default());
            total.map(|total| total - rows.unwrap_or_default())
        };
        self.unattributed.energy.add_all(&Energy {
            cpu: left(self.total.cpu, rows.cpu),
            dram: left(self.total.dram, rows.dram),
            gpu: left(self.total.gpu, rows.gpu),
            rest: left(self.total.rest, rows.rest),
        });
        self
    }
}
