//! A value that changes in steps, and its exact integral over time.
//!
//! Power, shares and what follows from them are looked up by a binary search, so that
//! a call costs the same however long the scenario is.

use crate::notation::{Span, WHOLE};

/// Steps in the order of time; the first is at zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps(Vec<Step>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    /// Nanoseconds.
    at: u64,
    /// From then on.
    value: u64,
    /// Value times nanoseconds until then.
    sum: u128,
}

impl Steps {
    /// Always the same.
    pub fn constant(value: u64) -> Self {
        Self(vec![Step { at: 0, value, sum: 0 }])
    }

    /// From pairs of a time and the value from then on.
    pub fn new(pairs: &[(u64, u64)]) -> Result<Self, String> {
        if pairs.first().is_none_or(|&(at, _)| at != 0) {
            return Err("the first step is not at 0s; write what holds from the start".into());
        }
        if pairs.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err("the steps are not in the order of time; write the earlier first".into());
        }
        Ok(Self::sorted(pairs.iter().copied()))
    }

    /// The sum of runs, which may overlap, up to the whole.
    pub fn of_runs(runs: &[(Span, u64)]) -> Self {
        let mut bounds: Vec<_> =
            runs.iter().flat_map(|(span, _)| [span.from, span.to]).chain([0]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        Self::sorted(bounds.iter().map(|&at| {
            let running = runs.iter().filter(|(span, _)| span.contains(at));
            (at, running.map(|(_, share)| share).sum::<u64>().min(WHOLE))
        }))
    }

    /// The sum of several, up to the whole.
    pub fn capped_sum<'a>(all: &(impl Iterator<Item = (&'a Self, u64)> + Clone), of: u64) -> Self {
        let steps = all.clone().flat_map(|(steps, _)| &steps.0);
        let mut bounds: Vec<_> = steps.map(|step| step.at).chain([0]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        Self::sorted(bounds.iter().map(|&at| {
            let sum: u64 = all.clone().map(|(steps, weight)| steps.at(at) * weight).sum();
            (at, (sum / of).min(WHOLE))
        }))
    }

    fn sorted(pairs: impl Iterator<Item = (u64, u64)>) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        for (at, value) in pairs {
            let sum = steps.last().map_or(0, |last| last.sum_until(at));
            steps.push(Step { at, value, sum });
        }
        Self(steps)
    }

    /// The value at a moment.
    pub fn at(&self, now: u64) -> u64 {
        self.last(now).value
    }

    /// Value times nanoseconds from the start to a moment.
    pub fn integral(&self, now: u64) -> u128 {
        self.last(now).sum_until(now)
    }

    /// The same between two moments.
    pub fn between(&self, from: u64, to: u64) -> u128 {
        self.integral(to) - self.integral(from.min(to))
    }

    /// The mean of the time between two moments, rounded; the value then if they are one.
    pub fn mean(&self, from: u64, to: u64) -> u64 {
        let length = u128::from(to.saturating_sub(from));
        if length == 0 {
            return self.at(to);
        }
        ((self.between(from, to) + length / 2) / length) as u64
    }

    /// The mean of shares as NVML tells it, in whole per cent.
    pub fn percent(&self, from: u64, to: u64) -> u32 {
        let whole = u128::from(to.saturating_sub(from)) * u128::from(WHOLE / 100);
        let (first, last) = (self.last(from), self.last(to));
        if whole == 0 || first.at == last.at {
            // It holds all the time, which needs no long division.
            return ((last.value + 50) / (WHOLE / 100)) as u32;
        }
        ((self.between(from, to) + whole / 2) / whole) as u32
    }

    fn last(&self, now: u64) -> Step {
        let after = self.0.partition_point(|step| step.at <= now);
        self.0[after.saturating_sub(1)]
    }
}

impl Step {
    fn sum_until(self, now: u64) -> u128 {
        self.sum + u128::from(self.value) * u128::from(now.saturating_sub(self.at))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_integral_is_exact_across_steps() {
        let steps = Steps::new(&[(0, 70), (10, 400)]).unwrap();
        assert_eq!([0, 9, 10, 99].map(|at| steps.at(at)), [70, 70, 400, 400]);
        assert_eq!([0, 5, 10, 12].map(|at| steps.integral(at)), [0, 350, 700, 1500]);
        assert_eq!(steps.mean(8, 12), 235);
        assert_eq!(steps.mean(12, 12), 400);
    }

    #[test]
    fn runs_add_up_to_the_whole() {
        let run = |from, to, share| (Span { from, to }, share);
        let steps = Steps::of_runs(&[run(10, 30, 7000), run(20, u64::MAX, 5000)]);
        assert_eq!([0, 10, 20, 30, 99].map(|at| steps.at(at)), [0, 7000, WHOLE, 5000, 5000]);
        assert_eq!(steps.percent(0, 20), 35);
        assert_eq!(Steps::of_runs(&[]).at(5), 0);
        let half = Steps::capped_sum(&[(&steps, 1), (&steps, 1)].into_iter(), 4);
        assert_eq!([0, 10, 20, 30].map(|at| half.at(at)), [0, 3500, 5000, 2500]);
    }

    #[test]
    fn steps_begin_at_zero_and_are_in_order() {
        assert!(Steps::new(&[]).is_err());
        assert!(Steps::new(&[(1, 5)]).is_err());
        assert!(Steps::new(&[(0, 5), (0, 6)]).is_err());
    }

    proptest! {
        #[test]
        fn two_halves_are_the_whole(
            values in proptest::collection::vec((1..1000_u64, 0..700_000_u64), 1..20),
            mut at in [0..20_000_u64, 0..20_000_u64, 0..20_000_u64],
        ) {
            let mut time = 0;
            let pairs: Vec<_> = values
                .iter()
                .map(|&(length, value)| { let pair = (time, value); time += length; pair })
                .collect();
            let steps = Steps::new(&pairs).unwrap();
            at.sort_unstable();
            let [a, b, c] = at;
            prop_assert_eq!(steps.between(a, b) + steps.between(b, c), steps.between(a, c));
        }
    }
}
