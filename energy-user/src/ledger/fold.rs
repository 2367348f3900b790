//! What becomes of very many processes that have ended: their sums stay, their rows do not.
//!
//! The smallest go first. Each leaves its sums with the groups that it was in, so that a job's
//! total survives the last of its processes; of groups, too, only so many are remembered.

use std::cell::LazyCell;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Account, Ledger, Sum, whose::Whose};
use crate::{
    frame::Share,
    group::{Grouping, Key, better},
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
    pub whose: Option<Whose>,
    pub sum: Sum,
    pub count: usize,
}

impl Folded {
    /// What processes left to the groups of a grouping.
    pub fn groups(&self, by: Grouping) -> Option<&Groups> {
        self.groups.get(&by)
    }

    /// Takes processes' sums in. `living` tells the ids of a grouping in which somebody lives.
    fn take(
        &mut self,
        gone: &[(ProcessId, Account)],
        host: &str,
        living: impl Fn(Grouping) -> FxHashSet<String>,
    ) {
        for (_, account) in gone {
            self.sum.merge(&account.sum);
            self.count += 1;
        }
        for by in Grouping::ALL.into_iter().filter(|by| *by != Grouping::Process) {
            let groups = self.groups.entry(by).or_default();
            let living = LazyCell::new(|| living(by));
            for (id, account) in gone {
                let Key { id, label } = account.key(by, *id, host);
                if !groups.known.contains_key(&id) && groups.known.len() >= MOST_GROUPS {
                    groups.forget(&living);
                }
                groups.take(id, &label, account);
            }
        }
    }
}

impl Groups {
    fn take(&mut self, id: String, label: &str, account: &Account) {
        let group = self.known.entry(id).or_default();
        better(&mut group.label, label);
        Whose::add(&mut group.whose, account);
        group.sum.merge(&account.sum);
        group.count += 1;
    }

    /// Makes room: the smaller half becomes one, those first in which nobody lives.
    fn forget(&mut self, living: &FxHashSet<String>) {
        let group = |(id, group): (&String, &Group)| {
            (living.contains(id), group.sum.share.energy.total(), id.clone())
        };
        let mut all: Vec<_> = self.known.iter().map(group).collect();
        all.sort_unstable();
        for (.., id) in all.into_iter().take(MOST_GROUPS / 2) {
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
        let gone = ended.iter().take(ended.len() - MOST_ENDED / 2);
        let gone: Vec<_> =
            gone.filter_map(|(_, id)| Some((*id, self.accounts.remove(id)?))).collect();
        let accounts = &self.accounts;
        self.folded.take(&gone, host, |by| {
            let living = accounts.iter().filter(|(_, account)| !account.ended);
            living.map(|(id, account)| account.key(by, *id, host).id).collect()
        });
    }
}
