//! What looks like waste: each rule fires on its scenario and is silent on what only looks so.
//!
//! `scenarios/waste_*.toml` say what is to be found; the last test shows one on real processes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use jouletop::{
    attribute::{Method, attribute},
    frame::{Frame, ProcessFrame},
    host::Wish,
    job::{Job, Kind},
    live::{Live, Roots, Wanted},
    present::finding::{FindingRecord, lines},
    probe::bpf::Options,
    sample::Sample,
    session::Source,
    sim::Simulation,
    tags::Places,
    units::{GramsPerKwh, Microjoules},
    waste::{Finding, Grain, Rule, Thresholds, Watch, total},
};
use serde_json::Value;
use support::{jouletop, kernel::alone, workload};

use proptest::prelude::*;

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
            let time = step.min(moment.saturating_sub(now));
            machine.pass(time);
            now += time;
            let after = machine.sample()?;
            let frame = attribute(&before, &after, &method);
            let known = forecast.iter().rfind(|(at, _)| *at <= frame.time);
            let grid =
                known.map_or(GramsPerKwh::of_grams_per_kwh(473.0), |(_, intensity)| *intensity);
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
    assert!(
        (evidence(finding, "gpu_memory_bytes") - f64::from(30 << 10) * f64::from(1 << 20)).abs()
            < 1.0
    );
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
    let kept: Vec<_> = text.lines().filter(|line| !line.starts_with("forecast")).collect();
    let machine = Simulation::parse(&kept.join("\n"), "no forecast").unwrap();
    let found = play(machine, STEP, &[Duration::from_mins(6)]).unwrap().pop().unwrap();
    assert_eq!(names(&found.findings), Vec::<String>::new());
}

#[test]
fn the_json_of_a_tick_has_findings_with_their_evidence() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let mut jouletop = jouletop();
    jouletop.args(["--json", "--samples", "60", "--interval", "1s", "--simulate"]);
    let output = jouletop.arg(path.join("waste_spinning.toml")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["findings"], serde_json::json!([]));
    let findings = lines[59]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2);
    let poller = &findings[0];
    assert_eq!(poller["rule"], "spinning");
    let subject = serde_json::json!({
        "kind": "process", "id": "process 11", "name": "poller", "pids": [11]
    });
    assert_eq!(poller["subject"], subject);
    assert_eq!(poller["since"], "2026-03-02T09:00:00Z");
    assert_eq!(poller["severity"], "medium");
    assert_eq!(poller["joules"], 600.0);
    let fact = serde_json::json!({
        "name": "system", "value": 0.8, "unit": "1", "words": "of its time was in the kernel",
        "sentence": "80.00 % of its time was in the kernel"
    });
    assert!(poller["evidence"].as_array().unwrap().contains(&fact), "{poller:#}");
    assert!(poller["remedy"].as_str().unwrap().contains("strace"));
}

/// Thresholds at which nearly everything is waste.
const EAGER: &str = r#"
[waste.held_gpu]
after = "0s"
[waste.starved_gpu]
after = "0s"
utilization_percent = 100
saturated_percent = 0
idle_cpus = 0
[waste.spinning]
after = "0s"
cpu_percent = 0
poll_system_percent = 0
bytes_per_second = 1e12
faults_per_second = 1e12
[waste.oversubscribed]
after = "0s"
wait_percent = 0
threads_per_cpu = 0
[waste.orphans]
after = "0s"
cpu_percent = 0
together = "0s"
[waste.idle_notebook]
after = "0s"
cpu_percent = 100
[waste.dirty_hour]
after = "0s"
clean_percent = 100
watts = 0
"#;

/// A process that does anything.
#[derive(Clone, Debug)]
struct Any {
    load: u32,
    ends: u32,
    gpu: u32,
    holds: bool,
    child: bool,
    job: Option<&'static str>,
    mortal: bool,
}

fn any_process() -> impl Strategy<Value = Any> {
    let jobs =
        prop_oneof![Just(None), Just(Some("notebook")), Just(Some("unit")), Just(Some("tag"))];
    (1..=100_u32, 1..60_u32, 1..16_u32, any::<bool>(), any::<bool>(), jobs, any::<bool>()).prop_map(
        |(load, ends, gpu, holds, child, job, mortal)| Any {
            load,
            ends,
            gpu,
            holds,
            child,
            job,
            mortal,
        },
    )
}

/// A scenario of such processes, each on a CPU of its own.
fn any_scenario(processes: &[Any]) -> String {
    let mut text = String::from(
        r#"
name = "any"
cpus = 8
forecast = ["0s 400", "1h 1"]
[[gpu]]
id = "gpu-0"
[[meter]]
id = "gpu-0"
domain = "gpu"
static_watts = 60
watts_per_busy_gpu = 200
[[meter]]
id = "package-0"
domain = "package"
package = 0
static_watts = 5
watts_per_busy_cpu = 10
"#,
    );
    text.push_str(EAGER);
    for (index, any) in processes.iter().enumerate() {
        let Any { load, ends, gpu, holds, child, job, mortal } = any;
        let pid = 10 + index;
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        line(format!("[[process]]\npid = {pid}\nname = \"p{pid}\""));
        line(format!("runs = [\"cpu{index} 0s..{ends}s {load}%\"]"));
        line(format!("progress = [\"0s..{ends}s system=60% wait=200% switches=20000\"]"));
        if *mortal {
            line(format!("ends = \"{ends}s\""));
        }
        if *child && index > 0 {
            line(format!("parent = {}", pid - 1));
        }
        if let Some(kind) = job {
            line(format!("env = {{ JOULETOP_JOB = \"{kind} a\" }}"));
        }
        if *holds {
            line(format!("gpu_holds = [\"gpu-0 0s..{ends}s 1GiB\"]"));
            line(format!("gpu = [\"gpu-0 0s..1s {gpu}%\"]"));
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens on a machine, findings together never waste more than was used.
    #[test]
    fn findings_never_waste_more_than_processes_used(
        processes in proptest::collection::vec(any_process(), 1..6),
        step in 200..40_000_u64,
        length in 1..600_u64,
    ) {
        let text = any_scenario(&processes);
        let machine = Simulation::parse(&text, "any.toml").expect("it is a scenario");
        let steps: Vec<_> = (1..=5).map(|part| Duration::from_secs(length) * part / 5).collect();
        let found = play(machine, Duration::from_millis(step), &steps).expect("it runs");
        for Found { findings, energy, .. } in found {
            prop_assert!(total(&findings).unwrap_or_default() <= energy);
            for finding in &findings {
                prop_assert!(finding.joules().unwrap_or_default() <= energy);
                prop_assert!(!finding.evidence.is_empty());
                for one in FindingRecord::of(finding).evidence {
                    prop_assert!(one.value.is_finite() && one.value >= 0.0, "{one:?}");
                }
            }
        }
    }
}

/// A workload that has no files but `/dev/null`: what the test has open is none of its business.
fn start(args: &[&str]) -> Child {
    let mut command = workload();
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn of_real_processes_those_that_spin_are_found_and_those_that_work_are_not() {
    let _alone = alone();
    for (spins, works) in [("poll", "busy"), ("pingpong", "touch"), ("poll", "dd")] {
        let mut spinning = start(&[spins, "60", "0"]);
        let mut working = if works == "dd" {
            let mut dd = std::process::Command::new("dd");
            dd.args(["if=/dev/zero", "of=/dev/null", "bs=4096"]).stdin(Stdio::null());
            dd.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        } else {
            start(&[works, "60", "1"])
        };
        let findings = watch_for(spinning.id(), working.id());
        for child in [&mut spinning, &mut working] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let of = |pid: u32| {
            let mut all = findings.iter();
            all.find(|one| one.subject.processes.iter().any(|id| id.pid == pid))
        };
        let shown: Vec<_> = findings.iter().flat_map(lines).collect();
        let found = of(spinning.id()).unwrap_or_else(|| panic!("{spins}: {shown:#?}"));
        assert_eq!(found.rule, Rule::Spinning);
        assert!(evidence(found, "cpu") > 0.3 && evidence(found, "system") > 0.3, "{shown:#?}");
        if spins == "pingpong" {
            assert!(evidence(found, "switches") > 5000.0, "{shown:#?}");
        }
        assert!(of(working.id()).is_none(), "{works}: {shown:#?}");
    }
}

/// What is found on this machine within some seconds, with thresholds of seconds.
fn watch_for(spinning: u32, working: u32) -> Vec<Finding> {
    let tags = Places::new(Path::new("/run"), None, 0);
    let roots = Roots { sysfs: "/sys".into(), proc: "/proc".into(), dev: "/dev".into(), tags };
    let mut live = Live::open(roots, Wish::Bpf, Wanted::default(), Options::default()).unwrap();
    let mut thresholds = Thresholds::default();
    // Others build on this machine: what matters is what comes of the time, not how much it is.
    thresholds.spinning.cpu_percent = 25.0;
    thresholds.spinning.after = Duration::from_secs(3);
    let (fine, coarse) = (Duration::from_secs(1), Duration::from_secs(10));
    let mut watch = Watch::new(thresholds).with_grain(Grain { fine, coarse });
    let mut before = live.sample().unwrap();
    let mut looked = 0;
    for _ in 0..30 {
        std::thread::sleep(Duration::from_millis(1050));
        let after = live.sample().unwrap();
        let frame = attribute(&before, &after, &Method::default());
        let progress = |pid: u32| {
            let mut all = frame.processes.iter();
            all.any(|process| process.id.pid == pid && process.progress.is_some())
        };
        looked += u32::from(progress(spinning) && progress(working));
        let findings = watch.observe(&frame, GramsPerKwh::of_grams_per_kwh(0.0), &|_| None);
        let found = |pid: u32| {
            let mut all = findings.iter().flat_map(|one| &one.subject.processes);
            all.any(|id| id.pid == pid)
        };
        // The other one had the same time to be found in.
        if looked >= 5 && found(spinning) {
            return findings;
        }
        before = after;
    }
    Vec::new()
}
