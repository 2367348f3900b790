//! Which sensors there are under `class/hwmon`, and which files tell them.
//!
//! Old drivers keep their files in `device/`, newer ones beside `name`; both are looked at. A
//! device's own energy counter is better than its power, a mean better than a moment, and
//! current times voltage is the last resort.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use super::chip::Sort;
use crate::{files, sample::Domain};

/// The files that tell a sensor's figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// Microjoules, counted by the device or its driver.
    Energy(PathBuf),
    /// Microwatts.
    Power(PathBuf),
    /// Milliamperes and millivolts.
    CurrentAndVoltage(PathBuf, PathBuf),
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Energy(path) | Self::Power(path) => path.display().fmt(f),
            Self::CurrentAndVoltage(current, voltage) => {
                write!(f, "{} times {}", current.display(), voltage.display())
            }
        }
    }
}

/// A sensor as it stands there.
#[derive(Clone, Debug)]
pub struct Found {
    /// The chip's name.
    pub chip: String,
    /// The sensor's label, or what an ACPI power meter says of itself.
    pub says: Option<String>,
    /// `energy1`, `power2`, `curr3`.
    pub channel: String,
    /// Where its figure is read.
    pub files: Files,
}

impl Found {
    /// An ACPI power meter that would be taken for the machine's.
    pub fn asks_to_be_the_machine(&self) -> bool {
        let sort = super::sort(&self.chip, self.says.as_deref(), &self.channel);
        self.chip == "power_meter" && sort.is_some_and(|sort| sort.domain == Domain::Machine)
    }

    /// The NUMA node that AMD's driver takes for a socket (`amd_create_sensor` counts
    /// `num_possible_nodes`).
    pub fn socket_is_a_node(&self, sort: &Sort) -> Option<u32> {
        let socket = self.chip == "amd_energy" && sort.domain == Domain::Package;
        sort.place.package.filter(|_| socket)
    }
}

/// All sensors of energy or power, in an order that lasts over restarts.
pub fn find(sysfs: &Path) -> Vec<Found> {
    let Ok(entries) = fs::read_dir(sysfs.join("class/hwmon")) else { return Vec::new() };
    let mut chips: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("hwmon"))
        .map(|entry| {
            // A chip's number may change from start to start, its device's path does not.
            let path = entry.path();
            let device = path.join("device").canonicalize().or_else(|_| path.canonicalize());
            (device.unwrap_or_default(), path)
        })
        .collect();
    chips.sort();
    chips.into_iter().flat_map(|(_, path)| sensors(&path)).collect()
}

/// The sensors of one chip.
fn sensors(chip: &Path) -> Vec<Found> {
    let directories = [chip.to_path_buf(), chip.join("device")];
    let text = |file: &str| text(&directories, file);
    let Some(name) = text("name") else { return Vec::new() };
    if is_supply(&text) {
        return Vec::new();
    }
    let mut found: Vec<Found> = Vec::new();
    let mut add = |channel: String, says: Option<String>, files: Files| {
        // A device's energy and power are the same sensor, told twice.
        let twice = found.iter().any(|other| {
            let numbers = [&other.channel, &channel].map(|name| number(name).unwrap_or_default());
            other.says == says && numbers[0] == numbers[1]
        });
        if !twice {
            found.push(Found { chip: name.clone(), says, channel, files });
        }
    };
    for (channel, path) in channels(&directories, "energy", &["_input"]) {
        let says = text(&format!("{channel}_label"));
        add(channel, says, Files::Energy(path));
    }
    for (channel, path) in channels(&directories, "power", &["_average", "_input"]) {
        let says = text(&format!("{channel}_label"));
        let says = says.or_else(|| text(&format!("{channel}_oem_info")));
        add(channel, says, Files::Power(path));
    }
    for (channel, path) in channels(&directories, "curr", &["_input"]) {
        let Some(number) = number(&channel) else { continue };
        let voltage = find_file(&directories, &format!("in{number}_input"));
        let Some(voltage) = voltage.filter(|_| multiplies(&name)) else { continue };
        let says = text(&format!("{channel}_label")).or_else(|| text(&format!("in{number}_label")));
        let files = Files::CurrentAndVoltage(path, voltage);
        add(channel, says, files);
    }
    found
}

/// A battery or its charger, which the kernel shows here once more (`power_supply_hwmon.c`):
/// its power goes in as well as out. An ACPI power meter may be one, too.
fn is_supply(text: &impl Fn(&str) -> Option<String>) -> bool {
    let is = |file: &str, words: &[&str]| text(file).is_some_and(|is| words.contains(&is.as_str()));
    is("power1_is_battery", &["1"]) || is("type", &["Battery", "UPS", "Mains", "USB", "Wireless"])
}

/// On TI's meters `curr3` flows at `in3`; elsewhere the numbers need not belong together.
fn multiplies(chip: &str) -> bool {
    chip.starts_with("ina3221")
}

/// Channels of a kind with their best file, in order of their number.
fn channels(directories: &[PathBuf], kind: &str, best: &[&str]) -> Vec<(String, PathBuf)> {
    let names = directories.iter().filter_map(|directory| fs::read_dir(directory).ok());
    let names = names.flatten().flatten().map(|entry| entry.file_name());
    let mut numbers: Vec<u32> = names
        .filter_map(|name| {
            let rest = name.to_str()?.strip_prefix(kind)?;
            let suffix = best.iter().find(|suffix| rest.ends_with(**suffix))?;
            rest.strip_suffix(suffix)?.parse().ok()
        })
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let file = |number| {
        let channel = format!("{kind}{number}");
        let mut files = best.iter().map(|suffix| format!("{channel}{suffix}"));
        let path = files.find_map(|file| find_file(directories, &file))?;
        Some((channel, path))
    };
    numbers.into_iter().filter_map(file).collect()
}

fn find_file(directories: &[PathBuf], file: &str) -> Option<PathBuf> {
    directories.iter().map(|directory| directory.join(file)).find(|path| path.exists())
}

fn text(directories: &[PathBuf], file: &str) -> Option<String> {
    let texts = directories.iter().filter_map(|directory| files::read(&directory.join(file)).ok());
    texts.map(|text| text.trim().to_string()).find(|text| !text.is_empty())
}

fn number(channel: &str) -> Option<u32> {
    channel.trim_start_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()
}

/// The package to which the CPUs of a NUMA node belong.
pub fn package_of_node(sysfs: &Path, node: u32) -> Option<u32> {
    let system = sysfs.join("devices/system");
    let cpus = files::read(&system.join(format!("node/node{node}/cpulist"))).ok()?;
    let first = cpus.trim().split([',', '-']).next()?.parse::<u32>().ok()?;
    let package = system.join(format!("cpu/cpu{first}/topology/physical_package_id"));
    files::read(&package).ok()?.trim().parse().ok()
}
