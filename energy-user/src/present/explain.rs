//! One process's joules of an interval, term by term: what was measured, taken off, divided.
//!
//! An explanation only repeats what the division did, from the terms that its frame keeps; the
//! terms add up to the process's energy to the microjoule.

use serde::Serialize;

use super::figure::{self, Units, printable};
use crate::{
    frame::{Basis, Confidence, Frame, Part, PoolFrame, ProcessFrame, Quality, Signal},
    sample::{Domain, Weight},
    units::{Microjoules, Watts},
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
    /// The unit: seconds of CPU time, weighted seconds, cycles, misses.
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
        }
    }

    /// As lines: a name, a figure, and words.
    pub fn lines(&self, units: Units) -> Vec<(String, String, String)> {
        let energy = |joules: f64| {
            let energy = units.energy(Some(Microjoules::from_joules(joules)));
            format!("{energy} {}", units.energy_symbol())
        };
        let mut lines = Vec::new();
        let mut line = |name: &str, figure: String, words: String| {
            lines.push((printable(name), figure, words));
        };
        for term in &self.terms {
            line(
                &term.pool,
                energy(term.energy_joules),
                format!("{}, {}", term.quality, term.source),
            );
            line("- static", energy(term.static_joules), self.of_static(term, units));
            line(
                "= moving",
                energy(term.moving_joules),
                format!("load {:.0} %", term.load * 100.0),
            );
            let share = term.weight / term.weight_of_all * 100.0;
            let share = if share.is_finite() { format!("{share:.2} %") } else { "none".into() };
            line("* share", share, term.of_weights());
            line("= charged", energy(term.charged_joules), term.of_confidence());
            if term.charged_static_joules > 0.0 {
                let words = format!("of static power, {} policy", self.idle_policy);
                line("+ static", energy(term.charged_static_joules), words);
            }
        }
        let sum = self.energy_joules.map_or_else(|| figure::ABSENT.into(), energy);
        let seconds = self.interval_seconds;
        let watts = self.energy_joules.map(|joules| Watts(joules / seconds));
        let power = format!("{} {}", units.power(watts), units.power_symbol());
        line("sum", sum, format!("{power} over {seconds:.3} s, {}", self.quality));
        lines
    }

    fn of_static(&self, term: &Term, units: Units) -> String {
        let watts = term.static_watts.map(|watts| {
            let watts = units.power(Some(Watts(watts)));
            format!("{watts} {} for {:.3} s", units.power_symbol(), self.interval_seconds)
        });
        match (term.static_basis, watts) {
            ("capacity", _) => "not calibrated: the share of capacity that nobody used".into(),
            ("unknown", _) | (_, None) => "not known".into(),
            (basis, Some(watts)) => format!("{watts}, {basis}"),
        }
    }
}

impl Term {
    fn of(pool: &PoolFrame, part: Part, frame: &Frame, process: &ProcessFrame) -> Self {
        let (scale, unit) = scale(pool.signal, frame);
        let learned = frame.learned && pool.domain == Domain::Package;
        Self {
            pool: pool.id.clone(),
            source: pool.source.clone(),
            quality: pool.quality.as_str(),
            energy_joules: pool.energy.joules(),
            static_watts: pool.floor.map(|floor| floor.0),
            static_basis: pool.basis.as_str(),
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
            because: because(pool),
        }
    }

    fn of_weights(&self) -> String {
        let figures = if self.unit.contains("second") {
            format!("{:.4} of {:.4} {}", self.weight, self.weight_of_all, self.unit)
        } else {
            format!("{:.0} of {:.0} {}", self.weight, self.weight_of_all, self.unit)
        };
        match self.intensity {
            Some(times) => format!("{figures}, {times:.2} of the mean's draw, learned"),
            None => figures,
        }
    }

    fn of_confidence(&self) -> String {
        format!("{} confidence: {}", self.confidence, self.because)
    }
}

/// What a unit of weight is divided by to be shown, and its name.
fn scale(signal: Signal, frame: &Frame) -> (f64, &'static str) {
    match signal {
        _ if frame.learned => (scale_alone(signal), "weighted seconds"),
        Signal::Cpu(Weight::Time) => (1e9, "seconds of CPU time"),
        Signal::Cpu(Weight::Cycles) => (1.0, "cycles"),
        Signal::Cpu(_) => (1e12, "weighted seconds"),
        Signal::Misses => (1.0, "misses of the last cache"),
        Signal::Nothing => (1.0, "nothing"),
    }
}

fn scale_alone(signal: Signal) -> f64 {
    match signal {
        Signal::Cpu(Weight::Time) => 1e9,
        Signal::Cpu(Weight::Cycles) | Signal::Misses | Signal::Nothing => 1.0,
        Signal::Cpu(_) => 1e12,
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
        (_, Signal::Nothing, _) => "nobody knows which CPUs this meter feeds",
        (.., Confidence::Medium) if pool.basis == Basis::Capacity => {
            "static power is not known, and instructions are not told apart"
        }
        _ => "programs of equal time may differ by half in what they draw",
    }
}
