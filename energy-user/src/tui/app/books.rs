//! The ledger, with its rows and their pace, as of one tick and in one tab.
//!
//! A pause keeps a copy of the books.

use std::{sync::Arc, time::Duration};

use rustc_hash::FxHashMap;

use super::{pace::Pace, trail::Trail};
use crate::{
    group::Grouping,
    ledger::{Ledger, Row, RowKey, Tick},
};

/// Ledger, rows and paces.
#[derive(Clone, Default)]
pub(super) struct Books {
    pub ledger: Ledger,
    pub rows: Vec<Row>,
    /// Who had which energy in the last intervals, pool by pool.
    pub trail: Trail,
    /// What the rows are made of.
    by: Grouping,
    paces: FxHashMap<RowKey, Pace>,
    /// Time that the rows do not know of yet.
    since: Duration,
}

impl Books {
    /// Those of a ledger. Rows begin with what they do in its last interval.
    pub fn of(ledger: Ledger, by: Grouping) -> Self {
        let mut books = Self { ledger, ..Self::default() };
        if books.ledger.latest().is_some() {
            books.by = by;
            books.follow(1.0);
        }
        books
    }

    /// The same, with another past of its rows.
    pub fn with_trail(self, trail: Trail) -> Self {
        Self { trail, ..self }
    }

    /// The same, where so many intervals were before the past of its rows.
    pub fn after(self, count: u64) -> Self {
        Self { trail: self.trail.after(count), ..self }
    }

    /// What the rows are made of.
    pub fn by(&self) -> Grouping {
        self.by
    }

    /// Adds an interval to all but the past of rows.
    pub fn add(&mut self, tick: Arc<Tick>) {
        self.since += tick.frame.interval;
        self.ledger.push(tick);
    }

    /// Adds an interval.
    pub fn push(&mut self, tick: Arc<Tick>) {
        self.add(tick);
        if let Some(tick) = self.ledger.latest() {
            self.trail.push(&tick.frame, self.ledger.is_partial());
        }
    }

    /// Brings the rows up to date: nobody needs them between two pictures.
    pub fn settle(&mut self, by: Grouping) {
        let since = std::mem::take(&mut self.since);
        let other = by != self.by;
        if since.is_zero() && !other {
            return;
        }
        self.by = by;
        if other {
            // No row of another kind has a past, so none may have one: nor (idle), which is in both.
            self.paces.clear();
        }
        // Rows that nobody has looked at begin with what they do now.
        self.follow(if other { 1.0 } else { Pace::weight(since) });
    }

    fn follow(&mut self, weight: f64) {
        self.rows = self.ledger.groups(self.by);
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
