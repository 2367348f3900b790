use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    attribute::{Method, attribute},
    frame::Share,
    sample::{Activity, Identity, Machine, ProbeKind, Sample},
    waste::{Severity, Subject, SubjectKind, total},
};

fn id(pid: u32) -> ProcessId {
    ProcessId { pid, start: u64::from(pid) }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn frame(second: i64) -> Frame {
    let sample = |second: i64| Sample {
        time: at(second),
        monotonic: Duration::from_secs(second.unsigned_abs()),
        boottime: Duration::from_secs(second.unsigned_abs()),
        machine: Arc::new(Machine::of_packages("box".into(), Vec::new())),
        probe: ProbeKind::Simulated,
        meters: Vec::new(),
        clocks: None,
        gpus: Vec::new(),
        activity: Activity::default(),
    };
    attribute(&sample(second - 1), &sample(second), &Method::default())
}

fn process(pid: u32, microjoules: u64) -> ProcessFrame {
    let energy = Energy { cpu: Some(Microjoules(microjoules)), ..Energy::default() };
    ProcessFrame {
        id: id(pid),
        identity: Arc::new(Identity::default()),
        ended: false,
        share: Share { energy, ..Share::default() },
        work: None,
        progress: None,
        parts: crate::frame::Parts::new(),
        intensity: 1.0,
        gpus: Vec::new(),
        threads: Vec::new(),
    }
}

fn finding(pids: &[u32], since: i64, microjoules: u64) -> Finding {
    let charge =
        |pid: &u32| Charge { process: id(*pid), pool: Pool::Cpu, energy: Microjoules(microjoules) };
    Finding {
        rule: Rule::Spinning,
        subject: Subject {
            kind: SubjectKind::Process,
            id: "process 1".into(),
            name: "spins".into(),
            processes: pids.iter().copied().map(id).collect(),
        },
        since: at(since),
        evidence: vec![Evidence::new("cpu", Figure::Part(1.0), "of a CPU")],
        charges: pids.iter().map(charge).collect(),
        remedy: "wait".into(),
        severity: Severity::Low,
    }
}

#[test]
fn a_finding_is_told_once_and_claims_no_more_than_was_charged() {
    let mut account = Account::default();
    let own = process(1, 10);
    for second in 1..=3_i64 {
        let found = [finding(&[1], 0, 20 * second.unsigned_abs())];
        account.add(&frame(second), &[&own], &found, |id| id.pid == 1);
    }
    let told = account.told();
    assert_eq!(told.len(), 1);
    // It says 60, and the process was charged with 30.
    assert_eq!(told[0].joules(), Some(Microjoules(30)));
    assert_eq!(told[0].evidence.len(), 1);
    assert_eq!(total(&told), Some(Microjoules(30)));
}

#[test]
fn one_that_comes_back_has_the_energy_of_both_times() {
    let mut account = Account::default();
    let own = process(1, 10);
    for second in 1..=10_i64 {
        // So from 0 to 2 and from 6 on.
        let found: Vec<_> = match second {
            1..=2 => vec![finding(&[1], 0, 10 * second.unsigned_abs())],
            7.. => vec![finding(&[1], 6, 10 * (second.unsigned_abs() - 6))],
            _ => Vec::new(),
        };
        account.add(&frame(second), &[&own], &found, |_| true);
    }
    let told = account.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].joules(), Some(Microjoules(60)));
    assert_eq!(told[0].since, at(0));
    assert_eq!(told[0].evidence[1].figure, Figure::Count(2.0));
}

#[test]
fn what_is_about_others_is_not_told() {
    let mut account = Account::default();
    let own = process(1, 10);
    account.add(&frame(1), &[&own], &[finding(&[1, 2], 0, 5)], |id| id.pid == 1);
    assert_eq!(account.told(), Vec::new());
}

/// A finding that is about a process of a job.
fn of_job(pid: u32, microjoules: u64) -> Finding {
    let mut finding = finding(&[pid], 0, microjoules);
    finding.subject.id = "slurm 4711".into();
    finding
}

#[test]
fn two_ranks_of_one_job_that_spin_are_two_findings() {
    let mut account = Account::default();
    let own = [process(1, 10), process(2, 7)];
    for second in 1..=2_i64 {
        let times = second.unsigned_abs();
        let found = [of_job(1, 10 * times), of_job(2, 7 * times)];
        account.add(&frame(second), &own.each_ref(), &found, |_| true);
    }
    let told = account.told();
    let both: Vec<_> =
        told.iter().map(|one| (one.subject.processes.clone(), one.joules())).collect();
    let expected = [(vec![id(1)], Some(Microjoules(20))), (vec![id(2)], Some(Microjoules(14)))];
    assert_eq!(both, expected);
    assert!(told.iter().all(|one| one.evidence.len() == 1), "each was so once");
    assert_eq!(total(&told), Some(Microjoules(34)));
}

#[test]
fn what_is_remembered_is_bounded_and_says_so() {
    // Whether ends are told or lost.
    for ended in [true, false] {
        let mut account = Account::default();
        for pid in 1..=5000 {
            let own = ProcessFrame { ended, ..process(pid, 1) };
            let mut found = finding(&[pid], 0, 1);
            found.subject.id = format!("process {pid}");
            account.add(&frame(1), &[&own], &[found], |_| true);
            assert!(account.charged.len() <= MOST_CHARGED);
        }
        assert!(account.warning().unwrap().contains("200"));
        let told = account.told();
        assert_eq!(told.len(), MOST);
        // Nobody is forgotten whom a finding charges.
        assert!(told.iter().all(|one| one.joules() == Some(Microjoules(1))), "ended: {ended}");
    }
}

#[test]
fn the_living_are_remembered_before_the_ended_and_whoever_runs_always() {
    let mut account = Account::default();
    account.add(&frame(1), &[&process(1, 5)], &[], |_| true);
    for pid in 2..=5000 {
        let own = ProcessFrame { ended: true, ..process(pid, 1) };
        account.add(&frame(1), &[&own], &[], |_| true);
    }
    assert!(account.charged.contains_key(&id(1)));
    let crowd: Vec<_> = (10_000..16_000).map(|pid| process(pid, 1)).collect();
    let crowd: Vec<_> = crowd.iter().collect();
    account.add(&frame(1), &crowd, &[], |_| true);
    assert!(crowd.iter().all(|one| account.charged.contains_key(&one.id)));
    assert!(account.charged.len() < 6000 + MOST_CHARGED);
}
