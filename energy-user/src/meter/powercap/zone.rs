//! Which powercap zones count: names, nesting and duplicates.
//!
//! The class directory lists every zone as a link, and each zone lists its parts
//! again, so zones are told apart by their real path, then by what they measure.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::{files, sample::Domain};

/// A zone that counts: one package, or the memory of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its directory.
    pub path: PathBuf,
    /// What it covers.
    pub domain: Domain,
    /// The package's number, from its name.
    pub package: u32,
    /// The die's number, on packages of several.
    pub die: Option<u32>,
}

impl Zone {
    /// `package-0`, `dram-1`, `package-0-die-1`.
    pub fn id(&self) -> String {
        let die = self.die.map_or_else(String::new, |die| format!("-die-{die}"));
        format!("{}-{}{die}", self.domain.as_str(), self.package)
    }
}

/// Package and die of a zone's name: `package-1`, `package-1-die-0`.
pub fn parse_name(name: &str) -> Option<(u32, Option<u32>)> {
    let rest = name.strip_prefix("package-")?;
    match rest.split_once("-die-") {
        Some((package, die)) => Some((package.parse().ok()?, Some(die.parse().ok()?))),
        None => Some((rest.parse().ok()?, None)),
    }
}

/// The zones that count under `class/powercap`, one for each thing measured.
pub fn find(class: &Path) -> Vec<Zone> {
    let mut directories = BTreeSet::new();
    collect(class, 0, &mut directories);
    // The MSR's zones come first: where MMIO shows the same counter, it is left out.
    let mut order: Vec<&PathBuf> = directories.iter().collect();
    order.sort_by_key(|path| is_mmio(path));
    let mut zones = BTreeMap::new();
    for path in order {
        if let Some(zone) = zone(path) {
            zones.entry(zone.id()).or_insert(zone);
        }
    }
    zones.into_values().collect()
}

/// Real paths of all zone directories at or below `directory`.
fn collect(directory: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let Ok(path) = entry.path().canonicalize() else { continue };
        let zone_like = entry.file_name().to_string_lossy().contains("rapl");
        if !zone_like || !path.is_dir() || found.contains(&path) {
            continue;
        }
        if path.join("name").is_file() {
            found.insert(path.clone());
        }
        // control type, package, part of a package
        if depth < 2 {
            collect(&path, depth + 1, found);
        }
    }
}

fn zone(path: &Path) -> Option<Zone> {
    let name = name(path)?;
    if let Some((package, die)) = parse_name(&name) {
        return Some(Zone { path: path.into(), domain: Domain::Package, package, die });
    }
    if name != "dram" {
        return None;
    }
    let (package, die) = parse_name(&parent_name(path)?)?;
    Some(Zone { path: path.into(), domain: Domain::Dram, package, die })
}

/// Name of the zone that a part belongs to: its directory, or `X:0` beside `X:0:1`.
fn parent_name(path: &Path) -> Option<String> {
    let parent = path.parent()?;
    let sibling = || {
        let own = path.file_name()?.to_str()?;
        let (package, _) = own.rsplit_once(':')?;
        name(&parent.join(package))
    };
    name(parent).or_else(sibling)
}

fn name(path: &Path) -> Option<String> {
    files::read(&path.join("name")).ok().map(|name| name.trim().to_string())
}

fn is_mmio(path: &Path) -> bool {
    path.to_string_lossy().contains("mmio")
}
