//! The report as plain values: what JSON has, and all that the other shapes are made of.
//!
//! Every shape is a function of this, so that a report that was kept as JSON can be shown in any
//! of them later, on another machine.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    attribute::IdlePolicy,
    budget::Spent,
    carbon::{self, Intensity, embodied::Hardware, equivalent::Equivalent, footprint::Factors},
    frame::{Basis, Confidence, Quality},
    ledger::Sum,
    present::finding::{FindingRecord, SubjectRecord},
    sample::{Lost, ProbeKind},
    units::{GramsPerKwh, Microjoules, Money},
};

/// The newest form that is understood.
pub const SCHEMA: u32 = 1;

/// A report. What is not known is none, and never zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its form.
    pub schema: u32,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// As `jouletop run` exited; none of a job that was watched.
    pub exit_code: Option<u8>,
    /// The signal that ended the command.
    pub signal: Option<i32>,
    /// The job that was watched, and what of it; none of a command that was run.
    pub watched: Option<Watched>,
    /// From before it began until it ended, or as long as it was watched.
    pub wall_seconds: f64,
    /// Time on CPUs.
    pub cpu_seconds: f64,
    /// All pools.
    pub energy_joules: Option<f64>,
    /// The least and the most, if a part is estimated.
    pub energy_joules_range: Option<[f64; 2]>,
    /// CPU packages.
    pub cpu_energy_joules: Option<f64>,
    /// Memory.
    pub dram_energy_joules: Option<f64>,
    /// GPUs.
    pub gpu_energy_joules: Option<f64>,
    /// Time on GPUs, each counted by itself.
    pub gpu_seconds: Option<f64>,
    /// What GPUs drew that it held and did not use.
    pub gpu_held_idle_joules: Option<f64>,
    /// For how long.
    pub gpu_held_idle_seconds: Option<f64>,
    /// The rest of the machine, where the whole is metered.
    pub rest_energy_joules: Option<f64>,
    /// Of the energy, what findings call wasted; none where they tell nothing. No process's
    /// energy is in it twice.
    pub waste_joules: Option<f64>,
    /// The whole machine meanwhile.
    pub machine_energy_joules: Option<f64>,
    /// Over its wall time.
    pub mean_power_watts: Option<f64>,
    /// The highest of one interval.
    pub peak_power_watts: Option<f64>,
    /// With what is drawn beyond the meters.
    pub co2e_grams: Option<f64>,
    /// The zone's code.
    pub zone: Option<String>,
    /// Grams for each kilowatt hour.
    pub intensity: f64,
    /// The unit of that.
    pub intensity_unit: String,
    /// Where it is from.
    pub intensity_basis: carbon::Basis,
    /// The lowest and the highest, if it changed.
    pub intensity_range: Option<[f64; 2]>,
    /// What is counted.
    pub intensity_scope: Option<carbon::Scope>,
    /// Of which plants.
    pub intensity_type: Option<carbon::Kind>,
    /// It was computed or forecast, not metered.
    pub intensity_estimated: bool,
    /// It stands in for another, and why.
    pub intensity_fall_back: Option<String>,
    /// In `co2e_grams`, its range and `cost`; not in the energy.
    pub pue: f64,
    /// The same of the machine's own losses.
    pub overhead: f64,
    /// The least and the most, if a part of the energy is estimated.
    pub co2e_grams_range: Option<[f64; 2]>,
    /// The grams in other words.
    #[serde(default)]
    pub equivalents: Vec<Equivalent>,
    /// With what is drawn beyond the meters.
    pub cost: Option<Money>,
    /// Its share of making the hardware; never in `co2e_grams`.
    pub embodied_co2e_grams: Option<f64>,
    /// The least and the most.
    pub embodied_co2e_grams_range: Option<[f64; 2]>,
    /// What was made.
    pub embodied_hardware: Option<Hardware>,
    /// Nobody said what was made, and the firmware does not tell.
    #[serde(default)]
    pub embodied_guessed: bool,
    /// How long that is in use.
    pub embodied_lifetime_seconds: Option<f64>,
    /// Processes it had.
    pub processes: usize,
    /// Which probe counted.
    pub probe: ProbeKind,
    /// The worst of any interval.
    pub quality: Quality,
    /// Who paid static power.
    pub idle_policy: IdlePolicy,
    /// From where static power was known, at its worst.
    pub static_basis: Option<Basis>,
    /// Static power that is in the energy.
    pub static_energy_joules: Option<f64>,
    /// How power was known.
    pub meters: String,
    /// How each pool was known and split.
    #[serde(default)]
    pub pools: Vec<Pool>,
    /// Where it ran.
    #[serde(flatten)]
    pub place: Place,
    /// How far it came with its budget.
    pub budget: Option<Spent>,
    /// What marks split it into; they add up to it.
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// What looked like waste meanwhile, the most energy first.
    #[serde(default)]
    pub findings: Vec<FindingRecord>,
    /// What was not seen.
    pub lost: Lost,
    /// Time on the whole machine whose owner is not known.
    pub missed_cpu_seconds: f64,
    /// What is missing, and what would mend it.
    pub warnings: Vec<String>,
    /// Of jouletop, when it ran.
    pub version: String,
}

/// A job that ran before anybody watched it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// Which, and its processes at the end.
    #[serde(flatten)]
    pub job: SubjectRecord,
    /// Since when it was watched.
    pub from: jiff::Timestamp,
    /// Until when.
    pub to: jiff::Timestamp,
    /// Why no longer.
    pub ending: Ending,
    /// What cannot be known of a job that somebody else began.
    pub unknown: Vec<String>,
}

/// Why a job was watched no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Nobody of it lived any more.
    Ended,
    /// The time that was asked for was over.
    Time,
    /// Somebody said so.
    Interrupted,
}

impl Ending {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ended => "until the job had ended",
            Self::Time => "it went on when --for was over",
            Self::Interrupted => "it went on when the watch was interrupted",
        }
    }
}

impl Watched {
    /// What its numbers cover, and what they do not.
    pub fn covers(&self) -> String {
        let time = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ");
        format!(
            "only what was watched, {} to {}; the job ran before that; energy before is not in \
             it; {}",
            time(self.from),
            time(self.to),
            self.ending.words()
        )
    }
}

/// A part of the run, from one mark to the next; its quality is the run's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// The mark at its start; none before the first.
    pub name: Option<String>,
    /// How long it took.
    pub wall_seconds: f64,
    /// Time on CPUs.
    pub cpu_seconds: f64,
    /// All pools.
    pub energy_joules: Option<f64>,
    /// CPU packages.
    pub cpu_energy_joules: Option<f64>,
    /// Memory.
    pub dram_energy_joules: Option<f64>,
    /// GPUs.
    pub gpu_energy_joules: Option<f64>,
    /// The rest of the machine.
    pub rest_energy_joules: Option<f64>,
    /// Time on GPUs.
    pub gpu_seconds: Option<f64>,
    /// With what is drawn beyond the meters.
    pub co2e_grams: Option<f64>,
}

impl Phase {
    /// All that nothing can have measured below zero.
    fn figures(&self) -> [(&'static str, Option<f64>); 9] {
        [
            ("phases.wall_seconds", Some(self.wall_seconds)),
            ("phases.cpu_seconds", Some(self.cpu_seconds)),
            ("phases.energy_joules", self.energy_joules),
            ("phases.cpu_energy_joules", self.cpu_energy_joules),
            ("phases.dram_energy_joules", self.dram_energy_joules),
            ("phases.gpu_energy_joules", self.gpu_energy_joules),
            ("phases.rest_energy_joules", self.rest_energy_joules),
            ("phases.gpu_seconds", self.gpu_seconds),
            ("phases.co2e_grams", self.co2e_grams),
        ]
    }

    /// Of what was summed meanwhile.
    pub fn of(name: Option<String>, wall: Duration, sum: &Sum) -> Self {
        let joules = |energy: Option<Microjoules>| energy.map(Microjoules::joules);
        let energy = sum.share.energy;
        Self {
            name,
            wall_seconds: wall.as_secs_f64(),
            cpu_seconds: sum.share.cpu_time.as_secs_f64(),
            energy_joules: joules(energy.total()),
            cpu_energy_joules: joules(energy.cpu),
            dram_energy_joules: joules(energy.dram),
            gpu_energy_joules: joules(energy.gpu),
            rest_energy_joules: joules(energy.rest),
            gpu_seconds: sum.share.gpu_time.map(|time| time.as_secs_f64()),
            co2e_grams: energy.total().map(|_| sum.grams.0),
        }
    }
}

/// How a pool of energy was known and split over the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    /// `cpu`, `dram`, `gpu` or `rest`.
    pub pool: String,
    /// The worst of any interval.
    pub quality: Quality,
    /// The routes of its meters.
    pub sources: Vec<String>,
    /// What it was split by.
    pub split_by: Vec<String>,
    /// How much the split can be believed, at its worst.
    pub confidence: Confidence,
}

/// Where and when it ran, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// A number that no other run has.
    pub run_id: Option<String>,
    /// When it began.
    pub started: Option<jiff::Timestamp>,
    /// When it had ended.
    pub ended: Option<jiff::Timestamp>,
    /// The machine's name on the network.
    pub host: Option<String>,
    /// Release of its kernel.
    pub kernel: Option<String>,
    /// The CPU's name.
    pub cpu_model: Option<String>,
    /// Logical CPUs.
    pub cpus: Option<usize>,
    /// Memory of the machine.
    pub memory_bytes: Option<u64>,
    /// GPUs of the machine.
    #[serde(default)]
    pub gpus: Vec<Gpus>,
}

/// GPUs of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gpus {
    /// The model.
    pub model: String,
    /// How many.
    pub count: usize,
}

/// Why a text is no report, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum NoReport {
    /// Not even JSON.
    #[error("is no JSON ({0}); name a file that `jouletop run --json -o FILE -- CMD` wrote")]
    NoJson(String),
    /// Something else.
    #[error(
        "is no report of a run ({0}); name a file that `jouletop run --json -o FILE -- CMD` wrote"
    )]
    Foreign(String),
    /// Of the future.
    #[error("is a report of a newer jouletop (schema {0}); render it with that version")]
    Newer(u64),
}

impl Document {
    /// Of a report as JSON.
    pub fn parse(text: &[u8]) -> Result<Self, NoReport> {
        let value: serde_json::Value =
            serde_json::from_slice(text).map_err(|error| NoReport::NoJson(error.to_string()))?;
        match value.get("schema").and_then(serde_json::Value::as_u64) {
            None => return Err(NoReport::Foreign("it has no schema".into())),
            Some(schema) if schema > u64::from(SCHEMA) => return Err(NoReport::Newer(schema)),
            Some(_) => {}
        }
        // What a hand has changed goes to terminals: the message has names of fields at most.
        let document: Self =
            serde_json::from_value(value).map_err(|error| NoReport::Foreign(error.to_string()))?;
        match document.impossible() {
            Some(field) => Err(NoReport::Foreign(format!("its `{field}` cannot be"))),
            None => Ok(document),
        }
    }

    /// A field whose figure nothing measures: below zero, or more than is counted. Shown, it would
    /// become a zero or a limit that looks measured.
    fn impossible(&self) -> Option<&'static str> {
        let most = Microjoules(u64::MAX).joules();
        let least = |range: Option<[f64; 2]>| range.map(|[least, _]| least);
        let greatest = |range: Option<[f64; 2]>| range.map(|[_, greatest]| greatest);
        let figures = [
            ("energy_joules", self.energy_joules),
            ("energy_joules_range", least(self.energy_joules_range)),
            ("energy_joules_range", greatest(self.energy_joules_range)),
            ("cpu_energy_joules", self.cpu_energy_joules),
            ("dram_energy_joules", self.dram_energy_joules),
            ("gpu_energy_joules", self.gpu_energy_joules),
            ("gpu_held_idle_joules", self.gpu_held_idle_joules),
            ("gpu_held_idle_seconds", self.gpu_held_idle_seconds),
            ("rest_energy_joules", self.rest_energy_joules),
            ("waste_joules", self.waste_joules),
            ("machine_energy_joules", self.machine_energy_joules),
            ("static_energy_joules", self.static_energy_joules),
            ("wall_seconds", Some(self.wall_seconds)),
            ("cpu_seconds", Some(self.cpu_seconds)),
            ("gpu_seconds", self.gpu_seconds),
            ("mean_power_watts", self.mean_power_watts),
            ("peak_power_watts", self.peak_power_watts),
            ("co2e_grams", self.co2e_grams),
            ("co2e_grams_range", least(self.co2e_grams_range)),
            ("co2e_grams_range", greatest(self.co2e_grams_range)),
            ("intensity", Some(self.intensity)),
            ("pue", Some(self.pue)),
            ("overhead", Some(self.overhead)),
            ("cost", self.cost.map(|cost| cost.amount)),
            ("embodied_co2e_grams", self.embodied_co2e_grams),
            ("embodied_co2e_grams_range", least(self.embodied_co2e_grams_range)),
            ("embodied_co2e_grams_range", greatest(self.embodied_co2e_grams_range)),
            ("embodied_lifetime_seconds", self.embodied_lifetime_seconds),
            ("missed_cpu_seconds", Some(self.missed_cpu_seconds)),
        ];
        let phases = self.phases.iter().flat_map(Phase::figures);
        let findings = self.findings.iter().map(|finding| ("findings.joules", finding.joules));
        let mut wrong = figures
            .into_iter()
            .chain(phases)
            .chain(findings)
            .filter(|(_, figure)| figure.is_some_and(|figure| !(0.0..=most).contains(&figure)));
        wrong.next().map(|(field, _)| field)
    }

    /// What was measured: the command as one line, or the job's name.
    pub fn title(&self) -> String {
        let job = self.watched.as_ref().map(|watched| watched.job.whose());
        job.unwrap_or_else(|| self.command.join(" "))
    }

    /// How it ended.
    pub fn ending(&self) -> String {
        match (self.signal, self.exit_code, &self.watched) {
            (Some(signal), ..) => format!("ended by signal {signal}"),
            (None, Some(code), _) => format!("exit code {code}"),
            (None, None, Some(watched)) if watched.ending == Ending::Ended => {
                "exit code not known".into()
            }
            _ => "still running".into(),
        }
    }

    /// From before it began until it ended, or as long as it was watched.
    pub fn wall(&self) -> Duration {
        seconds(self.wall_seconds)
    }

    /// The grid, as its presenters take it.
    pub fn grid(&self) -> Intensity {
        Intensity {
            value: GramsPerKwh::of_grams_per_kwh(self.intensity),
            zone: self.zone.clone(),
            basis: self.intensity_basis.clone(),
            scope: self.intensity_scope,
            kind: self.intensity_type,
            estimated: self.intensity_estimated,
            fall_back: self.intensity_fall_back.clone(),
            factors: self.factors(),
        }
    }

    /// What is drawn beyond the meters.
    pub fn factors(&self) -> Factors {
        Factors { pue: self.pue, overhead: self.overhead }
    }

    /// The account of a pool, by its name; none in reports of before it was told.
    pub fn pool(&self, name: &str) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.pool == name)
    }
}

/// Seconds of a file, which may be anything.
pub fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
