//! `doctor`: what can be measured here, by which route, what is missing, the remedy.
//!
//! It opens what a measurement would open, so that it never promises what the
//! kernel then refuses.

use std::{fmt::Write as _, process::ExitCode};

use serde::Serialize;

use super::output::Output;
use crate::{
    carbon::Intensity,
    cli::{Format, Global},
    host::{self, Host},
    live::Live,
    present::figure::printable,
    probe::bpf::cost::{self, Cost},
    sample::{MeterReading, ProbeKind, Reading},
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
    meters: Vec<MeterFinding>,
    estimate: String,
    intensity: Intensity,
    remedies: Vec<String>,
}

#[derive(Serialize)]
struct MeterFinding {
    id: String,
    source: String,
    state: &'static str,
    note: Option<String>,
}

/// Looks and tells. Fails only if nothing at all could be measured.
pub fn doctor(global: &Global, probe_cost: bool) -> anyhow::Result<ExitCode> {
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
        estimate: estimate.method(),
        intensity: global.intensity(),
        remedies: Vec::new(),
    };
    match Live::open(roots, global.probe, global.whole, global.probe_options()) {
        Ok(mut live) => {
            findings.meters = live.sample()?.meters.iter().map(MeterFinding::of).collect();
            findings.probe = Some(live.describe().probe);
            findings.notes.clone_from(&live.describe().notes);
            findings.remedies.clone_from(&live.describe().remedies);
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
    let text = match global.format() {
        None | Some(Format::Text) => text(&findings),
        Some(Format::Json) => serde_json::to_string(&findings)? + "\n",
        Some(Format::Csv) => anyhow::bail!("doctor prints text or JSON; use --json"),
    };
    output.write(text.as_bytes())?;
    let measured = findings.probe.is_some();
    Ok(if measured { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl MeterFinding {
    fn of(reading: &MeterReading) -> Self {
        let (state, note) = match &reading.reading {
            Reading::Counter { .. } => ("measured", None),
            Reading::Model(model) => {
                let note = format!(
                    "{:.1} W idle to {:.1} W busy; between {:.1} to {:.1} and {:.1} to {:.1}",
                    model.likely.idle.0,
                    model.likely.full.0,
                    model.least.idle.0,
                    model.least.full.0,
                    model.most.idle.0,
                    model.most.full.0
                );
                ("estimated", Some(note))
            }
            Reading::Absent(why) => ("absent", Some(why.clone())),
        };
        let meter = &reading.meter;
        Self { id: meter.id.clone(), source: meter.source.clone(), state, note }
    }
}

fn text(findings: &Findings) -> String {
    let Findings {
        version,
        host,
        probe,
        notes,
        probe_cost,
        meters,
        estimate,
        intensity,
        remedies,
        ..
    } = findings;
    let mut text = format!("jouletop {version} on {}, Linux {}\n\n", host.name, host.kernel);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<10} {}", printable(value));
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
    for (index, meter) in meters.iter().enumerate() {
        let name = if index == 0 { "power" } else { "" };
        let note = meter.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
        line(name, &format!("{} {} through {}{note}", meter.id, meter.state, meter.source));
    }
    line("model", &format!("{estimate}; used only where no package can be read"));
    line("carbon", &intensity.label());
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
    text.push('\n');
    if remedies.is_empty() {
        text.push_str("Nothing is missing.\n");
    }
    for remedy in remedies {
        let _ = writeln!(text, "missing    {}", printable(remedy));
    }
    text
}
