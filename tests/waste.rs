//! What looks like waste: each rule fires on its scenario and is silent on what only looks so.
//!
//! `scenarios/waste_*.toml` say what is to be found; the last test shows one on real processes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use jouletop::{
    attribute::attribute,
    frame::{Frame, ProcessFrame},
    job::{Job, Kind},
    present::finding::{FindingRecord, lines},
    sample::Sample,
    session::Source,
    sim::Simulation,
    units::{GramsPerKwh, Microjoules},
    waste::{Finding, Rule, Watch, total},
};

/// How often a scenario is looked at.
const STEP: Duration = Duration::from_secs(1);

/// What was found at a moment, and the energy of processes until then.
struct Found {
    findings: Vec<Finding>,
    energy: Microjoules,
    frame: Frame,
}

/// The scenarios of this test.
fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let waste = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("waste_"))
    };
    let mut paths: Vec<_> = paths.filter(waste).collect();
    paths.sort();
    paths
}

/// The job that a scenario names: `JOULETOP_JOB = "notebook analysis"`, kind and name.
fn job(process: &ProcessFrame) -> Option<Arc<Job>> {
    let (kind, name) = process.identity.env.get("JOULETOP_JOB")?.split_once(' ')?;
    let kind = match kind {
        "notebook" => Kind::Notebook,
        "unit" => Kind::Unit,
        "tag" => Kind::Tag,
        _ => panic!("{kind} is no kind of job"),
    };
    let id = format!("{kind:?} {name}");
    Some(Arc::new(Job { kind, id, name: name.into(), rank: None, step: None }))
}

/// Plays a scenario by steps, up to each of some moments.
fn play(mut machine: Simulation, step: Duration, moments: &[Duration]) -> Result<Vec<Found>> {
    let method = machine.method().clone();
    let forecast = machine.forecast();
    let mut watch = Watch::new(machine.thresholds());
    watch.foretell(forecast.clone());
    let mut before: Sample = machine.sample()?;
    let (mut now, mut energy) = (Duration::ZERO, Microjoules::ZERO);
    let mut all = Vec::new();
    for &moment in moments {
        let mut last = None;
        while now < moment {
            let time = step.min(moment - now);
            machine.pass(time);
            now += time;
            let after = machine.sample()?;
            let frame = attribute(&before, &after, &method);
            let known = forecast.iter().rfind(|(at, _)| *at <= frame.time);
            let grid = known.map_or(GramsPerKwh(473.0), |(_, intensity)| *intensity);
            let findings = watch.observe(&frame, grid, &job);
            for process in &frame.processes {
                energy += process.share.energy.total().unwrap_or_default();
            }
            last = Some(Found { findings, energy, frame });
            before = after;
        }
        all.extend(last);
    }
    Ok(all)
}

/// Rule and subject, sorted.
fn names(findings: &[Finding]) -> Vec<String> {
    let name = |one: &Finding| format!("{} {}", one.rule.as_str(), one.subject.name);
    let mut names: Vec<_> = findings.iter().map(name).collect();
    names.sort();
    names
}

/// The findings at the last moment that a scenario expects something of.
fn last(name: &str) -> Found {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios").join(name);
    let machine = Simulation::load(&path).unwrap();
    let at = machine.expected().last().unwrap().at;
    play(machine, STEP, &[at]).unwrap().pop().unwrap()
}

/// A figure of the evidence, in SI units.
fn evidence(finding: &Finding, name: &str) -> f64 {
    let record = FindingRecord::of(finding);
    record.evidence.iter().find(|one| one.name == name).unwrap().value
}

#[test]
fn every_scenario_finds_what_it_expects_and_nothing_else() -> Result<()> {
    let mut fired: BTreeMap<Rule, usize> = BTreeMap::new();
    let mut silent = 0;
    for path in scenarios() {
        let machine = Simulation::load(&path)?;
        let moments: Vec<_> = machine.expected().iter().map(|expected| expected.at).collect();
        let wanted: Vec<_> =
            machine.expected().iter().map(|expected| expected.findings.clone()).collect();
        for ((found, wanted), at) in
            play(machine, STEP, &moments)?.into_iter().zip(wanted).zip(moments)
        {
            let place = format!("{} at {at:?}", path.display());
            let mut wanted = wanted.with_context(|| format!("{place} expects nothing"))?;
            wanted.sort();
            let shown: Vec<_> = found.findings.iter().flat_map(lines).collect();
            ensure!(names(&found.findings) == wanted, "{place}:\n{}", shown.join("\n"));
            silent += usize::from(found.findings.is_empty());
            for finding in &found.findings {
                *fired.entry(finding.rule).or_default() += 1;
                ensure!(!finding.evidence.is_empty(), "{place}: no evidence");
                ensure!(!finding.subject.processes.is_empty(), "{place}: of nobody");
                ensure!(finding.since < found.frame.time, "{place}: {:?}", finding.since);
            }
            let total = total(&found.findings).unwrap_or_default();
            ensure!(total <= found.energy, "{place}: {total:?} of {:?}", found.energy);
        }
    }
    assert_eq!(fired.len(), 7, "{fired:?}");
    assert!(silent >= 15, "{silent}");
    Ok(())
}

#[test]
fn it_does_not_matter_how_often_one_looks() -> Result<()> {
    for path in scenarios() {
        let machine = Simulation::load(&path)?;
        let expected = machine.expected().last().context("expects nothing")?;
        let (at, mut wanted) = (expected.at, expected.findings.clone().unwrap());
        wanted.sort();
        for step in [Duration::from_millis(330), Duration::from_secs(10)] {
            let found = play(machine.clone(), step, &[at])?.pop().unwrap();
            ensure!(names(&found.findings) == wanted, "{} by {step:?}", path.display());
        }
    }
    Ok(())
}

#[test]
fn a_held_gpu_costs_what_it_drew_since_it_was_last_used() {
    let found = last("waste_held_gpu.toml");
    let [finding] = &found.findings[..] else { panic!("one finding") };
    // Used until 1m, so held for 6m10s: 370 s of 80 W.
    assert_eq!(finding.joules(), Some(Microjoules(370 * 80_000_000)));
    assert!((evidence(finding, "unused_seconds") - 370.0).abs() < 1e-9);
    assert!((evidence(finding, "power_watts") - 80.0).abs() < 1e-9);
    assert!((evidence(finding, "gpu_memory_bytes") - f64::from(30 << 10) * 1048576.0).abs() < 1.0);
    assert_eq!(finding.since.to_string(), "2026-03-02T09:01:00Z");
    let shown = lines(finding);
    assert_eq!(shown[0], "looks like a GPU held for nothing: notebook (process 10)");
    assert_eq!(shown[1], "  gpu-0 was held and nobody used it for 6m10s");
}

#[test]
fn a_starved_gpu_costs_at_most_what_it_drew_while_it_waited() {
    let found = last("waste_starved_gpu.toml");
    let [finding] = &found.findings[..] else { panic!("one finding") };
    // 120 W for 190 s; no static power is known, so all of it is its user's. Used for 30 %.
    let joules = finding.joules().unwrap().joules();
    assert!((joules - 120.0 * 190.0 * 0.7).abs() < 0.01, "{joules}");
    assert!((evidence(finding, "gpu_utilization") - 0.3).abs() < 1e-9);
    assert!((evidence(finding, "saturated_loaders") - 2.0).abs() < 1e-9);
    assert!((evidence(finding, "idle_cpus") - 5.42).abs() < 1e-9);
}

#[test]
fn spinning_costs_the_cpu_energy_and_shows_the_storm() {
    let found = last("waste_spinning.toml");
    let [first, second] = &found.findings[..] else { panic!("two findings") };
    // A minute of 10 W and of 9 W, the larger first.
    assert_eq!(first.subject.name, "poller");
    assert_eq!(first.joules(), Some(Microjoules(600_000_000)));
    assert_eq!(second.joules(), Some(Microjoules(540_000_000)));
    assert!((evidence(first, "system") - 0.8).abs() < 1e-6);
    assert!((evidence(second, "switches") - 90_000.0).abs() < 1.0);
    // 0.9 s in 90,000 slices.
    assert!((evidence(second, "slice") - 1e-5).abs() < 1e-8);
    assert_eq!(total(&found.findings), Some(Microjoules(1_140_000_000)));
}

#[test]
fn too_many_threads_are_counted_and_their_cost_is_not_known() {
    let found = last("waste_oversubscribed.toml");
    let finding = &found.findings[0];
    assert!((evidence(finding, "wanted") - 4.0).abs() < 1e-6);
    assert!((evidence(finding, "cpus") - 2.0).abs() < 1e-9);
    assert!((evidence(finding, "waited") - 3.0).abs() < 1e-6);
    assert_eq!(finding.joules(), None);
    assert_eq!(total(&found.findings), None);
}

#[test]
fn orphans_are_those_who_go_on() {
    let found = last("waste_orphans.toml");
    let [finding] = &found.findings[..] else { panic!("one finding") };
    let pids: Vec<_> = finding.subject.processes.iter().map(|id| id.pid).collect();
    assert_eq!(pids, [11, 12]);
    assert!((evidence(finding, "launcher_ended_seconds") - 175.0).abs() < 1.01);
    assert!((evidence(finding, "gpus") - 1.0).abs() < 1e-9);
    // Since the slot after its end, 3m10s: 170 s of 10 W.
    assert_eq!(finding.joules(), Some(Microjoules(1_700_000_000)));
}

#[test]
fn an_idle_notebook_and_its_idle_gpu_are_counted_once() {
    let found = last("waste_idle_notebook.toml");
    let of = |rule: Rule, name: &str| {
        let one = found.findings.iter().find(|one| one.rule == rule && one.subject.name == name);
        one.unwrap()
    };
    let held = of(Rule::HeldGpu, "analysis");
    let idle = of(Rule::IdleNotebook, "analysis");
    // 19 minutes of 40 W, and 0.05 % of a CPU of 10 W.
    assert_eq!(held.joules(), Some(Microjoules(1140 * 40_000_000)));
    let cpu = idle.joules().unwrap() - held.joules().unwrap();
    assert!(cpu > Microjoules::ZERO && cpu < Microjoules(50_000_000), "{cpu:?}");
    assert_eq!(total(&found.findings), idle.joules());
    let homework = of(Rule::IdleNotebook, "homework");
    // It worked in the first minute, and what is older than ten minutes is known by minutes.
    assert!((evidence(homework, "idle_seconds") - 1140.0).abs() < 1e-9);
}

#[test]
fn a_cleaner_hour_saves_emissions_and_no_energy() {
    let found = last("waste_dirty_hour.toml");
    let [finding] = &found.findings[..] else { panic!("one finding") };
    // 40 W for an hour are 0.04 kWh, at 280 g/kWh less.
    assert!((evidence(finding, "saved_per_hour") - 11.2).abs() < 1e-6);
    assert!((evidence(finding, "clean_in_seconds") - (3.0 * 3600.0 - 360.0)).abs() < 1e-9);
    assert!(finding.remedy.contains("2026-03-02 12:00 UTC"), "{}", finding.remedy);
    assert_eq!(finding.joules(), None);
}

#[test]
fn without_a_forecast_no_hour_is_dirty() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let text = std::fs::read_to_string(path.join("waste_dirty_hour.toml")).unwrap();
    let text: String =
        text.lines().filter(|line| !line.starts_with("forecast")).map(|l| format!("{l}\n")).collect();
    let machine = Simulation::parse(&text, "no forecast").unwrap();
    let found = play(machine, STEP, &[Duration::from_mins(6)]).unwrap().pop().unwrap();
    assert_eq!(names(&found.findings), Vec::<String>::new());
}
