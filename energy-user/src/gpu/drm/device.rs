//! One GPU: what is known of it while it is there, awake or asleep.
//!
//! What only the device itself can tell is asked when it is awake for the first time, and not
//! before: a device that sleeps is left asleep.

use std::{path::Path, sync::Arc, time::Duration};

use super::{
    activity::Words,
    busy::Busy,
    card::Found,
    energy::{self, Source},
    holders, kfd,
};
use crate::{
    files,
    gpu::Finding,
    sample::{Domain, Gpu, GpuActivity, Meter, Role},
};

/// Why one that sleeps tells nothing.
const ASLEEP: &str = "it sleeps and is not woken; its energy is not counted meanwhile";

/// Why one that nobody has open tells nothing for a while.
const ALONE: &str = "nobody has it open, and it is left alone for a moment so that it can fall \
                     asleep; its energy is not counted meanwhile";

/// How long nobody must have had it open before: what just begins is not to be missed.
const UNUSED: Duration = Duration::from_mins(1);

/// How long it is left alone: drivers let it sleep after at most 10 s without a read.
const CHANCE: Duration = Duration::from_secs(15);

/// One device.
pub struct Card {
    /// Where it is.
    pub found: Found,
    /// What is said of it.
    pub gpu: Arc<Gpu>,
    /// Where its energy is read, or why it is not; none until it was awake once.
    pub source: Option<Result<Source, String>>,
    /// What its energy is told as, if there is any.
    pub meter: Option<Arc<Meter>>,
    /// Since when nobody has it open and it could sleep.
    alone: Option<Duration>,
    nodes: Vec<kfd::Node>,
    /// What it says of its own work.
    pub busy: Busy,
}

impl Card {
    /// As it was found.
    pub fn new(sysfs: &Path, found: Found, id: String) -> Self {
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
        let mut card = Self {
            found,
            gpu: Arc::new(gpu),
            source: None,
            meter: None,
            alone: None,
            nodes: Vec::new(),
            busy: Busy::default(),
        };
        card.wake(sysfs, Duration::ZERO);
        card
    }

    /// Whether it can be read; at the first time, what it has is looked for.
    pub fn wake(&mut self, sysfs: &Path, at: Duration) -> bool {
        if self.found.sleeps() || self.is_left_alone(at) {
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

    /// Reading a device keeps it awake. One that nobody has had open for a while gets one chance
    /// to fall asleep; if it does not, it is read again.
    pub fn mind_sleep(&mut self, at: Duration, open: bool) {
        if open || !self.may_sleep() {
            self.alone = None;
        } else {
            self.alone.get_or_insert(at);
        }
    }

    fn is_left_alone(&self, at: Duration) -> bool {
        let unused = self.alone.map(|since| at.saturating_sub(since));
        unused.is_some_and(|unused| (UNUSED..UNUSED + CHANCE).contains(&unused))
    }

    /// The system lets it sleep when it is idle (kernel: `power/runtime_pm.rst`).
    fn may_sleep(&self) -> bool {
        let control = files::read(&self.found.device().join("power/control"));
        control.is_ok_and(|control| control.trim() == "auto")
    }

    /// Why it is not read.
    pub fn excuse(&self) -> String {
        if self.found.sleeps() { ASLEEP } else { ALONE }.into()
    }

    /// What it cannot tell.
    pub fn tell_lacks(&mut self, hidden: bool) {
        let mut lacks = Vec::new();
        match &self.source {
            None => lacks.push(ASLEEP.into()),
            Some(Err(why)) => lacks.push(why.clone()),
            Some(Ok(_)) => {
                if self.may_sleep() {
                    lacks.push(
                        "the system lets it sleep when it is idle, and reading it while somebody \
                         has it open may keep it awake; end jouletop to let it sleep"
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
    pub fn activity(
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

    /// What `doctor` says of it.
    pub fn finding(&self, hidden: bool) -> Finding {
        let told = "time on its engines, counted by the driver for each process";
        let own = if hidden { "; of others' processes only as root" } else { "" };
        let rocm = if self.nodes.is_empty() { "" } else { "; of ROCm, who holds it" };
        Finding {
            id: self.gpu.id.clone(),
            name: self.gpu.name.clone(),
            vendor: self.gpu.vendor,
            bus: self.gpu.bus.clone(),
            energy: self.meter.as_ref().map(|meter| meter.source.clone()),
            use_told_by: format!("{told}{rocm}{own}"),
            lacks: self.gpu.lacks.clone(),
        }
    }
}
