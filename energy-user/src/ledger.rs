//! What has added up since the start: totals by process, and the recent past.
//!
//! A ledger is a pure fold over ticks. A process keeps its row after its end; when
//! there are very many ended ones, the smallest are folded into one row, so that
//! memory stays bounded and the rows still add up to the header.

mod fold;
mod groups;
mod members;
mod row;
mod whose;

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use fold::Folded;
pub use row::{OnGpus, Row, RowKey};
use rustc_hash::FxHashMap;

use crate::{
    carbon::Intensity,
    frame::{Frame, OnGpu, ProcessFrame, Quality, Share},
    job::resolve::Placed,
    sample::{Identity, Lost, ProcessId},
    units::{GramsCo2e, Watts},
    waste::Finding,
};

/// A frame and the carbon intensity that held during it.
#[derive(Clone, Debug)]
pub struct Tick {
    /// The interval's accounts.
    pub frame: Frame,
    /// The grid at that moment.
    pub intensity: Arc<Intensity>,
    /// Where each process of the frame belongs, in the frame's order; empty if nobody asked.
    pub placed: Vec<Placed>,
    /// What looks like waste at its end, worst first.
    pub findings: Vec<Finding>,
}

/// Points of power that are remembered: an hour at one a second.
const MOST_HISTORY: usize = 3600;

/// One row's sums.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// CPU time and energy since the start.
    pub share: Share,
    /// Emissions since the start, each interval at its own intensity.
    pub grams: GramsCo2e,
    /// What was bought for it, joules: with what the building needs beyond the meters (PUE).
    pub bought: f64,
}

impl Sum {
    /// Adds a share of an interval at the intensity of that moment.
    pub fn add(&mut self, share: &Share, intensity: &Intensity) {
        self.share.add(share);
        if let Some(energy) = share.energy.total() {
            self.grams += intensity.grams(energy);
            self.bought += energy.joules() * intensity.factors.product();
        }
    }

    /// Adds another's sums.
    pub fn merge(&mut self, other: &Self) {
        self.share.add(&other.share);
        self.grams += other.grams;
        self.bought += other.bought;
    }
}

/// A process and its sums.
#[derive(Clone, Debug)]
pub struct Account {
    /// What it is called; the newest name it had.
    pub identity: Arc<Identity>,
    /// Since the start.
    pub sum: Sum,
    /// In the last interval; nothing if it did not run.
    pub last: Share,
    /// What it had of GPUs in the last interval.
    pub seats: Seats,
    /// It is no more.
    pub ended: bool,
    /// Where it belongs, as was told last; none where nobody asked.
    pub placed: Option<Placed>,
}

impl Account {
    /// Remembers where it belongs; what is not told changes nothing.
    fn belongs(&mut self, placed: Option<&Placed>) {
        if let Some(placed) = placed
            && self.placed.as_ref() != Some(placed)
        {
            self.placed = Some(placed.clone());
        }
    }
}

/// What a process had of GPUs in an interval, all of them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    /// GPUs that it held or used.
    pub gpus: usize,
    /// It holds one, with memory or without: more than use in passing.
    pub holds: bool,
    /// Their memory that it holds, bytes; none where one of them does not tell.
    pub memory: Option<u64>,
    /// It holds one that nobody uses.
    pub held_idle: bool,
}

impl Seats {
    /// Of what a process did on each GPU.
    pub fn of(gpus: &[OnGpu]) -> Self {
        // Who only used a GPU in passing holds no memory of it.
        let held = gpus.iter().filter(|on| on.context.is_some());
        let memory = held.map(|on| on.memory).reduce(|a, b| Some(a?.saturating_add(b?)));
        Self {
            gpus: gpus.len(),
            holds: gpus.iter().any(|on| on.context.is_some()),
            memory: memory.flatten(),
            held_idle: gpus.iter().any(|on| on.held.is_some()),
        }
    }
}

/// Sums of the whole machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// All rows.
    pub sum: Sum,
    /// Time accounted for.
    pub elapsed: Duration,
    /// The highest mean power of any interval.
    pub peak: Option<Watts>,
    /// What was not seen.
    pub lost: Lost,
}

/// Everything since the start.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    accounts: FxHashMap<ProcessId, Account>,
    others: [Other; 6],
    folded: Folded,
    totals: Totals,
    history: VecDeque<Option<Watts>>,
    latest: Option<Arc<Tick>>,
    /// Meters that have counted at least once, and those that stood in for one.
    counted: HashSet<String>,
    estimated: HashSet<String>,
    partial: bool,
    quality: Option<Quality>,
}

/// Sums of one of the rows that are not processes.
#[derive(Clone, Copy, Debug, Default)]
struct Other {
    sum: Sum,
    last: Share,
    /// This machine has such a row.
    known: bool,
}

impl Ledger {
    /// Adds an interval.
    pub fn push(&mut self, tick: impl Into<Arc<Tick>>) {
        let tick = tick.into();
        let Tick { frame, intensity, placed, .. } = &*tick;
        for account in self.accounts.values_mut() {
            account.last = Share::default();
            account.seats = Seats::default();
        }
        for (index, process) in frame.processes.iter().enumerate() {
            let ProcessFrame { id, identity, ended, share, threads, gpus, .. } = process;
            let placed = placed.get(index);
            if threads.is_empty() {
                let account = self.charge(*id, identity, *ended, share, intensity);
                account.seats = Seats::of(gpus);
                account.belongs(placed);
            }
            // Threads that are told apart stand in their process's place. No GPU tells of
            // threads: what the process holds and uses stands beside the first of them.
            for (index, thread) in threads.iter().enumerate() {
                let identity = Identity { name: (*thread.name).into(), ..(**identity).clone() };
                let (identity, ended) = (Arc::new(identity), *ended || thread.ended);
                if index > 0 {
                    let account =
                        self.charge(thread.id, &identity, ended, &thread.share, intensity);
                    account.belongs(placed);
                    continue;
                }
                let share = Share { gpu_time: share.gpu_time, held: share.held, ..thread.share };
                let account = self.charge(thread.id, &identity, ended, &share, intensity);
                account.seats = Seats::of(gpus);
                account.belongs(placed);
            }
        }
        for (account, (_, share)) in self.others.iter_mut().zip(frame.other_rows()) {
            account.last = share.copied().unwrap_or_default();
            account.known |= share.is_some();
            account.sum.add(&account.last, intensity);
        }
        self.totals.sum.add(&frame.whole(), intensity);
        self.totals.elapsed += frame.interval;
        self.totals.lost.add(&frame.lost);
        let watts = frame.watts();
        if let Some(watts) = watts {
            let peak = self.totals.peak.map_or(watts.0, |peak| peak.0.max(watts.0));
            self.totals.peak = Some(Watts(peak));
        }
        // The sum without a meter that used to count is no fall of power.
        let (there, gone): (Vec<_>, Vec<_>) =
            frame.meters.iter().partition(|meter| meter.energy.is_some());
        self.partial = gone.iter().any(|meter| self.counted.contains(&meter.id));
        // One that is not even listed any more (the battery, on mains) has left the sum: the
        // interval in which it did is a gap, and the next ones are another sum.
        let listed = |id: &String| frame.meters.iter().any(|meter| meter.id == *id);
        let stand_in = |id: &String| self.estimated.contains(id);
        self.partial |= self.counted.iter().any(|id| !listed(id) && !stand_in(id));
        self.counted.retain(listed);
        for meter in there {
            if meter.quality == Quality::Estimated && !self.estimated.contains(&meter.id) {
                self.estimated.insert(meter.id.clone());
            }
            if !self.counted.contains(&meter.id) {
                self.counted.insert(meter.id.clone());
            }
        }
        // A gap stays a gap: absence is not zero.
        self.history.push_back(watts.filter(|_| !self.partial));
        if self.history.len() > MOST_HISTORY {
            self.history.pop_front();
        }
        // A gap adds nothing to the sums, so it cannot make them worse; an estimate
        // before it stays one.
        if frame.quality != Quality::Absent {
            self.quality = self.quality.max(Some(frame.quality));
        }
        self.fold(&frame.machine.host);
        self.latest = Some(tick);
    }

    /// Adds an interval's share to a process's account, or a thread's.
    fn charge(
        &mut self,
        id: ProcessId,
        identity: &Arc<Identity>,
        ended: bool,
        share: &Share,
        intensity: &Intensity,
    ) -> &mut Account {
        let account = self.accounts.entry(id).or_insert_with(|| Account {
            identity: Arc::clone(identity),
            sum: Sum::default(),
            last: Share::default(),
            seats: Seats::default(),
            ended: false,
            placed: None,
        });
        // It is nearly always the same, and is not touched then: there may be very many.
        if !Arc::ptr_eq(&account.identity, identity) {
            account.identity = Arc::clone(identity);
        }
        account.last = *share;
        // A thread that execs takes the number of its leader, which has ended.
        account.ended = ended || (account.ended && share.cpu_time.is_zero());
        account.sum.add(share, intensity);
        account
    }

    /// Sums of the machine.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Power of each interval, oldest first; a gap is none.
    pub fn history(&self) -> &VecDeque<Option<Watts>> {
        &self.history
    }

    /// In the last interval, a meter was missing that had counted before.
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// The last interval.
    pub fn latest(&self) -> Option<&Tick> {
        self.latest.as_deref()
    }

    /// The worst quality of what was added up since the start; absent if nothing was.
    pub fn quality(&self) -> Quality {
        self.quality.unwrap_or(Quality::Absent)
    }
}

#[cfg(test)]
pub(crate) mod tests;
