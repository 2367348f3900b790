//! Energy and power of the hardware monitoring subsystem, `/sys/class/hwmon`.
//!
//! It is where ARM servers, single-board computers, Apple's machines and servers with an ACPI
//! power meter tell what they draw. Chip numbers are an order of registration, so a sensor is
//! known by its chip's name and its own label (kernel: `Documentation/hwmon/sysfs-interface.rst`:
//! energies are microjoules, powers microwatts, currents milliamperes, voltages millivolts).

mod chip;
mod scan;
mod sensor;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

pub use chip::{Sort, sort};

use crate::{
    meter::instrument::{Facts, Instrument},
    sample::Domain,
};

/// Every sensor of energy or power under a sysfs root that is no GPU's.
pub fn find(sysfs: &Path) -> Vec<Box<dyn Instrument>> {
    let found = scan::find(sysfs);
    // Only where it is the only one can a meter without a word of what it measures be taken
    // to measure all.
    let unnamed = found.iter().filter(|found| found.asks_to_be_the_machine()).count();
    let mut used = BTreeSet::new();
    let mut counts = BTreeMap::new();
    let mut all: Vec<Box<dyn Instrument>> = Vec::new();
    for found in found {
        let Some(mut sort) = sort(&found.chip, found.says.as_deref(), &found.channel) else {
            continue;
        };
        if unnamed > 1 && found.asks_to_be_the_machine() {
            sort =
                Sort::rail("acpi", "one of several power meters; its maker does not say of what");
        }
        if let Some(node) = found.socket_is_a_node(&sort) {
            let package = scan::package_of_node(sysfs, node).unwrap_or(node);
            sort.place.package = Some(package);
            sort.id = format!("package-{package}");
            // With several NUMA nodes to a socket, each shows the same counter again.
            if !used.insert(sort.id.clone()) {
                continue;
            }
        }
        let count: &mut u32 = counts.entry(sort.id.clone()).or_default();
        *count += 1;
        let id = if *count == 1 { sort.id } else { format!("{}-{count}", sort.id) };
        let facts = Facts {
            id,
            domain: sort.domain,
            place: sort.place,
            route: sort.route,
            includes: sort.includes,
            at: found.files.to_string(),
        };
        let limit = if sort.domain == Domain::Package || sort.domain == Domain::Core {
            sensor::CPU_LIMIT
        } else {
            crate::meter::gauge::MOST
        };
        all.push(sensor::open(facts, found.files, limit));
    }
    all
}

#[cfg(test)]
mod tests;
