//! The processes of a scenario: who they are, and when each lives.
//!
//! In a scenario that repeats, a process that ends is a new one in each round:
//! the same pid with a later start, as on a machine that reuses its numbers.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use super::{
    error::Problem,
    file,
    gpu::{Device, Guest, Seats},
    notation::{self, LONGEST, show},
    progress::{self, Course},
    scenario::Topology,
    schedule::{Load, Rounds},
};
use crate::sample::{Birth, CpuTime, Identity, Kind, ProcessActivity, ProcessId, Progress};

/// How long the machine had been up when the scenario began.
pub const UPTIME: Duration = Duration::from_hours(1);

/// Longest name that the kernel keeps, in bytes.
const LONGEST_NAME: usize = 15;

/// One process, or one in each round.
#[derive(Clone, Debug)]
pub struct Process {
    pub pid: u32,
    /// Nanoseconds into the round.
    pub starts: u64,
    /// Nanoseconds into the round; none if it lives on.
    pub ends: Option<u64>,
    pub loads: Vec<Load>,
    /// What comes of its time.
    courses: Vec<Course>,
    /// What it does on GPUs.
    pub seats: Seats,
    /// Its number is of another PID namespace.
    stranger: bool,
    /// Without its parent.
    identity: Identity,
    parent: Option<Parent>,
}

/// What is needed of a parent to name it in any round.
#[derive(Clone, Copy, Debug)]
struct Parent {
    pid: u32,
    starts: u64,
    mortal: bool,
}

impl Process {
    /// Checks a process; `earlier` are those before it in the file.
    pub fn new(
        raw: file::Process,
        earlier: &[Self],
        uid: Option<u32>,
        topology: &Topology,
        devices: &[Device],
    ) -> Result<Self, Problem> {
        let entry = format!("process {:?} (pid {})", raw.name, raw.pid);
        let problem = |text: String| Problem::new(entry.clone(), text);
        let kind = kind(&raw).map_err(problem)?;
        let (starts, ends) = life(&raw, topology.rounds).map_err(problem)?;
        let mut loads = Vec::new();
        for run in &raw.runs {
            let life = (starts, ends);
            topology.loads(run, life, &mut loads).map_err(|why| problem(format!("runs: {why}")))?;
        }
        let courses = progress::courses(&raw.progress, starts, ends.or(topology.rounds.period()));
        let courses = courses.map_err(|why| problem(format!("progress: {why}")))?;
        let last = ends.or(topology.rounds.period()).unwrap_or(LONGEST);
        let seats = Seats::new(&raw, (starts, last), devices);
        let seats = seats.map_err(|why| problem(format!("gpu: {why}")))?;
        if !seats.is_empty() && kind != Kind::Process {
            return Err(problem("only a program has a GPU; leave `gpu` out".into()));
        }
        if raw.stranger && (!loads.is_empty() || raw.parent.is_some()) {
            return Err(problem("a `stranger` is seen by GPUs only; leave `runs` out".into()));
        }
        let parent =
            raw.parent.map(|pid| parent(pid, starts, earlier)).transpose().map_err(problem)?;
        let this = Self {
            pid: raw.pid,
            starts,
            ends,
            loads,
            courses,
            seats,
            stranger: raw.stranger,
            identity: Identity {
                name: raw.name,
                cmdline: raw.cmdline,
                uid,
                user: raw.user,
                parent: None,
                cgroup: raw.cgroup,
                groups: Vec::new(),
                session: raw.session,
                pgrp: raw.pgrp,
                env: raw.env,
                kind,
            },
            parent,
        };
        if let Some(other) = earlier.iter().find(|other| other.meets(&this, topology.rounds)) {
            return Err(problem(format!(
                "pid {} is in use by {:?} at that time; give one of them another pid or life",
                this.pid, other.identity.name
            )));
        }
        Ok(this)
    }

    /// The name, for messages.
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// Whether it has a row of its own in a frame.
    pub fn has_row(&self) -> bool {
        self.identity.kind == Kind::Process && !self.stranger
    }

    /// Two lives with one number at one time.
    fn meets(&self, other: &Self, rounds: Rounds) -> bool {
        let lives_on = |process: &Self| rounds.period().is_some() && process.ends.is_none();
        let before = |a: &Self, b: &Self| a.ends.is_some_and(|ends| ends <= b.starts);
        let apart = before(self, other) || before(other, self);
        self.pid == other.pid && (!apart || lives_on(self) || lives_on(other))
    }

    /// The rounds in which a new life may have something to tell about a time.
    pub fn rounds(&self, from: u64, to: u64, rounds: Rounds) -> RangeInclusive<u64> {
        match self.ends {
            Some(_) => rounds.number(from)..=rounds.number(to),
            None => 0..=0,
        }
    }

    /// What the process of one round did between two moments, if anything.
    pub fn activity(
        &self,
        round: u64,
        from: u64,
        to: u64,
        rounds: Rounds,
        packages: usize,
    ) -> Option<ProcessActivity> {
        let begin = rounds.begin(round);
        let sum = |load: &Load, at: u64| match self.ends {
            Some(_) => load.busy(at.saturating_sub(begin)),
            None => rounds.sum(at, |phase| load.busy(phase)),
        };
        let mut cpu = CpuTime::zero(packages);
        for load in &self.loads {
            cpu.add(load.package, sum(load, to) - sum(load, from));
        }
        let ended = self.ends.is_some_and(|ends| (from + 1..=to).contains(&(begin + ends)));
        (!self.stranger && (ended || cpu.total() > Duration::ZERO)).then(|| {
            let parent = self.parent_id(round, rounds);
            let identity = Arc::new(Identity { parent, ..self.identity.clone() });
            let progress = self.progress(round, (from, to), rounds);
            let activity = ProcessActivity::new(self.id(round, rounds), identity, ended, cpu);
            ProcessActivity { progress, ..activity }
        })
    }

    /// What came of its time between two moments; none where that is not told.
    fn progress(&self, round: u64, span: (u64, u64), rounds: Rounds) -> Option<Progress> {
        let begin = rounds.begin(round);
        let sum = |at: u64, within: &dyn Fn(u64) -> u64| match self.ends {
            Some(_) => within(at.saturating_sub(begin)),
            None => rounds.sum(at, within),
        };
        let mut whole: Option<Progress> = None;
        for course in &self.courses {
            if let Some(progress) = course.between(&self.loads, span, &sum) {
                whole.get_or_insert_default().add(&progress);
            }
        }
        whole
    }

    /// The process of one round, if it lived between two moments, as a GPU's driver sees it.
    pub fn guest(&self, round: u64, from: u64, to: u64, rounds: Rounds) -> Option<Guest> {
        let begin = self.ends.map(|_| rounds.begin(round));
        let at = begin.unwrap_or(0);
        let lived = at + self.starts < to && self.ends.is_none_or(|ends| at + ends > from);
        lived.then(|| {
            let parent = self.parent_id(round, rounds);
            let identity = Arc::new(Identity { parent, ..self.identity.clone() });
            let person = (!self.stranger).then(|| (self.id(round, rounds), identity));
            Guest { person, pid: self.pid, begin }
        })
    }

    /// Who the process of one round is, if it lives at a moment and anybody can see it.
    pub fn person(
        &self,
        round: u64,
        at: u64,
        rounds: Rounds,
    ) -> Option<(ProcessId, Arc<Identity>)> {
        let phase = self.ends.map_or(at, |_| at - rounds.begin(round));
        let lives = phase >= self.starts && self.ends.is_none_or(|ends| phase < ends);
        (lives && !self.stranger).then(|| {
            let parent = self.parent_id(round, rounds);
            let identity = Identity { parent, ..self.identity.clone() };
            (self.id(round, rounds), Arc::new(identity))
        })
    }

    /// Its birth, if that is in a round between two moments and somebody forked it.
    pub fn birth(&self, round: u64, from: u64, to: u64, rounds: Rounds) -> Option<Birth> {
        let at = rounds.begin(round) + self.starts;
        let parent = self.parent_id(round, rounds)?;
        (from + 1..=to).contains(&at).then(|| Birth { child: self.id(round, rounds), parent })
    }

    /// Its identity in one round.
    fn id(&self, round: u64, rounds: Rounds) -> ProcessId {
        id(self.pid, self.starts + if self.ends.is_some() { rounds.begin(round) } else { 0 })
    }

    /// Its parent's identity in one round.
    fn parent_id(&self, round: u64, rounds: Rounds) -> Option<ProcessId> {
        self.parent.map(|Parent { pid, starts, mortal }| {
            id(pid, starts + if mortal { rounds.begin(round) } else { 0 })
        })
    }
}

/// A pid that begins at a time since the scenario's start.
fn id(pid: u32, starts: u64) -> ProcessId {
    ProcessId { pid, start: UPTIME.as_nanos() as u64 + starts }
}

/// Which row of the books it belongs to.
fn kind(raw: &file::Process) -> Result<Kind, String> {
    if raw.pid == 0 {
        return Err("pid 0 is the idle task; count from 1".into());
    }
    if raw.name.is_empty() || raw.name.len() > LONGEST_NAME {
        return Err("a name has 1 to 15 bytes in the kernel; put the rest into `cmdline`".into());
    }
    match (raw.kernel, raw.tool) {
        (true, true) => Err("`kernel` and `tool` exclude each other; leave one out".into()),
        (true, false) => Ok(Kind::Kernel),
        (false, true) => Ok(Kind::Tool),
        (false, false) => Ok(Kind::Process),
    }
}

/// When it lives, in nanoseconds into the round.
fn life(raw: &file::Process, rounds: Rounds) -> Result<(u64, Option<u64>), String> {
    let named = |field: &str, text: &Option<String>| {
        let time = text.as_deref().map(notation::time).transpose();
        time.map_err(|why| format!("{field}: {why}"))
    };
    let starts = named("starts", &raw.starts)?.unwrap_or(0);
    let ends = named("ends", &raw.ends)?;
    if let Some(ends) = ends.filter(|&ends| ends <= starts) {
        let (starts, ends) = (show(starts), show(ends));
        return Err(format!("it ends at {ends} but starts at {starts}; let it end later"));
    }
    if let Some(period) = rounds.period()
        && (starts >= period || ends.is_some_and(|ends| ends > period))
    {
        let period = show(period);
        return Err(format!(
            "its life goes beyond `repeat` at {period}; let it start and end before"
        ));
    }
    Ok((starts, ends))
}

/// The process that forked one at a time.
///
/// It has to stand earlier in the file, so that no process can descend from itself.
fn parent(pid: u32, starts: u64, earlier: &[Process]) -> Result<Parent, String> {
    earlier
        .iter()
        .find(|parent| {
            let alive = parent.starts <= starts && parent.ends.is_none_or(|ends| ends > starts);
            parent.pid == pid && alive
        })
        .map(|parent| Parent { pid, starts: parent.starts, mortal: parent.ends.is_some() })
        .ok_or_else(|| {
            let at = show(starts);
            format!("no process above it has pid {pid} at {at}; list the parent first, or leave `parent` out")
        })
}
