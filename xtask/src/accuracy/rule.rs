//! The rules that are compared: those of the field as published, and jouletop's.

use std::{collections::HashMap, time::Duration};

use anyhow::Context as _;
use jouletop::{
    attribute::{Method, attribute},
    learn::{Learner, calibrate::Watch},
    sample::{Domain, Weight},
    units::Watts,
};
use laboratory::{
    hidden::Hidden,
    rules::{self, Estimate},
    score::score,
    trace::Trace,
};

use super::adapter;

/// Static power by meter.
pub type Floors = HashMap<String, Watts>;

/// Time before the score begins: what is learned is learned here.
pub const LEARNING: Duration = Duration::from_mins(2);

/// A way to tell whose energy it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Kepler,
    Scaphandre,
    BusyShare,
    StaticAlone,
    Plain,
    Learned,
    Calibrated,
    Weighed,
    Intensity,
    Blind,
    Informed,
}

impl Rule {
    pub const ALL: [Self; 11] = [
        Self::Kepler,
        Self::Scaphandre,
        Self::BusyShare,
        Self::StaticAlone,
        Self::Plain,
        Self::Learned,
        Self::Calibrated,
        Self::Weighed,
        Self::Intensity,
        Self::Blind,
        Self::Informed,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Kepler => "kepler",
            Self::Scaphandre => "scaphandr",
            Self::BusyShare => "busy",
            Self::StaticAlone => "static",
            Self::Plain => "j:plain",
            Self::Learned => "j:learned",
            Self::Calibrated => "j:calibr.",
            Self::Weighed => "j:weighed",
            Self::Intensity => "j:intens.",
            Self::Blind => "blind",
            Self::Informed => "floor",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Kepler => "Kepler from 0.10: all energy times load, by share of CPU time",
            Self::Scaphandre => "Scaphandre: all energy by share of the CPUs' capacity",
            Self::BusyShare => "all energy, static power too (which is not scored), by busy time",
            Self::StaticAlone => {
                "true static power taken off, the rest by CPU time of all packages"
            }
            Self::Plain => "jouletop as it comes, not calibrated, on a machine never at rest",
            Self::Learned => "not calibrated, --weight smt+frequency: static power extrapolated",
            Self::Calibrated => "jouletop calibrated, by CPU time on each package",
            Self::Weighed => "jouletop calibrated, --weight smt+frequency",
            Self::Intensity => "the same with --learn",
            Self::Blind => "who knows all of the hidden model but the intensities",
            Self::Informed => "who knows the hidden model but sees what a tool sees",
        }
    }

    /// The mean absolute error of a program's energy, relative to the truth.
    pub fn error(self, trace: &Trace, hidden: &Hidden, floors: &Floors) -> anyhow::Result<f64> {
        let from = LEARNING.as_secs() as usize;
        let calibrated = || floors.clone();
        let estimate = match self {
            Self::Kepler => rules::kepler(trace, from),
            Self::Scaphandre => rules::scaphandre(trace, from),
            Self::BusyShare => rules::busy_share(trace, from),
            Self::StaticAlone => rules::static_split(trace, from),
            Self::Blind => rules::blind(trace, hidden, from),
            Self::Informed => rules::informed(trace, hidden, from),
            Self::Plain => jouletop(trace, from, Weight::Time, Floors::new(), false),
            Self::Learned => jouletop(trace, from, Weight::SmtFrequency, Floors::new(), false),
            Self::Calibrated => jouletop(trace, from, Weight::Time, calibrated(), false),
            Self::Weighed => jouletop(trace, from, Weight::SmtFrequency, calibrated(), false),
            Self::Intensity => jouletop(trace, from, Weight::SmtFrequency, calibrated(), true),
        };
        let score =
            score(trace, from, &estimate).context("nobody drew a joule; raise --seconds")?;
        Ok(score.mape)
    }
}

/// What jouletop charges each program on packages, from a step on, in microjoules.
fn jouletop(trace: &Trace, from: usize, weight: Weight, floors: Floors, learn: bool) -> Estimate {
    let mut learner = Learner::new(Method::default(), floors, learn);
    let samples = adapter::samples(trace, weight);
    let mut estimate = Estimate::new();
    for (step, pair) in samples.windows(2).enumerate() {
        let frame = attribute(&pair[0], &pair[1], &learner.method());
        learner.observe(&frame);
        if step < from {
            continue;
        }
        for process in &frame.processes {
            let packages = process.parts.iter().filter(|part| {
                frame.pools.get(part.pool).is_some_and(|pool| pool.domain == Domain::Package)
            });
            let energy: u64 = packages.map(|part| part.moving.0).sum();
            *estimate.entry(process.identity.name.clone()).or_default() += energy as f64;
        }
    }
    estimate
}

/// What `jouletop calibrate` finds on a machine at rest.
pub fn calibrate(trace: &Trace) -> anyhow::Result<Floors> {
    let mut watch = Watch::default();
    let method = Learner::default().method();
    for pair in adapter::samples(trace, Weight::Time).windows(2) {
        watch.add(&attribute(&pair[0], &pair[1], &method));
    }
    Ok(watch.result()?.into_iter().map(|(meter, rest)| (meter, rest.watts)).collect())
}
