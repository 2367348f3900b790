//! What the mouse asks for and no single key does: this row, that entry, so many lines, such a
//! share.

use super::{App, Mode};
use crate::{
    ledger::RowKey,
    tui::{tab::Tab, view},
};

impl App {
    /// Selects a row, if it is still there.
    pub(super) fn select(&mut self, key: RowKey) {
        if let Some(index) = self.rows.iter().position(|row| row.key == key) {
            self.index = index;
            self.selected = Some(key);
            self.strays = false;
        }
    }

    /// Takes an entry of the list that is there: of users at once; of a question only as the
    /// answer, which is given by itself.
    pub(super) fn choose_entry(&mut self, entry: usize) {
        match &mut self.mode {
            Mode::Users { index } if entry < self.desk.users.len() => {
                *index = entry;
                self.pick_user();
            }
            Mode::Act => self.choose_line(entry),
            Mode::Export => self.choose_way(entry),
            Mode::Browse if self.tab == Tab::Findings => self.go_to_finding(entry),
            _ => {}
        }
    }

    /// Scrolls what lies over the table, or stands beside it.
    pub(super) fn scroll_over(&mut self, by: i8) {
        let furthest = view::last_scroll(self, self.area);
        if let Some(scroll) = self.mode.scroll() {
            *scroll = scroll.saturating_add_signed(by.into()).min(furthest);
        }
    }

    /// Scrolls the table; what is selected stays so, also out of sight, until it is moved.
    pub(super) fn scroll_rows(&mut self, by: i8) {
        self.strays = true;
        self.top = self.top.saturating_add_signed(by.into());
    }

    /// The part that a row in detail has of the room that it shares with the table, in
    /// thousandths, where the user wants another than the usual one.
    pub fn share(&self) -> Option<u16> {
        self.share
    }
}
