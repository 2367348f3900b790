//! One device: what is known of it, and its readings.
//!
//! Its handle is taken anew each time. What never changes is asked once, what changes slowly
//! twice a second at most, and only energy and use each time: a node of eight GPUs is read ten
//! times a second for a small part of a core.

use std::{sync::Arc, time::Duration};

use nvml_wrapper::{Device, Nvml, error::NvmlError};

use super::{
    energy::Energy,
    facts::Facts,
    library::{self, Place, SELDOM},
    load::Load,
    mig::{self, Layout},
    numbers::Numbers,
    sleep::OnBus,
    state,
    users::{Ask, SLOWLY, Users},
    words::{self, Kind},
};
use crate::{
    clock::Moment,
    gpu::{Finding, People},
    sample::{Gpu, GpuActivity, GpuReading, GpuState, MeterReading, Vendor},
};

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
    /// It could be read whether and how it is divided.
    laid_out: bool,
    users: Users,
    /// What it showed, and when.
    shown: Option<(Duration, Result<GpuState, String>)>,
    /// The device's own use since the last reading.
    load: Load,
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
            laid_out: false,
            users: Users::default(),
            shown: None,
            load: Load::default(),
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
            self.users.forget();
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
        self.laid_out = false;
        self.users.forget();
        self.rest();
    }

    fn rest(&mut self) {
        self.users.rest();
        self.shown = None;
        self.load = Load::default();
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
                self.users.rest();
            }
            self.layout = layout;
            self.laid_out = true;
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

    /// Looks at its power, if that is integrated, and seldom at its use.
    pub fn poll(&mut self, nvml: &Nvml, at: Duration) {
        if self.facts.is_some()
            && let Ok(device) = library::device(nvml, &self.place)
        {
            self.energy.poll(&device, at);
            if self.load.is_due(at) {
                self.load.take(at, state::utilization(&device));
            }
            self.users.poll(&device, self.layout.as_ref(), at);
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
                (self.energy.absent(&words::why(&error)), Some(error))
            }
        };
        if error.as_ref().is_some_and(|error| words::kind(error) != Kind::Unsupported) {
            // What it showed before it failed is old.
            self.shown = None;
        }
        (MeterReading { meter: self.energy.meter(), reading }, error)
    }

    /// Its meter, while nothing can be read.
    pub fn absent(&mut self, why: &str) -> MeterReading {
        let reading = self.energy.absent(why);
        MeterReading { meter: self.energy.meter(), reading }
    }

    /// A reading of a device that shows nothing.
    pub fn silent(&mut self, why: &str) -> GpuReading {
        // What it did while it was silent is not known, nor in the interval in which it returns.
        self.last = None;
        let state = Err(if self.sleeps { SLEEPS.into() } else { why.to_string() });
        GpuReading { gpu: Arc::clone(&self.gpu), state, activity: GpuActivity::default() }
    }

    /// What it shows, and who used it since the last call; with the error if it does not answer.
    pub fn reading(
        &mut self,
        nvml: &Arc<Nvml>,
        at: Moment,
        people: &mut People<'_>,
        numbers: &mut Numbers,
    ) -> (GpuReading, Option<NvmlError>) {
        let device = match self.take(nvml, Some(at.monotonic)) {
            Ok(device) => device,
            Err(error) => return (self.silent(&words::why(&error)), Some(error)),
        };
        let state = self.state(&device, at.monotonic);
        let facts = self.facts.as_ref();
        let mut ask = Ask {
            at,
            before: self.last.replace(at),
            people,
            numbers,
            alike: self.laid_out && facts.is_some_and(|facts| facts.unsampled.is_some()),
            gpm: facts.is_some_and(|facts| facts.gpm),
        };
        let found = self.users.read(nvml, &device, self.layout.as_ref(), &mut ask);
        let mut activity = found.activity;
        let percent = state.as_ref().ok().and_then(|state| state.utilization);
        let mean = self.load.mean(at.monotonic, percent);
        let busy = mean.zip(ask.interval()).map(|(mean, time)| time.mul_f64(mean / 100.0));
        // It worked no less than for any one of those who used it.
        let longest = activity.clients.iter().filter_map(|client| client.busy).max();
        activity.busy = busy.map(|busy| busy.max(longest.unwrap_or_default()));
        if found.doubt {
            self.asked = None;
            if let Some(facts) = &mut self.facts {
                facts.complete = false;
            }
        }
        (GpuReading { gpu: Arc::clone(&self.gpu), state, activity }, None)
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
            vendor: Vendor::Nvidia,
            bus: self.gpu.bus.clone(),
            energy: self.energy.route().map(str::to_string),
            use_told_by,
            lacks,
        }
    }
}
