//! What was typed in one line at a prompt: `a | b | c`, `(make; make test) | tee log`.
//!
//! A shell with job control puts each pipeline into a process group of its own, so that Ctrl-C
//! ends all of it (bash(1) JOB CONTROL, setpgid(2)). The group's number is that of its first
//! command and is not used again while a member lives (fork in kernel/pid.c keeps it), so what
//! is said of the first holds for all, when it has ended before the others too.

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::FxHashMap;

use super::{Job, Kind};
use crate::{probe::TICK_NS, sample::ProcessId};

/// Commands that are named.
const NAMED: usize = 8;

/// The process groups of commands at prompts, by number.
#[derive(Clone, Debug, Default)]
pub struct Pipelines {
    all: FxHashMap<u32, Pipeline>,
    /// Those of which something new was told.
    changed: Vec<u32>,
}

/// One of them.
#[derive(Clone, Debug, Default)]
struct Pipeline {
    /// The start of the first that was seen; what tells it apart does not change.
    start: Option<u64>,
    /// What they are called, and what they begin; those that have ended too.
    commands: BTreeMap<ProcessId, (Arc<str>, Option<Job>)>,
    /// Processes that are remembered.
    members: usize,
    job: Option<Arc<Job>>,
}

impl Pipelines {
    /// A process is in a group, for the first time or with another name.
    pub fn join(
        &mut self,
        group: u32,
        anew: bool,
        id: ProcessId,
        called: Arc<str>,
        begun: Option<Job>,
    ) {
        let pipeline = self.all.entry(group).or_default();
        pipeline.members += usize::from(anew);
        pipeline.commands.insert(id, (called, begun));
        self.changed.push(group);
    }

    /// A process is forgotten, or has changed its group.
    pub fn leave(&mut self, group: Option<u32>) {
        let Some(group) = group else { return };
        if let Some(pipeline) = self.all.get_mut(&group) {
            pipeline.members = pipeline.members.saturating_sub(1);
            if pipeline.members == 0 {
                self.all.remove(&group);
            }
        }
    }

    /// Everybody has joined: says what each group is.
    pub fn settle(&mut self) {
        for group in std::mem::take(&mut self.changed) {
            if let Some(pipeline) = self.all.get_mut(&group) {
                pipeline.settle(group);
            }
        }
    }

    /// Nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The job of a group.
    pub fn job(&self, group: u32) -> Option<Arc<Job>> {
        self.all.get(&group)?.job.clone()
    }
}

impl Pipeline {
    fn settle(&mut self, group: u32) {
        let leader = self.commands.keys().filter(|id| id.pid == group).max().copied();
        if let Some(leader) = leader {
            // Nobody was in the group before it: the number was another's.
            let begin = leader.start / TICK_NS * TICK_NS;
            self.commands.retain(|id, _| id.start >= begin);
            self.start = self.start.filter(|start| *start >= begin);
        }
        let mut commands: Vec<_> = self.commands.iter().collect();
        // Those of one tick were begun in the order of their numbers.
        commands.sort_by_key(|(id, _)| (id.start, id.pid));
        let oldest = commands.first().map(|(id, _)| **id);
        let Some(first) = leader.or(oldest) else { return };
        let start = *self.start.get_or_insert(first.start);
        let begun = leader.and_then(|leader| self.commands.get(&leader)?.1.clone());
        let names: Vec<&str> =
            commands.iter().take(NAMED).map(|(_, (called, _))| &**called).collect();
        let shown: Vec<ProcessId> = commands.iter().take(NAMED).map(|(id, _)| **id).collect();
        self.job = Some(Arc::new(match begun.filter(|job| job.kind == Kind::Launcher) {
            Some(job) => job.numbered(group, start),
            None => Job::typed(group, start, &names.join(" | ")),
        }));
        self.commands.retain(|id, _| shown.contains(id) || leader == Some(*id));
    }
}
