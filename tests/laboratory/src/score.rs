//! How far an estimate is from the truth.
//!
//! Per program over all steps from one on: a rule that learns may be given time for it, and
//! a storm is one program.

use std::collections::BTreeMap;

use crate::{rules::Estimate, trace::Trace};

/// A program with less than so many true microjoules is not scored: a relative error of
/// nothing says nothing.
pub const LEAST_UJ: f64 = 1e6;

/// How good an estimate is.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Mean absolute error of a program's dynamic package energy, relative to the truth.
    pub mape: f64,
    /// The worst program's error.
    pub max: f64,
    /// And its name.
    pub worst: String,
    /// Programs that were scored.
    pub programs: usize,
}

/// Holds an estimate of the steps from one on against the truth; none if nobody drew enough.
pub fn score(trace: &Trace, from: usize, estimate: &Estimate) -> Option<Score> {
    compare(&trace.true_uj(from), estimate)
}

/// Holds an estimate against any truth, both in microjoules by name; who is not in the
/// estimate was given nothing. None if nobody drew enough.
pub fn compare(truth: &BTreeMap<String, f64>, estimate: &Estimate) -> Option<Score> {
    let errors: Vec<(f64, String)> = truth
        .iter()
        .filter(|(_, truth)| **truth >= LEAST_UJ)
        .map(|(name, truth)| {
            let estimated = estimate.get(name).copied().unwrap_or_default();
            ((estimated / truth - 1.0).abs(), name.clone())
        })
        .collect();
    let (max, worst) = errors.iter().max_by(|one, other| one.0.total_cmp(&other.0))?.clone();
    let mape = errors.iter().map(|(error, _)| error).sum::<f64>() / errors.len() as f64;
    Some(Score { mape, max, worst, programs: errors.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hidden::{Hidden, Options},
        machine::Shape,
        plan::Plan,
        rules,
        run::play,
    };

    fn trace(seed: u64, load: f64, spread: f64) -> Trace {
        let options = Options { spread, ..Options::default() };
        let plan = Plan { load, steps: 40, ..Plan::default() };
        play(seed, Shape::SERVER, &Hidden::new(seed, 2, options), &plan)
    }

    #[test]
    fn the_truth_scores_zero_and_nothing_scores_one() {
        let trace = trace(1, 0.4, 0.3);
        let right = score(&trace, 10, &trace.true_uj(10)).unwrap();
        assert!(right.max < 1e-12 && right.programs == 16);
        let nothing = score(&trace, 10, &Estimate::new()).unwrap();
        assert!((nothing.mape - 1.0).abs() < 1e-12);
    }

    #[test]
    fn steps_before_the_first_do_not_count() {
        let trace = trace(1, 0.4, 0.3);
        assert!(score(&trace, 10, &trace.true_uj(0)).unwrap().mape > 0.1);
    }

    #[test]
    fn a_program_of_less_than_a_joule_is_not_scored() {
        let truth = [("a".to_owned(), 2e6), ("b".to_owned(), 0.9e6)].into();
        let estimate = [("a".to_owned(), 3e6), ("b".to_owned(), 9e6)].into();
        let score = compare(&truth, &estimate).unwrap();
        assert_eq!((score.mape, score.max, score.worst.as_str()), (0.5, 0.5, "a"));
        assert_eq!(compare(&BTreeMap::new(), &estimate), None);
    }

    /// What the literature agrees on; the figures of five seeds are printed.
    #[test]
    fn to_know_the_static_part_beats_sharing_it_out() {
        for spread in [0.0, 0.3] {
            for load in [0.1, 0.4, 0.95] {
                let mape = |rule: fn(&Trace, usize) -> Estimate| {
                    let of = |seed| {
                        let trace = trace(seed, load, spread);
                        score(&trace, 0, &rule(&trace, 0)).unwrap().mape
                    };
                    (0..5).map(of).sum::<f64>() / 5.0
                };
                let (kepler, all) = (mape(rules::kepler), mape(rules::busy_share));
                let split = mape(rules::static_split);
                println!("{spread} {load}: kepler {kepler:.3} all {all:.3} split {split:.3}");
                assert!(split < kepler && split < all);
            }
        }
    }
}
