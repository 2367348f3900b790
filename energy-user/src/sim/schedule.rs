//! Who has which part of a CPU when, as sums since the start.
//!
//! Every integral here is a whole number that only depends on the moment asked
//! for, so that the difference of two is exact however often one looks between.

use super::notation::WHOLE;

/// How the schedule starts over.
#[derive(Clone, Copy, Debug)]
pub struct Rounds(Option<u64>);

impl Rounds {
    /// Every so many nanoseconds, or never.
    pub fn new(period: Option<u64>) -> Self {
        Self(period)
    }

    /// Length of a round; none if there is only one, which never ends.
    pub fn period(self) -> Option<u64> {
        self.0
    }

    /// In which round a moment is.
    pub fn number(self, at: u64) -> u64 {
        self.0.map_or(0, |period| at / period)
    }

    /// How far into its round a moment is.
    pub fn phase(self, at: u64) -> u64 {
        self.0.map_or(at, |period| at % period)
    }

    /// When a round begins.
    pub fn begin(self, number: u64) -> u64 {
        self.0.map_or(0, |period| number.saturating_mul(period))
    }

    /// A sum since the start from a sum within one round.
    pub fn sum(self, at: u64, within: impl Fn(u64) -> u64) -> u64 {
        let whole = self.0.map_or(0, &within);
        self.number(at).saturating_mul(whole).saturating_add(within(self.phase(at)))
    }
}

/// A part of one CPU for some time of each round.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The CPU's number.
    pub cpu: u32,
    /// Index of its package.
    pub package: usize,
    /// Nanoseconds into the round.
    pub from: u64,
    /// Nanoseconds into the round, after `from`.
    pub to: u64,
    /// In units of a hundredth of a per cent.
    pub share: u64,
}

impl Load {
    /// CPU time used up to a moment of the round.
    pub fn busy(&self, phase: u64) -> u64 {
        let wall = phase.clamp(self.from, self.to) - self.from;
        (u128::from(wall) * u128::from(self.share) / u128::from(WHOLE)) as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOAD: Load = Load { cpu: 0, package: 0, from: 10, to: 110, share: 3000 };

    #[test]
    fn a_load_counts_only_inside_its_span() {
        assert_eq!([0, 10, 60, 110, 500].map(|phase| LOAD.busy(phase)), [0, 0, 15, 30, 30]);
    }

    #[test]
    fn a_round_adds_what_the_one_before_added() {
        let rounds = Rounds::new(Some(200));
        let sums = [0, 60, 200, 260, 400].map(|at| rounds.sum(at, |phase| LOAD.busy(phase)));
        assert_eq!(sums, [0, 15, 30, 45, 60]);
    }

    proptest! {
        #[test]
        fn sums_never_fall_and_never_outrun_time(
            share in 1..=WHOLE,
            period in 110..10_000_u64,
            a in 0..1_000_000_u64,
            step in 0..1_000_000_u64,
        ) {
            let load = Load { share, ..LOAD };
            let sum = |at| Rounds::new(Some(period)).sum(at, |phase| load.busy(phase));
            prop_assert!(sum(a) <= sum(a + step));
            prop_assert!(sum(a + step) - sum(a) <= step + 1);
        }
    }
}
