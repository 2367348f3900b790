//! The place of one process: what it is in, and what it hands down to its children.
//!
//! A name that somebody gave may come and go while a process lives. So it is kept apart from
//! what follows from facts, and whoever lost its parent still knows from whom the name could come.

use std::sync::Arc;

use super::{Entry, Placed};
use crate::{
    job::{Job, Kind, rank},
    sample::{Identity, ProcessId},
};

/// A prompt, by the job that its shell carries: what is typed there and carries another has
/// left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub within: Option<Arc<str>>,
    /// The shell's number, and its process group.
    pub pid: u32,
    pub group: Option<u32>,
}

/// A tree that somebody began.
#[derive(Clone, Debug)]
pub struct Tree {
    pub job: Arc<Job>,
    pub within: Option<Arc<str>>,
}

/// A name that somebody gave.
#[derive(Clone, Debug)]
pub struct Tagged {
    /// Without a rank.
    pub job: Arc<Job>,
    pub placed: Placed,
}

/// Where a process stands, and what it hands down.
#[derive(Clone, Debug)]
pub struct Place {
    /// As if nobody had given names.
    pub plain: Placed,
    pub tagged: Option<Tagged>,
    pub tree: Option<Tree>,
    /// It is a shell at a prompt.
    pub prompt: Option<Prompt>,
    /// Its parent was.
    pub typed: Option<Prompt>,
    pub is_shell: bool,
    /// Everybody comes from it: init, or the kernel.
    pub is_origin: bool,
}

impl Place {
    /// Where it belongs.
    pub fn placed(&self) -> &Placed {
        self.tagged.as_ref().map_or(&self.plain, |tagged| &tagged.placed)
    }
}

/// What a parent that is forgotten handed down.
#[derive(Clone, Debug)]
pub struct Above {
    pub place: Place,
    /// Its nearest ancestor that is remembered, if names may come from there.
    pub elder: Option<ProcessId>,
}

impl Above {
    /// The parent's place, below that of its elder as it is now.
    pub fn below(&self, elder: Option<&Place>) -> Place {
        let mut place = self.place.clone();
        let Some(elder) = elder.filter(|_| self.elder.is_some()) else { return place };
        let same = |had: &Tagged| elder.tagged.as_ref().is_some_and(|now| now.job == had.job);
        if !place.tagged.as_ref().is_some_and(same) {
            place.tagged.clone_from(&elder.tagged);
        }
        place
    }
}

/// The tree that a process is in: of launchers the outermost, of notebooks the innermost, of
/// prompts the last one that the line came through. `line` is the pipeline that it is a part of.
pub fn tree(
    id: ProcessId,
    entry: &Entry,
    inherited: Option<Tree>,
    typed: Option<&Prompt>,
    line: Option<Arc<Job>>,
) -> Option<Tree> {
    let begun = |within: Option<Arc<str>>| {
        let job = entry.begun.clone()?.numbered(id.pid, id.start);
        Some(Tree { job: Arc::new(job), within })
    };
    if entry.begun.as_ref().is_some_and(|job| job.kind == Kind::Notebook) {
        return begun(None);
    }
    match (inherited, typed) {
        (Some(tree), _) if tree.job.kind <= Kind::Launcher => Some(tree),
        (_, Some(Prompt { within, .. })) => {
            let within = within.clone();
            if let Some(job) = line {
                return Some(Tree { job, within });
            }
            begun(within.clone()).or_else(|| {
                let job = Arc::new(Job::typed(id.pid, id.start, &entry.called));
                Some(Tree { job, within })
            })
        }
        (Some(tree), None) => Some(tree),
        (None, None) => begun(None),
    }
}

/// The stronger of what a process carries and what it came from.
pub fn decide(own: Option<&Arc<Job>>, tree: Option<&Tree>) -> Option<Arc<Job>> {
    let job = match (own, tree) {
        (Some(own), Some(tree)) if tree.job.kind == Kind::Shell => {
            // Whoever was moved to a unit of its own has left the login.
            let left = own.kind < Kind::Unit || tree.within.as_deref() != Some(&own.id);
            Some(if left { own } else { &tree.job })
        }
        (Some(own), Some(tree)) => Some(if own.kind < tree.job.kind { own } else { &tree.job }),
        (own, None) => own,
        (None, Some(tree)) => Some(&tree.job),
    };
    job.map(Arc::clone)
}

/// The job with the number that this process has in it.
pub fn ranked(job: Arc<Job>, identity: &Identity) -> Arc<Job> {
    match rank::of(identity) {
        Some(rank) if job.rank.is_none() && job.kind < Kind::Unit => {
            Arc::new(Job { rank: Some(rank), ..(*job).clone() })
        }
        _ => job,
    }
}
