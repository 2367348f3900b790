//! Rows that were added up (a job, a user, a container) as data and as lines.

use std::{collections::HashMap, fmt::Write as _};

use serde::Serialize;

use super::{
    figure::{self, Units, printable},
    record::Figures,
    text,
};
use crate::{
    frame::Share,
    group::{Group, Grouping, Key, groups, totals::Totals},
    ledger::{Sum, Tick},
    units::Microjoules,
};

/// Cells of a label; JSON has all of it.
const LONGEST_LABEL: usize = 80;

/// What was used since the start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sums {
    /// Energy; null where no meter counted.
    pub energy_joules: Option<f64>,
    /// Emissions, each interval at its own intensity.
    pub co2e_grams: Option<f64>,
    /// Time on a CPU.
    pub cpu_seconds: f64,
}

impl Sums {
    /// A sum, in figures. Who was there only while no meter counted has no energy, not zero.
    fn of(sum: &Sum) -> Self {
        let energy = sum.share.energy.total();
        Self {
            energy_joules: energy.map(Microjoules::joules),
            co2e_grams: energy.map(|_| sum.grams.0),
            cpu_seconds: sum.share.cpu_time.as_secs_f64(),
        }
    }
}

/// The machine since the start of the stream, and all groups together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SinceStart {
    /// Time accounted for.
    pub elapsed_seconds: f64,
    /// The machine.
    #[serde(flatten)]
    pub whole: Sums,
    /// All groups; the difference is in the rows that are no processes.
    pub groups: Sums,
}

impl SinceStart {
    /// In figures.
    pub fn of(totals: &Totals) -> Self {
        // Nobody at all, while meters counted, is zero.
        let energy = totals.whole().share.energy.zeroed();
        let mut groups = Sum { share: Share { energy, ..Share::default() }, ..Sum::default() };
        for (_, sum) in totals.rows() {
            groups.merge(sum);
        }
        Self {
            elapsed_seconds: totals.elapsed().as_secs_f64(),
            whole: Sums::of(totals.whole()),
            groups: Sums::of(&groups),
        }
    }
}

/// A group in one interval, and since the start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRecord {
    /// What tells it apart; empty for whoever is in none.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Processes that ran or ended in the interval.
    pub processes: usize,
    /// What they used together in the interval.
    #[serde(flatten)]
    pub figures: Figures,
    /// What the group used since the start, ended processes included.
    pub since_start: Sums,
}

/// A group's interval beside its sum.
struct Line<'a> {
    key: Key,
    /// One, or those that are not kept apart.
    groups: usize,
    processes: usize,
    share: Share,
    sum: &'a Sum,
}

/// Every group there was since the start; one that did nothing in this interval has zero. They
/// have all that the processes of the interval have: what is not kept apart any more is in the
/// last.
fn lines<'a>(tick: &Tick, totals: &'a Totals, by: Grouping) -> Vec<Line<'a>> {
    let Tick { frame, placed, .. } = tick;
    let mut now: HashMap<String, Group> =
        groups(frame, placed, by).into_iter().map(|group| (group.key.id.clone(), group)).collect();
    let zero = Share { energy: frame.total.zeroed(), ..Share::default() };
    let line = |(key, sum): (Key, &'a Sum)| {
        let group = now.remove(&key.id);
        let (processes, share) = group.map_or((0, zero), |group| (group.processes, group.share));
        let groups = if key.is_others() { totals.folded() } else { 1 };
        Line { key, groups, processes, share, sum }
    };
    let mut lines: Vec<_> = totals.rows().map(line).collect();
    if let Some(others) = lines.last_mut().filter(|line| line.key.is_others()) {
        for group in now.into_values() {
            others.processes += group.processes;
            others.share.add(&group.share);
        }
    }
    lines
}

impl GroupRecord {
    /// The groups; none where processes stand for themselves.
    pub fn all(tick: &Tick, totals: &Totals, by: Grouping) -> Vec<Self> {
        if by == Grouping::Process {
            return Vec::new();
        }
        let Tick { frame, intensity, .. } = tick;
        let record = |Line { key, processes, share, sum, .. }: Line| Self {
            id: key.id,
            label: key.label,
            processes,
            figures: Figures::of(&share, frame.interval, intensity),
            since_start: Sums::of(sum),
        };
        lines(tick, totals, by).into_iter().map(record).collect()
    }
}

/// The groups of an interval and the rows that are no processes, by power; together they are
/// the total. Those that did nothing are one row; `SUM J` is since the start, where that is
/// longer than the interval.
pub fn table(tick: &Tick, totals: &Totals, by: Grouping) -> String {
    let Tick { frame, intensity, .. } = tick;
    let mut rows: Vec<(String, String, Share, Sum)> = Vec::new();
    let mut quiet = (0_usize, Sum::default());
    for Line { key, groups, processes, share, sum } in lines(tick, totals, by) {
        if processes == 0 {
            quiet.0 += groups;
            quiet.1.merge(sum);
        } else {
            rows.push((processes.to_string(), key.label, share, *sum));
        }
    }
    let zero = Share { energy: frame.total.zeroed(), ..Share::default() };
    if quiet.0 > 0 {
        rows.push((0.to_string(), format!("({} more that did nothing)", quiet.0), zero, quiet.1));
    }
    for ((name, share), sum) in frame.other_rows().into_iter().zip(totals.other_rows()) {
        if let Some(share) = share {
            let name = if name == "self" { "jouletop" } else { name };
            rows.push((String::new(), format!("({name})"), *share, *sum));
        }
    }
    let energy = |share: &Share| share.energy.total().unwrap_or_default();
    rows.sort_by(|a, b| energy(&b.2).cmp(&energy(&a.2)).then_with(|| a.1.cmp(&b.1)));
    let by = by.as_str().to_uppercase();
    let longer = totals.elapsed() > frame.interval;
    let title = if longer { format!(" {:>7}", "SUM J") } else { String::new() };
    let mut table = format!(
        "\n{:>9} {:>7} {:>7}{title} {:>7} {:>6} {by}\n",
        "PROCESSES", "W", "J", "gCO2e", "CPU%"
    );
    let mark = frame.row_quality().mark();
    let marked = |number: String| {
        if number == figure::ABSENT { number } else { format!("{mark}{number}") }
    };
    for (processes, label, share, sum) in rows {
        let figures = Figures::of(&share, frame.interval, intensity);
        let energy = share.energy.total();
        let watts = energy.and_then(|energy| energy.over(frame.interval));
        let percent = figures.cpu_seconds / frame.interval.as_secs_f64() * 100.0;
        let percent = if percent.is_finite() { percent } else { 0.0 };
        let sum = marked(Units::Joules.energy(sum.share.energy.total()));
        let sum = if longer { format!(" {sum:>7}") } else { String::new() };
        let _ = writeln!(
            table,
            "{processes:>9} {:>7} {:>7}{sum} {:>7} {percent:>6.1} {}",
            marked(Units::Joules.power(watts)),
            marked(Units::Joules.energy(energy)),
            marked(figure::grams(energy.map(|energy| intensity.grams(energy)))),
            text::cut(&printable(&label), LONGEST_LABEL),
        );
    }
    table
}

#[cfg(test)]
mod tests;
