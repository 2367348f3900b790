//! The report of a measured command: text for people, JSON and CSV for scripts, a sentence and a
//! table for papers, a row for what reads CodeCarbon's files.
//!
//! It carries what a reader needs to judge the number: how power was known, which
//! grid was assumed, what was not seen.

mod codecarbon;
mod document;
mod facts;
mod latex;
mod markdown;
mod text;

use std::time::Duration;

pub use codecarbon::COLUMNS as CODECARBON;
use document::SCHEMA;
pub use document::{Document, Ending, Gpus, NoReport, Phase, Place, Pool, Watched};

use crate::{
    attribute::IdlePolicy,
    budget::Spent,
    carbon::{
        Intensity,
        embodied::{Assumed, Range},
        equivalent,
    },
    cli::Format,
    frame::{Basis, Quality},
    ledger::Sum,
    present::finding::FindingRecord,
    sample::{Lost, ProbeKind},
    units::{GramsCo2e, GramsPerKwh, Microjoules, Money, Watts},
    waste::{self, Finding},
};

/// What a command used.
#[derive(Clone, Debug)]
pub struct Report {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// As `jouletop run` will exit; none of a job.
    pub exit_code: Option<u8>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The job that was watched; none of a command that was run.
    pub watched: Option<Watched>,
    /// From before it began until it ended.
    pub wall: Duration,
    /// Energy, CPU time and emissions of its tree.
    pub sum: Sum,
    /// The least and the most that its energy can be, if a part of it is estimated.
    pub range: Option<(Microjoules, Microjoules)>,
    /// Who paid static power.
    pub idle_policy: IdlePolicy,
    /// From where static power was known, at its worst; none where no meter counted.
    pub basis: Option<Basis>,
    /// Static power that is in its energy; none where no meter counted.
    pub fixed: Option<Microjoules>,
    /// How each pool was known and split.
    pub pools: Vec<Pool>,
    /// Where it ran.
    pub place: Place,
    /// How far it came with its budget.
    pub budget: Option<Spent>,
    /// What marks split it into.
    pub phases: Vec<Phase>,
    /// What looked like waste, clipped to what its processes were charged with.
    pub findings: Vec<Finding>,
    /// Energy of the whole machine meanwhile.
    pub machine: Option<Microjoules>,
    /// The highest mean power of its tree over one interval.
    pub peak: Option<Watts>,
    /// Processes it had.
    pub processes: usize,
    /// Which probe counted.
    pub probe: ProbeKind,
    /// The worst quality of any interval.
    pub quality: Quality,
    /// How power was known.
    pub meters: String,
    /// The grid at the end, with the mean of the run by energy.
    pub intensity: Intensity,
    /// What its energy emits and costs, beyond the grams of its sum.
    pub footprint: Footprint,
    /// What was not seen.
    pub lost: Lost,
    /// Time on the whole machine whose owner is not known.
    pub missed: Duration,
    /// What is missing, and what would mend it.
    pub warnings: Vec<String>,
}

/// What a run emits and costs, beyond the grams of its sum.
#[derive(Clone, Debug, Default)]
pub struct Footprint {
    /// The least and the most that its grams can be, if a part of its energy is estimated.
    pub range: Option<(GramsCo2e, GramsCo2e)>,
    /// The lowest and the highest intensity, if it changed.
    pub intensities: Option<(GramsPerKwh, GramsPerKwh)>,
    /// What its energy costs, with what is drawn beyond it.
    pub cost: Option<Money>,
    /// Its share of making the hardware, and what that assumes.
    pub embodied: Option<(Range, Assumed)>,
}

impl Report {
    fn energy(&self) -> Option<Microjoules> {
        self.sum.share.energy.total()
    }

    /// As plain values, of which every shape is made.
    pub fn document(&self) -> Document {
        let joules = |energy: Option<Microjoules>| energy.map(Microjoules::joules);
        let energy = self.energy();
        let held = self.sum.share.energy.gpu.map(|_| self.sum.share.held);
        let footprint = &self.footprint;
        let embodied = footprint.embodied;
        Document {
            schema: SCHEMA,
            command: self.command.clone(),
            exit_code: self.exit_code,
            signal: self.signal,
            watched: self.watched.clone(),
            wall_seconds: self.wall.as_secs_f64(),
            cpu_seconds: self.sum.share.cpu_time.as_secs_f64(),
            energy_joules: joules(energy),
            energy_joules_range: self.range.map(|(least, most)| [least.joules(), most.joules()]),
            cpu_energy_joules: joules(self.sum.share.energy.cpu),
            dram_energy_joules: joules(self.sum.share.energy.dram),
            gpu_energy_joules: joules(self.sum.share.energy.gpu),
            gpu_seconds: self.sum.share.gpu_time.map(|time| time.as_secs_f64()),
            gpu_held_idle_joules: held.map(|held| held.energy.joules()),
            gpu_held_idle_seconds: held.map(|held| held.time.as_secs_f64()),
            rest_energy_joules: joules(self.sum.share.energy.rest),
            waste_joules: joules(waste::total(&self.findings)),
            machine_energy_joules: joules(self.machine),
            mean_power_watts: energy.and_then(|e| e.over(self.wall)).map(|watts| watts.0),
            peak_power_watts: self.peak.map(|watts| watts.0),
            co2e_grams: energy.map(|_| self.sum.grams.0),
            zone: self.intensity.zone.clone(),
            intensity: self.intensity.value.grams_per_kwh(),
            intensity_unit: "gCO2e/kWh".into(),
            intensity_basis: self.intensity.basis.clone(),
            intensity_range: footprint.intensities.map(|(least, most)| [least.0, most.0]),
            intensity_scope: self.intensity.scope,
            intensity_type: self.intensity.kind,
            intensity_estimated: self.intensity.estimated,
            intensity_fall_back: self.intensity.fall_back.clone(),
            pue: self.intensity.factors.pue,
            overhead: self.intensity.factors.overhead,
            co2e_grams_range: footprint.range.map(|(least, most)| [least.0, most.0]),
            equivalents: energy.map_or_else(Vec::new, |_| equivalent::of(self.sum.grams)),
            cost: footprint.cost,
            embodied_co2e_grams: embodied.map(|(range, _)| range.likely.0),
            embodied_co2e_grams_range: embodied.map(|(range, _)| [range.least.0, range.most.0]),
            embodied_hardware: embodied.map(|(_, assumed)| assumed.hardware),
            embodied_guessed: embodied.is_some_and(|(_, assumed)| assumed.guessed),
            embodied_lifetime_seconds: embodied.map(|(_, it)| it.lifetime.as_secs_f64()),
            processes: self.processes,
            probe: self.probe,
            // A share of a measurement is attributed.
            quality: self.quality.max(Quality::Attributed),
            idle_policy: self.idle_policy,
            static_basis: self.basis,
            static_energy_joules: joules(self.fixed),
            meters: self.meters.clone(),
            pools: self.pools.clone(),
            place: self.place.clone(),
            budget: self.budget.clone(),
            phases: self.phases.clone(),
            findings: self.findings.iter().map(FindingRecord::of).collect(),
            lost: self.lost,
            missed_cpu_seconds: self.missed.as_secs_f64(),
            warnings: self.warnings.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

impl Document {
    /// In one of the shapes. CodeCarbon's has a header if it is wanted.
    pub fn render(&self, format: Format, header: bool) -> anyhow::Result<Vec<u8>> {
        Ok(match format {
            Format::Text => text::text(self).into_bytes(),
            Format::Json => (serde_json::to_string(self)? + "\n").into_bytes(),
            Format::Csv => self.csv()?,
            Format::Markdown => markdown::markdown(self).into_bytes(),
            Format::Latex => latex::latex(self).into_bytes(),
            Format::Codecarbon => codecarbon::lines(self, header)?,
        })
    }

    /// A few aligned lines.
    pub fn text(&self) -> String {
        text::text(self)
    }

    /// Two lines: names and values.
    fn csv(&self) -> anyhow::Result<Vec<u8>> {
        let object = serde_json::to_value(self)?;
        let mut writer = csv::Writer::from_writer(Vec::new());
        let fields: Vec<_> = object.as_object().into_iter().flatten().collect();
        writer.write_record(fields.iter().map(|(name, _)| name.as_str()))?;
        writer.write_record(fields.iter().map(|(_, value)| match value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        }))?;
        Ok(writer.into_inner()?)
    }
}

#[cfg(test)]
mod tests;
