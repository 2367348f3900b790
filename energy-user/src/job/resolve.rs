//! The job of each process, by what it carries and by whom it came from.
//!
//! A launcher, a notebook's kernel and a command at a prompt begin a tree: whatever comes from
//! them is their job, though its parent has ended and init adopted it. So each process's place
//! is remembered until some time after its end, and what it handed down stays with its children.
//! Everything is recorded before anything is decided: the order of births and processes in a
//! frame does not matter.

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::FxHashMap;

use super::{Job, Kind, command, rank, shell::Shell, tag};
use crate::{
    frame::Frame,
    sample::{self, Birth, Identity, ProcessId},
};

/// Process numbers may come from clocks of different grain: one tick of `/proc`.
const GRAIN_NS: u64 = 10_000_000;
/// Frames for which an ended process is remembered: a child's birth may be told late.
const KEPT: u64 = 3;
/// Processes that are remembered, so that lost ends do not fill the memory.
const MOST: usize = 1 << 17;
/// Ancestors that are looked at; more are made up.
const DEEPEST: usize = 1 << 12;

/// Where a process belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its job.
    pub job: Option<Arc<Job>>,
    /// Its oldest known ancestor of the same job; itself, if there is none.
    pub root: ProcessId,
    /// What that one's command is called.
    pub root_name: Arc<str>,
}

/// Who everybody is and came from.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    entries: BTreeMap<ProcessId, Entry>,
    /// Names that were given to processes (`jouletop tag`).
    tags: BTreeMap<ProcessId, String>,
    frames: u64,
}

/// What was told of one process.
#[derive(Clone, Debug, Default)]
struct Entry {
    identity: Option<Arc<Identity>>,
    parent: Option<ProcessId>,
    /// The parent's place, once the parent is forgotten.
    above: Option<Box<Place>>,
    /// The job that it carries with it.
    own: Option<Arc<Job>>,
    /// What it begins. One that was a launcher stays one, whatever it calls itself later.
    begun: Option<Job>,
    /// It was begun at a prompt. The shell may be something else by now.
    typed: Option<Prompt>,
    shell: Shell,
    called: Arc<str>,
    ended: Option<u64>,
    /// The frame that last told of it.
    seen: u64,
}

/// A prompt, by the job that its shell carries: what is typed there and carries another has
/// left it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Prompt {
    within: Option<Arc<str>>,
}

/// A tree that somebody began.
#[derive(Clone, Debug)]
struct Tree {
    job: Arc<Job>,
    within: Option<Arc<str>>,
}

/// Where a process stands, and what it hands down.
#[derive(Clone, Debug)]
struct Place {
    placed: Placed,
    tag: Option<Arc<Job>>,
    tree: Option<Tree>,
    /// It is a shell at a prompt.
    prompt: Option<Prompt>,
    /// Its parent was.
    typed: Option<Prompt>,
    is_shell: bool,
    /// Everybody comes from it: init, or the kernel.
    is_origin: bool,
}

impl Jobs {
    /// Nobody is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Places each process of a frame, in the frame's order.
    pub fn frame(&mut self, frame: &Frame) -> Vec<Placed> {
        for (id, identity) in &frame.kin {
            self.meet(*id, identity);
        }
        let processes = frame.processes.iter();
        let processes = processes.map(|process| (process.id, &process.identity, process.ended));
        self.observe(&frame.births, processes)
    }

    /// Takes what an interval told (births; who ran or ended, and whether they ended) and
    /// places each process, in the order given.
    pub fn observe<'a>(
        &mut self,
        births: &[Birth],
        processes: impl Iterator<Item = (ProcessId, &'a Arc<Identity>, bool)> + Clone,
    ) -> Vec<Placed> {
        self.frames += 1;
        for Birth { child, parent } in births {
            self.born(*child, *parent);
        }
        for (id, identity, _) in processes.clone() {
            self.meet(id, identity);
        }
        let mut memo = FxHashMap::default();
        let placed = processes.clone().map(|(id, ..)| self.placed(id, &mut memo)).collect();
        for (id, _, ended) in processes {
            if let Some(entry) = self.entries.get_mut(&id)
                && let Some(place) = memo.get(&id)
            {
                entry.typed.clone_from(&place.typed);
            }
            if ended {
                self.ended(id);
            }
        }
        self.forget();
        placed
    }

    /// The job of one process. Whoever is told of later may change it.
    pub fn of(
        &mut self,
        id: ProcessId,
        identity: &Arc<Identity>,
        parent: Option<ProcessId>,
    ) -> Option<Arc<Job>> {
        if let Some(parent) = parent {
            self.born(id, parent);
        }
        self.meet(id, identity);
        self.placed(id, &mut FxHashMap::default()).job
    }

    /// Who forked a process.
    pub fn born(&mut self, child: ProcessId, parent: ProcessId) {
        let entry = self.entries.entry(child).or_default();
        entry.seen = self.frames;
        if entry.above.is_none() {
            entry.parent = Some(parent);
        }
    }

    /// Who a process is, as far as is known now.
    pub fn meet(&mut self, id: ProcessId, identity: &Arc<Identity>) {
        let entry = self.entries.entry(id).or_default();
        entry.seen = self.frames;
        if entry.identity.as_ref().is_some_and(|known| known == identity) {
            return;
        }
        entry.parent = entry.parent.or(identity.parent);
        entry.own = Job::of(identity).map(Arc::new);
        entry.begun = Job::begun_by(identity).or(entry.begun.take());
        entry.shell = Shell::of(id, identity);
        entry.called = command::called(identity).into();
        entry.identity = Some(Arc::clone(identity));
    }

    /// A name for a process and all that comes from it: stronger than anything else.
    pub fn tag(&mut self, id: ProcessId, name: &str) {
        self.tags.insert(id, name.into());
    }

    /// The process has ended; it is remembered for a while.
    pub fn ended(&mut self, id: ProcessId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.ended = entry.ended.or(Some(self.frames));
        }
    }

    /// Parents that were named and of whom nothing else was told: whoever can, asks who they
    /// are and tells it by [`Jobs::meet`]. One that never runs is in no frame.
    pub fn strangers(&self) -> Vec<ProcessId> {
        let parents = self.entries.values().filter(|entry| entry.above.is_none());
        let unknown = |id: &ProcessId| {
            let entry = find(&self.entries, *id).and_then(|id| self.entries.get(&id));
            entry.is_none_or(|entry| entry.identity.is_none())
        };
        let mut strangers: Vec<_> =
            parents.filter_map(|entry| entry.parent).filter(unknown).collect();
        strangers.sort_unstable();
        strangers.dedup();
        strangers
    }

    /// How many processes are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Nobody is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn placed(&self, id: ProcessId, memo: &mut FxHashMap<ProcessId, Place>) -> Placed {
        let nowhere = || Placed { job: None, root: id, root_name: "".into() };
        self.place(id, memo).map_or_else(nowhere, |place| place.placed)
    }

    /// A process's place, from its oldest known ancestor down.
    fn place(&self, id: ProcessId, memo: &mut FxHashMap<ProcessId, Place>) -> Option<Place> {
        let mut line = Vec::new();
        let mut above = None;
        let mut next = Some(id);
        while let Some(id) = next.filter(|_| line.len() < DEEPEST) {
            if let Some(place) = memo.get(&id) {
                above = Some(place.clone());
                break;
            }
            let Some(entry) = self.entries.get(&id) else { break };
            line.push((id, entry));
            if let Some(place) = &entry.above {
                above = Some((**place).clone());
                break;
            }
            next = self.parent(id, entry);
        }
        for (id, entry) in line.into_iter().rev() {
            let place = self.below(id, entry, above.as_ref());
            memo.insert(id, place.clone());
            above = Some(place);
        }
        above
    }

    /// The parent, if it is known. Nobody is younger than a child: so no line is a circle.
    fn parent(&self, id: ProcessId, entry: &Entry) -> Option<ProcessId> {
        let parent = find(&self.entries, entry.parent?)?;
        let age = |id: ProcessId| (id.start / GRAIN_NS, id.pid);
        let older = if whole(id.start) || whole(parent.start) {
            age(parent) < age(id)
        } else {
            (parent.start, parent.pid) < (id.start, id.pid)
        };
        older.then_some(parent)
    }

    /// The place of a process below its parent's.
    fn below(&self, id: ProcessId, entry: &Entry, above: Option<&Place>) -> Place {
        let default = Arc::default();
        let identity = entry.identity.as_ref().unwrap_or(&default);
        let typed = entry.typed.clone().or_else(|| above?.prompt.clone());
        let tree = tree(id, entry, above.and_then(|above| above.tree.clone()), typed.as_ref());
        let given = find(&self.tags, id).and_then(|id| self.tags.get(&id));
        let given = given.map(|name| Arc::new(tag::named(name, identity.user.as_deref())));
        let tag = given.or_else(|| above?.tag.clone());
        let kernel = identity.kind == sample::Kind::Kernel;
        let job = decide(entry.own.as_ref(), tag.as_ref(), tree.as_ref())
            .filter(|_| !kernel)
            .map(|job| ranked(job, identity));
        let same = |above: &&Place| {
            let id = |job: &Option<Arc<Job>>| job.as_ref().map(|job| job.id.clone());
            !above.is_origin && id(&above.placed.job) == id(&job)
        };
        let (root, root_name) = match above.filter(same) {
            Some(above) => (above.placed.root, Arc::clone(&above.placed.root_name)),
            None => (id, Arc::clone(&entry.called)),
        };
        let own = || entry.own.as_ref().map(|job| job.id.as_str().into());
        let at_prompt = match entry.shell {
            // What `jouletop run` begins was typed, too.
            _ if identity.kind == sample::Kind::Tool => true,
            Shell::Leads => true,
            // A copy of a shell at its prompt is none: it runs a part of a command.
            Shell::Says => above.is_some_and(|above| !above.is_shell),
            Shell::Bare | Shell::No => false,
        };
        Place {
            placed: Placed { job, root, root_name },
            tag,
            tree,
            prompt: at_prompt.then(|| Prompt { within: own() }),
            typed,
            is_shell: entry.shell != Shell::No,
            is_origin: id.pid <= 1 || kernel,
        }
    }

    /// Forgets who ended some frames ago, and whoever was not seen for longest if there are
    /// too many. Their children keep what they handed down.
    fn forget(&mut self) {
        let over = |entry: &Entry| entry.ended.is_some_and(|ended| ended + KEPT <= self.frames);
        let mut gone: FxHashMap<ProcessId, Option<Place>> = self
            .entries
            .iter()
            .filter(|(_, entry)| over(entry))
            .map(|(id, _)| (*id, None))
            .collect();
        if self.entries.len() - gone.len() > MOST {
            let mut by_age: Vec<_> =
                self.entries.iter().map(|(id, entry)| (entry.seen, *id)).collect();
            by_age.sort_unstable();
            // Half of them at a time, so that not every frame sorts.
            gone.extend(by_age.iter().take(by_age.len() - MOST / 2).map(|(_, id)| (*id, None)));
        }
        if gone.is_empty() {
            return;
        }
        let mut memo = FxHashMap::default();
        for (id, place) in &mut gone {
            *place = self.place(*id, &mut memo);
        }
        let orphans: Vec<_> = self
            .entries
            .iter()
            .filter(|(id, entry)| entry.above.is_none() && !gone.contains_key(*id))
            .filter_map(|(id, entry)| {
                let place = gone.get(&self.parent(*id, entry)?)?.clone()?;
                Some((*id, place))
            })
            .collect();
        for (id, place) in orphans {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.above = Some(Box::new(place));
            }
        }
        for id in gone.keys() {
            self.entries.remove(id);
            if let Some(tagged) = find(&self.tags, *id) {
                self.tags.remove(&tagged);
            }
        }
    }
}

/// The tree that a process is in: of launchers the outermost, of notebooks the innermost, of
/// prompts the last one that the line came through.
fn tree(
    id: ProcessId,
    entry: &Entry,
    inherited: Option<Tree>,
    typed: Option<&Prompt>,
) -> Option<Tree> {
    let begun = |within: Option<Arc<str>>| {
        let mut job = entry.begun.clone()?;
        if job.kind == Kind::Launcher {
            job.id = format!("launcher {}.{}", id.pid, id.start);
        }
        Some(Tree { job: Arc::new(job), within })
    };
    if entry.begun.as_ref().is_some_and(|job| job.kind == Kind::Notebook) {
        return begun(None);
    }
    match (inherited, typed) {
        (Some(tree), _) if tree.job.kind <= Kind::Launcher => Some(tree),
        (_, Some(Prompt { within })) => begun(within.clone()).or_else(|| {
            let job = format!("command {}.{}", id.pid, id.start);
            let job = Arc::new(Job::new(Kind::Shell, job, &entry.called));
            Some(Tree { job, within: within.clone() })
        }),
        (Some(tree), None) => Some(tree),
        (None, None) => begun(None),
    }
}

/// The stronger of what a process carries and what it came from.
fn decide(own: Option<&Arc<Job>>, tag: Option<&Arc<Job>>, tree: Option<&Tree>) -> Option<Arc<Job>> {
    let came = tree.map(|tree| &tree.job);
    let job = match (tag, own, tree) {
        (Some(tag), _, _) => Some(tag),
        (None, Some(own), Some(tree)) if tree.job.kind == Kind::Shell => {
            // Whoever was moved to a unit of its own has left the login.
            let left = own.kind < Kind::Unit || tree.within.as_deref() != Some(&own.id);
            Some(if left { own } else { &tree.job })
        }
        (None, Some(own), Some(tree)) => {
            Some(if own.kind < tree.job.kind { own } else { &tree.job })
        }
        (None, own, None) => own,
        (None, None, _) => came,
    };
    job.map(Arc::clone)
}

/// The job with the number that this process has in it.
fn ranked(job: Arc<Job>, identity: &Identity) -> Arc<Job> {
    match rank::of(identity) {
        Some(rank) if job.rank.is_none() && job.kind < Kind::Unit => {
            Arc::new(Job { rank: Some(rank), ..(*job).clone() })
        }
        _ => job,
    }
}

/// The key under which a process is known, exactly or to a tick where one of the two clocks
/// has no finer grain.
fn find<T>(map: &BTreeMap<ProcessId, T>, id: ProcessId) -> Option<ProcessId> {
    if map.contains_key(&id) {
        return Some(id);
    }
    let begin = id.start - id.start % GRAIN_NS;
    let key = |start| ProcessId { pid: id.pid, start };
    let tick = key(begin)..=key(begin.saturating_add(GRAIN_NS - 1));
    let near = |known: &ProcessId| whole(known.start) || whole(id.start);
    map.range(tick).map(|(known, _)| *known).find(near)
}

/// A start that was told in whole ticks.
fn whole(start: u64) -> bool {
    start.is_multiple_of(GRAIN_NS)
}

#[cfg(test)]
mod tests;
