//! The recent past of whoever did something, in slots of time: a pure fold over frames.
//!
//! Ten seconds a slot for ten minutes, then a minute a slot for a day. Only who used a CPU or a
//! GPU in a slot has an entry there, so that a machine at rest costs nothing; the number of
//! entries is bounded, and the oldest go first.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::{
    JobOf,
    kin::{Key, Kin},
    past::Past,
};
use crate::{
    frame::{Energy, Frame, ProcessFrame},
    sample::{Gpu, Identity, ProcessId, Progress},
    units::Microjoules,
};

/// Slots that are kept: ten minutes of ten seconds, a day of minutes.
const MOST_FINE: usize = 60;
const MOST_COARSE: usize = 1440;
/// Processes with entries.
const MOST_MEMBERS: usize = 512;
/// Entries of all processes together.
const MOST_BUCKETS: usize = 1 << 15;
/// Who used less of a CPU has no entry.
const LEAST: f64 = 0.0005;

/// How long slots are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grain {
    /// Those of the last minutes.
    pub fine: Duration,
    /// Those before.
    pub coarse: Duration,
}

impl Default for Grain {
    fn default() -> Self {
        Self { fine: Duration::from_secs(10), coarse: Duration::from_mins(1) }
    }
}

/// A span of time that was watched.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    number: u64,
    /// When it began.
    pub begin: Timestamp,
    /// Its end, as time watched since the start.
    pub end: Duration,
    /// What was watched of it.
    pub span: Duration,
    /// CPU time that nobody used.
    pub idle: Duration,
    /// CPUs of the machine.
    pub cpus: usize,
}

/// What one process did in a slot.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    slot: u64,
    /// Time on CPUs.
    pub cpu: Duration,
    /// Energy by pool.
    pub energy: Energy,
    /// Whether it seems to get anywhere.
    pub progress: Option<Box<Progress>>,
    /// Cycles, instructions, and misses where those are counted.
    pub counted: Option<Counted>,
    /// The GPUs that it held or used.
    pub gpus: Vec<OnDevice>,
}

/// What is counted where there is a PMU.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// Cycles of CPUs.
    pub cycles: u64,
    /// Instructions.
    pub instructions: u64,
    /// Misses of the last cache.
    pub misses: Option<u64>,
}

/// What one process did on a GPU in a slot.
#[derive(Clone, Debug)]
pub struct OnDevice {
    /// Which.
    pub gpu: Arc<Gpu>,
    /// Time that it held it.
    pub held: Duration,
    /// Of it, time in which nobody used it.
    pub idle: Duration,
    /// Time that it used it; none where that is not told.
    pub busy: Option<Duration>,
    /// Memory of the GPU that it holds; none where that is not told.
    pub memory: Option<u64>,
    /// What it was charged with of the GPU's energy; none where that has no reading.
    pub energy: Option<Microjoules>,
    /// Of it, while nobody used the GPU.
    pub idle_energy: Option<Microjoules>,
}

impl OnDevice {
    /// It is this one; the same by name where the driver was opened anew.
    fn is_on(&self, gpu: &Arc<Gpu>) -> bool {
        Arc::ptr_eq(&self.gpu, gpu) || self.gpu.id == gpu.id
    }
}

/// A process and its entries.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub id: ProcessId,
    /// What it is called.
    pub identity: Arc<Identity>,
    /// When it was first seen, as time watched since the start.
    pub seen: Duration,
    /// When it ended, likewise.
    pub ended: Option<Duration>,
    /// When it last had an entry.
    last: Duration,
    /// When its job was last asked for.
    asked: Duration,
    /// It is a notebook's: it has a past even if it did nothing.
    notebook: bool,
    fine: VecDeque<Bucket>,
    coarse: VecDeque<Bucket>,
}

/// The recent past of everybody.
#[derive(Clone, Debug, Default)]
pub struct History {
    grain: Grain,
    /// Time watched since the start.
    now: Duration,
    time: Timestamp,
    numbers: u64,
    fine: VecDeque<Slot>,
    coarse: VecDeque<Slot>,
    members: FxHashMap<ProcessId, Member>,
    /// When there was no room for anybody else.
    full: Option<Duration>,
    kin: Kin,
}

impl History {
    /// An empty one.
    pub fn new(grain: Grain) -> Self {
        Self { grain, ..Self::default() }
    }

    /// The length of the slots.
    pub fn grain(&self) -> Grain {
        self.grain
    }

    /// Time watched since the start.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The end of the last interval.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Who is whose.
    pub fn kin(&self) -> &Kin {
        &self.kin
    }

    /// Slots of both grains, newest first.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.fine.iter().rev().chain(self.coarse.iter().rev())
    }

    /// Takes in an interval.
    pub fn push(&mut self, frame: &Frame, job: JobOf) {
        if frame.interval.is_zero() {
            return;
        }
        self.now = self.now.saturating_add(frame.interval);
        self.time = frame.time;
        self.open(frame);
        let Some(slot) = self.fine.back().map(|slot| slot.number) else { return };
        for process in &frame.processes {
            let Self { kin, members, now, grain, .. } = self;
            let known = members.get_mut(&process.id);
            let recent = |member: &&mut Member| {
                let same = Arc::ptr_eq(&member.identity, &process.identity);
                same && !process.ended && now.saturating_sub(member.asked) < grain.fine
            };
            if let Some(member) = known.filter(recent) {
                member.note(frame, process, slot, *now);
            } else {
                let notebook = kin.see(process, *now, job, grain.fine).is_notebook();
                self.meet(frame, process, slot, notebook);
            }
        }
    }

    /// The slot of this interval, a new one if the last is full.
    fn open(&mut self, frame: &Frame) {
        if self.fine.back().is_none_or(|slot| slot.span >= self.grain.fine) {
            self.numbers += 1;
            self.fine.push_back(Slot {
                number: self.numbers,
                begin: frame.time - frame.interval,
                end: self.now,
                span: Duration::ZERO,
                idle: Duration::ZERO,
                cpus: 0,
            });
            if self.fine.len() > MOST_FINE {
                self.age();
            }
        }
        if let Some(slot) = self.fine.back_mut() {
            slot.end = self.now;
            slot.span += frame.interval;
            slot.idle += frame.idle.cpu_time;
            slot.cpus = frame.machine.cpus();
        }
    }

    /// Moves the oldest fine slot into a coarse one.
    fn age(&mut self) {
        let Some(old) = self.fine.pop_front() else { return };
        if let Some(slot) = self.coarse.back_mut().filter(|slot| slot.span < self.grain.coarse) {
            slot.end = old.end;
            slot.span += old.span;
            slot.idle += old.idle;
            slot.cpus = old.cpus;
        } else {
            self.coarse.push_back(old);
            self.kin.bury(self.now);
        }
        if self.coarse.len() > MOST_COARSE {
            self.coarse.pop_front();
        }
        let Some(into) = self.coarse.back().map(|slot| slot.number) else { return };
        let first = self.coarse.front().map_or(0, |slot| slot.number);
        let room = MOST_BUCKETS.checked_div(self.members.len()).unwrap_or(MOST_BUCKETS);
        let room = room.saturating_sub(MOST_FINE).max(1);
        for member in self.members.values_mut() {
            if let Some(bucket) = member.fine.pop_front_if(|bucket| bucket.slot == old.number) {
                match member.coarse.back_mut().filter(|bucket| bucket.slot == into) {
                    Some(sum) => sum.add(bucket),
                    None => member.coarse.push_back(Bucket { slot: into, ..bucket }),
                }
            }
            while member.coarse.len() > room
                || member.coarse.front().is_some_and(|bucket| bucket.slot < first)
            {
                member.coarse.pop_front();
            }
        }
        let dead = |member: &Member| member.ended.is_some() || !member.notebook;
        self.members.retain(|_, member| {
            !(dead(member) && member.fine.is_empty() && member.coarse.is_empty())
        });
    }

    /// Notes what a process did that may be new, and may be a notebook's.
    fn meet(&mut self, frame: &Frame, process: &ProcessFrame, slot: u64, notebook: bool) {
        let ProcessFrame { id, identity, ended, .. } = process;
        let nothing = nothing(frame, process);
        let (now, begun) = (self.now, self.now.saturating_sub(frame.interval));
        if !self.members.contains_key(id) {
            // What never lives beyond an interval is no subject of a rule.
            if *ended || (nothing && !notebook) {
                return;
            }
            if self.members.len() >= MOST_MEMBERS && !self.evict(frame.interval) {
                return;
            }
        }
        let member = self.members.entry(*id).or_insert_with(|| Member {
            id: *id,
            identity: Arc::clone(identity),
            seen: begun,
            ended: None,
            last: now,
            asked: now,
            notebook,
            fine: VecDeque::new(),
            coarse: VecDeque::new(),
        });
        if !Arc::ptr_eq(&member.identity, identity) {
            member.identity = Arc::clone(identity);
        }
        member.notebook = notebook;
        member.asked = now;
        if *ended {
            member.ended.get_or_insert(now);
        }
        member.note(frame, process, slot, now);
    }

    /// Makes room: an ended process, else the one that did nothing for longest. Whoever did
    /// something in this interval or the last is not forgotten for whoever comes: then there is
    /// no room, and nobody looks for any until the next interval.
    fn evict(&mut self, interval: Duration) -> bool {
        if self.full == Some(self.now) {
            return false;
        }
        let recent = self.now.saturating_sub(interval * 2);
        let key = |member: &Member| (member.ended.is_none(), member.last, member.id);
        match self.members.values().map(key).min() {
            Some((alive, last, id)) if !alive || last < recent => {
                self.members.remove(&id);
                true
            }
            _ => {
                self.full = Some(self.now);
                false
            }
        }
    }

    /// The past of every subject, in a fixed order.
    pub fn subjects(&self) -> Vec<Past<'_>> {
        let mut subjects: BTreeMap<Key, Vec<&Member>> = BTreeMap::new();
        for member in self.members.values() {
            subjects.entry(self.kin.key(member.id)).or_default().push(member);
        }
        subjects
            .into_iter()
            .map(|(key, mut members)| {
                members.sort_by_key(|member| (member.id.start, member.id.pid));
                Past::new(self, key, members)
            })
            .collect()
    }

    /// Processes with a past, their entries, and all who are remembered.
    #[cfg(test)]
    pub fn sizes(&self) -> (usize, usize, usize) {
        let buckets = self.members.values().map(|one| one.fine.len() + one.coarse.len());
        (self.members.len(), buckets.sum(), self.kin.len())
    }
}

impl Member {
    /// Notes what it did in an interval, if anything.
    fn note(&mut self, frame: &Frame, process: &ProcessFrame, slot: u64, now: Duration) {
        if nothing(frame, process) {
            return;
        }
        self.last = now;
        if self.fine.back().is_none_or(|bucket| bucket.slot != slot) {
            self.fine.push_back(Bucket { slot, ..Bucket::default() });
        }
        if let Some(bucket) = self.fine.back_mut() {
            bucket.note(frame, process);
        }
    }

    /// What it did in a slot, if anything.
    pub fn bucket(&self, slot: &Slot) -> Option<&Bucket> {
        let find = |buckets: &VecDeque<Bucket>| {
            buckets.binary_search_by_key(&slot.number, |bucket| bucket.slot).ok()
        };
        match find(&self.fine) {
            Some(index) => self.fine.get(index),
            None => find(&self.coarse).and_then(|index| self.coarse.get(index)),
        }
    }
}

impl Bucket {
    /// Adds an interval of its process.
    fn note(&mut self, frame: &Frame, process: &ProcessFrame) {
        self.cpu += process.share.cpu_time;
        self.energy.add_all(&process.share.energy);
        if let Some(progress) = &process.progress {
            self.progress.get_or_insert_default().add(progress);
        }
        if let Some(work) = process.work.as_ref().filter(|work| !work.cycles.is_empty()) {
            let counted = self.counted.get_or_insert_default();
            let sum = |counts: &[u64]| counts.iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
            counted.cycles = counted.cycles.saturating_add(sum(&work.cycles));
            counted.instructions = counted.instructions.saturating_add(work.instructions);
            if !work.misses.is_empty() {
                let misses = counted.misses.unwrap_or(0);
                counted.misses = Some(misses.saturating_add(sum(&work.misses)));
            }
        }
        for on in &process.gpus {
            let Some(device) = frame.gpus.get(on.gpu) else { continue };
            let parts = process.parts.iter().filter(|part| {
                let tenancy = frame.pools.get(part.pool).and_then(|pool| pool.tenancy);
                tenancy.is_some_and(|tenancy| tenancy.gpu == on.gpu)
            });
            let charged: Microjoules = parts.map(|part| part.moving + part.fixed).sum();
            let metered = frame.pool(&device.gpu.id).is_some();
            let energy = metered.then_some(charged);
            let on = OnDevice {
                gpu: Arc::clone(&device.gpu),
                held: if on.context.is_some() { frame.interval } else { Duration::ZERO },
                idle: on.held.unwrap_or_default(),
                busy: on.busy,
                memory: on.memory,
                energy,
                idle_energy: energy.filter(|_| on.held.is_some()),
            };
            self.seat(on);
        }
    }

    /// Adds time on a GPU.
    fn seat(&mut self, on: OnDevice) {
        match self.gpus.iter_mut().find(|seat| seat.is_on(&on.gpu)) {
            None => self.gpus.push(on),
            Some(seat) => {
                seat.held += on.held;
                seat.idle += on.idle;
                // A use that is not told makes the sum unknown.
                seat.busy = seat.busy.zip(on.busy).map(|(a, b)| a + b);
                seat.memory = on.memory.or(seat.memory);
                seat.energy = add(seat.energy, on.energy);
                seat.idle_energy = add(seat.idle_energy, on.idle_energy);
            }
        }
    }

    /// Adds what the same process did in the next slot.
    fn add(&mut self, later: Self) {
        let Self { cpu, energy, progress, counted, gpus, .. } = later;
        self.cpu += cpu;
        self.energy.add_all(&energy);
        if let Some(progress) = progress {
            self.progress.get_or_insert_default().add(&progress);
        }
        if let Some(Counted { cycles, instructions, misses }) = counted {
            let sum = self.counted.get_or_insert_default();
            sum.cycles = sum.cycles.saturating_add(cycles);
            sum.instructions = sum.instructions.saturating_add(instructions);
            if let Some(misses) = misses {
                sum.misses = Some(sum.misses.unwrap_or(0).saturating_add(misses));
            }
        }
        for on in gpus {
            self.seat(on);
        }
    }
}

/// A process did nothing that would be remembered.
fn nothing(frame: &Frame, process: &ProcessFrame) -> bool {
    let little = process.share.cpu_time.as_secs_f64() < LEAST * frame.interval.as_secs_f64();
    little && process.gpus.is_empty() && process.progress.is_none()
}

/// What is known of a sum: a gap adds nothing.
fn add(a: Option<Microjoules>, b: Option<Microjoules>) -> Option<Microjoules> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests;
