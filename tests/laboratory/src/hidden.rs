//! The power model that no rule gets to see, drawn by a seed.
//!
//! Its form follows what is published of servers: a part that is drawn anyway, a part while
//! a package is awake at all, and a part of each busy core that grows with the clock and
//! little with the second thread. Gain and exponent keep away from jouletop's own
//! assumptions (0.15 and 2). The form is nearly that of jouletop's own rule: what is recovered
//! are its parameters, and a machine of another form would be recovered less well.

use crate::{draw::Draw, meter::RANGE_UJ};

/// What jouletop takes for the gain: two threads of .575 each.
pub const ASSUMED_GAIN: f64 = 0.15;
/// What jouletop takes for the exponent of the clock.
pub const ASSUMED_EXPONENT: f64 = 2.0;

/// What of the model is on.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether a package draws something for being awake.
    pub activation: bool,
    /// How far a program's intensity may be from 1, either way; 0 if all are alike.
    pub spread: f64,
    /// Relative standard deviation of what the meter counts in a step.
    pub noise: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { activation: true, spread: 0.3, noise: 0.002 }
    }
}

/// What one package and the memory beside it draw, in watts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Package {
    /// Whatever it does, 20 to 60.
    pub static_watts: f64,
    /// While any of its CPUs is busy, 0 to 8.
    pub activation_watts: f64,
    /// Its memory's, whatever it does, 2 to 8.
    pub dram_static_watts: f64,
    /// What its counter says at the start, in microjoules; for some seeds it is about to wrap.
    pub begin_uj: u64,
    /// The same of its memory's counter.
    pub dram_begin_uj: u64,
}

/// The whole model.
#[derive(Clone, Debug, PartialEq)]
pub struct Hidden {
    /// By package number.
    pub packages: Vec<Package>,
    /// Watts of a core with one busy thread of intensity 1 at the base clock, 3 to 8.
    pub core_watts: f64,
    /// Power of the clock that a busy core's watts go with, 1.8 to 2.6.
    pub exponent: f64,
    /// How much more a core draws with each further busy thread, 0.1 to 0.3.
    pub gain: f64,
    /// Watts of memory for each busy CPU of a program with traffic 1, 1 to 4.
    pub traffic_watts: f64,
    /// As in the options.
    pub spread: f64,
    /// As in the options.
    pub noise: f64,
    seed: u64,
}

impl Hidden {
    /// The model of a seed.
    pub fn new(seed: u64, packages: usize, options: Options) -> Self {
        let mut draw = Draw::new(seed, "hidden");
        Self {
            core_watts: draw.between(3.0, 8.0),
            exponent: draw.between_but(1.8, 2.6, ASSUMED_EXPONENT, 0.05),
            gain: draw.between_but(0.1, 0.3, ASSUMED_GAIN, 0.02),
            traffic_watts: draw.between(1.0, 4.0),
            packages: (0..packages).map(|_| Package::new(&mut draw, options)).collect(),
            spread: options.spread,
            noise: options.noise,
            seed,
        }
    }

    /// How much more or less than 1 a program draws; all processes of one name are alike.
    pub fn intensity(&self, name: &str) -> f64 {
        1.0 + self.spread * Draw::new(self.seed, name).between(-1.0, 1.0)
    }

    /// A program's memory traffic for each second of CPU time, 0 to 1.
    pub fn traffic(&self, name: &str) -> f64 {
        Draw::new(!self.seed, name).between(0.0, 1.0)
    }

    /// Watts of a program on one of `busy` busy threads of a core, at a clock relative to base.
    pub fn thread_watts(&self, intensity: f64, clock: f64, busy: usize) -> f64 {
        self.core_watts * clock.powf(self.exponent) * intensity * self.thread_share(busy)
    }

    /// Part of a lone thread's power that each of `busy` threads has.
    fn thread_share(&self, busy: usize) -> f64 {
        (1.0 + self.gain * (busy as f64 - 1.0)) / busy as f64
    }
}

impl Package {
    fn new(draw: &mut Draw, options: Options) -> Self {
        // Always drawn, so that the rest of the machine stays the same without.
        let activation = draw.between(0.0, 8.0);
        Self {
            static_watts: draw.between(20.0, 60.0),
            activation_watts: if options.activation { activation } else { 0.0 },
            dram_static_watts: draw.between(2.0, 8.0),
            begin_uj: begin(draw, 4e9),
            dram_begin_uj: begin(draw, 4e8),
        }
    }
}

/// Where a counter starts: in one of three cases less than so far from its end.
fn begin(draw: &mut Draw, near: f64) -> u64 {
    let range = RANGE_UJ as f64;
    let low = if draw.chance(1.0 / 3.0) { range - near } else { 0.0 };
    draw.between(low, range) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_seed_is_within_the_ranges_and_off_the_assumptions(seed: u64) {
            let hidden = Hidden::new(seed, 2, Options::default());
            prop_assert!((1.8..=2.6).contains(&hidden.exponent));
            prop_assert!((0.1..=0.3).contains(&hidden.gain));
            prop_assert!((3.0..=8.0).contains(&hidden.core_watts));
            prop_assert!((hidden.exponent - ASSUMED_EXPONENT).abs() >= 0.05);
            prop_assert!((hidden.gain - ASSUMED_GAIN).abs() >= 0.02);
            prop_assert!((f64::midpoint(1.0, hidden.gain) - 0.575).abs() >= 0.01 - 1e-12);
            for package in &hidden.packages {
                prop_assert!((20.0..=60.0).contains(&package.static_watts));
                prop_assert!((0.0..=8.0).contains(&package.activation_watts));
                prop_assert!(package.begin_uj <= RANGE_UJ);
            }
            prop_assert!((0.7..=1.3).contains(&hidden.intensity("make")));
            prop_assert!((0.0..=1.0).contains(&hidden.traffic("make")));
        }

        #[test]
        fn a_seed_is_one_machine(seed: u64) {
            let one = Hidden::new(seed, 2, Options::default());
            prop_assert_eq!(&one, &Hidden::new(seed, 2, Options::default()));
            prop_assert_ne!(one, Hidden::new(seed ^ 1, 2, Options::default()));
        }
    }

    #[test]
    fn two_threads_draw_little_more_than_one() {
        let hidden = Hidden::new(7, 1, Options::default());
        let (one, two) = (hidden.thread_watts(1.0, 1.0, 1), 2.0 * hidden.thread_watts(1.0, 1.0, 2));
        assert!((two / one - 1.0 - hidden.gain).abs() < 1e-12);
        let faster = hidden.thread_watts(1.0, 1.2, 1);
        assert!((faster / one - 1.2_f64.powf(hidden.exponent)).abs() < 1e-12);
    }

    #[test]
    fn what_is_switched_off_leaves_the_rest_as_it_was() {
        let options = Options { activation: false, spread: 0.0, noise: 0.0 };
        let (plain, full) = (Hidden::new(3, 2, options), Hidden::new(3, 2, Options::default()));
        assert!(plain.packages.iter().all(|package| package.activation_watts == 0.0));
        assert!((plain.intensity("a") - 1.0).abs() < 1e-12);
        assert_eq!(plain.packages[1].begin_uj, full.packages[1].begin_uj);
    }
}
