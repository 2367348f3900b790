//! The simulated machine at a moment, and between two: pure functions of a scenario.

use super::{process::Process, scenario::Scenario, schedule::Load};
use crate::sample::{Activity, CpuTime, Lost, MeterReading};

/// More processes than any screen or test wants between two samples.
const MOST_LIVES: u64 = 100_000;

impl Scenario {
    /// What every meter says at a moment.
    pub fn meters(&self, at: u64) -> Vec<MeterReading> {
        let busy = |package, at| self.busy(package, at);
        self.meters.iter().map(|meter| meter.reading(at, self.rounds, busy)).collect()
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
