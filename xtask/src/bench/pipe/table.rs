//! Times by side, how much slower than bare they are, and the promise.
//!
//! Wall time is what a user feels, but neighbours bend it; CPU time less, but it holds
//! perf's start as well. Medians of pairs are the figure; the least times, of the
//! quietest moments, are a second opinion. The promise is held to both times.

use super::{Pair, perf::Run};
use crate::bench::{programs::PROBE, spread::Spread};

/// The most that the probe may slow down the run.
const PROMISED: f64 = 0.05;

/// A time of a run, by its name.
type Time = fn(&Run) -> f64;

const TIMES: [(&str, Time); 2] = [("wall", |run| run.wall), ("CPU", |run| run.cpu)];

/// What a side took, in seconds, and by which part it was slower.
struct Cost {
    time: Spread,
    /// Of each pair.
    slower: Spread,
    /// The least of these runs against the least bare run of all.
    slower_at_best: f64,
}

/// The table, and below it the promise.
pub fn of(labels: &[&str], pairs: &[Vec<Pair>]) -> String {
    let mut lines = Vec::new();
    let mut promises = Vec::new();
    for (name, time) in TIMES {
        let costs = costs(pairs, time);
        lines.push(format!(
            "{:<34}{:>26}{:>30}{:>16}",
            format!("{name} time of perf"),
            "ms, median (least .. most)",
            "slower by, median of pairs",
            "least by least"
        ));
        lines.extend(labels.iter().zip(&costs).map(|(label, cost)| line(label, cost)));
        let slower = |wanted| {
            let index = labels.iter().position(|label| *label == wanted)?;
            Some(costs.get(index)?.slower.median)
        };
        if let (Some(ours), Some(theirs)) = (slower(PROBE), slower("bpftrace")) {
            promises.push(promise(name, ours, theirs));
        }
    }
    lines.extend(promises);
    lines.join("\n")
}

fn costs(pairs: &[Vec<Pair>], time: Time) -> Vec<Cost> {
    let bare = pairs.iter().flatten().map(|pair| time(&pair.bare)).fold(f64::INFINITY, f64::min);
    let cost = |pairs: &Vec<Pair>| {
        let times = pairs.iter().map(|pair| time(&pair.under)).collect::<Vec<_>>();
        let slower = pairs.iter().map(|pair| time(&pair.under) / time(&pair.bare) - 1.0);
        let time = Spread::of(&times)?;
        let slower = Spread::of(&slower.collect::<Vec<_>>())?;
        Some(Cost { time, slower, slower_at_best: time.least / bare - 1.0 })
    };
    pairs.iter().filter_map(cost).collect()
}

fn line(label: &str, cost: &Cost) -> String {
    let [least, median, most] =
        [cost.time.least, cost.time.median, cost.time.most].map(|seconds| seconds * 1e3);
    let [low, slower, high, at_best] =
        [cost.slower.least, cost.slower.median, cost.slower.most, cost.slower_at_best]
            .map(|part| part * 1e2);
    let time = format!("{median:.0} ({least:.0} .. {most:.0})");
    let slower = format!("{slower:.1} % ({low:.0} .. {high:.0})");
    format!("{label:<34}{time:>26}{slower:>30}{at_best:>14.1} %")
}

fn promise(name: &str, ours: f64, theirs: f64) -> String {
    let kept = if ours < PROMISED && ours < theirs { "kept" } else { "NOT kept" };
    format!(
        "by {name} time, less than {:.0} % and less than bpftrace: {kept} ({:.1} % and {:.1} %)",
        PROMISED * 1e2,
        ours * 1e2,
        theirs * 1e2
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(times: &[(f64, f64)]) -> Vec<Pair> {
        let run = |wall| Run { wall, cpu: wall * 1.1, process: 1 };
        times.iter().map(|(bare, under)| Pair { bare: run(*bare), under: run(*under) }).collect()
    }

    #[test]
    fn the_promise_is_both_less_than_5_percent_and_less_than_bpftrace() {
        for (ours, theirs, kept) in [(0.52, 0.6, 2), (0.53, 0.6, 0), (0.52, 0.51, 0)] {
            let sides = [(0.5, 0.5), (0.5, ours), (0.5, theirs)].map(|pair| pairs(&[pair]));
            let table = of(&["nothing", PROBE, "bpftrace"], &sides);
            assert_eq!(table.matches(": kept").count(), kept, "{table}");
        }
    }

    #[test]
    fn a_neighbour_that_comes_and_goes_does_not_bend_a_pair() {
        let sides = [pairs(&[(1.0, 1.1), (2.0, 2.2), (4.0, 4.4)])];
        let cost = &costs(&sides, |run| run.wall)[0];
        assert!((cost.slower.median - 0.1).abs() < 1e-9);
        assert!((cost.slower_at_best - 0.1).abs() < 1e-9);
    }
}
