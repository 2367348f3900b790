//! RAPL through the registers: where the kernel has no driver for them, but its `msr` module.
//!
//! Registers are read from `cpu/N/msr` under the device root, for root with `CAP_SYS_RAWIO`.
//! The last of the routes: there is no benefit over the kernel's own (Raffin and Trystram,
//! arXiv 2401.15985), and every quirk of the units is ours to know (`unit`).

mod unit;

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, FileTypeExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use nix::fcntl::OFlag;
pub use unit::{Cpu, Unit};

use super::LIMIT;
use crate::{
    meter::instrument::{Facts, Instrument, Place, Route},
    sample::{Domain, Reading},
    topology::Topology,
};

/// Registers of one maker: the unit's, and the counters (Intel SDM 4; AMD PPR, `RAPL`).
struct Registers {
    unit: u64,
    counters: &'static [(u64, Domain)],
}

const INTEL: Registers = Registers {
    unit: 0x606,
    counters: &[
        (0x611, Domain::Package),
        (0x619, Domain::Dram),
        (0x639, Domain::Core),
        (0x641, Domain::Uncore),
        (0x64d, Domain::Psys),
    ],
};
const AMD: Registers = Registers { unit: 0xc001_0299, counters: &[(0xc001_029b, Domain::Package)] };
/// Of one core; the two threads of a core show the same.
const AMD_CORE: u64 = 0xc001_029a;

/// One register.
struct Counter {
    facts: Facts,
    path: PathBuf,
    register: u64,
    unit: Unit,
}

/// The counters of each package or die, as far as they count; none where no register can be read.
pub fn find(dev: &Path, cpu: Cpu, topology: &Topology) -> Vec<Box<dyn Instrument>> {
    let registers = if cpu.intel { INTEL } else { AMD };
    let mut found: Vec<Counter> = Vec::new();
    for (lead, place) in leads(cpu, topology) {
        let Ok(units) = read(&path(dev, lead), registers.unit) else { continue };
        let unit = |domain| unit::of(cpu, domain, units);
        let mut offer = |register, domain, place, on| {
            let counter = Counter::of(path(dev, on), register, domain, place, unit(domain));
            let known = found.iter().any(|other| other.facts.id == counter.facts.id);
            // A counter that is not there faults, or stands at zero for ever.
            if !known && counter.raw().is_ok_and(|count| count > 0) {
                found.push(counter);
            }
        };
        for &(register, domain) in registers.counters {
            let place = if domain == Domain::Psys { Place::default() } else { place };
            offer(register, domain, place, lead);
        }
        let cores = topology.cpus().into_iter().filter(|&core| topology.is_first_of_core(core));
        let here = |core: &u32| topology.package_of(*core).map(|(id, _)| id) == place.package;
        for core in cores.filter(here).filter(|_| !cpu.intel) {
            offer(AMD_CORE, Domain::Core, Place { cpu: Some(core), ..place }, core);
        }
    }
    found.into_iter().map(|counter| Box::new(counter) as Box<dyn Instrument>).collect()
}

fn path(dev: &Path, cpu: u32) -> PathBuf {
    dev.join(format!("cpu/{cpu}/msr"))
}

/// The CPUs to read shared registers on, and what these cover: Intel's are a die's, and AMD's a
/// package's whichever die shows them.
fn leads(cpu: Cpu, topology: &Topology) -> Vec<(u32, Place)> {
    let mut leads = Vec::new();
    for package in topology.packages() {
        let mut dies = BTreeMap::new();
        for &number in &package.cpus {
            let die = topology.package_of(number).map_or(0, |(_, die)| die);
            dies.entry(if cpu.intel { die } else { 0 }).or_insert(number);
        }
        let several = dies.len() > 1;
        let place = |die| Place { die: several.then_some(die), ..Place::package(package.id) };
        leads.extend(dies.into_iter().map(|(die, lead)| (lead, place(die))));
    }
    leads
}

/// A register's eight bytes, which the device gives at its number. A regular file in its place
/// is an image of the registers: each at eight times its number, so that all have room.
fn read(path: &Path, register: u64) -> io::Result<u64> {
    let mut options = OpenOptions::new();
    // Opening a FIFO in its place would wait for a writer.
    let file: File = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    let device = file.metadata()?.file_type().is_char_device();
    let mut value = [0; 8];
    file.read_exact_at(&mut value, if device { register } else { 8 * register })?;
    Ok(u64::from_le_bytes(value))
}

impl Counter {
    fn of(path: PathBuf, register: u64, domain: Domain, place: Place, unit: Unit) -> Self {
        let facts = Facts {
            id: super::id(domain, place),
            domain,
            place,
            route: Route::Msr,
            includes: super::includes(domain, place),
            at: format!("register {register:#x} of {}", path.display()),
        };
        Self { facts, path, register, unit }
    }

    /// The counter's 32 bits; above them nothing is promised.
    fn raw(&self) -> io::Result<u32> {
        read(&self.path, self.register).map(|value| value as u32)
    }
}

impl Instrument for Counter {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn read(&mut self, _: Duration) -> Reading {
        match self.raw() {
            Ok(raw) => Reading::Counter {
                microjoules: self.unit.microjoules(raw),
                range: self.unit.microjoules(u32::MAX),
                limit: LIMIT,
            },
            Err(error) => Reading::Absent(self.why(&error)),
        }
    }
}

impl Counter {
    fn why(&self, error: &io::Error) -> String {
        let at = &self.facts.at;
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                format!("permission denied: {at} needs CAP_SYS_RAWIO; run jouletop as root")
            }
            io::ErrorKind::NotFound => {
                format!("{at} is gone; load the module again: modprobe msr")
            }
            _ => format!("{at} cannot be read ({error}); is its CPU online?"),
        }
    }
}

#[cfg(test)]
mod tests;
