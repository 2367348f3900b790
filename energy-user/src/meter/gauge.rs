//! A power that is looked at, told as a counter: what its instruments have in common.
//!
//! Hardware monitors, batteries and management controllers tell watts, not joules. What they
//! say is summed up here; where they say nothing, the reason is what is told.

use std::time::Duration;

use crate::{meter::integrate::Integrator, sample::Reading, units::Watts};

/// No machine of any kind draws more (the limit of `counter::advance` for a step forward).
pub const MOST: Watts = Watts(100_000.0);

/// Sums up what is looked at.
#[derive(Debug)]
pub struct Gauge {
    integrator: Integrator,
    /// Why there is nothing now.
    why: String,
}

impl Gauge {
    /// Nothing was looked at yet; what is older than `stale` does not count.
    pub fn new(stale: Duration) -> Self {
        Self { integrator: Integrator::new(stale), why: "it was not read yet".into() }
    }

    /// What a look has found. Where there is no power to be seen, there is a gap.
    pub fn take(&mut self, at: Duration, found: Result<Watts, String>) {
        match found {
            Ok(watts) if (0.0..=MOST.0).contains(&watts.0) => {
                self.integrator.push(at, watts);
                self.why = "the first reading after a gap; energy follows with the next".into();
            }
            Ok(Watts(watts)) => {
                self.integrator.gap();
                self.why = format!("it says {watts} W, which nothing draws; report its driver");
            }
            Err(why) => {
                self.integrator.gap();
                self.why = why;
            }
        }
    }

    /// A look that found nothing, but where the next may do: power is held until it is stale.
    pub fn miss(&mut self, why: String) {
        self.why = why;
    }

    /// The energy up to a moment, or why there is none.
    pub fn reading(&mut self, at: Duration) -> Reading {
        match self.integrator.energy(at) {
            Some(microjoules) => Reading::Counter { microjoules, range: u64::MAX, limit: MOST },
            None => Reading::Absent(self.why.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absence(reading: Reading) -> String {
        match reading {
            Reading::Absent(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_told_is_a_counter_or_the_reason() {
        let mut gauge = Gauge::new(Duration::from_secs(5));
        assert!(absence(gauge.reading(Duration::ZERO)).contains("not read yet"));
        gauge.take(Duration::ZERO, Ok(Watts(2.0)));
        let second = Duration::from_secs(1);
        let reading = gauge.reading(second);
        assert!(matches!(reading, Reading::Counter { microjoules: 2_000_000, .. }), "{reading:?}");
        gauge.miss("no reply".into());
        assert!(matches!(gauge.reading(second), Reading::Counter { .. }));
        assert_eq!(absence(gauge.reading(second * 6)), "no reply");
        gauge.take(second * 7, Err("asleep".into()));
        assert_eq!(absence(gauge.reading(second * 7)), "asleep");
    }

    #[test]
    fn impossible_powers_are_absent() {
        for watts in [-1.0, 2e5, f64::NAN] {
            let mut gauge = Gauge::new(Duration::from_secs(5));
            gauge.take(Duration::ZERO, Ok(Watts(watts)));
            assert!(absence(gauge.reading(Duration::ZERO)).contains("which nothing draws"));
        }
    }
}
