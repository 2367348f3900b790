//! The meters of an interval become pools of energy, each fed by known CPUs, none counted twice.
//!
//! Parts of the machine are pools as they are. A meter of the whole machine becomes the rest:
//! what the parts leave of it. Meters inside a package (one for each core) divide its pool.

use std::time::Duration;

use super::{Method, gpu::GpuUse};
use crate::{
    counter,
    frame::{Basis, CheckFrame, Energy, MeterFrame, PoolFrame, Quality, Signal},
    sample::{Domain, Meter, MeterReading, Reading, Role, Sample},
    units::{Microjoules, Watts},
};

/// The machine slept if boot time outran monotonic time by more than this.
const SLEPT: Duration = Duration::from_secs(1);

/// Who used how much of the CPUs, by cell.
pub struct Use {
    /// Nanoseconds that each cell's CPUs had.
    pub capacity: Vec<u64>,
    /// Nanoseconds that somebody used.
    pub busy: Vec<u64>,
    /// Who used each GPU.
    pub gpus: Vec<GpuUse>,
}

impl Use {
    /// What cells had to give, and what was used of it, nanoseconds.
    pub fn of(&self, cells: &[usize]) -> (u64, u64) {
        let sum = |of: &[u64]| cells.iter().filter_map(|&cell| of.get(cell)).sum();
        (sum(&self.busy), sum(&self.capacity))
    }

    /// Who used a meter's GPU.
    fn gpu(&self, meter: &Meter) -> Option<&GpuUse> {
        let named = self.gpus.iter().find(|gpu| gpu.id == meter.id);
        named.filter(|_| meter.domain == Domain::Gpu)
    }

    /// The part of the cells' capacity that somebody used, 0 to 1.
    fn load(&self, cells: &[usize]) -> f64 {
        let (busy, capacity) = self.of(cells);
        if capacity == 0 { 0.0 } else { (busy as f64 / capacity as f64).min(1.0) }
    }

    /// The part of an energy that matches the capacity nobody used.
    fn unused(&self, cells: &[usize], energy: Microjoules) -> Microjoules {
        let (busy, capacity) = self.of(cells);
        if capacity == 0 {
            return Microjoules::ZERO;
        }
        let unused = capacity.saturating_sub(busy);
        let part = u128::from(energy.0) * u128::from(unused) / u128::from(capacity);
        Microjoules(part as u64)
    }
}

/// The pools of an interval, and what there is to tell of each meter.
#[derive(Default)]
pub struct Pools {
    /// Not yet divided: nobody weighs anything in them.
    pub all: Vec<PoolFrame>,
    pub meters: Vec<MeterFrame>,
    pub checks: Vec<CheckFrame>,
    pub total: Energy,
    pub quality: Option<Quality>,
    /// What the parts had that the whole did not show yet.
    pub owed: Microjoules,
}

/// What a meter gave over the interval.
#[derive(Clone, Copy)]
struct Advance {
    energy: Microjoules,
    quality: Quality,
    range: Option<(Microjoules, Microjoules)>,
    /// Static by construction, if it is a model.
    idle: Option<Watts>,
}

impl Pools {
    /// The pools between two samples.
    pub fn of(
        prev: &Sample,
        next: &Sample,
        interval: Duration,
        used: &Use,
        method: &Method,
    ) -> Self {
        let mut advances: Vec<(&MeterReading, Result<Advance, String>)> = next
            .meters
            .iter()
            .map(|reading| (reading, advance(prev, next, reading, interval, used)))
            .collect();
        // The order of the input must not matter.
        advances.sort_by_key(|(reading, _)| {
            let stand_in = matches!(reading.reading, Reading::Model(_));
            (reading.meter.domain, stand_in, reading.meter.id.clone())
        });
        let whole = advances.iter().position(|(reading, _)| reading.meter.role == Role::Whole);
        if let Some(Ok(whole)) = whole.map(|index| advances[index].1.clone()) {
            fit(&mut advances, whole.energy);
        }
        let mut pools = Self::default();
        for (reading, advance) in &advances {
            match reading.meter.role {
                Role::Part => pools.add_part(&reading.meter, advance, interval, used, method),
                Role::Whole | Role::Check => pools.add_check(&reading.meter, advance),
                Role::Inside => {}
            }
        }
        pools.divide(&advances, used);
        if let Some((reading, advance)) = whole.map(|index| &advances[index]) {
            pools.add_rest(&reading.meter, advance, gap(&advances), interval, used, method);
        }
        pools
    }

    fn add_part(
        &mut self,
        meter: &Meter,
        advance: &Result<Advance, String>,
        interval: Duration,
        used: &Use,
        method: &Method,
    ) {
        self.add_meter(meter.id.clone(), meter.domain, meter.source.clone(), advance);
        let Ok(advance) = advance else { return };
        let floor = method.floors.get(&meter.id);
        let (floor, basis) = match (advance.idle, floor) {
            (Some(idle), _) => (Some(idle), Basis::Model),
            (None, Some(floor)) => (Some(floor.watts), floor.basis),
            (None, None) if meter.cells.is_empty() => (None, Basis::Unknown),
            (None, None) => (None, Basis::Capacity),
        };
        let gpu = used.gpu(meter);
        let fixed = match floor {
            // What a GPU draws that nobody is on does not depend on anybody.
            _ if gpu.is_some_and(|gpu| gpu.tenancy.free) => advance.energy,
            Some(watts) => watts.during(interval).min(advance.energy),
            None => used.unused(&meter.cells, advance.energy),
        };
        let bare = match gpu {
            Some(gpu) => PoolFrame {
                signal: gpu.signal,
                busy_ns: gpu.busy_ns,
                capacity_ns: interval.as_nanos() as u64,
                tenancy: Some(gpu.tenancy),
                ..undivided(used, &[])
            },
            None => undivided(used, &meter.cells),
        };
        self.all.push(PoolFrame {
            id: meter.id.clone(),
            domain: meter.domain,
            source: meter.source.clone(),
            quality: advance.quality,
            energy: advance.energy,
            floor,
            basis,
            fixed,
            ..bare
        });
    }

    fn add_meter(
        &mut self,
        id: String,
        domain: Domain,
        source: String,
        advance: &Result<Advance, String>,
    ) {
        let (quality, energy, range, note) = match advance {
            Ok(advance) => (advance.quality, Some(advance.energy), advance.range, None),
            Err(why) => (Quality::Absent, None, None, Some(why.clone())),
        };
        if let Some(energy) = energy {
            self.total.add(domain, energy);
            self.quality = self.quality.max(Some(quality));
        }
        self.meters.push(MeterFrame { id, domain, source, quality, energy, range, note });
    }

    fn add_check(&mut self, meter: &Meter, advance: &Result<Advance, String>) {
        self.checks.push(CheckFrame {
            id: meter.id.clone(),
            domain: meter.domain,
            source: meter.source.clone(),
            includes: meter.includes.clone(),
            energy: advance.as_ref().ok().map(|advance| advance.energy),
            note: advance.as_ref().err().cloned(),
        });
    }

    /// What the parts leave of the whole. A whole that is slower than its parts shows too little
    /// while they draw much: what it lacked is owed, and taken off when it comes after.
    fn add_rest(
        &mut self,
        whole: &Meter,
        advance: &Result<Advance, String>,
        gap: Option<&str>,
        interval: Duration,
        used: &Use,
        method: &Method,
    ) {
        let parts = self.total.total().unwrap_or_default() + method.owed;
        let advance = match (advance, gap) {
            (Ok(_), Some(part)) => {
                Err(format!("{part} has no reading, so nobody knows what it leaves of the whole"))
            }
            _ => advance.clone(),
        };
        let rest = advance.map(|advance| {
            self.owed = parts - advance.energy;
            // A difference is no better than its worst term.
            let quality = self.quality.unwrap_or(Quality::Measured).max(advance.quality);
            Advance { energy: advance.energy - parts, quality, ..advance }
        });
        let source = format!("{} ({}) without the parts", whole.id, whole.source);
        self.add_meter("rest".into(), Domain::Rest, source.clone(), &rest);
        let Ok(rest) = rest else { return };
        let floor = method.floors.get("rest");
        let fixed = floor.map_or(Microjoules::ZERO, |floor| floor.watts.during(interval));
        self.all.push(PoolFrame {
            id: "rest".into(),
            domain: Domain::Rest,
            source,
            quality: rest.quality,
            energy: rest.energy,
            floor: floor.map(|floor| floor.watts),
            basis: floor.map_or(Basis::Unknown, |floor| floor.basis),
            fixed: fixed.min(rest.energy),
            ..undivided(used, &[])
        });
    }

    /// Takes what cores were metered to use out of their packages' pools.
    fn divide(&mut self, advances: &[(&MeterReading, Result<Advance, String>)], used: &Use) {
        let packages = self.all.len();
        for index in 0..packages {
            let package = &self.all[index];
            if package.domain != Domain::Package {
                continue;
            }
            let within = |meter: &Meter| {
                meter.role == Role::Inside
                    && !meter.cells.is_empty()
                    && meter.cells.iter().all(|cell| package.cells.contains(cell))
            };
            let cores: Vec<_> = advances
                .iter()
                .filter(|(reading, _)| within(&reading.meter))
                .filter_map(|(reading, advance)| Some((&reading.meter, advance.as_ref().ok()?)))
                .collect();
            let energies: Vec<u64> = cores.iter().map(|(_, advance)| advance.energy.0).collect();
            let sum: u64 = energies.iter().sum();
            // Cores and package are not read in one instant: they are made to fit.
            let energies = match package.energy.0 {
                all if sum > all => super::apportion(all, &energies),
                _ => energies,
            };
            // Of a core's energy, what matches the time nobody used is static: a core that rests
            // leaks, and whoever wakes it for a moment does not pay for that.
            let mut pools = Vec::new();
            for ((meter, advance), energy) in cores.into_iter().zip(energies) {
                let energy = Microjoules(energy);
                pools.push(PoolFrame {
                    id: format!("{} {}", self.all[index].id, meter.id),
                    domain: Domain::Core,
                    source: meter.source.clone(),
                    quality: advance.quality,
                    energy,
                    floor: None,
                    basis: Basis::Capacity,
                    fixed: used.unused(&meter.cells, energy),
                    ..undivided(used, &meter.cells)
                });
            }
            let sum = |of: fn(&PoolFrame) -> Microjoules| pools.iter().map(of).sum::<Microjoules>();
            let (taken, still) = (sum(|pool| pool.energy), sum(|pool| pool.fixed));
            let package = &mut self.all[index];
            package.energy = package.energy - taken;
            // Static power of the package is that of its cores, and then of what is left.
            let fixed = match package.floor {
                Some(_) => package.fixed - still,
                None => used.unused(&package.cells, package.energy),
            };
            package.fixed = fixed.min(package.energy);
            self.all.extend(pools);
        }
    }
}

/// A pool of some cells of which nothing but their use is known yet.
fn undivided(used: &Use, cells: &[usize]) -> PoolFrame {
    let (busy_ns, capacity_ns) = used.of(cells);
    PoolFrame {
        id: String::new(),
        domain: Domain::Rest,
        source: String::new(),
        cells: cells.to_vec(),
        quality: Quality::Absent,
        energy: Microjoules::ZERO,
        floor: None,
        basis: Basis::Unknown,
        fixed: Microjoules::ZERO,
        signal: Signal::Nothing,
        weight: 0,
        busy_ns,
        capacity_ns,
        tenancy: None,
    }
}

/// A part that has no reading now, unless estimates stand in for those that have none.
fn gap<'a>(advances: &[(&'a MeterReading, Result<Advance, String>)]) -> Option<&'a str> {
    let parts = || advances.iter().filter(|(reading, _)| reading.meter.role == Role::Part);
    if parts().any(|(reading, _)| matches!(reading.reading, Reading::Model(_))) {
        return None;
    }
    let absent = parts().find(|(_, advance)| advance.is_err());
    absent.map(|(reading, _)| reading.meter.id.as_str())
}

/// Estimated parts cannot be more than what the measured ones leave of the whole.
fn fit(advances: &mut [(&MeterReading, Result<Advance, String>)], whole: Microjoules) {
    let parts = |estimated: bool, advances: &[(&MeterReading, Result<Advance, String>)]| {
        let parts = advances.iter().filter(|(reading, _)| reading.meter.role == Role::Part);
        let parts = parts.filter_map(|(_, advance)| advance.as_ref().ok());
        let parts = parts.filter(|advance| (advance.quality == Quality::Estimated) == estimated);
        parts.map(|advance| advance.energy).sum::<Microjoules>()
    };
    let room = whole - parts(false, advances);
    let estimated = parts(true, advances);
    if estimated <= room {
        return;
    }
    let shrink = |energy: Microjoules| {
        let part = u128::from(energy.0) * u128::from(room.0) / u128::from(estimated.0);
        Microjoules(part as u64)
    };
    for (reading, advance) in advances {
        let Ok(advance) = advance else { continue };
        if reading.meter.role == Role::Part && advance.quality == Quality::Estimated {
            advance.energy = shrink(advance.energy);
            let part = room.0 as f64 / estimated.0 as f64;
            advance.idle = advance.idle.map(|idle| Watts(idle.0 * part));
            advance.range = advance.range.map(|(least, most)| (shrink(least), most.min(room)));
        }
    }
}

/// Energy of one meter over the interval, or why there is none.
fn advance(
    prev: &Sample,
    next: &Sample,
    reading: &MeterReading,
    interval: Duration,
    used: &Use,
) -> Result<Advance, String> {
    match &reading.reading {
        Reading::Absent(why) => Err(why.clone()),
        Reading::Model(model) => {
            let load = used.load(&reading.meter.cells);
            let [energy, least, most] =
                [model.likely, model.least, model.most].map(|line| line.energy(load, interval));
            Ok(Advance {
                energy,
                quality: Quality::Estimated,
                range: Some((least.min(energy), most.max(energy))),
                idle: Some(model.likely.idle),
            })
        }
        &Reading::Counter { microjoules, range, limit } => {
            let before = prev
                .meters
                .iter()
                .find(|before| before.meter.id == reading.meter.id)
                .filter(|before| before.meter.source == reading.meter.source)
                .map(|before| &before.reading);
            let Some(Reading::Counter { microjoules: before, .. }) = before else {
                return Err("the first reading after a gap; energy follows with the next".into());
            };
            let asleep = next.boottime.saturating_sub(prev.boottime).saturating_sub(interval);
            if asleep > SLEPT {
                return Err("the machine slept; this interval has no reading".into());
            }
            let energy = counter::advance(*before, microjoules, range, limit, interval)
                .map_err(|gap| gap.to_string())?;
            Ok(Advance { energy, quality: Quality::Measured, range: None, idle: None })
        }
    }
}
