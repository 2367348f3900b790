//! Looking into a group: its processes alone, and the way back.
//!
//! What has ended in the group and has no row of its own any more is a row here, so that the sum
//! line is the group's row.

use std::collections::HashSet;

use super::{App, Filter, Shown, books::Books};
use crate::{
    ledger::{Row, RowKey},
    tui::{column::called, tab::Tab},
};

/// The group that is looked into, and where the user came from.
#[derive(Clone, Debug)]
pub(super) struct Zoom {
    key: RowKey,
    name: String,
    pub(super) tab: Tab,
    top: usize,
    filter: Filter,
}

/// The rows of a group.
pub(super) struct Scope {
    members: HashSet<RowKey>,
    folded: Option<Row>,
}

impl Scope {
    fn of(books: &Books, key: RowKey) -> Self {
        let members = books.ledger.members(key);
        Self {
            members: members.map(|(id, _)| RowKey::Process(id)).collect(),
            folded: books.ledger.folded_in(key),
        }
    }

    /// Its rows among all.
    pub fn rows<'a>(&'a self, all: &'a [Row]) -> impl Iterator<Item = &'a Row> {
        all.iter().filter(|row| self.members.contains(&row.key)).chain(&self.folded)
    }
}

impl App {
    /// The group that is looked into, by its name.
    pub fn zoomed(&self) -> Option<&str> {
        self.desk.zoom.as_ref().map(|zoom| zoom.name.as_str())
    }

    /// Its key.
    pub fn zoom_key(&self) -> Option<RowKey> {
        self.desk.zoom.as_ref().map(|zoom| zoom.key)
    }

    /// There is a group to look into: the selected row, or without one the first.
    pub fn can_zoom(&self) -> bool {
        self.group_at_hand().is_some()
    }

    fn group_at_hand(&self) -> Option<&Shown> {
        let mut rows = self.rows.iter();
        let row = match self.selected {
            Some(key) => rows.find(|row| row.key == key),
            None => rows.find(|row| matches!(row.key, RowKey::Group(..))),
        };
        row.filter(|row| matches!(row.key, RowKey::Group(..)))
    }

    /// What a row is called where nobody sees what its rows are: `user anna`, `slurm 4711`.
    pub(super) fn named(&self, row: &Row) -> String {
        let name = called(row);
        match row.key {
            RowKey::Group(..) if !row.key.is_of_none() && self.tab != Tab::Jobs => {
                format!("{} {name}", self.tab.title())
            }
            _ => name,
        }
    }

    pub(super) fn scope(&self, books: &Books) -> Option<Scope> {
        self.zoom_key().map(|key| Scope::of(books, key))
    }

    /// Looks into the selected group.
    pub(super) fn zoom_in(&mut self) {
        let Some(row) = self.group_at_hand() else { return };
        let zoom = Zoom {
            key: row.key,
            name: self.named(row),
            tab: self.tab,
            top: self.top,
            filter: std::mem::take(&mut self.filter),
        };
        self.turn_to(Tab::Processes);
        self.desk.zoom = Some(zoom);
    }

    /// Back to where the user came from; false where there was nothing to come back from.
    pub(super) fn zoom_out(&mut self) -> bool {
        let Some(zoom) = self.desk.zoom.take() else { return false };
        self.turn_to(zoom.tab);
        self.filter = zoom.filter;
        self.selected = Some(zoom.key);
        self.top = zoom.top;
        true
    }

    /// Another kind of rows has nothing of the group. What was typed before holds again, unless
    /// something else was typed since.
    pub(super) fn leave_zoom(&mut self, tab: Tab) {
        if matches!(tab, Tab::Processes | Tab::Tree) {
            return;
        }
        if let Some(zoom) = self.desk.zoom.take()
            && self.filter.is_empty()
        {
            self.filter = zoom.filter;
        }
    }
}
