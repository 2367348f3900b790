//! Powercap zones: names and nesting.
//!
//! The class directory lists every zone as a link, and each zone lists its parts
//! again, so zones are told apart by their real path, then by what they measure.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    files,
    meter::instrument::{Place, Route},
    sample::Domain,
};

/// One zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its directory.
    pub path: PathBuf,
    /// What it covers.
    pub domain: Domain,
    /// Package and die, from its name or its parent's.
    pub place: Place,
    /// Of the registers, or of their memory-mapped copy.
    pub route: Route,
}

/// Package and die of a zone's name: `package-1`, `package-1-die-0`.
pub fn parse_name(name: &str) -> Option<(u32, Option<u32>)> {
    let rest = name.strip_prefix("package-")?;
    match rest.split_once("-die-") {
        Some((package, die)) => Some((package.parse().ok()?, Some(die.parse().ok()?))),
        None => Some((rest.parse().ok()?, None)),
    }
}

/// The zones under `class/powercap`, one for each directory.
pub fn find(class: &Path) -> Vec<Zone> {
    let mut directories = BTreeSet::new();
    collect(class, 0, &mut directories);
    directories.iter().filter_map(|path| zone(path)).collect()
}

/// The class lists zones, but what it links to is not to be had.
pub fn covered(class: &Path) -> bool {
    let Ok(entries) = fs::read_dir(class) else { return false };
    entries.flatten().any(|entry| {
        is_zone_like(&entry) && entry.path().is_symlink() && entry.path().canonicalize().is_err()
    })
}

fn is_zone_like(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().contains("rapl")
}

/// Real paths of all zone directories at or below `directory`.
fn collect(directory: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let Ok(path) = entry.path().canonicalize() else { continue };
        if !is_zone_like(&entry) || !path.is_dir() || found.contains(&path) {
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
    let mmio = path.to_string_lossy().contains("mmio");
    let route = if mmio { Route::PowercapMmio } else { Route::Powercap };
    let place = |(package, die)| Place { package: Some(package), die, cpu: None };
    let zone = |domain, place| Zone { path: path.into(), domain, place, route };
    if let Some(named) = parse_name(&name) {
        return Some(zone(Domain::Package, place(named)));
    }
    let domain = match name.as_str() {
        "psys" => return Some(zone(Domain::Psys, Place::default())),
        "dram" => Domain::Dram,
        "core" => Domain::Core,
        "uncore" => Domain::Uncore,
        _ => return None,
    };
    Some(zone(domain, place(parse_name(&parent_name(path)?)?)))
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
