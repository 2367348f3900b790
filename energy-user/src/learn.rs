//! What a machine teaches while it is watched: its static power, and who draws more than others.
//!
//! Frames go in, a [`Method`] for the next one comes out. What was calibrated is believed
//! before what was learned, and nothing is learned from estimates or from gaps.

pub mod calibrate;
pub mod envelope;
pub mod intensity;

use std::{collections::HashMap, time::Duration};

use envelope::Envelope;
use intensity::Fit;

use crate::{
    attribute::{Floor, Method},
    frame::{Basis, Frame, PoolFrame, Quality, Signal},
    sample::Domain,
    units::{Microjoules, Watts},
};

/// The shortest time over which power says something about load.
const WINDOW: Duration = Duration::from_secs(1);

/// What is known from before, and what is learned.
#[derive(Clone, Debug, Default)]
pub struct Learner {
    /// What was chosen: who pays static power, how a GPU is shared.
    chosen: Method,
    calibrated: HashMap<String, Watts>,
    /// By meter.
    envelopes: HashMap<String, (Window, Envelope)>,
    /// None unless it was asked for.
    fit: Option<Fit>,
    owed: Microjoules,
}

/// What adds up until it is long enough.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    time: Duration,
    energy: Microjoules,
    busy_ns: u64,
    capacity_ns: u64,
    /// Weight of what was done, where power is linear in it.
    work: Option<u64>,
}

impl Learner {
    /// With what was chosen, and static powers from a calibration, by meter; `intensities`:
    /// learn those too.
    pub fn new(chosen: Method, calibrated: HashMap<String, Watts>, intensities: bool) -> Self {
        let fit = intensities.then(Fit::default);
        Self { chosen, calibrated, envelopes: HashMap::new(), fit, owed: Microjoules::ZERO }
    }

    /// Learns from an interval.
    pub fn observe(&mut self, frame: &Frame) {
        self.owed = frame.owed;
        for meter in &frame.meters {
            let (Some(energy), Quality::Measured) = (meter.energy, meter.quality) else { continue };
            let Some(pool) = frame.pool(&meter.id) else { continue };
            let (busy_ns, capacity_ns) = load(pool, frame);
            let (window, envelope) = self.envelopes.entry(meter.id.clone()).or_default();
            window.time += frame.interval;
            window.energy += energy;
            window.busy_ns = window.busy_ns.saturating_add(busy_ns);
            window.capacity_ns = window.capacity_ns.saturating_add(capacity_ns);
            let work = linear(pool).then(|| window.work.unwrap_or(0).saturating_add(pool.weight));
            window.work = work;
            if window.time < WINDOW {
                continue;
            }
            let Window { time, energy, busy_ns, capacity_ns, work } = std::mem::take(window);
            if let (Some(power), true) = (energy.over(time), capacity_ns > 0) {
                let capacity = capacity_ns as f64;
                let work = work.map(|work| work as f64 / capacity / UNIT);
                let busy = busy_ns as f64 / time.as_nanos() as f64;
                envelope.push(busy_ns as f64 / capacity, busy, work, power);
            }
        }
        if let Some(fit) = &mut self.fit {
            fit.observe(frame);
        }
    }

    /// How to divide the next interval.
    pub fn method(&self) -> Method {
        let learned = self.envelopes.iter().filter_map(|(id, (_, envelope))| {
            let (watts, basis) = envelope.floor()?;
            Some((id.clone(), Floor { watts, basis }))
        });
        let calibrated = self
            .calibrated
            .iter()
            .map(|(id, &watts)| (id.clone(), Floor { watts, basis: Basis::Calibrated }));
        Method {
            owed: self.owed,
            floors: learned.chain(calibrated).collect(),
            intensities: self.fit.as_ref().map(Fit::intensities).unwrap_or_default(),
            ..self.chosen.clone()
        }
    }
}

/// What a nanosecond alone at the base clock weighs, roughly, whatever the signal: the scale
/// does not matter, only that steps of work are told apart.
const UNIT: f64 = 1000.0;

/// A pool's energy is nearly linear in the weight of what was done.
fn linear(pool: &PoolFrame) -> bool {
    match pool.signal {
        Signal::Cpu(weight) => pool.domain == Domain::Package && weight.by_clock(),
        _ => false,
    }
}

/// Time used and to be had on a pool's CPUs; the rest of a machine follows all of them. A GPU
/// rests while nobody holds it: a context alone keeps its clocks up.
fn load(pool: &PoolFrame, frame: &Frame) -> (u64, u64) {
    if let Some(tenancy) = pool.tenancy {
        return (if tenancy.free { 0 } else { pool.capacity_ns }, pool.capacity_ns);
    }
    if pool.domain != Domain::Rest {
        return (pool.busy_ns, pool.capacity_ns);
    }
    let capacity = frame.interval.as_nanos() as u64 * frame.machine.cpus() as u64;
    (capacity.saturating_sub(frame.idle.cpu_time.as_nanos() as u64), capacity)
}

#[cfg(test)]
mod tests;
