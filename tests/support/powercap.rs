//! A powercap tree with a topology, whose counters a test moves.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// What Intel packages have: 2^32 - 1 units of 2^-14 J.
pub const RANGE: u64 = 262_143_328_850;

/// A sysfs root.
pub struct Tree {
    root: TempDir,
    /// Counter by zone directory.
    counters: BTreeMap<String, u64>,
}

impl Tree {
    /// A machine whose CPU n is in package `packages[n]`, without any zone.
    pub fn new(packages: &[u32]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let cpus = root.path().join("devices/system/cpu");
        for (cpu, package) in packages.iter().enumerate() {
            let dir = cpus.join(format!("cpu{cpu}/topology"));
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("physical_package_id"), format!("{package}\n")).unwrap();
        }
        fs::write(cpus.join("online"), format!("0-{}\n", packages.len() - 1)).unwrap();
        fs::create_dir_all(root.path().join("class/powercap")).unwrap();
        Self { root, counters: BTreeMap::new() }
    }

    /// Two packages with dram, each with its MMIO twin; package 1 is about to wrap.
    pub fn two_packages() -> Self {
        let mut tree = Self::new(&[0, 1]);
        tree.zone("intel-rapl:0", "package-0", 1_000_000);
        tree.zone("intel-rapl:0:0", "dram", 5_000_000);
        tree.zone("intel-rapl:1", "package-1", RANGE - 3_000_000);
        tree.zone("intel-rapl:1:0", "dram", 0);
        tree.zone("intel-rapl-mmio:0", "package-0", 1_000_000);
        tree.zone("intel-rapl:2", "psys", 77);
        tree
    }

    /// For `--sysfs-root`.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The same, as an argument.
    pub fn path(&self) -> &str {
        self.root().to_str().unwrap()
    }

    /// Directory of a zone.
    pub fn dir(&self, zone: &str) -> PathBuf {
        self.root.path().join("class/powercap").join(zone)
    }

    /// Adds a zone with its counter.
    pub fn zone(&mut self, zone: &str, name: &str, microjoules: u64) {
        let dir = self.dir(zone);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("name"), format!("{name}\n")).unwrap();
        fs::write(dir.join("max_energy_range_uj"), format!("{RANGE}\n")).unwrap();
        fs::write(dir.join("energy_uj"), format!("{microjoules}\n")).unwrap();
        self.counters.insert(zone.into(), microjoules);
    }

    /// Advances a counter, past its range if need be; readers never see half a number.
    pub fn advance(&mut self, zone: &str, microjoules: u64) {
        let counter = self.counters.get_mut(zone).unwrap();
        *counter += microjoules;
        if *counter > RANGE {
            *counter -= RANGE;
        }
        let text = format!("{counter}\n");
        let dir = self.dir(zone);
        fs::write(dir.join("next"), text).unwrap();
        fs::rename(dir.join("next"), dir.join("energy_uj")).unwrap();
    }
}
