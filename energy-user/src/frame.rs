//! One interval, fully accounted: every microjoule has exactly one row.
//!
//! A `Frame` can only be made by [`Frame::balance`], which puts whatever the
//! rows leave over into `unattributed`, so that rows and header cannot disagree.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
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
}

impl Energy {
    /// All pools together; none where there is none.
    pub fn total(&self) -> Option<Microjoules> {
        let Self { cpu, dram, gpu } = self;
        [cpu, dram, gpu].into_iter().copied().flatten().reduce(|a, b| a + b)
    }

    /// Zero in every pool that exists here.
    pub fn zeroed(&self) -> Self {
        let Self { cpu, dram, gpu } = *self;
        let zero = |pool: Option<Microjoules>| pool.map(|_| Microjoules::ZERO);
        Self { cpu: zero(cpu), dram: zero(dram), gpu: zero(gpu) }
    }

    /// Adds to the pool of a domain.
    pub fn add(&mut self, domain: Domain, energy: Microjoules) {
        let pool = match domain {
            Domain::Package => &mut self.cpu,
            Domain::Dram => &mut self.dram,
        };
        *pool = Some(pool.unwrap_or_default() + energy);
    }

    /// Adds another's pools.
    pub fn add_all(&mut self, other: &Self) {
        let Self { cpu, dram, gpu } = other;
        for (mine, theirs) in [(&mut self.cpu, cpu), (&mut self.dram, dram), (&mut self.gpu, gpu)] {
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
    /// Why it is absent, with the remedy.
    pub note: Option<String>,
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
    pub fn other_rows(&self) -> [(&'static str, Option<&Share>); 5] {
        [
            ("idle", Some(&self.idle)),
            ("kernel", Some(&self.kernel)),
            ("irq", self.irq.as_ref()),
            ("unattributed", Some(&self.unattributed)),
            ("self", Some(&self.tool)),
        ]
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
        let Self { processes, idle, kernel, irq, unattributed, tool, .. } = &mut self;
        let mut rows = Energy::default();
        for thread in processes.iter_mut().flat_map(|process| &mut process.threads) {
            thread.share.energy.add_all(&zero);
        }
        let shares = processes.iter_mut().map(|process| &mut process.share);
        for share in shares.chain(irq).chain([idle, kernel, unattributed, tool]) {
            share.energy.add_all(&zero);
            rows.add_all(&share.energy);
        }
        let rest = |total: Option<Microjoules>, rows: Option<Microjoules>| {
            debug_assert!(rows.unwrap_or_default() <= total.unwrap_or_default());
            total.map(|total| total - rows.unwrap_or_default())
        };
        self.unattributed.energy.add_all(&Energy {
            cpu: rest(self.total.cpu, rows.cpu),
            dram: rest(self.total.dram, rows.dram),
            gpu: rest(self.total.gpu, rows.gpu),
        });
        self
    }
}
