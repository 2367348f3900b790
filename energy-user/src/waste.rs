//! Energy that seems to do nothing for anybody: findings with their evidence and a remedy.
//!
//! A rule is a pure function over the history of one subject (a job, or a process and its
//! descendants where no job is known). It fires on facts and says what they cannot tell: what
//! looks like waste here may be what somebody wants. `docs/waste.md` has every rule.

mod account;
mod dirty_hour;
mod finding;
mod held_gpu;
mod history;
mod idle_notebook;
mod kin;
mod orphans;
mod oversubscribed;
mod past;
mod spinning;
mod starved_gpu;
mod thresholds;
mod total;

use std::{sync::Arc, time::Duration};

pub use account::Account;
pub use dirty_hour::Grid;
pub use finding::{Charge, Evidence, Figure, Finding, Pool, Rule, Severity, Subject, SubjectKind};
pub use history::{Grain, History};
use jiff::Timestamp;
pub use past::Past;
pub use thresholds::Thresholds;
pub use total::total;

use crate::{
    frame::{Frame, ProcessFrame},
    job::Job,
    units::GramsPerKwh,
};

/// Says to which job a process belongs, if to any.
pub type JobOf<'a> = &'a dyn Fn(&ProcessFrame) -> Option<Arc<Job>>;

/// The history so far, and what is looked for in it.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    history: History,
    thresholds: Thresholds,
    /// Intensities that somebody foretells, each from a time on; empty where nobody does.
    forecast: Vec<(Timestamp, GramsPerKwh)>,
    /// What was found last, and when, as time watched since the start.
    found: (Duration, Vec<Finding>),
}

/// Rules look at minutes: asking them more often finds nothing more.
const LOOK: Duration = Duration::from_millis(900);

impl Watch {
    /// One that has seen nothing.
    pub fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, ..Self::default() }
    }

    /// The same, with a history of another grain.
    pub fn with_grain(self, grain: Grain) -> Self {
        Self { history: History::new(grain), ..self }
    }

    /// What a live source foretells, each intensity from a time on. A yearly mean is no forecast.
    pub fn foretell(&mut self, forecast: Vec<(Timestamp, GramsPerKwh)>) {
        self.forecast = forecast;
    }

    /// Takes in an interval, and gives what is found now, worst first.
    pub fn observe(&mut self, frame: &Frame, now: GramsPerKwh, job: JobOf) -> Vec<Finding> {
        self.history.push(frame, job);
        let watched = self.history.now();
        if watched.saturating_sub(self.found.0) < LOOK {
            return self.found.1.clone();
        }
        let grid = Grid { now, forecast: &self.forecast };
        let mut findings = self.history.findings(&self.thresholds, &grid);
        findings.sort_by(|a, b| {
            let key = |one: &Finding| (one.severity, one.joules().unwrap_or_default());
            key(b).cmp(&key(a)).then_with(|| a.subject.id.cmp(&b.subject.id))
        });
        self.found = (watched, findings.clone());
        findings
    }
}

impl History {
    /// What every rule finds, of every subject.
    pub fn findings(&self, thresholds: &Thresholds, grid: &Grid) -> Vec<Finding> {
        let mut findings = Vec::new();
        for past in self.subjects() {
            findings.extend(held_gpu::find(&past, &thresholds.held_gpu));
            findings.extend(starved_gpu::find(&past, &thresholds.starved_gpu));
            findings.extend(oversubscribed::find(&past, &thresholds.oversubscribed));
            findings.extend(orphans::find(&past, &thresholds.orphans));
            findings.extend(idle_notebook::find(&past, &thresholds.idle_notebook));
            findings.extend(dirty_hour::find(&past, &thresholds.dirty_hour, grid));
            let each = past.each();
            findings.extend(each.filter_map(|one| spinning::find(&one, &thresholds.spinning)));
        }
        findings
    }
}
