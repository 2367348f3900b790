//! What becomes of very many processes that have ended: their sums stay, their rows do not.
//!
//! The smallest go first. Each leaves its sums with the groups that it was in, so that a job's
//! total survives the last of its processes; of groups, too, only so many are remembered.

use rustc_hash::FxHashMap;

use super::{Account, Ledger, Sum};
use crate::{
    frame::Share,
    group::{Grouping, better},
    sample::ProcessId,
};

/// Ended processes that keep a row of their own.
pub(super) const MOST_ENDED: usize = 2000;
/// Groups of one grouping that are remembered by what has ended in them.
const MOST_GROUPS: usize = 1000;

/// Sums of processes that have no row any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Folded {
    pub sum: Sum,
    pub count: usize,
    groups: FxHashMap<Grouping, Groups>,
}

/// The groups of one grouping that they were in, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    pub known: FxHashMap<String, Group>,
    /// Those that are told apart no more.
    pub others: Sum,
    pub others_count: usize,
}

/// What ended processes leave to their group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub label: String,
    pub user: Option<String>,
    pub sum: Sum,
    pub count: usize,
}

impl Folded {
    /// What processes left to the groups of a grouping.
    pub fn groups(&self, by: Grouping) -> Option<&Groups> {
        self.groups.get(&by)
    }

    /// Takes a process's sums in.
    fn take(&mut self, id: ProcessId, account: &Account, host: &str) {
        self.sum.merge(&account.sum);
        self.count += 1;
        for by in Grouping::ALL {
            if by != Grouping::Process {
                let key = account.key(by, id, host);
                let groups = self.groups.entry(by).or_default();
                groups.take(key.id, key.label, account);
            }
        }
    }
}

impl Groups {
    fn take(&mut self, id: String, label: String, account: &Account) {
        if !self.known.contains_key(&id) && self.known.len() >= MOST_GROUPS {
            self.forget();
        }
        let new = !self.known.contains_key(&id);
        let group = self.known.entry(id).or_default();
        group.label = better(std::mem::take(&mut group.label), label);
        let user = account.identity.user.clone();
        // A user is told while it is that of all of them.
        group.user = if new || group.user == user { user } else { None };
        group.sum.merge(&account.sum);
        group.count += 1;
    }

    /// Makes room: the smaller half becomes one.
    fn forget(&mut self) {
        let mut all: Vec<_> = self
            .known
            .iter()
            .map(|(id, group)| (group.sum.share.energy.total(), id.clone()))
            .collect();
        all.sort_unstable();
        for (_, id) in all.into_iter().take(MOST_GROUPS / 2) {
            if let Some(group) = self.known.remove(&id) {
                self.others.merge(&group.sum);
                self.others_count += group.count;
            }
        }
    }
}

impl Ledger {
    /// Folds the smallest ended processes into one row once there are too many.
    pub(super) fn fold(&mut self, host: &str) {
        let mut ended: Vec<_> = self
            .accounts
            .iter()
            .filter(|(_, account)| account.ended && account.last == Share::default())
            .map(|(id, account)| (account.sum.share.energy.total(), *id))
            .collect();
        // Half of the room at a time, so that not every interval sorts.
        if ended.len() <= MOST_ENDED {
            return;
        }
        ended.sort_unstable();
        for (_, id) in ended.iter().take(ended.len() - MOST_ENDED / 2) {
            if let Some(account) = self.accounts.remove(id) {
                self.folded.take(*id, &account, host);
            }
        }
    }
}
