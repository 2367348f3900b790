//! The tree of a process: who began it, and what hangs on it; or its threads.

use rustc_hash::FxHashMap;

use super::{Body, Entry, Section, Stress, Subject, head::id};
use crate::{
    frame::ThreadFrame,
    ledger::{Row, RowKey},
    present::{
        columns::Line,
        figure::{self, printable},
    },
    sample::ProcessId,
    tui::{
        app::{
            forest::{DEEPEST, above},
            shown,
        },
        life,
    },
};

/// Children that have a line of their own.
const MOST: usize = 8;
/// The same of threads.
const MOST_THREADS: usize = 20;

impl Subject<'_> {
    /// Parents up to the root that is known, itself, and its children by power.
    pub(super) fn tree(&self) -> Option<Section> {
        let rows = &self.books.rows;
        let own = id(self.row)?;
        let places: FxHashMap<ProcessId, usize> =
            rows.iter().enumerate().filter_map(|(at, row)| Some((id(row)?, at))).collect();
        let mut below: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for (at, row) in rows.iter().enumerate() {
            if let Some(parent) = above(row, &places) {
                below.entry(parent).or_default().push(at);
            }
        }
        let here = *places.get(&own)?;
        let mut line = Vec::new();
        let mut at = here;
        while let Some(parent) = above(&rows[at], &places).filter(|_| line.len() < DEEPEST) {
            line.push(parent);
            at = parent;
        }
        let mut children: Vec<&Row> =
            below.get(&here).into_iter().flatten().map(|at| &rows[*at]).collect();
        if line.is_empty() && children.is_empty() {
            return None;
        }
        by_power(&mut children);
        let depth = line.len();
        let ancestors = line.iter().rev().enumerate();
        let mut entries: Vec<Entry> = ancestors
            .map(|(level, at)| self.entry(&rows[*at], &twig(level), Stress::Plain))
            .collect();
        entries.push(self.entry(self.row, &twig(depth), Stress::Strong));
        let few = few(children.len(), MOST);
        let drawn = twig(depth + 1);
        entries
            .extend(children[..few].iter().map(|child| self.entry(child, &drawn, Stress::Plain)));
        if few < children.len() {
            let rest = self.sum(&children[few..]);
            let name = format!("{drawn}and {} more", children.len() - few);
            entries.push(self.entry(&named(rest, name), "", Stress::Dim));
        }
        if !children.is_empty() {
            let all: Vec<&Row> = descendants(here, &below).iter().map(|at| &rows[*at]).collect();
            let name = match all.len() - 1 {
                1 => "with the one below it".into(),
                below => format!("with all {below} below it"),
            };
            entries.push(self.entry(&named(self.sum(&all), name), "", Stress::Strong));
        }
        Some(Section { title: "Its tree".into(), body: Body::Entries(entries) })
    }

    /// The threads of its process that ran in the last interval, by power; they are the process.
    pub(super) fn threads(&self) -> Option<Section> {
        let process = self.process().filter(|process| !process.threads.is_empty())?;
        let mut threads: Vec<&ThreadFrame> = process.threads.iter().collect();
        let energy = |thread: &ThreadFrame| thread.share.energy.total().unwrap_or_default();
        threads.sort_by_key(|one| (std::cmp::Reverse(energy(one)), one.id));
        let interval = self.frame().interval;
        let metered = process.share.energy.total();
        let power = |energy| {
            self.power(metered.and_then(|_| crate::units::Microjoules::over(energy, interval)))
        };
        let entry = |energy, name: String, stress| Entry {
            watts: power(energy),
            energy: String::new(),
            name,
            stress,
        };
        let few = few(threads.len(), MOST_THREADS);
        let mut entries: Vec<Entry> = threads[..few]
            .iter()
            .map(|thread| {
                let own = self.row.key == RowKey::Process(thread.id);
                let stress = if own { Stress::Strong } else { Stress::Plain };
                let name = printable(&format!("{} {}", thread.name, thread.id.pid));
                entry(energy(thread), name, stress)
            })
            .collect();
        if few < threads.len() {
            let rest = threads[few..].iter().map(|thread| energy(thread)).sum();
            let name = format!("and {} more", threads.len() - few);
            entries.push(entry(rest, name, Stress::Dim));
        }
        let whole = process.share.energy.total().unwrap_or_default();
        let name = format!("{} (pid {})", process.identity.name, process.id.pid);
        entries.push(entry(whole, printable(&name), Stress::Strong));
        let title = "The threads of its process that ran in the last interval".into();
        Some(Section { title, body: Body::Entries(entries) })
    }

    /// The threads of a process by their CPU time, where they have no rows with power.
    pub(super) fn busiest(&self) -> Option<Section> {
        let apart = self.process().is_some_and(|process| !process.threads.is_empty());
        let threads = self.threads.filter(|threads| threads.all > 1 && !apart)?;
        let mut lines: Vec<Line> = threads
            .busiest
            .iter()
            .map(|thread| {
                let name = printable(&format!("{} {}", thread.name, thread.id));
                Line::new(name, figure::duration(thread.ran), life::word(thread.state))
            })
            .collect();
        let rest = threads.all.saturating_sub(lines.len());
        if lines.is_empty() {
            let words = format!("{rest} threads are too many to be read at each picture.");
            lines.push(Line::words(words));
        } else if rest > 0 {
            lines.push(Line::words(format!("and {rest} more")));
        }
        Section::of_lines("Its threads, by their CPU time since they began", lines)
    }

    /// Rows as one, which is what the table makes of them.
    pub(super) fn sum(&self, rows: &[&Row]) -> Row {
        shown::sum(RowKey::Folded, "", rows, self.books.interval())
    }
}

/// Largest power first; of those without, largest energy.
pub(super) fn by_power(rows: &mut [&Row]) {
    rows.sort_by(|a, b| {
        let watts = |row: &Row| row.watts.map_or(0.0, |watts| watts.0);
        let order = watts(b).total_cmp(&watts(a)).then_with(|| b.energy.cmp(&a.energy));
        order.then_with(|| a.key.cmp(&b.key))
    });
}

/// How many of them have lines: one more than the most needs no line that sums it up.
pub(super) fn few(all: usize, most: usize) -> usize {
    if all > most + 1 { most } else { all }
}

/// A sum under its name; that all of it has ended needs no words.
pub(super) fn named(mut row: Row, name: String) -> Row {
    row.identity = std::sync::Arc::new(crate::sample::Identity { name, ..Default::default() });
    row.ended = false;
    row
}

/// What a row of a tree hangs on.
fn twig(level: usize) -> String {
    match level {
        0 => String::new(),
        level => format!("{}└─ ", "  ".repeat(level - 1)),
    }
}

/// A row and all below it.
fn descendants(root: usize, below: &FxHashMap<usize, Vec<usize>>) -> Vec<usize> {
    let mut all = vec![root];
    let mut next = 0;
    while let Some(at) = all.get(next) {
        all.extend(below.get(at).into_iter().flatten());
        next += 1;
    }
    all
}
