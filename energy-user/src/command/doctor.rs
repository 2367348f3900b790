//! `doctor`: what can be measured here, by which route, what is missing, the remedy.
//!
//! It opens what a measurement would open, so that it never promises what the
//! kernel then refuses.

use std::{fmt::Write as _, process::ExitCode, time::Duration};

use serde::Serialize;

use super::{Usage, output::Output};
use crate::{
    carbon::{self, Intensity, footprint::Factors, live::TIMEOUT, prices::Prices as _},
    cli::Global,
    clock, gpu,
    host::{self, Host},
    live::{ASK_DOCTOR, Live},
    meter::{Meters, instrument::Facts},
    present::{
        columns::{self, Line, WIDTH},
        figure::{self, printable},
    },
    probe::bpf::cost::{self, Cost},
    sample::{self, MeterReading, ProbeKind, Reading, Role},
    session::Source as _,
    topology::Topology,
};

/// What was found.
#[derive(Serialize)]
struct Findings {
    schema: u32,
    version: &'static str,
    host: Host,
    probe: Option<ProbeKind>,
    notes: Vec<String>,
    probe_cost: Option<Cost>,
    /// What is counted.
    meters: Vec<MeterFinding>,
    /// What is shown beside the total.
    checks: Vec<MeterFinding>,
    /// What was found and is not used.
    left_out: Vec<LeftOut>,
    gpus: Vec<gpu::Finding>,
    /// Why there are no more of them.
    gpu_notes: Vec<String>,
    /// Where static power is known from.
    static_power: String,
    estimate: String,
    intensity: Intensity,
    /// Since when a service's figure holds.
    intensity_age_seconds: Option<f64>,
    remedies: Vec<String>,
}

#[derive(Serialize)]
struct MeterFinding {
    id: String,
    source: String,
    state: &'static str,
    role: Role,
    /// What its figure includes.
    includes: String,
    /// Which file, event or register.
    at: Option<String>,
    note: Option<String>,
}

#[derive(Serialize)]
struct LeftOut {
    id: String,
    source: &'static str,
    at: String,
    why: String,
}

/// Tenths of a second to wait for it.
const FIRST_ANSWER: u32 = 70;

/// Looks and tells. Fails only if nothing at all could be measured.
pub fn doctor(global: &Global, probe_cost: bool) -> anyhow::Result<ExitCode> {
    let json = global.wants_json("doctor")?;
    let mut output = Output::open(global.output.as_deref())?;
    let roots = global.roots();
    let topology = Topology::read(&roots.sysfs, 1);
    let (cpu, estimate) = host::cpu(&roots.proc);
    let mut findings = Findings {
        schema: 1,
        version: env!("CARGO_PKG_VERSION"),
        host: Host::look(&topology, cpu.as_ref()),
        probe: None,
        notes: Vec::new(),
        probe_cost: None,
        meters: Vec::new(),
        checks: Vec::new(),
        left_out: Vec::new(),
        gpus: Vec::new(),
        gpu_notes: Vec::new(),
        static_power: String::new(),
        estimate: estimate.method(),
        intensity: global.intensity(),
        intensity_age_seconds: None,
        remedies: Vec::new(),
    };
    match global.static_power(&findings.host.name) {
        Ok((words, remedy)) => {
            findings.static_power = words;
            findings.remedies.extend(remedy);
        }
        Err(error) => findings.remedies.push(format!("{error:#}")),
    }
    match global.watch() {
        Ok(None) => {}
        Ok(Some(mut watch)) => {
            watch.settle(TIMEOUT);
            let now = clock::now().time;
            findings.intensity = (*watch.over(now, now)).clone();
            if let carbon::Basis::Live { at, .. } = &findings.intensity.basis {
                findings.intensity_age_seconds = Some(now.duration_since(*at).as_secs_f64());
            }
            let why = findings.intensity.fall_back.clone();
            findings.remedies.extend(why.map(|why| format!("the intensity of now: {why}")));
        }
        // A wrong command line, as of any other command.
        Err(error) if error.is::<Usage>() => return Err(error),
        Err(error) => findings.remedies.push(format!("{error:#}")),
    }
    findings.intensity.factors = global.carbon.factors(Factors::NONE);
    match open(global) {
        Ok(mut live) => {
            // What is asked over a network answers, or fails, within its own time.
            for _ in 0..FIRST_ANSWER {
                if !live.meters().is_waiting() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
                live.drain()?;
            }
            let readings = live.sample()?.meters;
            if live.meters().estimated() {
                let words = std::mem::take(&mut findings.static_power);
                findings.static_power = beside_a_model(&words, &readings);
            }
            let found = readings.iter().map(|reading| MeterFinding::of(reading, live.meters()));
            let counted = |found: &MeterFinding| found.role != Role::Check;
            (findings.meters, findings.checks) = found.partition(counted);
            let whole =
                |found: &MeterFinding| found.role == Role::Whole && found.state == "measured";
            if findings.meters.iter().any(whole) {
                findings.intensity.factors = findings.intensity.factors.of_whole();
            }
            let left = live.meters().left_out().iter();
            findings.left_out = left.map(|(facts, why)| LeftOut::of(facts, why)).collect();
            let (gpus, notes) = live.gpus();
            (findings.gpus, findings.gpu_notes) = (gpus, notes.to_vec());
            findings.probe = Some(live.describe().probe);
            findings.notes.clone_from(&live.describe().notes);
            findings.remedies.extend(live.describe().remedies.iter().cloned());
        }
        Err(error) => findings.remedies.push(format!("{error:#}")),
    }
    if probe_cost {
        match cost::measure(global.probe_options(), &topology) {
            Ok(cost) => findings.probe_cost = Some(cost),
            Err(error) => findings.remedies.push(format!(
                "the probe's cost cannot be measured: {error:#}; BPF statistics need root"
            )),
        }
    }
    let text = if json { serde_json::to_string(&findings)? + "\n" } else { text(&findings) };
    output.write(text.as_bytes())?;
    let measured = findings.probe.is_some();
    Ok(if measured { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whose static power it is, where a model stands in for the packages: a GPU's meter may be
/// there all the same.
fn beside_a_model(words: &str, readings: &[MeterReading]) -> String {
    let mut parts = readings.iter().filter(|reading| reading.meter.role == Role::Part);
    if parts.any(|reading| matches!(reading.reading, Reading::Counter { .. })) {
        format!("the model's where it stands in; of the meters, {words}")
    } else {
        "the model's; there is no meter to calibrate".into()
    }
}

/// Opens what a measurement would open.
fn open(global: &Global) -> anyhow::Result<Live> {
    Live::open(global.roots(), global.probe, global.wanted()?, global.probe_options())
}

impl MeterFinding {
    fn of(reading: &MeterReading, meters: &Meters) -> Self {
        let (state, note) = match &reading.reading {
            Reading::Counter { .. } => ("measured", None),
            Reading::Model(model) => {
                let line =
                    |line: sample::Line| format!("{:.1} to {:.1} W", line.idle.0, line.full.0);
                let [likely, least, most] = [model.likely, model.least, model.most].map(line);
                let note = format!("idle to busy {likely}, at least {least}, at most {most}");
                ("estimated", Some(note))
            }
            Reading::Absent(why) => ("absent", Some(why.clone())),
        };
        let meter = &reading.meter;
        let mut used = meters.in_use().map(|(facts, _)| facts);
        let facts = used.find(|facts| facts.id == meter.id);
        Self {
            id: meter.id.clone(),
            source: meter.source.clone(),
            state,
            role: meter.role,
            includes: meter.includes.clone(),
            at: facts.map(|facts| facts.at.clone()),
            note,
        }
    }

    fn line(&self) -> String {
        let Self { id, source, state, role, includes, at: _, note } = self;
        let role = match role {
            Role::Part => "",
            Role::Whole => "; the total: what the parts leave of it is the rest",
            Role::Inside => "; divides its package",
            Role::Check => "; shown beside the total, not counted",
        };
        let note = note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
        format!("{id} {state} through {source} ({includes}){role}{note}")
    }
}

impl LeftOut {
    fn of(facts: &Facts, why: &str) -> Self {
        let source = facts.route.as_str();
        Self { id: facts.id.clone(), source, at: facts.at.clone(), why: why.into() }
    }
}

/// A GPU, then what it lacks, a line each.
fn of_gpu(found: &gpu::Finding) -> Vec<String> {
    let gpu::Finding { id, name, vendor, bus, energy, use_told_by, lacks } = found;
    // Most makers stand in the name.
    let told = name.to_lowercase().contains(vendor.as_str());
    let maker = if told { String::new() } else { format!(" ({})", vendor.title()) };
    let bus = bus.as_ref().map_or_else(String::new, |bus| format!(" at {bus}"));
    let energy = match energy {
        Some(route) => format!("energy by {route}"),
        None => "its energy cannot be read".into(),
    };
    let first = format!("{id} {name}{maker}{bus}: {energy}; use by {use_told_by}");
    let lacks = lacks.iter().map(|lack| format!("{id} lacks: {lack}"));
    std::iter::once(first).chain(lacks).collect()
}

/// The intensity, when it holds, and what is multiplied by it.
fn of_carbon(intensity: &Intensity, age_seconds: Option<f64>) -> Vec<String> {
    let mut lines = vec![intensity.label()];
    if let carbon::Basis::Live { at, until, .. } = &intensity.basis {
        let age = age_seconds.unwrap_or_default().max(0.0);
        let age = figure::duration(Duration::from_secs_f64(age));
        lines.push(format!("holds from {at} to {until}; it began {age} ago"));
    }
    let Factors { pue, overhead } = intensity.factors;
    let beyond = if intensity.factors == Factors::NONE {
        "energy of the metered components alone (PUE 1, overhead 1; --pue, --overhead)".into()
    } else {
        format!("energy of what is metered x overhead {overhead} x PUE {pue}")
    };
    lines.push(beyond);
    match &intensity.basis {
        carbon::Basis::Table { source, .. } | carbon::Basis::WorldAverage { source, .. } => {
            lines.push(format!("a yearly mean of {source}"));
        }
        _ => {}
    }
    lines
}

fn text(findings: &Findings) -> String {
    let Findings {
        version,
        host,
        probe,
        notes,
        probe_cost,
        meters,
        checks,
        left_out,
        gpus,
        gpu_notes,
        static_power,
        estimate,
        intensity,
        intensity_age_seconds,
        remedies,
        ..
    } = findings;
    let mut lines = Vec::new();
    let mut line = |name: &str, value: &str| {
        lines.push(Line::new(name, String::new(), printable(value)));
    };
    line(
        "CPU time",
        &match probe {
            Some(ProbeKind::Bpf) => "eBPF: exact, every context switch is counted".to_string(),
            Some(kind) => format!("{}: sampled, short processes are missed", kind.title()),
            None => "cannot be counted".into(),
        },
    );
    for note in notes {
        line("", note);
    }
    if let Some(cost) = probe_cost {
        line(
            "probe cost",
            &format!(
                "{:.0} ns a switch, above a program that does nothing; at the {:.0} switches a \
                 second just now: {} of one CPU",
                cost.ns_per_switch,
                cost.switches_per_second,
                if cost.cpu_percent < 0.001 {
                    "less than 0.001 %".into()
                } else {
                    format!("{:.3} %", cost.cpu_percent)
                }
            ),
        );
    }
    for (index, meter) in meters.iter().chain(checks).enumerate() {
        line(if index == 0 { "power" } else { "" }, &meter.line());
    }
    for (index, LeftOut { id, source, at: _, why }) in left_out.iter().enumerate() {
        line(if index == 0 { "left out" } else { "" }, &format!("{id} through {source}: {why}"));
    }
    let gpus = gpus.iter().flat_map(of_gpu).chain(gpu_notes.iter().cloned());
    for (index, words) in gpus.enumerate() {
        line(if index == 0 { "GPUs" } else { "" }, &words);
    }
    line("static", static_power);
    let model = format!("{estimate}; used only where no package can be read");
    for (index, part) in model.split("; ").enumerate() {
        line(if index == 0 { "model" } else { "" }, part);
    }
    for (index, words) in of_carbon(intensity, *intensity_age_seconds).iter().enumerate() {
        line(if index == 0 { "carbon" } else { "" }, words);
    }
    line(
        "machine",
        &format!(
            "{} CPUs, {}",
            host.cpus,
            host.cpu.as_deref().unwrap_or("of a kind that /proc/cpuinfo does not tell")
        ),
    );
    let held = host.capabilities.join(", ");
    line("rights", if held.is_empty() { "none of those that help" } else { &held });
    let mut text = format!("jouletop {version} on {}, Linux {}\n\n", host.name, host.kernel);
    for line in columns::set(&lines, WIDTH) {
        let _ = writeln!(text, "{}", line.text());
    }
    text.push('\n');
    if remedies.is_empty() {
        text.push_str("Nothing is missing.\n");
    }
    for remedy in remedies {
        // Not wrapped: it may end in a command that is to be copied.
        let remedy = remedy.strip_suffix(ASK_DOCTOR).unwrap_or(remedy);
        let _ = writeln!(text, "missing   {}", printable(remedy));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::units::Watts;

    #[test]
    fn a_gpus_meter_is_calibrated_also_where_a_model_stands_in_for_the_packages() {
        let reading = |role, reading| MeterReading {
            meter: Arc::new(sample::Meter {
                id: "gpu-0".into(),
                domain: sample::Domain::Gpu,
                source: "nvml".into(),
                cells: Vec::new(),
                role,
                includes: String::new(),
            }),
            reading,
        };
        let limit = Watts(1.0);
        let counter = || Reading::Counter { microjoules: 1, range: u64::MAX, limit };
        let words = |readings: &[_]| beside_a_model("learned while watching", readings);
        let told = words(&[reading(Role::Part, counter())]);
        assert!(told.ends_with("of the meters, learned while watching"), "{told}");
        let none =
            [reading(Role::Check, counter()), reading(Role::Part, Reading::Absent(String::new()))];
        assert!(words(&none).ends_with("no meter to calibrate"));
    }

    #[test]
    fn a_gpu_is_told_with_its_route_and_what_it_lacks() {
        let mut found = gpu::Finding {
            id: "gpu-0".into(),
            name: "NVIDIA L4".into(),
            vendor: sample::Vendor::Nvidia,
            bus: Some("0000:17:00.0".into()),
            energy: Some("total-energy counter".into()),
            use_told_by: "utilisation of each process".into(),
            lacks: vec!["no limit; as root it has one".into()],
        };
        let expected = [
            "gpu-0 NVIDIA L4 at 0000:17:00.0: energy by total-energy counter; use by utilisation \
             of each process",
            "gpu-0 lacks: no limit; as root it has one",
        ];
        assert_eq!(of_gpu(&found), expected);
        found = gpu::Finding { name: "L4".into(), bus: None, energy: None, lacks: vec![], ..found };
        let expected = "gpu-0 L4 (NVIDIA): its energy cannot be read; use by utilisation of each \
                        process";
        assert_eq!(of_gpu(&found), [expected]);
    }
}
