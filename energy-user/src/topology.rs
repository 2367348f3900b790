//! Which CPU is in which package: a package's energy is paid by who ran on it.
//!
//! From `devices/system/cpu` under the sysfs root. Where that is not to be had, all
//! CPUs count as one package, and every meter as feeding it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{files, sample::Package};

/// The packages of a machine and their CPUs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// By id, with the CPUs that are online.
    packages: Vec<Package>,
    /// Package of each CPU, by its number.
    of_cpu: Vec<usize>,
    /// False if sysfs did not tell.
    known: bool,
}

impl Topology {
    /// Reads a sysfs tree; `cpus` is how many CPUs there are if it does not say.
    pub fn read(sysfs: &Path, cpus: usize) -> Self {
        let base = cpu_dir(sysfs);
        let online = online(sysfs);
        let online = online.as_deref().and_then(parse_list);
        let cpus: Vec<u32> = online.unwrap_or_else(|| (0..cpus.max(1) as u32).collect());
        let mut packages: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut known = true;
        for &cpu in &cpus {
            let path = base.join(format!("cpu{cpu}/topology/physical_package_id"));
            let id = files::read(&path).ok().and_then(|text| text.trim().parse().ok());
            // Some ARM boards say -1 for a single package.
            known &= id.is_some();
            packages.entry(id.unwrap_or(0)).or_default().push(cpu);
        }
        Self::new(packages.into_iter().map(|(id, cpus)| Package { id, cpus }).collect(), known)
    }

    /// From packages that are known, or stand in for what is not.
    fn new(packages: Vec<Package>, known: bool) -> Self {
        let highest = packages.iter().flat_map(|package| &package.cpus).max();
        let mut of_cpu = vec![0; highest.map_or(0, |&cpu| cpu as usize + 1)];
        for (index, package) in packages.iter().enumerate() {
            for &cpu in &package.cpus {
                of_cpu[cpu as usize] = index;
            }
        }
        Self { packages, of_cpu, known }
    }

    /// The packages, by id.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// Index of the package of a CPU; the first one for a CPU that came online since.
    pub fn package_of(&self, cpu: u32) -> usize {
        self.of_cpu.get(cpu as usize).copied().unwrap_or(0)
    }

    /// Index of the package that a meter's number names; none if this machine has no such one.
    pub fn package_index(&self, id: u32) -> Option<usize> {
        if !self.known {
            return Some(0);
        }
        self.packages.iter().position(|package| package.id == id)
    }
}

fn cpu_dir(sysfs: &Path) -> PathBuf {
    sysfs.join("devices/system/cpu")
}

/// The kernel's list of online CPUs, to tell whether a topology is still true.
pub fn online(sysfs: &Path) -> Option<String> {
    files::read(&cpu_dir(sysfs).join("online")).ok()
}

/// A kernel CPU list such as `0-3,8`. None if it is not one.
fn parse_list(text: &str) -> Option<Vec<u32>> {
    const MOST: u32 = 1 << 16;
    let mut cpus = Vec::new();
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last >= MOST {
            return None;
        }
        cpus.extend(first..=last);
    }
    (!cpus.is_empty()).then_some(cpus)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(online: &str, packages: &[(u32, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let base = cpu_dir(root.path());
        fs::create_dir_all(&base).unwrap();
        fs::write(base.join("online"), online).unwrap();
        for (cpu, package) in packages {
            let dir = base.join(format!("cpu{cpu}/topology"));
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("physical_package_id"), package).unwrap();
        }
        root
    }

    #[test]
    fn two_packages_and_an_offline_cpu() {
        let root = tree("0-1,3\n", &[(0, "0\n"), (1, "1\n"), (2, "0\n"), (3, "1\n")]);
        let topology = Topology::read(root.path(), 1);
        assert_eq!(topology.packages().len(), 2);
        assert_eq!(topology.packages()[1], Package { id: 1, cpus: vec![1, 3] });
        assert_eq!(topology.package_of(3), 1);
        assert_eq!(topology.package_index(1), Some(1));
        assert_eq!(topology.package_index(7), None);
    }

    #[test]
    fn without_sysfs_all_cpus_are_one_package_that_every_meter_feeds() {
        let root = tempfile::tempdir().unwrap();
        let topology = Topology::read(root.path(), 4);
        assert_eq!(topology.packages(), [Package { id: 0, cpus: vec![0, 1, 2, 3] }]);
        assert_eq!(topology.package_index(1), Some(0));
    }

    #[test]
    fn lists_of_the_kernel_and_nonsense() {
        assert_eq!(parse_list("0-2,5\n"), Some(vec![0, 1, 2, 5]));
        for bad in ["", "a", "3-1", "0-4294967295", "1,,2"] {
            assert_eq!(parse_list(bad), None, "{bad}");
        }
    }
}
