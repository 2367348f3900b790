//! The past of one subject, newest first, and the run of it that meets a condition.
//!
//! Rules ask one question: since when, without a break, has it been so? The newest slot may have
//! only just begun; it ends no run before it is half full.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;

use super::{
    finding::{Charge, Pool, Subject, SubjectKind, merge},
    history::{Bucket, History, Member, Slot},
    kin::{Key, Kin},
};
use crate::{frame::Energy, sample::ProcessId};

/// The past of a job, of a tree, or of one process in it.
#[derive(Clone, Debug)]
pub struct Past<'a> {
    history: &'a History,
    key: Key,
    /// Of one process and not of all that belongs together.
    alone: bool,
    /// Its processes, oldest first.
    pub members: Vec<&'a Member>,
}

/// A slot of it.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// When.
    pub slot: &'a Slot,
    /// Who did what; those who did nothing are not in it.
    pub parts: Vec<(&'a Member, &'a Bucket)>,
}

/// Slots without a break, newest first.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// The slots.
    pub views: Vec<View<'a>>,
    /// Time that was watched.
    pub span: Duration,
    /// When it began.
    pub since: Timestamp,
}

impl<'a> Past<'a> {
    pub(super) fn new(history: &'a History, key: Key, members: Vec<&'a Member>) -> Self {
        Self { history, key, alone: false, members }
    }

    /// The past of each of its processes alone.
    pub fn each(&self) -> impl Iterator<Item = Self> {
        self.members.iter().map(move |member| Self {
            history: self.history,
            key: self.key.clone(),
            alone: true,
            members: vec![*member],
        })
    }

    /// The kind of job; none where none is known.
    pub fn kind(&self) -> Option<crate::job::Kind> {
        match &self.key {
            Key::Job(kind, _) => Some(*kind),
            Key::Tree(_) => None,
        }
    }

    /// Time watched since the start.
    pub fn now(&self) -> Duration {
        self.history.now()
    }

    /// The end of the last interval.
    pub fn time(&self) -> Timestamp {
        self.history.time()
    }

    /// Who is whose.
    pub fn kin(&self) -> &'a Kin {
        self.history.kin()
    }

    /// Whose it is, of some of its processes.
    pub fn subject(&self, processes: impl IntoIterator<Item = ProcessId>) -> Subject {
        let processes: BTreeSet<_> = processes.into_iter().collect();
        let processes: Vec<_> = processes.into_iter().collect();
        match &self.key {
            Key::Job(kind, id) => {
                let mut members = self.members.iter();
                let job = members.find_map(|member| self.kin().job(member.id));
                let name = job.map_or_else(|| id.clone(), |job| job.name.clone());
                Subject { kind: SubjectKind::Job(*kind), id: id.clone(), name, processes }
            }
            Key::Tree(top) => {
                let first = self.members.first().map(|member| (member.id, &*member.identity));
                let top = self.kin().named(*top).map(|top| (top.id, &*top.identity));
                let top = if self.alone { first } else { top.or(first) };
                let (pid, name) = top.map_or((0, ""), |(id, identity)| (id.pid, &*identity.name));
                let one = self.members.len() == 1 && self.members[0].id.pid == pid;
                let (kind, word) = if one {
                    (SubjectKind::Process, "process")
                } else {
                    (SubjectKind::Tree, "tree")
                };
                Subject { kind, id: format!("{word} {pid}"), name: name.into(), processes }
            }
        }
    }

    /// Its slots, newest first, as far as the history reaches.
    pub fn views(&self) -> impl Iterator<Item = View<'a>> {
        self.history.slots().map(|slot| {
            let part = |member: &&'a Member| member.bucket(slot).map(|bucket| (*member, bucket));
            View { slot, parts: self.members.iter().filter_map(part).collect() }
        })
    }

    /// The newest slots of which something holds, without a break.
    pub fn run(&self, holds: impl Fn(&View) -> bool) -> Run<'a> {
        let mut views = Vec::new();
        for (index, view) in self.views().enumerate() {
            if holds(&view) {
                views.push(view);
            } else if index > 0 || view.slot.span * 2 >= self.history.grain().fine {
                break;
            }
        }
        let span = views.iter().map(|view| view.slot.span).sum();
        let since = views.last().map_or_else(|| self.time(), |view| view.slot.begin);
        Run { views, span, since }
    }
}

impl View<'_> {
    /// CPU time of all.
    pub fn cpu(&self) -> Duration {
        self.parts.iter().map(|(_, bucket)| bucket.cpu).sum()
    }

    /// A time as a part of what was watched: of CPU time, how many CPUs.
    pub fn part(&self, time: Duration) -> f64 {
        ratio(time, self.slot.span)
    }
}

impl<'a> Run<'a> {
    /// Who did what, over all slots.
    pub fn parts(&self) -> impl Iterator<Item = (&'a Member, &'a Bucket)> {
        self.views.iter().flat_map(|view| view.parts.iter().copied())
    }

    /// All that its processes were charged with.
    pub fn charges(&self) -> Vec<Charge> {
        merge(self.parts().flat_map(|(member, bucket)| {
            let Energy { cpu, dram, gpu: _, rest } = bucket.energy;
            let pools = [(Pool::Cpu, cpu), (Pool::Dram, dram), (Pool::Rest, rest)];
            let gpus = bucket.gpus.iter().map(|on| (Pool::Gpu(on.gpu.id.clone()), on.energy));
            let charge =
                |(pool, energy)| Some(Charge { process: member.id, pool, energy: energy? });
            pools.into_iter().chain(gpus).filter_map(charge).collect::<Vec<_>>()
        }))
    }

    /// CPU time of all.
    pub fn cpu(&self) -> Duration {
        self.parts().map(|(_, bucket)| bucket.cpu).sum()
    }
}

/// One time as a part of another; of no time it is nothing.
pub fn ratio(part: Duration, whole: Duration) -> f64 {
    let ratio = part.as_secs_f64() / whole.as_secs_f64();
    if ratio.is_finite() { ratio } else { 0.0 }
}
