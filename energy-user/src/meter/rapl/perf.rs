//! RAPL through the kernel's `power` PMU: 64 bits wide, wraps handled in the kernel.
//!
//! Which events there are, what they count and on which CPU to open each is read from sysfs
//! (`bus/event_source/devices/power`, and `power_core` for the cores of newer AMD machines):
//! nothing is taken for granted, so a tree with a clock in place of energy works as well.
//! Counting needs `CAP_PERFMON`, no file of root's.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::LIMIT;
use crate::{
    files,
    meter::instrument::{Facts, Instrument, Place, Route},
    perf_event::{self, Event},
    sample::{Domain, Reading},
    topology::{Topology, parse_list},
};

/// The units and the events of each that are energy (kernel: `arch/x86/events/rapl.c`).
const UNITS: [(&str, &[(&str, Domain)]); 2] = [
    (
        "power",
        &[
            ("energy-pkg", Domain::Package),
            ("energy-ram", Domain::Dram),
            ("energy-cores", Domain::Core),
            ("energy-gpu", Domain::Uncore),
            ("energy-psys", Domain::Psys),
        ],
    ),
    ("power_core", &[("energy-core", Domain::Core)]),
];

/// One event on one CPU.
struct Counter {
    facts: Facts,
    event: Event,
    cpu: u32,
    /// Microjoules of one count.
    scale: f64,
    open: Option<File>,
}

/// The events under a sysfs root.
pub fn find(sysfs: &Path, topology: &Topology) -> Vec<Box<dyn Instrument>> {
    let mut found: Vec<Box<dyn Instrument>> = Vec::new();
    for (unit, events) in UNITS {
        let directory = sysfs.join("bus/event_source/devices").join(unit);
        let Some((kind, mut cpus)) = unit_of(&directory) else { continue };
        cpus.retain(|&cpu| topology.package_of(cpu).is_some());
        for &(name, domain) in events {
            let Some((config, scale)) = event_of(&directory, name) else { continue };
            let event = Event { kind, config };
            let most = if domain == Domain::Psys { 1 } else { cpus.len() };
            for &cpu in cpus.iter().take(most) {
                let place = place(domain, unit, cpu, &cpus, topology);
                let facts = Facts {
                    id: super::id(domain, place),
                    domain,
                    place,
                    route: Route::Perf,
                    includes: super::includes(domain, place),
                    at: format!("{unit}/{name}/ on cpu{cpu}"),
                };
                found.push(Box::new(Counter { facts, event, cpu, scale, open: None }));
            }
        }
    }
    found
}

/// Number of a unit, and the CPUs on which to open its events; none if it is not there.
fn unit_of(directory: &Path) -> Option<(u32, Vec<u32>)> {
    let kind = files::read(&directory.join("type")).ok()?.trim().parse().ok()?;
    let cpus = cpus_of(directory);
    (!cpus.is_empty()).then_some((kind, cpus))
}

fn cpus_of(directory: &Path) -> Vec<u32> {
    let mask = files::read(&directory.join("cpumask")).ok();
    mask.and_then(|mask| parse_list(&mask)).unwrap_or_default()
}

/// Number of an event, and microjoules of one count; none if it is not energy.
fn event_of(directory: &Path, name: &str) -> Option<(u64, f64)> {
    let event = directory.join("events").join(name);
    let text = |path: PathBuf| files::read(&path).ok().map(|text| text.trim().to_string());
    let beside = |suffix: &str| {
        let mut path = event.clone().into_os_string();
        path.push(suffix);
        text(path.into())
    };
    let config = text(event.clone())?;
    let config = config.strip_prefix("event=")?;
    let config = match config.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => config.parse().ok()?,
    };
    let scale: f64 = beside(".scale")?.parse().ok()?;
    let joules = beside(".unit").is_some_and(|unit| unit == "Joules");
    (joules && scale.is_finite() && scale > 0.0).then_some((config, scale * 1e6))
}

/// What an event on a CPU covers: its core, its die if the package has events of several, or
/// its package.
fn place(domain: Domain, unit: &str, cpu: u32, mask: &[u32], topology: &Topology) -> Place {
    if domain == Domain::Psys {
        return Place::default();
    }
    let (package, die) = topology.package_of(cpu).unwrap_or((0, 0));
    if unit == "power_core" {
        return Place { cpu: Some(cpu), ..Place::package(package) };
    }
    let others = mask.iter().filter_map(|&other| topology.package_of(other));
    let several = others.filter(|(id, _)| *id == package).any(|(_, other)| other != die);
    Place { die: several.then_some(die), ..Place::package(package) }
}

impl Counter {
    fn count(&mut self) -> io::Result<u64> {
        let event = match &mut self.open {
            Some(event) => event,
            closed => closed.insert(perf_event::open(self.event, self.cpu, false)?.into()),
        };
        perf_event::read(event)
    }
}

impl Instrument for Counter {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn read(&mut self, _: Duration) -> Reading {
        match self.count() {
            Ok(count) => Reading::Counter {
                microjoules: (count as f64 * self.scale) as u64,
                range: u64::MAX,
                limit: LIMIT,
            },
            Err(error) => {
                // The next reading opens it anew, and begins a new count.
                self.open = None;
                Reading::Absent(self.why(&error))
            }
        }
    }
}

impl Counter {
    fn why(&self, error: &io::Error) -> String {
        let at = &self.facts.at;
        match error.kind() {
            io::ErrorKind::PermissionDenied => format!(
                "permission denied: {at} needs CAP_PERFMON; run jouletop as root, or: sudo setcap \
                 cap_bpf,cap_perfmon,cap_dac_read_search=ep on its file"
            ),
            _ => format!("{at} cannot be counted ({error}); is its CPU online?"),
        }
    }
}
