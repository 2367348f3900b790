//! What a scenario's author says should come out, for the tests.
//!
//! The simulation itself never looks at it.

use std::{collections::BTreeMap, time::Duration};

use super::{error::Problem, file, meter::Meter, notation, process::Process};
use crate::{frame::Quality, units::Microjoules};

/// One interval and its accounts; what is none is not compared.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Beginning of the interval, since the start.
    pub from: Duration,
    /// End of the interval.
    pub at: Duration,
    /// The sum of the meters.
    pub total: Option<Microjoules>,
    /// The part of it that is memory.
    pub dram: Option<Microjoules>,
    /// The row `idle`.
    pub idle: Option<Microjoules>,
    /// The row `kernel`.
    pub kernel: Option<Microjoules>,
    /// The row `irq`.
    pub irq: Option<Microjoules>,
    /// The row `unattributed`.
    pub unattributed: Option<Microjoules>,
    /// The row `rest`.
    pub rest: Option<Microjoules>,
    /// The part of the total that is GPUs.
    pub gpu: Option<Microjoules>,
    /// What processes are charged for GPUs that they held while nobody used them, by name.
    pub held: Option<BTreeMap<String, Microjoules>>,
    /// The row `self`.
    pub tool: Option<Microjoules>,
    /// Every process that ran, by name; those of one name together.
    pub processes: Option<BTreeMap<String, Microjoules>>,
    /// The frame's quality.
    pub quality: Option<Quality>,
    /// The meters without energy: no others.
    pub absent: Vec<String>,
    /// Events that the probe lost.
    pub lost_events: Option<u64>,
    /// What looks like waste at the end, of all that was seen since the start: `held_gpu notebook`.
    pub findings: Option<Vec<String>>,
}

impl Expected {
    /// Checks what is expected; `from` of the first is 0s, of others the end of the one before.
    pub fn new(
        raw: file::Expected,
        previous: Option<&Self>,
        processes: &[Process],
        meters: &[Meter],
    ) -> Result<Self, Problem> {
        let entry = format!("expected at {:?}", raw.at);
        let problem = |text: String| Problem::new(entry.clone(), text);
        let time = |text: &str| notation::time(text).map(Duration::from_nanos).map_err(problem);
        let at = time(&raw.at)?;
        let from = match &raw.from {
            Some(from) => time(from)?,
            None => previous.map_or(Duration::ZERO, |previous| previous.at),
        };
        if at <= from {
            return Err(problem("the interval has no length; let `at` be after `from`".into()));
        }
        let joules = |joules: f64| {
            let sane = (0.0..1e12).contains(&joules).then(|| Microjoules::from_joules(joules));
            sane.ok_or_else(|| problem(format!("{joules} is not an energy; write joules from 0")))
        };
        let named = |(name, energy): (String, f64)| {
            if processes.iter().any(|process| process.has_row() && process.name() == name) {
                return Ok((name, joules(energy)?));
            }
            Err(problem(format!("no process with a row is called {name:?}; check the name")))
        };
        let listed = raw.processes.map(|all| all.into_iter().map(named).collect());
        let held = raw.held_joules.map(|all| all.into_iter().map(named).collect());
        if let Some(id) = raw.absent.iter().find(|id| meters.iter().all(|meter| meter.id() != *id))
        {
            return Err(problem(format!("no meter is called {id:?}; check `absent`")));
        }
        Ok(Self {
            from,
            at,
            total: raw.total_joules.map(joules).transpose()?,
            dram: raw.dram_joules.map(joules).transpose()?,
            idle: raw.idle_joules.map(joules).transpose()?,
            kernel: raw.kernel_joules.map(joules).transpose()?,
            irq: raw.irq_joules.map(joules).transpose()?,
            unattributed: raw.unattributed_joules.map(joules).transpose()?,
            rest: raw.rest_joules.map(joules).transpose()?,
            gpu: raw.gpu_joules.map(joules).transpose()?,
            held: held.transpose()?,
            tool: raw.self_joules.map(joules).transpose()?,
            processes: listed.transpose()?,
            quality: raw.quality,
            absent: raw.absent,
            lost_events: raw.lost_events,
            findings: raw.findings,
        })
    }
}
