//! What measured an interval, and by which rules it was divided: the ground under its figures.

use std::time::Duration;

use super::{
    columns::Line,
    figure::{self, Units, printable},
    fixed,
};
use crate::{
    attribute::IdlePolicy,
    carbon::{Intensity, Kind, Scope},
    frame::{Frame, MeterFrame, Quality},
    sample::{ProbeKind, Weight},
};

/// One line for the probe, each meter, the weight, the idle policy and the grid.
pub fn lines(frame: &Frame, intensity: &Intensity, units: Units) -> Vec<Line> {
    let probe = format!("{}: {}", frame.probe.title(), probe(frame.probe));
    let mut lines = vec![Line::new("probe", String::new(), probe)];
    lines.extend(frame.meters.iter().map(|meter| of_meter(frame, meter, units)));
    let learned = if frame.learned { ", times the learned draw of each program" } else { "" };
    let weight = format!("CPU energy follows {}{learned}", weight(frame.weight));
    lines.push(Line::new("weight", String::new(), weight));
    let policy = format!("{}: {}", frame.idle_policy.as_str(), policy(frame.idle_policy));
    lines.push(Line::new("static power", String::new(), policy));
    lines.push(Line::new("grid", String::new(), grid(intensity)));
    lines
}

fn probe(probe: ProbeKind) -> &'static str {
    match probe {
        ProbeKind::Bpf => "every switch is counted in the kernel, so no process is missed",
        ProbeKind::Proc => "read once an interval, so that what lives shorter is missed",
        ProbeKind::Simulated => "a scenario, in which nothing is measured",
    }
}

/// The power of a meter, how good it is, its route, and what is known of its static power.
fn of_meter(frame: &Frame, meter: &MeterFrame, units: Units) -> Line {
    let watts = meter.energy.and_then(|energy| energy.over(frame.interval));
    let number = units.power(watts);
    let known = number != figure::ABSENT;
    let figure = if known {
        format!("{}{number} {}", meter.quality.mark(), units.power_symbol())
    } else {
        number
    };
    let mut words = vec![format!("{}, {}", meter.quality.as_str(), meter.source)];
    if let Some((least, most)) = meter.power_range(frame.interval) {
        let range = figure::range(units, least, most);
        words.push(format!("from {range} {}", units.power_symbol()));
    }
    if let Some(pool) = frame.pool(&meter.id) {
        words.push(format!("divided with {} confidence", pool.confidence().as_str()));
        words.push(fixed::words(pool, units));
    }
    if meter.quality == Quality::Absent || meter.energy.is_none() {
        words.extend(meter.note.clone());
    }
    Line::new(printable(&meter.id), figure, printable(&words.join("; ")))
}

fn weight(weight: Weight) -> &'static str {
    match weight {
        Weight::Time => "CPU time",
        Weight::Smt => "CPU time, less of it beside a busy neighbour on the core",
        Weight::Frequency => "CPU time, more of it at a higher clock",
        Weight::SmtFrequency => "CPU time, by the neighbour on the core and by the clock",
        Weight::Cycles => "cycles",
    }
}

fn policy(policy: IdlePolicy) -> &'static str {
    match policy {
        IdlePolicy::None => {
            "no process pays it, (idle) has it; a GPU held and not used is its holder's"
        }
        IdlePolicy::Proportional => "who runs pays it, in proportion",
        IdlePolicy::Equal => "who runs pays it, each the same",
    }
}

/// The whole label, and what is counted.
fn grid(intensity: &Intensity) -> String {
    let kind = match intensity.kind {
        Some(Kind::Average) => "average of all plants",
        Some(Kind::Marginal) => "of the plants that more demand would bring up",
        None => "of which plants is not told",
    };
    let scope = match intensity.scope {
        Some(Scope::LifeCycle) => "over their whole life",
        Some(Scope::Direct) => "only what leaves the chimney",
        None => "what it counts is not told",
    };
    printable(&format!("{}; {kind}, {scope}", intensity.label()))
}

/// How long ago something began, where the frame's clock knows: `3m07s ago, 2026-03-02 14:00Z`.
pub fn began(frame: &Frame, start_ns: u64) -> Option<String> {
    let age = frame.boottime.checked_sub(Duration::from_nanos(start_ns))?;
    let at = frame.time.checked_sub(age).ok()?;
    Some(format!("{} ago, {}", figure::duration(age), at.strftime("%Y-%m-%d %H:%MZ")))
}
