//! Rows that were added up (a job, a user, a container) as data and as lines.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    figure::{self, Units, printable},
    record::Figures,
    text,
};
use crate::{
    frame::Share,
    group::{Group, Grouping, groups},
    ledger::Tick,
};

/// Cells of a label; JSON has all of it.
const LONGEST_LABEL: usize = 80;

/// A group in one interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRecord {
    /// What tells it apart; empty for whoever is in none.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Processes that ran or ended.
    pub processes: usize,
    /// What they used together.
    #[serde(flatten)]
    pub figures: Figures,
}

impl GroupRecord {
    /// The groups of an interval; none where processes stand for themselves.
    pub fn all(tick: &Tick, by: Grouping) -> Vec<Self> {
        if by == Grouping::Process {
            return Vec::new();
        }
        let Tick { frame, intensity, placed, .. } = tick;
        let groups = groups(frame, placed, by).into_iter();
        let record = |Group { key, processes, share }: Group| Self {
            id: key.id,
            label: key.label,
            processes,
            figures: Figures::of(&share, frame.interval, intensity),
        };
        groups.map(record).collect()
    }
}

/// The groups of an interval and the rows that are no processes, by power; together they are
/// the total.
pub fn table(tick: &Tick, by: Grouping) -> String {
    let Tick { frame, intensity, placed, .. } = tick;
    let mut rows: Vec<(String, String, Share)> = groups(frame, placed, by)
        .into_iter()
        .map(|group| (group.processes.to_string(), group.key.label, group.share))
        .collect();
    for (name, share) in frame.other_rows() {
        if let Some(share) = share {
            let name = if name == "self" { "jouletop" } else { name };
            rows.push((String::new(), format!("({name})"), *share));
        }
    }
    let energy = |share: &Share| share.energy.total().unwrap_or_default();
    rows.sort_by(|a, b| energy(&b.2).cmp(&energy(&a.2)).then_with(|| a.1.cmp(&b.1)));
    let by = by.as_str().to_uppercase();
    let mut table =
        format!("\n{:>9} {:>7} {:>7} {:>7} {:>6} {by}\n", "PROCESSES", "W", "J", "gCO2e", "CPU%");
    let mark = frame.row_quality().mark();
    let marked = |number: String| {
        if number == figure::ABSENT { number } else { format!("{mark}{number}") }
    };
    for (processes, label, share) in rows {
        let figures = Figures::of(&share, frame.interval, intensity);
        let energy = share.energy.total();
        let watts = energy.and_then(|energy| energy.over(frame.interval));
        let percent = figures.cpu_seconds / frame.interval.as_secs_f64() * 100.0;
        let percent = if percent.is_finite() { percent } else { 0.0 };
        let _ = writeln!(
            table,
            "{processes:>9} {:>7} {:>7} {:>7} {percent:>6.1} {}",
            marked(Units::Joules.power(watts)),
            marked(Units::Joules.energy(energy)),
            marked(figure::grams(energy.map(|energy| intensity.grams(energy)))),
            text::cut(&printable(&label), LONGEST_LABEL),
        );
    }
    table
}
