//! A process and everything that came from it, ended ones included.
//!
//! Membership follows birth, not the parent of the moment: an orphan that init
//! adopted still belongs to the job that began it.

use std::collections::HashSet;

use crate::{
    frame::{Frame, Share},
    sample::ProcessId,
    units::Microjoules,
};

/// Process numbers may come from clocks of different grain: one tick of `/proc`.
const GRAIN_NS: u64 = 10_000_000;

/// The descendants of one process.
#[derive(Clone, Debug)]
pub struct Tree {
    root: u32,
    since: u64,
    members: HashSet<ProcessId>,
}

impl Tree {
    /// The tree of the process `root`, which began at or after `since` (nanoseconds since boot).
    pub fn new(root: u32, since: u64) -> Self {
        Self { root, since, members: HashSet::new() }
    }

    /// Takes a frame's births into the tree and gives the tree's share of the frame.
    pub fn observe(&mut self, frame: &Frame) -> Share {
        for birth in &frame.births {
            self.admit(birth.child, Some(birth.parent));
        }
        // A process may name its parent where its birth was lost (the /proc probe's do).
        // In order of age, so that parents come before children.
        let mut processes: Vec<_> = frame.processes.iter().collect();
        processes.sort_by_key(|process| (process.id.start, process.id.pid));
        let mut share = Share::default();
        for process in processes {
            self.admit(process.id, process.identity.parent);
            if self.members.contains(&process.id) {
                share.add(&process.share);
            }
        }
        share
    }

    /// The static power that its processes were charged with in a frame that was observed.
    pub fn fixed(&self, frame: &Frame) -> Microjoules {
        let own = frame.processes.iter().filter(|process| self.members.contains(&process.id));
        own.flat_map(|process| &process.parts).map(|part| part.fixed).sum()
    }

    /// Everybody it has had.
    pub fn members(&self) -> impl Iterator<Item = &ProcessId> {
        self.members.iter()
    }

    fn admit(&mut self, id: ProcessId, parent: Option<ProcessId>) {
        let is_root = id.pid == self.root && id.start.saturating_add(GRAIN_NS) >= self.since;
        if is_root || parent.is_some_and(|parent| self.members.contains(&parent)) {
            self.members.insert(id);
        }
    }

    /// How many processes it has had.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Nothing of it has been seen.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}
