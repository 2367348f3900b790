//! A trace of the laboratory as the samples that jouletop would have taken.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use jouletop::{
    sample::{
        Activity, Cell, CpuTime, Domain, Identity, Machine, Meter, MeterReading, Package,
        ProbeKind, ProcessActivity, ProcessId, Reading, Role, Sample, Weight, Work,
    },
    units::Watts,
};
use laboratory::{
    machine::Shape,
    meter::RANGE_UJ,
    trace::{Counters, Step, Trace},
};

/// The sample before the first step, and one after each.
pub fn samples(trace: &Trace, weight: Weight) -> Vec<Sample> {
    let machine = Arc::new(machine(trace.shape));
    let mut at = Duration::ZERO;
    let sample = |at: Duration, counters: &Counters, clocks, activity| Sample {
        time: Timestamp::UNIX_EPOCH,
        monotonic: at,
        boottime: at,
        machine: Arc::clone(&machine),
        probe: ProbeKind::Simulated,
        meters: meters(counters, &machine),
        clocks,
        gpus: Vec::new(),
        activity,
    };
    let mut samples = vec![sample(at, &trace.begin, None, Activity::default())];
    for step in &trace.steps {
        at += Duration::from_nanos(step.length_ns);
        let activity = activity(trace, step, weight);
        samples.push(sample(at, &step.counters, Some(clocks(trace.shape, step)), activity));
    }
    samples
}

/// Every core is a cell.
fn machine(shape: Shape) -> Machine {
    let cpus_of = |package: usize| {
        let cpus = (0..shape.cpus()).filter(move |&cpu| shape.package(cpu) == package);
        cpus.map(|cpu| cpu as u32).collect()
    };
    let packages = (0..shape.packages).map(|id| Package { id: id as u32, cpus: cpus_of(id) });
    let cells = (0..shape.all_cores()).map(|core| {
        let cpus: Vec<u32> = shape.siblings(core).map(|cpu| cpu as u32).collect();
        Cell { package: shape.package(cpus[0] as usize), cpus }
    });
    Machine { host: "laboratory".into(), packages: packages.collect(), cells: cells.collect() }
}

fn meters(counters: &Counters, machine: &Machine) -> Vec<MeterReading> {
    let one = |domain: Domain, package: usize, microjoules: u64| MeterReading {
        meter: Arc::new(Meter {
            id: format!("{}-{package}", domain.as_str()),
            domain,
            source: "laboratory".into(),
            cells: machine.cells_of(package),
            role: Role::Part,
            includes: String::new(),
        }),
        reading: Reading::Counter { microjoules, range: RANGE_UJ, limit: Watts(1000.0) },
    };
    let packages = counters.packages.iter().enumerate();
    let packages = packages.map(|(package, &counter)| one(Domain::Package, package, counter));
    let dram = counters.dram.iter().enumerate();
    packages.chain(dram.map(|(package, &counter)| one(Domain::Dram, package, counter))).collect()
}

fn activity(trace: &Trace, step: &Step, weight: Weight) -> Activity {
    let mut all: BTreeMap<usize, ProcessActivity> = BTreeMap::new();
    for (&(index, cpu), time) in &step.times {
        let process = all.entry(index).or_insert_with(|| {
            let process = &trace.processes[index];
            let id = ProcessId { pid: process.id as u32, start: process.id };
            let identity = Identity { name: process.name.clone(), ..Identity::default() };
            let ended = step.ended.contains(&index);
            let activity = ProcessActivity::new(id, Arc::new(identity), ended, CpuTime::default());
            ProcessActivity { work: Some(Work::default()), ..activity }
        });
        let cell = trace.shape.core(cpu);
        process.cpu.add(cell, time.total_ns());
        if let Some(work) = &mut process.work {
            work.add(cell, time.shared_ns, 0, 0);
        }
    }
    Activity { processes: all.into_values().collect(), weight, ..Activity::default() }
}

/// The mean clock of each core while it was busy, in thousandths of the base clock.
fn clocks(shape: Shape, step: &Step) -> Vec<u32> {
    let busy = |cpu: usize| -> u64 {
        let on = step.times.iter().filter(|((_, other), _)| *other == cpu);
        on.map(|(_, time)| time.total_ns()).sum()
    };
    let mean = |core: usize| {
        let cpus: Vec<usize> = shape.siblings(core).collect();
        let all: f64 = cpus.iter().map(|&cpu| busy(cpu) as f64).sum();
        let weighed: f64 = cpus.iter().map(|&cpu| busy(cpu) as f64 * step.clocks[cpu]).sum();
        if all > 0.0 { (weighed / all * 1000.0).round() as u32 } else { 1000 }
    };
    (0..shape.all_cores()).map(mean).collect()
}
