//! A measurement of a row between two presses of a key.
//!
//! It adds up what the row's members did, interval by interval, each at the intensity of its
//! moment: so the sum is what the row's own sums have grown by, to the microjoule, and whoever
//! ended or came meanwhile is in it. It begins and ends where intervals do.

mod card;

use std::time::Duration;

pub use card::Card;
use jiff::Timestamp;

use super::{App, Mode};
use crate::{
    frame::Quality,
    ledger::{Ledger, RowKey, Sum},
    tui::{action::Action, tab::Tab},
    units::Watts,
};

/// Sums since the first press.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// None: every row there is.
    key: Option<RowKey>,
    name: String,
    from: Timestamp,
    to: Timestamp,
    elapsed: Duration,
    /// Of it, what a meter counted.
    metered: Duration,
    sum: Sum,
    peak: Option<Watts>,
    quality: Option<Quality>,
    /// A meter was missing that had counted before.
    partial: bool,
}

impl Measurement {
    fn of(key: Option<RowKey>, name: String, from: Timestamp) -> Self {
        Self {
            key,
            name,
            from,
            to: from,
            elapsed: Duration::ZERO,
            metered: Duration::ZERO,
            sum: Sum::default(),
            peak: None,
            quality: None,
            partial: false,
        }
    }

    /// Adds the ledger's last interval.
    fn add(&mut self, ledger: &Ledger) {
        let Some(tick) = ledger.latest() else { return };
        let frame = &tick.frame;
        let mut share = self.key.map_or_else(|| ledger.last_of_all(), |key| ledger.last_of(key));
        // Who did nothing has used nothing of each pool that was metered.
        share.energy.add_all(&frame.total.zeroed());
        self.to = frame.time;
        self.elapsed += frame.interval;
        if let Some(energy) = share.energy.total() {
            self.metered += frame.interval;
            self.partial |= ledger.is_partial();
            self.quality = self.quality.max(Some(frame.row_quality()));
            let watts = energy.over(frame.interval).map_or(0.0, |watts| watts.0);
            self.peak = Some(Watts(self.peak.map_or(watts, |peak| peak.0.max(watts))));
        }
        self.sum.add(&share, &tick.intensity);
    }

    /// What is measured.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The end of its last interval.
    pub fn to(&self) -> Timestamp {
        self.to
    }

    /// For how long so far.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What has added up so far.
    pub fn sum(&self) -> &Sum {
        &self.sum
    }

    /// The worst quality of what has added up; absent if nothing has.
    pub fn quality(&self) -> Quality {
        self.quality.unwrap_or(Quality::Absent)
    }
}

impl App {
    /// The measurement that goes on.
    pub fn measurement(&self) -> Option<&Measurement> {
        self.desk.measurement.as_ref()
    }

    /// The last one that ended.
    pub fn card(&self) -> Option<&Card> {
        self.desk.card.as_ref()
    }

    /// A new interval is in the ledger.
    pub(super) fn measure(&mut self) {
        if let Some(measurement) = &mut self.desk.measurement {
            measurement.add(&self.live.ledger);
        }
    }

    /// Begins a measurement of the selected row, or ends the one that goes on.
    pub(super) fn toggle_measurement(&mut self) {
        self.hush();
        if let Some(measurement) = self.desk.measurement.take() {
            if measurement.elapsed.is_zero() {
                self.notify("nothing was measured: no interval has ended meanwhile", true);
                return;
            }
            self.desk.card = Some(Card::of(measurement, self.tariff, self.zone()));
            self.mode = Mode::Card { scroll: 0 };
            return;
        }
        let Some(from) = self.live.ledger.latest().map(|tick| tick.frame.time) else { return };
        let selected = self.selected.filter(|_| self.tab != Tab::Findings);
        let row = self.rows.iter().find(|row| Some(row.key) == selected);
        let (key, name) = match row {
            Some(row) if row.key == RowKey::Folded => {
                self.notify("these have ended: there is nothing more to measure", true);
                return;
            }
            Some(row) if matches!(row.key, RowKey::Process(_)) && !self.lives(row.key) => {
                let words = format!("{} has ended: there is nothing to measure", self.named(row));
                self.notify(words, true);
                return;
            }
            Some(row) => (Some(row.key), self.measured(row)),
            None => (self.zoom_key(), self.zoomed().unwrap_or("all rows").into()),
        };
        let alone = row.map_or_else(String::new, super::Shown::alone);
        // What is shown may be a moment of the past: what is measured is not.
        let now = if self.is_paused() { " from now on" } else { "" };
        let stops =
            self.key(Action::Measure).map_or_else(String::new, |key| format!("; {key} stops"));
        self.notify(format!("measuring {name}{alone}{now}{stops}"), false);
        self.desk.measurement = Some(Measurement::of(key, name, from));
    }

    fn measured(&self, row: &super::Shown) -> String {
        let name = self.named(row);
        match row.key {
            RowKey::Process(id) => format!("{name} (pid {})", id.pid),
            _ => name,
        }
    }
}
