//! The meters of a scenario: what each gave, and what its counter shows of it.
//!
//! The energy of a meter is a sum since the start that only rises. Its counter is
//! a view on that: it begins somewhere, wraps at its range, may be reset, and may
//! be out of sight for a while.

use std::{collections::HashSet, sync::Arc};

use super::{
    error::Problem,
    file,
    notation::{self, LONGEST},
    scenario::Topology,
    schedule::Rounds,
};
use crate::{
    sample::{self, Line, MeterReading, PowerModel, Reading},
    units::Watts,
};

/// The largest value of a RAPL counter, microjoules.
const RAPL_RANGE: u64 = 262_143_328_850;
/// No counter of a scenario honestly rises faster.
const LIMIT: Watts = Watts(1000.0);
/// No machine of a scenario draws more; beyond it a figure is a slip.
const MOST_WATTS: f64 = 100_000.0;

/// A meter.
#[derive(Clone, Debug)]
pub struct Meter {
    identity: Arc<sample::Meter>,
    truth: Truth,
    /// Microjoules on the counter at the start.
    begin: u64,
    range: u64,
    /// Moments of the round, sorted.
    resets: Vec<u64>,
    absent: Vec<Absence>,
}

/// A time of the round without a reading.
#[derive(Clone, Debug)]
struct Absence {
    from: u64,
    to: u64,
    why: String,
}

/// Where its energy comes from.
#[derive(Clone, Debug)]
enum Truth {
    /// Moments and microjoules, straight lines between them.
    Points(Vec<(u64, u64)>),
    /// Microwatts, always and for each busy CPU.
    Power { fixed: u64, busy: u64 },
    /// There is no meter, only a table.
    Model(PowerModel),
}

impl Meter {
    /// Checks a meter; `ids` are those taken.
    pub fn new(
        raw: file::Meter,
        ids: &mut HashSet<String>,
        topology: &Topology,
    ) -> Result<Self, Problem> {
        let entry = format!("meter {:?}", raw.id);
        let problem = |text: String| Problem::new(entry.clone(), text);
        if raw.id.is_empty() || !ids.insert(raw.id.clone()) {
            return Err(problem(
                "another meter has this id, or it is empty; give it its own".into(),
            ));
        }
        let packages = topology.packages.len();
        if let Some(package) = raw.package.filter(|&package| package >= packages) {
            let last = packages - 1;
            return Err(problem(format!("there is no package {package}; the last one is {last}")));
        }
        let truth = truth(&raw, topology.rounds).map_err(problem)?;
        let energy = |field: &str, text: &Option<String>, default| {
            let energy = text.as_deref().map_or(Ok(default), notation::energy);
            energy.map_err(|why| problem(format!("{field}: {why}")))
        };
        let range = energy("range", &raw.range, RAPL_RANGE)?;
        let begin = energy("begin", &raw.begin, 0)?;
        if begin > range || range == 0 {
            return Err(problem("`begin` is above `range`, or `range` is zero; raise it".into()));
        }
        let mut resets = Vec::new();
        for text in &raw.resets {
            let at = notation::time(text).map_err(|why| problem(format!("resets: {why}")))?;
            resets.push(at);
        }
        resets.sort_unstable();
        let mut absent = Vec::new();
        for text in &raw.absent {
            let (span, why) =
                notation::absence(text).map_err(|why| problem(format!("absent: {why}")))?;
            absent.push(Absence { from: span.from, to: span.to.unwrap_or(u64::MAX), why });
        }
        let latest = absent.iter().map(|absence| absence.from).chain(resets.last().copied()).max();
        if topology.rounds.period().is_some_and(|period| latest.is_some_and(|at| at >= period)) {
            return Err(problem(
                "`resets` or `absent` lie beyond `repeat`; move them before".into(),
            ));
        }
        let source = if matches!(truth, Truth::Model(_)) { "model" } else { "simulated" };
        let meter = sample::Meter {
            id: raw.id,
            domain: raw.domain,
            source: source.into(),
            cells: raw.package.map_or_else(Vec::new, |package| vec![package]),
            role: raw.role.unwrap_or_default(),
            includes: "what the scenario says".into(),
        };
        Ok(Self { identity: Arc::new(meter), truth, begin, range, resets, absent })
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.identity.id
    }

    /// The package that it feeds.
    pub fn package(&self) -> Option<usize> {
        self.identity.cells.first().copied()
    }

    /// What it says at a moment; `busy` tells the time of what it feeds up to a moment.
    pub fn reading(
        &self,
        at: u64,
        rounds: Rounds,
        busy: impl Fn(&Self, u64) -> u64,
    ) -> MeterReading {
        let phase = rounds.phase(at);
        let gone = |absence: &&Absence| (absence.from..absence.to).contains(&phase);
        let reading = match (&self.truth, self.absent.iter().find(gone)) {
            (_, Some(absence)) => Reading::Absent(absence.why.clone()),
            (Truth::Model(model), None) => Reading::Model(*model),
            (truth, None) => {
                let energy = |at| truth.energy(at, busy(self, at));
                let shown = match self.last_reset(at, rounds) {
                    Some(reset) => energy(at) - energy(reset),
                    None => u128::from(self.begin) + energy(at),
                };
                // The largest value is `range`; after it comes zero.
                let microjoules = (shown % (u128::from(self.range) + 1)) as u64;
                Reading::Counter { microjoules, range: self.range, limit: LIMIT }
            }
        };
        MeterReading { meter: Arc::clone(&self.identity), reading }
    }

    /// The last reset up to a moment.
    fn last_reset(&self, at: u64, rounds: Rounds) -> Option<u64> {
        let (number, phase) = (rounds.number(at), rounds.phase(at));
        let here = self.resets.iter().rfind(|&&reset| reset <= phase);
        let here = here.map(|reset| rounds.begin(number) + reset);
        let before = number.checked_sub(1).zip(self.resets.last());
        here.or(before.map(|(number, reset)| rounds.begin(number) + reset))
    }
}

impl Truth {
    /// Microjoules since the start, given the CPU time up to then.
    fn energy(&self, at: u64, busy_ns: u64) -> u128 {
        match self {
            Self::Points(points) => {
                let next = points.partition_point(|&(time, _)| time <= at);
                let (from, low) = next.checked_sub(1).map_or((0, 0), |last| points[last]);
                // After the last point the counter stands still.
                let (to, high) = points.get(next).copied().unwrap_or((LONGEST + 1, low));
                let part = u128::from(high - low) * u128::from(at - from) / u128::from(to - from);
                u128::from(low) + part
            }
            Self::Power { fixed, busy } => {
                let microwatts = u128::from(*fixed) * u128::from(at);
                (microwatts + u128::from(*busy) * u128::from(busy_ns)) / 1_000_000_000
            }
            Self::Model(_) => 0,
        }
    }
}

/// The one of the three ways to describe a meter that was used.
fn truth(raw: &file::Meter, rounds: Rounds) -> Result<Truth, String> {
    let of_gpu = raw.domain == sample::Domain::Gpu;
    let (field, per_busy, other) = if of_gpu {
        ("watts_per_busy_gpu", raw.watts_per_busy_gpu, raw.watts_per_busy_cpu)
    } else {
        ("watts_per_busy_cpu", raw.watts_per_busy_cpu, raw.watts_per_busy_gpu)
    };
    if other.is_some() {
        return Err("a GPU has `watts_per_busy_gpu`, other meters `watts_per_busy_cpu`".into());
    }
    let power = raw.static_watts.or(per_busy).is_some();
    match (&raw.readings, power, &raw.model) {
        (Some(texts), false, None) => {
            if rounds.period().is_some() || raw.begin.is_some() {
                return Err(
                    "`readings` allow no `repeat` and no `begin`; use `static_watts`".into()
                );
            }
            points(texts).map(Truth::Points)
        }
        (None, true, None) => {
            let fixed = microwatts("static_watts", raw.static_watts.unwrap_or(0.0))?;
            let busy = microwatts(field, per_busy.unwrap_or(0.0))?;
            Ok(Truth::Power { fixed, busy })
        }
        (None, false, Some(model)) => {
            if raw.begin.is_some() || raw.range.is_some() || !raw.resets.is_empty() {
                return Err("a `model` has no counter; leave `begin`, `range`, `resets` out".into());
            }
            let idle = microwatts("idle_watts", model.idle_watts)?;
            let full = microwatts("full_watts", model.full_watts)?;
            if full < idle {
                return Err("`full_watts` is below `idle_watts`; exchange them".into());
            }
            let (idle, full) = (Watts(model.idle_watts), Watts(model.full_watts));
            Ok(Truth::Model(PowerModel::half_to_twice(Line { idle, full })))
        }
        _ => {
            Err("give one of `readings`, `static_watts` with `watts_per_busy_cpu`, or `model`"
                .into())
        }
    }
}

/// Points that begin at the start, go on in time, and never fall.
fn points(texts: &[String]) -> Result<Vec<(u64, u64)>, String> {
    let mut points: Vec<(u64, u64)> = Vec::new();
    for text in texts {
        let (time, energy) = notation::point(text).map_err(|why| format!("readings: {why}"))?;
        match points.last() {
            None if time > 0 => {
                return Err("`readings` begin later than 0s; add a first one".into());
            }
            Some((last, _)) if time <= *last => {
                return Err(format!("the reading {text:?} is not later than the one before"));
            }
            Some((_, last)) if energy < *last => {
                return Err(format!(
                    "the reading {text:?} is below the one before, but energy only rises; \
                     `range` makes a counter wrap, `resets` set it to zero"
                ));
            }
            _ => points.push((time, energy)),
        }
    }
    if points.is_empty() {
        return Err("`readings` is empty; give at least one, such as \"0s 0J\"".into());
    }
    Ok(points)
}

/// A power that a machine can have, in whole microwatts.
fn microwatts(field: &str, watts: f64) -> Result<u64, String> {
    if !(0.0..=MOST_WATTS).contains(&watts) {
        return Err(format!("`{field}` is {watts}; power lies between 0 and {MOST_WATTS} watts"));
    }
    Ok((watts * 1e6).round() as u64)
}
