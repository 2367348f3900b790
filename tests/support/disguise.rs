//! How else a machine could list the same zones, and what more it could list.
//!
//! Nothing of it may change what is counted: zones are numbered as they are registered, and one
//! machine shows copies, parts and sums that another does not.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{
    machine::{Description, Zone},
    powercap::RANGE,
};

/// Another look of a machine's zones.
#[derive(Clone, Debug)]
pub struct Disguise {
    /// The order in which they were registered.
    order: Vec<usize>,
    more: BTreeSet<More>,
}

/// What it lists beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum More {
    /// The memory-mapped copies.
    Copies,
    /// What contains the packages.
    Psys,
    /// What lies within them.
    Parts,
    /// Each package once more, as another of its dies: only some makers do that.
    Mirrors,
}

/// A top-level zone and its parts.
type Family = (Zone, Vec<Zone>);

/// Any.
pub fn disguise() -> impl Strategy<Value = Disguise> {
    let all = vec![More::Copies, More::Psys, More::Parts, More::Mirrors];
    let order = Just((0..12).collect::<Vec<usize>>()).prop_shuffle();
    (order, prop::sample::subsequence(all, 0..=4))
        .prop_map(|(order, more)| Disguise { order, more: more.into_iter().collect() })
}

impl Disguise {
    /// The machine as it would look.
    pub fn of(&self, machine: &Description) -> Description {
        let mut families = families(machine);
        let packages: Vec<Family> =
            families.iter().filter(|(zone, _)| zone.name != "psys").cloned().collect();
        if self.more.contains(&More::Parts) {
            for (_, parts) in &mut families {
                parts.extend(["core", "uncore"].map(zone));
            }
        }
        if self.more.contains(&More::Mirrors) && machine.cpuinfo.contains("AuthenticAMD") {
            let dies = packages.iter().map(|(package, _)| package.name.replace("-die-", "-die-1"));
            families.extend(dies.map(|die| (zone(&die), Vec::new())));
        }
        if self.more.contains(&More::Psys) {
            families.push((zone("psys"), Vec::new()));
        }
        let mut zones = BTreeMap::new();
        for (&number, family) in self.order.iter().zip(&families) {
            put(&mut zones, "intel-rapl", number, family);
        }
        if self.more.contains(&More::Copies) {
            for (&number, (package, parts)) in self.order.iter().rev().zip(&packages) {
                let parts = parts.iter().map(|part| zone(&part.name)).collect();
                put(&mut zones, "intel-rapl-mmio", number, &(zone(&package.name), parts));
            }
        }
        Description { zones, ..machine.clone() }
    }
}

/// A machine's zones but the memory-mapped ones.
fn families(machine: &Description) -> Vec<Family> {
    let mut all: Vec<Family> = Vec::new();
    for (path, zone) in &machine.zones {
        match path.strip_prefix("intel-rapl/").map(|path| path.contains('/')) {
            Some(true) => all.last_mut().unwrap().1.push(zone.clone()),
            Some(false) => all.push((zone.clone(), Vec::new())),
            None => {}
        }
    }
    all
}

/// A zone whose joules nobody could overlook, were they counted.
fn zone(name: &str) -> Zone {
    Zone { name: name.into(), begin: Some(9), advance: 500_000_000, range: RANGE }
}

/// Adds a zone and its parts under a number.
fn put(zones: &mut BTreeMap<String, Zone>, control: &str, number: usize, family: &Family) {
    let (zone, parts) = family;
    let path = format!("{control}/{control}:{number}");
    for (index, part) in parts.iter().rev().enumerate() {
        zones.insert(format!("{path}/{control}:{number}:{index}"), part.clone());
    }
    zones.insert(path, zone.clone());
}
