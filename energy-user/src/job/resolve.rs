//! The job of each process, by what it carries and by whom it came from.
//!
//! A launcher, a notebook's kernel and a command at a prompt begin a tree: whatever comes from
//! them is their job, though its parent has ended and init adopted it. So each process's place
//! is remembered until some time after its end, and what it handed down stays with its children.
//! Everything is recorded before anything is decided: the order of births and processes in a
//! frame does not matter.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use rustc_hash::FxHashMap;

use self::place::{Above, Place, Prompt, Tagged};
use super::{
    Job, command,
    pipeline::Pipelines,
    shell::Shell,
    tag::{self, Change},
};
use crate::{
    frame::Frame,
    probe::TICK_NS,
    sample::{self, Birth, Identity, ProcessId},
};

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

impl Placed {
    /// The place of a process of which nobody told one: in no job, and with nobody above it.
    pub fn alone(id: ProcessId) -> Self {
        Self { job: None, root: id, root_name: "".into() }
    }
}

/// Who everybody is and came from.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    entries: BTreeMap<ProcessId, Entry>,
    /// Names that were given to processes (`jouletop tag`).
    tags: BTreeMap<ProcessId, String>,
    pipelines: Pipelines,
    /// Who ended, and in which frame.
    ending: VecDeque<(u64, ProcessId)>,
    frames: u64,
    /// Counts whatever can move somebody to another place.
    news: u64,
}

/// What was told of one process.
#[derive(Clone, Debug, Default)]
struct Entry {
    identity: Option<Arc<Identity>>,
    parent: Option<ProcessId>,
    /// What the parent handed down, once it is forgotten.
    above: Option<Box<Above>>,
    /// The job that it carries with it.
    own: Option<Arc<Job>>,
    /// What it begins. One that was a launcher stays one, whatever it calls itself later.
    begun: Option<Job>,
    /// It was begun at a prompt. The shell may be something else by now.
    typed: Option<Prompt>,
    /// The number of its process group, if it is one that a shell made for a command.
    group: Option<u32>,
    /// It is to be asked again which group that is.
    stray: bool,
    shell: Shell,
    called: Arc<str>,
    ended: bool,
    /// The frame that last told of it.
    seen: u64,
    /// Its place, and after how many news: until there are more, it is still there.
    placed: Option<(u64, Placed)>,
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
        let before = self.news;
        let (mut still, mut strays, mut moved) = (Vec::new(), Vec::new(), false);
        for (id, identity, ended) in processes.clone() {
            let entry = self.met(id, identity);
            let current = entry.placed.as_ref().filter(|(news, _)| *news == before && !ended);
            moved |= current.is_none();
            still.extend(current.map(|(_, placed)| placed.clone()));
            strays.extend(entry.stray.then_some(id));
        }
        for id in strays {
            self.join(id);
        }
        self.pipelines.settle();
        // Nobody came, went or changed: all are where they were.
        if !moved && self.news == before {
            self.forget();
            return still;
        }
        let (mut memo, news) = (FxHashMap::default(), self.news);
        let placed = processes.clone().map(|(id, ..)| self.placed(id, &mut memo)).collect();
        for (id, _, ended) in processes {
            if let Some(place) = memo.get(&id)
                && let Some(entry) = self.entries.get_mut(&id)
            {
                entry.placed = Some((news, place.placed().clone()));
                if entry.typed != place.typed {
                    entry.typed.clone_from(&place.typed);
                    self.news += 1;
                }
            }
            if ended {
                self.ended(id);
            }
        }
        self.forget();
        placed
    }

    /// Who forked a process.
    pub fn born(&mut self, child: ProcessId, parent: ProcessId) {
        let entry = self.entries.entry(child).or_default();
        entry.seen = self.frames;
        if entry.above.is_none() && entry.parent != Some(parent) {
            entry.parent = Some(parent);
            entry.stray = true;
            self.news += 1;
        }
    }

    /// Who a process is, as far as is known now.
    pub fn meet(&mut self, id: ProcessId, identity: &Arc<Identity>) {
        self.met(id, identity);
    }

    fn met(&mut self, id: ProcessId, identity: &Arc<Identity>) -> &Entry {
        let entry = self.entries.entry(id).or_default();
        entry.seen = self.frames;
        if entry.identity.as_ref().is_some_and(|known| known == identity) {
            return entry;
        }
        entry.parent = entry.parent.or(identity.parent);
        entry.own = Job::of(identity).map(Arc::new);
        entry.begun = Job::begun_by(identity).or(entry.begun.take());
        entry.shell = Shell::of(id, identity);
        entry.called = command::called(identity).into();
        entry.identity = Some(Arc::clone(identity));
        entry.stray = true;
        self.news += 1;
        entry
    }

    /// Finds out which of a prompt's process groups a process is in. The shell makes one for
    /// each command or pipeline; what stays in the shell's own is none of them.
    fn join(&mut self, id: ProcessId) {
        let Some(entry) = self.entries.get(&id).filter(|entry| entry.stray) else { return };
        let Some(identity) = entry.identity.clone() else { return };
        let handed = entry.typed.as_ref().or_else(|| entry.above.as_ref()?.place.prompt.as_ref());
        let (shell, known) = match (handed, self.parent(id, entry)) {
            (Some(prompt), _) => (Some((prompt.pid, prompt.group)), true),
            (None, Some(parent)) => {
                let shell = self.entries.get(&parent);
                let group = shell.and_then(|shell| shell.identity.as_ref()?.pgrp);
                let is_one = shell.is_some_and(|shell| shell.shell != Shell::No);
                let known = shell.is_some_and(|shell| shell.identity.is_some());
                (is_one.then_some((parent.pid, group)), known)
            }
            (None, None) => (None, entry.parent.is_none() || entry.above.is_some()),
        };
        let apart = |group: &u32| {
            shell.is_some_and(|(pid, own)| *group != pid && own.is_some_and(|own| *group != own))
        };
        let (before, group) = (entry.group, identity.pgrp.filter(apart));
        let (called, begun) = (Arc::clone(&entry.called), entry.begun.clone());
        if before != group {
            self.pipelines.leave(before);
            self.news += 1;
        }
        if let Some(group) = group {
            self.news += 1;
            self.pipelines.join(group, before != Some(group), id, called, begun);
        }
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.group = group;
            entry.stray = !known;
        }
    }

    /// Takes what was told of names that people gave to processes.
    pub fn tags(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Given(id, name) => self.tag(id, &name),
                Change::Taken(id) => self.untag(id),
                // What came from it keeps the name: it goes when the process is forgotten.
                Change::Over(id) if find(&self.entries, id).is_none() => self.untag(id),
                Change::Over(_) => {}
            }
        }
    }

    /// A name for a process and all that comes from it: stronger than anything else.
    pub fn tag(&mut self, id: ProcessId, name: &str) {
        self.untag(id);
        self.tags.insert(id, name.into());
        self.news += 1;
    }

    /// Takes a process's name away, and from all that came from it.
    pub fn untag(&mut self, id: ProcessId) {
        if let Some(id) = find(&self.tags, id) {
            self.tags.remove(&id);
            self.news += 1;
        }
    }

    /// The name that a process was given itself.
    fn given(&self, id: ProcessId, identity: Option<&Identity>) -> Option<Arc<Job>> {
        let name = self.tags.get(&find(&self.tags, id)?)?;
        let user = identity.and_then(|identity| identity.user.as_deref());
        Some(Arc::new(tag::named(name, user)))
    }

    /// The process has ended; it is remembered for a while.
    pub fn ended(&mut self, id: ProcessId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            if !entry.ended {
                self.ending.push_back((self.frames, id));
            }
            entry.ended = true;
        }
    }

    fn placed(&self, id: ProcessId, memo: &mut FxHashMap<ProcessId, Place>) -> Placed {
        let entry = self.entries.get(&id);
        if let Some((news, placed)) = entry.and_then(|entry| entry.placed.as_ref())
            && *news == self.news
        {
            return placed.clone();
        }
        self.place(id, memo).map_or_else(|| Placed::alone(id), |place| place.placed().clone())
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
            next = self.up(id, entry);
        }
        for (id, entry) in line.into_iter().rev() {
            if let Some(handed) = &entry.above {
                above = Some(handed.below(above.as_ref()));
            }
            let place = self.below(id, entry, above.as_ref());
            memo.insert(id, place.clone());
            above = Some(place);
        }
        above
    }

    /// The nearest ancestor that is remembered.
    fn up(&self, id: ProcessId, entry: &Entry) -> Option<ProcessId> {
        match &entry.above {
            Some(above) => find(&self.entries, above.elder?),
            None => self.parent(id, entry),
        }
    }

    /// The nearest ancestor of one that goes which stays, as far up as its name could come from:
    /// what goes with a name of its own leaves that for good.
    fn elder(
        &self,
        id: ProcessId,
        gone: &FxHashMap<ProcessId, Option<Place>>,
    ) -> Option<ProcessId> {
        let mut at = id;
        for _ in 0..DEEPEST {
            if find(&self.tags, at).is_some() {
                return None;
            }
            at = self.up(at, self.entries.get(&at)?)?;
            if !gone.contains_key(&at) {
                return Some(at);
            }
        }
        None
    }

    /// The parent, if it is known. Nobody is younger than a child: so no line is a circle.
    fn parent(&self, id: ProcessId, entry: &Entry) -> Option<ProcessId> {
        let parent = find(&self.entries, entry.parent?)?;
        let age = |id: ProcessId| (id.start / TICK_NS, id.pid);
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
        let line = typed.as_ref().and_then(|_| self.pipelines.job(entry.group?));
        let inherited = above.and_then(|above| above.tree.clone());
        let tree = place::tree(id, entry, inherited, typed.as_ref(), line);
        let kernel = identity.kind == sample::Kind::Kernel;
        let job = place::decide(entry.own.as_ref(), tree.as_ref())
            .filter(|_| !kernel)
            .map(|job| place::ranked(job, identity));
        let beside = above.filter(|above| !above.is_origin);
        let of = |job: &Option<Arc<Job>>| job.as_ref().map(|job| job.id.clone());
        let (root, root_name) = match beside.filter(|above| of(&above.plain.job) == of(&job)) {
            Some(above) => (above.plain.root, Arc::clone(&above.plain.root_name)),
            None => (id, Arc::clone(&entry.called)),
        };
        let plain = Placed { job, root, root_name };
        let tag = self.given(id, Some(identity));
        let tag = tag.or_else(|| Some(Arc::clone(&above?.tagged.as_ref()?.job)));
        let tagged = tag.filter(|_| !kernel).map(|job| {
            let same = beside.and_then(|above| above.tagged.as_ref());
            let (root, root_name) = match same.filter(|above| above.job.id == job.id) {
                Some(above) => (above.placed.root, Arc::clone(&above.placed.root_name)),
                None => (id, Arc::clone(&entry.called)),
            };
            let ranked = Some(place::ranked(Arc::clone(&job), identity));
            Tagged { job, placed: Placed { job: ranked, root, root_name } }
        });
        let own = || entry.own.as_ref().map(|job| job.id.as_str().into());
        let at_prompt = match entry.shell {
            // What `jouletop run` begins was typed, too.
            _ if identity.kind == sample::Kind::Tool => true,
            Shell::Leads => true,
            // A copy of a shell at its prompt is none: it runs a part of a command.
            Shell::Says => above.is_some_and(|above| !above.is_shell),
            Shell::Bare | Shell::No => false,
        };
        let prompt = || Prompt { within: own(), pid: id.pid, group: identity.pgrp };
        Place {
            plain,
            tagged,
            tree,
            prompt: at_prompt.then(prompt),
            typed,
            is_shell: entry.shell != Shell::No,
            is_origin: id.pid <= 1 || kernel,
        }
    }

    /// Forgets who ended some frames ago, and whoever was not seen for longest if there are
    /// too many. Their children keep what they handed down.
    fn forget(&mut self) {
        let over = |(ended, _): &(u64, ProcessId)| *ended + KEPT <= self.frames;
        let over = self.ending.iter().take_while(|end| over(end)).count();
        let mut gone: FxHashMap<ProcessId, Option<Place>> = self
            .ending
            .drain(..over)
            .filter(|(_, id)| self.entries.get(id).is_some_and(|entry| entry.ended))
            .map(|(_, id)| (id, None))
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
        self.news += 1;
        let mut memo = FxHashMap::default();
        for (id, place) in &mut gone {
            *place = self.place(*id, &mut memo);
        }
        let orphans: Vec<_> = self
            .entries
            .iter()
            .filter(|(id, _)| !gone.contains_key(*id))
            .filter_map(|(id, entry)| {
                let lost = self.up(*id, entry)?;
                let place = gone.get(&lost)?.as_ref()?;
                let place = match &entry.above {
                    Some(above) => above.below(Some(place)),
                    None => place.clone(),
                };
                Some((*id, Above { place, elder: self.elder(lost, &gone) }))
            })
            .collect();
        for (id, above) in orphans {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.above = Some(Box::new(above));
            }
        }
        for id in gone.keys() {
            if let Some(entry) = self.entries.remove(id) {
                self.pipelines.leave(entry.group);
            }
            self.untag(*id);
        }
    }
}

/// The key under which a process is known, exactly or to a tick where one of the two clocks
/// has no finer grain.
fn find<T>(map: &BTreeMap<ProcessId, T>, id: ProcessId) -> Option<ProcessId> {
    if map.contains_key(&id) {
        return Some(id);
    }
    let begin = id.start - id.start % TICK_NS;
    let key = |start| ProcessId { pid: id.pid, start };
    let tick = key(begin)..=key(begin.saturating_add(TICK_NS - 1));
    let near = |known: &ProcessId| whole(known.start) || whole(id.start);
    map.range(tick).map(|(known, _)| *known).find(near)
}

/// A start that was told in whole ticks.
fn whole(start: u64) -> bool {
    start.is_multiple_of(TICK_NS)
}

mod place;
#[cfg(test)]
mod tests;
