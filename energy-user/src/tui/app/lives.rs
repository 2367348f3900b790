//! State and threads of processes: of whom they are to be read, and what was found.
//!
//! They are of the moment of a picture: while it stands still, they stay as they were in it, and
//! of an earlier moment nobody knows them.

use super::{App, Mode};
use crate::{
    ledger::RowKey,
    sample::ProcessId,
    tui::{
        column::Column,
        life::{Life, Lives, Threads},
    },
};

impl App {
    /// The processes whose state is to be read before the next picture: rows in sight, where a
    /// column shows it, and the row in detail. While the rows are about to be exported, all of
    /// those that are not known yet.
    pub fn in_sight(&self) -> Vec<ProcessId> {
        if self.is_paused() {
            return Vec::new();
        }
        let shown = self.columns().0.into_iter().any(Column::is_read_late);
        let rows = match self.mode {
            _ if !shown => &[],
            Mode::Export => self.rows.as_slice(),
            _ => self.rows.get(self.top..).unwrap_or_default(),
        };
        let exported = self.mode == Mode::Export;
        let most = if exported { usize::MAX } else { self.page };
        let live = rows.iter().take(most).filter(|row| !row.ended);
        let ids = live.filter_map(|row| process(row.key));
        let mut ids: Vec<_> = ids.filter(|id| !(exported && self.lives.has(*id))).collect();
        if let Some(id) = self.in_detail().filter(|id| !ids.contains(id)) {
            ids.push(id);
        }
        ids
    }

    /// The process in detail, of which the threads are to be read as well.
    pub fn in_detail(&self) -> Option<ProcessId> {
        match self.mode {
            Mode::Detail { row, .. } if !self.is_paused() => process(row),
            _ => None,
        }
    }

    /// Takes in what was found of those [in sight](Self::in_sight).
    pub fn observe(&mut self, found: Lives) {
        if self.is_paused() || self.lives.is_empty() && found.is_empty() {
            return;
        }
        let open = self.in_detail();
        let seen = |lives: &Lives| open.map(|id| (lives.of(id), lives.threads(id).cloned()));
        let before = seen(&self.lives);
        if self.mode == Mode::Export {
            self.lives.add(found);
        } else {
            self.lives = found;
        }
        self.show_lives();
        if before != seen(&self.lives) {
            self.look_closer();
        }
    }

    /// Puts into the rows what was found of them.
    pub(super) fn show_lives(&mut self) {
        // What was found is of now, or of the moment of a pause.
        let known = !self.is_back();
        for row in &mut self.rows {
            let id = process(row.key).filter(|_| known && !row.ended);
            row.life = id.and_then(|id| self.lives.of(id));
        }
    }

    /// State and threads of the row in detail.
    pub(super) fn life_of(&self, key: RowKey) -> (Option<Life>, Option<&Threads>) {
        match process(key).filter(|_| !self.is_back()) {
            Some(id) => (self.lives.of(id), self.lives.threads(id)),
            None => (None, None),
        }
    }
}

fn process(key: RowKey) -> Option<ProcessId> {
    match key {
        RowKey::Process(id) => Some(id),
        _ => None,
    }
}
