//! Energy from power: readings at moments become a counter of microjoules.
//!
//! Between two readings power is taken to go in a straight line; after the last one, to stay
//! as it was. The counter never steps back: where power turns out to have fallen meanwhile,
//! it waits until the exact sum has caught up. A silence is not bridged: nobody knows what
//! was drawn in it. All sums are whole numbers.

use std::time::Duration;

use crate::units::Watts;

/// No machine draws a megawatt: such a reading is nonsense, and so small powers keep the
/// sums far from overflowing.
const MOST: f64 = 1e6;

/// Halves of a femtojoule (microwatts times nanoseconds, twice) in a microjoule.
const HALVES: u128 = 2_000_000_000;

/// Sums up power over time.
#[derive(Clone, Debug)]
pub struct Integrator {
    /// A reading counts for so long.
    stale: Duration,
    last: Option<Point>,
    /// Exact energy up to the last reading, halves of a femtojoule.
    sum: u128,
    /// The highest that was told.
    told: u64,
    /// There was a gap that the reader has not been told of.
    broken: bool,
}

/// A reading.
#[derive(Clone, Copy, Debug)]
struct Point {
    at: Duration,
    microwatts: u64,
}

impl Integrator {
    /// Nothing yet; a reading older than `stale` tells nothing about now.
    pub fn new(stale: Duration) -> Self {
        Self { stale, last: None, sum: 0, told: 0, broken: false }
    }

    /// A reading. What is earlier than the last one is left out; what is no power is a gap.
    pub fn push(&mut self, at: Duration, watts: Watts) {
        if !(0.0..=MOST).contains(&watts.0) {
            self.gap();
            return;
        }
        let microwatts = (watts.0 * 1e6).round() as u64;
        if let Some(last) = self.last {
            let Some(passed) = at.checked_sub(last.at) else { return };
            if passed > self.stale {
                self.gap();
            } else {
                let both = u128::from(last.microwatts) + u128::from(microwatts);
                self.sum = self.sum.saturating_add(both * passed.as_nanos());
            }
        }
        if self.last.is_none() {
            // Counting begins anew from what was told: there is nothing to catch up with.
            self.sum = self.sum.max(u128::from(self.told) * HALVES);
        }
        self.last = Some(Point { at, microwatts });
    }

    /// Nothing is known until the next reading.
    pub fn gap(&mut self) {
        self.broken |= self.last.is_some();
        self.last = None;
    }

    /// Microjoules up to a moment. None where nothing is known, and once after a gap, so that
    /// whoever takes differences sees that this one has a hole.
    pub fn energy(&mut self, at: Duration) -> Option<u64> {
        if self.last.is_some_and(|last| at.saturating_sub(last.at) > self.stale) {
            self.last = None;
        }
        let broken = std::mem::take(&mut self.broken);
        let last = self.last?;
        let since = at.saturating_sub(last.at).as_nanos();
        let held = 2 * u128::from(last.microwatts) * since;
        let exact = self.sum.saturating_add(held) / HALVES;
        self.told = self.told.max(u64::try_from(exact).unwrap_or(u64::MAX));
        (!broken).then_some(self.told)
    }
}

#[cfg(test)]
mod tests;
