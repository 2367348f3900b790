//! The simulated machine at a moment, and between two: pure functions of a scenario.

use std::{sync::Arc, time::Duration};

use super::{meter::Meter, process::Process, scenario::Scenario, schedule::Load};
use crate::{
    sample::{Activity, CpuTime, GpuReading, Identity, Lost, MeterReading, ProcessId, Reading},
    units::Microjoules,
};

/// More processes than any screen or test wants between two samples.
const MOST_LIVES: u64 = 100_000;

impl Scenario {
    /// What every meter says at a moment.
    pub fn meters(&self, at: u64) -> Vec<MeterReading> {
        let busy = |of: &Meter, at| self.fed(of, at);
        self.meters.iter().map(|meter| meter.reading(at, self.rounds, busy)).collect()
    }

    /// Nanoseconds of work that a meter feeds, up to a moment.
    fn fed(&self, meter: &Meter, at: u64) -> u64 {
        match self.gpus.iter().position(|gpu| gpu.id() == meter.id()) {
            Some(gpu) => self.busy_on(gpu, at),
            None => self.busy(meter.package(), at),
        }
    }

    /// Time that a GPU was used up to a moment; of an instance, by its slices.
    fn busy_on(&self, gpu: usize, at: u64) -> u64 {
        let loads = self.processes.iter().flat_map(|process| process.seats.uses());
        let loads = loads.filter(|load| load.package == gpu);
        loads
            .map(|load| {
                let (slices, of) = self.gpus[gpu].part(load.cpu);
                let busy = self.rounds.sum(at, |phase| load.busy(phase));
                (u128::from(busy) * u128::from(slices) / u128::from(of)) as u64
            })
            .sum()
    }

    /// What every GPU shows at a moment, and who used it since another.
    pub fn gpu_readings(&self, from: u64, to: u64) -> Vec<GpuReading> {
        let guests: Vec<_> = self
            .processes
            .iter()
            .filter(|process| !process.seats.is_empty())
            .flat_map(|process| {
                let rounds = process.rounds(from, to, self.rounds);
                let guest = |round| process.guest(round, from, to, self.rounds);
                rounds.filter_map(guest).map(|guest| (guest, &process.seats)).collect::<Vec<_>>()
            })
            .collect();
        let power = |id: &str| {
            let meter = self.meters.iter().find(|meter| meter.id() == id)?;
            let at = |at| match meter.reading(at, self.rounds, |of, at| self.fed(of, at)).reading {
                Reading::Counter { microjoules, .. } => Some(Microjoules(microjoules)),
                _ => None,
            };
            (at(to)?.0.checked_sub(at(from)?.0).map(Microjoules))?
                .over(Duration::from_nanos(to - from))
        };
        let gpus = self.gpus.iter().enumerate();
        gpus.map(|(index, gpu)| {
            gpu.reading(index, (from, to), power(gpu.id()), self.rounds, &guests)
        })
        .collect()
    }

    /// CPU time used on a package up to a moment, or on all of them.
    fn busy(&self, package: Option<usize>, at: u64) -> u64 {
        let loads = self.processes.iter().flat_map(|process| &process.loads);
        loads
            .chain(&self.missed)
            .chain(&self.irq)
            .filter(|load| package.is_none_or(|package| load.package == package))
            .map(|load| self.rounds.sum(at, |phase| load.busy(phase)))
            .sum()
    }

    /// Who ran between two moments. An error if that is too long to list everybody.
    pub fn activity(&self, from: u64, to: u64) -> anyhow::Result<Activity> {
        let packages = self.machine.packages.len();
        let mut activity = Activity {
            missed: self.sum(&self.missed, from, to),
            irq: (!self.irq.is_empty()).then(|| self.sum(&self.irq, from, to)),
            lost: self.lost(from, to),
            ..Activity::default()
        };
        let lives = |process: &Process| {
            let rounds = process.rounds(from, to, self.rounds);
            rounds.end() - rounds.start()
        };
        if self.processes.iter().map(lives).sum::<u64>() > MOST_LIVES {
            anyhow::bail!(
                "too many rounds of the scenario in one sample; use a shorter --interval"
            );
        }
        for process in &self.processes {
            for round in process.rounds(from, to, self.rounds) {
                let ran = process.activity(round, from, to, self.rounds, packages);
                activity.processes.extend(ran);
                activity.births.extend(process.birth(round, from, to, self.rounds));
            }
        }
        Ok(activity)
    }

    /// Who lives at a moment.
    pub fn census(&self, at: u64) -> Vec<(ProcessId, Arc<Identity>)> {
        let one = |process: &Process| process.person(self.rounds.number(at), at, self.rounds);
        self.processes.iter().filter_map(one).collect()
    }

    /// The time of some loads between two moments.
    fn sum(&self, loads: &[Load], from: u64, to: u64) -> CpuTime {
        let mut time = CpuTime::zero(self.machine.packages.len());
        for load in loads {
            let sum = |at| self.rounds.sum(at, |phase| load.busy(phase));
            time.add(load.package, sum(to) - sum(from));
        }
        time
    }

    /// What the probe lost after one moment, up to another.
    fn lost(&self, from: u64, to: u64) -> Lost {
        let mut all = Lost::default();
        for (moment, lost) in &self.lost {
            let times = |at| self.rounds.sum(at, |phase| u64::from(*moment <= phase));
            let times = times(to) - times(from);
            for (sum, count) in [
                (&mut all.events, lost.events),
                (&mut all.slices, lost.slices),
                (&mut all.malformed, lost.malformed),
            ] {
                *sum = sum.saturating_add(count.saturating_mul(times));
            }
        }
        all
    }
}
