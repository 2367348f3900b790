//! Counters that wrap, are reset, sleep and go away: energy stays within an interval of the truth.
//!
//! The laboratory plays the counter, so the truth is known; the program's arithmetic reads it
//! at the end of each interval. What is promised:
//!
//! | what happens in an interval | what is told |
//! |---|---|
//! | one wrap | the truth, short by one unit of the counter |
//! | a reset | a gap; or, where a wrap of possible power would look the same, at most that power |
//! | the machine sleeps a second or longer | a gap, whatever the counter did |
//! | the zone is gone | a gap, and one more as it returns |
//! | several wraps, as the program was stopped for minutes | short by whole ranges, never too much |
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use jouletop::{
    attribute::{Method, attribute},
    carbon::Intensity,
    ledger::{Ledger, Tick},
    sample::{
        Activity, CpuTime, Domain, Identity, Machine, MeterReading, Package, ProbeKind,
        ProcessActivity, ProcessId, Reading, Role, Sample,
    },
    units::Watts,
};
use laboratory::meter::{AMD_UNIT_NJ, Meter, UNIT_NJ, range_uj};
use proptest::prelude::*;

/// Intel's and AMD's.
const UNITS_NJ: [u64; 2] = [UNIT_NJ, AMD_UNIT_NJ];
/// The usual interval, a long one, and the longest that the command line takes.
const INTERVALS: [u64; 3] = [1, 10, 60];
/// What the packages draw.
const POWER: f64 = 300.0;
/// What no package draws, as the program has it.
const LIMIT: Watts = Watts(1000.0);

/// A counter and who reads it.
struct Watch {
    meter: Meter,
    unit_nj: u64,
    before: Option<Sample>,
    ledger: Ledger,
    /// Microjoules of each interval, or why there are none.
    told: Vec<Result<u64, String>>,
}

impl Watch {
    /// Looks for the first time.
    fn new(unit_nj: u64, begin_uj: u64) -> Self {
        let meter = Meter::of_unit(unit_nj, begin_uj);
        let ledger = Ledger::default();
        let mut watch = Self { meter, unit_nj, before: None, ledger, told: Vec::new() };
        watch.look();
        watch
    }

    /// Lets so many seconds pass.
    fn run(&mut self, seconds: f64, watts: f64) {
        self.meter.run((seconds * 1e9).round() as u64, watts);
    }

    /// So many intervals without any misfortune.
    fn run_and_look(&mut self, times: u64, seconds: u64) {
        for _ in 0..times {
            self.run(seconds as f64, POWER);
            self.look();
        }
    }

    /// Ends an interval.
    fn look(&mut self) {
        let now = self.sample();
        if let Some(before) = self.before.replace(now.clone()) {
            let frame = attribute(&before, &now, &Method::default());
            let meter = &frame.meters[0];
            let energy = meter.energy.map(|energy| energy.0);
            self.told.push(energy.ok_or_else(|| meter.note.clone().unwrap_or_default()));
            assert_eq!(frame.total.total(), meter.energy);
            self.ledger.push(Tick {
                frame,
                intensity: Arc::new(Intensity::world()),
                placed: Vec::new(),
                findings: Vec::new(),
            });
        }
    }

    /// What a reader sees now, with a process that was always busy.
    fn sample(&self) -> Sample {
        let read = self.meter.read();
        let (at, boottime) =
            (Duration::from_nanos(read.monotonic_ns), Duration::from_nanos(read.boottime_ns));
        let before = self.before.as_ref().map_or(at, |before| before.monotonic);
        let passed = at.saturating_sub(before);
        let range = range_uj(self.unit_nj);
        let reading = match read.energy_uj {
            Some(microjoules) => Reading::Counter { microjoules, range, limit: LIMIT },
            None => Reading::Absent("its file is gone".into()),
        };
        let meter = jouletop::sample::Meter {
            id: "package-0".into(),
            domain: Domain::Package,
            source: "powercap".into(),
            cells: vec![0],
            role: Role::Part,
            includes: String::new(),
        };
        let busy = CpuTime(vec![passed.as_nanos() as u64]);
        let id = ProcessId { pid: 1, start: 1 };
        let process = ProcessActivity::new(id, Arc::new(Identity::default()), false, busy);
        let packages = vec![Package { id: 0, cpus: vec![0] }];
        Sample {
            time: Timestamp::UNIX_EPOCH,
            monotonic: at,
            boottime,
            machine: Arc::new(Machine::of_packages("test".into(), packages)),
            probe: ProbeKind::Simulated,
            meters: vec![MeterReading { meter: Arc::new(meter), reading }],
            clocks: None,
            gpus: Vec::new(),
            activity: Activity { processes: vec![process], ..Activity::default() },
        }
    }

    /// All that was told, microjoules.
    fn total(&self) -> f64 {
        self.ledger.totals().sum.share.energy.total().unwrap_or_default().0 as f64
    }

    /// How far the total is below a truth, in units of the counter.
    fn short(&self, truth_uj: f64) -> f64 {
        (truth_uj - self.total()) * 1000.0 / self.unit_nj as f64
    }

    /// The reasons of gaps.
    fn gaps(&self) -> Vec<&str> {
        self.told.iter().filter_map(|told| told.as_ref().err()).map(String::as_str).collect()
    }
}

/// Microjoules of so many seconds.
fn truth(seconds: u64) -> f64 {
    POWER * seconds as f64 * 1e6
}

/// The most that an interval may be told to have drawn, microjoules: readings have their jitter.
fn most(seconds: f64) -> f64 {
    LIMIT.0 * (seconds + 0.5) * 1e6
}

fn every(check: impl Fn(u64, u64)) {
    for unit_nj in UNITS_NJ {
        for seconds in INTERVALS {
            check(unit_nj, seconds);
        }
    }
}

#[test]
fn two_hours_of_wraps_are_short_by_a_unit_each() {
    every(|unit_nj, seconds| {
        let begin = range_uj(unit_nj) / 3;
        let mut watch = Watch::new(unit_nj, begin);
        watch.run_and_look(7200 / seconds, seconds);
        let wraps = ((begin as f64 + truth(7200)) / range_uj(unit_nj) as f64).floor();
        assert!(wraps >= 8.0);
        assert!(watch.gaps().is_empty(), "{:?}", watch.gaps());
        // The first and the last reading are cut to whole units.
        let short = watch.short(truth(7200));
        assert!((short - wraps).abs() <= 1.1, "{short} units short in {wraps} wraps");
        let peak = watch.ledger.totals().peak.unwrap().0;
        assert!((peak - POWER).abs() < 0.001, "{peak} W");
    });
}

#[test]
fn a_reset_that_no_wrap_explains_is_a_gap_of_its_interval() {
    every(|unit_nj, seconds| {
        // After it, a wrap would be nearly all of the range: more than any power gives.
        let mut watch = Watch::new(unit_nj, 100);
        watch.run_and_look(1, seconds);
        watch.run(0.5 * seconds as f64, POWER);
        watch.meter.reset();
        watch.run(0.4 * seconds as f64, POWER);
        watch.look();
        watch.run_and_look(5, seconds);
        let gaps = watch.gaps();
        assert!(matches!(gaps[..], [why] if why.contains("was reset")), "{gaps:?}");
        let short = watch.short(truth(6 * seconds));
        assert!(short.abs() <= 2.0, "{short} units beside the gap");
    });
}

#[test]
fn ten_seconds_of_sleep_are_a_gap_of_their_interval() {
    every(|unit_nj, seconds| {
        // With the counter near its end, so that its reset would pass for a wrap.
        let begin = range_uj(unit_nj) - 2 * truth(seconds) as u64;
        let mut watch = Watch::new(unit_nj, begin);
        watch.run_and_look(1, seconds);
        watch.run(0.9 * seconds as f64, POWER);
        watch.meter.suspend(10_000_000_000);
        watch.run(0.1 * seconds as f64, POWER);
        watch.look();
        watch.run_and_look(5, seconds);
        let gaps = watch.gaps();
        assert!(matches!(gaps[..], [why] if why.contains("slept")), "{gaps:?}");
        let short = watch.short(truth(6 * seconds));
        assert!(short.abs() <= 2.0, "{short} units beside the gap");
    });
}

#[test]
fn a_zone_that_is_gone_for_five_intervals_loses_these_and_one() {
    every(|unit_nj, seconds| {
        // It wraps while it is gone.
        let begin = range_uj(unit_nj).saturating_sub(5 * truth(seconds) as u64);
        let mut watch = Watch::new(unit_nj, begin);
        watch.run_and_look(3, seconds);
        watch.meter.vanish();
        watch.run_and_look(5, seconds);
        watch.meter.come_back();
        watch.run_and_look(1, seconds);
        assert!(watch.told.last().unwrap().is_err());
        watch.run_and_look(4, seconds);
        let gaps = watch.gaps();
        assert_eq!(gaps.len(), 6, "{gaps:?}");
        assert!(
            gaps[..5].iter().all(|why| why.contains("gone")) && gaps[5].contains("after a gap")
        );
        let history = watch.ledger.history();
        assert_eq!(history.iter().filter(|watts| watts.is_none()).count(), 6);
        let short = watch.short(truth(7 * seconds));
        assert!(short.abs() <= 2.0, "{short} units beside the gaps");
    });
}

#[test]
fn several_wraps_in_one_interval_are_missed_whole_and_nothing_is_added() {
    // Ten minutes in which the program was stopped: AMD's counter wraps twice and more.
    let mut watch = Watch::new(AMD_UNIT_NJ, 0);
    watch.run_and_look(3, 10);
    watch.run_and_look(1, 600);
    watch.run_and_look(3, 10);
    let ranges = watch.short(truth(660)) / 2_f64.powi(32);
    assert!((ranges - 2.0).abs() < 1e-6, "short by {ranges} ranges");
}

/// What befalls a counter within an interval.
#[derive(Clone, Copy, Debug)]
enum Misfortune {
    Nothing,
    Reset,
    Suspend(u64),
    Vanish,
    ComeBack,
}

/// An interval: its power, what happens, and after which part of it.
type Interval = (f64, Misfortune, f64);

fn interval() -> impl Strategy<Value = Interval> {
    let misfortune = prop_oneof![
        6 => Just(Misfortune::Nothing),
        1 => Just(Misfortune::Reset),
        1 => (1..20_000_u64).prop_map(Misfortune::Suspend),
        1 => Just(Misfortune::Vanish),
        2 => Just(Misfortune::ComeBack),
    ];
    (0.0..900.0, misfortune, 0.0..1.0)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_interval_is_the_truth_or_a_gap_or_at_most_the_limit(
        unit_nj in prop::sample::select(UNITS_NJ.to_vec()),
        seconds in prop::sample::select(INTERVALS.to_vec()),
        begin in 0.0..1.0,
        intervals in prop::collection::vec(interval(), 1..40),
    ) {
        let seconds = seconds as f64;
        let mut watch = Watch::new(unit_nj, (begin * range_uj(unit_nj) as f64) as u64);
        let mut there = true;
        for (watts, misfortune, part) in intervals {
            let was_there = there;
            watch.run(part * seconds, watts);
            match misfortune {
                Misfortune::Nothing => {}
                Misfortune::Reset => watch.meter.reset(),
                Misfortune::Suspend(ms) => watch.meter.suspend(ms * 1_000_000),
                Misfortune::Vanish => watch.meter.vanish(),
                Misfortune::ComeBack => watch.meter.come_back(),
            }
            there = match misfortune {
                Misfortune::Vanish => false,
                Misfortune::ComeBack => true,
                _ => there,
            };
            watch.run((1.0 - part) * seconds, watts);
            watch.look();
            let told = watch.told.last().unwrap();
            match misfortune {
                _ if !was_there || !there => prop_assert!(told.is_err()),
                Misfortune::Suspend(ms) if ms > 1000 => prop_assert!(told.is_err()),
                Misfortune::Reset | Misfortune::Suspend(_) => {
                    let told = told.as_ref().copied().unwrap_or(0) as f64;
                    prop_assert!(told <= most(seconds), "{told} µJ in {seconds} s");
                }
                _ => {
                    let told = *told.as_ref().unwrap() as f64;
                    let off = (told - watts * seconds * 1e6).abs() * 1000.0 / unit_nj as f64;
                    prop_assert!(off <= 2.1, "{off} units off the truth");
                }
            }
        }
    }
}
