//! Who held a device and who used it since the last reading.
//!
//! What the driver samples says who used it; its lists say who holds it. Where one of them
//! fails, what is not known is not made up: nobody is told to have used the device, and its
//! energy is nobody's in that interval.

use std::{sync::Arc, time::Duration};

use nvml_wrapper::{
    Device, Nvml, error::NvmlError, struct_wrappers::device::ProcessUtilizationSample,
};
use rustc_hash::FxHashSet;

use super::{
    clients::{self, Listed, Listing},
    mig::{Gauges, Layout},
    numbers::Numbers,
    usage::{Sample, Usage, Worker},
    words::{self, Kind},
};
use crate::{
    clock::Moment,
    gpu::People,
    sample::{GpuActivity, GpuClient, Told},
};

/// What changes slowly is not asked more often.
pub const SLOWLY: Duration = Duration::from_millis(450);

/// Between two looks at what the driver sampled: less than the longest of its periods.
const OFTEN: Duration = Duration::from_millis(800);

/// What is known of a device's users.
#[derive(Default)]
pub struct Users {
    gauges: Gauges,
    usage: Usage,
    /// What the driver sampled since the last reading, and when it was asked for that.
    noted: Vec<Sample>,
    asked: Option<Duration>,
    /// Who holds it, and when that was read.
    listed: Option<(Duration, Listing)>,
    /// Who held it at the reading before.
    held: Listing,
    /// Numbers that were somebody at the last reading.
    met: FxHashSet<u32>,
}

/// What a reading is made of, beside the device.
pub struct Ask<'a, 'p> {
    /// Now.
    pub at: Moment,
    /// The reading before; none with the first.
    pub before: Option<Moment>,
    /// Everybody who can be named.
    pub people: &'a mut People<'p>,
    /// Which numbers are ours.
    pub numbers: &'a mut Numbers,
    /// The driver is known to sample no processes though the device is undivided: who holds it
    /// may share it.
    pub alike: bool,
    /// The instances count their activity.
    pub gpm: bool,
}

impl Ask<'_, '_> {
    /// The time since the reading before.
    pub fn interval(&self) -> Option<Duration> {
        self.before.map(|before| self.at.monotonic.saturating_sub(before.monotonic))
    }

    fn is_ours(&mut self, pid: u32) -> bool {
        self.numbers.is_ours(pid, self.at.monotonic)
    }
}

/// What a reading gave.
pub struct Found {
    /// The use.
    pub activity: GpuActivity,
    /// What is known of the device may be old: it may have been divided anew.
    pub doubt: bool,
}

impl Users {
    /// The device was away for a moment: what is read is read anew.
    pub fn rest(&mut self) {
        self.gauges = Gauges::default();
        self.listed = None;
    }

    /// It was away for longer: nothing that was known of its users holds.
    pub fn forget(&mut self) {
        self.rest();
        self.usage.forget();
        self.noted.clear();
        self.asked = None;
        self.held = Listing::default();
    }

    /// Notes what the driver sampled, between two readings: it keeps no more than the last
    /// hundred periods or so, which may be a part of a long interval only.
    pub fn poll(&mut self, device: &Device<'_>, layout: Option<&Layout>, at: Duration) {
        let due = self.asked.is_some_and(|asked| at >= asked + OFTEN);
        if layout.is_some() || !due {
            return;
        }
        self.asked = Some(at);
        let newest = self.noted.iter().map(|one| one.at).max();
        let seen = self.usage.seen().max(newest.unwrap_or_default());
        // What fails is told with the next reading.
        if let Ok(samples) = device.process_utilization_stats(seen) {
            self.noted.extend(samples.iter().map(sample));
        }
    }

    /// The use of a device since the reading before.
    pub fn read(
        &mut self,
        nvml: &Arc<Nvml>,
        device: &Device<'_>,
        layout: Option<&Layout>,
        ask: &mut Ask<'_, '_>,
    ) -> Found {
        let mut found = match layout {
            Some(layout) => self.divided(nvml, device, layout, ask),
            None => self.whole(device, ask),
        };
        self.name(&mut found.activity, device, layout, ask);
        found
    }

    /// Who holds it, anew if that is wished or due.
    fn list(
        &mut self,
        device: &Device<'_>,
        layout: Option<&Layout>,
        at: Duration,
        anew: bool,
    ) -> Listing {
        if let Some((then, listing)) = &self.listed {
            let young = listing.lacks.is_none() && at.saturating_sub(*then) < SLOWLY && !anew;
            if young || *then == at {
                return listing.clone();
            }
        }
        let listing = layout.map_or_else(|| clients::list(device), |layout| layout.list(device));
        self.listed = Some((at, listing.clone()));
        listing
    }

    /// What the driver sampled since it was last asked; else how well use is told without.
    fn sampled(&mut self, device: &Device<'_>, ask: &Ask<'_, '_>) -> Result<Vec<Worker>, Told> {
        let interval = ask.interval().unwrap_or_default();
        let noted = std::mem::take(&mut self.noted);
        self.asked = Some(ask.at.monotonic);
        let seen = self.usage.ask(wall(ask.at), ask.at.monotonic);
        let seen = noted.iter().map(|one| one.at).fold(seen, u64::max).min(wall(ask.at));
        let samples = match device.process_utilization_stats(seen) {
            // Some came between the question for their number and the question for them.
            Err(NvmlError::InsufficientSize(_)) => device.process_utilization_stats(seen),
            samples => samples,
        };
        match samples {
            Ok(samples) => {
                let all = noted.into_iter().chain(samples.iter().map(sample)).collect();
                Ok(self.usage.take(all, interval))
            }
            // Nothing newer is no error: nobody was busy.
            Err(NvmlError::NotFound) => Ok(self.usage.take(noted, interval)),
            Err(error) => {
                let kind = words::kind(&error);
                self.noted = noted;
                if kind == Kind::Unsupported {
                    self.asked = None;
                }
                Err(match kind {
                    // It may have been divided: holders are not alike then.
                    Kind::Unsupported if !ask.alike => Told::Nothing,
                    Kind::Unsupported => {
                        Told::Holders("its driver does not sample processes here".into())
                    }
                    Kind::Forbidden => Told::Holders(words::why(&error)),
                    // Who used it in this interval is not known; what the driver has noted
                    // meanwhile comes with the next.
                    Kind::Gone | Kind::Failed | Kind::Nothing => Told::Nothing,
                })
            }
        }
    }

    /// The use of an undivided device.
    fn whole(&mut self, device: &Device<'_>, ask: &mut Ask<'_, '_>) -> Found {
        let (mut told, workers) = match self.sampled(device, ask) {
            Ok(workers) => (Told::Process, workers),
            Err(told) => (told, Vec::new()),
        };
        let mut doubt = told == Told::Nothing;
        let known = self.listed.as_ref().map(|(_, listing)| pids(listing));
        let stranger =
            |one: &Worker| one.new && known.as_ref().is_some_and(|all| !all.contains(&one.pid));
        let anew = workers.iter().any(stranger);
        let listing = self.list(device, None, ask.at.monotonic, anew);
        // Whoever is on an instance is on a device that is divided after all.
        let divided = matches!(told, Told::Holders(_))
            && listing.all.iter().any(|client| client.instance.is_some());
        doubt |= divided;
        if listing.lacks.is_some() || divided {
            told = Told::Nothing;
        }
        let sampled = told == Told::Process && ask.before.is_some();
        let listed = pids(&listing);
        // With two kinds of numbers, whoever has no sample may have one by another number.
        let mixed =
            ask.numbers.are_foreign() && workers.iter().any(|one| !listed.contains(&one.pid));
        let busy = |pid| {
            // They come by number.
            let place = workers.binary_search_by_key(&pid, |one| one.pid).ok();
            let busy = place.map(|place| workers[place].busy);
            busy.or((!mixed).then_some(Duration::ZERO)).filter(|_| sampled)
        };
        let client = |client: &Listed| GpuClient { busy: busy(client.pid), ..of(client, None) };
        let mut clients: Vec<GpuClient> = listing.all.iter().map(client).collect();
        let ended = workers.iter().filter(|one| sampled && !listed.contains(&one.pid));
        for worker in ended {
            let then = boottime(ask.at, worker.seen);
            let ours = ask.is_ours(worker.pid);
            let process = ours.then(|| ask.people.worker(worker.pid, then)).flatten();
            if process.is_none() && !worker.new && self.met.contains(&worker.pid) {
                // What it last did does not hold: it has ended.
                continue;
            }
            let (pid, busy) = (worker.pid, Some(worker.busy));
            let (context, instance, memory) = (None, None, None);
            clients.push(GpuClient { pid, process, context, instance, memory, busy });
        }
        let activity = GpuActivity { told, clients, ..GpuActivity::default() };
        Found { activity, doubt }
    }

    /// The use of a divided device.
    fn divided(
        &mut self,
        nvml: &Arc<Nvml>,
        device: &Device<'_>,
        layout: &Layout,
        ask: &Ask<'_, '_>,
    ) -> Found {
        let listing = self.list(device, Some(layout), ask.at.monotonic, false);
        let clients: Vec<_> = listing.all.iter().map(|one| of(one, Some(layout))).collect();
        let doubt = listing.lacks.is_some() || clients.iter().any(|one| one.instance.is_none());
        let both = pids(&listing).union(&pids(&self.held)).count();
        let (told, instances) = if ask.gpm {
            (Told::Instance, self.gauges.read(nvml, device, layout, ask.interval()))
        } else if both == 1 {
            let why = "MIG without GPM; it is alone on the whole device";
            (Told::Holders(why.into()), Vec::new())
        } else {
            // Instances are not alike: their holders are known, and no more.
            (Told::Nothing, Vec::new())
        };
        let told = if doubt { Told::Nothing } else { told };
        Found { activity: GpuActivity { told, busy: None, instances, clients }, doubt }
    }

    /// Says who the clients are, and adds those who held it at the reading before and left.
    fn name(
        &mut self,
        activity: &mut GpuActivity,
        device: &Device<'_>,
        layout: Option<&Layout>,
        ask: &mut Ask<'_, '_>,
    ) {
        let mut gone = false;
        for client in activity.clients.iter_mut().filter(|client| client.context.is_some()) {
            let ours = ask.is_ours(client.pid);
            client.process = ours.then(|| ask.people.holder(client.pid)).flatten();
            gone |= client.process.is_none() && self.met.contains(&client.pid);
        }
        if gone {
            // The list is older than somebody's end.
            let still = pids(&self.list(device, layout, ask.at.monotonic, true));
            activity.clients.retain(|client| {
                client.process.is_some() || client.context.is_none() || still.contains(&client.pid)
            });
        }
        let seen = ask.before.map_or(ask.at.boottime, |before| before.boottime);
        let now = self.listed.as_ref().map(|(_, listing)| listing.clone()).unwrap_or_default();
        let left = std::mem::replace(&mut self.held, now).all;
        let there: FxHashSet<u32> = activity.clients.iter().map(|client| client.pid).collect();
        let left =
            left.iter().filter(|one| activity.told != Told::Nothing && !there.contains(&one.pid));
        for client in left {
            let ours = ask.is_ours(client.pid);
            let process = ours.then(|| ask.people.worker(client.pid, seen)).flatten();
            if process.is_some() {
                activity.clients.push(GpuClient { process, ..of(client, layout) });
            }
        }
        let named = activity.clients.iter().filter(|client| client.process.is_some());
        self.met = named.map(|client| client.pid).collect();
    }
}

fn sample(one: &ProcessUtilizationSample) -> Sample {
    Sample { pid: one.pid, at: one.timestamp, busy: one.sm_util }
}

fn pids(listing: &Listing) -> FxHashSet<u32> {
    listing.all.iter().map(|client| client.pid).collect()
}

/// A client whom nobody has named yet.
fn of(listed: &Listed, layout: Option<&Layout>) -> GpuClient {
    GpuClient {
        pid: listed.pid,
        process: None,
        context: Some(listed.context),
        instance: layout.zip(listed.instance).and_then(|(layout, number)| layout.index(number)),
        memory: listed.memory,
        busy: None,
    }
}

/// The wall clock, microseconds since the epoch.
fn wall(at: Moment) -> u64 {
    at.time.as_microsecond().try_into().unwrap_or(0)
}

/// A time of the wall clock on the clock that counts from boot.
fn boottime(at: Moment, wall_us: u64) -> Duration {
    let ago = wall(at).saturating_sub(wall_us);
    at.boottime.saturating_sub(Duration::from_micros(ago))
}
