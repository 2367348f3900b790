//! The part of the machine that the arithmetic needs: packages, and cells of CPUs.

use serde::{Deserialize, Serialize};

/// A package and its CPUs that are online.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// The kernel's `physical_package_id`.
    pub id: u32,
    /// The CPUs' numbers.
    pub cpus: Vec<u32>,
}

/// CPUs whose time is kept together, as one meter feeds them or they have one clock: a die of
/// a package, or a core where cores are metered or have clocks of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Index into [`Machine::packages`].
    pub package: usize,
    /// The CPUs' numbers.
    pub cpus: Vec<u32>,
}

/// The part of the machine that the arithmetic needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name on the network.
    pub host: String,
    /// Packages in order of their id.
    pub packages: Vec<Package>,
    /// Cells in order of their package.
    pub cells: Vec<Cell>,
}

impl Machine {
    /// A machine each of whose packages is one cell.
    pub fn of_packages(host: String, packages: Vec<Package>) -> Self {
        let cells = packages.iter().enumerate();
        let cells = cells.map(|(package, all)| Cell { package, cpus: all.cpus.clone() }).collect();
        Self { host, packages, cells }
    }

    /// CPUs online in all packages.
    pub fn cpus(&self) -> usize {
        self.packages.iter().map(|package| package.cpus.len()).sum()
    }

    /// The cells of a package.
    pub fn cells_of(&self, package: usize) -> Vec<usize> {
        let all = self.cells.iter().enumerate();
        all.filter(|(_, cell)| cell.package == package).map(|(index, _)| index).collect()
    }
}
