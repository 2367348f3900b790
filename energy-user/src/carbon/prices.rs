//! The intensity of each interval: the same always, or as a schedule or a service has it.
//!
//! Energy is multiplied interval by interval; multiplying the sum by the last intensity would
//! charge a night's job with the morning's grid.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::Intensity;
use crate::units::GramsPerKwh;

/// Whoever knows the grid of an interval, without making anybody wait.
pub trait Prices {
    /// The intensity over an interval.
    fn over(&mut self, from: Timestamp, to: Timestamp) -> Arc<Intensity>;

    /// What is foretold, each intensity from a moment on; nothing, where nobody foretells.
    fn forecast(&self) -> Vec<(Timestamp, GramsPerKwh)> {
        Vec::new()
    }
}

/// The same always.
impl Prices for Arc<Intensity> {
    fn over(&mut self, _: Timestamp, _: Timestamp) -> Arc<Intensity> {
        Arc::clone(self)
    }
}

/// A made-up grid: each intensity holds from its moment until the next.
#[derive(Clone, Debug)]
pub struct Schedule {
    start: Timestamp,
    /// Ascending; the first at the start.
    steps: Vec<(Duration, GramsPerKwh)>,
}

impl Schedule {
    /// A schedule whose steps ascend. Before the first of them, it holds too.
    pub fn new(start: Timestamp, steps: Vec<(Duration, GramsPerKwh)>) -> Self {
        Self { start, steps }
    }

    /// Since the start; before it is at it.
    fn since(&self, moment: Timestamp) -> Duration {
        moment.duration_since(self.start).try_into().unwrap_or_default()
    }

    /// The mean over an interval, by time: exact where power is even.
    fn mean(&self, from: Duration, to: Duration) -> GramsPerKwh {
        let ends = self.steps.iter().skip(1).map(|(at, _)| *at).chain([Duration::MAX]);
        let starts = self.steps.iter().enumerate().map(|(index, (at, value))| {
            let at = if index == 0 { Duration::ZERO } else { *at };
            (at, value.0)
        });
        let mut sum = 0.0;
        let mut at_from = 0.0;
        for ((start, value), end) in starts.zip(ends) {
            if start <= from {
                at_from = value;
            }
            let part = to.min(end).saturating_sub(from.max(start));
            sum += part.as_secs_f64() * value;
        }
        let length = to.saturating_sub(from);
        // No time has passed, so that it is that of the moment.
        let mean = if length.is_zero() { at_from } else { sum / length.as_secs_f64() };
        GramsPerKwh(mean)
    }
}

impl Prices for Schedule {
    fn over(&mut self, from: Timestamp, to: Timestamp) -> Arc<Intensity> {
        Arc::new(Intensity::scenario(self.mean(self.since(from), self.since(to))))
    }
}

/// The middle of an interval.
pub fn middle(from: Timestamp, to: Timestamp) -> Timestamp {
    from.checked_add(to.duration_since(from) / 2).unwrap_or(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_the_mean_of_what_held_in_it() {
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let steps = [(0, 100.0), (1800, 400.0), (3600, 50.0)];
        let steps = steps.map(|(at, grams)| (Duration::from_secs(at), GramsPerKwh(grams)));
        let mut schedule = Schedule::new(start, steps.into());
        let mut over = |from: i64, to: i64| {
            let at = |seconds| start + jiff::SignedDuration::from_secs(seconds);
            schedule.over(at(from), at(to)).value
        };
        assert_eq!(over(0, 60), GramsPerKwh(100.0));
        assert_eq!(over(1740, 1800), GramsPerKwh(100.0));
        assert_eq!(over(1800, 1860), GramsPerKwh(400.0));
        // 15 s at 100 and 45 s at 400
        assert_eq!(over(1785, 1845), GramsPerKwh(325.0));
        // a third each
        assert!((over(0, 5400).0 - 550.0 / 3.0).abs() < 1e-9);
        assert_eq!(over(1800, 1800), GramsPerKwh(400.0));
        assert_eq!(over(90_000, 90_001), GramsPerKwh(50.0));
        // before it began
        assert_eq!(over(-10, -5), GramsPerKwh(100.0));
    }
}
