//! What must hold for every course of power.

use proptest::prelude::*;

use super::*;

const STALE: Duration = Duration::from_secs(10);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Readings less than the staleness apart: milliseconds since the one before, milliwatts.
fn course() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((1..9_000_u64, 0..2_000_000_u64), 1..40)
}

fn milliwatts(power: u64) -> Watts {
    Watts(power as f64 / 1e3)
}

/// Twice the area under the lines in nanojoules (milliwatts times milliseconds are microjoules).
fn twice_the_area(course: &[(u64, u64)]) -> u128 {
    course.windows(2).map(|pair| u128::from(pair[0].1 + pair[1].1) * u128::from(pair[1].0)).sum()
}

proptest! {
    #[test]
    fn constant_power_is_exact(power in 0..2_000_000_u64, steps in prop::collection::vec(1..9_000_u64, 1..40)) {
        let mut integrator = Integrator::new(STALE);
        let mut at = 0;
        integrator.push(ms(at), milliwatts(power));
        for step in steps {
            at += step;
            prop_assert_eq!(integrator.energy(ms(at)), Some(power * at));
            integrator.push(ms(at), milliwatts(power));
            prop_assert_eq!(integrator.energy(ms(at)), Some(power * at));
        }
    }

    #[test]
    fn a_ramp_is_exact_to_rounding(rate in 0..100_u64, steps in prop::collection::vec(1..9_000_u64, 1..40)) {
        // rate milliwatts more in each millisecond: rate * t^2 / 2 microjoules.
        let mut integrator = Integrator::new(STALE);
        let mut at = 0_u64;
        integrator.push(ms(at), Watts(0.0));
        for step in steps {
            at += step;
            integrator.push(ms(at), milliwatts(rate * at));
        }
        prop_assert_eq!(integrator.energy(ms(at)), Some(rate * at * at / 2));
    }

    #[test]
    fn it_never_steps_back_and_never_beats_the_highest_power(course in course(), looks in 0..4_u64) {
        let mut integrator = Integrator::new(STALE);
        let (mut at, mut before) = (0, 0);
        let most = course.iter().map(|&(_, power)| power).max().unwrap_or(0);
        for (step, power) in course {
            for look in 1..=looks {
                if let Some(energy) = integrator.energy(ms(at + step * look / (looks + 1))) {
                    prop_assert!(energy >= before);
                    before = energy;
                }
            }
            at += step;
            integrator.push(ms(at), milliwatts(power));
            let energy = integrator.energy(ms(at)).unwrap();
            prop_assert!(energy >= before);
            prop_assert!(energy <= most * at);
            before = energy;
        }
    }

    #[test]
    fn unread_it_is_the_trapezoid_and_read_it_is_ahead_by_no_more_than_it_held(course in course()) {
        let (mut quiet, mut read) = (Integrator::new(STALE), Integrator::new(STALE));
        let mut at = 0;
        for &(step, power) in &course {
            at += step;
            // The most that a look just before the reading can have told too much.
            let _ = read.energy(ms(at));
            quiet.push(ms(at), milliwatts(power));
            read.push(ms(at), milliwatts(power));
        }
        let exact = u64::try_from(twice_the_area(&course) / 2).unwrap();
        prop_assert_eq!(quiet.energy(ms(at)), Some(exact));
        let ahead = read.energy(ms(at)).unwrap() - exact;
        let held = course.windows(2).map(|pair| pair[0].1 * pair[1].0).max().unwrap_or(0);
        prop_assert!(ahead <= held);
        // While power holds, the sum catches up.
        let last = course.last().unwrap().1;
        if let Some(more) = ahead.checked_div(last) {
            let mut at = at;
            for _ in 0..=more / 9_000 {
                at += 9_000;
                quiet.push(ms(at), milliwatts(last));
                read.push(ms(at), milliwatts(last));
            }
            prop_assert_eq!(read.energy(ms(at)), quiet.energy(ms(at)));
        }
    }
}

#[test]
fn before_the_first_reading_there_is_nothing() {
    assert_eq!(Integrator::new(STALE).energy(ms(5)), None);
}

#[test]
fn a_gap_is_told_once_even_if_nobody_looked_while_it_lasted() {
    let mut integrator = Integrator::new(STALE);
    integrator.push(ms(0), Watts(1.0));
    assert_eq!(integrator.energy(ms(1000)), Some(1_000_000));
    integrator.gap();
    integrator.push(ms(2000), Watts(1.0));
    assert_eq!(integrator.energy(ms(2500)), None);
    assert_eq!(integrator.energy(ms(2500)), Some(1_500_000));
    assert_eq!(integrator.energy(ms(3500)), Some(2_500_000));
}

#[test]
fn a_gap_that_was_seen_is_not_told_again() {
    let mut integrator = Integrator::new(STALE);
    integrator.push(ms(0), Watts(1.0));
    integrator.gap();
    assert_eq!(integrator.energy(ms(1000)), None);
    integrator.push(ms(2000), Watts(1.0));
    assert_eq!(integrator.energy(ms(2000)), Some(0));
}

#[test]
fn a_silence_longer_than_the_staleness_is_a_gap() {
    let mut integrator = Integrator::new(STALE);
    integrator.push(ms(0), Watts(1.0));
    integrator.push(ms(10_001), Watts(1.0));
    assert_eq!(integrator.energy(ms(10_001)), None);
    assert_eq!(integrator.energy(ms(11_001)), Some(1_000_000));
    // Nobody read it meanwhile, but somebody asked: the next reading starts anew.
    assert_eq!(integrator.energy(ms(30_000)), None);
    integrator.push(ms(30_000), Watts(1.0));
    assert_eq!(integrator.energy(ms(31_000)), Some(2_000_000));
}

#[test]
fn what_is_no_power_is_a_gap_and_what_comes_late_is_left_out() {
    for nonsense in [f64::NAN, -1.0, f64::INFINITY, 1e7] {
        let mut integrator = Integrator::new(STALE);
        integrator.push(ms(0), Watts(1.0));
        integrator.push(ms(1000), Watts(nonsense));
        assert_eq!(integrator.energy(ms(1000)), None, "{nonsense}");
    }
    let mut integrator = Integrator::new(STALE);
    integrator.push(ms(1000), Watts(1.0));
    integrator.push(ms(500), Watts(9.0));
    assert_eq!(integrator.energy(ms(2000)), Some(1_000_000));
}
