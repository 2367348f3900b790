//! Where the joules are read.
//!
//! A meter that cannot be read is absent, with the reason and the remedy; it is
//! never zero watts. A machine without any readable meter gets an estimate that
//! is marked as one everywhere.

pub mod battery;
pub mod cpu_model;
pub mod gauge;
pub mod hwmon;
pub mod instrument;
pub mod integrate;
pub mod ipmi;
pub mod poller;
pub mod powercap;
pub mod redfish;

use std::{path::Path, sync::Arc};

use crate::{
    sample::{Domain, Meter, MeterReading, Reading, Role},
    topology::Topology,
};

/// All meters of a machine.
pub struct Meters {
    powercap: powercap::Powercap,
    /// Stands in where nothing could be read at the start.
    estimates: Vec<MeterReading>,
}

impl Meters {
    /// Finds the meters; where none can be read, the model takes over.
    pub fn open(sysfs: &Path, topology: &Topology, model: &cpu_model::Estimate) -> Self {
        let mut powercap = powercap::Powercap::open(sysfs);
        let measured = measured(&powercap.read(topology));
        let estimates = if measured { Vec::new() } else { estimates(topology, model) };
        Self { powercap, estimates }
    }

    /// Every meter now, readable or not.
    pub fn read(&mut self, topology: &Topology) -> Vec<MeterReading> {
        let mut readings = self.powercap.read(topology);
        if measured(&readings) {
            // A meter has come: the stand-in would count the same energy again.
            self.estimates.clear();
        }
        readings.extend(self.estimates.iter().cloned());
        readings
    }

    /// Power is modelled, not measured.
    pub fn estimated(&self) -> bool {
        !self.estimates.is_empty()
    }
}

/// A package is measured.
fn measured(readings: &[MeterReading]) -> bool {
    readings.iter().any(|reading| {
        reading.meter.domain == Domain::Package
            && matches!(reading.reading, Reading::Counter { .. })
    })
}

/// One modelled meter for each package.
fn estimates(topology: &Topology, model: &cpu_model::Estimate) -> Vec<MeterReading> {
    let packages = topology.packages().iter();
    packages
        .map(|package| MeterReading {
            meter: Arc::new(Meter {
                id: format!("model-{}", package.id),
                domain: Domain::Package,
                source: "model".into(),
                cells: topology.cells_at(instrument::Place::package(package.id)),
                role: Role::Part,
                includes: "a guess at the package, from its kind and load".into(),
            }),
            reading: Reading::Model(model.power(package.cpus.len())),
        })
        .collect()
}
