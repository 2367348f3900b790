//! Which moment is shown: now, or an earlier one that is kept.
//!
//! The picture of an earlier moment is made anew from the ticks up to it, and stands still as in
//! a pause, while all that goes on is counted.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{App, Mode, books::Books};
use crate::{group::Grouping, tui::when, units::Watts};

/// Letters of a time; a pasted file should not slow the screen.
const LONGEST: usize = 40;
/// The larger step.
const MINUTE: Duration = Duration::from_mins(1);

/// Where the picture stands still, and the time that is being typed.
#[derive(Default)]
pub(super) struct Stand {
    /// The number of the tick that is shown, while the picture stands still.
    at: u64,
    /// The user went there, and did not only pause.
    went: bool,
    typed: String,
    wrong: Option<String>,
}

/// A moment at which the picture stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// As a clock shows it.
    pub clock: String,
    /// How long before the newest.
    pub ago: Duration,
    /// The user went back to it, and did not only pause.
    pub went: bool,
    /// Nothing older is kept.
    pub oldest: bool,
}

impl App {
    /// Stops the picture, or goes on with it.
    pub(super) fn pause(&mut self) {
        if self.frozen.is_some() {
            return self.resume();
        }
        self.frozen = Some(Box::new(self.live.clone()));
        self.stand.at = self.past.newest().unwrap_or(0);
        self.stand.went = false;
    }

    /// Shows what is, and goes on with it.
    pub(super) fn resume(&mut self) {
        self.frozen = None;
        self.stand.went = false;
    }

    /// A moment is shown that the user went to; a pause alone is none.
    pub fn is_back(&self) -> bool {
        self.frozen.is_some() && self.stand.went
    }

    /// One interval back.
    pub(super) fn earlier(&mut self) {
        let Some(here) = self.here() else { return };
        if let Some(before) = here.checked_sub(1).filter(|_| Some(here) > self.past.oldest()) {
            self.go(before);
        } else {
            self.go(here);
        }
    }

    /// One interval forth; beyond the newest one, the picture goes on.
    pub(super) fn later(&mut self) {
        let Some(next) = self.standing().map(|at| at + 1) else { return };
        let Some(tick) = self.past.tick(next).map(Arc::clone) else {
            // So long has it stood there that what came next is kept no more.
            return match self.past.oldest().filter(|oldest| *oldest > next) {
                Some(oldest) => self.go(oldest),
                None => self.resume(),
            };
        };
        if let Some(books) = &mut self.frozen {
            books.push(tick);
            self.stand.at = next;
            self.stand.went = true;
        }
    }

    /// A minute back, or as far as there is.
    pub(super) fn minute_earlier(&mut self) {
        let (Some(here), Some(oldest)) = (self.here(), self.past.oldest()) else { return };
        let Some(target) = self.time_of(here).and_then(|time| time.checked_sub(MINUTE).ok()) else {
            return;
        };
        let there = (oldest..here).rev().find(|at| self.time_of(*at) <= Some(target));
        self.go(there.unwrap_or(oldest.min(here)));
    }

    /// A minute forth, or to what is now.
    pub(super) fn minute_later(&mut self) {
        let (Some(here), Some(newest)) = (self.standing(), self.past.newest()) else { return };
        let Some(target) = self.time_of(here).and_then(|time| time.checked_add(MINUTE).ok()) else {
            return;
        };
        let first = self.past.oldest().unwrap_or(newest).max(here + 1);
        match (first..=newest).find(|at| self.time_of(*at) >= Some(target)) {
            Some(there) => self.go(there),
            None => self.resume(),
        }
    }

    /// Begins to ask for a time.
    pub(super) fn ask_time(&mut self) {
        self.mode = Mode::Time;
        self.stand.typed.clear();
        self.stand.wrong = None;
    }

    /// Adds a letter to the time.
    pub(super) fn type_time(&mut self, letter: char) {
        self.stand.wrong = None;
        if self.stand.typed.chars().count() < LONGEST && !letter.is_control() {
            self.stand.typed.push(letter);
        }
    }

    /// Takes the last letter of the time away.
    pub(super) fn erase_time(&mut self) {
        self.stand.wrong = None;
        self.stand.typed.pop();
    }

    /// Goes to the time that was typed, or tells what is wrong with it.
    pub(super) fn jump(&mut self) {
        match self.meant() {
            Ok(there) => {
                self.mode = Mode::Browse;
                self.go(there);
            }
            Err(wrong) => self.stand.wrong = Some(wrong),
        }
    }

    fn meant(&self) -> Result<u64, String> {
        let zone = &self.zone();
        let Some((start, newest)) = self.past.span() else {
            return Err("nothing was measured yet; wait for an interval".into());
        };
        let time = when::parse(&self.stand.typed, newest, zone)?;
        self.past.at(time).ok_or_else(|| {
            let [start, end] = [start, newest].map(|time| when::clock(time, newest, zone));
            format!("only {start} to {end} is kept")
        })
    }

    /// Shows a moment, if it is kept.
    fn go(&mut self, there: u64) {
        let about = self.books().rows.len();
        if let Some(books) = self.books_of(there, self.tab.grouping(), about) {
            self.frozen = Some(Box::new(books));
            self.stand.at = there;
            self.stand.went = true;
        }
    }

    /// The books as of a moment, with as much of the time before as is remembered.
    fn books_of(&mut self, there: u64, by: Grouping, about: usize) -> Option<Books> {
        let after = self.past.newest().unwrap_or(there).saturating_sub(there);
        self.past.books(there, by, about, self.live.trail.ago(after))
    }

    /// Rows of another kind have the order that they had then, too.
    pub(super) fn turn_back(&mut self, by: Grouping) {
        let Some(about) = self.frozen.as_ref().filter(|books| books.by() != by) else { return };
        let about = about.rows.len();
        if let Some(books) = self.books_of(self.stand.at, by, about) {
            self.frozen = Some(Box::new(books));
        }
    }

    /// The tick at which the picture stands still.
    fn standing(&self) -> Option<u64> {
        self.frozen.as_ref().map(|_| self.stand.at)
    }

    /// The tick that is shown.
    fn here(&self) -> Option<u64> {
        self.standing().or(self.past.newest())
    }

    fn time_of(&self, number: u64) -> Option<Timestamp> {
        let shown = || self.frozen.as_ref()?.ledger.latest().filter(|_| number == self.stand.at);
        let kept = self.past.tick(number).map(|tick| &**tick);
        Some(kept.or_else(shown)?.frame.time)
    }

    /// The moment at which the picture stands still; none while it goes on.
    pub fn moment(&self) -> Option<Moment> {
        let time = self.frozen.as_ref()?.ledger.latest()?.frame.time;
        let newest = self.live.ledger.latest()?.frame.time;
        Some(Moment {
            clock: when::clock(time, newest, &self.zone()),
            // A clock that was put back tells nothing.
            ago: newest.duration_since(time).try_into().unwrap_or_default(),
            went: self.stand.went,
            oldest: self.past.oldest().is_none_or(|oldest| self.stand.at <= oldest),
        })
    }

    /// Power of each interval, oldest first; and how many of them are after the moment that is
    /// shown, if the user went back to one.
    pub fn power(&self) -> (&VecDeque<Option<Watts>>, Option<usize>) {
        if !self.is_back() {
            return (self.ledger().history(), None);
        }
        let after = self.past.newest().unwrap_or(0).saturating_sub(self.stand.at);
        (self.live.ledger.history(), usize::try_from(after).ok())
    }

    /// The time that is typed, and what is wrong with it; none while nobody types one.
    pub fn asked_time(&self) -> Option<(&str, Option<&str>)> {
        (self.mode == Mode::Time).then_some((&self.stand.typed, self.stand.wrong.as_deref()))
    }
}
