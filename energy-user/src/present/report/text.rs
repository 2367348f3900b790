//! The report as a few aligned lines, for people.

use std::fmt::Write as _;

use super::{
    document::{Document, seconds},
    facts,
};
use crate::{
    attribute::IdlePolicy,
    carbon::equivalent,
    frame::Basis,
    present::{
        figure::{self, Units},
        fixed,
    },
    sample::Lost,
    units::{GramsCo2e, Microjoules, Watts},
};

/// So many phases are shown; JSON has them all.
pub const MOST_PHASES: usize = 50;

/// So many findings are shown; JSON has them all.
pub const MOST_FINDINGS: usize = 20;

/// What is said of those that are not shown.
pub fn more_findings(document: &Document) -> Option<String> {
    let more = document.findings.len().checked_sub(MOST_FINDINGS).filter(|more| *more > 0)?;
    Some(format!("{more} more, which --json shows"))
}

/// What findings call wasted, and its part of the energy; none where nothing was found.
pub fn of_waste(document: &Document, show: impl Fn(Option<f64>) -> String) -> Option<String> {
    let count = document.findings.len();
    if count == 0 {
        return None;
    }
    let s = if count == 1 { "" } else { "s" };
    let Some(joules) = document.waste_joules else {
        return Some(format!("n/a; of {count} finding{s}, none has energy that is known"));
    };
    let part = document.energy_joules.filter(|energy| *energy > 0.0).map(|it| joules / it * 100.0);
    let part = part.map_or_else(String::new, |part| format!(" ({part:.0} %)"));
    let mark = document.quality.mark();
    Some(format!("{mark}{}{part}, by {count} finding{s}", show(Some(joules))))
}

/// What is said of those that are not shown.
pub fn more_phases(document: &Document) -> Option<String> {
    let more = document.phases.len().checked_sub(MOST_PHASES).filter(|more| *more > 0)?;
    Some(format!("{more} more, which --json shows"))
}

/// A few aligned lines.
pub fn text(document: &Document) -> String {
    let watched = document.watched.as_ref();
    let lines = [
        ("covers", watched.map(|watched| figure::printable(&watched.covers()))),
        ("energy", Some(of_energy(document))),
        (
            "of which",
            of_waste(document, |it| energy(it) + " J").map(|words| format!("waste: {words}")),
        ),
    ];
    let lines = lines.into_iter().filter_map(|(name, words)| Some((name, words?)));
    let lines = lines.chain([
        ("emissions", of_emissions(document)),
        ("power", of_power(document)),
        ("time", of_time(document)),
        ("static", of_static(document)),
        (
            "measured",
            figure::printable(&format!(
                "{}; CPU time by {}",
                document.meters,
                document.probe.title()
            )),
        ),
    ]);
    let command = figure::printable(&document.title());
    let mut text = format!("jouletop: {command}\n");
    let gpus = of_gpus(document).map(|words| ("gpu", words));
    for (name, value) in lines.chain(of_footprint(document)).chain(gpus) {
        let _ = writeln!(text, "  {name:<10} {value}");
    }
    for phase in document.phases.iter().take(MOST_PHASES) {
        let phase = figure::printable(&facts::of_phase(document, phase));
        let _ = writeln!(text, "  phase      {phase}");
    }
    if let Some(more) = more_phases(document) {
        let _ = writeln!(text, "  phase      {more}");
    }
    for finding in document.findings.iter().take(MOST_FINDINGS) {
        for (at, line) in finding.lines().iter().enumerate() {
            let (name, indent) = if at == 0 { ("finding", "") } else { ("", "  ") };
            let _ = writeln!(text, "  {name:<10} {indent}{line}");
        }
    }
    if let Some(more) = more_findings(document) {
        let _ = writeln!(text, "  finding    {more}");
    }
    if let Some(watched) = watched {
        let unknown = figure::printable(&watched.unknown.join(", "));
        let _ = writeln!(text, "  not known  {unknown}");
    }
    for warning in &document.warnings {
        let _ = writeln!(text, "  note       {}", figure::printable(warning));
    }
    let missed = seconds(document.missed_cpu_seconds);
    if document.lost != Lost::default() || !missed.is_zero() {
        let Lost { events, slices, malformed } = document.lost;
        let missed = figure::duration(missed);
        let _ = writeln!(
            text,
            "  not seen   {missed} of CPU time on the whole machine, {events} events, {slices} \
             slices, {malformed} records"
        );
    }
    text
}

fn with(document: &Document, number: String, unit: &str) -> String {
    let mark = document.quality.mark();
    if number == figure::ABSENT { number } else { format!("{mark}{number} {unit}") }
}

fn energy(joules: Option<f64>) -> String {
    Units::Joules.energy(joules.map(Microjoules::from_joules))
}

fn of_energy(document: &Document) -> String {
    let joules = |joules| with(document, energy(joules), "J");
    let range = document.energy_joules_range.map_or_else(String::new, |[least, most]| {
        format!(", between {} and {} J", energy(Some(least)), energy(Some(most)))
    });
    let rest = document.rest_energy_joules;
    let rest = rest.map(|rest| format!(", rest of machine {}", joules(Some(rest))));
    format!(
        "{}{range}  (CPU {}, DRAM {}, GPU {}{})",
        joules(document.energy_joules),
        joules(document.cpu_energy_joules),
        joules(document.dram_energy_joules),
        joules(document.gpu_energy_joules),
        rest.unwrap_or_default()
    )
}

/// Grams, how far they can be off, and the grid.
fn of_emissions(document: &Document) -> String {
    let mass = |grams: Option<f64>| figure::mass(grams.map(GramsCo2e));
    let mark = if document.co2e_grams.is_some() { document.quality.mark() } else { "" };
    let range = document.co2e_grams_range.map_or_else(String::new, |[least, most]| {
        format!(", between {} and {}", mass(Some(least)), mass(Some(most)))
    });
    let grids = document.intensity_range.map_or_else(String::new, |[least, most]| {
        format!("the mean of {least:.0} to {most:.0}; at the end ")
    });
    let label = figure::printable(&document.grid().label());
    format!("{mark}{}{range}  ({grids}{label})", mass(document.co2e_grams))
}

fn of_power(document: &Document) -> String {
    let watts = |watts: Option<f64>| with(document, Units::Joules.power(watts.map(Watts)), "W");
    format!("{} mean, {} peak", watts(document.mean_power_watts), watts(document.peak_power_watts))
}

fn of_time(document: &Document) -> String {
    let ending = document.ending();
    let wall = figure::duration(document.wall());
    let cpu = figure::duration(seconds(document.cpu_seconds));
    format!("{wall} wall, {cpu} CPU, {} processes, {ending}", document.processes)
}

/// Time on GPUs, and what was drawn while they were held and not used.
fn of_gpus(document: &Document) -> Option<String> {
    let drew = document.gpu_energy_joules?;
    let held = seconds(document.gpu_held_idle_seconds.unwrap_or_default());
    // A command that was on no GPU has nothing to tell of them.
    if drew <= 0.0 && document.gpu_seconds.is_none() && held.is_zero() {
        return None;
    }
    let used = document.gpu_seconds.map_or_else(
        || "time on GPUs is not told".to_owned(),
        |time| format!("{} on GPUs", figure::duration(seconds(time))),
    );
    if held.is_zero() {
        return Some(used);
    }
    let joules = energy(document.gpu_held_idle_joules);
    let time = figure::duration(held);
    Some(format!("{used}; held idle for {time}, {joules} J of the energy"))
}

/// The same in other words, in money, and in hardware.
fn of_footprint(document: &Document) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(words) = document.co2e_grams.and_then(|it| equivalent::words(GramsCo2e(it))) {
        lines.push(("as much as", words));
    }
    if let Some(cost) = &document.cost {
        lines.push(("cost", format!("{}{cost}", document.quality.mark())));
    }
    lines.extend(of_budget(document).map(|words| ("budget", words)));
    lines.extend(of_making(document).map(|words| ("embodied", words)));
    lines
}

/// How much of its budget is used.
pub fn of_budget(document: &Document) -> Option<String> {
    let spent = document.budget.as_ref()?;
    let mark = document.quality.mark();
    let used = spent.used.map(|used| format!("{mark}{} %", figure::figure(Some(used * 100.0))));
    let stopped = if spent.stopped { ", which ended it" } else { "" };
    Some(format!("{} of {}{stopped}", used.as_deref().unwrap_or(figure::ABSENT), spent.limit))
}

/// Its share of making the hardware.
pub fn of_making(document: &Document) -> Option<String> {
    let likely = document.embodied_co2e_grams?;
    let [least, most] = document.embodied_co2e_grams_range?;
    let [least, likely, most] =
        [least, likely, most].map(|grams| figure::mass(Some(GramsCo2e(grams))));
    let hardware = document.embodied_hardware?.as_str();
    let guessed =
        if document.embodied_guessed { ", a guess; name it, as in --embodied=laptop" } else { "" };
    let years = document.embodied_lifetime_seconds? / 86_400.0 / 365.0;
    Some(format!(
        "~{likely} of making a {hardware}{guessed}, between {least} and {most}; over {years:.1} \
         years; not in the emissions"
    ))
}

/// What the energy holds of static power.
pub fn of_static(document: &Document) -> String {
    let paid = match document.idle_policy {
        IdlePolicy::None => "none of it is in the energy",
        IdlePolicy::Proportional => "in the energy in proportion to what ran",
        IdlePolicy::Equal => "in the energy, the same for every process that ran",
    };
    let known = match document.static_basis {
        None | Some(Basis::Unknown) => "not known",
        Some(Basis::Capacity) => "not known, the share of unused capacity stands in",
        Some(known) => fixed::source(known),
    };
    format!("{known}; {paid} (idle policy {})", document.idle_policy.as_str())
}
