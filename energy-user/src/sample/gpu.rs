//! GPUs: what they are, what they show, and who held and used them since the sample before.
//!
//! Every vendor's reader fills in the same facts. What a driver does not tell stays untold here:
//! how energy is shared where use is not known is decided by the arithmetic, not by the reader.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Identity, ProcessId};
use crate::units::Watts;

/// Whose driver speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// NVIDIA's own driver, through its management library.
    Nvidia,
    /// The kernel's amdgpu.
    Amd,
    /// The kernel's i915 or xe.
    Intel,
}

impl Vendor {
    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Nvidia => "NVIDIA",
            Self::Amd => "AMD",
            Self::Intel => "Intel",
        }
    }

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nvidia => "nvidia",
            Self::Amd => "amd",
            Self::Intel => "intel",
        }
    }
}

/// One GPU, or a part of the package that is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// Unique on the machine: `gpu-0`, `amd-0`, `intel-0`. Its meter, if it has one, has the same name.
    pub id: String,
    /// What its maker calls it.
    pub name: String,
    /// Whose driver speaks.
    pub vendor: Vendor,
    /// What it is known by over restarts, where it has such a name.
    pub uuid: Option<String>,
    /// Its address on the PCI bus, `0000:17:00.0`.
    pub bus: Option<String>,
    /// The instances that it is divided into (MIG); none if it is not.
    pub instances: Vec<Instance>,
    /// What it cannot tell, what that means for the figures, and the remedy if there is one.
    pub lacks: Vec<String>,
}

/// An instance of a divided GPU (NVIDIA's MIG): slices of its multiprocessors, and memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The driver's number of the GPU instance.
    pub number: u32,
    /// The profile: `1g.10gb`.
    pub name: String,
    /// Slices of the whole: what its full activity weighs.
    pub slices: u32,
}

/// A GPU at one instant, and its use since the sample before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuReading {
    /// Which.
    pub gpu: Arc<Gpu>,
    /// What it shows, or why it shows nothing, with the remedy.
    pub state: Result<GpuState, String>,
    /// Who used it.
    pub activity: GpuActivity,
}

/// What a GPU shows at one instant; what it does not tell is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuState {
    /// Power at the moment, as near as the device tells it.
    pub power: Option<Watts>,
    /// The power that it holds itself to.
    pub limit: Option<Watts>,
    /// Time in which a kernel ran, of the device's last period: per cent.
    pub utilization: Option<u8>,
    /// Time in which its memory was read or written, of the same: per cent.
    pub memory_utilization: Option<u8>,
    /// Memory in use, bytes.
    pub memory_used: Option<u64>,
    /// All of its memory, bytes.
    pub memory_total: Option<u64>,
    /// Of the chip, degrees Celsius.
    pub temperature: Option<u32>,
    /// Clock of its processors, MHz.
    pub clock: Option<u32>,
    /// The highest clock of its processors, MHz.
    pub clock_max: Option<u32>,
    /// Why its clock is held down, in the vendor's words; empty if it is not.
    pub throttle: Vec<String>,
}

impl GpuState {
    /// Of one that shows nothing.
    pub const NOTHING: Self = Self {
        power: None,
        limit: None,
        utilization: None,
        memory_utilization: None,
        memory_used: None,
        memory_total: None,
        temperature: None,
        clock: None,
        clock_max: None,
        throttle: Vec::new(),
    };
}

/// How well a GPU tells who used it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// Utilisation, sampled by the driver for each process.
    Process,
    /// Time on its engines, counted by the driver for each process.
    Engine,
    /// Activity of each instance, and who holds it; not of processes within one.
    Instance,
    /// Only who holds it, and why no more.
    Holders(String),
    /// Not even who holds it, and why.
    #[default]
    Nothing,
}

/// The use of a GPU since the sample before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuActivity {
    /// How well it is told.
    pub told: Told,
    /// Time in which the device did something for somebody; none where it does not tell.
    pub busy: Option<Duration>,
    /// The same of each instance of [`Gpu::instances`]; empty where that is not told.
    pub instances: Vec<Option<Duration>>,
    /// Who held it or used it.
    pub clients: Vec<GpuClient>,
}

/// A process that held a GPU or used it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuClient {
    /// The number that the driver gave.
    pub pid: u32,
    /// Who that is; none where the number is of another PID namespace, or of nobody.
    pub process: Option<(ProcessId, Arc<Identity>)>,
    /// What it holds there; none of one that only used it meanwhile.
    pub context: Option<Context>,
    /// Index into [`Gpu::instances`].
    pub instance: Option<usize>,
    /// Memory of the GPU that it holds, bytes; none where that is not told.
    pub memory: Option<u64>,
    /// Time that it used the device; none where that is not told.
    pub busy: Option<Duration>,
}

/// What a process holds a GPU for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Context {
    /// Computing.
    Compute,
    /// Graphics.
    Graphics,
    /// Computing through NVIDIA's multi-process service, which works for all of its clients.
    Mps,
}

impl Context {
    /// The word in JSON and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Graphics => "graphics",
            Self::Mps => "mps",
        }
    }
}

/// How a GPU's energy is shared by those who hold it, where it does not tell who used it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum GpuShare {
    /// Each the same.
    #[default]
    Equal,
    /// By the memory that each holds there.
    Memory,
}
