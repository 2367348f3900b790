//! The rows add up to the header, whatever came and went.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    attribute::IdlePolicy,
    carbon::Intensity,
    frame::{Energy, ProcessFrame},
    group::Grouping,
    job::{
        Job, Kind,
        resolve::Jobs,
        table::{anybody, identity},
    },
    sample::{Context, Machine, ProbeKind},
    units::{GramsPerKwh, Microjoules},
};

/// A second in which each of `pids` used a joule, and idle used ten.
pub(crate) fn tick(pids: std::ops::Range<u32>, ended: bool, intensity: f64) -> Tick {
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
        parts: crate::frame::Parts::new(),
        intensity: 1.0,
        gpus: Vec::new(),
        threads: Vec::new(),
    });
    let frame = Frame {
        time: Timestamp::UNIX_EPOCH,
        interval: Duration::from_secs(1),
        boottime: Duration::ZERO,
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
        placed: Vec::new(),
        findings: Vec::new(),
    }
}

/// The same second, in which no meter counted.
fn gap(mut tick: Tick) -> Tick {
    let Frame { total, processes, idle, kernel, unattributed, tool, .. } = &mut tick.frame;
    *total = Energy::default();
    let processes = processes.iter_mut().map(|process| &mut process.share);
    for share in processes.chain([idle, kernel, unattributed, tool]) {
        share.energy = Energy::default();
    }
    tick
}

fn check(ledger: &Ledger) {
    for by in Grouping::ALL {
        adds_up(ledger, &ledger.groups(by));
    }
}

fn adds_up(ledger: &Ledger, rows: &[Row]) {
    let energy = rows.iter().filter_map(|row| row.energy).reduce(|a, b| a + b);
    assert_eq!(energy, ledger.totals().sum.share.energy.total());
    let bought: f64 = rows.iter().filter_map(|row| row.bought).sum();
    let sum = ledger.totals().sum.bought;
    assert!((bought - sum).abs() <= 1e-9 * sum, "{bought} {sum}");
    // The time nobody ran is in a row, and no part of the sum.
    let busy = rows.iter().filter(|row| row.key != RowKey::Idle);
    let time: Duration = busy.map(|row| row.cpu_time).sum();
    assert_eq!(time, ledger.totals().sum.share.cpu_time);
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
    ledger.push(gap(tick(0..0, false, 1.0)));
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
    assert_eq!(both, Seats { gpus: 2, holds: true, memory: Some(7), held_idle: true });
    let one_untold = Seats::of(&[on(0, Some(3), None), on(1, None, None)]);
    assert_eq!(one_untold, Seats { gpus: 2, holds: true, memory: None, held_idle: false });
    // Who only used it in passing holds nothing, and hides nothing.
    let passing = OnGpu { context: None, ..on(1, None, None) };
    let seats = Seats::of(&[on(0, Some(3), None), passing]);
    assert_eq!(seats, Seats { gpus: 2, holds: true, memory: Some(3), held_idle: false });
}

proptest! {
    /// Whoever they are, wherever they belong, and whether a meter counted.
    #[test]
    fn rows_of_every_grouping_add_up_whoever_is_in_them(
        intervals in prop::collection::vec(
            (
                prop::collection::btree_map(1..30_u32, (anybody(), any::<bool>(), 0..10_000_000_u64), 0..8),
                any::<bool>(),
            ),
            1..6,
        ),
    ) {
        let (mut ledger, mut jobs) = (Ledger::default(), Jobs::new());
        for (people, metered) in intervals {
            let mut tick = tick(0..0, false, 100.0);
            let mut energy = Microjoules(10_000_000);
            for (pid, (who, ended, used)) in people {
                let mut one = self::tick(pid..pid + 1, ended, 100.0).frame.processes.remove(0);
                one.identity = Arc::new(who);
                one.share.cpu_time = Duration::from_nanos(used);
                one.share.energy.cpu = Some(Microjoules(used));
                energy += Microjoules(used);
                tick.frame.processes.push(one);
            }
            tick.frame.total.cpu = Some(energy);
            let mut tick = if metered { tick } else { gap(tick) };
            tick.placed = jobs.frame(&tick.frame);
            ledger.push(tick);
            check(&ledger);
        }
    }
}

/// Who ran in a second of `tick`, as of a job of Slurm.
fn of_job(tick: &mut Tick, number: &str, user: &str) {
    for process in &mut tick.frame.processes {
        let who = identity(&["/"], &[("SLURM_JOB_ID", number)], "python train.py");
        process.identity = Arc::new(Identity { user: Some(user.into()), ..who });
    }
    tick.placed = Jobs::new().frame(&tick.frame);
}

#[test]
fn who_was_there_only_while_no_meter_counted_has_no_energy() {
    let mut ledger = Ledger::default();
    ledger.push(gap(tick(0..1, true, 1.0)));
    ledger.push(tick(1..2, false, 1.0));
    let row = |pid| {
        let rows = ledger.rows();
        let key = RowKey::Process(ProcessId { pid, start: 1 });
        rows.into_iter().find(|row| row.key == key).unwrap()
    };
    let gone = row(0);
    assert_eq!((gone.energy, gone.bought, gone.gpu.energy), (None, None, None));
    assert!(gone.grams.is_none());
    assert_eq!(row(1).energy, Some(Microjoules(1_000_000)));
    check(&ledger);
}

#[test]
fn a_job_all_of_which_is_folded_keeps_its_name_and_one_user() {
    let mut ledger = Ledger::default();
    let mut job = tick(0..1, true, 1.0);
    of_job(&mut job, "4711", "alice");
    ledger.push(job);
    let row = |ledger: &Ledger| {
        let rows = ledger.groups(Grouping::Job);
        rows.into_iter().find(|row| row.job.as_ref().is_some_and(|job| job.id == "slurm 4711"))
    };
    assert!(row(&ledger).is_some());
    // So many others that it is folded; they used more.
    let mut others = tick(100_000..103_000, true, 1.0);
    for process in &mut others.frame.processes {
        process.share.energy.cpu = Some(Microjoules(1_000_001));
    }
    others.frame.total.cpu = Some(Microjoules(10_000_000 + 3000 * 1_000_001));
    ledger.push(others);
    ledger.push(tick(0..0, false, 1.0));
    let key = ProcessId { pid: 0, start: 1 };
    assert!(!ledger.accounts.contains_key(&key), "it is folded");
    let folded = row(&ledger).unwrap();
    assert_eq!(folded.job.unwrap().kind, Kind::Slurm);
    assert_eq!(folded.identity.user.as_deref(), Some("alice"));
    // Another user's process in the same job: nobody's alone.
    let mut living = tick(1..2, false, 1.0);
    of_job(&mut living, "4711", "bob");
    ledger.push(living);
    let both = row(&ledger).unwrap();
    assert_eq!((both.identity.user.as_deref(), both.members), (None, 2));
    check(&ledger);
}

#[test]
fn groups_in_which_somebody_lives_are_forgotten_last() {
    let mut ledger = Ledger::default();
    // The job's first process is the smallest of all.
    let mut job = tick(0..2, true, 1.0);
    of_job(&mut job, "7", "alice");
    job.frame.processes[1].ended = false;
    ledger.push(job);
    // Thousands of other jobs end.
    for round in 1..=6 {
        let mut others = tick(round * 1000..round * 1000 + 1000, true, 1.0);
        for process in &mut others.frame.processes {
            let number = process.id.pid.to_string();
            process.identity =
                Arc::new(identity(&["/"], &[("SLURM_JOB_ID", &number)], "python train.py"));
            process.share.energy.cpu = Some(Microjoules(1_000_001));
        }
        others.frame.total.cpu = Some(Microjoules(10_000_000 + 1000 * 1_000_001));
        others.placed = Jobs::new().frame(&others.frame);
        ledger.push(others);
    }
    assert!(!ledger.accounts.contains_key(&ProcessId { pid: 0, start: 1 }), "it is folded");
    let folded = ledger.folded.groups(Grouping::Job).unwrap();
    assert!(folded.others_count > 0, "groups were forgotten");
    assert_eq!(folded.known.get("slurm 7").map(|group| group.count), Some(1));
    let rows = ledger.groups(Grouping::Job);
    let name = |job: &Arc<Job>| job.id == "slurm 7";
    let row = rows.iter().find(|row| row.job.as_ref().is_some_and(name)).unwrap();
    assert_eq!((row.members, row.energy), (2, Some(Microjoules(2_000_000))));
    check(&ledger);
}

#[test]
fn a_group_tells_memory_by_its_holders_and_time_only_if_all_do() {
    let on = |context, memory, busy: Option<u64>| OnGpu {
        gpu: 0,
        context,
        instance: None,
        memory,
        busy: busy.map(Duration::from_millis),
        held: None,
    };
    let holds = Some(Context::Compute);
    let group = |gpus: [Vec<OnGpu>; 3]| {
        let mut tick = tick(0..3, false, 1.0);
        for (process, gpus) in tick.frame.processes.iter_mut().zip(gpus) {
            process.share.gpu_time = gpus.iter().map(|on| on.busy).sum::<Option<Duration>>();
            process.share.gpu_time = process.share.gpu_time.filter(|_| !gpus.is_empty());
            process.gpus = gpus;
        }
        let mut ledger = Ledger::default();
        ledger.push(tick);
        let rows = ledger.groups(Grouping::User);
        let row = rows.into_iter().find(|row| row.members == 3).unwrap();
        (row.gpu.memory, row.gpu.percent)
    };
    // Who uses it in passing holds nothing, and hides nothing; who is on none neither.
    let passing = || vec![on(None, None, Some(100))];
    let holding = || vec![on(holds, Some(5), Some(100))];
    assert_eq!(group([holding(), passing(), vec![]]), (Some(5), Some(20.0)));
    assert_eq!(group([passing(), holding(), holding()]), (Some(10), Some(30.0)));
    assert_eq!(group([holding(), vec![on(holds, None, Some(100))], vec![]]), (None, Some(20.0)));
    // One that is on it does not tell for how long.
    assert_eq!(group([holding(), vec![on(holds, Some(1), None)], vec![]]), (Some(6), None));
}
