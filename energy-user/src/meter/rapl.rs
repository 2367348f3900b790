//! RAPL: the energy counters of x86 packages and their memory, by three routes.
//!
//! The kernel's `power` PMU, the powercap zones and the registers themselves show the same
//! counters. Each route offers what it finds; the [plan](super::plan) takes one of each.

pub mod msr;
pub mod perf;
pub mod powercap;

use super::instrument::Place;
use crate::{sample::Domain, units::Watts};

/// A counter's advance above this is not a wrap: twice 500 W, which no package draws.
const LIMIT: Watts = Watts(1000.0);

/// The name of a domain at a place: `package-0`, `dram-1-die-0`, `core-cpu3`, `psys`.
fn id(domain: Domain, place: Place) -> String {
    let number = match (domain, place) {
        (Domain::Psys, _) => String::new(),
        (_, Place { cpu: Some(cpu), .. }) => format!("-cpu{cpu}"),
        (_, Place { package, .. }) => format!("-{}", package.unwrap_or(0)),
    };
    let die = match place {
        Place { die: Some(die), cpu: None, .. } => format!("-die-{die}"),
        _ => String::new(),
    };
    format!("{}{number}{die}", domain.as_str())
}

/// What RAPL's figure of a domain includes (Intel SDM 3B, section on RAPL domains).
fn includes(domain: Domain, place: Place) -> &'static str {
    match (domain, place.cpu) {
        (Domain::Package, _) => "cores, caches, memory controller, integrated GPU of the package",
        (Domain::Dram, _) => "the memory of the package",
        (Domain::Core, Some(_)) => "one core",
        (Domain::Core, None) => "the cores of the package",
        (Domain::Uncore, _) => "the integrated GPU of the package",
        _ => "what the board's maker wired to it: packages, memory, more",
    }
}
