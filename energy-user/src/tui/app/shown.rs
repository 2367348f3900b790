//! A row as it stands in the table.

use std::{ops::Deref, sync::Arc, time::Duration};

use super::pace::Pace;
use crate::{
    frame::{Held, Quality},
    ledger::{OnGpus, Row, RowKey},
    sample::Identity,
    tui::life::Life,
    units::{GramsCo2e, Watts},
};

/// A row, how fast it goes, and where it hangs in the tree.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its figures.
    pub row: Row,
    /// Its pace.
    pub pace: Pace,
    /// In a tree: what it hangs on.
    pub twig: Option<Twig>,
    /// What its process is at, where that was read.
    pub life: Option<Life>,
}

/// The place of a row in a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Twig {
    /// For each level above, from the root on: whether more hangs there further below.
    pub above: Vec<bool>,
    /// Rows that hang on it and are not shown.
    pub hidden: usize,
    /// Something hangs on it.
    pub bears: bool,
}

impl Deref for Shown {
    type Target = Row;

    fn deref(&self) -> &Row {
        &self.row
    }
}

impl Shown {
    /// What is to be said where its process alone is meant; empty where nothing is folded below it.
    pub(super) fn alone(&self) -> String {
        match self.twig.as_ref().map_or(0, |twig| twig.hidden) {
            0 => String::new(),
            hidden => format!(", not the {hidden} folded below it"),
        }
    }

    /// Rows as one. Their power is summed in whole microjoules, as the header's is.
    pub fn sum<'a>(
        key: RowKey,
        name: &str,
        rows: impl Iterator<Item = &'a Self> + Clone,
        interval: Duration,
    ) -> Self {
        let pace = Pace::sum(rows.clone().map(|shown| shown.pace));
        let row = sum(key, name, &rows.map(|shown| &shown.row).collect::<Vec<_>>(), interval);
        Self { row, pace, twig: None, life: None }
    }
}

/// Rows as one, under a name.
pub(super) fn sum(key: RowKey, name: &str, rows: &[&Row], interval: Duration) -> Row {
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
        bought: rows.iter().filter_map(|row| row.bought).reduce(|a, b| a + b),
        cpu_time: rows.iter().map(|row| row.cpu_time).sum(),
        gpu: on_gpus(rows, interval),
        quality: rows.iter().map(|row| row.quality).max().unwrap_or(Quality::Absent),
        age: rows.iter().filter_map(|row| row.age).max(),
        members: rows.iter().map(|row| row.members).sum(),
        job: None,
        root: None,
    }
}

/// What rows have on GPUs, as one.
fn on_gpus(rows: &[&Row], interval: Duration) -> OnGpus {
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
        time: all().filter_map(|gpu| gpu.time).reduce(|a, b| a + b),
        held: Held {
            time: all().map(|gpu| gpu.held.time).sum(),
            energy: all().map(|gpu| gpu.held.energy).sum(),
        },
    }
}
