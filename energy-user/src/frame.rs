//! One interval, fully accounted: every microjoule has exactly one row.
//!
//! A `Frame` can only be made by [`Frame::balance`], which puts whatever the
//! rows leave over into `unattributed`, so that rows and header cannot disagree.

mod energy;
mod gpu;
mod pool;

use std::{sync::Arc, time::Duration};

pub use energy::{Energy, Held, Quality, Share};
pub use gpu::{GpuFrame, OnGpu};
use jiff::Timestamp;
pub use pool::{Basis, Confidence, Part, Parts, PoolFrame, Signal, Tenancy};
use serde::{Deserialize, Serialize};

use crate::{
    attribute::IdlePolicy,
    sample::{
        Birth, Books, Domain, Identity, Lost, Machine, ProbeKind, ProcessId, Progress, Weight, Work,
    },
    units::{Microjoules, Watts},
};

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
    pub work: Option<Box<Work>>,
    /// Whether it seems to get anywhere; none of one that nobody looked at.
    pub progress: Option<Box<Progress>>,
    /// Where its energy is from, pool by pool.
    pub parts: Parts,
    /// How much more a unit of its work draws than the mean, as learned; 1 unless it was.
    pub intensity: f64,
    /// The GPUs that it held or used.
    pub gpus: Vec<OnGpu>,
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
    /// Time since boot at its end, on whose axis processes have their start.
    #[serde(default)]
    pub boottime: Duration,
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
    /// Every GPU.
    pub gpus: Vec<GpuFrame>,
    /// Meters that are not counted.
    pub checks: Vec<CheckFrame>,
    /// Who pays static power.
    pub idle_policy: IdlePolicy,
    /// Processes were weighed by a learned intensity too.
    pub learned: bool,
    /// What the parts had that the meter of the whole has yet to show.
    pub owed: Microjoules,
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
    /// Who else was met, for the same.
    pub kin: Vec<(ProcessId, Arc<Identity>)>,
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

    /// The whole machine: all energy, and the time in which somebody ran. The time nobody ran is
    /// in the idle row only.
    pub fn whole(&self) -> Share {
        let Self { processes, kernel, irq, unattributed, tool, .. } = self;
        let processes = processes.iter().map(|process| &process.share);
        let rows = processes.chain(irq).chain([kernel, unattributed, tool]);
        let cpu_time = rows.map(|row| row.cpu_time).sum();
        Share { energy: self.total, cpu_time, ..Share::default() }
    }

    /// The least and the most that the total can be, where a part of it is estimated.
    pub fn range(&self) -> Option<(Microjoules, Microjoules)> {
        let estimated = self.meters.iter().any(|meter| meter.range.is_some());
        // What is estimated of a measured whole is how it divides, not how much it is.
        let rest = self.meters.iter().find(|meter| meter.domain == Domain::Rest);
        let whole = rest.and_then(|rest| rest.energy).is_some_and(|rest| rest.0 > 0);
        let bounds = self.meters.iter().filter_map(|meter| {
            let energy = meter.energy?;
            Some(meter.range.unwrap_or((energy, energy)))
        });
        let zero = (Microjoules::ZERO, Microjoules::ZERO);
        (estimated && !whole).then(|| bounds.fold(zero, |sum, one| (sum.0 + one.0, sum.1 + one.1)))
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
