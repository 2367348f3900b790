use proptest::prelude::*;

use super::*;

/// The epoch of these tests, microseconds.
const START: u64 = 1_800_000_000_000_000;

const SECOND: Duration = Duration::from_secs(1);

fn sample(pid: u32, ms: u64, busy: u32) -> Sample {
    Sample { pid, at: START + ms * 1000, busy }
}

/// A reading at so many milliseconds, `interval` after the one before.
fn read(usage: &mut Usage, ms: u64, interval: u64, samples: &[Sample]) -> Vec<(u32, u64)> {
    let seen = usage.ask(START + ms * 1000, Duration::from_millis(ms));
    let new = samples.iter().copied().filter(|one| one.at > seen).collect();
    let workers = usage.take(new, Duration::from_millis(interval));
    workers.iter().map(|one| (one.pid, one.busy.as_micros() as u64)).collect()
}

#[test]
fn the_first_look_asks_from_now_on() {
    let mut usage = Usage::default();
    assert_eq!(usage.ask(START, SECOND), START);
    assert_eq!(read(&mut usage, 0, 0, &[sample(7, 0, 100)]), []);
}

#[test]
fn ticks_weigh_as_the_time_that_they_cover() {
    let mut usage = Usage::default();
    read(&mut usage, 0, 0, &[]);
    // 250 ms at 80 % and 750 ms at 40 %: 200 + 300 ms; the other 750 ms at 20 %: 150 ms.
    let samples = [sample(7, 250, 80), sample(7, 1000, 40), sample(8, 1003, 20)];
    let busy = read(&mut usage, 1003, 1000, &samples);
    // The second tick ends with its last sample: 753 ms of it, 1003 in all.
    let seven = 1_000_000 * (250 * 80 + 753 * 40) / (1003 * 100);
    assert_eq!(busy, [(7, seven), (8, 1_000_000 * 753 * 20 / (1003 * 100))]);
}

#[test]
fn faster_than_the_driver_looks_its_last_word_holds_and_then_it_is_idle() {
    let mut usage = Usage::default();
    read(&mut usage, 0, 0, &[]);
    let samples = [sample(7, 1000, 60)];
    assert_eq!(read(&mut usage, 900, 100, &[]), []);
    assert_eq!(read(&mut usage, 1000, 100, &samples), [(7, 60_000)]);
    for ms in (1100..=2200).step_by(100) {
        assert_eq!(read(&mut usage, ms, 100, &samples), [(7, 60_000)], "{ms}");
    }
    assert_eq!(read(&mut usage, 2300, 100, &samples), [], "the next is overdue");
}

#[test]
fn a_pause_is_seen_where_each_tick_is_told() {
    let mut usage = Usage::default();
    read(&mut usage, 0, 0, &[]);
    let samples = [sample(7, 1000, 100), sample(7, 2000, 100), sample(7, 4000, 100)];
    assert_eq!(read(&mut usage, 2000, 2000, &samples[..2]), [(7, 2_000_000)]);
    // From 2 s to 5 - 1.2 s or the last tick, which is 4 s: one second of two.
    assert_eq!(read(&mut usage, 5000, 3000, &samples), [(7, 1_500_000)]);
}

#[test]
fn a_driver_that_tells_one_mean_of_each_is_believed_for_the_whole_interval() {
    let mut usage = Usage::default();
    read(&mut usage, 0, 0, &[]);
    let samples = [sample(7, 2000, 50), sample(8, 2900, 50)];
    assert_eq!(read(&mut usage, 3000, 3000, &samples), [(7, 1_500_000), (8, 1_500_000)]);
}

#[test]
fn one_who_is_told_late_of_a_tick_joins_it() {
    let mut usage = Usage::default();
    read(&mut usage, 0, 0, &[]);
    let samples = [sample(7, 1000, 60), sample(8, 1004, 30)];
    assert_eq!(read(&mut usage, 1001, 100, &samples[..1]), [(7, 60_000)]);
    assert_eq!(read(&mut usage, 1101, 100, &samples), [(7, 60_000), (8, 30_000)]);
}

#[test]
fn samples_twice_of_nobody_or_of_the_future_do_not_count() {
    let mut usage = Usage::default();
    read(&mut usage, 0, 0, &[]);
    let samples =
        [sample(7, 1000, 60), sample(7, 1000, 60), sample(0, 1000, 90), sample(9, 99_000, 90)];
    assert_eq!(read(&mut usage, 1000, 1000, &samples), [(7, 600_000)]);
    assert_eq!(read(&mut usage, 2000, 1000, &samples), [(7, 600_000)], "held, not counted anew");
}

#[test]
fn a_clock_that_is_set_loses_no_time() {
    for step in [-3_600_000_i64, 3_600_000] {
        let mut usage = Usage::default();
        let (mut wall, mut total) = (10_000_000_i64, 0);
        for second in 0..20_u64 {
            wall += if second == 10 { 1000 + step } else { 1000 };
            let now = wall.cast_unsigned();
            let seen = usage.ask(START + now * 1000, SECOND * second as u32);
            let all = vec![sample(7, now, 50)];
            let new = all.into_iter().filter(|one| one.at > seen).collect();
            let busy = usage.take(new, SECOND);
            total += busy.first().map_or(0, |one| one.busy.as_millis());
        }
        // The first call asks only.
        assert_eq!(total, 19 * 500, "{step}");
    }
}

proptest! {
    /// However often we look, steady use is what it is, within a tick.
    #[test]
    fn steady_use_is_its_own_sum(
        period in 100_u64..=1000,
        phase in 0_u64..1000,
        intervals in prop::collection::vec(100_u64..=3000, 5..60),
        busy in 1_u32..=100,
        each in any::<bool>(),
    ) {
        let mut usage = Usage::default();
        read(&mut usage, 0, 0, &[]);
        let (mut now, mut sum) = (0, 0);
        for interval in intervals {
            now += interval;
            let ticks = (0..).map(|n| phase + n * period).take_while(|&at| at <= now);
            let mut all: Vec<_> = ticks.map(|at| sample(7, at, busy)).collect();
            if !each {
                all.drain(..all.len().saturating_sub(1));
            }
            sum += read(&mut usage, now, interval, &all).iter().map(|(_, busy)| busy).sum::<u64>();
        }
        let truth = now * 1000 * u64::from(busy) / 100;
        // Nothing is known before the first tick, and a reading rounds down.
        let most = phase.max(period) + 3000;
        prop_assert!(sum <= truth);
        prop_assert!(truth - sum <= most * 1000, "{sum} {truth}");
    }

    /// Nobody uses more than there is of an interval, whatever a driver says.
    #[test]
    fn nobody_uses_more_than_the_interval(
        reads in prop::collection::vec(
            (0_u64..5_000, prop::collection::vec((0_u32..5, 0_u64..30_000, any::<u32>()), 0..20)),
            1..20,
        ),
    ) {
        let mut usage = Usage::default();
        let mut now = 0;
        for (interval, samples) in reads {
            now += interval;
            let all: Vec<_> = samples.iter().map(|&(pid, at, busy)| sample(pid, at, busy)).collect();
            for (_, busy) in read(&mut usage, now, interval, &all) {
                prop_assert!(busy <= interval * 1000);
            }
        }
    }
}
