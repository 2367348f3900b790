//! What a paper or a model card needs: one sentence, and a table of everything beside it.
//!
//! Plain words without any markup; whoever writes Markdown or LaTeX escapes them. Every number of
//! energy and emissions stands with how it is known; what is not known is `n/a`, never zero.

use super::{
    document::{Document, Phase, seconds},
    text,
};
use crate::{
    carbon::{Basis, Kind, Scope},
    frame::Quality,
    present::figure,
    units::GramsCo2e,
};

/// What stands for what is not known.
const ABSENT: &str = "n/a";

/// The sentence around the command: before it, and after.
pub fn sentence(document: &Document) -> (String, String) {
    let mark = document.quality.mark();
    let pools = pools(document)
        .into_iter()
        .filter_map(|(name, joules)| Some(format!("{name} {mark}{}", energy(Some(joules?)))))
        .collect::<Vec<_>>()
        .join(", ");
    let pools = if pools.is_empty() { pools } else { format!("{pools}; ") };
    let known = match document.quality {
        Quality::Absent => format!("energy is not known: {}", document.meters),
        Quality::Estimated => format!("estimated: {}", document.meters),
        Quality::Measured | Quality::Attributed => format!("measured by {}", document.meters),
    };
    let probe = document.probe.title();
    let after = format!(
        " used {} ({pools}{known}; attributed, CPU time by {probe}) and emitted {} ({}), in \
         {} on {}; jouletop {}.",
        marked(mark, energy(document.energy_joules)),
        marked(mark, mass(document.co2e_grams)),
        grid(document),
        figure::duration(document.wall()),
        hardware(document),
        document.version
    );
    let before = if document.watched.is_some() { "While it was watched, " } else { "The run of " };
    (before.into(), after)
}

/// Names and values.
pub fn rows(document: &Document) -> Vec<(&'static str, String)> {
    let mark = document.quality.mark();
    let quality = document.quality.as_str();
    let covers = document.watched.as_ref().map(|watched| ("Covers", watched.covers()));
    let mut rows: Vec<_> = covers.into_iter().collect();
    rows.push(("Energy", of_energy(document)));
    rows.extend(text::of_waste(document, energy).map(|words| ("Of which waste", words)));
    for ((name, joules), pool) in pools(document).into_iter().zip(["cpu", "dram", "gpu", "rest"]) {
        rows.push((name, of_pool(document, joules, pool)));
    }
    let fixed = marked(mark, energy(document.static_energy_joules));
    rows.push(("Static share", format!("{fixed} ({quality}); {}", text::of_static(document))));
    let whole = marked(mark, energy(document.machine_energy_joules));
    // A share of a measurement is attributed; the whole of it is measured.
    let known = match document.quality {
        Quality::Measured | Quality::Attributed => Quality::Measured,
        other => other,
    };
    rows.push(("Whole machine meanwhile", format!("{whole} ({})", known.as_str())));
    let watts = |watts: Option<f64>| {
        marked(mark, watts.map_or_else(absent, |it| format!("{} W", figure::figure(Some(it)))))
    };
    let (mean, peak) = (watts(document.mean_power_watts), watts(document.peak_power_watts));
    rows.push(("Power", format!("{mean} mean, {peak} peak ({quality})")));
    let cpu = format!("{}; by {}", hours(document.cpu_seconds), document.probe.title());
    rows.push(("CPU-hours", cpu));
    rows.push(("GPU-hours", of_gpu_time(document)));
    let range = between(document.co2e_grams_range, mass);
    let grams = marked(mark, mass(document.co2e_grams));
    rows.push(("Emissions", format!("{grams}{range} ({quality})")));
    rows.push(("Zone", document.zone.clone().unwrap_or_else(absent)));
    rows.push(("Carbon intensity", of_intensity(document)));
    rows.push(("PUE", document.pue.to_string()));
    rows.push(("Overhead", document.overhead.to_string()));
    if let Some(cost) = &document.cost {
        rows.push(("Cost", format!("{mark}{cost} ({quality})")));
    }
    rows.extend(text::of_budget(document).map(|words| ("Budget", words)));
    rows.extend(text::of_making(document).map(|words| ("Embodied", words)));
    let phases = document.phases.iter().take(text::MOST_PHASES);
    rows.extend(phases.map(|phase| ("Phase", of_phase(document, phase))));
    rows.extend(text::more_phases(document).map(|words| ("Phase", words)));
    rows.push(("Wall time", figure::duration(document.wall())));
    let started = document.place.started.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    rows.push(("Started", started.unwrap_or_else(absent)));
    rows.push(("Hardware", hardware(document)));
    let kernel = document.place.kernel.as_deref().unwrap_or(ABSENT);
    rows.push(("Versions", format!("jouletop {}, Linux {kernel}", document.version)));
    rows.push(("Processes", format!("{}; {}", document.processes, document.ending())));
    let findings = document.findings.iter().take(text::MOST_FINDINGS);
    rows.extend(findings.map(|finding| ("Finding", finding.lines().join("; "))));
    rows.extend(text::more_findings(document).map(|words| ("Finding", words)));
    if let Some(watched) = &document.watched {
        rows.push(("Not known", watched.unknown.join(", ")));
    }
    let missed = figure::duration(seconds(document.missed_cpu_seconds));
    let lost = document.lost;
    let not_seen = format!(
        "{missed} of CPU time on the whole machine, {} events, {} slices, {} records",
        lost.events, lost.slices, lost.malformed
    );
    rows.push(("Not seen", not_seen));
    rows.extend(document.warnings.iter().map(|warning| ("Note", warning.clone())));
    rows
}

fn absent() -> String {
    ABSENT.into()
}

/// A number of an estimate has its mark; what is absent has none.
fn marked(mark: &str, number: String) -> String {
    if number == ABSENT { number } else { format!("{mark}{number}") }
}

fn pools(document: &Document) -> [(&'static str, Option<f64>); 4] {
    [
        ("CPU", document.cpu_energy_joules),
        ("DRAM", document.dram_energy_joules),
        ("GPU", document.gpu_energy_joules),
        ("Rest of machine", document.rest_energy_joules),
    ]
}

/// Energy with the unit of its size.
pub fn energy(joules: Option<f64>) -> String {
    let Some(joules) = joules.filter(|joules| joules.is_finite()) else { return absent() };
    let (value, unit) = match joules {
        kwh if kwh >= 3.6e5 => (joules / 3.6e6, "kWh"),
        wh if wh >= 3.6e3 => (joules / 3.6e3, "Wh"),
        _ => (joules, "J"),
    };
    format!("{} {unit}", figure::figure(Some(value)))
}

fn mass(grams: Option<f64>) -> String {
    let grams = grams.filter(|grams| grams.is_finite());
    grams.map_or_else(absent, |grams| figure::mass(Some(GramsCo2e(grams))))
}

fn hours(time: f64) -> String {
    format!("{} h", figure::figure(Some(time / 3600.0)))
}

fn between(range: Option<[f64; 2]>, show: impl Fn(Option<f64>) -> String) -> String {
    range.map_or_else(String::new, |[least, most]| {
        format!(", between {} and {}", show(Some(least)), show(Some(most)))
    })
}

fn of_energy(document: &Document) -> String {
    let range = between(document.energy_joules_range, energy);
    let total = marked(document.quality.mark(), energy(document.energy_joules));
    format!("{total}{range} ({}; {})", document.quality.as_str(), document.meters)
}

/// Energy of a pool with its method and quality.
fn of_pool(document: &Document, joules: Option<f64>, name: &str) -> String {
    let (Some(joules), Some(pool)) = (joules, document.pool(name)) else {
        // An older report tells nothing of pools: then the whole's quality stands for them.
        let number = marked(document.quality.mark(), energy(joules));
        let told = joules.map(|_| format!(" ({})", document.quality.as_str()));
        return number + &told.unwrap_or_default();
    };
    format!(
        "{} ({}; meter {}; split by {}, confidence {})",
        marked(pool.quality.mark(), energy(Some(joules))),
        pool.quality.as_str(),
        pool.sources.join(", "),
        pool.split_by.join(", "),
        pool.confidence.as_str()
    )
}

/// A phase with its name, its pools and its time.
pub fn of_phase(document: &Document, phase: &Phase) -> String {
    let mark = document.quality.mark();
    let pools = [
        ("CPU", phase.cpu_energy_joules),
        ("DRAM", phase.dram_energy_joules),
        ("GPU", phase.gpu_energy_joules),
        ("rest of machine", phase.rest_energy_joules),
    ];
    let pools = pools
        .into_iter()
        .filter_map(|(name, joules)| Some(format!("{name} {mark}{}", energy(Some(joules?)))))
        .collect::<Vec<_>>()
        .join(", ");
    let pools = if pools.is_empty() { pools } else { format!(" ({pools})") };
    format!(
        "{}: {}{pools}, {}, {} wall ({})",
        phase.name.as_deref().unwrap_or("before the first mark"),
        marked(mark, energy(phase.energy_joules)),
        marked(mark, mass(phase.co2e_grams)),
        figure::duration(seconds(phase.wall_seconds)),
        document.quality.as_str()
    )
}

fn of_gpu_time(document: &Document) -> String {
    let used = document.gpu_seconds.map_or_else(absent, |time| format!("{} used", hours(time)));
    let held = document.gpu_held_idle_seconds.filter(|held| *held > 0.0);
    let held = held.map(|held| format!(", {} held idle", hours(held)));
    used + &held.unwrap_or_default()
}

/// What is counted, and of which plants.
fn counted(document: &Document) -> String {
    let scope = match document.intensity_scope {
        Some(Scope::LifeCycle) => "life-cycle",
        Some(Scope::Direct) => "direct",
        None => "scope not told",
    };
    let kind = match document.intensity_type {
        Some(Kind::Average) => "average",
        Some(Kind::Marginal) => "marginal",
        None => "type not told",
    };
    let estimated = if document.intensity_estimated { ", estimated" } else { "" };
    let stands_in = if document.intensity_fall_back.is_some() { ", stands in" } else { "" };
    format!("{scope}, {kind}{estimated}{stands_in}")
}

/// Of when.
fn time_of(document: &Document) -> String {
    match &document.intensity_basis {
        Basis::Given => "as given".into(),
        Basis::Scenario => "simulated".into(),
        Basis::Table { year, .. } => format!("yearly mean {year}"),
        Basis::WorldAverage { year, .. } => format!("mean of the world {year}"),
        Basis::Live { at, source, .. } => format!("{source} {}", at.strftime("%Y-%m-%dT%H:%MZ")),
    }
}

fn value_of(document: &Document) -> String {
    let mean = document
        .intensity_range
        .map_or_else(String::new, |[least, most]| format!(", the mean of {least:.0} to {most:.0}"));
    format!("{:.0} g/kWh{mean}", document.intensity)
}

/// The grid in brackets of a sentence.
fn grid(document: &Document) -> String {
    let zone = document.zone.as_deref().unwrap_or("not told");
    let (value, time, counted) = (value_of(document), time_of(document), counted(document));
    let overhead = match document.overhead {
        factor if factor > 1.0 => format!(", overhead {factor}"),
        _ => String::new(),
    };
    let beyond = format!("PUE {}{overhead}", document.pue);
    format!("zone {zone}, {value}, {time}, {counted}, {beyond}")
}

fn of_intensity(document: &Document) -> String {
    let source = match &document.intensity_basis {
        Basis::Table { source, name, .. } => format!("; {name}; {source}"),
        Basis::WorldAverage { source, .. } => format!("; {source}"),
        _ => String::new(),
    };
    let (value, time, counted) = (value_of(document), time_of(document), counted(document));
    format!("{value}, {time}, {counted}{source}")
}

fn hardware(document: &Document) -> String {
    let place = &document.place;
    let cpu = place.cpu_model.as_deref().unwrap_or("an unknown CPU");
    let cpus = place.cpus.map_or_else(String::new, |cpus| format!(" ({cpus} logical CPUs)"));
    let gpus = place.gpus.iter().map(|gpus| format!(", {} x {}", gpus.count, gpus.model));
    format!("{cpu}{cpus}{}", gpus.collect::<String>())
}
