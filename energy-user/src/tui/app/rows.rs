//! Which rows the table shows, and in which order.
//!
//! Filter, then fold, then sort. Folding loses nothing: what has no row of its own
//! is in the row that says so.

use std::{cmp::Ordering, collections::HashSet};

use super::{books::Books, facts::Asked, forest, shown::Shown, zoom::Scope};
use crate::{
    ledger::{Row, RowKey},
    query::Query,
    tui::{column::Column, tab::Tab},
    units::Tariff,
};

/// Which rows are wanted.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub query: &'a Query,
    /// What their energy costs.
    pub tariff: Option<Tariff>,
    /// The group that is looked into, if one is.
    pub scope: Option<&'a Scope>,
}

/// Order and folding.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrangement {
    pub column: Column,
    pub reverse: bool,
    pub fold_ended: bool,
    /// Rows of the tree that keep to themselves what hangs on them.
    pub folded: HashSet<RowKey>,
}

impl Arrangement {
    /// Sorts by a column in its natural order; not by one whose cells are known of few rows.
    pub fn sort(&mut self, column: Column) {
        if column.is_read_late() {
            return;
        }
        self.column = column;
        self.reverse = false;
    }

    /// Sorts by the neighbour among these; the outermost ones have none.
    pub fn shift(&mut self, right: bool, all: &[Column]) {
        let here = all.iter().position(|column| *column == self.column).unwrap_or(0);
        let next = if right { here + 1 } else { here.wrapping_sub(1) };
        if let Some(column) = all.get(next) {
            self.sort(*column);
        }
    }

    /// The order of two rows.
    pub fn order(&self, a: &Shown, b: &Shown) -> Ordering {
        // Where power is not known, whoever works most is of most interest, and of
        // those that rest, whoever has used most.
        self.column
            .order(self.reverse, a, b)
            .then_with(|| Column::Cpu.order(false, a, b))
            .then_with(|| Column::Joules.order(false, a, b))
            .then_with(|| a.key.cmp(&b.key))
    }

    /// The rows of the table.
    pub fn arrange(&self, books: &Books, filter: Wanted, tab: Tab) -> Vec<Shown> {
        let within: Box<dyn Iterator<Item = &Row>> = match filter.scope {
            Some(scope) => Box::new(scope.rows(&books.rows)),
            None => Box::new(books.rows.iter()),
        };
        let shown = |row: &Row| Shown {
            row: row.clone(),
            pace: books.pace(row.key),
            twig: None,
            life: None,
        };
        let (mut ended, mut rows) = (Vec::new(), Vec::with_capacity(books.rows.len()));
        let asked = |row: &Shown| filter.query.matches(&Asked::new(row, filter.tariff));
        for row in within.map(shown).filter(asked) {
            if self.fold_ended && row.ended {
                ended.push(row);
            } else {
                rows.push(row);
            }
        }
        if !ended.is_empty() {
            rows.push(Shown::sum(RowKey::Folded, "(ended)", ended.iter(), books.interval()));
        }
        if tab == Tab::Tree {
            return forest::grow(rows, self, &self.folded, books.interval());
        }
        // Rows are large: their places are sorted, and each row is moved once.
        let mut places: Vec<usize> = (0..rows.len()).collect();
        places.sort_unstable_by(|a, b| self.order(&rows[*a], &rows[*b]));
        let mut rows: Vec<Option<Shown>> = rows.into_iter().map(Some).collect();
        places.into_iter().filter_map(|place| rows[place].take()).collect()
    }
}
