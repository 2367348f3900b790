//! `accuracy`: how near the rules of the field, and jouletop's, come to a known truth.
//!
//! A simulated machine, whose every watt is known, plays a schedule; each rule sees what a tool
//! can see of it, and is held against what each program really drew. What a figure proves is
//! that a known model is recovered under its assumptions, never accuracy on hardware.

mod adapter;
mod case;
mod rule;

use std::time::Duration;

use anyhow::ensure;
use case::Case;
use clap::{Args, value_parser};
use rule::Rule;

#[derive(Args)]
pub struct Task {
    /// Machines that are drawn for each case; figures are means over them
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u64).range(1..))]
    seeds: u64,
    /// Seconds of the simulated machine's time that are scored
    #[arg(long, default_value_t = 120, value_parser = value_parser!(u64).range(10..))]
    seconds: u64,
}

/// A figure that has to hold.
struct Promise {
    words: &'static str,
    rule: Rule,
    cases: fn(&Case) -> bool,
    /// The most, beside the error of another rule if one is named.
    most: f64,
    beside: Option<Rule>,
}

const PROMISES: [Promise; 4] = [
    Promise {
        words: "uniform intensity: at most 2 %",
        rule: Rule::Weighed,
        cases: |case| case.spread == 0.0,
        most: 0.02,
        beside: None,
    },
    Promise {
        // An intensity c within 30 % of one makes an error of |1/c - 1|, which is 15.7 % in the
        // mean: no rule that does not know c can promise less.
        words: "+-30 % intensity, not learned: half a point above who knows all else",
        rule: Rule::Weighed,
        cases: |case| case.spread > 0.0,
        most: 0.005,
        beside: Some(Rule::Blind),
    },
    Promise {
        words: "+-30 % intensity, learned from 120 s of varying load: at most 8 %",
        rule: Rule::Intensity,
        cases: |case| case.spread > 0.0 && case.varying,
        most: 0.08,
        beside: None,
    },
    Promise {
        words: "uniform intensity: --learn does no harm above one point",
        rule: Rule::Intensity,
        cases: |case| case.spread == 0.0,
        most: 0.01,
        beside: Some(Rule::Weighed),
    },
];

/// Prints the table; fails if a promise is not kept.
pub fn run(task: &Task) -> anyhow::Result<()> {
    println!(
        "Recovery of a known model, not accuracy on hardware: mean absolute error of a program's\n\
         dynamic package energy, per cent, on a simulated machine whose hidden parameters differ\n\
         from jouletop's assumptions; {} machines a case, {} s each after {} s of watching.\n",
        task.seeds,
        task.seconds,
        rule::LEARNING.as_secs()
    );
    let cases = case::all();
    print!("{:<51}", "");
    for rule in Rule::ALL {
        print!(" {:>9}", rule.title());
    }
    println!();
    let mut broken = Vec::new();
    for case in &cases {
        let errors = mean(case, task)?;
        print!("{:<51}", case.title());
        for error in &errors {
            print!(" {:>9.1}", error * 100.0);
        }
        println!();
        for promise in PROMISES.iter().filter(|promise| (promise.cases)(case)) {
            let of = |rule: Rule| {
                let index = Rule::ALL.iter().position(|other| *other == rule);
                index.map_or(f64::NAN, |index| errors[index])
            };
            let found = of(promise.rule);
            let most = promise.most + promise.beside.map_or(0.0, of);
            // An error that is not a number keeps no promise.
            if found.partial_cmp(&most) != Some(std::cmp::Ordering::Less) {
                broken.push(format!(
                    "{}: {:.2} % ({})",
                    case.title(),
                    found * 100.0,
                    promise.words
                ));
            }
        }
    }
    println!();
    for rule in Rule::ALL {
        println!("{:<9}  {}", rule.title(), rule.words());
    }
    ensure!(broken.is_empty(), "promises that were not kept:\n{}", broken.join("\n"));
    Ok(())
}

/// The mean error of every rule over the machines of a case.
fn mean(case: &Case, task: &Task) -> anyhow::Result<Vec<f64>> {
    let mut sums = vec![0.0; Rule::ALL.len()];
    for seed in 0..task.seeds {
        let (trace, hidden) = case.play(seed, rule::LEARNING + Duration::from_secs(task.seconds));
        let floors = rule::calibrate(&case.rest(seed, &hidden))?;
        for (sum, rule) in sums.iter_mut().zip(Rule::ALL) {
            *sum += rule.error(&trace, &hidden, &floors)?;
        }
    }
    Ok(sums.into_iter().map(|sum| sum / task.seeds as f64).collect())
}
