//! RAPL through powercap: every package and its memory, once each.
//!
//! Zone numbers are an order of registration, so zones are known by their `name`
//! (kernel: `Documentation/power/powercap/powercap.rst`). The same counter may
//! stand there twice, as `intel-rapl` and as `intel-rapl-mmio`; `core` and
//! `uncore` are parts of their package and `psys` contains it: none of these is
//! added. Zones may vanish and return; the list is made anew when one does.

mod zone;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use zone::{Zone, parse_name};

use crate::{
    files,
    meter::instrument::Place,
    sample::{Meter, MeterReading, Reading, Role},
    topology::Topology,
    units::Watts,
};

/// A counter's advance above this is not a wrap (twice the limit of the largest package known).
const LEAST_LIMIT: f64 = 500.0;

/// The powercap zones that count.
pub struct Powercap {
    root: PathBuf,
    zones: Vec<Counter>,
}

/// A zone and what stays the same between its readings.
struct Counter {
    zone: Zone,
    meter: Option<Arc<Meter>>,
    /// Largest value before it wraps, microjoules.
    range: u64,
    limit: Watts,
}

impl Powercap {
    /// Finds the zones under a sysfs root. None there is no error: a machine may have no meter.
    pub fn open(sysfs: &Path) -> Self {
        let mut powercap = Self { root: sysfs.join("class/powercap"), zones: Vec::new() };
        powercap.scan();
        powercap
    }

    /// Looks for zones that came; those that went stay, as absent.
    fn scan(&mut self) {
        for zone in zone::find(&self.root) {
            let known = self.zones.iter_mut().find(|counter| counter.zone.id() == zone.id());
            match known {
                // It may have come back under another number.
                Some(counter) if counter.zone.path != zone.path => {
                    *counter = Counter { meter: counter.meter.take(), ..Counter::of(zone) };
                }
                Some(_) => {}
                None => self.zones.push(Counter::of(zone)),
            }
        }
        self.zones.sort_by_key(|counter| counter.zone.id());
    }

    /// Reads every zone.
    pub fn read(&mut self, topology: &Topology) -> Vec<MeterReading> {
        let mut readings = self.read_all(topology);
        let absent = |reading: &MeterReading| matches!(reading.reading, Reading::Absent(_));
        if readings.is_empty() || readings.iter().any(absent) {
            self.scan();
            readings = self.read_all(topology);
        }
        readings
    }

    fn read_all(&mut self, topology: &Topology) -> Vec<MeterReading> {
        self.zones.iter_mut().map(|counter| counter.read(topology)).collect()
    }
}

impl Counter {
    fn of(zone: Zone) -> Self {
        let number = |file: &str| number(&zone.path.join(file)).ok();
        let limits = (0..4).flat_map(|n| {
            ["max_power_uw", "power_limit_uw"].map(|file| number(&format!("constraint_{n}_{file}")))
        });
        let largest = limits.flatten().max().map_or(0.0, |microwatts| microwatts as f64 / 1e6);
        let limit = Watts(2.0 * largest.max(LEAST_LIMIT));
        // Without a range no step back can be told from a wrap: each is a gap.
        let range = number("max_energy_range_uj").filter(|&range| range > 0).unwrap_or(u64::MAX);
        Self { meter: None, range, limit, zone }
    }

    fn read(&mut self, topology: &Topology) -> MeterReading {
        let cells =
            topology.cells_at(Place { die: self.zone.die, ..Place::package(self.zone.package) });
        let current = self.meter.take().filter(|meter| meter.cells == cells);
        let meter = current.unwrap_or_else(|| {
            Arc::new(Meter {
                id: self.zone.id(),
                domain: self.zone.domain,
                source: "powercap".into(),
                cells,
                role: Role::Part,
                includes: String::new(),
            })
        });
        self.meter = Some(Arc::clone(&meter));
        let reading = match number(&self.zone.path.join("energy_uj")) {
            Ok(microjoules) => {
                Reading::Counter { microjoules, range: self.range, limit: self.limit }
            }
            Err(error) => Reading::Absent(error.to_string()),
        };
        MeterReading { meter, reading }
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

#[cfg(test)]
mod tests;
