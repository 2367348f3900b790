//! Which CPU is in which package: a package's energy is paid by who ran on it.
//!
//! Time is kept by cell: CPUs that one meter feeds, or that have one clock. A cell is a die of a
//! package, or a core where cores are told apart. From `devices/system/cpu` under the sysfs
//! root (kernel: `admin-guide/cputopology.rst`). Where that is not to be had, all CPUs count as
//! one package, and every meter as feeding it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{
    files,
    meter::instrument::Place,
    sample::{Cell, Machine, Package},
};

/// How finely CPUs are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grain {
    /// The dies of each package.
    #[default]
    Die,
    /// The cores.
    Core,
}

/// The packages of a machine and their CPUs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// By id, with the CPUs that are online.
    packages: Vec<Package>,
    /// In order of their package.
    cells: Vec<Cell>,
    /// Cell of each CPU, by its number.
    of_cpu: Vec<usize>,
    /// The die of each CPU within its package.
    dies: BTreeMap<u32, u32>,
    /// The other hardware thread of a CPU's core, where there are two.
    siblings: BTreeMap<u32, u32>,
    /// False if sysfs did not tell.
    known: bool,
}

impl Topology {
    /// Reads a sysfs tree; `cpus` is how many CPUs there are if it does not say.
    pub fn read(sysfs: &Path, cpus: usize) -> Self {
        Self::with_grain(sysfs, cpus, Grain::Die)
    }

    /// The same, with CPUs told apart as finely as asked for.
    pub fn with_grain(sysfs: &Path, cpus: usize, grain: Grain) -> Self {
        let base = cpu_dir(sysfs);
        let online = online(sysfs);
        let online = online.as_deref().and_then(parse_list);
        let cpus: Vec<u32> = online.unwrap_or_else(|| (0..cpus.max(1) as u32).collect());
        let mut packages: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut known = true;
        let (mut siblings, mut dies) = (BTreeMap::new(), BTreeMap::new());
        let mut groups: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
        for &cpu in &cpus {
            let number = |file: &str| -> Option<u32> {
                let path = base.join(format!("cpu{cpu}/topology/{file}"));
                files::read(&path).ok().and_then(|text| text.trim().parse().ok())
            };
            let id = number("physical_package_id");
            let die = number("die_id").unwrap_or(0);
            dies.insert(cpu, die);
            // Some ARM boards say -1 for a single package.
            known &= id.is_some();
            packages.entry(id.unwrap_or(0)).or_default().push(cpu);
            let path = base.join(format!("cpu{cpu}/topology/thread_siblings_list"));
            let list = files::read(&path).ok().and_then(|text| parse_list(&text));
            if let Some([first, second]) = list.as_deref()
                && [*first, *second].contains(&cpu)
            {
                siblings.insert(cpu, if cpu == *first { *second } else { *first });
            }
            // A core is known by the first of its CPUs.
            let core = list.and_then(|list| list.first().copied()).unwrap_or(cpu);
            let group = if grain == Grain::Core { core } else { die };
            groups.entry((id.unwrap_or(0), group)).or_default().push(cpu);
        }
        let packages = packages.into_iter().map(|(id, cpus)| Package { id, cpus }).collect();
        Self { dies, siblings, ..Self::new(packages, groups, known) }
    }

    /// From packages that are known, or stand in for what is not, and the groups of CPUs in them.
    fn new(packages: Vec<Package>, groups: BTreeMap<(u32, u32), Vec<u32>>, known: bool) -> Self {
        let highest = packages.iter().flat_map(|package| &package.cpus).max();
        let mut of_cpu = vec![0; highest.map_or(0, |&cpu| cpu as usize + 1)];
        let mut cells = Vec::with_capacity(groups.len());
        for ((id, _), cpus) in groups {
            let package = packages.iter().position(|package| package.id == id).unwrap_or(0);
            for &cpu in &cpus {
                of_cpu[cpu as usize] = cells.len();
            }
            cells.push(Cell { package, cpus });
        }
        Self { packages, cells, of_cpu, known, ..Self::default() }
    }

    /// As the arithmetic needs it.
    pub fn machine(&self, host: String) -> Machine {
        Machine { host, packages: self.packages.clone(), cells: self.cells.clone() }
    }

    /// The packages, by id.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The cells, in order of their package.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Index of the cell of a CPU; the first one for a CPU that came online since.
    pub fn cell_of(&self, cpu: u32) -> usize {
        self.of_cpu.get(cpu as usize).copied().unwrap_or(0)
    }

    /// The number of a CPU's package, and of its die.
    pub fn package_of(&self, cpu: u32) -> Option<(u32, u32)> {
        let package = self.packages.iter().find(|package| package.cpus.contains(&cpu))?;
        Some((package.id, self.dies.get(&cpu).copied().unwrap_or(0)))
    }

    /// Every CPU that is online.
    pub fn cpus(&self) -> Vec<u32> {
        self.packages.iter().flat_map(|package| &package.cpus).copied().collect()
    }

    /// The other hardware thread of a CPU's core; none if there is none, or more than one.
    pub fn sibling_of(&self, cpu: u32) -> Option<u32> {
        self.siblings.get(&cpu).copied()
    }

    /// A CPU is the first hardware thread of its core, as far as that is known.
    pub fn is_first_of_core(&self, cpu: u32) -> bool {
        self.sibling_of(cpu).is_none_or(|other| cpu < other)
    }

    /// The cells that a meter of a place feeds; none if this machine has no such place.
    pub fn cells_at(&self, place: Place) -> Vec<usize> {
        let all = self.cells.iter().enumerate();
        let within = |cell: &Cell| {
            let package = &self.packages[cell.package];
            // A machine that does not say which package is which has only one.
            let package = !self.known || place.package.is_none_or(|id| id == package.id);
            let die = |cpu: &u32| self.dies.get(cpu).copied();
            let die = place.die.is_none_or(|id| cell.cpus.iter().any(|cpu| die(cpu) == Some(id)));
            package && die && place.cpu.is_none_or(|cpu| cell.cpus.contains(&cpu))
        };
        all.filter(|(_, cell)| within(cell)).map(|(index, _)| index).collect()
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
pub fn parse_list(text: &str) -> Option<Vec<u32>> {
    const MOST: u32 = 1 << 16;
    const PARTS: usize = 4096;
    let mut cpus = BTreeSet::new();
    for part in text.trim().split(',').take(PARTS) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last >= MOST || cpus.len() > MOST as usize / 2 {
            return None;
        }
        cpus.extend(first..=last);
    }
    let cpus: Vec<u32> = cpus.into_iter().collect();
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
        assert_eq!(topology.cell_of(3), 1);
        assert_eq!(topology.package_of(3), Some((1, 0)));
        assert_eq!(topology.cells_at(Place::package(1)), [1]);
        assert_eq!(topology.cells_at(Place::default()), [0, 1]);
        assert!(topology.cells_at(Place::package(7)).is_empty());
    }

    #[test]
    fn two_threads_of_a_core_are_each_others() {
        let root = tree("0-3", &[(0, "0"), (1, "0"), (2, "0"), (3, "0")]);
        let write = |cpu: u32, list: &str| {
            let dir = cpu_dir(root.path()).join(format!("cpu{cpu}/topology"));
            fs::write(dir.join("thread_siblings_list"), list).unwrap();
        };
        write(0, "0,2\n");
        write(1, "1\n");
        write(2, "0,2\n");
        write(3, "garbage");
        let topology = Topology::read(root.path(), 1);
        let siblings: Vec<_> =
            topology.cpus().iter().map(|&cpu| topology.sibling_of(cpu)).collect();
        assert_eq!(siblings, [Some(2), None, Some(0), None]);
        let fine = Topology::with_grain(root.path(), 1, Grain::Core);
        let cores: Vec<_> = fine.cells().iter().map(|cell| cell.cpus.clone()).collect();
        assert_eq!(cores, [vec![0, 2], vec![1], vec![3]]);
        assert_eq!(fine.cells_at(Place { cpu: Some(2), ..Place::package(0) }), [0]);
        assert_eq!(topology.cells_at(Place { cpu: Some(2), ..Place::package(0) }), [0]);
    }

    #[test]
    fn dies_of_a_package_are_cells_of_their_own() {
        let root = tree("0-3", &[(0, "0"), (1, "0"), (2, "0"), (3, "0")]);
        for cpu in 0..4 {
            let path = cpu_dir(root.path()).join(format!("cpu{cpu}/topology/die_id"));
            fs::write(path, format!("{}\n", cpu / 2)).unwrap();
        }
        let topology = Topology::read(root.path(), 1);
        assert_eq!(topology.packages().len(), 1);
        assert_eq!(topology.cells()[1], Cell { package: 0, cpus: vec![2, 3] });
        let die = |die| topology.cells_at(Place { die: Some(die), ..Place::package(0) });
        assert_eq!((die(0), die(1), die(2)), (vec![0], vec![1], vec![]));
        assert_eq!(topology.cells_at(Place::package(0)), [0, 1]);
    }

    #[test]
    fn without_sysfs_all_cpus_are_one_package_that_every_meter_feeds() {
        let root = tempfile::tempdir().unwrap();
        let topology = Topology::read(root.path(), 4);
        assert_eq!(topology.packages(), [Package { id: 0, cpus: vec![0, 1, 2, 3] }]);
        assert_eq!(topology.cells_at(Place::package(1)), [0]);
    }

    #[test]
    fn lists_of_the_kernel_and_nonsense() {
        assert_eq!(parse_list("0-2,5\n"), Some(vec![0, 1, 2, 5]));
        assert_eq!(parse_list("1,0,1,0-1"), Some(vec![0, 1]));
        assert_eq!(parse_list(&vec!["0-65535"; 3000].join(",")), None);
        for bad in ["", "a", "3-1", "0-4294967295", "1,,2"] {
            assert_eq!(parse_list(bad), None, "{bad}");
        }
    }
}
