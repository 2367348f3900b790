//! What a measurement came to, for people and as data.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::Measurement;
use crate::{
    frame::Energy,
    present::{
        columns::Line,
        figure::{self, Units},
    },
    tui::column::marked,
    units::{GramsCo2e, Microjoules, Money, Tariff, Watts},
};

/// A measurement that has ended.
#[derive(Clone, Debug)]
pub struct Card {
    measurement: Measurement,
    tariff: Option<Tariff>,
    zone: TimeZone,
}

/// The same as data: SI units in the names, null is absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CardRecord {
    /// Of this shape.
    pub schema: u32,
    /// What was measured.
    pub name: String,
    /// The moment it began.
    pub from: String,
    /// The moment it ended.
    pub to: String,
    /// Between them.
    pub elapsed_seconds: f64,
    /// Of it, the time in which a meter counted.
    pub metered_seconds: f64,
    /// All pools together.
    pub energy_joules: Option<f64>,
    /// Energy of CPU packages.
    pub cpu_energy_joules: Option<f64>,
    /// Energy of memory.
    pub dram_energy_joules: Option<f64>,
    /// Energy of GPUs.
    pub gpu_energy_joules: Option<f64>,
    /// Energy of the rest of the machine.
    pub rest_energy_joules: Option<f64>,
    /// Over the time in which a meter counted.
    pub mean_power_watts: Option<f64>,
    /// The highest mean of an interval.
    pub peak_power_watts: Option<f64>,
    /// Each interval at its own intensity.
    pub co2e_grams: Option<f64>,
    /// What the energy costs; null where nobody said what a kWh costs.
    pub cost: Option<Money>,
    /// Time on CPUs.
    pub cpu_seconds: f64,
    /// Time on GPUs; null where that is not told.
    pub gpu_seconds: Option<f64>,
    /// `attributed`, `estimated`, `absent`.
    pub quality: &'static str,
    /// A meter was missing for a while that had counted before.
    pub partial: bool,
}

impl Card {
    pub(super) fn of(measurement: Measurement, tariff: Option<Tariff>, zone: TimeZone) -> Self {
        Self { measurement, tariff, zone }
    }

    /// What was measured, and how.
    pub fn measurement(&self) -> &Measurement {
        &self.measurement
    }

    fn energy(&self) -> Option<Microjoules> {
        self.measurement.sum.share.energy.total()
    }

    fn mean(&self) -> Option<Watts> {
        self.energy().and_then(|energy| energy.over(self.measurement.metered))
    }

    fn grams(&self) -> Option<GramsCo2e> {
        self.energy().map(|_| self.measurement.sum.grams)
    }

    fn cost(&self) -> Option<Money> {
        let bought = self.energy().map(|_| self.measurement.sum.bought);
        Some(self.tariff?.of_joules(bought?))
    }

    /// As data.
    pub fn record(&self) -> CardRecord {
        let Measurement { name, from, to, elapsed, metered, sum, peak, partial, .. } =
            &self.measurement;
        let Energy { cpu, dram, gpu, rest } = sum.share.energy;
        let joules = |energy: Option<Microjoules>| energy.map(Microjoules::joules);
        CardRecord {
            schema: 1,
            name: name.clone(),
            from: from.to_string(),
            to: to.to_string(),
            elapsed_seconds: elapsed.as_secs_f64(),
            metered_seconds: metered.as_secs_f64(),
            energy_joules: joules(self.energy()),
            cpu_energy_joules: joules(cpu),
            dram_energy_joules: joules(dram),
            gpu_energy_joules: joules(gpu),
            rest_energy_joules: joules(rest),
            mean_power_watts: self.mean().map(|watts| watts.0),
            peak_power_watts: peak.map(|watts| watts.0),
            co2e_grams: self.grams().map(|grams| grams.0),
            cost: self.cost(),
            cpu_seconds: sum.share.cpu_time.as_secs_f64(),
            gpu_seconds: sum.share.gpu_time.map(|time| time.as_secs_f64()),
            quality: self.measurement.quality().as_str(),
            partial: *partial,
        }
    }

    /// The lines for people.
    pub fn lines(&self, units: Units) -> Vec<Line> {
        let Measurement { name, from, to, elapsed, metered, sum, peak, partial, .. } =
            &self.measurement;
        let quality = self.measurement.quality();
        let with = |number: String, symbol: &str| match marked(quality, number) {
            absent if absent == figure::ABSENT => absent,
            number => format!("{number} {symbol}"),
        };
        let energy = |energy| with(units.energy(energy), units.energy_symbol());
        let power = |watts| with(units.power(watts), units.power_symbol());
        let at = |time: &jiff::Timestamp| {
            let time = time.to_zoned_datetime(self.zone.clone());
            time.strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
        };
        let line = |name: &str, figure: String, words: &str| Line::new(name, figure, words);
        let mut lines = vec![
            Line::words(format!("Measured: {name}")).strong(),
            Line::words(format!("from {} to {}", at(from), at(to))),
            Line::default(),
            line("wall time", figure::duration(*elapsed), ""),
            line("energy", energy(self.energy()), "").strong(),
        ];
        let Energy { cpu, dram, gpu, rest } = sum.share.energy;
        for (pool, name) in [(cpu, "CPU"), (dram, "DRAM"), (gpu, "GPU"), (rest, "rest")] {
            if pool.is_some() {
                lines.push(line(&format!("  {name}"), energy(pool), ""));
            }
        }
        lines.extend([
            line("mean power", power(self.mean()), ""),
            line("peak power", power(*peak), "the highest mean of an interval"),
            line(
                "emissions",
                with(figure::grams(self.grams()), "gCO2e"),
                "each interval at its own intensity",
            ),
        ]);
        if let Some(cost) = self.cost() {
            lines.push(line("cost", format!("{}{cost}", quality.mark()), ""));
        }
        lines.push(line("CPU time", figure::duration(sum.share.cpu_time), ""));
        if gpu.is_some() {
            let time = sum.share.gpu_time.map_or(figure::ABSENT.into(), figure::duration);
            lines.push(line("GPU time", time, "each GPU counted by itself"));
        }
        lines.push(line("quality", quality.as_str().into(), ""));
        let missed: Duration = elapsed.saturating_sub(*metered);
        if !missed.is_zero() {
            let words =
                format!("For {} no meter counted: not in these figures.", figure::duration(missed));
            lines.extend([Line::default(), Line::words(words)]);
        }
        if *partial {
            let words = "A meter was missing for a while: the figures are too low.";
            lines.push(Line::words(words));
        }
        lines
    }
}
