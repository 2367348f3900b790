//! The report of a measured command: as text for people, as JSON and CSV for scripts.
//!
//! It carries what a reader needs to judge the number: how power was known, which
//! grid was assumed, what was not seen.

use std::{fmt::Write as _, time::Duration};

use serde::Serialize;

use super::{
    figure::{self, Units},
    fixed,
};
use crate::{
    attribute::IdlePolicy,
    carbon::{
        self, Intensity,
        embodied::{Assumed, Range},
        equivalent::{self, Equivalent},
        footprint::Factors,
    },
    frame::{Basis, Quality, Share},
    ledger::Sum,
    sample::{Lost, ProbeKind},
    units::{GramsCo2e, GramsPerKwh, Microjoules, Money, Watts},
};

/// What a command used.
#[derive(Clone, Debug)]
pub struct Report {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// As `jouletop run` will exit.
    pub exit_code: u8,
    /// The signal that ended it.
    pub signal: Option<i32>,
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

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    command: &'a [String],
    exit_code: u8,
    signal: Option<i32>,
    wall_seconds: f64,
    cpu_seconds: f64,
    energy_joules: Option<f64>,
    energy_joules_range: Option<[f64; 2]>,
    cpu_energy_joules: Option<f64>,
    dram_energy_joules: Option<f64>,
    gpu_energy_joules: Option<f64>,
    gpu_seconds: Option<f64>,
    gpu_held_idle_joules: Option<f64>,
    gpu_held_idle_seconds: Option<f64>,
    rest_energy_joules: Option<f64>,
    machine_energy_joules: Option<f64>,
    mean_power_watts: Option<f64>,
    peak_power_watts: Option<f64>,
    co2e_grams: Option<f64>,
    zone: Option<&'a str>,
    intensity: f64,
    intensity_unit: &'static str,
    intensity_basis: &'a carbon::Basis,
    intensity_range: Option<[f64; 2]>,
    intensity_scope: Option<carbon::Scope>,
    intensity_type: Option<carbon::Kind>,
    intensity_estimated: bool,
    intensity_fall_back: Option<&'a str>,
    /// `co2e_grams`, its range and `cost` have both of these in them.
    #[serde(flatten)]
    factors: Factors,
    co2e_grams_range: Option<[f64; 2]>,
    equivalents: Vec<Equivalent>,
    cost: Option<Money>,
    /// Never in `co2e_grams`.
    embodied_co2e_grams: Option<f64>,
    embodied_co2e_grams_range: Option<[f64; 2]>,
    embodied_hardware: Option<&'static str>,
    embodied_lifetime_seconds: Option<f64>,
    processes: usize,
    probe: &'static str,
    quality: &'static str,
    idle_policy: &'static str,
    static_basis: Option<&'static str>,
    meters: &'a str,
    lost: Lost,
    missed_cpu_seconds: f64,
    warnings: &'a [String],
    version: &'static str,
}

impl Report {
    fn energy(&self) -> Option<Microjoules> {
        self.sum.share.energy.total()
    }

    /// A share of a measurement is attributed.
    fn quality(&self) -> Quality {
        self.quality.max(Quality::Attributed)
    }

    /// One JSON object, on one line.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(&self.document())
    }

    /// Two lines of CSV: names and values.
    pub fn csv(&self) -> anyhow::Result<Vec<u8>> {
        let object = serde_json::to_value(self.document())?;
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

    fn document(&self) -> Document<'_> {
        let joules = |energy: Option<Microjoules>| energy.map(Microjoules::joules);
        let energy = self.energy();
        let held = self.sum.share.energy.gpu.map(|_| self.sum.share.held);
        let footprint = &self.footprint;
        let embodied = footprint.embodied;
        Document {
            schema: 1,
            command: &self.command,
            exit_code: self.exit_code,
            signal: self.signal,
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
            machine_energy_joules: joules(self.machine),
            mean_power_watts: energy.and_then(|e| e.over(self.wall)).map(|watts| watts.0),
            peak_power_watts: self.peak.map(|watts| watts.0),
            co2e_grams: energy.map(|_| self.sum.grams.0),
            zone: self.intensity.zone.as_deref(),
            intensity: self.intensity.value.0,
            intensity_unit: "gCO2e/kWh",
            intensity_basis: &self.intensity.basis,
            intensity_range: footprint.intensities.map(|(least, most)| [least.0, most.0]),
            intensity_scope: self.intensity.scope,
            intensity_type: self.intensity.kind,
            intensity_estimated: self.intensity.estimated,
            intensity_fall_back: self.intensity.fall_back.as_deref(),
            factors: self.intensity.factors,
            co2e_grams_range: footprint.range.map(|(least, most)| [least.0, most.0]),
            equivalents: energy.map_or_else(Vec::new, |_| equivalent::of(self.sum.grams)),
            cost: footprint.cost,
            embodied_co2e_grams: embodied.map(|(range, _)| range.likely.0),
            embodied_co2e_grams_range: embodied.map(|(range, _)| [range.least.0, range.most.0]),
            embodied_hardware: embodied.map(|(_, assumed)| assumed.hardware.as_str()),
            embodied_lifetime_seconds: embodied.map(|(_, it)| it.lifetime.as_secs_f64()),
            processes: self.processes,
            probe: self.probe.as_str(),
            quality: self.quality().as_str(),
            idle_policy: self.idle_policy.as_str(),
            static_basis: self.basis.map(Basis::as_str),
            meters: &self.meters,
            lost: self.lost,
            missed_cpu_seconds: self.missed.as_secs_f64(),
            warnings: &self.warnings,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// A few aligned lines.
    pub fn text(&self) -> String {
        let mark = self.quality().mark();
        let units = Units::Joules;
        let energy = self.energy();
        let with = |number: String, unit: &str| {
            if number == figure::ABSENT { number } else { format!("{mark}{number} {unit}") }
        };
        let joules = |energy| with(units.energy(energy), "J");
        let watts = |watts| with(units.power(watts), "W");
        let mass = figure::mass(energy.map(|_| self.sum.grams));
        let mass = if energy.is_some() { format!("{mark}{mass}") } else { mass };
        let pools = self.sum.share.energy;
        let rest = pools.rest.map(|rest| format!(", rest of machine {}", joules(Some(rest))));
        let rest = rest.unwrap_or_default();
        let ending = match self.signal {
            Some(signal) => format!("ended by signal {signal}"),
            None => format!("exit code {}", self.exit_code),
        };
        let wall = figure::duration(self.wall);
        let cpu = figure::duration(self.sum.share.cpu_time);
        let range = self.range.map_or_else(String::new, |(least, most)| {
            format!(", between {} and {} J", units.energy(Some(least)), units.energy(Some(most)))
        });
        let gpus = self.of_gpus();
        let lines = [
            (
                "energy",
                format!(
                    "{}{range}  (CPU {}, DRAM {}, GPU {}{rest})",
                    joules(energy),
                    joules(pools.cpu),
                    joules(pools.dram),
                    joules(pools.gpu)
                ),
            ),
            ("emissions", self.of_emissions(&mass)),
            (
                "power",
                format!(
                    "{} mean, {} peak",
                    watts(energy.and_then(|e| e.over(self.wall))),
                    watts(self.peak)
                ),
            ),
            ("time", format!("{wall} wall, {cpu} CPU, {} processes, {ending}", self.processes)),
            ("static", self.of_static()),
            ("measured", format!("{}; CPU time by {}", self.meters, self.probe.title())),
        ];
        let command = figure::printable(&self.command.join(" "));
        let mut text = format!("jouletop: {command}\n");
        let gpus = gpus.map(|words| ("gpu", words));
        for (name, value) in lines.into_iter().chain(self.of_footprint()).chain(gpus) {
            let _ = writeln!(text, "  {name:<10} {value}");
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "  note       {}", figure::printable(warning));
        }
        if self.lost != Lost::default() || !self.missed.is_zero() {
            let Lost { events, slices, malformed } = self.lost;
            let missed = figure::duration(self.missed);
            let _ = writeln!(
                text,
                "  not seen   {missed} of CPU time on the whole machine, {events} events, \
                 {slices} slices, {malformed} records"
            );
        }
        text
    }

    /// Time on GPUs, and what was drawn while they were held and not used.
    fn of_gpus(&self) -> Option<String> {
        let Share { gpu_time, held, energy, .. } = self.sum.share;
        // A command that was on no GPU has nothing to tell of them.
        energy.gpu.filter(|energy| energy.0 > 0 || gpu_time.is_some() || !held.time.is_zero())?;
        let used = gpu_time.map_or_else(
            || "time on GPUs is not told".to_owned(),
            |time| format!("{} on GPUs", figure::duration(time)),
        );
        if held.time.is_zero() {
            return Some(used);
        }
        let joules = Units::Joules.energy(Some(held.energy));
        let time = figure::duration(held.time);
        Some(format!("{used}; held idle for {time}, {joules} J of the energy"))
    }

    /// Grams, how far they can be off, and the grid.
    fn of_emissions(&self, mass: &str) -> String {
        let range = self.footprint.range.map_or_else(String::new, |(least, most)| {
            format!(", between {} and {}", figure::mass(Some(least)), figure::mass(Some(most)))
        });
        let grids = self.footprint.intensities.map_or_else(String::new, |(least, most)| {
            format!("the mean of {:.0} to {:.0}; at the end ", least.0, most.0)
        });
        format!("{mass}{range}  ({grids}{})", figure::printable(&self.intensity.label()))
    }

    /// The same in other words, in money, and in hardware.
    fn of_footprint(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        if let Some(words) = self.energy().and_then(|_| equivalent::words(self.sum.grams)) {
            lines.push(("as much as", words));
        }
        if let Some(cost) = &self.footprint.cost {
            lines.push(("cost", format!("{}{cost}", self.quality().mark())));
        }
        if let Some((Range { least, likely, most }, assumed)) = &self.footprint.embodied {
            let [least, likely, most] = [least, likely, most].map(|it| figure::mass(Some(*it)));
            let guessed =
                if assumed.guessed { ", a guess; name it, as in --embodied=laptop" } else { "" };
            let years = assumed.lifetime.as_secs_f64() / 86_400.0 / 365.0;
            let hardware = assumed.hardware.as_str();
            lines.push((
                "embodied",
                format!(
                    "~{likely} of making a {hardware}{guessed}, between {least} and {most}; over \
                     {years:.1} years; not in the emissions"
                ),
            ));
        }
        lines
    }

    /// What the energy holds of static power.
    fn of_static(&self) -> String {
        let paid = match self.idle_policy {
            IdlePolicy::None => "none of it is in the energy",
            IdlePolicy::Proportional => "in the energy in proportion to what ran",
            IdlePolicy::Equal => "in the energy, the same for every process that ran",
        };
        let known = match self.basis {
            None | Some(Basis::Unknown) => "not known",
            Some(Basis::Capacity) => "not known, the share of unused capacity stands in",
            Some(known) => fixed::source(known),
        };
        format!("{known}; {paid} (idle policy {})", self.idle_policy.as_str())
    }
}
