//! What is counted beside time, on the real kernel: threads, overlap on a core, cycles, misses.
//!
//! This kernel may have no core with two hardware threads and no counter of cycles. Overlap is
//! then shown on CPUs that a made-up sysfs calls threads of one core, cycles with the kernel's
//! CPU clock in their place, and misses with page faults: all prove the bookkeeping, not the
//! hardware.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and shows figures")]

mod support;

use std::{
    collections::HashSet,
    fs,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;
use support::{
    kernel::{alone, named},
    powercap::Tree,
    stream::Stream,
    workload,
};

/// The counters that every kernel has, in place of the CPU's.
const SOFTWARE: [&str; 4] = ["--weight", "cycles", "--cycles-from", "software"];

fn spawn(args: &[&str]) -> Child {
    workload().args(args).stdout(Stdio::null()).spawn().unwrap()
}

/// Intervals of a run of workloads, from before they begin until after they end.
fn watch(flags: &[&str], workloads: &[&[&str]]) -> Vec<Value> {
    watch_while(flags, workloads, || ())
}

/// As `watch`, with something done a hundred times a second while they run.
fn watch_while(flags: &[&str], workloads: &[&[&str]], mut each: impl FnMut()) -> Vec<Value> {
    let stream = Stream::start(&[&["--probe", "bpf", "--interval", "250ms"], flags].concat());
    stream.next();
    for mut child in workloads.iter().map(|args| spawn(args)).collect::<Vec<_>>() {
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            each();
            thread::sleep(Duration::from_millis(10));
        };
        assert!(status.success());
    }
    stream.finish()
}

/// As `watch`, on a machine with one package and its memory, whose meters rise while they run.
fn watch_meters(flags: &[&str], workloads: &[&[&str]]) -> Vec<Value> {
    let cpus = thread::available_parallelism().unwrap().get();
    let mut tree = Tree::new(&vec![0; cpus]);
    tree.zone("intel-rapl:0", "package-0", 0);
    tree.zone("intel-rapl:0:0", "dram", 0);
    let root = tree.path().to_owned();
    watch_while(&[flags, &["--sysfs-root", &root]].concat(), workloads, || {
        tree.advance("intel-rapl:0", 200_000);
        tree.advance("intel-rapl:0:0", 50_000);
    })
}

/// What a meter's energy was split by, and how much that is believed, where there was some.
fn splits<'a>(lines: &'a [Value], id: &str) -> HashSet<(&'a str, &'a str)> {
    let meters = lines.iter().flat_map(|line| line["meters"].as_array().unwrap());
    let rose = meters.filter(|meter| meter["id"] == id && meter["energy_joules"] != 0.0);
    rose.map(|meter| (word(&meter["split_by"]), word(&meter["confidence"]))).collect()
}

/// The sum of a number of the processes whose command line holds a word.
fn sum(lines: &[Value], word: &str, number: &str) -> f64 {
    named(lines, word).map(|process| process[number].as_f64().unwrap()).sum()
}

/// A string of JSON.
fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no word"))
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
    let lines = watch(&SOFTWARE, &[&["busy", "2.31"], &["duty", "2.32", "30"], &["storm", "2.33"]]);
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
fn who_touches_memory_has_misses_and_who_spins_has_none() {
    let _alone = alone();
    let lines = watch(&SOFTWARE, &[&["touch", "1.41", "0"], &["busy", "1.42", "1"]]);
    let [touched, spun] = ["touch 1.41", "busy 1.42"].map(|word| sum(&lines, word, "misses"));
    println!("misses: {touched} of who touches memory, {spun} of who spins");
    // To start a program takes some hundred faults.
    assert!(touched > 20_000.0 && spun < 1000.0, "{touched} and {spun}");
}

#[test]
fn misses_are_told_only_where_they_are_counted() {
    let _alone = alone();
    let lines = watch(&["--weight", "smt"], &[&["busy", "0.41"]]);
    assert!(named(&lines, "busy 0.41").all(|process| process["misses"].is_null()));
}

#[test]
fn memory_is_charged_to_who_misses() {
    let _alone = alone();
    let lines = watch_meters(&SOFTWARE, &[&["touch", "2.41", "0"], &["busy", "2.42", "1"]]);
    // What of the joules of the two is of who touches memory.
    let part = |of| {
        let [touch, busy] = ["touch 2.41", "busy 2.42"].map(|word| sum(&lines, word, of));
        touch / (touch + busy)
    };
    let (dram, cpu) = (part("dram_energy_joules"), part("cpu_energy_joules"));
    println!("who touches memory has {dram:.3} of the memory's joules, {cpu:.3} of the CPUs'");
    assert!(dram > 0.95 && (0.2..0.8).contains(&cpu), "{dram} and {cpu}");
    assert_eq!(splits(&lines, "dram-0"), [("misses", "medium")].into());
    assert_eq!(splits(&lines, "package-0"), [("cycles", "high")].into());
}

#[test]
fn cycles_go_on_where_misses_cannot_be_counted() {
    let _alone = alone();
    let flags = ["--weight", "cycles", "--cycles-from", "software-without-misses"];
    let lines = watch_meters(&flags, &[&["touch", "1.51", "0"], &["busy", "1.52", "1"]]);
    assert!(sum(&lines, "touch 1.51", "cycles") > 1e8);
    assert!(named(&lines, "touch 1.51").all(|process| process["misses"].is_null()));
    assert_eq!(splits(&lines, "dram-0"), [("cycles", "low")].into());
    let doctor = support::jouletop().arg("doctor").args(flags).output().unwrap();
    let text = String::from_utf8_lossy(&doctor.stdout);
    let note = "cache misses cannot be counted here: memory is split by cycles";
    assert!(text.contains(note), "{text}");
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
