//! One process's joules of an interval, term by term: what was measured, taken off, divided.
//!
//! An explanation only repeats what the division did, from the terms that its frame keeps; the
//! terms add up to the process's energy to the microjoule.

mod gpu;
mod words;

pub use gpu::{Company, Idle};
use serde::Serialize;

use crate::{
    frame::{Basis, Confidence, Frame, Part, PoolFrame, ProcessFrame, Quality, Signal},
    sample::{Domain, Weight},
    units::Microjoules,
};

/// The arithmetic of one process in one interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Its number.
    pub pid: u32,
    /// The kernel's name for it.
    pub name: String,
    /// Whose it is.
    pub user: Option<String>,
    /// The length of the interval.
    pub interval_seconds: f64,
    /// Time on CPUs.
    pub cpu_seconds: f64,
    /// What it is charged; the sum of the terms. None where no meter counted.
    pub energy_joules: Option<f64>,
    /// How good that is.
    pub quality: &'static str,
    /// Who pays static power.
    pub idle_policy: &'static str,
    /// A term for each pool in which it weighs something.
    pub terms: Vec<Term>,
    /// GPUs that it is on and has no part of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub idle_gpus: Vec<Idle>,
}

/// One pool's part of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Term {
    /// Which pool.
    pub pool: String,
    /// The route of its meter.
    pub source: String,
    /// Measured or estimated.
    pub quality: &'static str,
    /// All of the pool.
    pub energy_joules: f64,
    /// Static power; none where it is not known.
    pub static_watts: Option<f64>,
    /// From where.
    pub static_basis: &'static str,
    /// The same, for the words.
    #[serde(skip)]
    basis: Basis,
    /// The static part.
    pub static_joules: f64,
    /// What is left to be split.
    pub moving_joules: f64,
    /// By what.
    pub signal: &'static str,
    /// The process's weight, in the signal's unit.
    pub weight: f64,
    /// Everybody's.
    pub weight_of_all: f64,
    /// The unit: seconds of CPU time, weighted seconds, cycles, misses; times the learned draw
    /// of each program, where that counts.
    pub unit: &'static str,
    /// How much more than the mean its work draws, if that was learned.
    pub intensity: Option<f64>,
    /// The part of the pool's CPU time that was used, 0 to 1.
    pub load: f64,
    /// What it is charged for running.
    pub charged_joules: f64,
    /// What it is charged of static power, by the policy.
    pub charged_static_joules: f64,
    /// How much the split can be believed, whatever the meter.
    pub confidence: &'static str,
    /// Why no more than that.
    pub because: &'static str,
    /// Of a GPU, who else is on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<Company>,
}

impl Explanation {
    /// Of a process of a frame.
    pub fn of(frame: &Frame, process: &ProcessFrame) -> Self {
        let terms = process.parts.iter().filter_map(|part| {
            let pool = frame.pools.get(part.pool)?;
            Some(Term::of(pool, *part, frame, process))
        });
        Self {
            pid: process.id.pid,
            name: process.identity.name.clone(),
            user: process.identity.user.clone(),
            interval_seconds: frame.interval.as_secs_f64(),
            cpu_seconds: process.share.cpu_time.as_secs_f64(),
            energy_joules: process.share.energy.total().map(Microjoules::joules),
            quality: frame.row_quality().as_str(),
            idle_policy: frame.idle_policy.as_str(),
            terms: terms.collect(),
            idle_gpus: Idle::of(frame, process),
        }
    }
}

impl Term {
    fn of(pool: &PoolFrame, part: Part, frame: &Frame, process: &ProcessFrame) -> Self {
        // Memory follows time or misses, whatever the work draws in the cores.
        let learned =
            frame.learned && matches!(pool.signal, Signal::Cpu(_)) && pool.domain != Domain::Dram;
        let held_idle = pool.tenancy.is_some_and(|tenancy| tenancy.held_idle);
        let (scale, unit) = match pool.signal {
            Signal::Equal if held_idle => {
                (1e9, "seconds that it is held, the same for each holder")
            }
            Signal::Memory if held_idle => (1e9, "seconds that it is held, by memory held"),
            signal => scale(signal, learned),
        };
        Self {
            pool: pool.id.clone(),
            source: pool.source.clone(),
            quality: pool.quality.as_str(),
            energy_joules: pool.energy.joules(),
            static_watts: pool.floor.map(|floor| floor.0),
            static_basis: pool.basis.as_str(),
            basis: pool.basis,
            static_joules: pool.fixed.joules(),
            moving_joules: pool.moving().joules(),
            signal: pool.signal.as_str(),
            weight: part.weight as f64 / scale,
            weight_of_all: pool.weight as f64 / scale,
            unit,
            intensity: learned.then_some(process.intensity),
            load: pool.load(),
            charged_joules: part.moving.joules(),
            charged_static_joules: part.fixed.joules(),
            confidence: pool.confidence().as_str(),
            because: if held_idle { HELD_IDLE } else { because(pool) },
            gpu: pool.tenancy.and_then(|tenancy| Company::of(frame, process, tenancy)),
        }
    }
}

/// Why a GPU that nobody uses is its holders'.
const HELD_IDLE: &str = "the GPU was held and nobody used it: all of its energy is its holders'";

/// What a unit of weight is divided by to be shown, and its name.
fn scale(signal: Signal, learned: bool) -> (f64, &'static str) {
    match (signal, learned) {
        (Signal::Cpu(Weight::Time), false) => (1e9, "seconds of CPU time"),
        (Signal::Cpu(Weight::Time), true) => (1e9, "seconds times learned draw"),
        (Signal::Cpu(Weight::Cycles), false) => (1.0, "cycles"),
        (Signal::Cpu(Weight::Cycles), true) => (1.0, "cycles times learned draw"),
        (Signal::Cpu(_), false) => (1e12, "weighted seconds"),
        (Signal::Cpu(_), true) => (1e12, "weighted seconds times learned draw"),
        (Signal::Misses, _) => (1.0, "misses of the last cache"),
        (Signal::Utilization, _) => (1e9, "seconds of the GPU's time, as its driver sampled them"),
        (Signal::Engines, _) => (1e9, "seconds on the GPU's engines, as its driver counted them"),
        (Signal::Instances, _) => (1e9, "seconds of activity times slices of the GPU"),
        (Signal::Equal, _) => (1e9, "seconds, the same for each on the GPU"),
        (Signal::Memory, _) => (1e9, "seconds, by memory of the GPU that each holds"),
        (Signal::Nothing, _) => (1.0, "nothing"),
    }
}

/// Why a split can be believed as much as it can.
fn because(pool: &PoolFrame) -> &'static str {
    match (pool.domain, pool.signal, pool.confidence()) {
        _ if pool.quality == Quality::Estimated => "there is no meter, only a model",
        (Domain::Core, ..) => "the core has a counter of its own",
        (Domain::Dram, Signal::Misses, _) => "misses of the last cache are what goes to memory",
        (Domain::Dram, ..) => "CPU time says little of memory traffic",
        (_, Signal::Cpu(Weight::Cycles), _) => "cycles follow power closely",
        (Domain::Rest, ..) => "nothing tells who uses it",
        (Domain::Gpu, Signal::Utilization | Signal::Engines, _) => {
            "time on the GPU is told, not how much of it each kernel used"
        }
        (Domain::Gpu, Signal::Instances, _) => {
            "instances are told apart, and work of equal time may differ in what it draws"
        }
        (Domain::Gpu, Signal::Equal | Signal::Memory, Confidence::High) => {
            "nobody else was on the GPU"
        }
        (Domain::Gpu, Signal::Equal | Signal::Memory, _) => {
            "the GPU does not tell who used it, only who holds it"
        }
        (Domain::Gpu, ..) => "the GPU does not tell who used it",
        (_, Signal::Nothing, _) => "nobody knows which CPUs this meter feeds",
        (.., Confidence::Medium) if pool.basis == Basis::Capacity => {
            "static power is not known, nor what each program draws"
        }
        _ => "programs of equal time may differ by half in what they draw",
    }
}
