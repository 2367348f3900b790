//! GPUs in one interval: what each showed, and what each process did there.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::sample::{Context, Gpu, GpuState, Told};

/// A GPU in one interval. Its energy is that of the meter and the pool with its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuFrame {
    /// Which.
    pub gpu: Arc<Gpu>,
    /// What it showed at the end, or why it showed nothing, with the remedy.
    pub state: Result<GpuState, String>,
    /// How well it tells who used it.
    pub told: Told,
    /// Time in which it did something; none where that is not told.
    pub busy: Option<Duration>,
    /// The same of each of its instances.
    pub instances: Vec<Option<Duration>>,
    /// Processes on it whom nobody here can name: of another PID namespace.
    pub strangers: usize,
    /// Somebody held it and nobody used it.
    pub held_idle: bool,
}

/// What a process did on one GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnGpu {
    /// Index into [`Frame::gpus`](super::Frame).
    pub gpu: usize,
    /// What it holds there; none of one that only used it meanwhile.
    pub context: Option<Context>,
    /// Index into [`Gpu::instances`].
    pub instance: Option<usize>,
    /// Memory of the GPU that it holds, bytes; none where that is not told.
    pub memory: Option<u64>,
    /// Time that it used the device; none where that is not told.
    pub busy: Option<Duration>,
    /// Time that it held the device while nobody used it; none where somebody did.
    pub held: Option<Duration>,
}
