//! Budgets of real runs, over a fake powercap tree whose counters rise.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    fs,
    process::{Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::Value;
use support::{jouletop, powercap::Tree};

/// Runs a command while each package draws some watts; the report is the last line of stdout.
fn run(args: &[&str], script: &str) -> (Output, Value) {
    let mut tree = Tree::two_packages();
    let file = tree.root().join("report.json");
    let path = tree.path().to_owned();
    let mut command = jouletop();
    let command = command
        .args(["run", "--json", "--interval", "100ms", "--sysfs-root", &path, "-o"])
        .arg(&file)
        .args(args)
        .args(["--", "sh", "-c", script, "sh"])
        .arg(tree.root())
        .stdin(Stdio::null());
    let done = AtomicBool::new(false);
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // 100 W each
                tree.advance("intel-rapl:0", 1_000_000);
                tree.advance("intel-rapl:1", 1_000_000);
                thread::sleep(Duration::from_millis(10));
            }
        });
        let output = command.output();
        done.store(true, Ordering::Relaxed);
        output.unwrap()
    });
    let report = fs::read(&file).unwrap();
    (output, serde_json::from_slice(&report).unwrap_or(Value::Null))
}

fn words(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

#[test]
fn a_warning_comes_once_and_the_command_goes_on() {
    let script = "end=$(($(date +%s)+3)); while [ $(date +%s) -lt $end ]; do :; done; exit 3";
    let (output, report) = run(&["--budget", "5J"], script);
    assert_eq!(output.status.code(), Some(3));
    let said = words(&output);
    assert_eq!(said.matches("the budget of 5J is used up").count(), 1, "{said}");
    assert_eq!(said.matches("80 %").count(), usize::from(said.contains("80 %")), "{said}");
    let budget = &report["budget"];
    assert_eq!((&budget["stopped"], &budget["on_budget"]), (&false.into(), &"warn".into()));
    let energy = report["energy_joules"].as_f64().unwrap();
    assert!((budget["used"].as_f64().unwrap() - energy / 5.0).abs() < 1e-9, "{report}");
    assert!(budget["pace_watts"].as_f64().unwrap() > 0.0);
    let reached = budget["budget_reached_at"].as_str().unwrap();
    assert!(reached < report["ended"].as_str().unwrap(), "{report}");
}

#[test]
fn a_stop_ends_everybody_who_ignores_it_too() {
    // A busy child that ignores SIGTERM, an orphan that does, and one in another session.
    let script = "cd \"$1\"; echo $$ >0
        sh -c 'trap \"\" TERM; echo $$ >1; while :; do :; done' &
        (sh -c 'trap \"\" TERM; echo $$ >2; while :; do sleep 0.1; done' &)
        setsid sh -c 'echo $$ >3; while :; do sleep 0.1; done' &
        trap '' TERM; while :; do sleep 0.1; done";
    let tree = tempfile::tempdir().unwrap();
    let pids = tree.path().to_str().unwrap().to_owned();
    let script = script.replace("\"$1\"", &pids);
    let args = ["--budget", "3J", "--on-budget", "stop", "--budget-grace", "500ms"];
    let (output, report) = run(&args, &script);
    assert_eq!(output.status.code(), Some(128 + 9), "{}", words(&output));
    assert_eq!(report["signal"], 9);
    assert_eq!(report["budget"]["stopped"], true, "{report}");
    assert!(report["budget"]["used"].as_f64().unwrap() >= 1.0);
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("the budget of 3J was used up"), "{warnings}");
    assert!(warnings.contains("with SIGKILL"), "{warnings}");
    for name in ["0", "1", "2", "3"] {
        let pid = fs::read_to_string(tree.path().join(name)).unwrap();
        assert!(!alive(&pid), "process {name} lives");
    }
}

#[test]
fn a_stop_is_gentle_first() {
    let script = "trap 'exit 7' TERM; while :; do :; done";
    let (output, report) = run(&["--budget", "1J", "--on-budget", "stop"], script);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(report["budget"]["stopped"], true);
    assert!(!report["warnings"].to_string().contains("SIGKILL"), "{report}");
}

#[test]
fn grams_and_money_have_budgets_of_their_own() {
    // 1 J is 1/3600 Wh: at 3600 g/kWh a milligram.
    let grams = ["--carbon-intensity", "3600", "--pue", "2", "--budget", "0.004g"];
    let grams = [&grams[..], &["--on-budget", "stop"]].concat();
    let (_, report) = run(&grams, "while :; do :; done");
    let emitted = report["co2e_grams"].as_f64().unwrap();
    assert!((report["budget"]["used"].as_f64().unwrap() - emitted / 0.004).abs() < 1e-9);
    assert_eq!(report["budget"]["stopped"], true);
    let money = ["--tariff", "3600 EUR", "--budget", "0.002EUR", "--on-budget", "stop"];
    let (_, report) = run(&money, "while :; do :; done");
    let cost = report["cost"]["amount"].as_f64().unwrap();
    assert!((report["budget"]["used"].as_f64().unwrap() - cost / 0.002).abs() < 1e-9);
    for (args, said) in [
        (&["--budget", "3EUR"][..], "--tariff \"0.32 EUR\""),
        (&["--budget", "3EUR", "--tariff", "1 USD"], "use one currency"),
        (&["--budget", "3 apples"], "such as 2kWh"),
        (&["--on-budget", "stop"], "--budget"),
    ] {
        let output = jouletop().arg("run").args(args).args(["--", "echo", "ran"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(words(&output).contains(said), "{}", words(&output));
        assert!(output.stdout.is_empty());
    }
}
