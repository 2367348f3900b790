//! What groups used since the start: a pure fold over intervals.
//!
//! What a process uses goes to the group that it is in at that time, and stays there when it has
//! ended. Of very many groups, the smallest without anybody living are folded into one, so that
//! memory stays bounded and the sums still are the total's.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{Grouping, Key, better, groups, key};
use crate::ledger::{Sum, Tick};

/// Groups that are kept apart.
const MOST: usize = 2000;

/// The id of the row of those that are not kept apart; no group has it.
const OTHERS: &str = "(others)";

impl Key {
    /// It is the row of groups that are not kept apart.
    pub fn is_others(&self) -> bool {
        self.id == OTHERS
    }
}

/// Everything since the start.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    by: Grouping,
    rows: BTreeMap<Arc<str>, (String, Sum)>,
    /// Where each process is that is not known to have ended: by number, with its start. A number
    /// that was given again tells that its process has ended.
    living: HashMap<u32, (u64, Arc<str>)>,
    folded: Sum,
    folded_count: usize,
    /// The rows that are no processes, in the order of [`crate::frame::Frame::other_rows`].
    other_rows: [Sum; 6],
    whole: Sum,
    elapsed: Duration,
}

impl Totals {
    /// Nothing yet, of a grouping.
    pub fn new(by: Grouping) -> Self {
        Self { by, ..Self::default() }
    }

    /// Adds an interval.
    pub fn push(&mut self, tick: &Tick) {
        self.push_within(tick, MOST);
    }

    /// The same, with room for so many groups.
    pub(crate) fn push_within(&mut self, tick: &Tick, most: usize) {
        let Tick { frame, intensity, placed, .. } = tick;
        for (sum, (_, share)) in self.other_rows.iter_mut().zip(frame.other_rows()) {
            sum.add(&share.copied().unwrap_or_default(), intensity);
        }
        for group in groups(frame, placed, self.by) {
            let id: Arc<str> = group.key.id.into();
            let (label, sum) = self.rows.entry(id).or_default();
            better(label, &group.key.label);
            sum.add(&group.share, intensity);
        }
        self.whole.add(&frame.whole(), intensity);
        self.elapsed += frame.interval;
        for (at, process) in frame.processes.iter().enumerate() {
            let pid = process.id.pid;
            if process.ended {
                // It may have been given again within the interval.
                let same = |(start, _): &(u64, Arc<str>)| *start <= process.id.start;
                if self.living.get(&pid).is_some_and(same) {
                    self.living.remove(&pid);
                }
                continue;
            }
            let (placed, host) = (placed.get(at), &frame.machine.host);
            let key = key(self.by, process.id, &process.identity, placed, host);
            if let Some((id, _)) = self.rows.get_key_value(key.id.as_str()) {
                self.living.insert(pid, (process.id.start, Arc::clone(id)));
            }
        }
        self.fold(most);
    }

    /// Folds the smallest that nobody lives in; where that does not do, the smallest of all.
    fn fold(&mut self, most: usize) {
        if self.rows.len() <= most {
            return;
        }
        let living: HashSet<&str> = self.living.values().map(|(_, id)| &**id).collect();
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .map(|(id, (_, sum))| {
                (
                    living.contains(&**id),
                    sum.share.energy.total(),
                    sum.share.cpu_time,
                    Arc::clone(id),
                )
            })
            .collect();
        rows.sort_unstable();
        // Half of the room at a time, so that not every interval sorts; of those that somebody
        // lives in, no more than must be.
        let dead = rows.iter().filter(|(lives, ..)| !lives).count();
        let beyond = rows.len() - most;
        for (.., id) in rows.into_iter().take(beyond.max(dead.min(beyond + most / 2))) {
            if let Some((_, sum)) = self.rows.remove(&id) {
                self.folded.merge(&sum);
                self.folded_count += 1;
            }
        }
    }

    /// Each group, by id; at the end those that are not kept apart, if there are any.
    pub fn rows(&self) -> impl Iterator<Item = (Key, &Sum)> {
        let others = (self.folded_count > 0).then(|| {
            let label = format!("({} others)", self.folded_count);
            (Key::new(OTHERS.into(), label), &self.folded)
        });
        let rows = self.rows.iter();
        rows.map(|(id, (label, sum))| (Key::new(id.to_string(), label.as_str()), sum)).chain(others)
    }

    /// How many groups are not kept apart.
    pub fn folded(&self) -> usize {
        self.folded_count
    }

    /// The rows that are no processes, in the order of [`crate::frame::Frame::other_rows`].
    pub fn other_rows(&self) -> &[Sum; 6] {
        &self.other_rows
    }

    /// The machine, as [`Frame::whole`](crate::frame::Frame::whole) has it: all rows, but for the
    /// time nobody ran.
    pub fn whole(&self) -> &Sum {
        &self.whole
    }

    /// Time accounted for.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

#[cfg(test)]
pub(crate) mod tests;
