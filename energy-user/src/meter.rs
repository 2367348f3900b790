//! Where the joules are read.
//!
//! ```text
//! rapl, hwmon, battery, ipmi, redfish -> instruments -> plan -> readings
//!                 (each what it finds)    (facts)       (pure)
//! ```
//!
//! A meter that cannot be read is absent, with the reason and the remedy; it is
//! never zero watts. A machine without any readable meter gets an estimate that
//! is marked as one everywhere.

pub mod battery;
pub mod gauge;
pub mod hwmon;
pub mod instrument;
pub mod integrate;
pub mod ipmi;
pub mod model;
pub mod plan;
pub mod poller;
pub mod rapl;
pub mod redfish;

use std::{path::PathBuf, sync::Arc, time::Duration};

use instrument::{Facts, Instrument, Place};
use plan::{Offer, Verdict, Whole};

use crate::{
    sample::{Domain, Meter, MeterReading, Reading, Role},
    topology::Topology,
};

/// How often to look for instruments while only what is no part is absent.
const SELDOM: Duration = Duration::from_secs(10);
/// And while a part is.
const OFTEN: Duration = Duration::from_millis(900);

/// Where to look for meters, and what is known of the machine.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Usually `/sys`.
    pub sysfs: PathBuf,
    /// Usually `/dev`.
    pub dev: PathBuf,
    /// The CPU, where it says what it is.
    pub cpu: Option<model::CpuIdent>,
    /// What power is where there is no meter.
    pub estimate: model::Estimate,
    /// Which meter of the whole machine counts.
    pub whole: Whole,
    /// A management controller on the network, if one was named.
    pub redfish: Option<redfish::Redfish>,
}

/// All meters of a machine.
pub struct Meters {
    scope: Scope,
    used: Vec<Used>,
    left: Vec<(Facts, String)>,
    /// When instruments were last looked for.
    scanned: Duration,
    /// Stands in where nothing could be read at the start.
    estimate: Option<model::Estimate>,
}

/// An instrument at work.
struct Used {
    instrument: Box<dyn Instrument>,
    role: Role,
    place: Place,
    /// As it was last told, while the cells that it feeds are the same.
    meter: Option<Arc<Meter>>,
    /// What it said for this sample: a gap is told once, and must not be asked away.
    told: Option<Reading>,
}

impl Meters {
    /// Finds the meters; where none can be read, the model takes over.
    pub fn open(scope: Scope, topology: &Topology, at: Duration) -> Self {
        let estimate = scope.estimate.clone();
        let polled = polled(&scope);
        let (used, left) = (Vec::new(), Vec::new());
        let mut meters = Self { scope, used, left, scanned: at, estimate: None };
        meters.scan(polled, topology, at);
        if !measured(&meters.read_all(topology, at)) {
            meters.estimate = Some(estimate);
        }
        meters
    }

    /// Looks for instruments and decides anew; what was used and has gone stays, as absent.
    /// `polled` are those that are asked in the background, and found once.
    fn scan(&mut self, polled: Vec<Box<dyn Instrument>>, topology: &Topology, at: Duration) {
        self.scanned = at;
        let mut known = std::mem::take(&mut self.used);
        let mut found = self.find(topology);
        found.extend(polled);
        let mut told = Vec::with_capacity(found.len());
        for instrument in &mut found {
            // One that goes on has its count, or the integral of its power.
            let same = known.iter().position(|used| used.instrument.facts() == instrument.facts());
            let mut before = None;
            if let Some(index) = same {
                let used = known.swap_remove(index);
                *instrument = used.instrument;
                before = used.told;
            }
            told.push(before.unwrap_or_else(|| instrument.read(at)));
        }
        let in_background = |used: &mut Used| used.instrument.facts().route.is_polled();
        for mut used in known.extract_if(.., in_background) {
            told.push(used.told.take().unwrap_or_else(|| used.instrument.read(at)));
            found.push(used.instrument);
        }
        let both = found.iter().zip(&told);
        let offers: Vec<Offer> = both
            .map(|(instrument, told)| Offer {
                facts: instrument.facts().clone(),
                readable: !matches!(told, Reading::Absent(_)),
            })
            .collect();
        let vendor = self.scope.cpu.as_ref().map_or("", |cpu| &cpu.vendor);
        let verdicts = plan::plan(&offers, vendor, self.scope.whole);
        self.left.clear();
        for ((instrument, verdict), told) in found.into_iter().zip(verdicts).zip(told) {
            match verdict {
                Verdict::Use(role, place) => {
                    let told = Some(told);
                    self.used.push(Used { instrument, role, place, meter: None, told });
                }
                Verdict::Leave(why) => self.left.push((instrument.facts().clone(), why)),
            }
        }
        for used in known {
            let id = &used.instrument.facts().id;
            if !self.used.iter().any(|other| other.instrument.facts().id == *id) {
                self.used.push(used);
            }
        }
        self.used.sort_by_key(|used| {
            let facts = used.instrument.facts();
            (facts.domain, facts.id.clone(), facts.route)
        });
    }

    fn find(&self, topology: &Topology) -> Vec<Box<dyn Instrument>> {
        let Scope { sysfs, dev, cpu, .. } = &self.scope;
        let mut found = rapl::perf::find(sysfs, topology);
        found.extend(rapl::powercap::find(sysfs, topology));
        found.extend(hwmon::find(sysfs));
        found.extend(battery::find(sysfs));
        let registers =
            cpu.as_ref().and_then(|cpu| rapl::msr::Cpu::of(&cpu.vendor, cpu.family, cpu.model));
        if let Some(cpu) = registers {
            found.extend(rapl::msr::find(dev, cpu, topology));
        }
        found
    }

    /// Every meter now, readable or not.
    pub fn read(&mut self, topology: &Topology, at: Duration) -> Vec<MeterReading> {
        self.used.iter_mut().for_each(|used| used.told = None);
        let mut readings = self.read_all(topology, at);
        let absent = |reading: &MeterReading| matches!(reading.reading, Reading::Absent(_));
        let part = |reading: &&MeterReading| reading.meter.role == Role::Part;
        let counted = || readings.iter().filter(part);
        // What is no part may come back a little later, and nobody looks for what is missing at
        // each of many samples a second.
        let since = at.saturating_sub(self.scanned);
        let due = since >= SELDOM && readings.iter().any(absent);
        if due || (since >= OFTEN && (counted().next().is_none() || counted().any(absent))) {
            self.scan(Vec::new(), topology, at);
            readings = self.read_all(topology, at);
        }
        if measured(&readings) {
            // A meter has come: the stand-in would count the same energy again.
            self.estimate = None;
        }
        if let Some(estimate) = &self.estimate {
            readings.extend(estimates(topology, estimate));
        }
        readings
    }

    fn read_all(&mut self, topology: &Topology, at: Duration) -> Vec<MeterReading> {
        self.used.iter_mut().map(|used| used.read(topology, at)).collect()
    }

    /// Looks between two samples, where energy is the integral of a power.
    pub fn poll(&mut self, at: Duration) {
        self.used.iter_mut().for_each(|used| used.instrument.poll(at));
    }

    /// Something that was asked has not answered yet.
    pub fn is_waiting(&self) -> bool {
        self.used.iter().any(|used| used.instrument.is_waiting())
    }

    /// Power is modelled, not measured.
    pub fn estimated(&self) -> bool {
        self.estimate.is_some()
    }

    /// Cores are metered: their time has to be told apart.
    pub fn by_core(&self) -> bool {
        self.used.iter().any(|used| used.role == Role::Inside)
    }

    /// What is used: what each says of itself, and what for.
    pub fn in_use(&self) -> impl Iterator<Item = (&Facts, Role)> {
        self.used.iter().map(|used| (used.instrument.facts(), used.role))
    }

    /// What was found and is not used, and why.
    pub fn left_out(&self) -> &[(Facts, String)] {
        &self.left
    }

    /// The routes of what counts, in a few words each: `RAPL, perf`.
    pub fn routes(&self) -> Vec<&'static str> {
        let counted = self.used.iter().filter(|used| used.role != Role::Check);
        let mut routes: Vec<_> = counted.map(|used| used.instrument.facts().route).collect();
        routes.sort();
        routes.dedup();
        routes.into_iter().map(instrument::Route::title).collect()
    }
}

impl Used {
    fn read(&mut self, topology: &Topology, at: Duration) -> MeterReading {
        let cells = topology.cells_at(self.place);
        let meter = self.meter.take().filter(|meter| meter.cells == cells);
        let meter = meter.unwrap_or_else(|| {
            let facts = self.instrument.facts();
            Arc::new(Meter {
                id: facts.id.clone(),
                domain: facts.domain,
                source: facts.route.as_str().into(),
                cells,
                role: self.role,
                includes: facts.includes.into(),
            })
        });
        self.meter = Some(Arc::clone(&meter));
        let reading = self.told.get_or_insert_with(|| self.instrument.read(at)).clone();
        MeterReading { meter, reading }
    }
}

/// What is asked in the background, as it takes its time to answer.
fn polled(scope: &Scope) -> Vec<Box<dyn Instrument>> {
    let mut polled = ipmi::find(&scope.dev);
    polled.extend(scope.redfish.clone().into_iter().flat_map(redfish::find));
    polled
}

/// A package is measured.
fn measured(readings: &[MeterReading]) -> bool {
    readings.iter().any(|reading| {
        reading.meter.domain == Domain::Package
            && matches!(reading.reading, Reading::Counter { .. })
    })
}

/// One modelled meter for each package.
fn estimates(topology: &Topology, model: &model::Estimate) -> Vec<MeterReading> {
    let packages = topology.packages().iter();
    packages
        .map(|package| MeterReading {
            meter: Arc::new(Meter {
                id: format!("model-{}", package.id),
                domain: Domain::Package,
                source: "model".into(),
                cells: topology.cells_at(Place::package(package.id)),
                role: Role::Part,
                includes: model.includes().into(),
            }),
            reading: Reading::Model(model.power(package.cpus.len())),
        })
        .collect()
}

#[cfg(test)]
mod tests;
