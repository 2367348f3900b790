//! Programs by loads: medians, how far they spread, and what is added to the empty program.

use std::fmt::Write as _;

use crate::bench::{programs::PROGRAMS, spread::Spread, switches::Load};

/// What one load gave.
pub struct Column {
    load: Load,
    /// By program.
    costs: Vec<Spread>,
}

impl Column {
    pub fn new(load: Load, costs: &[Vec<f64>]) -> Self {
        Self { load, costs: costs.iter().filter_map(|costs| Spread::of(costs)).collect() }
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
    for (row, program) in PROGRAMS.iter().enumerate() {
        lines.push(line(program.label, columns, |column| {
            format!("{:.1}", column.costs[row].median)
        }));
    }
    lines.push("ns a switch, least .. most".into());
    for (row, program) in PROGRAMS.iter().enumerate() {
        lines.push(line(program.label, columns, |column| {
            format!("{:.0} .. {:.0}", column.costs[row].least, column.costs[row].most)
        }));
    }
    lines.push("(program - empty) / (clock - empty), of the medians".into());
    for (row, program) in PROGRAMS.iter().enumerate().skip(2) {
        lines.push(line(program.label, columns, |column| format!("{:.2}", added(column, row))));
    }
    lines.join("\n")
}

fn line(label: &str, columns: &[Column], cell: impl Fn(&Column) -> String) -> String {
    let mut line = format!("{label:<28}");
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

    #[test]
    fn a_program_between_the_yardsticks_adds_a_part() {
        let load = Load { live: 10_000, hot: 2, threads: 1 };
        let column = Column::new(load, &[vec![50.0], vec![130.0], vec![60.0, 70.0, 900.0]]);
        let table = of(&[column]);
        assert!(table.contains("60 .. 900"), "{table}");
        assert!(table.ends_with("0.25"), "{table}");
    }
}
