//! How many CPUs each process wants, tenth of a second by tenth of a second.
//!
//! Wishes come first and are then stretched until what the machine can grant of them is the
//! load that was asked for: beyond capacity a wish is worth nothing, so the factor is found
//! by halving.

use crate::{draw::Draw, machine::Shape, plan::Plan};

/// Length of a beat in nanoseconds; no phase is shorter.
pub const BEAT_NS: u64 = 100_000_000;

/// What is granted.
#[derive(Clone, Debug)]
pub struct Demand {
    /// By beat and process, CPUs.
    beats: Vec<Vec<f64>>,
    /// By process, the package that it stays on.
    pub homes: Vec<Option<usize>>,
}

impl Demand {
    /// The demand of a seed.
    pub fn new(seed: u64, shape: Shape, plan: &Plan) -> Self {
        let mut draw = Draw::new(seed, "demand");
        let count = (plan.step_ns * plan.steps as u64).div_ceil(BEAT_NS) as usize;
        let pinned = (plan.pinned * plan.processes as f64).round() as usize;
        let home = |process| (process < pinned).then_some(process % shape.packages);
        let homes: Vec<_> = (0..plan.processes).map(home).collect();
        let wishes: Vec<Vec<f64>> =
            homes.iter().map(|_| wishes(&mut draw, count, plan.varying)).collect();
        let wishes: Vec<Vec<f64>> =
            (0..count).map(|beat| wishes.iter().map(|process| process[beat]).collect()).collect();

        let cpus = shape.cpus() as f64;
        let storm = plan.load * plan.storm * cpus;
        let grant =
            Grant { room: (cpus - storm).max(0.0), packages: shape.packages, homes: &homes };
        let wanted = (plan.load * cpus - storm) * count as f64;
        let granted = |factor: f64| {
            wishes.iter().map(|beat| grant.of(beat, factor).iter().sum::<f64>()).sum::<f64>()
        };
        let (mut low, mut high) = (0.0, 1e4);
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            if granted(middle) < wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        let beats = wishes.iter().map(|beat| grant.of(beat, high)).collect();
        Self { beats, homes }
    }

    /// CPUs of each process at a moment.
    pub fn at(&self, nanoseconds: u64) -> &[f64] {
        self.beats.get((nanoseconds / BEAT_NS) as usize).map_or(&[], Vec::as_slice)
    }
}

/// Phases of work of 2 to 8 s and pauses that leave 30 to 90 % of the time, or one level.
fn wishes(draw: &mut Draw, count: usize, varying: bool) -> Vec<f64> {
    let weight = draw.between(0.2, 1.0);
    let duty = draw.between(0.3, 0.9);
    if !varying {
        return vec![weight; count];
    }
    let mut wishes = Vec::with_capacity(count + 160);
    let mut on = draw.chance(duty);
    while wishes.len() < count {
        let work = draw.between(20.0, 80.0);
        let beats = if on { work } else { work * (1.0 - duty) / duty };
        let level = if on { weight * draw.between(0.3, 1.0) } else { 0.0 };
        wishes.resize(wishes.len() + (beats as usize).max(1), level);
        on = !on;
    }
    wishes.truncate(count);
    wishes
}

/// What the machine can give.
struct Grant<'a> {
    /// CPUs for all these processes.
    room: f64,
    packages: usize,
    homes: &'a [Option<usize>],
}

impl Grant<'_> {
    /// Those with a home share its CPUs if they must; the others share what is left.
    fn of(&self, wishes: &[f64], factor: f64) -> Vec<f64> {
        let sum = |home: Option<usize>| {
            let mine = wishes.iter().zip(self.homes).filter(|(_, at)| **at == home);
            mine.map(|(wish, _)| wish * factor).sum::<f64>()
        };
        let each = self.room / self.packages as f64;
        let at_home: Vec<f64> = (0..self.packages).map(|package| sum(Some(package))).collect();
        let left = self.room - at_home.iter().map(|wished| wished.min(each)).sum::<f64>();
        let cut = |wished: f64, room: f64| if wished > room { room / wished } else { 1.0 };
        let roaming = cut(sum(None), left);
        let cut = |home: Option<usize>| home.map_or(roaming, |at| cut(at_home[at], each));
        wishes.iter().zip(self.homes).map(|(wish, home)| wish * factor * cut(*home)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_mean_is_the_load_and_no_beat_is_beyond_the_machine(
            seed: u64,
            load in prop::sample::select(vec![0.1, 0.4, 0.95]),
            varying: bool,
        ) {
            let shape = Shape::SERVER;
            let plan = Plan { load, varying, steps: 60, ..Plan::default() };
            let demand = Demand::new(seed, shape, &plan);
            let sums: Vec<f64> = demand.beats.iter().map(|beat| beat.iter().sum()).collect();
            let mean = sums.iter().sum::<f64>() / sums.len() as f64;
            prop_assert!((mean / (load * 32.0) - 1.0).abs() < 1e-3, "{} of {}", mean, load * 32.0);
            prop_assert!(sums.iter().all(|&sum| sum <= 32.0 + 1e-6));
        }
    }

    #[test]
    fn a_varying_process_pauses() {
        let demand = Demand::new(1, Shape::SERVER, &Plan::default());
        let idle = |process: usize| demand.beats.iter().filter(|beat| beat[process] == 0.0).count();
        assert!((0..16).all(|process| idle(process) > 0 && idle(process) < 1200));
    }
}
