//! AMD's and Intel's GPUs, through the kernel's own interfaces.
//!
//! ```text
//! card (which there are) -> energy (hwmon) -> meter
//!                        -> state, busy (sysfs)        \
//! holders -> fdinfo -> account (who used which engines) +-> activity -> reading
//!                      kfd (who computes with ROCm)    /
//! ```
//!
//! A device that sleeps is not read, as that would wake it. What is part of a CPU has no meter
//! here: its energy is in the package's.

mod account;
mod activity;
mod busy;
mod card;
mod device;
mod energy;
pub mod fdinfo;
mod holders;
mod kfd;
mod state;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use device::Card;
use holders::Holders;

use super::{Driver, Finding, People, Scope};
use crate::{
    clock::Moment,
    sample::{GpuActivity, GpuReading, MeterReading},
};

/// How often to look for devices that came.
const DEVICES: Duration = Duration::from_secs(10);

/// The devices of one sysfs tree; none if the kernel has no GPUs at all.
pub fn open(scope: &Scope) -> Option<Box<dyn Driver>> {
    if !scope.sysfs.join("class/drm").is_dir() {
        return None;
    }
    let mut drm = Drm {
        sysfs: scope.sysfs.clone(),
        cards: Vec::new(),
        numbers: BTreeMap::new(),
        holders: Holders::new(&scope.proc),
        scanned: None,
        before: None,
    };
    drm.scan();
    if !drm.cards.is_empty() {
        drm.holders.look_first();
    }
    let hidden = drm.holders.are_partly_hidden();
    drm.cards.iter_mut().for_each(|card| card.tell_lacks(hidden));
    Some(Box::new(drm))
}

/// All devices of the kernel's drivers.
struct Drm {
    sysfs: PathBuf,
    cards: Vec<Card>,
    /// The name of every device that there has been, by vendor and bus.
    numbers: BTreeMap<(&'static str, String), String>,
    holders: Holders,
    scanned: Option<Duration>,
    /// When who used them was last asked.
    before: Option<Duration>,
}

impl Drm {
    /// Looks which devices there are; one that returns has its name again.
    fn scan(&mut self) {
        let mut known = std::mem::take(&mut self.cards);
        for found in card::find(&self.sysfs) {
            if let Some(index) = known.iter().position(|card| card.found == found) {
                let mut card = known.swap_remove(index);
                // Its sensors may come later than itself.
                if matches!(card.source, Some(Err(_))) {
                    card.source = None;
                }
                self.cards.push(card);
                continue;
            }
            let vendor = found.vendor();
            let key = (vendor.as_str(), found.bus.clone());
            let next = self.numbers.keys().filter(|(other, _)| *other == key.0).count();
            let id =
                self.numbers.entry(key).or_insert_with(|| format!("{}-{next}", vendor.as_str()));
            self.cards.push(Card::new(&self.sysfs, found, id.clone()));
            self.holders.look_again();
        }
    }

    /// Follows devices that go, at once, and that come.
    fn follow(&mut self, at: Duration) {
        self.cards.retain(|card| card.found.device().exists());
        if self.scanned.is_some_and(|scanned| at.saturating_sub(scanned) < DEVICES) {
            return;
        }
        if self.scanned.is_some() {
            self.scan();
        }
        self.scanned = Some(at);
    }
}

impl Driver for Drm {
    fn energies(&mut self, at: Moment) -> Vec<MeterReading> {
        self.follow(at.monotonic);
        let mut readings = Vec::new();
        for card in &mut self.cards {
            let awake = card.wake(&self.sysfs, at.monotonic);
            let Some(Ok(source)) = &mut card.source else { continue };
            if !awake {
                source.sleep(at.monotonic);
                source.leave_out(at.monotonic);
            } else if let Some(meter) = &card.meter {
                let reading = source.read(at.monotonic);
                readings.push(MeterReading { meter: Arc::clone(meter), reading });
            }
        }
        readings
    }

    fn poll(&mut self, at: Duration) {
        for card in &mut self.cards {
            let awake = card.wake(&self.sysfs, at);
            let Some(Ok(source)) = &mut card.source else { continue };
            if awake {
                source.poll(at);
                card.busy.poll(&card.found);
            } else {
                source.sleep(at);
            }
        }
    }

    fn readings(&mut self, at: Moment, people: &mut People<'_>) -> Vec<GpuReading> {
        let interval = self.before.map(|before| at.monotonic.saturating_sub(before));
        self.before = Some(at.monotonic);
        if self.cards.is_empty() {
            return Vec::new();
        }
        let awake = self.cards.iter_mut().map(|card| card.wake(&self.sysfs, at.monotonic));
        let awake: Vec<bool> = awake.collect();
        let both = self.cards.iter().zip(&awake).filter(|(_, awake)| **awake);
        let nodes: BTreeSet<String> = both.flat_map(|(card, _)| card.found.nodes.clone()).collect();
        let found = self.holders.look(at, people, &nodes);
        let hidden = self.holders.are_partly_hidden();
        let mut readings = Vec::new();
        for (card, awake) in self.cards.iter_mut().zip(awake) {
            card.tell_lacks(hidden);
            card.mind_sleep(at.monotonic, hidden || self.holders.have(&card.found.nodes));
            let (state, mut activity) = if awake {
                let activity = card.activity(&self.sysfs, &found, interval, hidden);
                (Ok(state::read(&card.found)), activity)
            } else {
                (Err(card.excuse()), GpuActivity::default())
            };
            for client in activity.clients.iter_mut().filter(|client| client.pid > 0) {
                client.process = people.holder(client.pid);
            }
            readings.push(GpuReading { gpu: Arc::clone(&card.gpu), state, activity });
        }
        readings
    }

    fn findings(&self) -> Vec<Finding> {
        let hidden = self.holders.are_partly_hidden();
        self.cards.iter().map(|card| card.finding(hidden)).collect()
    }

    fn remedies(&self) -> Vec<String> {
        // Whose energy is not told apart needs no words on whose it was.
        let metered: Vec<&str> = self
            .cards
            .iter()
            .filter(|card| card.meter.is_some())
            .map(|card| card.gpu.id.as_str())
            .collect();
        if metered.is_empty() || !self.holders.are_partly_hidden() {
            return Vec::new();
        }
        let ids = metered.join(", ");
        vec![format!("{ids}: others' use of it cannot be read; run jouletop as root")]
    }
}
