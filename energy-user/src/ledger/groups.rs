//! Rows that are more than a process: what has added up of trees, jobs, users.
//!
//! A process's sums go where it belongs now: who gets a job while it runs takes along what it
//! has used before. So each account is in one group, and the groups add up to the header.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{Account, Ledger, Row, RowKey, Seats, Sum, whose::Whose};
use crate::{
    frame::Share,
    group::{self, Grouping, Key, better},
    sample::{Identity, ProcessId},
};

/// A group while it is added up.
#[derive(Default)]
struct Group {
    label: String,
    whose: Option<Whose>,
    sum: Sum,
    last: Share,
    seats: Seats,
    alive: usize,
    members: usize,
    untold: bool,
    /// One that is on a GPU does not tell for how long.
    untold_time: bool,
    age: Option<Duration>,
}

impl Account {
    /// The group that it is in.
    pub(super) fn key(&self, by: Grouping, id: ProcessId, host: &str) -> Key {
        group::key(by, id, &self.identity, self.placed.as_ref(), host)
    }
}

impl Group {
    fn add(&mut self, account: &Account) {
        Whose::add(&mut self.whose, account);
        self.sum.merge(&account.sum);
        self.last.add(&account.last);
        self.seats.add(account.seats);
        self.untold_time |= account.seats.gpus > 0 && account.last.gpu_time.is_none();
        self.alive += usize::from(!account.ended);
        self.members += 1;
    }
}

impl Seats {
    /// Together with those of another. Who holds nothing hides nobody's memory.
    fn add(&mut self, other: Self) {
        self.memory = match (self.holds, other.holds) {
            (_, false) => self.memory,
            (false, true) => other.memory,
            (true, true) => self.memory.zip(other.memory).map(|(a, b)| a.saturating_add(b)),
        };
        self.gpus += other.gpus;
        self.holds |= other.holds;
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
            better(&mut group.label, &label);
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
                Whose::merge(&mut group.whose, ended.whose.as_ref());
                better(&mut group.label, &ended.label);
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
        let Group { label, whose, sum, last, seats, alive, members, age, .. } = group;
        let Whose { user, uid, job } = whose.unwrap_or_default();
        let identity = Identity { name: label, user, uid, ..Identity::default() };
        let key = RowKey::group(by, id);
        let mut row = self.row(key, Arc::new(identity), alive == 0, &sum, (&last, seats));
        if group.untold {
            row.gpu.seats = None;
        }
        if group.untold_time {
            row.gpu.percent = None;
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
