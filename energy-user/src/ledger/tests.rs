//! The rows add up to the header, whatever came and went.

use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::{
    attribute::IdlePolicy,
    carbon::Intensity,
    frame::{Energy, ProcessFrame},
    group::Grouping,
    sample::{Context, Machine, ProbeKind},
    units::{GramsPerKwh, Microjoules},
};

/// A second in which each of `pids` used a joule, and idle used ten.
fn tick(pids: std::ops::Range<u32>, ended: bool, intensity: f64) -> Tick {
    let share = |microjoules: u64| Share {
        cpu_time: Duration::from_millis(10),
        energy: Energy { cpu: Some(Microjoules(microjoules)), ..Energy::default() },
        ..Share::default()
    };
    let total = (pids.len() as u64 + 10) * 1_000_000;
    let processes = pids.map(|pid| ProcessFrame {
        id: ProcessId { pid, start: 1 },
        identity: Arc::default(),
        ended,
        share: share(1_000_000),
        work: None,
        progress: None,
        parts: Vec::new(),
        intensity: 1.0,
        gpus: Vec::new(),
        threads: Vec::new(),
    });
    let frame = Frame {
        time: Timestamp::UNIX_EPOCH,
        interval: Duration::from_secs(1),
        machine: Arc::new(Machine::default()),
        probe: ProbeKind::Simulated,
        quality: Quality::Measured,
        meters: Vec::new(),
        total: share(total).energy,
        pools: Vec::new(),
        gpus: Vec::new(),
        checks: Vec::new(),
        idle_policy: IdlePolicy::None,
        learned: false,
        owed: Microjoules::ZERO,
        processes: processes.collect(),
        idle: share(10_000_000),
        kernel: Share::default(),
        irq: None,
        weight: crate::sample::Weight::Time,
        unattributed: Share::default(),
        rest: None,
        tool: Share::default(),
        kin: Vec::new(),
        births: Vec::new(),
        lost: Lost::default(),
        books: None,
    };
    Tick {
        frame: frame.balance(),
        intensity: Arc::new(Intensity::given(GramsPerKwh(intensity))),
        boottime: Duration::from_hours(1),
        placed: Vec::new(),
        findings: Vec::new(),
    }
}

fn check(ledger: &Ledger) {
    for by in Grouping::ALL {
        adds_up(ledger, &ledger.groups(by));
    }
}

fn adds_up(ledger: &Ledger, rows: &[Row]) {
    let energy: Microjoules = rows.iter().filter_map(|row| row.energy).sum();
    assert_eq!(Some(energy), ledger.totals().sum.share.energy.total());
    let grams: f64 = rows.iter().filter_map(|row| row.grams).map(|grams| grams.0).sum();
    assert!((grams - ledger.totals().sum.grams.0).abs() < 1e-9);
    let watts: f64 = rows.iter().filter_map(|row| row.watts).map(|watts| watts.0).sum();
    let header = ledger.latest().and_then(|tick| tick.frame.watts()).map_or(0.0, |watts| watts.0);
    assert!((watts - header).abs() < 1e-6);
}

#[test]
fn rows_add_up_while_processes_come_and_go() {
    let mut ledger = Ledger::default();
    for round in 0..20 {
        ledger.push(tick(round..round + 5, round % 2 == 0, 100.0));
        check(&ledger);
    }
}

#[test]
fn very_many_ended_processes_are_folded_and_stay_counted() {
    let mut ledger = Ledger::default();
    for round in 0..10 {
        ledger.push(tick(round * 1000..round * 1000 + 1000, true, 100.0));
        check(&ledger);
    }
    let rows = ledger.rows();
    assert!(rows.len() < 4010, "{} rows", rows.len());
    let folded = rows.iter().find(|row| row.key == RowKey::Folded).unwrap();
    assert!(folded.energy > Some(Microjoules(1_000_000_000)));
    // Their user is one group, and keeps all of them; so many trees are not told apart.
    let users = ledger.groups(Grouping::User);
    let user = users.iter().find(|row| matches!(row.key, RowKey::Group(..))).unwrap();
    assert_eq!(user.members, 10_000);
    assert!(user.ended);
    let trees = ledger.groups(Grouping::Tree);
    assert!(trees.len() < 5010, "{} trees", trees.len());
    assert_eq!(trees.iter().map(|row| row.members).sum::<usize>(), 10_000);
}

#[test]
fn each_interval_has_its_own_intensity() {
    let mut ledger = Ledger::default();
    ledger.push(tick(0..0, false, 0.0));
    ledger.push(tick(0..0, false, 360.0));
    // Ten joules at 360 g/kWh: a milligram.
    assert!((ledger.totals().sum.grams.0 - 0.001).abs() < 1e-12);
}

#[test]
fn a_gap_stays_a_gap() {
    let mut ledger = Ledger::default();
    let mut gap = tick(0..0, false, 1.0);
    gap.frame.total = Energy::default();
    gap.frame.idle = Share::default();
    ledger.push(gap);
    assert_eq!(ledger.history().iter().collect::<Vec<_>>(), [&None]);
    assert!(ledger.rows().iter().all(|row| row.watts.is_none() && row.energy.is_none()));
    ledger.push(tick(0..1, false, 1.0));
    assert_eq!(ledger.totals().peak, Some(Watts(11.0)));
}

#[test]
fn a_sum_without_a_meter_that_used_to_count_is_partial_and_a_gap() {
    let meter = |id: &str, energy: Option<u64>| crate::frame::MeterFrame {
        id: id.into(),
        domain: crate::sample::Domain::Package,
        source: "test".into(),
        quality: Quality::Measured,
        energy: energy.map(Microjoules),
        range: None,
        note: None,
    };
    let mut ledger = Ledger::default();
    for (second, partial) in [(None, false), (Some(6_000_000), false), (None, true)] {
        let mut tick = tick(0..0, false, 1.0);
        tick.frame.meters = vec![meter("package-0", Some(4_000_000)), meter("package-1", second)];
        ledger.push(tick);
        assert_eq!(ledger.is_partial(), partial);
        assert_eq!(ledger.history().back().unwrap().is_none(), partial);
    }
}

#[test]
fn a_meter_that_leaves_the_sum_is_one_gap_and_then_another_sum() {
    let meter = |id: &str| crate::frame::MeterFrame {
        id: id.into(),
        domain: crate::sample::Domain::Package,
        source: "test".into(),
        quality: Quality::Measured,
        energy: Some(Microjoules(1)),
        range: None,
        note: None,
    };
    let mut ledger = Ledger::default();
    for (ids, partial) in [
        (vec!["package-0", "rest"], false),
        (vec!["package-0"], true),
        (vec!["package-0"], false),
        (vec!["package-0", "rest"], false),
    ] {
        let mut tick = tick(0..0, false, 1.0);
        tick.frame.meters = ids.into_iter().map(meter).collect();
        ledger.push(tick);
        assert_eq!(ledger.is_partial(), partial);
    }
}

#[test]
fn what_a_process_has_of_gpus_is_told_as_one_and_what_is_not_told_stays_so() {
    let on = |gpu, memory, held: Option<u64>| OnGpu {
        gpu,
        context: Some(Context::Compute),
        instance: None,
        memory,
        busy: None,
        held: held.map(Duration::from_secs),
    };
    assert_eq!(Seats::of(&[]), Seats::default());
    let both = Seats::of(&[on(0, Some(3), None), on(1, Some(4), Some(1))]);
    assert_eq!(both, Seats { gpus: 2, memory: Some(7), held_idle: true });
    let one_untold = Seats::of(&[on(0, Some(3), None), on(1, None, None)]);
    assert_eq!(one_untold, Seats { gpus: 2, memory: None, held_idle: false });
    // Who only used it in passing holds nothing, and hides nothing.
    let passing = OnGpu { context: None, ..on(1, None, None) };
    let seats = Seats::of(&[on(0, Some(3), None), passing]);
    assert_eq!(seats, Seats { gpus: 2, memory: Some(3), held_idle: false });
}
