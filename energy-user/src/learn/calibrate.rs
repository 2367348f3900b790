//! Static power from some intervals of a machine at rest: what `calibrate` makes of frames.
//!
//! A machine is at rest while less than a fiftieth of its CPUs' time is used, and less than a
//! tenth of one CPU: of many CPUs one that is busy is a small part, and draws as much as on a
//! small machine. Whatever still runs then draws too: the power is followed down to nobody
//! running, and is at most that of the quieter intervals.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    frame::{Frame, Quality},
    units::Watts,
};

/// The part of the CPUs' time that a machine at rest uses at most.
pub const AT_REST: f64 = 0.02;
/// The CPUs that a machine at rest keeps busy at most, however many it has.
pub const BUSY_AT_REST: f64 = 0.1;
/// Of its intervals, this part has to be at rest, and so many at least.
const PART: f64 = 0.5;
const LEAST: usize = 5;
/// The rank of the power that is taken at most, from the lowest.
const RANK: f64 = 0.1;

/// What was seen of a machine that should have been at rest.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    intervals: Vec<Interval>,
    /// CPU time by command.
    busy: BTreeMap<String, Duration>,
    /// GPUs that somebody held at some time.
    held: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Interval {
    length: Duration,
    load: f64,
    /// CPUs that were busy in the mean.
    busy: f64,
    /// Power by meter; of those that were measured.
    watts: Vec<(String, f64)>,
}

/// Where the line of least squares through points of busy CPUs and power meets nobody: what ran
/// at rest drew too. Without any difference of load it is the mean.
fn with_nobody(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let busy = points.iter().map(|point| point.0).sum::<f64>() / count;
    let watts = points.iter().map(|point| point.1).sum::<f64>() / count;
    let sum = |of: fn(f64, f64) -> f64| -> f64 {
        points.iter().map(|point| of(point.0 - busy, point.1 - watts)).sum()
    };
    let (both, own) = (sum(|x, y| x * y), sum(|x, _| x * x));
    let slope = if own > 0.0 { (both / own).max(0.0) } else { 0.0 };
    watts - slope * busy
}

impl Interval {
    fn is_at_rest(&self) -> bool {
        self.load < AT_REST && self.busy < BUSY_AT_REST
    }
}

/// Static power of one meter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rest {
    /// What is taken.
    pub watts: Watts,
    /// The highest of the intervals at rest.
    pub most: Watts,
}

/// Why there is no static power.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unfit {
    /// There is nothing to measure with.
    #[error(
        "there is no power meter that can be read here, so nothing can be calibrated; \
             jouletop doctor says what is missing"
    )]
    NoMeter,
    /// Too little was seen.
    #[error("{0} intervals are too few; use a longer --for or a shorter --interval")]
    Short(usize),
    /// The only meters are those of GPUs, and somebody held them.
    #[error("somebody held {0}, and there is no other meter; calibrate while nobody is on it")]
    Held(String),
    /// It was not at rest.
    #[error(
        "the machine was not idle enough: {:.1} % of its CPU time was used, and only {at_rest} of \
         {all} intervals were below {:.0} % and {BUSY_AT_REST} CPUs; it was busy with {busy_with}; \
         stop that, or calibrate at another time", .load * 100.0, AT_REST * 100.0
    )]
    Busy {
        /// Mean load, 0 to 1.
        load: f64,
        /// Intervals at rest.
        at_rest: usize,
        /// All of them.
        all: usize,
        /// The commands that ran most.
        busy_with: String,
    },
}

impl Watch {
    /// Adds an interval.
    pub fn add(&mut self, frame: &Frame) {
        let capacity = frame.interval.as_secs_f64() * frame.machine.cpus() as f64;
        let load = 1.0 - frame.idle.cpu_time.as_secs_f64() / capacity;
        let measured = frame.meters.iter().filter(|meter| meter.quality == Quality::Measured);
        let mut watts = Vec::new();
        for meter in measured {
            let power = meter.energy.and_then(|energy| energy.over(frame.interval));
            let Some(power) = power else { continue };
            // A GPU rests while nobody holds it, whatever the CPUs do.
            match frame.pool(&meter.id).and_then(|pool| pool.tenancy) {
                Some(tenancy) if !tenancy.free => {
                    self.held.insert(meter.id.clone());
                }
                _ => watts.push((meter.id.clone(), power.0)),
            }
        }
        self.intervals.push(Interval {
            length: frame.interval,
            load: if load.is_finite() { load.clamp(0.0, 1.0) } else { 1.0 },
            busy: load * frame.machine.cpus() as f64,
            watts,
        });
        for process in &frame.processes {
            *self.busy.entry(process.identity.name.clone()).or_default() += process.share.cpu_time;
        }
    }

    /// Something was measured.
    pub fn has_meter(&self) -> bool {
        !self.held.is_empty() || self.intervals.iter().any(|interval| !interval.watts.is_empty())
    }

    /// GPUs that somebody held at some time, so that they did not rest.
    pub fn held(&self) -> &BTreeSet<String> {
        &self.held
    }

    /// How long it was watched.
    pub fn length(&self) -> Duration {
        self.intervals.iter().map(|interval| interval.length).sum()
    }

    /// The mean part of the CPUs' time that was used.
    pub fn load(&self) -> f64 {
        let time = |interval: &Interval| interval.length.as_secs_f64();
        let busy: f64 = self.intervals.iter().map(|one| one.load * time(one)).sum();
        let all: f64 = self.intervals.iter().map(time).sum();
        if all > 0.0 { busy / all } else { 0.0 }
    }

    /// Static power by meter.
    pub fn result(&self) -> Result<BTreeMap<String, Rest>, Unfit> {
        if !self.has_meter() {
            return Err(Unfit::NoMeter);
        }
        let all = self.intervals.len();
        if all < LEAST {
            return Err(Unfit::Short(all));
        }
        let quiet: Vec<_> = self.intervals.iter().filter(|one| one.is_at_rest()).collect();
        if quiet.len() < LEAST || (quiet.len() as f64) < PART * all as f64 {
            let (load, at_rest) = (self.load(), quiet.len());
            return Err(Unfit::Busy { load, at_rest, all, busy_with: self.busy_with() });
        }
        let mut powers: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for interval in &quiet {
            for (meter, watts) in &interval.watts {
                powers.entry(meter.clone()).or_default().push((interval.busy, *watts));
            }
        }
        let rest = |points: Vec<(f64, f64)>| {
            let mut powers: Vec<f64> = points.iter().map(|point| point.1).collect();
            powers.sort_by(f64::total_cmp);
            let rank = (powers.len() as f64 * RANK) as usize;
            let (low, most) = (powers.get(rank)?, powers.last()?);
            let watts = with_nobody(&points).clamp(0.0, *low);
            Some(Rest { watts: Watts(watts), most: Watts(*most) })
        };
        // A meter that was seen in a few intervals only has shown too little.
        let enough = powers.into_iter().filter(|(_, powers)| powers.len() >= LEAST);
        let rests: BTreeMap<_, _> =
            enough.filter_map(|(meter, powers)| Some((meter, rest(powers)?))).collect();
        match rests.is_empty() {
            false => Ok(rests),
            true if self.held.is_empty() => Err(Unfit::Short(quiet.len())),
            true => Err(Unfit::Held(self.held.iter().cloned().collect::<Vec<_>>().join(", "))),
        }
    }

    fn busy_with(&self) -> String {
        let mut commands: Vec<_> = self.busy.iter().collect();
        commands.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let first = commands
            .iter()
            .take(3)
            .map(|(name, time)| format!("{name} ({:.1} s)", time.as_secs_f64()));
        let first: Vec<_> = first.collect();
        if first.is_empty() { "kernel threads".into() } else { first.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Intervals of (busy CPUs, watts) on a machine of eight.
    fn watch(points: &[(f64, f64)]) -> Watch {
        let interval = |&(busy, watts): &(f64, f64)| Interval {
            length: Duration::from_secs(1),
            load: busy / 8.0,
            busy,
            watts: vec![("package-0".into(), watts)],
        };
        Watch { intervals: points.iter().map(interval).collect(), ..Watch::default() }
    }

    #[test]
    fn what_ran_at_rest_is_not_taken_for_static() {
        let points: Vec<_> = (0..10).map(|n| 0.01 * f64::from(n)).collect();
        let points: Vec<_> = points.into_iter().map(|busy| (busy, 40.0 + 12.0 * busy)).collect();
        let rest = watch(&points).result().unwrap()["package-0"];
        assert!((rest.watts.0 - 40.0).abs() < 1e-9, "{rest:?}");
        // Noise never lifts it above what the quieter intervals drew.
        let falling: Vec<_> = points.iter().map(|&(busy, _)| (busy, 40.0 - busy)).collect();
        assert!(watch(&falling).result().unwrap()["package-0"].watts.0 <= 39.93);
        assert_eq!(watch(&[(0.05, 40.0); 9]).result().unwrap()["package-0"].watts, Watts(40.0));
    }

    #[test]
    fn one_busy_cpu_of_many_is_no_rest() {
        let mut busy = watch(&[(1.0, 112.0); 20]);
        busy.intervals.iter_mut().for_each(|interval| interval.load = 1.0 / 64.0);
        assert!(matches!(busy.result(), Err(Unfit::Busy { at_rest: 0, .. })));
        assert_eq!(watch(&[(0.0, 40.0); 4]).result(), Err(Unfit::Short(4)));
        assert_eq!(Watch::default().result(), Err(Unfit::NoMeter));
        let mut held = watch(&[(0.0, 40.0); 9]);
        held.intervals.iter_mut().for_each(|interval| interval.watts.clear());
        held.held.insert("gpu-0".into());
        assert_eq!(held.result(), Err(Unfit::Held("gpu-0".into())));
    }
}
