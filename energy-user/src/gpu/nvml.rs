//! NVIDIA's GPUs, through the management library of its driver.
//!
//! The library is loaded at run time: a machine without it has no NVIDIA driver, and that is
//! no error. What the driver does not tell is absent, with the reason, and never zero.
//!
//! ```text
//! sleep (sysfs) -> library -> device -+-> energy, state
//!                                     +-> usage, clients, mig -> users
//! ```

mod clients;
mod device;
mod energy;
mod facts;
mod library;
mod load;
mod mig;
mod numbers;
mod sleep;
mod state;
mod usage;
mod users;
mod words;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::bail;
use device::Slot;
use library::{Library, Place, SELDOM};
use numbers::Numbers;
use nvml_wrapper::{Nvml, error::NvmlError};
use words::Kind;

use super::{Driver, Finding, People, Scope};
use crate::{
    clock::Moment,
    sample::{GpuReading, MeterReading},
};

/// What opening gave.
pub enum Opened {
    /// The devices.
    Driver(Box<dyn Driver>),
    /// There are none, and why.
    Nothing(String),
}

/// Loads the library and finds the devices. An error only if a library was named that cannot
/// be used.
pub fn open(scope: &Scope) -> anyhow::Result<Opened> {
    let nothing = |why: &str| Ok(Opened::Nothing(why.to_string()));
    if scope.nvml.is_none() && !scope.own {
        return nothing("no NVIDIA driver");
    }
    let mut nvidia = Nvidia::new(scope);
    nvidia.scan();
    if nvidia.all_sleep() {
        return Ok(Opened::Driver(Box::new(nvidia)));
    }
    match nvidia.library.connect() {
        Ok(()) => {
            nvidia.begin();
            if nvidia.slots.is_empty() && nvidia.library.nvml().is_some() {
                return nothing("NVIDIA's driver shows no GPU here");
            }
        }
        Err(error) => match (error, &scope.nvml) {
            (
                error @ (NvmlError::LibloadingError(_)
                | NvmlError::FailedToLoadSymbol(_)
                | NvmlError::LibraryNotFound),
                Some(path),
            ) => bail!(
                "{} cannot be used as NVIDIA's library: {error}; name libnvidia-ml.so.1 of the \
                 driver with --nvml-lib, or leave the option out",
                path.display()
            ),
            (NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound, None) => {
                return nothing("no NVIDIA driver");
            }
            (NvmlError::DriverNotLoaded, None) => {
                if let Some(why) = elsewhere(&sleep::find(&scope.sysfs)) {
                    return Ok(Opened::Nothing(why));
                }
            }
            _ => {}
        },
    }
    Ok(Opened::Driver(Box::new(nvidia)))
}

/// Why no driver of NVIDIA's could have a device here, however long we wait.
fn elsewhere(devices: &[sleep::OnBus]) -> Option<String> {
    if devices.is_empty() {
        return Some("no NVIDIA GPU; its library is there, and no driver is loaded".into());
    }
    let mut others: Vec<_> = devices.iter().map(|one| one.driver.as_deref()).collect();
    others.sort_unstable();
    others.dedup();
    let others: Option<Vec<_>> = others.into_iter().collect();
    let others = others.filter(|names| !names.contains(&"nvidia"))?;
    Some(format!("NVIDIA's GPUs are driven by {}, which is not read", others.join(", ")))
}

/// NVIDIA's GPUs of one machine.
struct Nvidia {
    sysfs: PathBuf,
    library: Library,
    slots: Vec<Slot>,
    numbers: Numbers,
    /// When the bus was last looked over.
    scanned: Option<Duration>,
    /// When everything was last attended to.
    attended: Option<Duration>,
    /// Since when nothing at all could be read.
    failing: Option<Duration>,
}

impl Nvidia {
    fn new(scope: &Scope) -> Self {
        Self {
            sysfs: scope.sysfs.clone(),
            library: Library::new(scope.nvml.clone()),
            slots: Vec::new(),
            numbers: Numbers::new(scope.proc.clone()),
            scanned: None,
            attended: None,
            failing: None,
        }
    }

    /// Looks over the bus for devices that were not there before.
    fn scan(&mut self) {
        let by_index = self.slots.iter().any(|slot| matches!(slot.place(), Place::Index(_)));
        if by_index {
            return;
        }
        for on_bus in sleep::find(&self.sysfs).into_iter().filter(sleep::OnBus::is_ours) {
            let place = Place::Bus(on_bus.address.clone());
            if self.slots.iter().all(|slot| *slot.place() != place) {
                self.slots.push(Slot::new(self.slots.len(), place, Some(on_bus)));
            }
        }
        self.slots.iter_mut().for_each(Slot::look_asleep);
    }

    fn all_sleep(&self) -> bool {
        !self.slots.is_empty() && self.slots.iter().all(|slot| slot.sleeps)
    }

    /// The library works: finds its devices, where no bus shows them.
    fn begin(&mut self) {
        self.failing = None;
        let Some(nvml) = self.library.nvml() else { return };
        let by_bus = self.slots.iter().any(|slot| matches!(slot.place(), Place::Bus(_)));
        if !by_bus {
            let count = match nvml.device_count() {
                Ok(count) => count,
                Err(error) => {
                    drop(nvml);
                    self.library.disconnect(words::why(&error));
                    return;
                }
            };
            for index in self.slots.len()..count as usize {
                self.slots.push(Slot::new(index, Place::Index(index as u32), None));
            }
        }
        for slot in self.slots.iter_mut().filter(|slot| !slot.sleeps) {
            slot.prepare(&nvml);
        }
    }

    /// What is due at a time: who sleeps, what is new, whether the driver is back.
    fn attend(&mut self, at: Duration) {
        if self.attended == Some(at) {
            return;
        }
        if self.attended.replace(at).is_none() {
            // It was tried when it was opened.
            self.scanned = Some(at);
            if !self.all_sleep() {
                self.library.note(at);
            }
        }
        let connected = self.library.nvml().is_some();
        if self.scanned.is_none_or(|scanned| at >= scanned + SELDOM) {
            self.scanned = Some(at);
            self.scan();
        } else {
            self.slots.iter_mut().for_each(Slot::look_asleep);
        }
        if !connected && !self.all_sleep() && self.library.try_again(at) {
            self.begin();
        }
    }

    /// Lets go of the library.
    fn let_go(&mut self, why: String, at: Duration) {
        self.slots.iter_mut().for_each(Slot::forget);
        self.library.disconnect(why);
        self.library.note(at);
        self.failing = None;
    }

    /// Draws the conclusion from the errors of all devices that were read.
    fn judge(&mut self, errors: &[Option<NvmlError>], at: Duration) {
        let kinds = || errors.iter().flatten().map(words::kind);
        if let Some(gone) = errors.iter().flatten().find(|error| words::kind(error) == Kind::Gone) {
            self.let_go(words::why(gone), at);
            return;
        }
        let all_fail = !errors.is_empty()
            && kinds().filter(|kind| matches!(kind, Kind::Failed | Kind::Nothing)).count()
                == errors.len();
        if !all_fail {
            self.failing = None;
            return;
        }
        let since = *self.failing.get_or_insert(at);
        if at >= since + SELDOM {
            // A handle that was lost may stay lost until the library begins anew.
            let why = errors.iter().flatten().map(words::why).next();
            self.let_go(why.unwrap_or_default(), at);
            if self.library.connect().is_ok() {
                self.begin();
            }
        }
    }

    fn connected(&self) -> Option<Arc<Nvml>> {
        self.library.nvml()
    }
}

impl Driver for Nvidia {
    fn energies(&mut self, at: Moment) -> Vec<MeterReading> {
        self.attend(at.monotonic);
        let mut readings = Vec::new();
        let mut errors = Vec::new();
        let nvml = self.connected();
        for slot in self.slots.iter_mut().filter(|slot| !slot.sleeps) {
            let Some(nvml) = &nvml else {
                readings.push(slot.absent(self.library.why()));
                continue;
            };
            let (reading, error) = slot.energy(nvml, at.monotonic);
            if !slot.hidden {
                readings.push(reading);
                errors.push(error);
            }
        }
        drop(nvml);
        self.judge(&errors, at.monotonic);
        readings
    }

    fn poll(&mut self, at: Duration) {
        let Some(nvml) = self.connected() else { return };
        for slot in &mut self.slots {
            slot.look_asleep();
            if !slot.sleeps {
                slot.poll(&nvml, at);
            }
        }
    }

    fn readings(&mut self, at: Moment, people: &mut People<'_>) -> Vec<GpuReading> {
        self.attend(at.monotonic);
        let nvml = self.connected();
        let mut gone = None;
        let mut readings = Vec::new();
        for slot in &mut self.slots {
            let reading = match &nvml {
                Some(nvml) if !slot.sleeps => {
                    let (reading, error) = slot.reading(nvml, at, people, &mut self.numbers);
                    let error = error.filter(|error| words::kind(error) == Kind::Gone);
                    gone = gone.or(error.map(|error| words::why(&error)));
                    reading
                }
                _ => slot.silent(self.library.why()),
            };
            if !slot.hidden {
                readings.push(reading);
            }
        }
        drop(nvml);
        if let Some(why) = gone {
            self.let_go(why, at.monotonic);
        }
        readings
    }

    fn findings(&self) -> Vec<Finding> {
        self.slots.iter().map(Slot::finding).collect()
    }

    fn remedies(&self) -> Vec<String> {
        if self.connected().is_some() || self.all_sleep() {
            return Vec::new();
        }
        vec![format!("NVIDIA's GPUs are not read: {}", self.library.why())]
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use super::*;

    fn device(root: &Path, address: &str, driver: Option<&str>) {
        let path = root.join("bus/pci/devices").join(address);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("vendor"), "0x10de\n").unwrap();
        fs::write(path.join("class"), "0x030000\n").unwrap();
        if let Some(driver) = driver {
            symlink(Path::new("../drivers").join(driver), path.join("driver")).unwrap();
        }
    }

    #[test]
    fn a_driver_that_cannot_come_is_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let why = || elsewhere(&sleep::find(root.path()));
        assert!(why().unwrap().starts_with("no NVIDIA GPU"));
        device(root.path(), "0000:01:00.0", Some("nouveau"));
        device(root.path(), "0000:02:00.0", Some("vfio-pci"));
        assert!(why().unwrap().contains("driven by nouveau, vfio-pci"));
        device(root.path(), "0000:03:00.0", None);
        assert_eq!(why(), None, "a device without a driver may get one");
    }
}
