//! Whatever went by: each moment that is kept has the sums that it had, and not too much is kept.

use proptest::prelude::*;

use super::*;
use crate::{
    frame::{Energy, Share},
    ledger::{Row, tests::tick},
};

/// An interval, of a few numbers.
#[derive(Clone, Debug)]
struct Interval {
    first: u32,
    processes: u32,
    ended: bool,
    gap: bool,
    millis: u64,
    intensity: u32,
}

fn interval() -> impl Strategy<Value = Interval> {
    let processes = prop_oneof![4 => 0..40_u32, 1 => Just(1100)];
    let millis = prop_oneof![Just(1000_u64), 100..90_000_u64];
    (0..3000_u32, processes, any::<bool>(), prop::bool::weighted(0.2), millis, 1..900_u32).prop_map(
        |(first, processes, ended, gap, millis, intensity)| Interval {
            first,
            processes,
            ended,
            gap,
            millis,
            intensity,
        },
    )
}

/// The tick of an interval that ends so many milliseconds after the start.
fn made(interval: &Interval, end: u64) -> Arc<Tick> {
    let Interval { first, processes, ended, gap, millis, intensity } = *interval;
    let mut tick = tick(first..first + processes, ended, f64::from(intensity));
    tick.frame.interval = Duration::from_millis(millis);
    tick.frame.time = Timestamp::from_millisecond(end.cast_signed()).unwrap();
    if gap {
        let shares = tick.frame.processes.iter_mut().map(|process| &mut process.share);
        for share in shares.chain([&mut tick.frame.idle]) {
            *share = Share { energy: Energy::default(), ..*share };
        }
        tick.frame.total = Energy::default();
        tick.frame.quality = crate::frame::Quality::Absent;
    }
    Arc::new(tick)
}

/// All that a ledger says, in words.
fn said(ledger: &Ledger) -> String {
    let all = Grouping::ALL.map(|by| {
        let mut rows: Vec<Row> = ledger.groups(by);
        rows.sort_by_key(|row| row.key);
        (by, rows)
    });
    let seconds: Vec<_> = ledger.history().iter().collect();
    let time = ledger.latest().map(|tick| tick.frame.time);
    let (totals, quality) = (ledger.totals(), ledger.quality());
    format!("{all:?} {totals:?} {quality:?} {time:?} {seconds:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn each_moment_has_the_sums_that_it_had(
        intervals in prop::collection::vec(interval(), 1..30),
        most_rows in 1..3000_usize,
        most_ticks in 1..20_usize,
        order in prop::collection::vec(any::<prop::sample::Index>(), 8),
    ) {
        let mut past = Past::default();
        let mut ledger = Ledger::default();
        let mut then = Vec::new();
        let mut end = 0;
        for interval in &intervals {
            end += interval.millis;
            let tick = made(interval, end);
            past.push_within(Arc::clone(&tick), &ledger, most_rows, most_ticks);
            ledger.push(tick);
            then.push(said(&ledger));
            prop_assert!(past.ticks.len() <= most_ticks);
            let kept: usize = past.ticks.iter().map(|tick| rows(tick)).sum();
            prop_assert!(kept <= most_rows || past.ticks.len() == 1);
            let sum = |of: fn(&Stretch) -> usize| past.stretches.iter().map(of).sum::<usize>();
            prop_assert_eq!(kept, sum(|stretch| stretch.rows));
            prop_assert_eq!(past.ticks.len(), sum(|stretch| stretch.ticks));
        }
        prop_assert_eq!(past.newest(), Some(then.len() as u64 - 1));
        let kept: Vec<u64> = (past.first..then.len() as u64).collect();
        for index in order {
            let number = *index.get(&kept);
            let books = past.books(number, Grouping::Process, 40, None).unwrap();
            prop_assert_eq!(&said(&books.ledger), &then[number as usize]);
            // A time within an interval is a moment of its own.
            let tick = Arc::clone(past.tick(number).unwrap());
            let within = tick.frame.time - tick.frame.interval / 2;
            prop_assert_eq!(past.at(within), Some(number));
            prop_assert_eq!(past.at(tick.frame.time), Some(number));
        }
        prop_assert!(past.first == 0 || past.books(past.first - 1, Grouping::Process, 1, None).is_none());
        prop_assert!(past.books(then.len() as u64, Grouping::Process, 1, None).is_none());
    }
}

#[test]
fn the_oldest_go_a_stretch_at_a_time() {
    let mut past = Past::default();
    let mut ledger = Ledger::default();
    let mut then = Vec::new();
    for round in 0..1000 {
        let interval = Interval {
            first: round % 7,
            processes: 3,
            ended: round % 5 == 0,
            gap: round % 11 == 0,
            millis: 1000,
            intensity: 100,
        };
        let tick = made(&interval, u64::from(round + 1) * 1000);
        past.push_within(Arc::clone(&tick), &ledger, 2400, 3600);
        ledger.push(tick);
        then.push(ledger.totals().sum.share);
    }
    // 2400 rows are 800 ticks, in stretches of 100: the tenth has come, and the first two went.
    assert_eq!((past.oldest(), past.newest()), (Some(200), Some(999)));
    for number in [999, 998, 200, 512, 513, 511, 768, 201, 999] {
        let books = past.books(number, Grouping::Process, 10, None).unwrap();
        assert_eq!(books.ledger.totals().sum.share, then[number as usize], "{number}");
    }
    past.push_within(Arc::new(tick(0..3, false, 1.0)), &ledger, 2400, 3600);
    assert_eq!((past.oldest(), past.stretches.len()), (Some(300), 8));
    assert!(past.books(299, Grouping::Process, 10, None).is_none());
}

#[test]
fn the_newest_tick_is_kept_however_large_it_is() {
    let (mut past, nothing) = (Past::default(), Ledger::default());
    past.push_within(Arc::new(tick(0..3, false, 1.0)), &nothing, 10, 10);
    past.push_within(Arc::new(tick(0..50, false, 1.0)), &nothing, 10, 10);
    assert_eq!((past.oldest(), past.newest(), past.ticks.len()), (Some(1), Some(1), 1));
    assert!(past.books(1, Grouping::Process, 50, None).is_some());
}
