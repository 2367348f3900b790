//! Machines as TOML files describe them: what sysfs shows there, and what is to be made of it.
//!
//! A description is built into a directory with the layout of the kernel's: zones, sensors and
//! supplies lie under `devices`, and the classes link to them, as duplicates and dangling links
//! come from just that. Units of `perf` count the kernel's own clock in place of energy, so that
//! the real system call is made and its power is known.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::{FileExt as _, symlink},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use tempfile::TempDir;

use super::powercap::RANGE;

/// A machine and what is expected of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// What `/proc/cpuinfo` says.
    pub cpuinfo: String,
    /// Package, die and core of each CPU.
    pub cpus: Vec<[u32; 3]>,
    /// Zones by their path under `devices/virtual/powercap`.
    #[serde(default)]
    pub zones: BTreeMap<String, Zone>,
    /// A container's runtime has covered `devices/virtual/powercap`.
    #[serde(default)]
    pub masked: bool,
    /// Units of `perf` by name.
    #[serde(default)]
    pub units: BTreeMap<String, Unit>,
    /// Registers of `/dev/cpu/N/msr`.
    #[serde(default)]
    pub registers: Vec<Register>,
    /// Other files by their path, and what they hold.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// By how many microjoules those of them that are counters advance.
    #[serde(default)]
    pub advances: BTreeMap<String, u64>,
    /// What is to be made of it.
    pub expect: Expect,
}

/// A powercap zone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// What it covers.
    pub name: String,
    /// What its counter shows at first, microjoules; none where it cannot be read.
    pub begin: Option<u64>,
    /// By how much it advances, microjoules.
    #[serde(default)]
    pub advance: u64,
    /// Its largest value.
    #[serde(default = "range")]
    pub range: u64,
}

fn range() -> u64 {
    RANGE
}

/// A unit of `perf`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Where to open its events.
    pub cpumask: String,
    /// Power of each event, in place of which a clock of so many joules a second counts.
    pub watts: BTreeMap<String, f64>,
}

/// A register of one CPU.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Which CPU's.
    pub cpu: u32,
    /// Its number.
    pub number: u64,
    /// What it holds at first.
    pub begin: u64,
    /// By how many counts it advances; of its 64 bits, it wraps at 32.
    #[serde(default)]
    pub advance: u64,
}

/// What is to be made of a machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Of the frame.
    pub quality: String,
    /// Of all rows together.
    pub total: Figure,
    /// What a process pays that keeps a package busy, in order of packages.
    pub paid: Vec<Figure>,
    /// What is used: parts, what divides them, the whole and what is shown beside it.
    #[serde(default)]
    pub meters: Vec<Used>,
    /// What is not.
    #[serde(default)]
    pub left_out: Vec<Left>,
}

/// A meter that is used.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// Its name.
    pub id: String,
    /// What it covers.
    pub domain: String,
    /// How it is read.
    pub route: String,
    /// What for.
    pub role: String,
    /// What it tells.
    pub tells: Figure,
}

/// A meter that is not used.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// Its name.
    pub id: String,
    /// How it would be read.
    pub route: String,
    /// Words of the reason.
    pub why: String,
}

/// `12.5 J`, `40 W`, `estimated` or `absent: words of the reason`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum Figure {
    /// All that a counter advances, microjoules.
    Joules(u64),
    /// As long as it is looked at.
    Watts(f64),
    /// Something, from a model.
    Estimated,
    /// Nothing, and words of the reason.
    Absent(String),
}

impl TryFrom<String> for Figure {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |text: &str| text.parse::<f64>().map_err(|error| format!("{text}: {error}"));
        if let Some(joules) = text.strip_suffix(" J") {
            return Ok(Self::Joules((number(joules)? * 1e6).round() as u64));
        }
        if let Some(watts) = text.strip_suffix(" W") {
            return number(watts).map(Self::Watts);
        }
        match text.strip_prefix("absent: ") {
            Some(why) => Ok(Self::Absent(why.into())),
            None if text == "estimated" => Ok(Self::Estimated),
            None => Err(format!("{text:?} is no figure")),
        }
    }
}

impl Description {
    /// From `tests/machines`.
    pub fn load(name: &str) -> Self {
        let text = fs::read_to_string(directory().join(format!("{name}.toml"))).unwrap();
        toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

/// Where the descriptions are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/machines")
}

/// A described machine as a tree of files.
pub struct Built {
    root: TempDir,
    /// Counters by their file, with their range.
    counters: BTreeMap<PathBuf, (u64, u64)>,
}

impl Built {
    /// Makes the tree.
    pub fn new(machine: &Description) -> Self {
        let mut built = Self { root: tempfile::tempdir().unwrap(), counters: BTreeMap::new() };
        built.topology(&machine.cpus);
        for (path, zone) in &machine.zones {
            built.zone(path, zone);
        }
        if machine.masked {
            let covered = built.sysfs().join("devices/virtual/powercap");
            fs::remove_dir_all(&covered).unwrap();
            fs::create_dir(covered).unwrap();
        }
        for (name, unit) in &machine.units {
            built.unit(name, unit);
        }
        for register in &machine.registers {
            built.register(register, register.begin);
        }
        for (path, text) in &machine.files {
            built.write(path, text);
            built.classify(path);
        }
        for path in machine.advances.keys() {
            let begin = machine.files[path].trim().parse().unwrap();
            built.counters.insert(built.sysfs().join(path), (begin, u64::MAX));
        }
        built
    }

    /// For `--sysfs-root`.
    pub fn sysfs(&self) -> PathBuf {
        self.root.path().join("sys")
    }

    /// For `--proc-root`: this machine's `/proc` as it is now, under another CPU's name.
    pub fn proc_root(&self, cpuinfo: &str) -> PathBuf {
        let root = self.root.path().join("proc");
        if root.exists() {
            return root;
        }
        fs::create_dir(&root).unwrap();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            if entry.file_name() != "cpuinfo" {
                symlink(entry.path(), root.join(entry.file_name())).unwrap();
            }
        }
        fs::write(root.join("cpuinfo"), cpuinfo).unwrap();
        root
    }

    /// For `--dev-root`: there is nothing but registers.
    pub fn dev(&self) -> PathBuf {
        self.root.path().join("dev")
    }

    /// Advances all counters by a part of what is described.
    pub fn advance(&mut self, machine: &Description, step: u64, steps: u64) {
        let part = |all: u64| all * (step + 1) / steps - all * step / steps;
        for (path, zone) in &machine.zones {
            self.add(&zones().join(path).join("energy_uj"), part(zone.advance));
        }
        for (path, advance) in &machine.advances {
            self.add(Path::new(path), part(*advance));
        }
        for register in machine.registers.iter().filter(|register| register.advance > 0) {
            let counts = register.begin + register.advance * (step + 1) / steps;
            self.register(register, counts % (1 << 32));
        }
    }

    /// Writes a register into its image, where the program looks for it at eight times its number.
    fn register(&self, register: &Register, value: u64) {
        let path = self.dev().join(format!("cpu/{}/msr", register.cpu));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::options().create(true).truncate(false).write(true).open(path).unwrap();
        file.write_all_at(&value.to_le_bytes(), 8 * register.number).unwrap();
    }

    /// Adds to one counter, past its range if need be; readers never see half a number.
    fn add(&mut self, path: &Path, microjoules: u64) {
        let path = self.sysfs().join(path);
        let Some((counter, range)) = self.counters.get_mut(&path) else { return };
        *counter += microjoules;
        if *counter > *range {
            *counter -= *range;
        }
        if path.exists() {
            let next = path.with_file_name("next");
            fs::write(&next, format!("{counter}\n")).unwrap();
            fs::rename(next, path).unwrap();
        }
    }

    fn write(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.sysfs().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    }

    /// Makes a link as sysfs has them: relative, from a class to a device.
    fn link(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) {
        let path = self.sysfs().join(&from);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if path.symlink_metadata().is_err() {
            let up = "../".repeat(from.as_ref().components().count() - 1);
            symlink(Path::new(&up).join(to), path).unwrap();
        }
    }

    fn topology(&self, cpus: &[[u32; 3]]) {
        let base = "devices/system/cpu";
        for (cpu, place @ [package, die, core]) in cpus.iter().enumerate() {
            let siblings = cpus.iter().enumerate().filter(|(_, other)| *other == place);
            let siblings: Vec<_> = siblings.map(|(number, _)| number.to_string()).collect();
            for (file, text) in [
                ("physical_package_id", package.to_string()),
                ("die_id", die.to_string()),
                ("core_id", core.to_string()),
                ("thread_siblings_list", siblings.join(",")),
            ] {
                self.write(format!("{base}/cpu{cpu}/topology/{file}"), &text);
            }
        }
        self.write(format!("{base}/online"), &format!("0-{}", cpus.len() - 1));
    }

    fn zone(&mut self, path: &str, zone: &Zone) {
        let dir = zones().join(path);
        self.write(dir.join("name"), &zone.name);
        self.write(dir.join("max_energy_range_uj"), &zone.range.to_string());
        self.write(dir.join("enabled"), "1");
        if let Some(begin) = zone.begin {
            self.write(dir.join("energy_uj"), &begin.to_string());
            let file = self.sysfs().join(dir.join("energy_uj"));
            self.counters.insert(file, (begin, zone.range));
        }
        // The class lists zones of every depth, and the control type, which is none.
        let (control, _) = path.split_once('/').unwrap();
        self.write(zones().join(control).join("enabled"), "1");
        for linked in [control, path] {
            let name = linked.rsplit('/').next().unwrap();
            self.link(format!("class/powercap/{name}"), zones().join(linked));
        }
    }

    fn unit(&self, name: &str, unit: &Unit) {
        let dir = format!("devices/{name}");
        self.write(format!("{dir}/type"), "1"); // PERF_TYPE_SOFTWARE
        self.write(format!("{dir}/cpumask"), &unit.cpumask);
        for (event, watts) in &unit.watts {
            self.write(format!("{dir}/events/{event}"), "event=0x00"); // cpu-clock, in nanoseconds
            self.write(format!("{dir}/events/{event}.scale"), &format!("{:e}", watts * 1e-9));
            self.write(format!("{dir}/events/{event}.unit"), "Joules");
        }
        self.link(format!("bus/event_source/devices/{name}"), dir);
    }

    /// Lists the chip or the supply that a file belongs to in its class.
    fn classify(&self, path: &str) {
        let parts: Vec<&str> = path.split('/').collect();
        for (index, name) in parts.iter().enumerate().skip(1) {
            let chip = name.strip_prefix("hwmon").is_some_and(|rest| rest.parse::<u32>().is_ok());
            let above = parts[index - 1];
            let class = match above {
                "power_supply" => above,
                _ if chip => "hwmon",
                _ => continue,
            };
            let own = parts[..=index].join("/");
            // A chip lies in `hwmon` of its device, or right in it.
            let device = if above == class { index - 1 } else { index };
            self.link(format!("class/{class}/{name}"), &own);
            self.link(format!("{own}/device"), parts[..device].join("/"));
        }
    }
}

fn zones() -> PathBuf {
    "devices/virtual/powercap".into()
}
