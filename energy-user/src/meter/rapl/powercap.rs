//! RAPL through powercap: a file for each counter, for root only since Linux 5.10.
//!
//! Zone numbers are an order of registration, so zones are known by their `name`
//! (kernel: `Documentation/power/powercap/powercap.rst`). Every zone is offered, also those
//! that are parts or copies of another: the plan leaves them out, and can say why.

mod zone;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

pub use zone::{Zone, parse_name};

use super::LIMIT;
use crate::{
    files,
    meter::instrument::{Facts, Instrument, Place, Route},
    sample::{Domain, Reading},
    topology::Topology,
    units::Watts,
};

/// A zone and what stays the same between its readings.
struct Counter {
    facts: Facts,
    path: PathBuf,
    /// Largest value before it wraps, microjoules.
    range: u64,
    limit: Watts,
}

/// The zones under a sysfs root. None there is no error: a machine may have no meter.
pub fn find(sysfs: &Path, topology: &Topology) -> Vec<Box<dyn Instrument>> {
    let class = sysfs.join("class/powercap");
    let zones = zone::find(&class);
    if zones.is_empty() && zone::covered(&class) {
        let packages = topology.packages().iter();
        return packages.map(|package| Covered::of(&class, package.id)).collect();
    }
    zones.into_iter().map(|zone| Box::new(Counter::of(zone)) as Box<dyn Instrument>).collect()
}

/// A package's zone that a container's runtime has covered: it is there, but not for us
/// (GHSA-jq35-85cj-fj4p).
struct Covered(Facts);

impl Covered {
    fn of(class: &Path, package: u32) -> Box<dyn Instrument> {
        let (domain, place) = (Domain::Package, Place::package(package));
        Box::new(Self(Facts {
            id: super::id(domain, place),
            domain,
            place,
            route: Route::Powercap,
            includes: super::includes(domain, place),
            at: class.display().to_string(),
        }))
    }
}

impl Instrument for Covered {
    fn facts(&self) -> &Facts {
        &self.0
    }

    fn read(&mut self, _: Duration) -> Reading {
        Reading::Absent(format!(
            "the zones of {} are covered, as containers are by default; mount the host's \
             /sys/devices/virtual/powercap",
            self.0.at
        ))
    }
}

impl Counter {
    fn of(zone: Zone) -> Self {
        let number = |file: &str| number(&zone.path.join(file)).ok();
        let limits = (0..4).flat_map(|n| {
            ["max_power_uw", "power_limit_uw"].map(|file| number(&format!("constraint_{n}_{file}")))
        });
        // Some firmware has limits that mean "none": they would make a reset look like a wrap.
        let largest = limits.flatten().map(|microwatts| microwatts as f64 / 1e6);
        let largest = largest.filter(|watts| *watts < 10.0 * LIMIT.0).fold(0.0, f64::max);
        // Without a range no step back can be told from a wrap: each is a gap.
        let range = number("max_energy_range_uj").filter(|&range| range > 0).unwrap_or(u64::MAX);
        Self {
            facts: Facts {
                id: super::id(zone.domain, zone.place),
                domain: zone.domain,
                place: zone.place,
                route: zone.route,
                includes: super::includes(zone.domain, zone.place),
                at: zone.path.display().to_string(),
            },
            path: zone.path,
            range,
            limit: Watts(LIMIT.0.max(2.0 * largest)),
        }
    }
}

impl Instrument for Counter {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn read(&mut self, _: Duration) -> Reading {
        match number(&self.path.join("energy_uj")) {
            Ok(microjoules) => {
                Reading::Counter { microjoules, range: self.range, limit: self.limit }
            }
            Err(error) => Reading::Absent(error.to_string()),
        }
    }
}

/// Why a counter's file gave no number, with the remedy.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(
        "permission denied: {} is for root only; run jouletop as root, or: sudo setcap \
         cap_bpf,cap_perfmon,cap_dac_read_search=ep on its file (containers may mask it: \
         mount the host's /sys/devices/virtual/powercap)", .0.display()
    )]
    Denied(PathBuf),
    #[error(
        "{} is gone; the zone counts again when it returns (was the driver unloaded or a CPU \
         taken offline?)", .0.display()
    )]
    Gone(PathBuf),
    #[error(
        "{} holds {text:?}, not a number of microjoules; reload the intel_rapl driver",
        .path.display()
    )]
    Garbage { path: PathBuf, text: String },
    #[error("{}: {error}; reload the intel_rapl driver", .path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// A file with one whole number.
fn number(path: &Path) -> Result<u64, ReadError> {
    let path_buf = || path.to_path_buf();
    let text = files::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => ReadError::Denied(path_buf()),
        io::ErrorKind::NotFound => ReadError::Gone(path_buf()),
        // The kernel's answer for a zone whose CPUs are all offline.
        _ if error.raw_os_error() == Some(nix::errno::Errno::ENODEV as i32) => {
            ReadError::Gone(path_buf())
        }
        _ => ReadError::Io { path: path_buf(), error },
    })?;
    text.trim().parse().map_err(|_| {
        let text = text.trim().chars().take(20).collect();
        ReadError::Garbage { path: path_buf(), text }
    })
}
