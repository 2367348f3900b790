//! The loop's one step: take a sample, account for it, price it.
//!
//! Live measurement and simulation meet here behind [`Source`]; whoever drives a
//! session (the screen, `--once`, `run`) sees ticks and nothing of their origin.

use std::{collections::HashMap, sync::Arc, time::Duration};

use crate::{
    attribute::attribute,
    carbon::Intensity,
    frame::ProcessFrame,
    job::Job,
    learn::Learner,
    ledger::Tick,
    sample::{Activity, ProbeKind, Sample},
    units::Watts,
    waste::{Thresholds, Watch},
};

/// What a session measures with, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The machine's name on the network.
    pub host: String,
    /// Which probe counts time.
    pub probe: ProbeKind,
    /// What a reader of its figures should know.
    pub notes: Vec<String>,
    /// The meters, in a few words: `RAPL through powercap`, `estimate from the CPU model`.
    pub meters: String,
    /// What is missing and what would mend it, most important first.
    pub remedies: Vec<String>,
}

/// Whoever makes samples.
pub trait Source {
    /// What it measures with.
    fn describe(&self) -> &Description;

    /// Static power by meter, where whoever makes the samples knows it.
    fn calibrated(&self) -> HashMap<String, Watts> {
        HashMap::new()
    }

    /// From when on something counts as waste, where whoever makes the samples says so.
    fn thresholds(&self) -> Thresholds {
        Thresholds::default()
    }

    /// The machine now, and who ran since the last call.
    fn sample(&mut self) -> anyhow::Result<Sample>;

    /// Empties what the kernel buffers; called several times between samples.
    fn drain(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    /// Lets time pass before the next sample. True if the caller has to wait for
    /// real; a simulation advances its own clock instead.
    fn pass(&mut self, time: Duration) -> bool {
        let _ = time;
        true
    }
}

/// A source, the sample before, and the price of energy.
pub struct Session {
    source: Box<dyn Source>,
    description: Description,
    intensity: Arc<Intensity>,
    learner: Learner,
    watch: Watch,
    previous: Option<Sample>,
}

/// How often to empty the kernel's buffer between samples.
pub const DRAIN: Duration = Duration::from_millis(200);

impl Session {
    /// A session that has not sampled yet.
    pub fn new(source: Box<dyn Source>, intensity: Arc<Intensity>, learner: Learner) -> Self {
        let description = source.describe().clone();
        let watch = Watch::new(source.thresholds());
        Self { source, description, intensity, learner, watch, previous: None }
    }

    /// What it measures with.
    pub fn describe(&self) -> &Description {
        &self.description
    }

    /// Adds what is missing that the source does not know of.
    pub fn remark(&mut self, remedy: Option<String>) {
        self.description.remedies.extend(remedy);
    }

    /// The grid.
    pub fn intensity(&self) -> &Arc<Intensity> {
        &self.intensity
    }

    /// Samples, and accounts for the time since the last call. The first call
    /// only marks the start.
    pub fn tick(&mut self) -> anyhow::Result<Option<Tick>> {
        let mut sample = self.source.sample()?;
        let tick = self.previous.take().map(|previous| {
            let frame = attribute(&previous, &sample, &self.learner.method());
            self.learner.observe(&frame);
            let job = |process: &ProcessFrame| Job::of(&process.identity).map(Arc::new);
            let findings = self.watch.observe(&frame, self.intensity.value, &job);
            Tick { frame, intensity: Arc::clone(&self.intensity), findings }
        });
        // Of an earlier sample, only times and meters are needed.
        sample.activity = Activity::default();
        self.previous = Some(sample);
        Ok(tick)
    }

    /// Empties what the kernel buffers.
    pub fn drain(&mut self) -> anyhow::Result<()> {
        self.source.drain()
    }

    /// Lets time pass; true if the caller has to wait for real.
    pub fn pass(&mut self, time: Duration) -> bool {
        self.source.pass(time)
    }
}
