//! The loop's one step: take a sample, account for it, price it.
//!
//! Live measurement, simulation and recordings meet here behind [`Source`]; whoever drives a
//! session (the screen, `--once`, `run`) sees ticks and nothing of their origin.

use std::{cell::OnceCell, collections::HashMap, sync::Arc, time::Duration};

use rustc_hash::FxHashMap;

use crate::{
    attribute::{IdlePolicy, attribute},
    carbon::{Intensity, footprint::Factors, prices::Prices},
    frame::{Frame, ProcessFrame},
    job::{
        Job,
        resolve::{Jobs, Placed},
    },
    learn::Learner,
    ledger::Tick,
    sample::{Activity, GpuShare, Identity, ProbeKind, ProcessId, Sample},
    tags::look::News,
    units::{GramsPerKwh, Watts},
    waste::{Finding, Thresholds, Watch},
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

/// Somebody who is there, and where it belongs.
#[derive(Clone, Debug)]
pub struct Present {
    /// Who; the start may be rounded to a tick of `/proc`.
    pub id: ProcessId,
    /// What it is called and whose it is.
    pub identity: Arc<Identity>,
    /// Its job, and the root of its tree.
    pub placed: Placed,
}

/// What is chosen of how energy is divided and what is drawn beyond it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chosen {
    /// Who pays static power.
    pub idle_policy: IdlePolicy,
    /// How a GPU's energy is shared where it does not tell who used it.
    pub gpu_share: GpuShare,
    /// Intensities are learned by command.
    pub learn: bool,
    /// What is drawn beyond the meters.
    pub factors: Factors,
}

/// Whether there is a sample to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Yes.
    Now,
    /// Not before some time has passed.
    Later,
    /// There is no more.
    Never(Over),
}

/// Why there are no more samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// In words.
    pub words: String,
    /// More were made, and are lost.
    pub damaged: bool,
    /// It ended before it was meant to.
    pub cut: bool,
}

impl Over {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match (self.damaged, self.cut) {
            (true, _) => "DAMAGED",
            (false, true) => "CUT OFF",
            (false, false) => "END",
        }
    }
}

/// Whoever makes samples.
pub trait Source {
    /// What it measures with.
    fn describe(&self) -> &Description;

    /// Static power by meter, where whoever makes the samples knows it.
    fn calibrated(&self) -> HashMap<String, Watts> {
        HashMap::new()
    }

    /// The CPU's name, where it is not that of this machine.
    fn cpu(&self) -> Option<&str> {
        None
    }

    /// What was chosen, where whoever makes the samples says so; the user may say otherwise.
    fn chosen(&self) -> Chosen {
        Chosen::default()
    }

    /// The grid, where whoever makes the samples makes it up too.
    fn grid(&self) -> Option<Box<dyn Prices>> {
        None
    }

    /// From when on something counts as waste, where whoever makes the samples says so.
    fn thresholds(&self) -> Thresholds {
        Thresholds::default()
    }

    /// How often to ask for a sample, where that is not for the user to say.
    fn interval(&self) -> Option<Duration> {
        None
    }

    /// Its samples were made earlier.
    fn is_replay(&self) -> bool {
        false
    }

    /// Whether there is a sample now.
    fn due(&mut self) -> Due {
        Due::Now
    }

    /// The machine now, and who ran since the last call.
    fn sample(&mut self) -> anyhow::Result<Sample>;

    /// Everybody who is there now, whether they run or not. It takes a while: nothing of it is
    /// needed to measure.
    fn census(&mut self) -> Vec<(ProcessId, Arc<Identity>)> {
        Vec::new()
    }

    /// What is new of the names that people give to running processes.
    fn tags(&mut self) -> News {
        News::default()
    }

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
    prices: Box<dyn Prices>,
    factors: Factors,
    thresholds: Thresholds,
    /// It was told that a factor is left out.
    told: bool,
    learner: Learner,
    /// None unless somebody is told of jobs and of waste.
    jobs: Option<(Jobs, Watch)>,
    previous: Option<Sample>,
    over: Option<Over>,
}

/// How often to empty the kernel's buffer between samples.
pub const DRAIN: Duration = Duration::from_millis(200);

impl Session {
    /// A session that has not sampled yet.
    pub fn new(source: Box<dyn Source>, prices: Box<dyn Prices>, learner: Learner) -> Self {
        let description = source.describe().clone();
        let factors = Factors::NONE;
        let thresholds = source.thresholds();
        Self {
            source,
            description,
            prices,
            factors,
            thresholds,
            told: false,
            learner,
            jobs: None,
            previous: None,
            over: None,
        }
    }

    /// The same, with what is drawn beyond the meters.
    pub fn with_factors(self, factors: Factors) -> Self {
        Self { factors, ..self }
    }

    /// The same, with others than the source's own.
    pub fn with_thresholds(self, thresholds: Thresholds) -> Self {
        Self { thresholds, ..self }
    }

    /// The same, placing each process in its job and looking for waste.
    pub fn with_jobs(self) -> Self {
        let watch = Watch::new(self.thresholds.clone());
        Self { jobs: Some((Jobs::new(), watch)), ..self }
    }

    /// What it measures with.
    pub fn describe(&self) -> &Description {
        &self.description
    }

    /// Adds what is missing that the source does not know of.
    pub fn remark(&mut self, remedy: Option<String>) {
        self.description.remedies.extend(remedy);
    }

    /// Everybody who is there now, and where they belong; nobody unless jobs are looked for.
    pub fn census(&mut self) -> Vec<Present> {
        let Some((jobs, _)) = &mut self.jobs else { return Vec::new() };
        let people = self.source.census();
        let placed = jobs.observe(&[], people.iter().map(|(id, who)| (*id, who, false)));
        let one = |((id, identity), placed)| Present { id, identity, placed };
        people.into_iter().zip(placed).map(one).collect()
    }

    /// How often to tick, where that is not for the user to say.
    pub fn interval(&self) -> Option<Duration> {
        self.source.interval()
    }

    /// Its samples were made earlier.
    pub fn is_replay(&self) -> bool {
        self.source.is_replay()
    }

    /// Why there are no more samples; none as long as there may be.
    pub fn over(&self) -> Option<&Over> {
        self.over.as_ref()
    }

    /// Samples, and accounts for the time since the last call. The first call
    /// only marks the start; nor does anything come of one before a sample is due.
    pub fn tick(&mut self) -> anyhow::Result<Option<Tick>> {
        match self.source.due() {
            Due::Now => {}
            Due::Later => return Ok(None),
            Due::Never(over) => {
                self.over = Some(over);
                return Ok(None);
            }
        }
        let mut sample = self.source.sample()?;
        self.hear_of_tags();
        if let (Some((jobs, _)), None) = (&mut self.jobs, &self.previous) {
            // Whoever was there at the start is no part of any frame, but of trees.
            let Activity { processes, births, kin, .. } = &sample.activity;
            for (id, identity) in kin {
                jobs.meet(*id, identity);
            }
            let processes = processes.iter();
            jobs.observe(births, processes.map(|one| (one.id, &one.identity, one.ended)));
        }
        let tick = self.previous.take().map(|previous| {
            let frame = attribute(&previous, &sample, &self.learner.method());
            self.learner.observe(&frame);
            let grid = self.prices.over(previous.time, sample.time);
            let intensity = self.beyond(&frame, grid);
            let (placed, findings) = self.place(&frame, intensity.value);
            Tick { frame, intensity, placed, findings }
        });
        // Of an earlier sample, only times and meters are needed.
        sample.activity = Activity::default();
        self.previous = Some(sample);
        Ok(tick)
    }

    /// Takes what people call processes, before anybody is placed.
    fn hear_of_tags(&mut self) {
        let Some((jobs, _)) = &mut self.jobs else { return };
        let News { changes, remarks } = self.source.tags();
        jobs.tags(changes);
        self.description.remedies.extend(remarks);
    }

    /// Where each process belongs, and what looks like waste at the end of an interval.
    fn place(&mut self, frame: &Frame, now: GramsPerKwh) -> (Vec<Placed>, Vec<Finding>) {
        let Some((jobs, watch)) = &mut self.jobs else { return Default::default() };
        let placed = jobs.frame(frame);
        // Most intervals nobody is asked for: a job is asked for again now and then.
        let known = OnceCell::new();
        let job = |process: &ProcessFrame| {
            let known: &FxHashMap<ProcessId, Arc<Job>> = known.get_or_init(|| {
                let both = frame.processes.iter().zip(&placed);
                let job = |placed: &Placed| placed.job.as_ref().map(Arc::clone);
                both.filter_map(|(process, placed)| Some((process.id, job(placed)?))).collect()
            });
            known.get(&process.id).map(Arc::clone)
        };
        watch.foretell(self.prices.forecast());
        let findings = watch.observe(frame, now, &job);
        (placed, findings)
    }

    /// Adds what is drawn beyond what this frame's meters show.
    fn beyond(&mut self, frame: &Frame, grid: Arc<Intensity>) -> Arc<Intensity> {
        let whole = frame.rest.is_some();
        let factors = if whole { self.factors.of_whole() } else { self.factors };
        if factors != self.factors && !self.told {
            self.told = true;
            let left_out = "--overhead is left out: the whole machine is metered, with its losses";
            self.remark(Some(format!("{left_out}; start without it")));
        }
        if factors == grid.factors {
            return grid;
        }
        Arc::new(Intensity { factors, ..(*grid).clone() })
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
