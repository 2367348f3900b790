use proptest::prelude::*;

use super::*;
use crate::{hidden::Options, meter::UNIT_NJ};

const QUIET: Options = Options { activation: false, spread: 0.0, noise: 0.0 };

fn machine(seed: u64, options: Options) -> Hidden {
    Hidden::new(seed, 2, options)
}

/// Mean package power of a machine of one core, and the true watts of one process.
fn one_core(processes: usize, load: f64, plan: Plan) -> f64 {
    let shape = Shape { packages: 1, cores: 1, threads: 2 };
    let plan = Plan { processes, load, varying: false, pinned: 0.0, steps: 5, ..plan };
    let hidden = Hidden::new(9, 1, QUIET);
    let trace = play(1, shape, &hidden, &plan);
    let dynamic: f64 = trace.true_uj(0).values().sum();
    dynamic / 5e6 / hidden.core_watts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn energy_is_conserved(
        seed: u64,
        load in prop::sample::select(vec![0.1, 0.4, 0.95]),
        storm in prop::sample::select(vec![0.0, 0.3]),
    ) {
        let plan = Plan { load, storm, steps: 3, ..Plan::default() };
        let trace = play(seed, Shape::SERVER, &machine(seed, Options::default()), &plan);
        for truth in trace.steps.iter().flat_map(|step| step.packages.iter().chain(&step.dram)) {
            let dynamic: f64 = truth.dynamic_uj.values().sum();
            prop_assert!((truth.static_uj + dynamic - truth.energy_uj).abs() < 1.0);
        }
    }

    #[test]
    fn without_noise_the_meter_is_late_by_its_cadence_at_most(seed: u64) {
        let plan = Plan { steps: 5, ..Plan::default() };
        let trace = play(seed, Shape::SERVER, &machine(seed, QUIET), &plan);
        for (number, step) in trace.steps.iter().enumerate() {
            let read = trace.package_uj(number).into_iter().chain(trace.dram_uj(number));
            for (read, truth) in read.zip(step.packages.iter().chain(&step.dram)) {
                // At most what 16 cores at full clock draw in a millisecond, and two units.
                let watts = 60.0 + 16.0 * 8.0 * 1.3 * 1.4_f64.powf(2.6);
                let most = watts * 1e3 + 2.0 * UNIT_NJ as f64 / 1e3 + 2.0;
                prop_assert!((read as f64 - truth.energy_uj).abs() < most);
            }
        }
    }

    #[test]
    fn the_time_of_all_is_what_the_cpus_had(seed: u64) {
        let plan = Plan { storm: 0.2, steps: 2, ..Plan::default() };
        let trace = play(seed, Shape::SERVER, &machine(seed, QUIET), &plan);
        for step in &trace.steps {
            let mut busy = [0; 32];
            for (&(_, cpu), time) in &step.times {
                prop_assert!(time.total_ns() > 0);
                busy[cpu] += time.total_ns();
            }
            prop_assert!(busy.iter().all(|&busy| busy <= step.length_ns));
            prop_assert!(step.clocks.iter().all(|clock| (0.8..=1.4).contains(clock)));
        }
    }
}

#[test]
fn a_seed_is_one_trace() {
    let plan = Plan { storm: 0.2, steps: 3, ..Plan::default() };
    let trace = |seed| play(seed, Shape::SERVER, &machine(seed, Options::default()), &plan);
    assert_eq!(trace(1), trace(1));
    assert_ne!(trace(1).steps, trace(2).steps);
}

#[test]
fn a_counter_wraps_for_some_seed() {
    let plan = Plan { load: 0.95, steps: 60, ..Plan::default() };
    let wraps = (0..8).filter(|&seed| {
        let trace = play(seed, Shape::SERVER, &machine(seed, Options::default()), &plan);
        let fell = |number: usize| {
            let (before, after) = (trace.before(number), &trace.steps[number].counters);
            before.packages.iter().zip(&after.packages).any(|(before, after)| after < before)
        };
        (0..60).any(fell)
    });
    assert!(wraps.count() > 0);
}

#[test]
fn the_second_thread_costs_the_gain() {
    let plan = Plan { turbo: false, ..Plan::default() };
    let gain = Hidden::new(9, 1, QUIET).gain;
    // One process on one of two threads; then both busy.
    assert!((one_core(1, 0.5, plan) - 1.0).abs() < 0.05);
    assert!((one_core(2, 1.0, plan) - 1.0 - gain).abs() < 0.02);
}

#[test]
fn a_faster_clock_costs_its_power() {
    let shape = Shape { packages: 1, cores: 4, threads: 1 };
    let plan = Plan { processes: 1, load: 0.25, varying: false, pinned: 0.0, ..Plan::default() };
    let plan = Plan { steps: 3, ..plan };
    let hidden = Hidden::new(9, 1, QUIET);
    let watts = |turbo| {
        let trace = play(1, shape, &hidden, &Plan { turbo, ..plan });
        trace.true_uj(0).values().sum::<f64>() / 3e6
    };
    // One busy core of four runs at about 1.275 of its base clock.
    let ratio = (watts(true) / watts(false)).powf(1.0 / hidden.exponent);
    assert!((1.2..1.35).contains(&ratio), "{ratio}");
}

#[test]
fn activation_goes_to_those_who_run() {
    let plan = Plan { steps: 2, load: 0.1, ..Plan::default() };
    let options = Options { activation: true, ..QUIET };
    let sum = |options| {
        let trace = play(4, Shape::SERVER, &machine(4, options), &plan);
        trace.true_uj(0).values().sum::<f64>()
    };
    let hidden = machine(4, options);
    let most: f64 = hidden.packages.iter().map(|package| package.activation_watts * 2e6).sum();
    let more = sum(options) - sum(QUIET);
    assert!(more > 0.5 * most && more <= most * 1.0001, "{more} of {most}");
}
