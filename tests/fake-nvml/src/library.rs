//! The state behind the C functions: loaded or not, and what stands before each call.
//!
//! Every exported function comes through here: it is counted, needs `nvmlInit` and a
//! driver, meets the faults of the scenario and a lost device, and only then looks up.

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    ptr,
    sync::{Mutex, PoisonError, RwLock},
};

use nvml_wrapper_sys::bindings::{nvmlDevice_t, nvmlReturn_t};

use crate::{
    clock::Clock,
    code::{Code, Outcome, returned},
    device::{Device, Instance},
    gpm,
    scenario::{Scenario, ScenarioError},
    watch::{Watch, say},
};

static LIBRARY: RwLock<Option<Library>> = RwLock::new(None);

/// Handles are this and the numbers of device and instance; nobody follows the pointer.
const TAG: usize = 0x4e56_0000;

/// A scenario that is being played.
pub struct Library {
    path: Option<PathBuf>,
    /// What is played.
    pub scenario: Scenario,
    /// When.
    pub clock: Clock,
    watch: Watch,
    inits: u32,
    load: usize,
    /// Samples that were allocated.
    pub samples: Mutex<gpm::Samples>,
}

/// A device, or an instance of it, that a call is about.
pub struct On<'a> {
    /// Everything.
    pub library: &'a Library,
    /// Nanoseconds.
    pub now: u64,
    /// Number of the device.
    pub index: usize,
    /// The device.
    pub device: &'a Device,
    /// The part of it, with its number among the parts.
    pub instance: Option<(usize, &'a Instance)>,
}

impl On<'_> {
    /// The device, for what only a whole one has.
    pub fn whole(&self) -> Outcome<&Device> {
        if self.instance.is_some() { Err(Code::NOT_SUPPORTED) } else { Ok(self.device) }
    }

    /// The id of the instance.
    pub fn part(&self) -> Option<u32> {
        self.instance.map(|(_, instance)| instance.id)
    }
}

impl Library {
    fn new(path: Option<PathBuf>, scenario: Scenario, clock: Clock, watch: Watch) -> Self {
        Self { path, scenario, clock, watch, inits: 0, load: 0, samples: Mutex::default() }
    }

    fn open(path: Option<PathBuf>) -> Result<Self, ScenarioError> {
        let file = |name| env::var_os(name).map(PathBuf::from);
        let scenario = Scenario::open(path.as_deref().ok_or(ScenarioError::Unnamed)?)?;
        let clock = Clock::begin(file("FAKE_NVML_CLOCK"));
        let watch = Watch::new(file("FAKE_NVML_CALLS"), file("FAKE_NVML_WOKEN"));
        Ok(Self::new(path, scenario, clock, watch))
    }

    fn now(&self) -> Outcome<u64> {
        self.clock.now().map_err(|problem| {
            say(&problem);
            Code::UNKNOWN
        })
    }

    fn fault(&self, call: &str, device: Option<usize>, now: u64) -> Outcome {
        self.scenario.fault(call, device, now).map_or(Ok(()), Err)
    }

    /// Counts a call that needs the library, and says when it happens.
    fn enter(&self, call: &'static str) -> Outcome<u64> {
        self.watch.count(call);
        if self.inits == 0 {
            return Err(Code::UNINITIALIZED);
        }
        let now = self.now()?;
        match self.scenario.load(now) {
            None => Err(Code::DRIVER_NOT_LOADED),
            Some(load) if load != self.load => Err(Code::UNINITIALIZED),
            Some(_) => self.fault(call, None, now).map(|()| now),
        }
    }

    /// What happens to a call that reaches a device.
    pub fn touch(&self, call: &str, index: usize, now: u64) -> Outcome<&Device> {
        let device = self.scenario.devices.get(index).ok_or(Code::INVALID_ARGUMENT)?;
        if device.asleep {
            self.watch.woken(now, call, index);
        }
        self.fault(call, Some(index), now)?;
        if device.is_lost(now) { Err(Code::GPU_IS_LOST) } else { Ok(device) }
    }

    fn on(&self, call: &'static str, handle: nvmlDevice_t) -> Outcome<On<'_>> {
        let now = self.enter(call)?;
        let number = handle.addr().checked_sub(TAG).ok_or(Code::INVALID_ARGUMENT)?;
        let index = (number >> 8).checked_sub(1).ok_or(Code::INVALID_ARGUMENT)?;
        let device = self.touch(call, index, now)?;
        let instance = match (number & 0xff).checked_sub(1) {
            None => None,
            Some(part) => Some((part, device.instances.get(part).ok_or(Code::INVALID_ARGUMENT)?)),
        };
        Ok(On { library: self, now, index, device, instance })
    }
}

/// The handle of a device, or of a part of it.
pub fn handle(index: usize, part: Option<usize>) -> nvmlDevice_t {
    let part = part.map_or(0, |part| part + 1);
    ptr::without_provenance_mut(TAG + ((index + 1) << 8) + part)
}

/// `nvmlInit` under one of its names.
pub fn init(call: &'static str) -> nvmlReturn_t {
    guarded(|| {
        let mut library = LIBRARY.write().unwrap_or_else(PoisonError::into_inner);
        let path = env::var_os("FAKE_NVML_SCENARIO").map(PathBuf::from);
        let other = |old: &mut Library| {
            old.inits == 0 && old.path.is_some() && path.is_some() && old.path != path
        };
        library.take_if(other);
        let library = match &mut *library {
            Some(library) => library,
            empty => empty.insert(Library::open(path).map_err(|error| {
                say(&error.to_string());
                Code::UNKNOWN
            })?),
        };
        library.watch.count(call);
        let now = library.now()?;
        let load = library.scenario.load(now).ok_or(Code::DRIVER_NOT_LOADED)?;
        library.fault(call, None, now)?;
        library.load = load;
        library.inits += 1;
        Ok(())
    })
}

/// `nvmlShutdown`.
pub fn shutdown(call: &'static str) -> nvmlReturn_t {
    guarded(|| {
        let mut library = LIBRARY.write().unwrap_or_else(PoisonError::into_inner);
        let library = library.as_mut().ok_or(Code::UNINITIALIZED)?;
        library.watch.count(call);
        library.inits = library.inits.checked_sub(1).ok_or(Code::UNINITIALIZED)?;
        library.watch.write_counts();
        Ok(())
    })
}

/// A call about the system.
pub fn system(call: &'static str, body: impl FnOnce(&Library, u64) -> Outcome) -> nvmlReturn_t {
    guarded(|| {
        let library = LIBRARY.read().unwrap_or_else(PoisonError::into_inner);
        let library = library.as_ref().ok_or(Code::UNINITIALIZED)?;
        body(library, library.enter(call)?)
    })
}

/// A call about a device.
pub fn device(
    call: &'static str,
    handle: nvmlDevice_t,
    body: impl FnOnce(&On<'_>) -> Outcome,
) -> nvmlReturn_t {
    guarded(|| {
        let library = LIBRARY.read().unwrap_or_else(PoisonError::into_inner);
        body(&library.as_ref().ok_or(Code::UNINITIALIZED)?.on(call, handle)?)
    })
}

/// Nothing unwinds into C.
fn guarded(body: impl FnOnce() -> Outcome) -> nvmlReturn_t {
    returned(catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Code::UNKNOWN)))
}

/// Plays a scenario in this process, for tests of the exported functions.
#[cfg(test)]
pub fn install(scenario: Scenario, clock: Clock) {
    let library = Library::new(None, scenario, clock, Watch::default());
    *LIBRARY.write().unwrap_or_else(PoisonError::into_inner) = Some(library);
}
