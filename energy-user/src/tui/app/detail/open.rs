//! Which row is looked at closely: it is opened, followed and closed.
//!
//! Over the table it stays the same row, also when that goes; beside the table it is whichever is
//! selected.

use super::Detail;
use crate::{
    ledger::RowKey,
    tui::{
        app::{App, Mode},
        tab::Tab,
        view,
    },
};

impl App {
    /// The row that is looked at closely, while one is.
    pub fn detail(&self) -> Option<&Detail> {
        self.detail.as_deref()
    }

    /// A row stands in detail beside or below the table, which stays in use.
    pub fn is_beside(&self) -> bool {
        matches!(self.mode, Mode::Detail { .. }) && view::has_room_beside(self.area)
    }

    /// Opens the selected row, or closes what is open; without a selection, the first process.
    pub(in crate::tui::app) fn toggle_detail(&mut self) {
        if matches!(self.mode, Mode::Detail { .. } | Mode::Finding { .. }) {
            self.mode = Mode::Browse;
        } else if self.tab == Tab::Findings {
            if self.choose_finding() {
                self.mode = Mode::Finding { scroll: 0 };
            }
        } else if let Some(row) = self.selected.or_else(|| self.first()) {
            self.selected = Some(row);
            self.mode = Mode::Detail { row, scroll: 0 };
        }
    }

    fn first(&self) -> Option<RowKey> {
        let process = |key: &RowKey| matches!(key, RowKey::Process(_) | RowKey::Group(..));
        let mut keys = self.rows.iter().map(|row| row.key);
        keys.clone().find(process).or_else(|| keys.next())
    }

    /// Brings what is looked at closely up to date; beside the table it follows the selection.
    pub(in crate::tui::app) fn look_closer(&mut self) {
        let beside = self.is_beside();
        if beside {
            self.selected = self.selected.or_else(|| self.first());
            match self.selected {
                _ if self.tab == Tab::Findings => self.mode = Mode::Browse,
                None => self.mode = Mode::Browse,
                Some(selected) => {
                    if let Mode::Detail { row, scroll } = &mut self.mode
                        && *row != selected
                    {
                        (*row, *scroll) = (selected, 0);
                    }
                }
            }
        }
        let Mode::Detail { row: key, .. } = self.mode else {
            self.detail = None;
            return;
        };
        let books = self.books();
        let own = || books.rows.iter().find(|row| row.key == key);
        let shown = || self.rows.iter().find(|row| row.key == key).map(|row| &row.row);
        // A row of the tree may have the figures of all that hangs on it: here it is itself. The
        // row of those that ended is what it is in the table: what was folded when.
        let row = match key {
            RowKey::Folded => shown().or_else(own),
            _ => own().or_else(shown),
        };
        self.detail =
            Detail::of(books, key, row, self.life_of(key), (self.units, self.tariff)).map(Box::new);
    }
}
