//! Marks of real runs, over a fake powercap tree whose counters rise.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    fs,
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::Value;
use support::{jouletop, powercap::Tree};

fn microjoules(value: &Value) -> u64 {
    (value.as_f64().unwrap_or_else(|| panic!("{value}")) * 1e6).round() as u64
}

#[test]
fn phases_add_up_to_the_run_and_end_at_their_marks() {
    let mut tree = Tree::two_packages();
    let path = tree.path().to_owned();
    let spin =
        "spin() { end=$(($(date +%s%N)+$1)); while [ $(date +%s%N) -lt $end ]; do :; done; }";
    // The program itself, and a line that a shell writes.
    let script = format!(
        "{spin}; spin 300000000; \"$0\" mark 'epoch 1' || exit 9; spin 600000000
        echo epoch 2 >>\"$JOULETOP_MARKS\"; sleep 1"
    );
    // The interval is far longer than the phases: they end at the marks all the same.
    let mut command = jouletop();
    command
        .args(["run", "--json", "--interval", "30s", "--sysfs-root", &path, "--", "sh", "-c"])
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_jouletop"))
        .stdin(Stdio::null());
    let done = AtomicBool::new(false);
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                tree.advance("intel-rapl:0", 100_003);
                tree.advance("intel-rapl:1", 100_007);
                thread::sleep(Duration::from_millis(10));
            }
        });
        let output = command.output();
        done.store(true, Ordering::Relaxed);
        output.unwrap()
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let phases = report["phases"].as_array().unwrap();
    let names: Vec<_> = phases.iter().map(|phase| phase["name"].as_str()).collect();
    assert_eq!(names, [None, Some("epoch 1"), Some("epoch 2")]);
    for field in ["energy_joules", "cpu_energy_joules", "dram_energy_joules"] {
        let sum: u64 = phases.iter().map(|phase| microjoules(&phase[field])).sum();
        assert_eq!(sum, microjoules(&report[field]), "{field}");
    }
    for field in ["wall_seconds", "cpu_seconds", "co2e_grams"] {
        let number = |value: &Value| value[field].as_f64().unwrap();
        let sum: f64 = phases.iter().map(number).sum();
        assert!((sum - number(&report)).abs() < 1e-9, "{field}");
    }
    let number = |phase: usize, field: &str| phases[phase][field].as_f64().unwrap();
    assert!((0.25..2.0).contains(&number(0, "wall_seconds")), "{report}");
    assert!(number(1, "wall_seconds") >= 0.6 && number(2, "wall_seconds") >= 0.9, "{report}");
    // It slept in the last one.
    assert!(number(2, "cpu_seconds") < 0.1 * number(1, "cpu_seconds"), "{report}");
    assert!(number(2, "energy_joules") < 0.2 * number(1, "energy_joules"), "{report}");
}

#[test]
fn hostile_marks_do_no_harm() {
    let script = "yes x | head -n 200000 >>\"$JOULETOP_MARKS\"
        printf 'a\\033[2Jb' >>\"$JOULETOP_MARKS\"; sleep 0.5; rm -rf \"$JOULETOP_MARKS\"";
    let output = jouletop().args(["run", "--json", "--", "sh", "-c", script]).output().unwrap();
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["phases"].as_array().unwrap().len(), 10_000);
    assert!(report["warnings"].to_string().contains("mark more rarely"), "{}", report["warnings"]);
}

#[test]
fn a_mark_outside_of_a_run_says_what_to_do() {
    for (file, said) in [(None, "jouletop run -- CMD"), (Some("/no/such"), "still there?")] {
        let mut command = jouletop();
        command.args(["mark", "x"]).env_remove("JOULETOP_MARKS");
        command.envs(file.map(|file| ("JOULETOP_MARKS", file)));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.contains(said), "{words}");
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("marks");
    let mark = |name: &str| {
        let mut command = jouletop();
        command.args(["mark", name]).env("JOULETOP_MARKS", &file).output().unwrap().status
    };
    // It makes no file of its own.
    assert!(!mark("x").success() && !file.exists());
    fs::write(&file, "").unwrap();
    assert!(mark("a\nb").success() && !mark(" ").success());
    assert_eq!(fs::read_to_string(&file).unwrap(), "a?b\n");
}
