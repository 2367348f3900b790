//! A scenario as a source of samples, with a clock of its own.
//!
//! The clock moves only when somebody lets time pass, by exactly that time: what
//! a scenario shows does not depend on how fast the machine is that shows it.

use std::{
    collections::HashMap,
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use jiff::Timestamp;

use super::{Expected, ScenarioError, notation::LONGEST, process::UPTIME, scenario::Scenario};
use crate::{
    attribute::Method,
    carbon::prices::{Prices, Schedule},
    sample::{Identity, ProbeKind, ProcessId, Sample},
    session::{Description, Source},
    units::{GramsPerKwh, Watts},
    waste::Thresholds,
};

/// The largest scenario, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// A made-up machine that is measured like a real one.
#[derive(Clone, Debug)]
pub struct Simulation {
    scenario: Scenario,
    description: Description,
    /// Nanoseconds since the start.
    now: u64,
    /// Up to when activity has been told.
    told: u64,
    paced: bool,
}

impl Simulation {
    /// Reads a scenario from a file.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let file = path.display().to_string();
        let mut bytes = Vec::new();
        let read =
            File::open(path).and_then(|open| open.take(MOST_BYTES + 1).read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(ScenarioError::Missing { file })
            }
            Err(error) if error.kind() == ErrorKind::IsADirectory => {
                Err(ScenarioError::Directory { file })
            }
            Err(source) => Err(ScenarioError::Unreadable { file, source }),
            Ok(length) if length as u64 > MOST_BYTES => Err(ScenarioError::TooLarge { file }),
            Ok(_) => match std::str::from_utf8(&bytes) {
                Ok(text) => Self::parse(text, &file),
                Err(_) => Err(ScenarioError::NotText { file }),
            },
        }
    }

    /// Reads a scenario from text; `name` is the file's name in messages.
    pub fn parse(text: &str, name: &str) -> Result<Self, ScenarioError> {
        let scenario = Scenario::parse(text, name)?;
        let description = Description {
            host: scenario.machine.host.clone(),
            notes: Vec::new(),
            probe: ProbeKind::Simulated,
            meters: format!("simulated: {}", scenario.name),
            remedies: Vec::new(),
        };
        Ok(Self { scenario, description, now: 0, told: 0, paced: false })
    }

    /// Asks callers to wait for real while the clock moves on, as the live screen does.
    pub fn paced(mut self) -> Self {
        self.paced = true;
        self
    }

    /// How its energy is to be divided.
    pub fn method(&self) -> &Method {
        &self.scenario.method
    }

    /// What is foretold of the grid, each intensity from a time on.
    pub fn forecast(&self) -> Vec<(Timestamp, GramsPerKwh)> {
        let at = |&(at, intensity): &(u64, GramsPerKwh)| {
            let time = self.scenario.start.checked_add(Duration::from_nanos(at)).ok()?;
            Some((time, intensity))
        };
        self.scenario.forecast.iter().filter_map(at).collect()
    }

    /// What the scenario's author says should come out.
    pub fn expected(&self) -> &[Expected] {
        &self.scenario.expected
    }
}

impl Source for Simulation {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn calibrated(&self) -> HashMap<String, Watts> {
        let floors = self.scenario.method.floors.iter();
        floors.map(|(id, floor)| (id.clone(), floor.watts)).collect()
    }

    fn grid(&self) -> Option<Box<dyn Prices>> {
        let Scenario { start, intensity, .. } = &self.scenario;
        let known = !intensity.is_empty();
        known.then(|| Box::new(Schedule::new(*start, intensity.clone())) as Box<dyn Prices>)
    }

    fn thresholds(&self) -> Thresholds {
        self.scenario.thresholds.clone()
    }

    fn sample(&mut self) -> anyhow::Result<Sample> {
        let Self { scenario, now, .. } = self;
        let since_start = Duration::from_nanos(*now);
        let time = Some(since_start)
            .filter(|_| *now <= LONGEST)
            .and_then(|since_start| scenario.start.checked_add(since_start).ok())
            .context("the simulated year is over; use a shorter --interval or fewer samples")?;
        let sample = Sample {
            time,
            monotonic: UPTIME + since_start,
            boottime: UPTIME + since_start,
            machine: scenario.machine.clone(),
            probe: ProbeKind::Simulated,
            meters: scenario.meters(*now),
            clocks: None,
            gpus: scenario.gpu_readings(self.told, *now),
            activity: scenario.activity(self.told, *now)?,
        };
        self.told = *now;
        Ok(sample)
    }

    fn census(&mut self) -> Vec<(ProcessId, Arc<Identity>)> {
        self.scenario.census(self.now)
    }

    fn pass(&mut self, time: Duration) -> bool {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.now = self.now.saturating_add(time);
        self.paced
    }
}

#[cfg(test)]
mod tests;
