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
mod energy;
pub mod fdinfo;
mod holders;
mod kfd;
mod state;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use activity::Words;
use card::Found;
use energy::Source;
use holders::Holders;

use super::{Driver, Finding, People, Scope};
use crate::{
    clock::Moment,
    files,
    sample::{Domain, Gpu, GpuActivity, GpuReading, Meter, MeterReading, Role},
};

/// How often to look for devices that came.
const DEVICES: Duration = Duration::from_secs(10);

const ASLEEP: &str = "it sleeps and is not woken; its energy is not counted meanwhile";

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

/// One device.
struct Card {
    found: Found,
    gpu: Arc<Gpu>,
    /// Where its energy is read, or why it is not; none until it was awake once.
    source: Option<Result<Source, String>>,
    meter: Option<Arc<Meter>>,
    nodes: Vec<kfd::Node>,
    busy: busy::Busy,
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
            let mut card = Card::new(&self.sysfs, found, id.clone());
            card.tell_lacks(self.holders.are_partly_hidden());
            self.cards.push(card);
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

impl Card {
    fn new(sysfs: &Path, found: Found, id: String) -> Self {
        let vendor = found.vendor();
        let gpu = Gpu {
            id,
            // Asked of the device only when it is awake.
            name: if found.sleeps() { vendor.title().into() } else { found.name() },
            vendor,
            uuid: None,
            bus: Some(found.bus.clone()).filter(|bus| bus.contains(':')),
            instances: Vec::new(),
            lacks: Vec::new(),
        };
        let busy = busy::Busy::default();
        let mut card =
            Self { found, gpu: Arc::new(gpu), source: None, meter: None, nodes: Vec::new(), busy };
        card.wake(sysfs);
        card
    }

    /// Whether it can be read; at the first time, what it has is looked for.
    fn wake(&mut self, sysfs: &Path) -> bool {
        if self.found.sleeps() {
            return false;
        }
        if self.source.is_none() {
            let source = energy::find(sysfs, &self.found);
            self.meter = source.as_ref().ok().map(|source| {
                Arc::new(Meter {
                    id: self.gpu.id.clone(),
                    domain: Domain::Gpu,
                    source: source.route.clone(),
                    cells: Vec::new(),
                    role: Role::Part,
                    includes: source.includes.into(),
                })
            });
            self.source = Some(source);
            self.nodes = kfd::nodes(sysfs, &self.found);
            self.gpu = Arc::new(Gpu { name: self.found.name(), ..(*self.gpu).clone() });
        }
        true
    }

    /// What it cannot tell.
    fn tell_lacks(&mut self, hidden: bool) {
        let mut lacks = Vec::new();
        match &self.source {
            None => lacks.push(ASLEEP.into()),
            Some(Err(why)) => lacks.push(why.clone()),
            Some(Ok(_)) => {
                let control = files::read(&self.found.device().join("power/control"));
                if control.is_ok_and(|control| control.trim() == "auto") {
                    lacks.push(
                        "the system lets it sleep when it is idle, and reading it while it is \
                         awake may keep it so; end jouletop to let it sleep"
                            .into(),
                    );
                }
            }
        }
        if hidden {
            lacks.push(
                "others' use cannot be read without root (CAP_SYS_PTRACE): what it works beyond \
                 what can be read is unattributed; run jouletop as root, outside of containers"
                    .into(),
            );
        }
        if self.gpu.lacks != lacks {
            self.gpu = Arc::new(Gpu { lacks, ..(*self.gpu).clone() });
        }
    }

    /// What is said of its use in an interval; nobody has a name yet.
    fn activity(
        &mut self,
        sysfs: &Path,
        found: &holders::Found,
        interval: Option<Duration>,
        hidden: bool,
    ) -> GpuActivity {
        let length = interval.unwrap_or_default();
        let (active, awake) =
            (self.busy.active(&self.found, length), self.busy.awake(&self.found, length));
        let nodes = &self.found.nodes;
        let mine = found.uses.iter().filter(|((device, _), used)| {
            *device == self.found.bus || used.nodes.iter().any(|node| nodes.contains(node))
        });
        let mute = found.mute.iter().filter(|(_, node)| nodes.contains(node));
        let words = Words {
            interval: length,
            active: active.filter(|_| interval.is_some()),
            awake: awake.filter(|_| interval.is_some()),
            uses: mine.map(|((_, pid), used)| (*pid, used.clone())).collect(),
            computing: kfd::holders(sysfs, &self.nodes).into_iter().collect(),
            mute: mute.map(|(pid, _)| *pid).collect(),
            hidden,
        };
        words.activity()
    }
}

impl Driver for Drm {
    fn energies(&mut self, at: Moment) -> Vec<MeterReading> {
        self.follow(at.monotonic);
        let mut readings = Vec::new();
        for card in &mut self.cards {
            let awake = card.wake(&self.sysfs);
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
            let awake = card.wake(&self.sysfs);
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
        let awake: Vec<bool> = self.cards.iter_mut().map(|card| card.wake(&self.sysfs)).collect();
        let asleep = self.cards.iter().zip(&awake).filter(|(_, awake)| !**awake);
        let asleep: BTreeSet<String> =
            asleep.flat_map(|(card, _)| card.found.nodes.clone()).collect();
        let found = self.holders.look(at, people, &asleep);
        let hidden = self.holders.are_partly_hidden();
        let mut readings = Vec::new();
        for (card, awake) in self.cards.iter_mut().zip(awake) {
            card.tell_lacks(hidden);
            let (state, mut activity) = if awake {
                let activity = card.activity(&self.sysfs, &found, interval, hidden);
                (Ok(state::read(&card.found)), activity)
            } else {
                (Err(ASLEEP.into()), GpuActivity::default())
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
        let finding = |card: &Card| {
            let told = "time on its engines, counted by the driver for each process";
            let own = if hidden { "; of others' processes only as root" } else { "" };
            let rocm = if card.nodes.is_empty() { "" } else { "; of ROCm, who holds it" };
            Finding {
                id: card.gpu.id.clone(),
                name: card.gpu.name.clone(),
                vendor: card.gpu.vendor.as_str(),
                bus: card.gpu.bus.clone(),
                energy: card.meter.as_ref().map(|meter| meter.source.clone()),
                use_told_by: format!("{told}{rocm}{own}"),
                lacks: card.gpu.lacks.clone(),
            }
        };
        self.cards.iter().map(finding).collect()
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
