//! Whole programs over a fake powercap tree whose counters move: sums to the microjoule.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and shows its figures"
)]

mod support;

use std::{fs, process::Stdio, thread, time::Duration};

use serde_json::Value;
use support::{jouletop, powercap::Tree, require_root, stream::Stream, workload};

/// Joules of JSON as the whole microjoules that they are.
fn microjoules(value: &Value) -> u64 {
    let joules = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    (joules * 1e6).round() as u64
}

/// The rows of a frame; each must be there.
fn rows(frame: &Value) -> u64 {
    let processes = frame["processes"].as_array().unwrap();
    let named = ["idle", "kernel", "unattributed", "self"].map(|row| &frame[row]);
    processes.iter().chain(named).map(|row| microjoules(&row["energy_joules"])).sum()
}

/// Advances the four counters for a second in uneven steps; gives each one's sum.
fn burn(tree: &mut Tree) -> [u64; 4] {
    let mut sums = [0; 4];
    let mut seed = 42_u64;
    for _ in 0..100 {
        for (sum, (zone, scale)) in sums.iter_mut().zip([
            ("intel-rapl:0", 900_000),
            ("intel-rapl:0:0", 60_000),
            ("intel-rapl:1", 120_000),
            ("intel-rapl:1:0", 30_000),
        ]) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let step = (seed >> 33) % scale;
            tree.advance(zone, step);
            *sum += step;
        }
        // What must not be counted moves as well.
        tree.advance("intel-rapl-mmio:0", 800_000);
        tree.advance("intel-rapl:2", 2_000_000);
        thread::sleep(Duration::from_millis(10));
    }
    sums
}

#[test]
fn json_adds_up_to_what_the_counters_advanced() {
    let mut tree = Tree::two_packages();
    let stream = Stream::start(&["--interval", "250ms", "--sysfs-root", tree.path()]);
    let mut frames = vec![stream.next()];
    let advanced = burn(&mut tree);
    frames.extend(stream.finish());
    let sum = |id: &str| -> u64 {
        frames.iter().map(|frame| microjoules(&meter(frame, id)["energy_joules"])).sum()
    };
    assert_eq!(["package-0", "dram-0", "package-1", "dram-1"].map(sum), advanced);
    let mut total = 0;
    for frame in &frames {
        assert_eq!(frame["quality"], "measured");
        assert_eq!(frame["meters"].as_array().unwrap().len(), 4);
        let header = microjoules(&frame["total"]["energy_joules"]);
        assert_eq!(rows(frame), header, "rows and header of {}", frame["time"]);
        total += header;
    }
    assert_eq!(total, advanced.iter().sum::<u64>());
}

#[test]
fn run_sees_all_that_the_counters_advanced_while_it_ran() {
    let mut tree = Tree::two_packages();
    let go = tree.root().join("go");
    let child = jouletop()
        .args(["run", "--json", "--interval", "200ms", "--sysfs-root"])
        .arg(tree.root())
        .args(["--", "sh", "-c", "touch \"$0\"; while [ -e \"$0\" ]; do :; done"])
        .arg(&go)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !go.exists() {
        thread::sleep(Duration::from_millis(5));
    }
    let advanced: u64 = burn(&mut tree).iter().sum();
    fs::remove_file(&go).unwrap();
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(microjoules(&report["machine_energy_joules"]), advanced);
    let own = microjoules(&report["energy_joules"]);
    assert!(own > 0 && own < advanced, "{own} of {advanced}");
    let pools = ["cpu_energy_joules", "dram_energy_joules"].map(|pool| microjoules(&report[pool]));
    assert_eq!(pools.iter().sum::<u64>(), own);
    assert_eq!(report["quality"], "attributed");
}

#[test]
fn a_package_is_paid_by_who_ran_on_it() {
    require_root();
    let mut tree = Tree::two_packages();
    let mut busy = workload().args(["busy", "60.31", "1"]).spawn().unwrap();
    let stream = Stream::start(&["--interval", "250ms", "--sysfs-root", tree.path()]);
    stream.next();
    let advanced = burn(&mut tree);
    let (mut own, mut due) = (0, 0.0);
    for frame in stream.finish() {
        assert_eq!(frame["probe"], "bpf");
        let energy: u64 = ["package-1", "dram-1"]
            .map(|id| microjoules(&meter(&frame, id)["energy_joules"]))
            .iter()
            .sum();
        for process in frame["processes"].as_array().unwrap() {
            if process["cmdline"].as_str().is_some_and(|cmdline| cmdline.contains("busy 60.31")) {
                own += microjoules(&process["energy_joules"]);
                let part = process["cpu_seconds"].as_f64().unwrap()
                    / frame["interval_seconds"].as_f64().unwrap();
                due += energy as f64 * part;
            }
        }
    }
    busy.kill().unwrap();
    busy.wait().unwrap();
    let (near, far) = (advanced[2] + advanced[3], advanced[0]);
    // It never ran on package 0, which drew far more than all of package 1.
    assert!(own <= near && far > 4 * near, "{own} of {near}, beside {far}");
    // Package 1 has one CPU: its energy is due in the part of the time that it ran there,
    // however many others wanted that CPU.
    assert!(own > 0 && (own as f64 - due).abs() < 0.02 * near as f64, "{own}, due {due}");
}

#[test]
fn a_zone_that_vanishes_is_a_gap_with_its_reason_and_never_zero() {
    let tree = Tree::two_packages();
    let stream = Stream::start(&["--interval", "200ms", "--sysfs-root", tree.path()]);
    let first = stream.next();
    assert_eq!(meter(&first, "package-1")["quality"], "measured");
    fs::remove_dir_all(tree.dir("intel-rapl:1")).unwrap();
    let last = stream.finish().pop().unwrap();
    let gone = meter(&last, "package-1");
    assert_eq!(gone["quality"], "absent");
    assert_eq!(gone["energy_joules"], Value::Null);
    assert!(gone["note"].as_str().unwrap().contains("is gone"), "{gone}");
    assert_eq!(meter(&last, "package-0")["quality"], "measured");
    assert_eq!(rows(&last), microjoules(&last["total"]["energy_joules"]));
}

/// A meter of a frame, by its id.
fn meter<'a>(frame: &'a Value, id: &str) -> &'a Value {
    let meters = frame["meters"].as_array().unwrap();
    meters.iter().find(|meter| meter["id"] == id).unwrap_or_else(|| panic!("no {id}: {frame}"))
}

#[test]
fn counters_that_are_no_numbers_give_no_watts_but_a_marked_estimate() {
    for text in ["garbage", "", "-1", "0x10"] {
        let mut tree = Tree::new(&[0, 0]);
        tree.zone("intel-rapl:0", "package-0", 0);
        fs::write(tree.dir("intel-rapl:0").join("energy_uj"), text).unwrap();
        let output = jouletop()
            .args(["--once", "--json", "--interval", "100ms", "--sysfs-root"])
            .arg(tree.root())
            .output()
            .unwrap();
        let frame: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(frame["quality"], "estimated");
        let meters = frame["meters"].as_array().unwrap();
        assert_eq!(meters[0]["id"], "package-0");
        assert_eq!(meters[0]["energy_joules"], Value::Null);
        assert!(meters[0]["note"].as_str().unwrap().contains("not a number"));
        assert_eq!(rows(&frame), microjoules(&frame["total"]["energy_joules"]));
    }
}

#[test]
fn unreadable_is_permission_denied_with_the_remedy() {
    require_root();
    let mut tree = Tree::new(&[0, 0]);
    tree.zone("intel-rapl:0", "package-0", 1);
    // An ordinary user, as whom root's rights do not count.
    let nobody = 65_534;
    for path in [tree.root(), &tree.root().join("class")] {
        std::os::unix::fs::chown(path, Some(nobody), None).unwrap();
    }
    let counter = tree.dir("intel-rapl:0").join("energy_uj");
    let mut rights = fs::metadata(&counter).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o400);
    fs::set_permissions(&counter, rights).unwrap();
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("jouletop");
    fs::copy(env!("CARGO_BIN_EXE_jouletop"), &program).unwrap();
    let mut open = fs::metadata(place.path()).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut open, 0o755);
    fs::set_permissions(place.path(), open).unwrap();
    let mut command = std::process::Command::new(program);
    std::os::unix::process::CommandExt::uid(&mut command, nobody);
    let output = command
        .args(["--once", "--json", "--interval", "100ms", "--sysfs-root"])
        .arg(tree.root())
        .output()
        .unwrap();
    let frame: Value = serde_json::from_slice(&output.stdout).unwrap();
    let note = frame["meters"][0]["note"].as_str().unwrap();
    assert!(note.starts_with("permission denied: ") && note.contains("as root"), "{note}");
    assert_eq!(frame["meters"][0]["power_watts"], Value::Null);
    assert_eq!(frame["probe"], "proc");
    let warnings = frame["warnings"].to_string();
    assert!(warnings.contains("no permission to load BPF programs"), "{warnings}");
    assert!(warnings.contains("setcap"), "{warnings}");
}
