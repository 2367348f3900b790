//! The real programs in this kernel, against the kernel's own accounting.
//!
//! The oracle is what `wait4` says of each ended process (`ru_utime + ru_stime`,
//! which the kernel makes of `sum_exec_runtime`), children included.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and shows its figures"
)]

mod support;

use std::{
    collections::HashMap,
    process::{Child, Stdio},
    time::Duration,
};

use serde_json::Value;
use support::{
    kernel::{alone, charged, counted},
    stream::Stream,
    workload,
};

const PROBE: &[&str] = &["--probe", "bpf", "--interval", "500ms"];

/// CPU seconds of a live process of one thread, by the kernel's own account.
fn ran(child: &Child) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{}/schedstat", child.id())).unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

#[test]
fn cpu_time_is_the_kernels_own() {
    let _alone = alone();
    let stream = Stream::start(PROBE);
    stream.next();
    // Twenty seconds, all at once, on two CPUs: everybody is preempted and moved.
    let workloads: [(&str, &[&str]); 6] = [
        ("busy 20.01", &["busy", "20.01"]),
        ("duty 20.02", &["duty", "20.02", "30"]),
        ("threads 20.03", &["threads", "20.03", "16"]),
        ("busy 20.04", &["busy", "20.04", "0"]),
        ("busy 20.05", &["busy", "20.05", "1"]),
        ("storm 20.06", &["storm", "20.06"]),
    ];
    let children: Vec<(&str, Child)> = workloads
        .iter()
        .map(|(word, args)| (*word, workload().args(*args).stdout(Stdio::piped()).spawn().unwrap()))
        .collect();
    let mut truth = HashMap::new();
    let mut storm = 0_usize;
    for (word, mut child) in children {
        let said = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
        truth.insert(word, charged(child));
        if word.starts_with("storm") {
            storm = said.trim().parse().unwrap();
        }
    }
    let lines = stream.finish();
    let mut worst = 0.0_f64;
    for (word, _) in workloads {
        let (counted, _) = counted(&lines, word);
        let truth = truth[word];
        let error = (counted / truth - 1.0) * 100.0;
        println!("{word:<14} kernel {truth:8.4} s, jouletop {counted:8.4} s, {error:+.3} %");
        worst = worst.max(error.abs());
    }
    let unpaired: u64 = lines.iter().map(|line| line["lost"]["slices"].as_u64().unwrap()).sum();
    println!("slices whose beginning was not seen: {unpaired}");
    assert!(worst < 0.5, "one of them is off by {worst} %");
    complete(&lines, "storm 20.06", storm);
}

#[test]
fn a_storm_of_short_processes_is_counted_to_the_last() {
    let _alone = alone();
    let stream = Stream::start(PROBE);
    stream.next();
    let mut child =
        workload().args(["storm", "20.09", "2000"]).stdout(Stdio::piped()).spawn().unwrap();
    let said = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    let truth = charged(child);
    let storm: usize = said.trim().parse().unwrap();
    let lines = stream.finish();
    let (counted, _) = counted(&lines, "storm 20.09");
    let error = (counted / truth - 1.0) * 100.0;
    println!("storm alone    kernel {truth:8.4} s, jouletop {counted:8.4} s, {error:+.3} %");
    assert!(error.abs() < 0.5);
    complete(&lines, "storm 20.09", storm);
}

/// The parent and each child were seen once, and nothing was lost.
fn complete(lines: &[Value], word: &str, children: usize) {
    let (_, processes) = counted(lines, word);
    println!("{word}: {children} children, {processes} processes seen");
    // On a machine that hides switches, a child may have come and gone unseen.
    let hidden: u64 = lines.iter().map(|line| line["lost"]["slices"].as_u64().unwrap()).sum();
    let seen = processes <= children + 1 && processes + hidden as usize > children;
    assert!(seen, "{processes} of {children} children and their parent, {hidden} slices hidden");
    for line in lines {
        assert_eq!(line["lost"]["events"], 0);
        assert_eq!(line["lost"]["malformed"], 0);
    }
}

#[test]
fn a_loop_that_began_before_us_and_never_sleeps_is_never_at_zero() {
    let _alone = alone();
    let mut child = workload().args(["busy", "60.07", "1"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let stream = Stream::start(PROBE);
    stream.next();
    let before = ran(&child);
    let mut sum = 0.0;
    for _ in 0..4 {
        let line = stream.next();
        let (seconds, _) = counted(std::slice::from_ref(&line), "busy 60.07");
        assert!(seconds > 0.0, "zero in an interval of {}", line["interval_seconds"]);
        sum += seconds;
    }
    let truth = ran(&child) - before;
    println!("never sleeps: kernel {truth:.3} s, jouletop {sum:.3} s");
    // A tick at either end, and the way of a line through the pipe.
    assert!((sum - truth).abs() < 0.05, "{sum} s of {truth} s");
    child.kill().unwrap();
    child.wait().unwrap();
    stream.finish();
}

#[test]
fn a_thread_that_execs_in_place_of_its_leader_is_counted_once() {
    let _alone = alone();
    for args in [["relay", "0.6", "0.05"], ["relay", "0.02", "0.7"], ["relay", "0.3", "0.3"]] {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut run = support::jouletop();
        run.args(["run", "--probe", "bpf", "--json", "-o"]).arg(file.path()).arg("--");
        run.arg(workload().get_program()).args(args);
        assert!(run.status().unwrap().success());
        let report = std::fs::read_to_string(file.path()).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let counted = report["cpu_seconds"].as_f64().unwrap();
        let truth: f64 = args[1..].iter().map(|time| time.parse::<f64>().unwrap()).sum();
        println!("{args:?}: {counted} s of about {truth} s");
        // Each burns that much CPU time; start, exec and end add some.
        assert!(counted < truth + 0.1 && counted > truth * 0.99, "{args:?}: {counted} s");
    }
}

#[test]
fn a_number_that_is_used_again_is_a_new_process() {
    let _alone = alone();
    let stream = Stream::start(PROBE);
    stream.next();
    let mut child = workload().args(["reuse", "0.11"]).stdout(Stdio::piped()).spawn().unwrap();
    let said = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    assert!(child.wait().unwrap().success());
    let pid: u64 = said.trim().parse().unwrap();
    let mut lives: HashMap<String, f64> = HashMap::new();
    for line in stream.finish() {
        for process in line["processes"].as_array().unwrap() {
            if process["pid"] == pid {
                let start = process["start_time"].to_string();
                *lives.entry(start).or_default() += process["cpu_seconds"].as_f64().unwrap();
            }
        }
    }
    let mut seconds: Vec<f64> = lives.into_values().collect();
    seconds.sort_by(f64::total_cmp);
    println!("process {pid} twice: {seconds:?} s");
    assert!(seconds.len() >= 2, "{seconds:?}");
    assert!(seconds.iter().all(|&seconds| seconds < 0.25), "{seconds:?}: two lives are one");
}

#[test]
fn a_full_table_and_a_full_ring_lose_nothing_in_silence() {
    let _alone = alone();
    // Four places for each CPU, and a page of ring buffer.
    let stream = Stream::start(&[PROBE, &["--small-maps", "4,4096"]].concat());
    stream.next();
    let child = workload().args(["storm", "2.08"]).stdout(Stdio::null()).spawn().unwrap();
    let truth = charged(child);
    let lines = stream.finish();
    let sum = |path: [&str; 2]| -> f64 {
        lines.iter().map(|line| line[path[0]][path[1]].as_f64().unwrap()).sum()
    };
    let mut all = sum(["unattributed", "cpu_seconds"]);
    let missed = all;
    all += lines
        .iter()
        .flat_map(|line| line["processes"].as_array().unwrap())
        .map(|process| process["cpu_seconds"].as_f64().unwrap())
        .sum::<f64>();
    println!("storm {truth:.3} s, all {all:.3} s, of it missed {missed:.3} s");
    assert!(sum(["lost", "events"]) > 0.0 || missed > 0.0, "the limits were never met");
    assert!(all > truth * 0.995, "{all} s of {truth} s are in the books");
}

#[test]
fn doctor_measures_what_the_probe_costs() {
    let _alone = alone();
    let output = support::jouletop().args(["doctor", "--probe-cost", "--json"]).output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cost = |what: &str| found["probe_cost"][what].as_f64().unwrap();
    println!("{}", found["probe_cost"]);
    assert!(cost("empty_ns") > 0.0 && cost("switches_per_second") > 0.0);
    // Less than a zero or above a microsecond would be no measurement, whatever the machine.
    assert!(cost("ns_per_switch") > 0.0 && cost("ns_per_switch") < 1000.0);
}
