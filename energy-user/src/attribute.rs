//! Two samples become one frame: whose energy it was.
//!
//! Each meter feeds the CPUs of one package, and only who ran there shares its
//! energy. A part that does not depend on who ran (static power) goes to `idle`:
//! for a measured pool without a known floor that is the share of capacity that
//! nobody used, for a model it is the model's own idle power. The rest is split
//! over time on CPU, everyone included who ran, alive or ended. `docs/method.md`
//! has the formulas and what they leave out.

mod apportion;
mod process;
#[cfg(test)]
mod properties;
mod weigh;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use apportion::apportion;
use process::ProcessRow;
use weigh::Scale;

use crate::{
    counter,
    frame::{Energy, Frame, MeterFrame, Quality, Share},
    sample::{CpuTime, Domain, Kind, MeterReading, Package, ProcessActivity, Reading, Sample},
    units::Microjoules,
};

/// The machine slept if boot time outran monotonic time by more than this.
const SLEPT: Duration = Duration::from_secs(1);

/// Accounts for the interval between two samples of one machine.
///
/// `next.activity` is what happened since `prev`; of `prev`, only its times and
/// meters are used.
pub fn attribute(prev: &Sample, next: &Sample) -> Frame {
    let interval = next.monotonic.saturating_sub(prev.monotonic);
    let mut rows = Rows::of(next, interval);
    let mut meters = Vec::with_capacity(next.meters.len());
    let mut total = Energy::default();
    let mut quality = None;
    for reading in &next.meters {
        let meter = &reading.meter;
        let advance = advance(prev, next, reading, interval, &rows);
        if let Ok(advance) = &advance {
            total.add(meter.domain, advance.energy);
            quality = quality.max(Some(advance.quality));
            rows.charge(meter.domain, meter.package, advance);
        }
        let (quality, energy, note) = match advance {
            Ok(Advance { energy, quality, .. }) => (quality, Some(energy), None),
            Err(why) => (Quality::Absent, None, Some(why)),
        };
        meters.push(MeterFrame {
            id: meter.id.clone(),
            domain: meter.domain,
            source: meter.source.clone(),
            quality,
            energy,
            note,
        });
    }
    let Rows { processes, idle, kernel, irq, unattributed, tool, .. } = rows;
    Frame {
        time: next.time,
        interval,
        machine: Arc::clone(&next.machine),
        probe: next.probe,
        quality: quality.unwrap_or(Quality::Absent),
        meters,
        total,
        processes: processes.into_iter().map(ProcessRow::finish).collect(),
        idle,
        kernel: kernel.share,
        irq: next.activity.irq.is_some().then_some(irq.share),
        unattributed: unattributed.share,
        tool: tool.share,
        weight: next.activity.weight,
        births: next.activity.births.clone(),
        lost: next.activity.lost,
        books: next.activity.books,
    }
    .balance()
}

/// What a meter gave over the interval.
struct Advance {
    energy: Microjoules,
    /// The part that does not depend on who ran.
    fixed: Microjoules,
    quality: Quality,
}

/// Energy of one meter over the interval, or why there is none.
fn advance(
    prev: &Sample,
    next: &Sample,
    reading: &MeterReading,
    interval: Duration,
    rows: &Rows,
) -> Result<Advance, String> {
    match &reading.reading {
        Reading::Absent(why) => Err(why.clone()),
        Reading::Model(model) => {
            let load = reading.meter.package.map_or(0.0, |package| rows.load(package));
            let energy =
                (model.idle.0 + (model.full.0 - model.idle.0) * load) * interval.as_secs_f64();
            let energy = Microjoules::from_joules(energy);
            let fixed = model.idle.during(interval).min(energy);
            Ok(Advance { energy, fixed, quality: Quality::Estimated })
        }
        &Reading::Counter { microjoules, range, limit } => {
            let before = prev
                .meters
                .iter()
                .find(|before| before.meter.id == reading.meter.id)
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
            let fixed = reading
                .meter
                .package
                .map_or(Microjoules::ZERO, |package| rows.unused(package, energy));
            Ok(Advance { energy, fixed, quality: Quality::Measured })
        }
    }
}

/// A row under construction, with its weight on each package.
struct Row {
    share: Share,
    weights: Vec<u64>,
}

/// Everyone who may be charged.
struct Rows {
    /// Sorted by identity, so that the order of the input cannot matter.
    processes: Vec<ProcessRow>,
    kernel: Row,
    irq: Row,
    tool: Row,
    unattributed: Row,
    idle: Share,
    /// Nanoseconds that each package's CPUs had, and that somebody used.
    capacity: Vec<u64>,
    busy: Vec<u64>,
}

impl Rows {
    fn of(sample: &Sample, interval: Duration) -> Self {
        let packages = &sample.machine.packages;
        let activity = &sample.activity;
        let count = packages.len();
        let scale = Scale::of(activity.weight, &activity.processes, count);
        let mut kernel = Row::new(count);
        let mut tool = Row::new(count);
        let mut processes: BTreeMap<_, ProcessRow> = BTreeMap::new();
        let mut busy = vec![0_u64; count];
        for process in &activity.processes {
            add(&mut busy, &process.cpu);
            match process.identity.kind {
                Kind::Kernel => kernel.add(process, &scale),
                Kind::Tool => tool.add(process, &scale),
                Kind::Process => processes
                    .entry(process.id)
                    .or_insert_with(|| ProcessRow::of(process, count))
                    .add(process, &scale),
            }
        }
        let timed = |time: &CpuTime| Row {
            share: Share { cpu_time: time.total(), ..Share::default() },
            weights: scale.times(time, count),
        };
        // Time on a package that the machine does not have is nobody's.
        let within = |time: &CpuTime| CpuTime((0..count).map(|p| time.on(p)).collect());
        let irq = activity.irq.as_ref().map(within).unwrap_or_default();
        let missed = within(&activity.missed);
        add(&mut busy, &irq);
        add(&mut busy, &missed);
        let length = interval.as_nanos() as u64;
        let capacity: Vec<u64> = packages.iter().map(|p| capacity(p, length)).collect();
        let unused = capacity.iter().zip(&busy).map(|(all, busy)| all.saturating_sub(*busy));
        let idle = Share { cpu_time: Duration::from_nanos(unused.sum()), ..Share::default() };
        Self {
            processes: processes.into_values().collect(),
            kernel,
            irq: timed(&irq),
            tool,
            unattributed: timed(&missed),
            idle,
            capacity,
            busy,
        }
    }

    /// The part of a package's capacity that somebody used, 0 to 1.
    fn load(&self, package: usize) -> f64 {
        let capacity = self.capacity.get(package).copied().unwrap_or(0);
        let busy = self.busy.get(package).copied().unwrap_or(0);
        if capacity == 0 { 0.0 } else { (busy as f64 / capacity as f64).min(1.0) }
    }

    /// The part of an energy that matches the capacity nobody used.
    fn unused(&self, package: usize, energy: Microjoules) -> Microjoules {
        let capacity = self.capacity.get(package).copied().unwrap_or(0);
        let busy = self.busy.get(package).copied().unwrap_or(0);
        let unused = capacity.saturating_sub(busy);
        if capacity == 0 {
            return Microjoules::ZERO;
        }
        let part = u128::from(energy.0) * u128::from(unused) / u128::from(capacity);
        Microjoules(part as u64)
    }

    /// Gives a meter's energy to those who ran on its package.
    fn charge(&mut self, domain: Domain, package: Option<usize>, advance: &Advance) {
        let Some(package) = package else {
            // Nobody knows which CPUs this meter feeds.
            self.unattributed.share.energy.add(domain, advance.energy);
            return;
        };
        self.idle.energy.add(domain, advance.fixed);
        let moving = advance.energy - advance.fixed;
        let on = |weights: &[u64]| weights.get(package).copied().unwrap_or(0);
        let mut weights: Vec<u64> =
            self.processes.iter().map(|process| on(&process.row.weights)).collect();
        let others = [&self.kernel, &self.irq, &self.tool, &self.unattributed];
        weights.extend(others.map(|row| on(&row.weights)));
        if weights.iter().all(|&weight| weight == 0) {
            // Nobody ran: what moved anyway is nobody's, and no process pays for it.
            self.unattributed.share.energy.add(domain, moving);
            return;
        }
        let parts = apportion(moving.0, &weights);
        let (of_processes, of_others) = parts.split_at(self.processes.len());
        for (process, &part) in self.processes.iter_mut().zip(of_processes) {
            process.charge(domain, package, part);
        }
        let others = [&mut self.kernel, &mut self.irq, &mut self.tool, &mut self.unattributed];
        for (row, &part) in others.into_iter().zip(of_others) {
            row.share.energy.add(domain, Microjoules(part));
        }
    }
}

impl Row {
    fn new(packages: usize) -> Self {
        Self { share: Share::default(), weights: vec![0; packages] }
    }

    /// Adds what a process did.
    fn add(&mut self, process: &ProcessActivity, scale: &Scale) {
        let packages = self.weights.len();
        self.share.cpu_time +=
            Duration::from_nanos((0..packages).map(|package| process.cpu.on(package)).sum());
        for (package, weight) in self.weights.iter_mut().enumerate() {
            *weight = weight.saturating_add(scale.process(process, package));
        }
    }
}

/// Adds a time to sums on each package.
fn add(sums: &mut [u64], time: &CpuTime) {
    for (package, sum) in sums.iter_mut().enumerate() {
        *sum = sum.saturating_add(time.on(package));
    }
}

/// Nanoseconds that a package's CPUs have in an interval.
fn capacity(package: &Package, interval: u64) -> u64 {
    interval.saturating_mul(package.cpus.len() as u64)
}
