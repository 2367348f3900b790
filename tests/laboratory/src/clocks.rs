//! The clock of every core, relative to base.
//!
//! The fewer cores of a package are busy, the faster each may be (turbo); beyond that every
//! core wanders a little for itself, as temperature and firmware have it.

use crate::{draw::Draw, machine::Shape};

/// Slowest that a clock gets.
pub const SLOWEST: f64 = 0.8;
/// Fastest that a clock gets.
pub const FASTEST: f64 = 1.4;

/// The clocks of a machine as it runs.
#[derive(Clone, Debug)]
pub struct Clocks {
    draw: Draw,
    shape: Shape,
    turbo: bool,
    /// By core, how far it has wandered.
    wandered: Vec<f64>,
}

impl Clocks {
    /// Without turbo all stay at 1.
    pub fn new(seed: u64, shape: Shape, turbo: bool) -> Self {
        let draw = Draw::new(seed, "clocks");
        Self { draw, shape, turbo, wandered: vec![0.0; shape.all_cores()] }
    }

    /// By core, for the next slot, in which these cores are busy.
    pub fn next(&mut self, busy: &[bool]) -> Vec<f64> {
        if !self.turbo {
            return vec![1.0; busy.len()];
        }
        let mut clocks = vec![1.0; busy.len()];
        for package in 0..self.shape.packages {
            let cores = self.shape.cores_of(package);
            let part = cores.clone().filter(|&core| busy[core]).count() as f64;
            let turbo = FASTEST - (FASTEST - 0.9) * part / self.shape.cores as f64;
            for core in cores {
                // Stays near 0 with a deviation of .05, and forgets within a hundred slots.
                let wandered = &mut self.wandered[core];
                *wandered = 0.99 * *wandered + 0.007 * self.draw.normal();
                clocks[core] = (turbo + *wandered).clamp(SLOWEST, FASTEST);
            }
        }
        clocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { packages: 1, cores: 8, threads: 1 };

    fn mean(busy: usize) -> f64 {
        let mut clocks = Clocks::new(1, SHAPE, true);
        let busy: Vec<bool> = (0..8).map(|core| core < busy).collect();
        (0..1000).map(|_| clocks.next(&busy)[0]).sum::<f64>() / 1000.0
    }

    #[test]
    fn few_busy_cores_are_faster_than_many() {
        assert!(mean(1) > mean(4) + 0.1 && mean(4) > mean(8) + 0.1);
        assert!(mean(8) > SLOWEST && mean(1) < FASTEST);
    }

    #[test]
    fn without_turbo_every_clock_is_at_base() {
        assert_eq!(Clocks::new(1, SHAPE, false).next(&[true; 8]), [1.0; 8]);
    }
}
