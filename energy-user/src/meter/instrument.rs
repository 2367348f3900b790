//! Something that tells energy, whatever its route: what it covers, and what it reads.
//!
//! One machine shows the same joules by several routes. An instrument only states facts
//! about itself; which instruments count is decided elsewhere, from the facts of all.

use std::time::Duration;

use crate::sample::{Domain, Reading};

/// By which way an instrument is read, best first where several show the same counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Route {
    /// The kernel's `power` PMU through `perf_event_open`: 64 bits, wraps handled there.
    Perf,
    /// Powercap zones of the MSRs, or of TPMI on newer servers.
    Powercap,
    /// Powercap zones of the memory-mapped copy.
    PowercapMmio,
    /// Model-specific registers through `/dev/cpu/N/msr`.
    Msr,
    /// A sensor of the hardware monitoring subsystem.
    Hwmon,
    /// The ACPI power meter of a server.
    Acpi,
    /// The board's management controller, through its own interface.
    Ipmi,
    /// The board's management controller, through the network.
    Redfish,
    /// The battery of a laptop.
    Battery,
}

impl Route {
    /// It is asked in the background, on a thread of its own.
    pub fn is_polled(self) -> bool {
        matches!(self, Self::Ipmi | Self::Redfish)
    }

    /// The words for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Perf => "RAPL, perf",
            Self::Powercap => "RAPL, powercap",
            Self::PowercapMmio => "RAPL, powercap (mmio)",
            Self::Msr => "RAPL, registers",
            Self::Hwmon => "hwmon",
            Self::Acpi => "ACPI power meter",
            Self::Ipmi => "IPMI",
            Self::Redfish => "Redfish",
            Self::Battery => "battery",
        }
    }

    /// The word in JSON and in `doctor`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Perf => "perf",
            Self::Powercap => "powercap",
            Self::PowercapMmio => "powercap-mmio",
            Self::Msr => "msr",
            Self::Hwmon => "hwmon",
            Self::Acpi => "acpi",
            Self::Ipmi => "ipmi",
            Self::Redfish => "redfish",
            Self::Battery => "battery",
        }
    }
}

/// Which part of the machine, by the kernel's own numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// `physical_package_id`.
    pub package: Option<u32>,
    /// `die_id`, on packages of several.
    pub die: Option<u32>,
    /// Number of a CPU of the core, if it is one core alone.
    pub cpu: Option<u32>,
}

impl Place {
    /// A whole package.
    pub fn package(package: u32) -> Self {
        Self { package: Some(package), ..Self::default() }
    }
}

/// What an instrument says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The name that its meter has: `package-0`, `package-1-die-0`, `dram-0`, `psys`, `machine`.
    pub id: String,
    /// What it covers.
    pub domain: Domain,
    /// Where.
    pub place: Place,
    /// How it is read.
    pub route: Route,
    /// What its figure includes, in words for people.
    pub includes: &'static str,
    /// Which file, event or register, in words for people.
    pub at: String,
}

/// Something that can be read.
pub trait Instrument {
    /// What it says of itself.
    fn facts(&self) -> &Facts;

    /// What it reads now; `at` is the monotonic clock.
    fn read(&mut self, at: Duration) -> Reading;

    /// It has been asked and has not answered yet.
    fn is_waiting(&self) -> bool {
        false
    }

    /// Looks between two samples, where energy is the integral of a power.
    fn poll(&mut self, at: Duration) {
        let _ = at;
    }
}
