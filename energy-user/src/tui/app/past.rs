//! The ticks that can be looked at again: a bounded past, and the books of any of its moments.
//!
//! Whole ticks are kept, and now and then a copy of the ledger. A moment's books are the copy
//! before it with the ticks up to the moment added, which is what was shown then: adding is
//! exact. What is kept is bounded; the oldest copy goes with the ticks up to the next.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{books::Books, pace, trail::Trail};
use crate::{
    group::Grouping,
    ledger::{Ledger, Tick},
};

/// Rows of processes that are kept, of all ticks together: some 60 MB.
const MOST_ROWS: usize = 100_000;
/// Ticks that are kept: an hour at one a second, as the graph of power has.
const MOST_TICKS: usize = 3600;
/// Stretches that they are kept in, each with the ledger before it.
const STRETCHES: usize = 8;
/// Older figures have no part in a pace that anybody could see: e to the power of -20.
const WARM: Duration = Duration::from_secs(100);
/// Rows whose pace is made again for a moment, of all ticks together; more would take longer
/// than a key may.
const MOST_PACES: usize = 80_000;

/// The recent past.
#[derive(Default)]
pub(super) struct Past {
    /// The number of the oldest tick that is kept; they are counted from the start.
    first: u64,
    ticks: VecDeque<Arc<Tick>>,
    /// The oldest begins with the oldest tick, and each ends where the next begins.
    stretches: VecDeque<Stretch>,
}

/// Ticks that follow each other.
struct Stretch {
    /// Everything before the first of them.
    before: Ledger,
    /// How many they are.
    ticks: usize,
    /// Their rows together.
    rows: usize,
}

impl Past {
    /// Adds an interval to what the ledger has `before` it.
    pub fn push(&mut self, tick: Arc<Tick>, before: &Ledger) {
        self.push_within(tick, before, MOST_ROWS, MOST_TICKS);
    }

    fn push_within(
        &mut self,
        tick: Arc<Tick>,
        before: &Ledger,
        most_rows: usize,
        most_ticks: usize,
    ) {
        let more = rows(&tick);
        self.ticks.push_back(tick);
        let room = |stretch: &&mut Stretch| {
            stretch.rows + more <= most_rows / STRETCHES && stretch.ticks < most_ticks / STRETCHES
        };
        if let Some(stretch) = self.stretches.back_mut().filter(room) {
            stretch.rows += more;
            stretch.ticks += 1;
        } else {
            self.stretches.push_back(Stretch { before: before.clone(), ticks: 1, rows: more });
        }
        let mut kept: usize = self.stretches.iter().map(|stretch| stretch.rows).sum();
        // The newest stays, however large it is.
        while self.stretches.len() > 1 && (kept > most_rows || self.ticks.len() > most_ticks) {
            let Some(oldest) = self.stretches.pop_front() else { return };
            kept -= oldest.rows;
            self.ticks.drain(..oldest.ticks);
            self.first += oldest.ticks as u64;
        }
    }

    /// The number of the oldest tick.
    pub fn oldest(&self) -> Option<u64> {
        (!self.ticks.is_empty()).then_some(self.first)
    }

    /// The number of the newest tick.
    pub fn newest(&self) -> Option<u64> {
        Some(self.first + (self.ticks.len() as u64).checked_sub(1)?)
    }

    /// A tick by its number, if it is kept.
    pub fn tick(&self, number: u64) -> Option<&Arc<Tick>> {
        self.ticks.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The tick whose interval has a time in it; none of a time that is not kept.
    pub fn at(&self, time: Timestamp) -> Option<u64> {
        let (start, _) = self.span()?;
        if time < start {
            return None;
        }
        let index = self.ticks.iter().position(|tick| tick.frame.time >= time)?;
        Some(self.first + index as u64)
    }

    /// From when to when ticks are kept.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let (oldest, newest) = (self.ticks.front()?, self.ticks.back()?);
        let start = oldest.frame.time.checked_sub(oldest.frame.interval).ok()?;
        Some((start, newest.frame.time))
    }

    /// The books as of a tick, with the paces that rows had then. `about` so many rows are
    /// expected, which decides how much of the time before can be gone through for them. The past
    /// of rows is what is remembered of it, or what was gone through where that is longer.
    pub fn books(
        &self,
        number: u64,
        by: Grouping,
        about: usize,
        remembered: Option<Trail>,
    ) -> Option<Books> {
        self.tick(number)?;
        let from = self.warm(number, about);
        let remembered = remembered.filter(|trail| trail.len() as u64 > number - from);
        let mut books = Books::of(self.before(from), by);
        for number in from..=number {
            let tick = Arc::clone(self.tick(number)?);
            match remembered {
                Some(_) => books.add(tick),
                None => books.push(tick),
            }
            books.settle(by);
        }
        Some(match remembered {
            Some(trail) => books.with_trail(trail),
            None => books.after(from),
        })
    }

    /// From which tick on paces are made for a moment.
    fn warm(&self, number: u64, about: usize) -> u64 {
        let most = (MOST_PACES / about.max(1)).max(pace::RECENT) as u64;
        let mut from = number;
        let mut time = Duration::ZERO;
        while from > self.first && number - from < most && time < WARM {
            from -= 1;
            time += self.tick(from).map_or(Duration::ZERO, |tick| tick.frame.interval);
        }
        from
    }

    /// The ledger as of before a tick.
    fn before(&self, number: u64) -> Ledger {
        let (mut from, mut ledger) = (self.first, None);
        for stretch in &self.stretches {
            ledger = Some(&stretch.before);
            if from + stretch.ticks as u64 > number {
                break;
            }
            from += stretch.ticks as u64;
        }
        let mut ledger = ledger.cloned().unwrap_or_default();
        for tick in (from..number).filter_map(|number| self.tick(number)) {
            ledger.push(Arc::clone(tick));
        }
        ledger
    }
}

/// What a tick weighs: whatever it has one of for each process.
fn rows(tick: &Tick) -> usize {
    let frame = &tick.frame;
    let threads: usize = frame.processes.iter().map(|process| process.threads.len()).sum();
    frame.processes.len() + threads + frame.births.len() + frame.kin.len()
}

#[cfg(test)]
mod tests;
