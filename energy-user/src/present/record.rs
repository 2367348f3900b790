//! One row as data: the fields that JSON and CSV share, SI units in their names.

use std::time::Duration;

use serde::Serialize;

use super::gpu::OnGpuRecord;
use crate::{
    carbon::Intensity,
    frame::{Frame, ProcessFrame, Share},
    job::{self, resolve::Placed},
    sample::Weight,
    units::Microjoules,
};

/// The figures of any row. Null is absent, and zero is zero.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Time on a CPU.
    pub cpu_seconds: f64,
    /// Energy of CPU packages.
    pub cpu_energy_joules: Option<f64>,
    /// Energy of memory.
    pub dram_energy_joules: Option<f64>,
    /// Energy of GPUs.
    pub gpu_energy_joules: Option<f64>,
    /// Of it, what GPUs drew that this row held while nobody used them.
    pub gpu_held_idle_joules: Option<f64>,
    /// Time that they were held so, each GPU counted by itself.
    pub gpu_held_idle_seconds: Option<f64>,
    /// Time on GPUs, each counted by itself; null where that is not told.
    pub gpu_seconds: Option<f64>,
    /// Energy of the rest of the machine.
    pub rest_energy_joules: Option<f64>,
    /// All pools together.
    pub energy_joules: Option<f64>,
    /// Mean over the interval.
    pub power_watts: Option<f64>,
    /// Emissions.
    pub co2e_grams: Option<f64>,
}

impl Figures {
    /// A share of an interval, in figures.
    pub fn of(share: &Share, interval: Duration, intensity: &Intensity) -> Self {
        let total = share.energy.total();
        let joules = |energy: Option<Microjoules>| energy.map(Microjoules::joules);
        Self {
            cpu_seconds: share.cpu_time.as_secs_f64(),
            cpu_energy_joules: joules(share.energy.cpu),
            dram_energy_joules: joules(share.energy.dram),
            gpu_energy_joules: joules(share.energy.gpu),
            gpu_held_idle_joules: share.energy.gpu.map(|_| share.held.energy.joules()),
            gpu_held_idle_seconds: share.energy.gpu.map(|_| share.held.time.as_secs_f64()),
            gpu_seconds: share.gpu_time.map(|time| time.as_secs_f64()),
            rest_energy_joules: joules(share.energy.rest),
            energy_joules: joules(total),
            power_watts: total.and_then(|total| total.over(interval)).map(|watts| watts.0),
            co2e_grams: total.map(|total| intensity.grams(total).0),
        }
    }
}

/// A process as data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record<'a> {
    /// Its number.
    pub pid: u32,
    /// Seconds after boot; with `pid`, its identity.
    pub start_time: f64,
    /// It ended within the interval.
    pub ended: bool,
    /// The kernel's name for it.
    pub name: &'a str,
    /// Its arguments.
    pub cmdline: Option<&'a str>,
    /// Whose it is.
    pub user: Option<&'a str>,
    /// What the job that it belongs to is called.
    pub job: Option<&'a str>,
    /// What tells that job apart from others.
    pub job_id: Option<&'a str>,
    /// `slurm`, `pod`, `launcher` and so on.
    pub job_kind: Option<job::Kind>,
    /// Its number within the job.
    pub rank: Option<u32>,
    /// The step of the job.
    pub step: Option<&'a str>,
    /// Its control group.
    pub cgroup: Option<&'a str>,
    /// What it used.
    #[serde(flatten)]
    pub figures: Figures,
    /// How good the energy is.
    pub quality: &'static str,
    /// Of the time on a CPU, with the core's other hardware thread busy; null if not counted.
    pub shared_seconds: Option<f64>,
    /// Cycles of the CPU; null if not counted.
    pub cycles: Option<u64>,
    /// Instructions; null if not counted.
    pub instructions: Option<u64>,
    /// Misses of the last cache; null if not counted.
    pub misses: Option<u64>,
    /// What it did on each GPU that it held or used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<OnGpuRecord<'a>>,
}

impl<'a> Record<'a> {
    /// One process of a frame.
    pub fn of(
        frame: &'a Frame,
        process: &'a ProcessFrame,
        placed: Option<&'a Placed>,
        intensity: &Intensity,
    ) -> Self {
        let job = placed.and_then(|placed| placed.job.as_deref());
        let ProcessFrame { id, identity, ended, share, work, gpus, .. } = process;
        let shared = work.as_ref().filter(|_| frame.weight.by_overlap());
        let cycles = work.as_ref().filter(|_| frame.weight == Weight::Cycles);
        let misses = cycles.map(|work| &work.misses).filter(|misses| !misses.is_empty());
        Self {
            pid: id.pid,
            start_time: id.start as f64 / 1e9,
            ended: *ended,
            name: &identity.name,
            cmdline: identity.cmdline.as_deref(),
            user: identity.user.as_deref(),
            job: job.map(|job| job.name.as_str()),
            job_id: job.map(|job| job.id.as_str()),
            job_kind: job.map(|job| job.kind),
            rank: job.and_then(|job| job.rank),
            step: job.and_then(|job| job.step.as_deref()),
            cgroup: identity.cgroup.as_deref(),
            figures: Figures::of(share, frame.interval, intensity),
            quality: frame.row_quality().as_str(),
            shared_seconds: shared.map(|work| work.shared.total().as_secs_f64()),
            cycles: cycles.map(|work| work.cycles.iter().sum()),
            instructions: cycles.map(|work| work.instructions),
            misses: misses.map(|misses| misses.iter().sum()),
            gpus: gpus.iter().filter_map(|on| OnGpuRecord::of(frame, process, on)).collect(),
        }
    }
}

/// A thread as data, if threads are told apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ThreadRecord<'a> {
    /// Its process's number.
    pub pid: u32,
    /// Its own number.
    pub tid: u32,
    /// Seconds after boot; with `tid`, its identity.
    pub start_time: f64,
    /// It ended within the interval.
    pub ended: bool,
    /// The kernel's name for it.
    pub name: &'a str,
    /// What it used, of what its process did.
    #[serde(flatten)]
    pub figures: Figures,
}

impl<'a> ThreadRecord<'a> {
    /// The threads of one process of a frame.
    pub fn all(
        frame: &Frame,
        process: &'a ProcessFrame,
        intensity: &Intensity,
    ) -> impl Iterator<Item = Self> {
        process.threads.iter().map(|thread| Self {
            pid: process.id.pid,
            tid: thread.id.pid,
            start_time: thread.id.start as f64 / 1e9,
            ended: thread.ended,
            name: &thread.name,
            // No GPU tells of threads: what their process held is in its own record.
            figures: Figures {
                gpu_held_idle_joules: None,
                gpu_held_idle_seconds: None,
                ..Figures::of(&thread.share, frame.interval, intensity)
            },
        })
    }
}
