//! Picking a user, whose rows alone are shown then.
//!
//! A pick is a filter as if it had been typed: it is seen, changed and cleared as one.

use std::cmp::Reverse;

use super::{App, Mode};
use crate::{
    group::Grouping,
    ledger::{Row, RowKey},
};

/// A line of the list.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The name; none for everybody.
    pub user: Option<String>,
    /// Figures; none for everybody.
    pub row: Option<Row>,
}

impl App {
    /// Everybody, and each user, whoever drew most first when the list was opened: it holds
    /// still, so that what is picked is what was seen.
    pub fn users(&self) -> &[Choice] {
        &self.desk.users
    }

    fn list_users(&self) -> Vec<Choice> {
        let mut rows = self.ledger().groups(Grouping::User);
        rows.retain(|row| matches!(row.key, RowKey::Group(..)) && row.identity.user.is_some());
        rows.sort_by_key(|row| {
            let watts = row.watts.map_or(0, |watts| (watts.0 * 1e6) as u64);
            (Reverse(watts), Reverse(row.energy), row.identity.user.clone())
        });
        let choice = |row: Row| Choice { user: row.identity.user.clone(), row: Some(row) };
        let everybody = Choice { user: None, row: None };
        std::iter::once(everybody).chain(rows.into_iter().map(choice)).collect()
    }

    pub(super) fn open_users(&mut self) {
        self.desk.users = self.list_users();
        self.mode = Mode::Users { index: 0 };
    }

    /// Takes the choice that the list is at.
    pub(super) fn pick_user(&mut self) {
        let Mode::Users { index } = self.mode else { return };
        if let Some(choice) = self.desk.users.get(index) {
            let quoted = |user: &String| {
                format!("user = \"{}\"", user.replace('\\', "\\\\").replace('"', "\\\""))
            };
            self.filter.set(choice.user.as_ref().map_or_else(String::new, quoted));
        }
        self.mode = Mode::Browse;
    }

    pub(super) fn step_users(&mut self, by: isize) {
        let last = self.users().len().saturating_sub(1);
        if let Mode::Users { index } = &mut self.mode {
            *index = index.saturating_add_signed(by).min(last);
        }
    }
}
