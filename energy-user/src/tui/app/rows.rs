//! Which rows the table shows, and in which order.
//!
//! Filter, then fold, then sort. Folding loses nothing: what has no row of its own
//! is in the row that says so.

use std::{sync::Arc, time::Duration};

use super::books::{Books, Pace};
use crate::{
    frame::Quality,
    ledger::{OnGpus, Row, RowKey},
    sample::Identity,
    tui::column::{Column, pid},
    units::{GramsCo2e, Watts},
};

/// Order and folding.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arrangement {
    pub column: Column,
    pub reverse: bool,
    pub fold_ended: bool,
}

impl Arrangement {
    /// Sorts by a column in its natural order.
    pub fn sort(&mut self, column: Column) {
        self.column = column;
        self.reverse = false;
    }

    /// Sorts by the neighbour; the outermost ones have none.
    pub fn shift(&mut self, right: bool, gpus: bool) {
        let all: Vec<Column> = Column::all(gpus).collect();
        let here = all.iter().position(|column| *column == self.column).unwrap_or(0);
        let next = if right { here + 1 } else { here.wrapping_sub(1) };
        if let Some(column) = all.get(next) {
            self.sort(*column);
        }
    }

    /// The rows of the table.
    pub fn arrange(self, books: &Books, filter: &str) -> Vec<Row> {
        let filter = filter.to_lowercase();
        let matching = || books.rows.iter().filter(|row| matches(row, &filter));
        let shown = |row: &&Row| !(self.fold_ended && row.ended);
        let ended: Vec<Row> = matching().filter(|row| !shown(row)).cloned().collect();
        let folded =
            (!ended.is_empty()).then(|| sum(RowKey::Folded, "(ended)", &ended, books.interval()));
        // Each row's pace is looked up once, and rows are not moved while they are sorted.
        let rows = matching().filter(shown).chain(&folded);
        let mut rows: Vec<(&Row, Pace)> = rows.map(|row| (row, books.pace(row.key))).collect();
        rows.sort_unstable_by(|&a, &b| {
            // Where power is not known, whoever works most is of most interest, and of
            // those that rest, whoever has used most.
            self.column
                .order(self.reverse, a, b)
                .then_with(|| Column::Cpu.order(false, a, b))
                .then_with(|| Column::Joules.order(false, a, b))
                .then_with(|| a.0.key.cmp(&b.0.key))
        });
        rows.into_iter().map(|(row, _)| row.clone()).collect()
    }
}

/// Rows as one. Their power is summed in whole microjoules, as the header's is.
pub(super) fn sum(key: RowKey, name: &str, rows: &[Row], interval: Duration) -> Row {
    let watts = rows.iter().filter_map(|row| row.watts).map(|watts| watts.0).reduce(|a, b| a + b);
    let grams = rows.iter().filter_map(|row| row.grams).map(|grams| grams.0).reduce(|a, b| a + b);
    Row {
        key,
        identity: Arc::new(Identity { name: name.into(), ..Identity::default() }),
        ended: rows.iter().all(|row| row.ended),
        watts: watts.and_then(|watts| Watts(watts).during(interval).over(interval)),
        // The sum of no floats is -0.
        cpu_percent: rows.iter().fold(0.0, |sum, row| sum + row.cpu_percent),
        energy: rows.iter().filter_map(|row| row.energy).reduce(|a, b| a + b),
        grams: grams.map(GramsCo2e),
        cpu_time: rows.iter().map(|row| row.cpu_time).sum(),
        gpu: on_gpus(rows, interval),
        quality: rows.iter().map(|row| row.quality).max().unwrap_or(Quality::Absent),
    }
}

/// What rows have on GPUs, as one.
fn on_gpus(rows: &[Row], interval: Duration) -> OnGpus {
    let all = || rows.iter().map(|row| row.gpu);
    let watts = all().filter_map(|gpu| gpu.watts).map(|watts| watts.0).reduce(|a, b| a + b);
    OnGpus {
        seats: all().map(|gpu| gpu.seats).sum(),
        watts: watts.and_then(|watts| Watts(watts).during(interval).over(interval)),
        energy: all().filter_map(|gpu| gpu.energy).reduce(|a, b| a + b),
        percent: all().filter_map(|gpu| gpu.percent).reduce(|a, b| a + b),
        memory: all().filter_map(|gpu| gpu.memory).reduce(u64::saturating_add),
        // Rows say so themselves, and what has ended holds nothing.
        held_idle: false,
    }
}

/// Whether the text is in what one can see or know of a row.
fn matches(row: &Row, filter: &str) -> bool {
    let Identity { name, cmdline, user, .. } = &*row.identity;
    let within = |text: &str| text.to_lowercase().contains(filter);
    filter.is_empty()
        || within(name)
        || cmdline.as_deref().is_some_and(within)
        || user.as_deref().is_some_and(within)
        || pid(row).is_some_and(|pid| within(&pid.to_string()))
}
