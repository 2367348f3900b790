//! Who a row is made of, and what its members did in the last interval.
//!
//! A measurement of a row adds up what its members did, interval by interval, so that whoever
//! joins it is in the sum from then on and whoever ends stays in it. Whoever acts on a row acts
//! on its members.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::{Account, Ledger, Row, RowKey, Sum};
use crate::{frame::Share, group::Grouping, sample::ProcessId};

impl RowKey {
    /// That of a group, by the group's id.
    pub(super) fn group(by: Grouping, id: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        Self::Group(by, hasher.finish())
    }

    /// It is the row of whoever is in no group: `(no job)`, `(no container)`.
    pub fn is_of_none(self) -> bool {
        matches!(self, Self::Group(by, _) if self == Self::group(by, ""))
    }
}

impl Ledger {
    /// The processes of a row that still have an account, ended ones too; none of a row that is
    /// not made of processes.
    pub fn members(&self, key: RowKey) -> impl Iterator<Item = (ProcessId, &Account)> {
        let all = self.accounts.iter().map(|(id, account)| (*id, account));
        all.filter(move |(id, account)| self.is_in(*id, account, key))
    }

    /// What a row did in the last interval: exactly what its sums since the start grew by, as
    /// long as nobody who had used something before joined it.
    pub fn last_of(&self, key: RowKey) -> Share {
        let mut sum = Share::default();
        match key {
            RowKey::Process(id) => {
                if let Some(account) = self.accounts.get(&id) {
                    sum.add(&account.last);
                }
            }
            RowKey::Group(..) => {
                for (id, account) in &self.accounts {
                    if account.last != Share::default() && self.is_in(*id, account, key) {
                        sum.add(&account.last);
                    }
                }
            }
            RowKey::Folded => {}
            _ => {
                let place = Self::OTHERS.iter().position(|(other, _)| *other == key);
                if let Some(other) = place.and_then(|place| self.others.get(place)) {
                    sum.add(&other.last);
                }
            }
        }
        sum
    }

    /// What all rows did in the last interval.
    pub fn last_of_all(&self) -> Share {
        let others = self.others.iter().map(|other| &other.last);
        let mut sum = Share::default();
        for last in self.accounts.values().map(|account| &account.last).chain(others) {
            sum.add(last);
        }
        sum
    }

    /// What has ended in a group and has no row of its own any more.
    pub fn folded_in(&self, key: RowKey) -> Option<Row> {
        let RowKey::Group(by, _) = key else { return None };
        let known = &self.folded.groups(by)?.known;
        let mut gone = known.iter().filter(|(id, _)| RowKey::group(by, id) == key);
        let (sum, count) = gone.next().map_or((Sum::default(), 0), |(_, one)| (one.sum, one.count));
        self.folded_row(&sum, count)
    }

    fn is_in(&self, id: ProcessId, account: &Account, key: RowKey) -> bool {
        match key {
            RowKey::Process(process) => process == id,
            RowKey::Group(by, _) => {
                let host = self.latest().map_or("", |tick| tick.frame.machine.host.as_str());
                RowKey::group(by, &account.key(by, id, host).id) == key
            }
            _ => false,
        }
    }
}
