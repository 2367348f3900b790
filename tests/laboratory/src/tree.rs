//! A powercap and topology tree on disk, as any tool reads it.
//!
//! Laid out like sysfs: the zones are nested directories below `devices/virtual/powercap`,
//! and `class/powercap` has a link to each, subzones and the control type included. The
//! control type has no counter. Zone N is package N, which real machines do not promise.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use crate::{machine::Shape, meter::RANGE_UJ, trace::Counters};

/// Long-term limit of a package in microwatts; any tool that doubts a counter asks for it.
const LIMIT_UW: u64 = 200_000_000;

/// The tree.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    packages: usize,
}

impl Tree {
    /// Writes a tree into a directory that has none yet.
    pub fn new(root: &Path, shape: Shape, counters: &Counters) -> io::Result<Self> {
        let tree = Self { root: root.into(), packages: shape.packages };
        tree.topology(shape)?;
        let control = tree.control();
        write(&control, "enabled", "1")?;
        tree.link("intel-rapl", "intel-rapl")?;
        for package in 0..shape.packages {
            let (zone, memory) = (tree.zone(package), tree.memory(package));
            let (name, below) =
                (format!("intel-rapl:{package}"), format!("intel-rapl:{package}:0"));
            describe(&zone, &format!("package-{package}"))?;
            write(&zone, "constraint_0_power_limit_uw", &LIMIT_UW.to_string())?;
            describe(&memory, "dram")?;
            tree.link(&name, &format!("intel-rapl/{name}"))?;
            tree.link(&below, &format!("intel-rapl/{name}/{below}"))?;
        }
        tree.set(counters)?;
        Ok(tree)
    }

    /// What stands for `/sys`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Shows other counters; nobody reads half a number.
    pub fn set(&self, counters: &Counters) -> io::Result<()> {
        for package in 0..self.packages {
            replace(&self.zone(package), counters.packages[package])?;
            replace(&self.memory(package), counters.dram[package])?;
        }
        Ok(())
    }

    fn control(&self) -> PathBuf {
        self.root.join("devices/virtual/powercap/intel-rapl")
    }

    fn zone(&self, package: usize) -> PathBuf {
        self.control().join(format!("intel-rapl:{package}"))
    }

    fn memory(&self, package: usize) -> PathBuf {
        self.zone(package).join(format!("intel-rapl:{package}:0"))
    }

    fn link(&self, name: &str, target: &str) -> io::Result<()> {
        let class = self.root.join("class/powercap");
        fs::create_dir_all(&class)?;
        symlink(Path::new("../../devices/virtual/powercap").join(target), class.join(name))
    }

    fn topology(&self, shape: Shape) -> io::Result<()> {
        let cpus = self.root.join("devices/system/cpu");
        let all = format!("0-{}", shape.cpus() - 1);
        for file in ["online", "possible", "present"] {
            write(&cpus, file, &all)?;
        }
        for cpu in 0..shape.cpus() {
            let (dir, core) = (cpus.join(format!("cpu{cpu}/topology")), shape.core(cpu));
            let siblings: Vec<String> = shape.siblings(core).map(|cpu| cpu.to_string()).collect();
            write(&dir, "physical_package_id", &shape.package(cpu).to_string())?;
            write(&dir, "core_id", &(core % shape.cores).to_string())?;
            write(&dir, "die_id", "0")?;
            write(&dir, "thread_siblings_list", &siblings.join(","))?;
        }
        Ok(())
    }
}

/// All that a zone says but its counter.
fn describe(zone: &Path, name: &str) -> io::Result<()> {
    write(zone, "name", name)?;
    write(zone, "enabled", "1")?;
    write(zone, "max_energy_range_uj", &RANGE_UJ.to_string())?;
    write(zone, "constraint_0_name", "long_term")
}

fn write(dir: &Path, file: &str, text: &str) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    fs::write(dir.join(file), format!("{text}\n"))
}

fn replace(zone: &Path, microjoules: u64) -> io::Result<()> {
    let next = zone.join(".next");
    fs::write(&next, format!("{microjoules}\n"))?;
    fs::rename(next, zone.join("energy_uj"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(packages: &[u64], dram: &[u64]) -> Counters {
        Counters { packages: packages.into(), dram: dram.into() }
    }

    #[test]
    fn it_reads_like_sysfs() {
        let dir = tempfile::tempdir().unwrap();
        let shape = Shape { packages: 2, cores: 2, threads: 2 };
        let tree = Tree::new(dir.path(), shape, &counters(&[1, 2], &[3, 4])).unwrap();
        let read = |file: &str| fs::read_to_string(tree.root().join(file)).unwrap();
        assert_eq!(read("class/powercap/intel-rapl:1/name"), "package-1\n");
        assert_eq!(read("class/powercap/intel-rapl:1/energy_uj"), "2\n");
        assert_eq!(read("class/powercap/intel-rapl:1/intel-rapl:1:0/energy_uj"), "4\n");
        assert_eq!(read("class/powercap/intel-rapl:0:0/name"), "dram\n");
        assert!(!tree.root().join("class/powercap/intel-rapl/energy_uj").exists());
        assert_eq!(read("devices/system/cpu/cpu7/topology/physical_package_id"), "1\n");
        assert_eq!(read("devices/system/cpu/cpu7/topology/core_id"), "1\n");
        assert_eq!(read("devices/system/cpu/cpu7/topology/thread_siblings_list"), "3,7\n");
        assert_eq!(read("devices/system/cpu/online"), "0-7\n");
        tree.set(&counters(&[10, RANGE_UJ], &[0, 0])).unwrap();
        assert_eq!(read("class/powercap/intel-rapl:1/energy_uj"), format!("{RANGE_UJ}\n"));
    }
}
