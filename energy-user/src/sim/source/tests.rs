//! The clock moves by what is asked for, and identities survive what they should.

use anyhow::{Result, ensure};

use super::*;
use crate::sample::{Birth, ProcessId, Reading};

const SECOND: Duration = Duration::from_secs(1);

/// A parent that lives on, and a child of each round, with one pid.
const ROUNDS: &str = r#"
    name = "rounds"
    cpus = 1
    start = 2026-05-01T12:00:00+02:00
    repeat = "1s"
    [[process]]
    pid = 7
    name = "make"
    user = "ben"
    runs = ["cpu0 0s..1s 1%"]
    [[process]]
    pid = 8
    name = "cc1"
    user = "root"
    parent = 7
    starts = "0.25s"
    ends = "0.75s"
    runs = ["cpu0 0.25s.. 40%"]
    [[meter]]
    id = "package-0"
    domain = "package"
    package = 0
    static_watts = 3
    resets = ["0.5s"]
"#;

fn rounds() -> Result<Simulation> {
    Ok(Simulation::parse(ROUNDS, "rounds.toml")?)
}

#[test]
fn the_first_sample_is_the_start_and_time_passes_exactly() -> Result<()> {
    let mut machine = rounds()?;
    let first = machine.sample()?;
    assert_eq!(first.time.to_string(), "2026-05-01T10:00:00Z");
    assert!(first.activity.processes.is_empty());
    for _ in 0..3 {
        assert!(!machine.pass(Duration::from_millis(370)));
    }
    let later = machine.sample()?;
    assert_eq!(later.monotonic, first.monotonic + Duration::from_millis(1110));
    assert_eq!(later.boottime, later.monotonic);
    assert_eq!(later.time.to_string(), "2026-05-01T10:00:01.11Z");
    assert_eq!(later.probe, ProbeKind::Simulated);
    assert_eq!(machine.describe().meters, "simulated: rounds");
    Ok(())
}

#[test]
fn a_paced_simulation_makes_its_caller_wait() -> Result<()> {
    let mut machine = rounds()?.paced();
    let first = machine.sample()?;
    assert!(machine.pass(SECOND));
    assert_eq!(machine.sample()?.monotonic, first.monotonic + SECOND);
    Ok(())
}

#[test]
fn each_round_has_a_new_child_of_the_same_parent() -> Result<()> {
    let mut machine = rounds()?;
    let up = machine.sample()?.boottime;
    machine.pass(3 * SECOND);
    let activity = machine.sample()?.activity;
    let at = |seconds: f64| (up + Duration::from_secs_f64(seconds)).as_nanos() as u64;
    let parent = ProcessId { pid: 7, start: at(0.0) };
    let children = [0.25, 1.25, 2.25].map(|seconds| ProcessId { pid: 8, start: at(seconds) });
    let ran: Vec<_> = activity.processes.iter().map(|ran| (ran.id, ran.ended)).collect();
    let ended = children.map(|child| (child, true));
    assert_eq!(ran, [&[(parent, false)][..], &ended].concat());
    assert_eq!(activity.births, children.map(|child| Birth { child, parent }));
    for ran in &activity.processes[1..] {
        assert_eq!(ran.identity.parent, Some(parent));
        assert_eq!(ran.identity.uid, Some(0));
        assert_eq!(ran.cpu.total(), Duration::from_millis(200));
    }
    assert_eq!(activity.processes[0].identity.uid, Some(1000));
    assert_eq!(activity.processes[0].cpu.total(), Duration::from_millis(30));
    Ok(())
}

#[test]
fn a_process_that_did_not_run_is_not_told_but_its_end_is() -> Result<()> {
    let text = r#"
        name = "quiet"
        cpus = 1
        [[process]]
        pid = 1
        name = "init"
        [[process]]
        pid = 2
        name = "true"
        ends = "1.5s"
    "#;
    let mut machine = Simulation::parse(text, "quiet.toml")?;
    machine.pass(SECOND);
    ensure!(machine.sample()?.activity.processes.is_empty());
    machine.pass(SECOND);
    let told: Vec<_> = machine.sample()?.activity.processes.iter().map(|ran| ran.id.pid).collect();
    assert_eq!(told, [2]);
    machine.pass(SECOND);
    ensure!(machine.sample()?.activity.processes.is_empty());
    Ok(())
}

#[test]
fn a_counter_begins_anew_at_each_reset() -> Result<()> {
    let mut machine = rounds()?;
    let mut shown = Vec::new();
    for _ in 0..6 {
        if let Reading::Counter { microjoules, .. } = machine.sample()?.meters[0].reading {
            shown.push(microjoules);
        }
        machine.pass(Duration::from_millis(300));
    }
    assert_eq!(shown, [0, 900_000, 300_000, 1_200_000, 2_100_000, 0]);
    Ok(())
}

#[test]
fn the_end_of_time_is_an_error_and_no_overflow() -> Result<()> {
    let mut machine = rounds()?;
    machine.pass(Duration::MAX);
    machine.pass(Duration::MAX);
    let message = machine.sample().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("use a shorter --interval"), "{message}");
    let mut machine = rounds()?;
    machine.pass(Duration::from_hours(365 * 24));
    let message = machine.sample().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("too many rounds"), "{message}");
    Ok(())
}

#[test]
fn a_year_of_512_busy_cpus_does_not_overflow() -> Result<()> {
    let text = r#"
        name = "a year"
        cpus = 512
        [[process]]
        pid = 1
        name = "miner"
        runs = ["cpu0-511 0s.."]
        [[meter]]
        id = "package-0"
        domain = "package"
        package = 0
        static_watts = 100_000
        watts_per_busy_cpu = 100_000
        range = "18446744073709551615uJ"
    "#;
    let mut machine = Simulation::parse(text, "year.toml")?;
    let before = machine.sample()?;
    machine.pass(Duration::from_hours(365 * 24));
    let after = machine.sample()?;
    let year = Duration::from_hours(365 * 24);
    assert_eq!(after.activity.processes[0].cpu.total(), year * 512);
    assert_eq!(
        crate::attribute::attribute(&before, &after, &Method::default()).idle.cpu_time,
        Duration::ZERO
    );
    Ok(())
}
