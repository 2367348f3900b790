//! What is counted beside time, on the real kernel: threads, overlap on a core, cycles.
//!
//! This kernel may have no core with two hardware threads and no counter of cycles. Overlap is
//! then shown on CPUs that a made-up sysfs calls threads of one core, and cycles with the
//! kernel's CPU clock in their place: both prove the bookkeeping, not the hardware.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and shows figures")]

mod support;

use std::{
    collections::HashSet,
    fs,
    process::{Child, Stdio},
};

use serde_json::Value;
use support::{
    kernel::{alone, named},
    stream::Stream,
    workload,
};

fn spawn(args: &[&str]) -> Child {
    workload().args(args).stdout(Stdio::null()).spawn().unwrap()
}

/// Intervals of a run of workloads, from before they begin until after they end.
fn watch(flags: &[&str], workloads: &[&[&str]]) -> Vec<Value> {
    let stream = Stream::start(&[&["--probe", "bpf", "--interval", "250ms"], flags].concat());
    stream.next();
    for mut child in workloads.iter().map(|args| spawn(args)).collect::<Vec<_>>() {
        assert!(child.wait().unwrap().success());
    }
    stream.finish()
}

/// The sum of a number of the processes whose command line holds a word.
fn sum(lines: &[Value], word: &str, number: &str) -> f64 {
    named(lines, word).map(|process| process[number].as_f64().unwrap()).sum()
}

/// A sysfs whose CPUs 0 and 1 are the two threads of one core.
fn one_core() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let cpus = root.path().join("devices/system/cpu");
    for cpu in ["cpu0", "cpu1"] {
        let topology = cpus.join(cpu).join("topology");
        fs::create_dir_all(&topology).unwrap();
        fs::write(topology.join("physical_package_id"), "0\n").unwrap();
        fs::write(topology.join("thread_siblings_list"), "0-1\n").unwrap();
    }
    fs::write(cpus.join("online"), "0-1\n").unwrap();
    root
}

#[test]
fn threads_add_up_to_their_process() {
    let _alone = alone();
    let lines = watch(&["--threads"], &[&["threads", "2.11", "16"]]);
    let mut tids = HashSet::new();
    for line in &lines {
        let threads = line["threads"].as_array().unwrap();
        for process in line["processes"].as_array().unwrap() {
            let own = || threads.iter().filter(|thread| thread["pid"] == process["pid"]);
            let micros = |v: &Value| (v["energy_joules"].as_f64().unwrap() * 1e6).round() as u64;
            let energy: u64 = own().map(micros).sum();
            let time: f64 = own().map(|thread| thread["cpu_seconds"].as_f64().unwrap()).sum();
            // An ended one that did not run is told without threads.
            if process["cpu_seconds"].as_f64().unwrap() > 0.0 {
                assert_eq!(energy, micros(process), "{process}");
                assert!((time - process["cpu_seconds"].as_f64().unwrap()).abs() < 1e-8);
            }
            if process["cmdline"].as_str().is_some_and(|c| c.contains("threads 2.11")) {
                tids.extend(own().map(|thread| thread["tid"].as_u64().unwrap()));
            }
        }
    }
    println!("{} threads", tids.len());
    assert!(tids.len() >= 16, "{tids:?}");
}

#[test]
fn time_with_a_busy_neighbour_is_told_from_time_alone() {
    let _alone = alone();
    let root = one_core();
    let root = root.path().to_str().unwrap();
    let flags = ["--weight", "smt", "--sysfs-root", root];
    let both = watch(&flags, &[&["busy", "2.21", "0"], &["busy", "2.22", "1"]]);
    for word in ["busy 2.21", "busy 2.22"] {
        let (ran, shared) = (sum(&both, word, "cpu_seconds"), sum(&both, word, "shared_seconds"));
        println!("{word}, together: {shared:.3} of {ran:.3} s shared");
        assert!(shared > 0.95 * ran && shared <= ran, "{shared} of {ran}");
    }
    let one = watch(&flags, &[&["busy", "2.23", "1"]]);
    let (ran, shared) =
        (sum(&one, "busy 2.23", "cpu_seconds"), sum(&one, "busy 2.23", "shared_seconds"));
    // The neighbour was busy with whatever else ran on this machine, and with nothing more.
    let booked =
        |what: &str| -> f64 { one.iter().map(|line| line["books"][what].as_f64().unwrap()).sum() };
    let others = booked("task_seconds") + booked("missed_seconds") - ran;
    println!("alone: {shared:.3} of {ran:.3} s shared; others ran {others:.3} s");
    // jouletop itself runs there at every sample, so nothing at all would be as wrong.
    assert!(shared > 0.0 && shared <= others + 0.02, "{shared} s shared");
    assert!(one.iter().all(|line| line["weight"] == "smt"));
}

#[test]
fn a_counter_is_read_for_each_slice() {
    let _alone = alone();
    let flags = ["--weight", "cycles", "--cycles-from", "software"];
    let lines = watch(&flags, &[&["busy", "2.31"], &["duty", "2.32", "30"], &["storm", "2.33"]]);
    for word in ["busy 2.31", "duty 2.32", "storm 2.33"] {
        let (ran, counted) = (sum(&lines, word, "cpu_seconds"), sum(&lines, word, "cycles") / 1e9);
        println!("{word}: {ran:.4} s, by the counter {counted:.4} s");
        // The counter's clock goes on in steal, which is nobody's CPU time.
        let stolen: f64 =
            lines.iter().map(|line| line["books"]["stolen_seconds"].as_f64().unwrap()).sum();
        assert!(counted > 0.97 * ran && counted < ran * 1.03 + stolen, "{word}");
    }
    assert!(lines.iter().all(|line| line["weight"] == "cycles"));
}

#[test]
fn where_no_cycles_can_be_counted_that_is_said() {
    let _alone = alone();
    let lines = watch(&["--weight", "cycles"], &[&["busy", "0.3"]]);
    let warnings = lines[0]["warnings"].to_string();
    let said = warnings.contains("weighing by time: cycles cannot be counted here");
    let counted = lines[0]["weight"] == "cycles" && sum(&lines, "busy 0.3", "cycles") > 1e6;
    println!("{}: {warnings}", lines[0]["weight"]);
    assert!(said != counted, "one or the other: {warnings}");
    assert_eq!(lines[0]["weight"], if said { "time" } else { "cycles" });
}
