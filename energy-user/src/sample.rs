//! One instant of the machine: what the meters read, and who ran since the last one.
//!
//! A `Sample` is plain data with its time inside. The kernel probe, the `/proc`
//! probe and the simulator all make the same `Sample`; from here on, everything
//! is a function of values.

mod activity;
mod books;
mod gpu;
mod identity;
mod machine;
mod meter;
mod progress;

use std::{sync::Arc, time::Duration};

pub use activity::{Activity, Birth, CpuTime, ProcessActivity, ThreadActivity, Weight, Work};
pub use books::{Books, Lost};
pub use gpu::{
    Context, Gpu, GpuActivity, GpuClient, GpuReading, GpuShare, GpuState, Instance, Told, Vendor,
};
pub use identity::{Identity, Kind, Name, ProcessId};
use jiff::Timestamp;
pub use machine::{Cell, Machine, Package};
pub use meter::{Domain, Line, Meter, MeterReading, PowerModel, Reading, Role};
pub use progress::{Io, Progress};
use serde::{Deserialize, Serialize};

/// Which probe counted the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeKind {
    /// Kernel programs: exact.
    Bpf,
    /// `/proc`, read at each sample: what lives shorter is missed.
    Proc,
    /// A scenario.
    Simulated,
}

impl ProbeKind {
    /// The word for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Bpf => "eBPF",
            Self::Proc => "/proc",
            Self::Simulated => "simulation",
        }
    }

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bpf => "bpf",
            Self::Proc => "proc",
            Self::Simulated => "simulated",
        }
    }
}

/// One instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Wall-clock time, for people.
    pub time: Timestamp,
    /// Time that never steps, for arithmetic; it stands still while the machine sleeps.
    pub monotonic: Duration,
    /// Time since boot, sleep included: where it outruns `monotonic`, the machine slept.
    pub boottime: Duration,
    /// The machine as it was.
    pub machine: Arc<Machine>,
    /// Which probe.
    pub probe: ProbeKind,
    /// Every meter, readable or not.
    pub meters: Vec<MeterReading>,
    /// Mean clock of each cell's CPUs since the sample before while they were busy, in
    /// thousandths of the base clock; none where it is not known.
    pub clocks: Option<Vec<u32>>,
    /// Every GPU, and who used it since the sample before.
    pub gpus: Vec<GpuReading>,
    /// Who ran since the sample before.
    pub activity: Activity,
}

impl Sample {
    /// A machine of so many packages at its start, with nobody running: for tests.
    #[cfg(test)]
    pub fn nothing(packages: u32) -> Self {
        let package = |id: u32| Package { id, cpus: vec![2 * id, 2 * id + 1] };
        Self {
            time: Timestamp::UNIX_EPOCH,
            monotonic: Duration::ZERO,
            boottime: Duration::ZERO,
            machine: Arc::new(Machine::of_packages(
                "test".into(),
                (0..packages).map(package).collect(),
            )),
            probe: ProbeKind::Simulated,
            meters: Vec::new(),
            clocks: None,
            gpus: Vec::new(),
            activity: Activity::default(),
        }
    }
}
