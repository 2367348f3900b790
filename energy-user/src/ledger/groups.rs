//! Rows that are more than a process: what has added up of trees, jobs, users.
//!
//! A process's sums go where it belongs now: who gets a job while it runs takes along what it
//! has used before. So each account is in one group, and the groups add up to the header.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{Account, Ledger, Row, RowKey, Seats, Sum};
use crate::{
    frame::Share,
    group::{self, Grouping, Key, better},
    job::{Job, resolve::Placed},
    sample::{Identity, ProcessId},
};

/// A group while it is added up.
#[derive(Default)]
struct Group {
    label: String,
    user: Option<String>,
    uid: Option<u32>,
    sum: Sum,
    last: Share,
    seats: Seats,
    job: Option<Arc<Job>>,
    alive: usize,
    members: usize,
    untold: bool,
    age: Option<Duration>,
}

impl Account {
    /// The group that it is in.
    pub(super) fn key(&self, by: Grouping, id: ProcessId, host: &str) -> Key {
        let nowhere = || Placed { job: None, root: id, root_name: "".into() };
        let placed = self.placed.clone().unwrap_or_else(nowhere);
        group::key(by, id, &self.identity, &placed, host)
    }
}

impl Group {
    fn add(&mut self, account: &Account) {
        let Identity { user, uid, .. } = &*account.identity;
        let first = self.members == 0;
        // A user is told while it is that of all of them.
        if first {
            (self.user, self.uid) = (user.clone(), *uid);
        } else if self.user != *user || self.uid != *uid {
            (self.user, self.uid) = (None, None);
        }
        let job = account.placed.as_ref().and_then(|placed| placed.job.as_ref());
        if first {
            self.job = job.map(Arc::clone);
        } else if self.job.as_ref().map(|job| &job.id) != job.map(|job| &job.id) {
            self.job = None;
        }
        self.sum.merge(&account.sum);
        self.last.add(&account.last);
        self.seats.add(account.seats);
        self.alive += usize::from(!account.ended);
        self.members += 1;
    }
}

impl Seats {
    /// Together with those of another.
    fn add(&mut self, other: Self) {
        let memory = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
        self.memory = match (self.gpus, other.gpus) {
            (_, 0) => self.memory,
            (0, _) => other.memory,
            _ => memory(self.memory, other.memory),
        };
        self.gpus += other.gpus;
        self.held_idle |= other.held_idle;
    }
}

impl Ledger {
    /// The rows of a grouping, in no particular order; their energy adds up to the totals.
    pub fn groups(&self, by: Grouping) -> Vec<Row> {
        if by == Grouping::Process {
            return self.rows();
        }
        let host = self.latest().map_or("", |tick| tick.frame.machine.host.as_str());
        let told = self.holders_are_told();
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for (process, account) in &self.accounts {
            let Key { id, label } = account.key(by, *process, host);
            let group = groups.entry(id).or_default();
            group.label = better(std::mem::take(&mut group.label), label);
            group.untold |= account.seats.gpus == 0 && !account.ended && !told;
            group.add(account);
            if !account.ended {
                group.age = group.age.max(self.age(*process));
            }
        }
        let mut others = (Sum::default(), 0);
        if let Some(folded) = self.folded.groups(by) {
            for (id, ended) in &folded.known {
                let group = groups.entry(id.clone()).or_default();
                if group.members == 0 {
                    group.user.clone_from(&ended.user);
                }
                group.label = better(std::mem::take(&mut group.label), ended.label.clone());
                group.sum.merge(&ended.sum);
                group.members += ended.count;
            }
            others = (folded.others, folded.others_count);
        }
        let row = |(id, group): (String, Group)| self.group(by, &id, group);
        let mut rows: Vec<Row> = groups.into_iter().map(row).collect();
        rows.extend(self.other_rows());
        rows.extend(self.folded_row(&others.0, others.1));
        rows
    }

    fn group(&self, by: Grouping, id: &str, group: Group) -> Row {
        let Group { label, user, uid, sum, last, seats, job, alive, members, untold, age } = group;
        let identity = Identity { name: label, user, uid, ..Identity::default() };
        let key = RowKey::group(by, id);
        let mut row = self.row(key, Arc::new(identity), alive == 0, &sum, (&last, seats));
        if untold {
            row.gpu.seats = None;
        }
        Row { age, members, job, ..row }
    }

    /// The rows of a group's processes that are told apart, in no particular order. What of the
    /// group's sums they do not have is that of ended ones, which are counted together.
    pub fn member_rows(&self, key: RowKey) -> Vec<Row> {
        let told = self.holders_are_told();
        self.members(key).map(|(id, account)| self.process(id, account, told)).collect()
    }
}
