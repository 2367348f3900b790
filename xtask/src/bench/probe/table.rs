//! Programs by loads: medians, how far they spread, and what is added to the empty program.

use std::fmt::Write as _;

use super::sample::Samples;
use crate::bench::{programs::all, spread::Spread, switches::Load};

/// What one load gave.
pub struct Column {
    load: Load,
    /// By program.
    costs: Vec<Spread>,
    samples: Samples,
}

impl Column {
    pub fn new(load: Load, costs: &[Vec<f64>], samples: Samples) -> Self {
        let costs = costs.iter().filter_map(|costs| Spread::of(costs)).collect();
        Self { load, costs, samples }
    }
}

/// The table, without a last line's end.
pub fn of(columns: &[Column]) -> String {
    let mut lines = vec![
        line("processes that live", columns, |column| column.load.live.to_string()),
        line("  that take turns", columns, |column| column.load.hot.to_string()),
        line("  threads of each", columns, |column| column.load.threads.to_string()),
    ];
    lines.push("ns a switch, median (two clock reads of the statistics included)".into());
    lines.extend(rows(0, columns, |column, row| format!("{:.1}", column.costs[row].median)));
    lines.push("ns a switch, least .. most".into());
    lines.extend(rows(0, columns, |column, row| {
        format!("{:.0} .. {:.0}", column.costs[row].least, column.costs[row].most)
    }));
    lines.push("(program - empty) / (clock - empty), of the medians".into());
    lines.extend(rows(2, columns, |column, row| format!("{:.2}", added(column, row))));
    lines.push("ms a sample when everybody has run since the last, median".into());
    let ms = |spread: Spread| format!("{:.2}", spread.median * 1e3);
    lines.push(line("jouletop's reader, all it does", columns, |c| ms(c.samples.reader)));
    lines.push(line("rejected: iterator, kernel only", columns, |c| ms(c.samples.iterator)));
    lines.join("\n")
}

/// What does not depend on the load: what a migration costs the design that records them.
pub fn foot(migrations: Option<Spread>) -> String {
    let mut lines = vec![match migrations {
        Some(Spread { least, median, most }) => format!(
            "the iterator's record of a migration: {median:.0} ns ({least:.0} .. {most:.0}); the \
             loads above are bound to one CPU, so that none of theirs migrates"
        ),
        None => "no migrations to measure: there is one CPU".into(),
    }];
    if cfg!(debug_assertions) {
        lines.push(
            "samples were taken by an unoptimised reader; for its time: cargo run --release \
             --package xtask -- bench probe"
                .into(),
        );
    }
    lines.join("\n")
}

/// A line for each program from the given row on.
fn rows(
    first: usize,
    columns: &[Column],
    cell: impl Fn(&Column, usize) -> String,
) -> impl Iterator<Item = String> {
    let programs = all().enumerate().skip(first);
    programs.map(move |(row, program)| line(program.label, columns, |column| cell(column, row)))
}

fn line(label: &str, columns: &[Column], cell: impl Fn(&Column) -> String) -> String {
    let mut line = format!("{label:<34}");
    for column in columns {
        // Writing to a string does not fail.
        let _ = write!(line, "{:>13}", cell(column));
    }
    line
}

/// What a program adds to the empty one, as a share of what the clock reader adds.
fn added(column: &Column, row: usize) -> f64 {
    let [empty, clock, program] = [0, 1, row].map(|row| column.costs[row].median);
    (program - empty) / (clock - empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::programs::PROBE;

    #[test]
    fn a_program_between_the_yardsticks_adds_a_part() {
        let load = Load { live: 10_000, hot: 2, threads: 1 };
        let mut costs = vec![vec![60.0, 70.0, 900.0]; all().count()];
        (costs[0], costs[1]) = (vec![50.0], vec![130.0]);
        let spread = Spread { least: 0.001, median: 0.002, most: 0.003 };
        let samples = Samples { reader: spread, iterator: spread };
        let table = of(&[Column::new(load, &costs, samples)]);
        let line = |end: &str| {
            let fits = |line: &&str| line.starts_with(PROBE) && line.ends_with(end);
            table.lines().filter(fits).count()
        };
        assert_eq!([line(" 60 .. 900"), line(" 0.25")], [1, 1], "{table}");
        assert!(table.ends_with("2.00"), "{table}");
    }
}
