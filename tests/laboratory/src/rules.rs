//! The rules of the field, on a trace.
//!
//! Each is its published formula at its best: exact CPU times, the true count of processes
//! that ended, and wraps undone. So a score says what the formula is worth, not what its
//! programs lose besides. All are of the packages' energy alone.

use std::collections::BTreeMap;

use crate::{
    hidden::Hidden,
    trace::{Step, Trace},
};

/// Estimated microjoules by program name.
pub type Estimate = BTreeMap<String, f64>;

/// Kepler from 0.10: the whole host's energy times how busy it was is active, and shared by
/// CPU time (internal/monitor/{node,process}.go).
pub fn kepler(trace: &Trace, from: usize) -> Estimate {
    by_time(trace, from, |step, energy| {
        let capacity = step.length_ns as f64 * trace.shape.cpus() as f64;
        energy * step.busy_ns() as f64 / capacity / step.busy_ns() as f64
    })
}

/// Scaphandre: the whole host's energy times a process's part of all CPUs' time
/// (src/sensors/mod.rs).
pub fn scaphandre(trace: &Trace, from: usize) -> Estimate {
    by_time(trace, from, |step, energy| {
        energy / (trace.shape.cpus() as f64 * step.length_ns as f64)
    })
}

/// All energy, what is drawn anyway as well, by part of the busy time.
pub fn busy_share(trace: &Trace, from: usize) -> Estimate {
    by_time(trace, from, |step, energy| energy / step.busy_ns() as f64)
}

/// The host's energy less what it really draws anyway, by part of the busy time: `KubeWatt`
/// with a perfect calibration (arXiv 2504.10702).
pub fn static_split(trace: &Trace, from: usize) -> Estimate {
    by_time(trace, from, |step, energy| {
        let still: f64 = step.packages.iter().map(|truth| truth.static_uj).sum();
        (energy - still).max(0.0) / step.busy_ns() as f64
    })
}

/// Who knows the hidden model, but sees only what a tool sees: what no rule can beat but by
/// luck, and so the floor of every score. What is left is the meter's noise and what a mean
/// over a step hides.
pub fn informed(trace: &Trace, hidden: &Hidden, from: usize) -> Estimate {
    knowing(trace, from, |name, clock, busy| {
        hidden.thread_watts(hidden.intensity(name), clock, busy)
    })
}

/// Who knows the hidden model but what distinguishes programs: what no rule can beat that
/// takes them to be alike.
pub fn blind(trace: &Trace, hidden: &Hidden, from: usize) -> Estimate {
    knowing(trace, from, |_, clock, busy| hidden.thread_watts(1.0, clock, busy))
}

/// Shares out what moves of each package by watts of a program at a clock, beside others.
fn knowing(trace: &Trace, from: usize, watts: impl Fn(&str, f64, usize) -> f64) -> Estimate {
    let mut sums = Estimate::new();
    for (number, step) in trace.steps.iter().enumerate().skip(from) {
        for (package, energy) in trace.package_uj(number).into_iter().enumerate() {
            let here =
                step.times.iter().filter(|((_, cpu), _)| trace.shape.package(*cpu) == package);
            let weights: Vec<(&String, f64)> = here
                .map(|(&(process, cpu), time)| {
                    let name = &trace.processes[process].name;
                    let watts = |busy| watts(name, step.clocks[cpu], busy);
                    let alone = watts(1) * time.alone_ns as f64;
                    (name, alone + watts(2) * time.shared_ns as f64)
                })
                .collect();
            let all: f64 = weights.iter().map(|(_, weight)| weight).sum();
            let dynamic = (energy as f64 - step.packages[package].static_uj).max(0.0);
            for (name, weight) in weights {
                *sums.entry(name.clone()).or_default() += dynamic * weight / all;
            }
        }
    }
    sums
}

/// Gives every nanosecond of a step the same, of what all packages counted; `each` says how
/// much, and is not asked of a step in which nobody ran.
fn by_time(trace: &Trace, from: usize, each: impl Fn(&Step, f64) -> f64) -> Estimate {
    let mut sums = Estimate::new();
    for (number, step) in trace.steps.iter().enumerate().skip(from) {
        if step.times.is_empty() {
            continue;
        }
        let each = each(step, trace.package_uj(number).iter().sum::<u64>() as f64);
        for (&(process, _), time) in &step.times {
            let name = trace.processes[process].name.clone();
            *sums.entry(name).or_default() += each * time.total_ns() as f64;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hidden::Options, machine::Shape, plan::Plan, run::play, score::score};

    fn trace(seed: u64, load: f64) -> Trace {
        let plan = Plan { load, storm: 0.2, steps: 20, ..Plan::default() };
        play(seed, Shape::SERVER, &Hidden::new(seed, 2, Options::default()), &plan)
    }

    fn total(estimate: &Estimate) -> f64 {
        estimate.values().sum()
    }

    #[test]
    fn kepler_is_scaphandre() {
        for seed in 0..4 {
            let trace = trace(seed, 0.4);
            let (kepler, scaphandre) = (kepler(&trace, 3), scaphandre(&trace, 3));
            assert_eq!(kepler.len(), scaphandre.len());
            for (name, energy) in &kepler {
                assert!((energy / scaphandre[name] - 1.0).abs() < 1e-9, "{name}");
            }
        }
    }

    #[test]
    fn a_share_of_busy_time_gives_away_all_that_was_counted() {
        for seed in 0..4 {
            let trace = trace(seed, 0.95);
            let counted: u64 = (0..20).flat_map(|step| trace.package_uj(step)).sum();
            assert!((total(&busy_share(&trace, 0)) / counted as f64 - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn who_knows_the_model_is_nearly_right() {
        let quiet = Options { activation: false, noise: 0.0, ..Options::default() };
        // Within a step, activation and clocks go with who runs when; without them all is known
        // but the last millisecond of each step.
        for (options, turbo, most) in [(Options::default(), true, 0.03), (quiet, false, 0.002)] {
            for (seed, load) in [(1, 0.1), (2, 0.4), (3, 0.95)] {
                let hidden = Hidden::new(seed, 2, options);
                let plan = Plan { load, storm: 0.2, steps: 20, turbo, ..Plan::default() };
                let trace = play(seed, Shape::SERVER, &hidden, &plan);
                let score = score(&trace, 0, &informed(&trace, &hidden, 0)).unwrap();
                println!("{load}: {:.4}, {} {:.4}", score.mape, score.worst, score.max);
                assert!(score.mape < most, "{load}: {score:?}");
            }
        }
    }

    #[test]
    fn with_the_static_part_known_the_sum_is_right() {
        let trace = trace(2, 0.4);
        let truth: f64 = trace.true_uj(0).values().sum();
        assert!((total(&static_split(&trace, 0)) / truth - 1.0).abs() < 0.01);
    }
}
