//! Joules of real processes, by the real schedule, against a laboratory that knows the truth.
//!
//! The kernel's cgroup account of CPU time, which comes from no tracepoint, drives a simulated
//! meter whose hidden parameters are drawn by a seed; jouletop traces the kernel by itself and
//! reads that meter as a powercap tree. What this proves is the whole path from the scheduler to
//! the row of a process, under a model that is known: not accuracy on hardware.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and shows its figures"
)]

mod support;

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use jiff::Timestamp;
use jouletop::{
    calibration::{Calibration, Place},
    host,
};
use laboratory::{
    account::Model,
    hidden::{Hidden, Options},
    machine::Shape,
    real::{self, Bench},
    score,
};
use serde_json::Value;
use support::{
    kernel::{alone, named},
    stream::Stream,
    workload,
};

/// Joules of JSON as the whole microjoules that they are.
fn microjoules(value: &Value) -> u64 {
    (value.as_f64().unwrap_or_else(|| panic!("{value} is no number")) * 1e6).round() as u64
}

/// What `calibrate` would have written on this machine, had it been at rest.
fn calibrate(file: &Path, hidden: &Hidden) {
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    let cpu = host::cpu(Path::new("/proc")).0.map_or_else(String::new, |cpu| cpu.name);
    let mut calibration = Calibration::new(&host, &cpu, Timestamp::UNIX_EPOCH);
    for (index, package) in hidden.packages.iter().enumerate() {
        let watts = &mut calibration.static_watts;
        watts.insert(format!("package-{index}"), package.static_watts);
        watts.insert(format!("dram-{index}"), package.dram_static_watts);
    }
    Place::open(file).unwrap().keep(&calibration).unwrap();
}

/// A workload in its own group.
fn start(bench: &Bench, group: &str, args: &[&str]) -> Child {
    let workload = workload();
    let program = workload.get_program().to_str().unwrap();
    let mut command = bench.group(group).unwrap().command(program);
    command.args(args).stdout(Stdio::null()).spawn().unwrap()
}

#[test]
fn each_has_its_dynamic_energy_to_within_two_per_cent() {
    const WORKLOADS: [(&str, &[&str]); 3] = [
        ("burner", &["busy", "15.41", "1"]),
        ("duty", &["duty", "15.42", "30"]),
        ("storm", &["storm", "15.43"]),
    ];
    let _alone = alone();
    // Every CPU is a package of its own: who moves pays on both.
    let cpus = std::thread::available_parallelism().unwrap().get();
    let shape = Shape { packages: 2, cores: cpus / 2, threads: 1 };
    let options = Options { activation: false, spread: 0.0, noise: 0.0 };
    for seed in [1, 2] {
        let hidden = Hidden::new(seed, shape.packages, options);
        let directory = tempfile::tempdir().unwrap();
        let (tree, file) = (directory.path().join("sys"), directory.path().join("static.toml"));
        std::fs::create_dir(&tree).unwrap();
        calibrate(&file, &hidden);
        let groups = WORKLOADS.map(|(name, _)| laboratory::cgroup::Group::new(name).unwrap());
        let model = Model::new(shape, hidden);
        let bench = Bench::start(model, &tree, groups.into(), real::POLL).unwrap();
        let stream = Stream::start(&[
            "--probe",
            "bpf",
            "--interval",
            "500ms",
            "--sysfs-root",
            tree.to_str().unwrap(),
            "--calibration",
            file.to_str().unwrap(),
        ]);
        stream.next();
        let begin = bench.account().unwrap();
        let children: Vec<Child> =
            WORKLOADS.iter().map(|(name, args)| start(&bench, name, args)).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let truth = bench.account().unwrap().since(&begin).dynamic_uj();
        let lines = stream.finish();

        let mut found = BTreeMap::new();
        for (name, args) in WORKLOADS {
            let energy: u64 = named(&lines, &args[..2].join(" "))
                .map(|process| microjoules(&process["cpu_energy_joules"]))
                .sum();
            found.insert(name.to_string(), energy as f64);
            let (due, found) = (truth[name] / 1e6, energy as f64 / 1e6);
            let error = (found / due - 1.0) * 100.0;
            println!(
                "seed {seed} {name:<7} true {due:8.3} J, jouletop {found:8.3} J, {error:+.3} %"
            );
        }
        let truth = truth.into_iter().filter(|(name, _)| found.contains_key(name)).collect();
        let score = score::compare(&truth, &found).unwrap();
        assert_eq!(score.programs, WORKLOADS.len(), "each of them drew joules");
        assert!(score.max < 0.02, "{} is off by {:.2} %", score.worst, score.max * 100.0);
        lines.iter().for_each(adds_up);
    }
}

/// Rows, header and meters of an interval are three ways to the same sum, exactly.
fn adds_up(line: &Value) {
    let processes = line["processes"].as_array().unwrap().iter();
    let named = ["idle", "kernel", "unattributed", "self"].map(|row| &line[row]);
    let energy = |row: &Value| microjoules(&row["energy_joules"]);
    let rows: u64 = processes.map(energy).chain(named.into_iter().map(energy)).sum();
    let meters: u64 = line["meters"].as_array().unwrap().iter().map(energy).sum();
    assert_eq!(rows, energy(&line["total"]), "rows of {}", line["time"]);
    assert_eq!(meters, rows, "meters of {}", line["time"]);
    let basis = |meter: &Value| meter["static_basis"] == "calibrated";
    assert!(line["meters"].as_array().unwrap().iter().all(basis), "{}", line["meters"]);
}

/// Static power is what a machine draws at rest; `tests/cli.rs` has one that is.
#[test]
fn a_busy_machine_is_not_calibrated_and_hears_with_what_it_was_busy() {
    let _alone = alone();
    let cpus = std::thread::available_parallelism().unwrap().get();
    let shape = Shape { packages: 2, cores: cpus / 2, threads: 1 };
    let options = Options { activation: false, spread: 0.0, noise: 0.0 };
    let hidden = Hidden::new(3, shape.packages, options);
    let directory = tempfile::tempdir().unwrap();
    let (tree, file) = (directory.path().join("sys"), directory.path().join("static.toml"));
    std::fs::create_dir(&tree).unwrap();
    let model = Model::new(shape, hidden);
    // Seldom, so that the bench itself does not keep the machine awake.
    let pause = Duration::from_millis(200);
    let bench = Bench::start(model, &tree, Vec::new(), pause).unwrap();
    let mut busy = workload().args(["busy", "60.44"]).spawn().unwrap();
    let mut command = support::jouletop();
    command.args(["calibrate", "--for", "6s", "--interval", "1s", "--sysfs-root"]);
    let output = command.arg(&tree).arg("--calibration").arg(&file).output().unwrap();
    busy.kill().unwrap();
    busy.wait().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("not idle enough") && said.contains("workload"), "{said}");
    assert!(!file.exists(), "nothing is written of a busy machine");
    drop(bench);
}
