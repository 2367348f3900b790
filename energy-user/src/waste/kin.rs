//! Who is whose: the parents of processes, their jobs, and when they ended.
//!
//! Kinship follows birth, as in [`crate::subject`]: whoever lost its parent keeps it here. Where no
//! job is known, a process belongs to the tree of its parent, up to the leader of their session:
//! what a shell started is one thing, the shell's other commands are others.

use std::{sync::Arc, time::Duration};

use rustc_hash::FxHashMap;

use super::JobOf;
use crate::{
    frame::ProcessFrame,
    job::{Job, Kind},
    sample::{Identity, Name, ProcessId},
};

/// How many are remembered; far more than a machine has at one time.
const MOST: usize = 20_000;
/// How long the dead are remembered who have no living descendants.
const MOURNED: Duration = Duration::from_mins(3);
/// No line of descent is followed further.
const DEEPEST: usize = 64;

/// A process and what its relatives need of it.
#[derive(Clone, Debug)]
pub struct Relative {
    /// Who.
    pub id: ProcessId,
    /// What it is called.
    pub identity: Arc<Identity>,
    job: Option<Arc<Job>>,
    /// When its job was asked for.
    asked: Duration,
    /// On the history's axis.
    seen: Duration,
    /// On the same; none while it lives.
    pub ended: Option<Duration>,
}

impl Relative {
    /// Its job; none where none is known. A login is none: what somebody starts there are things
    /// of their own.
    fn job(&self) -> Option<&Job> {
        self.job.as_deref().filter(|job| job.kind != Kind::Session)
    }

    /// It is a part of a notebook's job.
    pub fn is_notebook(&self) -> bool {
        self.job().is_some_and(|job| job.kind == Kind::Notebook)
    }
}

/// What a process belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A job.
    Job(Kind, String),
    /// The tree of the process that is called so.
    Tree(Name),
}

/// Everybody.
#[derive(Clone, Debug, Default)]
pub struct Kin {
    people: FxHashMap<Name, Relative>,
}

impl Kin {
    /// A process was seen at a time; asks for its job now and then, since that may become known.
    pub fn see(
        &mut self,
        process: &ProcessFrame,
        now: Duration,
        job: JobOf,
        again: Duration,
    ) -> &Relative {
        let ProcessFrame { id, identity, ended, .. } = process;
        let relative = self.people.entry((*id).into()).or_insert_with(|| Relative {
            id: *id,
            identity: Arc::clone(identity),
            job: job(process),
            asked: now,
            seen: now,
            ended: None,
        });
        let same = Arc::ptr_eq(&relative.identity, identity);
        if !same || now.saturating_sub(relative.asked) >= again {
            relative.identity = Arc::clone(identity);
            relative.job = job(process);
            relative.asked = now;
        }
        relative.seen = now;
        if *ended {
            relative.ended.get_or_insert(now);
        }
        relative
    }

    /// A process that was seen.
    pub fn get(&self, id: ProcessId) -> Option<&Relative> {
        self.people.get(&id.into())
    }

    /// The job of a process, if it was seen.
    pub fn job(&self, id: ProcessId) -> Option<&Job> {
        self.get(id)?.job()
    }

    /// What a process belongs to.
    pub fn key(&self, id: ProcessId) -> Key {
        match self.job(id) {
            Some(job) => Key::Job(job.kind, job.id.clone()),
            None => Key::Tree(self.top(id)),
        }
    }

    /// The oldest known ancestor of a process within its job or tree; itself if there is none.
    pub fn top(&self, id: ProcessId) -> Name {
        let mut top = Name::from(id);
        for _ in 0..DEEPEST {
            let Some(parent) = self.people.get(&top).and_then(|child| self.parent(child)) else {
                break;
            };
            top = parent;
        }
        top
    }

    /// The relative of that name.
    pub fn named(&self, name: Name) -> Option<&Relative> {
        self.people.get(&name)
    }

    /// The parent of a process, if it is known and in the same job or tree.
    fn parent(&self, child: &Relative) -> Option<Name> {
        let parent = child.identity.parent?;
        let relative = self.get(parent).filter(|_| parent.pid > 1)?;
        let together = match (self.job(child.id), self.job(parent)) {
            (Some(a), Some(b)) => (a.kind, &a.id) == (b.kind, &b.id),
            (None, None) => {
                let session = child.identity.session;
                let leader = session == Some(parent.pid);
                !leader && session == relative.identity.session
            }
            _ => false,
        };
        together.then(|| parent.into())
    }

    /// Forgets the dead who have no living descendants, and the oldest where there are too many.
    pub fn bury(&mut self, now: Duration) {
        let mut needed = std::collections::HashSet::new();
        for relative in self.people.values().filter(|relative| relative.ended.is_none()) {
            let mut next = Some(relative);
            for _ in 0..DEEPEST {
                let Some(parent) = next.and_then(|child| child.identity.parent) else { break };
                if !needed.insert(Name::from(parent)) {
                    break;
                }
                next = self.get(parent);
            }
        }
        let recent = |ended: Duration| now.saturating_sub(ended) < MOURNED;
        self.people
            .retain(|name, relative| needed.contains(name) || relative.ended.is_none_or(recent));
        if self.people.len() > MOST {
            let mut seen: Vec<_> = self.people.values().map(|relative| relative.seen).collect();
            seen.sort_unstable();
            let oldest = seen[seen.len() - MOST / 2];
            self.people.retain(|_, relative| relative.seen >= oldest);
        }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.people.len()
    }
}
