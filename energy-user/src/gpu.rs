//! GPUs: what each draws, what it shows, and who holds and uses it.
//!
//! ```text
//! nvml (NVIDIA)       \
//!                      +-> Driver -> energies + readings -> sample
//! drm (AMD and Intel) /
//! ```
//!
//! A driver fills in the facts that its vendor tells; what is made of them is decided later.
//! No driver, or no GPU, is no error: there is nothing to read then. A device that sleeps is
//! left asleep.

pub mod drm;
pub mod nvml;
mod people;

use std::{path::PathBuf, time::Duration};

pub use people::{Acquaintances, Directory, People, Person};
use serde::Serialize;

use crate::{
    clock::Moment,
    sample::{GpuReading, MeterReading, ProcessActivity, Vendor},
};

/// Where to look for GPUs.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Usually `/sys`.
    pub sysfs: PathBuf,
    /// Usually `/proc`.
    pub proc: PathBuf,
    /// NVIDIA's library, if it was named; by its usual name otherwise.
    pub nvml: Option<PathBuf>,
    /// The roots are this machine's own, so that its libraries speak of it.
    pub own: bool,
}

/// One vendor's GPUs.
pub trait Driver {
    /// What each device that is awake has drawn so far; read together with the other meters.
    fn energies(&mut self, at: Moment) -> Vec<MeterReading>;

    /// Looks between two samples, where energy is the integral of a power.
    fn poll(&mut self, at: Duration) {
        let _ = at;
    }

    /// What each device shows, and who used it since the last call.
    fn readings(&mut self, at: Moment, people: &mut People<'_>) -> Vec<GpuReading>;

    /// What there is and what it supports, for `doctor`.
    fn findings(&self) -> Vec<Finding>;

    /// What is missing and what would mend it.
    fn remedies(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A device as `doctor` tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `gpu-0`.
    pub id: String,
    /// What its maker calls it.
    pub name: String,
    /// Whose driver speaks.
    pub vendor: Vendor,
    /// Its address on the PCI bus.
    pub bus: Option<String>,
    /// Where its energy is read, in words: `total-energy counter`; none where it has no meter.
    pub energy: Option<String>,
    /// How it tells who used it, in words: `utilisation of each process, sampled by the driver`.
    pub use_told_by: String,
    /// What it lacks, what that means for the figures, and the remedy.
    pub lacks: Vec<String>,
}

/// All GPUs of a machine.
pub struct Gpus {
    drivers: Vec<Box<dyn Driver>>,
    acquaintances: Acquaintances,
    notes: Vec<String>,
}

impl Gpus {
    /// Finds them.
    pub fn open(scope: &Scope) -> anyhow::Result<Self> {
        let mut drivers: Vec<Box<dyn Driver>> = Vec::new();
        let mut notes = Vec::new();
        match nvml::open(scope)? {
            nvml::Opened::Driver(driver) => drivers.push(driver),
            nvml::Opened::Nothing(why) => notes.push(why),
        }
        drivers.extend(drm::open(scope));
        Ok(Self { drivers, acquaintances: Acquaintances::default(), notes })
    }

    /// What each device that is awake has drawn so far.
    pub fn energies(&mut self, at: Moment) -> Vec<MeterReading> {
        self.drivers.iter_mut().flat_map(|driver| driver.energies(at)).collect()
    }

    /// Looks between two samples.
    pub fn poll(&mut self, at: Duration) {
        self.drivers.iter_mut().for_each(|driver| driver.poll(at));
    }

    /// Names of processes, as they were told earlier.
    pub fn acquaintances(&mut self) -> &mut Acquaintances {
        &mut self.acquaintances
    }

    /// What each device shows, and who used it since the last call.
    pub fn readings(
        &mut self,
        at: Moment,
        directory: &mut dyn Directory,
        ran: &[ProcessActivity],
    ) -> Vec<GpuReading> {
        let mut people = People::new(&mut self.acquaintances, directory, ran, at.monotonic);
        let readings: Vec<_> =
            self.drivers.iter_mut().flat_map(|driver| driver.readings(at, &mut people)).collect();
        people.bury();
        readings
    }

    /// What there is, for `doctor`.
    pub fn findings(&self) -> Vec<Finding> {
        self.drivers.iter().flat_map(|driver| driver.findings()).collect()
    }

    /// Why there is nothing more: `no NVIDIA driver`.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What is missing and what would mend it.
    pub fn remedies(&self) -> Vec<String> {
        self.drivers.iter().flat_map(|driver| driver.remedies()).collect()
    }
}
