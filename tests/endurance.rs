//! Whether the books hold for long, under storms, and when nobody reads them.
//!
//! The oracle is what `wait4` says of each ended process, children included.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and shows figures")]

mod support;

use std::{process::Stdio, thread::sleep, time::Duration};

use nix::sys::signal::{Signal, kill};
use serde_json::Value;
use support::{
    kernel::{alone, charged, counted, error, named, sum, waited},
    stream::Stream,
    workload,
};

const PROBE: &[&str] = &["--probe", "bpf", "--interval", "500ms"];

fn spawn(args: &[&str]) -> std::process::Child {
    workload().args(args).stdout(Stdio::null()).spawn().unwrap()
}

/// Every row's CPU time is in the books, and the books add up to the nanosecond.
fn add_up(lines: &[Value]) {
    let book = |what: &str| sum(lines, ["books", what]);
    let parts = ["task", "idle", "scheduler", "missed", "irq", "stolen", "residue"];
    let parts: f64 = parts.iter().map(|part| book(&format!("{part}_seconds"))).sum();
    let elapsed = book("elapsed_seconds");
    let rows: f64 = lines
        .iter()
        .flat_map(|line| line["processes"].as_array().unwrap())
        .map(|process| process["cpu_seconds"].as_f64().unwrap())
        .sum();
    // JSON's `kernel` has the interrupts in it, which are no task's.
    let irq = book("irq_seconds");
    let others = sum(lines, ["kernel", "cpu_seconds"]) + sum(lines, ["self", "cpu_seconds"]) - irq;
    println!("elapsed {elapsed:.6} s, parts {parts:.6} s; rows {:.6} s", rows + others);
    assert!((parts - elapsed).abs() < 1e-6, "{parts} of {elapsed}");
    assert!((rows + others - book("task_seconds")).abs() < 1e-5, "{}", book("task_seconds"));
}

#[test]
fn a_minute_of_load_adds_up_on_every_cpu() {
    let _alone = alone();
    let stream = Stream::start(PROBE);
    stream.next();
    let loads: [&[&str]; 4] = [
        &["busy", "60.01"],
        &["duty", "60.02", "30"],
        &["threads", "60.03", "4"],
        &["storm", "60.04"],
    ];
    for child in loads.map(spawn) {
        charged(child);
    }
    let lines = stream.finish();
    add_up(&lines);
    let cpus = std::thread::available_parallelism().unwrap().get() as f64;
    let elapsed = sum(&lines, ["books", "elapsed_seconds"]) / cpus;
    let wall: f64 = lines.iter().map(|line| line["interval_seconds"].as_f64().unwrap()).sum();
    let worst = lines.last().unwrap()["books"]["worst_residue_seconds"].as_f64().unwrap();
    let residue = sum(&lines, ["books", "residue_seconds"]);
    println!(
        "wall {wall:.3} s, each CPU {elapsed:.3} s, residue {residue:.9} s, worst {worst:.9} s"
    );
    assert!(wall > 60.0);
    assert!(error(elapsed, wall) < 0.001, "{elapsed} of {wall}");
    assert!(worst.abs() < 1e-4 * elapsed && residue.abs() < 1e-4 * elapsed * cpus);
}

#[test]
fn a_hundred_thousand_short_processes_are_counted_and_named() {
    let _alone = alone();
    let stream = Stream::start(PROBE);
    stream.next();
    let truth = charged(spawn(&["shorts", "100000", "2"]));
    let lines = stream.finish();
    let (found, processes) = counted(&lines, "shorts 100000");
    println!("kernel {truth:.4} s, jouletop {found:.4} s, {processes} processes");
    assert!(error(found, truth) < 0.001, "{found} of {truth}");
    // Two lines, and who began them.
    assert_eq!(processes, 100_003);
    assert!(named(&lines, "shorts 100000").all(|process| process["name"] == "workload"));
    assert!(sum(&lines, ["lost", "events"]) < 0.5);
}

#[test]
fn two_hundred_processes_of_fifty_threads() {
    let _alone = alone();
    let stream = Stream::start(PROBE);
    stream.next();
    let children: Vec<_> = (0..200).map(|_| spawn(&["threads", "4.07", "50"])).collect();
    let truth: f64 = children.into_iter().map(charged).sum();
    let lines = stream.finish();
    let (found, processes) = counted(&lines, "threads 4.07");
    println!("kernel {truth:.4} s, jouletop {found:.4} s, {processes} processes");
    // The kernel takes a thread's sum on its way out, and the rest of that way is in none.
    let rest = 50e-6 * 200.0 * 51.0;
    assert!(found > truth * 0.9999 && found < truth + rest, "{found} of {truth}");
    assert_eq!(processes, 200);
}

#[test]
fn a_chain_of_execs_and_a_sudden_death_keep_their_time() {
    let _alone = alone();
    let stream = Stream::start(PROBE);
    stream.next();
    let truth = charged(spawn(&["chain", "20"]));
    let mut victim = spawn(&["busy", "77.01"]);
    sleep(Duration::from_millis(1250));
    victim.kill().unwrap();
    let (killed, status) = waited(victim);
    assert!(!status.success());
    let lines = stream.finish();
    let (found, processes) = counted(&lines, "workload chain");
    println!("chain: kernel {truth:.6} s, jouletop {found:.6} s, {processes} processes");
    assert_eq!(processes, 1, "an exec changes the name and nothing else");
    // An exec's time before its name was told counts under the name before, all the same.
    assert!((found - truth).abs() < 0.003, "{found} of {truth}");
    let (found, _) = counted(&lines, "busy 77.01");
    println!("killed: kernel {killed:.6} s, jouletop {found:.6} s");
    assert!((found - killed).abs() < 0.003, "{found} of {killed}");
}

#[test]
fn who_is_not_read_for_half_a_minute_says_what_was_lost() {
    let _alone = alone();
    // A ring buffer for some hundred births; the storm has thousands.
    let stream = Stream::start(&[PROBE, &["--small-maps", "16384,65536"]].concat());
    stream.next();
    let steady = spawn(&["busy", "34.01"]);
    let storm = spawn(&["storm", "33.02"]);
    sleep(Duration::from_secs(1));
    kill(stream.pid(), Signal::SIGSTOP).unwrap();
    sleep(Duration::from_secs(30));
    kill(stream.pid(), Signal::SIGCONT).unwrap();
    let (storm, steady) = (charged(storm), charged(steady));
    let lines = stream.finish();
    add_up(&lines);
    let lost = sum(&lines, ["lost", "events"]);
    let (found, _) = counted(&lines, "busy 34.01");
    // Children whose birth was lost have a number for a name; none of them was told a parent.
    let nameless: f64 = lines
        .iter()
        .flat_map(|line| line["processes"].as_array().unwrap())
        .filter(|process| process["name"].as_str().is_some_and(|name| name.starts_with("pid ")))
        .map(|process| process["cpu_seconds"].as_f64().unwrap())
        .sum();
    let children = counted(&lines, "storm 33.02").0 + nameless;
    let missed = sum(&lines, ["books", "missed_seconds"]);
    println!(
        "lost {lost}; steady {found:.4} of {steady:.4} s; \
         storm {children:.4} of {storm:.4} s, missed {missed:.4} s"
    );
    assert!(lost > 1000.0, "births and ends that had no room");
    assert!(error(found, steady) < 0.001, "{found} of {steady}");
    // The storm's children have lost their names, and nothing of their time.
    assert!(children + missed > storm * 0.999, "{children} and {missed} of {storm}");
    assert!(children < storm * 1.05, "{children} of {storm}: others were taken for them");
}
