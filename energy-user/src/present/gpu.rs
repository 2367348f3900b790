//! A GPU as data: what it drew, what it showed, and how well it tells who used it.

use serde::Serialize;

use crate::{
    frame::{Frame, GpuFrame, OnGpu, Part, ProcessFrame},
    sample::{Context, GpuState, Told},
    units::Microjoules,
};

/// A GPU in one interval, as JSON has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GpuRecord<'a> {
    /// The name of the GPU and of its meter.
    pub id: &'a str,
    /// What its maker calls it.
    pub name: &'a str,
    /// `nvidia`, `amd`, `intel`.
    pub vendor: &'static str,
    /// What it is known by over restarts.
    pub uuid: Option<&'a str>,
    /// Its address on the PCI bus.
    pub bus: Option<&'a str>,
    /// Energy of the interval; null where it has no meter, or that had no reading.
    pub energy_joules: Option<f64>,
    /// Mean over the interval.
    pub power_watts: Option<f64>,
    /// At the end of the interval.
    pub power_limit_watts: Option<f64>,
    /// Of the device's last period, per cent.
    pub utilization_percent: Option<u8>,
    /// Of its memory, the same.
    pub memory_utilization_percent: Option<u8>,
    /// Memory in use.
    pub memory_used_bytes: Option<u64>,
    /// All of its memory.
    pub memory_total_bytes: Option<u64>,
    /// Of the chip.
    pub temperature_celsius: Option<u32>,
    /// Clock of its processors.
    pub clock_mhz: Option<u32>,
    /// The highest clock.
    pub clock_max_mhz: Option<u32>,
    /// Why its clock is held down.
    pub throttle: &'a [String],
    /// Time in the interval in which it did something.
    pub busy_seconds: Option<f64>,
    /// Somebody held it and nobody used it.
    pub held_idle: bool,
    /// How use is told: `process`, `engine`, `instance`, `holders`, `nothing`.
    pub told_by: &'static str,
    /// Processes whose number is of another PID namespace.
    pub strangers: usize,
    /// The instances that it is divided into.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceRecord<'a>>,
    /// What it cannot tell.
    pub lacks: &'a [String],
    /// Why it shows nothing.
    pub note: Option<&'a str>,
}

/// An instance of a divided GPU.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InstanceRecord<'a> {
    /// The driver's number.
    pub number: u32,
    /// The profile.
    pub name: &'a str,
    /// What its full activity weighs.
    pub slices: u32,
    /// Time in the interval in which it did something.
    pub busy_seconds: Option<f64>,
}

/// The word for how well a GPU tells who used it.
pub fn told(told: &Told) -> &'static str {
    match told {
        Told::Process => "process",
        Told::Engine => "engine",
        Told::Instance => "instance",
        Told::Holders(_) => "holders",
        Told::Nothing => "nothing",
    }
}

impl<'a> GpuRecord<'a> {
    /// The GPUs of a frame.
    pub fn all(frame: &'a Frame) -> Vec<Self> {
        frame.gpus.iter().map(|gpu| Self::of(gpu, frame)).collect()
    }

    fn of(frame: &'a GpuFrame, whole: &Frame) -> Self {
        static NOTHING: GpuState = GpuState::NOTHING;
        let GpuFrame { gpu, state, told, busy, instances, strangers, held_idle } = frame;
        let shown = state.as_ref().unwrap_or(&NOTHING);
        let meter = whole.meters.iter().find(|meter| meter.id == gpu.id);
        let energy = meter.and_then(|meter| meter.energy);
        let busy_of = |index: usize| instances.get(index).copied().flatten();
        let instances = gpu.instances.iter().enumerate().map(|(index, instance)| InstanceRecord {
            number: instance.number,
            name: &instance.name,
            slices: instance.slices,
            busy_seconds: busy_of(index).map(|busy| busy.as_secs_f64()),
        });
        Self {
            id: &gpu.id,
            name: &gpu.name,
            vendor: gpu.vendor.as_str(),
            uuid: gpu.uuid.as_deref(),
            bus: gpu.bus.as_deref(),
            energy_joules: energy.map(Microjoules::joules),
            power_watts: energy.and_then(|e| e.over(whole.interval)).map(|watts| watts.0),
            power_limit_watts: shown.limit.map(|watts| watts.0),
            utilization_percent: shown.utilization,
            memory_utilization_percent: shown.memory_utilization,
            memory_used_bytes: shown.memory_used,
            memory_total_bytes: shown.memory_total,
            temperature_celsius: shown.temperature,
            clock_mhz: shown.clock,
            clock_max_mhz: shown.clock_max,
            throttle: &shown.throttle,
            busy_seconds: busy.map(|busy| busy.as_secs_f64()),
            held_idle: *held_idle,
            told_by: self::told(told),
            strangers: *strangers,
            instances: instances.collect(),
            lacks: &gpu.lacks,
            note: state.as_ref().err().map(String::as_str),
        }
    }
}

/// What a process did on one GPU, as data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OnGpuRecord<'a> {
    /// Which.
    pub id: &'a str,
    /// The profile of the instance that it is on.
    pub instance: Option<&'a str>,
    /// `compute`, `graphics`, `mps`; null of one that only used it.
    pub context: Option<&'static str>,
    /// Memory of the GPU that it holds.
    pub memory_bytes: Option<u64>,
    /// Time that it used the device.
    pub busy_seconds: Option<f64>,
    /// Nobody used the device, though this process held it.
    pub held_idle: bool,
    /// What it is charged of the device's energy.
    pub energy_joules: Option<f64>,
}

impl<'a> OnGpuRecord<'a> {
    /// Of a process of a frame.
    pub fn of(frame: &'a Frame, process: &ProcessFrame, on: &OnGpu) -> Option<Self> {
        let gpu = &frame.gpus.get(on.gpu)?.gpu;
        let instance = on.instance.and_then(|index| gpu.instances.get(index));
        let here = |part: &&Part| {
            let pool = frame.pools.get(part.pool).and_then(|pool| pool.tenancy);
            pool.is_some_and(|tenancy| tenancy.gpu == on.gpu)
        };
        let parts = process.parts.iter().filter(here);
        let energy = parts.map(|part| part.moving + part.fixed).sum::<Microjoules>();
        Some(Self {
            id: &gpu.id,
            instance: instance.map(|instance| instance.name.as_str()),
            context: on.context.map(Context::as_str),
            memory_bytes: on.memory,
            busy_seconds: on.busy.map(|busy| busy.as_secs_f64()),
            held_idle: on.held.is_some(),
            energy_joules: frame.pool(&gpu.id).map(|_| energy.joules()),
        })
    }
}
