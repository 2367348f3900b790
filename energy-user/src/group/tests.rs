use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    attribute::{Method, attribute},
    frame::{Energy, Held, ProcessFrame},
    job::{
        resolve::Jobs,
        table::{anybody, identity},
    },
    sample::{Activity, Machine, ProbeKind, Sample},
    units::Microjoules,
};

const POD: &str = "/kubepods/burstable/pod2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab";
const ID: &str = "aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900";

/// A frame of a machine without meters, in which nobody ran.
fn empty() -> Frame {
    let sample = |at: u64| Sample {
        time: Timestamp::UNIX_EPOCH,
        monotonic: Duration::from_secs(at),
        boottime: Duration::from_secs(at),
        machine: Arc::new(Machine::of_packages("box".into(), Vec::new())),
        probe: ProbeKind::Simulated,
        meters: Vec::new(),
        clocks: None,
        gpus: Vec::new(),
        activity: Activity::default(),
    };
    attribute(&sample(0), &sample(1), &Method::default())
}

fn process(pid: u32, identity: Identity, share: Share) -> ProcessFrame {
    ProcessFrame {
        id: ProcessId { pid, start: u64::from(pid) },
        identity: Arc::new(identity),
        ended: false,
        share,
        work: None,
        parts: crate::frame::Parts::new(),
        intensity: 1.0,
        progress: None,
        gpus: Vec::new(),
        threads: Vec::new(),
    }
}

fn joules(cpu: u64) -> Share {
    let cpu = Some(Microjoules(cpu * 1_000_000));
    Share { energy: Energy { cpu, ..Energy::default() }, ..Share::default() }
}

/// The rows of a frame: label, processes, joules.
fn rows(frame: &Frame, grouping: Grouping) -> Vec<(String, usize, u64)> {
    let placed = Jobs::new().frame(frame);
    let row = |group: Group| {
        let energy = group.share.energy.total().unwrap_or_default();
        (group.key.label, group.processes, energy.0 / 1_000_000)
    };
    groups(frame, &placed, grouping).into_iter().map(row).collect()
}

/// Label, processes, joules.
type Rows<'a> = &'a [(&'a str, usize, u64)];

fn expected(rows: Rows<'_>) -> Vec<(String, usize, u64)> {
    rows.iter().map(|(label, count, joules)| ((*label).into(), *count, *joules)).collect()
}

#[test]
fn the_same_processes_by_every_grouping() {
    let mut frame = empty();
    let pod = |container: &str, env: &[(&str, &str)]| {
        identity(&[&format!("{POD}/{container}")], env, "python train.py")
    };
    let web = |pid, parent| Identity {
        parent: Some(ProcessId { pid: parent, start: u64::from(parent) }).filter(|_| parent > 0),
        user: Some("www".into()),
        uid: Some(33),
        ..identity(&["/system.slice/nginx.service"], &[], &format!("nginx: {pid}"))
    };
    let other = ID.replace("aa11", "cc11");
    frame.processes = vec![
        process(10, pod(ID, &[]), joules(1)),
        process(11, pod(ID, &[("POD_NAME", "train-0")]), joules(2)),
        process(12, pod(&other, &[]), joules(4)),
        process(20, web(20, 0), joules(8)),
        process(21, web(21, 20), joules(16)),
        process(30, Identity { name: "x".into(), ..Identity::default() }, joules(32)),
    ];
    let table: [(Grouping, Rows<'_>); 7] = [
        (Grouping::Job, &[("(no job)", 1, 32), ("train-0 (2f1c8a7b)", 3, 7), ("nginx", 2, 24)]),
        (
            Grouping::Container,
            &[
                ("(no container)", 3, 56),
                ("train-0 (2f1c8a7b) aa11bb22cc33", 2, 3),
                ("2f1c8a7b cc11bb22cc33", 1, 4),
            ],
        ),
        (Grouping::Unit, &[("(no unit)", 4, 39), ("nginx", 2, 24)]),
        (Grouping::User, &[("(no user)", 1, 32), ("alice", 3, 7), ("www", 2, 24)]),
        (Grouping::Command, &[("nginx", 2, 24), ("python train.py", 3, 7), ("x", 1, 32)]),
        (
            Grouping::Tree,
            &[
                ("python train.py", 1, 1),
                ("python train.py", 1, 2),
                ("python train.py", 1, 4),
                ("nginx", 2, 24),
                ("x", 1, 32),
            ],
        ),
        (Grouping::Host, &[("box", 6, 63)]),
    ];
    for (grouping, rows) in table {
        assert_eq!(self::rows(&frame, grouping), expected(rows), "{grouping:?}");
    }
    assert_eq!(rows(&frame, Grouping::Process).len(), 6);
}

fn better_of(one: &str, other: &str) -> String {
    let mut known = one.to_owned();
    better(&mut known, other);
    known
}

#[test]
fn a_row_is_called_by_what_says_most_whoever_comes_first() {
    for (one, other) in [("4711", "4711 (train)"), ("4711 (train)", "4711")] {
        assert_eq!(better_of(one, other), "4711 (train)");
    }
    assert_eq!(better_of("b", "a"), "a");
    assert_eq!(better_of("a", "b"), "a");
}

#[test]
fn the_words_of_the_command_line_are_those_of_json() {
    for grouping in Grouping::ALL {
        let word = clap::ValueEnum::to_possible_value(&grouping).unwrap();
        assert_eq!(word.get_name(), grouping.as_str());
        let json = serde_json::to_string(&grouping).unwrap();
        assert_eq!(json, format!("\"{}\"", grouping.as_str()));
    }
    assert_eq!(<Grouping as clap::ValueEnum>::value_variants(), Grouping::ALL);
}

fn share() -> impl Strategy<Value = Share> {
    let pool = || prop::option::of((0..1_000_000_u64).prop_map(Microjoules));
    let ns = 0..1_000_000_000_u64;
    (pool(), pool(), pool(), ns.clone(), prop::option::of(ns.clone()), ns).prop_map(
        |(cpu, dram, gpu, time, on_gpu, held)| Share {
            cpu_time: Duration::from_nanos(time),
            gpu_time: on_gpu.map(Duration::from_nanos),
            energy: Energy { cpu, dram, gpu, rest: None },
            held: Held { time: Duration::from_nanos(held), energy: Microjoules(held) },
        },
    )
}

proptest! {
    #[test]
    fn each_process_is_in_one_row_of_every_grouping_and_the_rows_add_up(
        who in prop::collection::vec((anybody(), share()), 0..16),
    ) {
        let mut frame = empty();
        let processes = who.into_iter().zip(2..).map(|((who, share), pid)| process(pid, who, share));
        frame.processes = processes.collect();
        let placed = Jobs::new().frame(&frame);
        let mut all = Share::default();
        for process in &frame.processes {
            all.add(&process.share);
        }
        for grouping in Grouping::ALL {
            let groups = groups(&frame, &placed, grouping);
            let mut sum = Share::default();
            for group in &groups {
                sum.add(&group.share);
            }
            prop_assert_eq!(sum, all, "{:?}", grouping);
            let count: usize = groups.iter().map(|group| group.processes).sum();
            prop_assert_eq!(count, frame.processes.len());
            let by_id: HashMap<&str, usize> =
                groups.iter().map(|group| (group.key.id.as_str(), group.processes)).collect();
            prop_assert_eq!(by_id.len(), groups.len());
            for (process, placed) in frame.processes.iter().zip(&placed) {
                let key = key(grouping, process.id, &process.identity, placed, "box");
                prop_assert!(by_id.get(key.id.as_str()).is_some_and(|count| *count > 0));
            }
        }
    }
}
