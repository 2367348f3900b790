//! One device: what is known of it, and its readings.
//!
//! Its handle is taken anew each time. What never changes is asked once, what changes slowly
//! twice a second at most, and only energy and use each time: a node of eight GPUs is read ten
//! times a second for a small part of a core.

use std::{collections::HashSet, sync::Arc, time::Duration};

use nvml_wrapper::{Device, Nvml, error::NvmlError};

use super::{
    clients::{self, Listing},
    energy::Energy,
    facts::Facts,
    library::{self, Place, SELDOM},
    mig::{self, Layout},
    numbers::Numbers,
    sleep::OnBus,
    state,
    usage::{Sample, Usage, Worker},
    words::{self, Kind},
};
use crate::{
    clock::Moment,
    gpu::{Finding, People},
    sample::{
        Gpu, GpuActivity, GpuClient, GpuReading, GpuState, MeterReading, Reading, Told, Vendor,
    },
};

/// What changes slowly is not asked more often.
const SLOWLY: Duration = Duration::from_millis(450);

/// What a sleeping device says.
const SLEEPS: &str = "it sleeps and is not woken; its energy is not counted meanwhile";

/// A device.
pub struct Slot {
    /// `gpu-0`.
    id: String,
    place: Place,
    on_bus: Option<OnBus>,
    /// It sleeps now.
    pub sleeps: bool,
    /// It is on the bus, and the driver does not show it to us.
    pub hidden: bool,
    facts: Option<Facts>,
    /// When its facts were last asked for.
    asked: Option<Duration>,
    gpu: Arc<Gpu>,
    energy: Energy,
    layout: Option<Layout>,
    gauges: mig::Gauges,
    usage: Usage,
    /// What it showed, and when.
    shown: Option<(Duration, Result<GpuState, String>)>,
    /// Who held it, and when.
    listed: Option<(Duration, Listing)>,
    /// Who held it at the reading before.
    held: Listing,
    /// Numbers that were somebody at the last reading.
    met: HashSet<u32>,
    /// Per cent of the device's own use at the last reading.
    busy: Option<u8>,
    /// When it was read.
    last: Option<Moment>,
}

impl Slot {
    /// Of a place that was not looked at yet.
    pub fn new(number: usize, place: Place, on_bus: Option<OnBus>) -> Self {
        let id = format!("gpu-{number}");
        let bus = match &place {
            Place::Bus(address) => Some(address.clone()),
            Place::Index(_) => None,
        };
        Self {
            energy: Energy::new(&id),
            gpu: Arc::new(Gpu {
                id: id.clone(),
                name: "NVIDIA GPU".into(),
                vendor: Vendor::Nvidia,
                uuid: None,
                bus,
                instances: Vec::new(),
                lacks: Vec::new(),
            }),
            id,
            place,
            on_bus,
            sleeps: false,
            hidden: false,
            facts: None,
            asked: None,
            layout: None,
            gauges: mig::Gauges::default(),
            usage: Usage::default(),
            shown: None,
            listed: None,
            held: Listing::default(),
            met: HashSet::new(),
            busy: None,
            last: None,
        }
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Looks whether it sleeps, without touching it.
    pub fn look_asleep(&mut self) {
        self.sleeps = self.on_bus.as_ref().is_some_and(OnBus::sleeps);
        if self.sleeps {
            self.energy.pause("it was asleep; energy follows with the next reading".into());
            self.usage.forget();
            self.last = None;
            self.rest();
        }
    }

    /// The library began anew, or the device was away: what was is not what is.
    pub fn forget(&mut self) {
        self.energy.forget();
        self.energy.pause("it was away; energy follows with the next reading".into());
        self.facts = None;
        self.asked = None;
        self.layout = None;
        self.rest();
    }

    fn rest(&mut self) {
        self.gauges = mig::Gauges::default();
        self.shown = None;
        self.listed = None;
        self.busy = None;
    }

    /// Asks for what never changes, and seldom for how it is divided.
    fn learn(&mut self, device: &Device<'_>, at: Option<Duration>) {
        let due = match (self.asked, at) {
            (Some(asked), Some(at)) => at >= asked + SELDOM,
            (asked, _) => asked.is_none() || self.facts.is_none(),
        };
        if !due {
            return;
        }
        self.asked = Some(at.unwrap_or_default());
        if self.facts.as_ref().is_none_or(|facts| !facts.complete) {
            let facts = Facts::of(device);
            self.energy.set_limit(facts.limit);
            self.facts = Some(facts);
        }
        // A layout that could not be read is what it was.
        if let Ok(layout) = mig::layout(device) {
            if layout != self.layout {
                self.gauges = mig::Gauges::default();
                self.listed = None;
            }
            self.layout = layout;
        }
        self.describe();
    }

    /// What there is to tell of it, anew.
    fn describe(&mut self) {
        let Some(facts) = &self.facts else { return };
        let may_sleep = self.on_bus.as_ref().is_some_and(OnBus::may_sleep);
        let gpu = Gpu {
            name: facts.name.clone(),
            uuid: facts.uuid.clone(),
            bus: facts.bus.clone().or_else(|| self.gpu.bus.clone()),
            instances: self.layout.as_ref().map_or(Vec::new(), |layout| layout.instances.clone()),
            lacks: facts.lacks(self.energy.route(), self.layout.is_some(), may_sleep),
            id: self.id.clone(),
            vendor: Vendor::Nvidia,
        };
        if gpu != *self.gpu {
            self.gpu = Arc::new(gpu);
        }
    }

    /// The handle, with what is known of its device.
    fn take<'a>(&mut self, nvml: &'a Nvml, at: Option<Duration>) -> Result<Device<'a>, NvmlError> {
        let device = match library::device(nvml, &self.place) {
            Ok(device) => device,
            Err(error) => {
                self.hidden = self.facts.is_none() && words::kind(&error) == Kind::Nothing;
                self.rest();
                return Err(error);
            }
        };
        self.hidden = false;
        self.learn(&device, at);
        Ok(device)
    }

    /// Finds out how its energy is read, before it is read.
    pub fn prepare(&mut self, nvml: &Nvml) {
        if let Ok(device) = self.take(nvml, None) {
            let _ = self.find(&device);
        }
    }

    fn find(&mut self, device: &Device<'_>) -> Result<(), NvmlError> {
        let facts = self.facts.as_ref();
        let architecture = facts.and_then(|facts| facts.architecture.as_ref());
        let before = self.energy.route();
        self.energy.find(device, architecture, facts.map_or("", |facts| &facts.name))?;
        if self.energy.route() != before {
            self.describe();
        }
        Ok(())
    }

    /// Looks at its power, if that is integrated.
    pub fn poll(&mut self, nvml: &Nvml, at: Duration) {
        if self.facts.is_some()
            && let Ok(device) = library::device(nvml, &self.place)
        {
            self.energy.poll(&device, at);
        }
    }

    /// What it has drawn; with the error if that could not be told.
    pub fn energy(&mut self, nvml: &Nvml, at: Duration) -> (MeterReading, Option<NvmlError>) {
        let found = self.take(nvml, Some(at)).and_then(|device| {
            self.find(&device)?;
            Ok(device)
        });
        let (reading, error) = match found {
            Ok(device) => self.energy.read(&device, at),
            Err(error) => {
                self.energy.pause(words::why(&error));
                (Reading::Absent(words::why(&error)), Some(error))
            }
        };
        if error.as_ref().is_some_and(|error| words::kind(error) != Kind::Unsupported) {
            // What it showed before it failed is old.
            self.shown = None;
        }
        (MeterReading { meter: self.energy.meter(), reading }, error)
    }

    /// Its meter, while nothing can be read.
    pub fn absent(&self, why: &str) -> MeterReading {
        MeterReading { meter: self.energy.meter(), reading: Reading::Absent(why.into()) }
    }

    /// A reading of a device that shows nothing.
    pub fn silent(&mut self, why: &str, at: Moment) -> GpuReading {
        self.last = Some(at).filter(|_| !self.sleeps);
        let state = Err(if self.sleeps { SLEEPS.into() } else { why.to_string() });
        GpuReading { gpu: Arc::clone(&self.gpu), state, activity: GpuActivity::default() }
    }

    /// What it shows, and who used it since the last call.
    pub fn reading(
        &mut self,
        nvml: &Arc<Nvml>,
        at: Moment,
        people: &mut People<'_>,
        numbers: &mut Numbers,
    ) -> Result<GpuReading, (GpuReading, NvmlError)> {
        let device = match self.take(nvml, Some(at.monotonic)) {
            Ok(device) => device,
            Err(error) => return Err((self.silent(&words::why(&error), at), error)),
        };
        let state = self.state(&device, at.monotonic);
        let before = self.last.replace(at);
        let interval = before.map(|last| at.monotonic.saturating_sub(last.monotonic));
        let mut activity = if self.layout.is_some() {
            self.divided(nvml, &device, at, interval)
        } else {
            self.whole(&device, at, interval, people, numbers)
        };
        let percent = state.as_ref().ok().and_then(|state| state.utilization);
        let mean = percent.map(|now| (f64::from(now) + f64::from(self.busy.unwrap_or(now))) / 2.0);
        self.busy = percent;
        activity.busy = mean.zip(interval).map(|(mean, time)| time.mul_f64(mean / 100.0));
        let seen = before.map_or(at.boottime, |before| before.boottime);
        self.name(&mut activity, &device, (at, seen), people, numbers);
        Ok(GpuReading { gpu: Arc::clone(&self.gpu), state, activity })
    }

    fn state(&mut self, device: &Device<'_>, at: Duration) -> Result<GpuState, String> {
        if let Some((then, state)) = &self.shown
            && at.saturating_sub(*then) < SLOWLY
        {
            return state.clone();
        }
        let state = state::look(device, self.facts.as_ref().and_then(|facts| facts.clock_max));
        self.shown = Some((at, state.clone()));
        state
    }

    /// Who holds it.
    fn list(&mut self, device: &Device<'_>, at: Duration, anew: bool) -> &Listing {
        let old = self.listed.as_ref().is_none_or(|(then, listing)| {
            listing.lacks.is_some() || at.saturating_sub(*then) >= SLOWLY
        });
        let now = self.listed.as_ref().is_some_and(|(then, _)| *then == at);
        if old || (anew && !now) {
            let listing = match &self.layout {
                Some(layout) => layout.list(device),
                None => clients::list(device),
            };
            self.listed = Some((at, listing));
        }
        let (_, listing) = self.listed.get_or_insert_with(|| (at, Listing::default()));
        listing
    }

    /// The use of an undivided device.
    fn whole(
        &mut self,
        device: &Device<'_>,
        at: Moment,
        interval: Option<Duration>,
        people: &mut People<'_>,
        numbers: &mut Numbers,
    ) -> GpuActivity {
        let seen = self.usage.ask(wall(at), at.monotonic);
        let sampled = match device.process_utilization_stats(seen) {
            // Samples that came between the question for their number and the question for them.
            Err(NvmlError::InsufficientSize(_)) => device.process_utilization_stats(seen),
            sampled => sampled,
        };
        let mut told = Told::Process;
        let workers = match sampled {
            Ok(samples) => {
                let samples = samples.iter().map(|one| Sample {
                    pid: one.pid,
                    at: one.timestamp,
                    busy: one.sm_util,
                });
                self.usage.take(samples.collect(), interval.unwrap_or_default())
            }
            // Nothing newer is no error: nobody was busy.
            Err(NvmlError::NotFound) => self.usage.take(Vec::new(), interval.unwrap_or_default()),
            Err(error) => {
                told = match words::kind(&error) {
                    Kind::Unsupported if self.samples() => {
                        // It may have been divided: holders are not alike then.
                        self.doubt();
                        Told::Nothing
                    }
                    Kind::Unsupported => {
                        Told::Holders("its driver does not sample processes here".into())
                    }
                    Kind::Forbidden => Told::Holders(words::why(&error)),
                    // Who used it in this interval is not known; what the driver has noted
                    // meanwhile comes with the next.
                    Kind::Gone | Kind::Failed | Kind::Nothing => Told::Nothing,
                };
                Vec::new()
            }
        };
        let stranger = |listing: &Listing, worker: &Worker| {
            worker.new && listing.all.iter().all(|client| client.pid != worker.pid)
        };
        let known = self.listed.as_ref().map(|(_, listing)| listing);
        let anew = known.is_some_and(|all| workers.iter().any(|one| stranger(all, one)));
        let listing = self.list(device, at.monotonic, anew);
        if listing.lacks.is_some() {
            told = Told::Nothing;
        }
        let mut clients: Vec<GpuClient> = Vec::new();
        let sampled = told == Told::Process && interval.is_some();
        let listed: HashSet<u32> = listing.all.iter().map(|client| client.pid).collect();
        // With two kinds of numbers, whoever has no sample may have one by another number.
        let mixed = numbers.are_foreign() && workers.iter().any(|one| !listed.contains(&one.pid));
        for client in &listing.all {
            let busy = workers.iter().find(|worker| worker.pid == client.pid);
            let busy = busy.map(|worker| worker.busy);
            let busy = busy.or((!mixed).then_some(Duration::ZERO));
            clients.push(GpuClient {
                pid: client.pid,
                process: None,
                context: Some(client.context),
                instance: None,
                memory: client.memory,
                busy: busy.filter(|_| sampled),
            });
        }
        let ended = workers.iter().filter(|one| sampled && !listed.contains(&one.pid));
        for worker in ended {
            let ours = numbers.is_ours(worker.pid, at.monotonic);
            let then = boottime(at, worker.seen);
            let process = ours.then(|| people.worker(worker.pid, then)).flatten();
            if process.is_none() && !worker.new && self.met.contains(&worker.pid) {
                // What it last did does not hold: it has ended.
                continue;
            }
            let (pid, busy) = (worker.pid, Some(worker.busy));
            let (context, instance, memory) = (None, None, None);
            clients.push(GpuClient { pid, process, context, instance, memory, busy });
        }
        GpuActivity { told, busy: None, instances: Vec::new(), clients }
    }

    /// Its driver samples processes, by what is known.
    fn samples(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.unsampled.is_none())
    }

    /// What is known of it is to be asked again.
    fn doubt(&mut self) {
        self.asked = None;
        if let Some(facts) = &mut self.facts {
            facts.complete = false;
        }
    }

    /// The use of a divided device.
    fn divided(
        &mut self,
        nvml: &Arc<Nvml>,
        device: &Device<'_>,
        at: Moment,
        interval: Option<Duration>,
    ) -> GpuActivity {
        let listing = self.list(device, at.monotonic, false).clone();
        let layout = self.layout.clone().unwrap_or_default();
        let place = |number: Option<u32>| number.and_then(|number| layout.index(number));
        if listing.lacks.is_some() || listing.all.iter().any(|one| place(one.instance).is_none()) {
            // It may have been divided anew.
            self.asked = None;
        }
        let has_gpm = self.facts.as_ref().is_some_and(|facts| facts.gpm);
        let both = listing.all.iter().chain(&self.held.all);
        let pids: HashSet<u32> = both.map(|client| client.pid).collect();
        let (told, instances) = if has_gpm {
            (Told::Instance, self.gauges.read(nvml, device, &layout, interval))
        } else if pids.len() == 1 && listing.lacks.is_none() {
            let why = "MIG without GPM; it is alone on the whole device";
            (Told::Holders(why.into()), Vec::new())
        } else {
            (Told::Nothing, Vec::new())
        };
        let told = if listing.lacks.is_some() { Told::Nothing } else { told };
        let client = |client: &clients::Listed| GpuClient {
            pid: client.pid,
            process: None,
            context: Some(client.context),
            instance: place(client.instance),
            memory: client.memory,
            busy: None,
        };
        let clients = listing.all.iter().map(client).collect();
        GpuActivity { told, busy: None, instances, clients }
    }

    /// Says who the clients are, and adds those who held it at the reading before and left.
    fn name(
        &mut self,
        activity: &mut GpuActivity,
        device: &Device<'_>,
        (at, seen): (Moment, Duration),
        people: &mut People<'_>,
        numbers: &mut Numbers,
    ) {
        let counts = activity.told != Told::Nothing;
        let left: Vec<_> = if counts { std::mem::take(&mut self.held.all) } else { Vec::new() };
        let mut met = HashSet::new();
        let mut gone = false;
        for client in activity.clients.iter_mut().filter(|client| client.context.is_some()) {
            let ours = numbers.is_ours(client.pid, at.monotonic);
            client.process = ours.then(|| people.holder(client.pid)).flatten();
            gone |= client.process.is_none() && self.met.contains(&client.pid);
        }
        if gone {
            // The list is older than somebody's end.
            let now = self.list(device, at.monotonic, true).clone();
            let still = |pid| now.all.iter().any(|listed| listed.pid == pid);
            activity.clients.retain(|client| {
                client.process.is_some() || client.context.is_none() || still(client.pid)
            });
        }
        for client in left {
            if activity.clients.iter().any(|one| one.pid == client.pid) {
                continue;
            }
            let ours = numbers.is_ours(client.pid, at.monotonic);
            let Some(process) = ours.then(|| people.worker(client.pid, seen)).flatten() else {
                continue;
            };
            let place = |number| self.layout.as_ref().and_then(|layout| layout.index(number));
            activity.clients.push(GpuClient {
                pid: client.pid,
                process: Some(process),
                context: Some(client.context),
                instance: client.instance.and_then(place),
                memory: client.memory,
                busy: None,
            });
        }
        met.extend(activity.clients.iter().filter(|one| one.process.is_some()).map(|one| one.pid));
        self.met = met;
        self.held = self.listed.as_ref().map(|(_, listing)| listing.clone()).unwrap_or_default();
    }

    /// What `doctor` tells of it.
    pub fn finding(&self) -> Finding {
        let mut lacks = self.gpu.lacks.clone();
        if self.hidden {
            lacks.push(
                "the driver does not show it here, so it is not read; give it to the container \
                 if it is meant"
                    .into(),
            );
        }
        if self.sleeps {
            lacks.push(SLEEPS.into());
        }
        let use_told_by = match &self.facts {
            Some(facts) => facts.use_told_by(self.layout.is_some()),
            None => "nothing: it was not asked yet".into(),
        };
        Finding {
            id: self.id.clone(),
            name: self.gpu.name.clone(),
            vendor: Vendor::Nvidia.as_str(),
            bus: self.gpu.bus.clone(),
            energy: self.energy.route().map(str::to_string),
            use_told_by,
            lacks,
        }
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
