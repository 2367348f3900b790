//! The lower envelope of power over load: what is drawn with nobody running.
//!
//! A machine that was seen at rest has shown its static power. One that never rests shows how
//! power rises with work, and the line through its steps points to what is left at no
//! work. That holds only where work is weighed by what power is nearly linear in (clocks and
//! neighbours, or cycles): over plain time power is so concave that the line would take half
//! of what moves for static, so there is none.

use super::calibrate::{AT_REST, BUSY_AT_REST};
use crate::{frame::Basis, units::Watts};

/// Steps of load.
const BINS: usize = 50;
/// Windows at rest that make a floor.
const WINDOWS_AT_REST: u32 = 5;
/// Windows that make a step count for the line, steps that make a line, and how far apart the
/// outermost are at least, as a part of the highest.
const IN_A_STEP: u32 = 3;
const STEPS: usize = 3;
const SPREAD: f64 = 0.3;
/// Windows over which a mean goes.
const MEMORY: u32 = 100;
/// How fast the envelope falls to a lower power, and rises to a higher one.
const FALL: f64 = 0.5;
const RISE: f64 = 0.02;

/// The lowest powers seen, by load.
#[derive(Clone, Debug)]
pub struct Envelope {
    bins: [Bin; BINS],
    /// Windows with hardly anybody running, on however many CPUs.
    rest: Bin,
    /// Power is linear in the work that is told.
    linear: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    windows: u32,
    /// Mean work.
    work: f64,
    /// Mean power, and low power, watts.
    mean: f64,
    low: f64,
}

impl Bin {
    fn push(&mut self, work: f64, power: Watts) {
        if self.windows == 0 {
            *self = Self { windows: 1, work, mean: power.0, low: power.0 };
            return;
        }
        self.windows = self.windows.saturating_add(1);
        // A mean at first, then one over the recent past.
        let weight = 1.0 / f64::from(self.windows.min(MEMORY));
        self.work += weight * (work - self.work);
        self.mean += weight * (power.0 - self.mean);
        let speed = if power.0 < self.low { FALL } else { RISE };
        self.low += speed * (power.0 - self.low);
    }
}

impl Default for Envelope {
    fn default() -> Self {
        Self { bins: [Bin::default(); BINS], rest: Bin::default(), linear: false }
    }
}

impl Envelope {
    /// Adds a window: load from 0 to 1 and the CPUs that were busy, the work done for each unit
    /// of capacity if power is linear in it, and its mean power.
    pub fn push(&mut self, load: f64, busy: f64, work: Option<f64>, power: Watts) {
        let load = if load.is_finite() { load.clamp(0.0, 1.0) } else { return };
        self.linear = work.is_some();
        let work = work.unwrap_or(load);
        let index = ((load * BINS as f64) as usize).min(BINS - 1);
        self.bins[index].push(work, power);
        if load < AT_REST && busy < BUSY_AT_REST {
            self.rest.push(work, power);
        }
    }

    /// Static power, and from where it is known; none as long as too little was seen.
    pub fn floor(&self) -> Option<(Watts, Basis)> {
        let seen = |bin: &&Bin| bin.windows >= IN_A_STEP;
        let lowest = self.bins.iter().filter(seen).map(|bin| bin.low).reduce(f64::min);
        if self.rest.windows >= WINDOWS_AT_REST {
            let rest = self.rest.low;
            return Some((Watts(lowest.map_or(rest, |low| low.min(rest))), Basis::Learned));
        }
        let points: Vec<Bin> = self.bins.iter().filter(seen).copied().collect();
        let (first, last) = (points.first()?, points.last()?);
        let spread = last.work - first.work;
        if !self.linear || points.len() < STEPS || spread < SPREAD * last.work {
            return None;
        }
        let watts = intercept(&points).clamp(0.0, lowest?);
        Some((Watts(watts), Basis::Extrapolated))
    }
}

/// Where the straight line of least squares through steps of load meets no work.
fn intercept(points: &[Bin]) -> f64 {
    let weight = |bin: &Bin| f64::from(bin.windows.min(MEMORY));
    let count: f64 = points.iter().map(weight).sum();
    let mean =
        |of: fn(&Bin) -> f64| points.iter().map(|bin| weight(bin) * of(bin)).sum::<f64>() / count;
    let (x, y) = (mean(|bin| bin.work), mean(|bin| bin.mean));
    let about = |bin: &Bin| weight(bin) * (bin.work - x);
    let covariance: f64 = points.iter().map(|bin| about(bin) * (bin.mean - y)).sum();
    let variance: f64 = points.iter().map(|bin| about(bin) * (bin.work - x)).sum();
    let slope = if variance > 0.0 { covariance / variance } else { 0.0 };
    y - slope.max(0.0) * x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor(windows: &[(f64, f64)]) -> Option<(f64, Basis)> {
        let mut envelope = Envelope::default();
        for &(load, power) in windows {
            envelope.push(load, 4.0 * load, Some(load), Watts(power));
        }
        envelope.floor().map(|(watts, basis)| (watts.0, basis))
    }

    #[test]
    fn a_machine_seen_at_rest_has_shown_its_static_power() {
        let mut windows = vec![(0.005, 20.0); 4];
        assert_eq!(floor(&windows), None, "too little was seen");
        windows.push((0.01, 20.0));
        assert_eq!(floor(&windows), Some((20.0, Basis::Learned)));
        // A burst of power at rest (a disk wakes) does not lift it.
        windows.extend([(0.01, 60.0); 3]);
        assert!(floor(&windows).unwrap().0 < 23.0);
    }

    #[test]
    fn a_busy_machine_is_followed_down_to_no_load() {
        let line = |load: f64| (load, 30.0 + 100.0 * load);
        let loads = [0.3, 0.4, 0.5, 0.6, 0.9].map(line);
        let windows: Vec<_> = loads.into_iter().flat_map(|point| [point; 3]).collect();
        let (watts, basis) = floor(&windows).unwrap();
        assert!((watts - 30.0).abs() < 1e-6, "{watts}");
        assert_eq!(basis, Basis::Extrapolated);
        assert_eq!(floor(&[line(0.9); 50]), None, "one load tells nothing of another");
    }

    /// One busy CPU of many is a small load, and no rest.
    #[test]
    fn a_busy_cpu_of_sixty_four_is_not_taken_for_static_power() {
        let mut envelope = Envelope::default();
        for _ in 0..50 {
            envelope.push(1.0 / 64.0, 1.0, None, Watts(112.0));
        }
        assert_eq!(envelope.floor(), None);
        for _ in 0..5 {
            envelope.push(0.0, 0.0, None, Watts(100.0));
        }
        assert_eq!(envelope.floor(), Some((Watts(100.0), Basis::Learned)));
    }

    #[test]
    fn over_plain_time_no_line_is_drawn() {
        let mut envelope = Envelope::default();
        for load in [0.3, 0.4, 0.5, 0.6, 0.9].map(|load| [load; 3]).concat() {
            envelope.push(load, 4.0 * load, None, Watts(30.0 + 100.0 * load));
        }
        assert_eq!(envelope.floor(), None);
    }

    #[test]
    fn it_is_never_above_what_was_seen_nor_below_nothing() {
        let falling = [(0.3, 90.0), (0.5, 60.0), (0.8, 40.0)].map(|point| [point; 3]).concat();
        assert_eq!(floor(&falling), Some((40.0, Basis::Extrapolated)));
        let steep = [(0.5, 1.0), (0.6, 50.0), (0.8, 100.0)].map(|point| [point; 3]).concat();
        assert_eq!(floor(&steep), Some((0.0, Basis::Extrapolated)));
        assert_eq!(floor(&[(f64::NAN, 5.0); 9]), None);
    }
}
