//! Times by side, what they are of the time with nothing attached, and the promise.
//!
//! Wall time is what a user feels, but neighbours bend it; CPU time hardly, but it
//! holds perf's start as well. So both are printed, and both must keep the promise.

use super::perf::Run;
use crate::bench::{programs::PROBE, spread::Spread};

/// The most that the probe may slow down the run.
const PROMISED: f64 = 0.05;

/// The table, and below it the promise. The first side is that with nothing attached.
pub fn of(labels: &[&str], runs: &[Vec<Run>]) -> String {
    let walls = spreads(runs, |run| run.wall);
    let cpus = spreads(runs, |run| run.cpu);
    let mut lines = vec![format!(
        "{:<34}{:>26}{:>9}{:>28}{:>9}",
        "attached", "wall ms, median", "slower", "perf's CPU ms, median", "slower"
    )];
    for (index, label) in labels.iter().enumerate() {
        let columns = [&walls, &cpus].map(|spreads| {
            let Spread { least, median, most } = spreads[index];
            let [least, median, most] = [least, median, most].map(|seconds| seconds * 1e3);
            let slower = slowdown(spreads, index) * 1e2;
            format!("{:>26}{slower:>7.1} %", format!("{median:.1} ({least:.0} .. {most:.0})"))
        });
        lines.push(format!("{label:<34}{}  {}", columns[0], columns[1]));
    }
    let place = |wanted| labels.iter().position(|label| *label == wanted);
    if let (Some(ours), Some(theirs)) = (place(PROBE), place("bpftrace")) {
        for (by, spreads) in [("wall", &walls), ("CPU", &cpus)] {
            lines.push(promise(by, slowdown(spreads, ours), slowdown(spreads, theirs)));
        }
    }
    lines.join("\n")
}

fn spreads(runs: &[Vec<Run>], time: impl Fn(&Run) -> f64) -> Vec<Spread> {
    let series = runs.iter().map(|runs| runs.iter().map(&time).collect::<Vec<_>>());
    series.filter_map(|series| Spread::of(&series)).collect()
}

/// By which part a side is slower than the first, by their medians.
fn slowdown(spreads: &[Spread], index: usize) -> f64 {
    spreads[index].median / spreads[0].median - 1.0
}

fn promise(by: &str, ours: f64, theirs: f64) -> String {
    let kept = if ours < PROMISED && ours < theirs { "kept" } else { "NOT kept" };
    format!(
        "by {by} time, less than {:.0} % and less than bpftrace: {kept} ({:.1} % and {:.1} %)",
        PROMISED * 1e2,
        ours * 1e2,
        theirs * 1e2
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_times(ours: f64, theirs: f64) -> String {
        let run = |wall| vec![Run { wall, cpu: wall * 1.1, process: 1 }];
        of(&["nothing", PROBE, "bpftrace"], &[run(0.5), run(ours), run(theirs)])
    }

    #[test]
    fn the_promise_is_both_less_than_5_percent_and_less_than_bpftrace() {
        for (ours, theirs, kept) in [(0.52, 0.6, 2), (0.53, 0.6, 0), (0.52, 0.51, 0)] {
            let table = of_times(ours, theirs);
            assert_eq!(table.matches(": kept").count(), kept, "{table}");
        }
    }
}
