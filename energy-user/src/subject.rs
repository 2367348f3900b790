//! Whose energy is told: a process and everything that came from it, or a job; ended ones included.
//!
//! A tree follows birth, not the parent of the moment: an orphan that init adopted still belongs
//! to what began it. A job has whoever is placed in it, each interval anew, as its row in `--by job`
//! has: what a process used before it joined stays where it was. On the screen, where a row is made
//! of processes, it takes that along.

use std::collections::{HashMap, HashSet};

use crate::{
    frame::{Frame, ProcessFrame},
    job::resolve::Placed,
    probe::TICK_NS,
    sample::{Kind, Name, ProcessId},
    session::Present,
};

/// By what a process belongs to it.
#[derive(Clone, Debug)]
enum Rule {
    /// It came from a member. The first is the process of this number that began at or after a
    /// time (nanoseconds since boot), unless it is known already.
    Descent(Option<(u32, u64)>),
    /// It is placed in the job of this id.
    Job(String),
}

/// Some processes that belong together.
#[derive(Clone, Debug)]
pub struct Subject {
    rule: Rule,
    members: HashMap<Name, ProcessId>,
    living: HashSet<Name>,
}

impl Subject {
    /// The tree of the process `root`, which began at or after `since` (nanoseconds since boot).
    pub fn tree(root: u32, since: u64) -> Self {
        Self::of(Rule::Descent(Some((root, since))))
    }

    /// The tree of a process that is there.
    pub fn below(root: ProcessId) -> Self {
        let mut tree = Self::of(Rule::Descent(None));
        tree.admit(root);
        tree
    }

    /// The job of an id, as [`crate::group`] has it.
    pub fn job(id: impl Into<String>) -> Self {
        Self::of(Rule::Job(id.into()))
    }

    fn of(rule: Rule) -> Self {
        Self { rule, members: HashMap::new(), living: HashSet::new() }
    }

    /// Takes in everybody who is there now, and forgets who is not.
    pub fn meet(&mut self, present: &[Present]) {
        self.living.clear();
        let mut present: Vec<_> = present.iter().collect();
        // In order of age, so that parents come before children.
        present.sort_by_key(|one| (one.id.start, one.id.pid));
        for Present { id, identity, placed } in present {
            if identity.kind == Kind::Process && self.takes(*id, identity.parent, Some(placed)) {
                self.admit(*id);
            }
        }
    }

    /// Its processes in an interval; `placed` is where each process of the frame belongs, and
    /// may be empty for a tree.
    pub fn own<'a>(&mut self, frame: &'a Frame, placed: &[Placed]) -> Vec<&'a ProcessFrame> {
        if let Rule::Descent(_) = self.rule {
            for birth in &frame.births {
                if self.takes(birth.child, Some(birth.parent), None) {
                    self.admit(birth.child);
                }
            }
        }
        let mut processes: Vec<_> = frame.processes.iter().enumerate().collect();
        // A process may name its parent where its birth was lost (the /proc probe's do).
        processes.sort_by_key(|(_, process)| (process.id.start, process.id.pid));
        let mut own = Vec::new();
        for (at, process) in processes {
            if self.takes(process.id, process.identity.parent, placed.get(at)) {
                self.admit(process.id);
                if process.ended {
                    self.living.remove(&process.id.into());
                }
                own.push(process);
            } else {
                // It may have been of the job and be so no more.
                self.living.remove(&process.id.into());
            }
        }
        own
    }

    fn takes(&self, id: ProcessId, parent: Option<ProcessId>, placed: Option<&Placed>) -> bool {
        match &self.rule {
            Rule::Job(job) => placed.and_then(|it| it.job.as_ref()).is_some_and(|it| it.id == *job),
            Rule::Descent(root) => {
                let is_root = root.is_some_and(|(root, since)| {
                    id.pid == root && id.start.saturating_add(TICK_NS) >= since
                });
                let known = |id: ProcessId| self.members.contains_key(&id.into());
                is_root || known(id) || parent.is_some_and(known)
            }
        }
    }

    fn admit(&mut self, id: ProcessId) {
        self.members.insert(id.into(), id);
        self.living.insert(id.into());
    }

    /// Everybody it has had.
    pub fn members(&self) -> impl Iterator<Item = &ProcessId> {
        self.members.values()
    }

    /// A process is or was of it.
    pub fn has(&self, id: ProcessId) -> bool {
        self.members.contains_key(&id.into())
    }

    /// How many processes it has had.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// Those who are not known to have ended.
    pub fn living(&self) -> impl Iterator<Item = &ProcessId> {
        self.living.iter().filter_map(|name| self.members.get(name))
    }
}
