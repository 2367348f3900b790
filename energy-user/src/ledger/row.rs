//! The rows of a ledger: one for each process, and those that are not processes.
//!
//! Every presenter that shows sums since the start (the screen, the report of a
//! run) draws these rows; their sum is the header.

use std::{sync::Arc, time::Duration};

use super::{Account, Ledger, Seats, Sum};
use crate::{
    frame::{Held, Quality, Share},
    group::Grouping,
    job::Job,
    sample::{Identity, ProcessId, Told},
    units::{GramsCo2e, Microjoules, Watts},
};

/// Which row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKey {
    /// A process.
    Process(ProcessId),
    /// Processes that belong together, by a number that is made of the group's id.
    Group(Grouping, u64),
    /// Static power, and the time nobody ran.
    Idle,
    /// Kernel threads.
    Kernel,
    /// Interrupts.
    Irq,
    /// What nobody can be named for.
    Unattributed,
    /// What is in no part of the machine that is metered.
    Rest,
    /// jouletop itself.
    Tool,
    /// Ended processes that have no row of their own any more.
    Folded,
}

/// One row: now, and since the start.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub key: RowKey,
    /// What it is called and whose it is.
    pub identity: Arc<Identity>,
    /// It is no more.
    pub ended: bool,
    /// Mean power over the last interval; none where no meter counted.
    pub watts: Option<Watts>,
    /// CPU time over the last interval, per cent of one CPU.
    pub cpu_percent: f64,
    /// Since the start; none where no meter counted while it was there.
    pub energy: Option<Microjoules>,
    /// Since the start; none where no meter counted.
    pub grams: Option<GramsCo2e>,
    /// What was bought for it since the start, joules: with what the building needs beyond the
    /// meters; none where no meter counted.
    pub bought: Option<f64>,
    /// CPU time since the start.
    pub cpu_time: Duration,
    /// What it has on GPUs.
    pub gpu: OnGpus,
    /// How good the row's energy is.
    pub quality: Quality,
    /// Time since it began, of the oldest that lives; none for what has ended.
    pub age: Option<Duration>,
    /// Processes that it is made of, ended ones too, or their threads where those are told apart;
    /// none for what is no process.
    pub members: usize,
    /// The job that it is, or is a part of.
    pub job: Option<Arc<Job>>,
    /// Its oldest known ancestor of the same job.
    pub root: Option<ProcessId>,
}

/// What a row has on GPUs, all of them together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OnGpus {
    /// GPUs that it held or used in the last interval; none where one of them does not tell.
    pub seats: Option<usize>,
    /// Mean power over the last interval; none where no GPU's meter counted.
    pub watts: Option<Watts>,
    /// Since the start; none where no GPU's meter counted while it was there.
    pub energy: Option<Microjoules>,
    /// Time on GPUs over the last interval, per cent of one GPU; none where that is not told.
    pub percent: Option<f64>,
    /// Memory that it holds, bytes; none where that is not told.
    pub memory: Option<u64>,
    /// It holds one that nobody uses.
    pub held_idle: bool,
    /// Time on GPUs since the start; none where it was on none, or that was never told.
    pub time: Option<Duration>,
    /// Since the start, what it held while nobody used it.
    pub held: Held,
}

impl Ledger {
    /// The rows that are not processes, in the order of a frame's, and what they are called.
    pub(super) const OTHERS: [(RowKey, &'static str); 6] = [
        (RowKey::Idle, "(idle)"),
        (RowKey::Kernel, "(kernel)"),
        (RowKey::Irq, "(irq)"),
        (RowKey::Unattributed, "(unattributed)"),
        (RowKey::Rest, "(rest of machine)"),
        (RowKey::Tool, "(jouletop)"),
    ];

    /// Every row, in no particular order; their energy adds up to the totals.
    pub fn rows(&self) -> Vec<Row> {
        let told = self.holders_are_told();
        let accounts = self.accounts.iter();
        let mut rows = Vec::with_capacity(accounts.len() + Self::OTHERS.len() + 1);
        rows.extend(accounts.map(|(id, account)| self.process(*id, account, told)));
        rows.extend(self.other_rows());
        rows.extend(self.folded_row(&self.folded.sum, self.folded.count));
        rows
    }

    /// The row of a process; `told` says that every GPU tells who is on it.
    pub(super) fn process(&self, id: ProcessId, account: &Account, told: bool) -> Row {
        let Account { identity, sum, last, seats, ended, placed } = account;
        let (key, identity) = (RowKey::Process(id), Arc::clone(identity));
        let mut row = self.row(key, identity, *ended, sum, (last, *seats));
        if seats.gpus == 0 && !ended && !told {
            row.gpu.seats = None;
        }
        row.members = 1;
        row.age = if *ended { None } else { self.age(id) };
        row.job = placed.as_ref().and_then(|placed| placed.job.clone());
        row.root = placed.as_ref().map(|placed| placed.root);
        row
    }

    /// The rows that are not processes.
    pub(super) fn other_rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for ((key, name), other) in Self::OTHERS.into_iter().zip(&self.others) {
            if other.known {
                // Whom nobody can name, nobody can count either; that they are there is known.
                let strangers = if key == RowKey::Unattributed { self.strangers() } else { 0 };
                let seats = Seats { gpus: strangers, ..Seats::default() };
                rows.push(self.row(key, named(name), false, &other.sum, (&other.last, seats)));
            }
        }
        rows
    }

    /// What has ended and is told apart no more.
    pub(super) fn folded_row(&self, sum: &Sum, count: usize) -> Option<Row> {
        let name = named(&format!("({count} more that ended)"));
        let nothing = (&Share::default(), Seats::default());
        let row = (count > 0).then(|| self.row(RowKey::Folded, name, true, sum, nothing))?;
        Some(Row { members: count, ..row })
    }

    /// Time since a process began.
    pub(super) fn age(&self, id: ProcessId) -> Option<Duration> {
        let boottime = self.latest()?.frame.boottime;
        boottime.checked_sub(Duration::from_nanos(id.start))
    }

    /// Every GPU tells who is on it.
    pub(super) fn holders_are_told(&self) -> bool {
        let mut gpus = self.latest().into_iter().flat_map(|tick| &tick.frame.gpus);
        gpus.all(|gpu| gpu.told != Told::Nothing)
    }

    /// GPUs with somebody on them whom nobody here can name.
    fn strangers(&self) -> usize {
        let gpus = self.latest().into_iter().flat_map(|tick| &tick.frame.gpus);
        gpus.filter(|gpu| gpu.strangers > 0).count()
    }

    pub(super) fn row(
        &self,
        key: RowKey,
        identity: Arc<Identity>,
        ended: bool,
        sum: &Sum,
        (last, seats): (&Share, Seats),
    ) -> Row {
        let frame = self.latest().map(|tick| &tick.frame);
        let interval = frame.map_or(Duration::ZERO, |frame| frame.interval);
        let metered = frame.is_some_and(|frame| frame.total.total().is_some());
        let watts = last.energy.total().unwrap_or_default().over(interval);
        let energy = sum.share.energy.total();
        let percent = |time: Duration| {
            let percent = time.as_secs_f64() / interval.as_secs_f64() * 100.0;
            if percent.is_finite() { percent } else { 0.0 }
        };
        Row {
            key,
            identity,
            ended,
            watts: watts.filter(|_| metered),
            cpu_percent: percent(last.cpu_time),
            energy,
            grams: energy.map(|_| sum.grams),
            bought: energy.map(|_| sum.bought),
            cpu_time: sum.share.cpu_time,
            gpu: OnGpus {
                seats: Some(seats.gpus),
                watts: frame
                    .and_then(|frame| frame.total.gpu)
                    .and_then(|_| last.energy.gpu.unwrap_or_default().over(interval)),
                energy: sum.share.energy.gpu,
                percent: last.gpu_time.map(percent),
                memory: seats.memory,
                held_idle: seats.held_idle,
                time: sum.share.gpu_time,
                held: sum.share.held,
            },
            quality: self.quality().max(Quality::Attributed),
            age: None,
            members: 0,
            job: None,
            root: None,
        }
    }
}

/// The identity of a row that is not a process.
fn named(name: &str) -> Arc<Identity> {
    Arc::new(Identity { name: name.into(), ..Identity::default() })
}
