//! What a filter can ask of a row.

use std::cell::OnceCell;

use super::Shown;
use crate::{
    job::{self, container, kubernetes, systemd},
    query::{Facts, Figure, Mark, Word},
    sample::Identity,
    tui::column::pid,
    units::{Microjoules, Tariff},
};

/// A row that is asked; what has to be worked out is, once, and only if it is asked for.
pub(super) struct Asked<'a> {
    shown: &'a Shown,
    tariff: Option<Tariff>,
    container: OnceCell<Option<String>>,
    unit: OnceCell<Option<String>>,
}

impl<'a> Asked<'a> {
    pub fn new(shown: &'a Shown, tariff: Option<Tariff>) -> Self {
        Self { shown, tariff, container: OnceCell::new(), unit: OnceCell::new() }
    }
}

impl Facts for Asked<'_> {
    fn word(&self, word: Word) -> Option<&str> {
        let identity = &*self.shown.identity;
        match word {
            Word::Name => Some(&identity.name),
            Word::Command => identity.cmdline.as_deref(),
            Word::User => identity.user.as_deref(),
            Word::Job => self.shown.job.as_ref().map(|job| job.name.as_str()),
            Word::Container => self.container.get_or_init(|| contained(identity)).as_deref(),
            Word::Unit => self.unit.get_or_init(|| unit(identity)).as_deref(),
            Word::Cgroup => identity.cgroup.as_deref(),
        }
    }

    fn figure(&self, figure: Figure) -> Option<f64> {
        let row = self.shown;
        match figure {
            Figure::Watts => row.watts.map(|watts| watts.0),
            Figure::Joules => row.energy.map(Microjoules::joules),
            Figure::Grams => row.grams.map(|grams| grams.0),
            Figure::Money => Some(self.tariff?.of_joules(row.bought?).amount),
            Figure::Cpu => Some(row.cpu_percent),
            Figure::Gpu => row.gpu.percent,
            Figure::GpuMemory => row.gpu.memory.map(|bytes| bytes as f64),
            Figure::GpuWatts => row.gpu.watts.map(|watts| watts.0),
            Figure::GpuJoules => row.gpu.energy.map(Microjoules::joules),
            Figure::Age => row.age.map(|age| age.as_secs_f64()),
            Figure::Pid => pid(row).map(f64::from),
        }
    }

    fn is(&self, mark: Mark) -> bool {
        match mark {
            Mark::Ended => self.shown.ended,
            Mark::Held => self.shown.gpu.held_idle,
        }
    }
}

fn contained(identity: &Identity) -> Option<String> {
    let paths = job::paths(identity);
    let facts = job::Facts::new(identity, &paths);
    kubernetes::of(&facts).or_else(|| container::of(&facts)).map(|job| job.name)
}

fn unit(identity: &Identity) -> Option<String> {
    let paths = job::paths(identity);
    let facts = job::Facts::new(identity, &paths);
    systemd::unit(&facts).map(|unit| unit.shown(&facts))
}
