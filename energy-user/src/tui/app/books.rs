//! The ledger, with its rows and their pace, as of one tick.
//!
//! The pace is a smoothed power: the table sorts by it, so that rows hold still
//! while their numbers move. A pause keeps a copy of the books.

use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::ledger::{Ledger, Row, RowKey, Tick};

/// After so long, about two thirds of a change of power have come into the order.
const MEMORY: Duration = Duration::from_secs(5);

/// Smoothed figures of a row, to sort by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Power; none where no meter counted yet.
    pub watts: Option<f64>,
    /// Per cent of one CPU.
    pub cpu: f64,
    /// Power of GPUs; none where no meter of one counted yet.
    pub gpu_watts: Option<f64>,
    /// Per cent of one GPU; none where that was not told yet.
    pub gpu: Option<f64>,
}

impl Pace {
    /// A little closer to what the row does now. A gap changes nothing.
    fn towards(self, row: &Row, weight: f64) -> Self {
        let ease = |old: f64, new: f64| old + weight * (new - old);
        let known = |old: Option<f64>, new: Option<f64>| {
            new.map(|new| ease(old.unwrap_or(0.0), new)).or(old)
        };
        Self {
            watts: known(self.watts, row.watts.map(|watts| watts.0)),
            cpu: ease(self.cpu, row.cpu_percent),
            gpu_watts: known(self.gpu_watts, row.gpu.watts.map(|watts| watts.0)),
            // Who has left its GPU is no more compared to those on one.
            gpu: row.gpu.percent.map(|new| ease(self.gpu.unwrap_or(0.0), new)),
        }
    }
}

/// Ledger, rows and paces.
#[derive(Clone, Default)]
pub(super) struct Books {
    pub ledger: Ledger,
    pub rows: Vec<Row>,
    paces: FxHashMap<RowKey, Pace>,
    /// Time that the rows do not know of yet.
    since: Duration,
}

impl Books {
    /// Adds an interval.
    pub fn push(&mut self, tick: Tick) {
        self.since += tick.frame.interval;
        self.ledger.push(tick);
    }

    /// Brings the rows up to date: nobody needs them between two pictures.
    pub fn settle(&mut self) {
        let since = std::mem::take(&mut self.since);
        if since.is_zero() {
            return;
        }
        let weight = 1.0 - (-since.div_duration_f64(MEMORY)).exp();
        self.rows = self.ledger.rows();
        self.paces = self
            .rows
            .iter()
            .map(|row| {
                // Who ended and did not run can only fall: it makes room at once.
                let weight = if row.ended && row.cpu_percent == 0.0 { 1.0 } else { weight };
                (row.key, self.pace(row.key).towards(row, weight))
            })
            .collect();
    }

    /// The pace of a row; of one that is new, none.
    pub fn pace(&self, key: RowKey) -> Pace {
        self.paces.get(&key).copied().unwrap_or_default()
    }

    /// The length of the last interval.
    pub fn interval(&self) -> Duration {
        self.ledger.latest().map_or(Duration::ZERO, |tick| tick.frame.interval)
    }
}
