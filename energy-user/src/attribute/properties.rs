//! What must hold for every machine and every interval.
//!
//! The labels P1.. are those of the list of properties that `docs/method.md` gives.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    frame::{Basis, Energy, Share},
    sample::{
        Activity, CpuTime, Domain, Identity, Kind, Line, Machine, Meter, MeterReading, Package,
        PowerModel, ProbeKind, ProcessActivity, ProcessId, Reading,
    },
    units::{Microjoules, Watts},
};

const RANGE: u64 = 262_143_328_850;
const SECOND: u64 = 1_000_000_000;

/// A machine of two packages with two CPUs each.
#[derive(Clone, Debug)]
struct Case {
    /// Energy of package-0, package-1, dram-0, microjoules.
    energies: [u64; 3],
    /// Who ran: kind, whether it ended, nanoseconds on each package.
    tasks: Vec<(Kind, bool, [u64; 2])>,
    missed: [u64; 2],
    length: u64,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![4 => Just(Kind::Process), 1 => Just(Kind::Kernel), 1 => Just(Kind::Tool)]
}

fn case() -> impl Strategy<Value = Case> {
    let ns = || prop_oneof![Just(0), 1..SECOND, Just(1)];
    let task = (kind(), any::<bool>(), [ns(), ns()]);
    let energies = [0..400_000_000_u64, 0..400_000_000_u64, 0..40_000_000_u64];
    let tasks = prop::collection::vec(task, 0..12);
    (energies, tasks, [ns(), ns()], 1..10 * SECOND)
        .prop_map(|(energies, tasks, missed, length)| Case { energies, tasks, missed, length })
}

impl Case {
    /// Samples before and after, with the counters at `begin`.
    fn samples(&self, begin: u64) -> (Sample, Sample) {
        let after = |energy: u64| (begin + energy) % RANGE;
        let before = sample(0, [begin; 3], Activity::default());
        let after = sample(self.length, self.energies.map(after), self.activity());
        (before, after)
    }

    fn frame(&self) -> Frame {
        self.frame_by(&Method::default())
    }

    fn frame_by(&self, method: &Method) -> Frame {
        let (before, after) = self.samples(0);
        attribute(&before, &after, method)
    }

    fn activity(&self) -> Activity {
        let processes = self.tasks.iter().enumerate().map(|(index, (kind, ended, ns))| {
            let identity = Identity { kind: *kind, ..Identity::default() };
            let id = ProcessId { pid: 100 + index as u32, start: 7 };
            ProcessActivity::new(id, Arc::new(identity), *ended, CpuTime(ns.to_vec()))
        });
        Activity {
            processes: processes.collect(),
            missed: CpuTime(self.missed.to_vec()),
            ..Activity::default()
        }
    }
}

fn sample(at: u64, counters: [u64; 3], activity: Activity) -> Sample {
    let meters = [
        ("package-0", Domain::Package, 0),
        ("package-1", Domain::Package, 1),
        ("dram-0", Domain::Dram, 0),
    ];
    let readings = meters.into_iter().zip(counters).map(|((id, domain, package), counter)| {
        reading(id, domain, Role::Part, vec![package], counter)
    });
    let package = |id: u32| Package { id, cpus: vec![2 * id, 2 * id + 1] };
    Sample {
        time: Timestamp::UNIX_EPOCH,
        monotonic: Duration::from_nanos(at),
        boottime: Duration::from_nanos(at),
        machine: Arc::new(Machine::of_packages("test".into(), vec![package(0), package(1)])),
        probe: ProbeKind::Simulated,
        meters: readings.collect(),
        clocks: None,
        gpus: Vec::new(),
        activity,
    }
}

/// A meter's counter.
fn reading(id: &str, domain: Domain, role: Role, cells: Vec<usize>, counter: u64) -> MeterReading {
    MeterReading {
        meter: Arc::new(Meter {
            id: id.into(),
            domain,
            source: "test".into(),
            cells,
            role,
            includes: String::new(),
        }),
        reading: Reading::Counter { microjoules: counter, range: RANGE, limit: Watts(1e9) },
    }
}

/// All rows of a frame.
fn rows(frame: &Frame) -> Vec<Share> {
    let processes = frame.processes.iter().map(|process| process.share);
    processes.chain(frame.other_rows().iter().filter_map(|(_, share)| share.copied())).collect()
}

proptest! {
    /// P1, P2: the rows are the meters, to the microjoule; integers cannot be negative.
    #[test]
    fn energy_is_conserved_in_every_pool(case in case()) {
        let frame = case.frame();
        let mut sum = Energy::default();
        for row in rows(&frame) {
            sum.add_all(&row.energy);
        }
        let [p0, p1, d0] = case.energies;
        prop_assert_eq!(frame.total.cpu, Some(Microjoules(p0 + p1)));
        prop_assert_eq!(frame.total.dram, Some(Microjoules(d0)));
        prop_assert_eq!(sum, frame.total);
        prop_assert_eq!(frame.quality, Quality::Measured);
    }

    /// P3: who did not run pays nothing that depends on running.
    #[test]
    fn no_time_no_energy(case in case()) {
        for process in case.frame().processes {
            if process.share.cpu_time.is_zero() {
                prop_assert_eq!(process.share.energy.total().unwrap_or_default(), Microjoules::ZERO);
            }
        }
    }

    /// P4: the order in which the probe tells does not matter.
    #[test]
    fn order_does_not_matter(case in case(), seed in any::<u64>()) {
        let (before, after) = case.samples(0);
        let mut shuffled = after.clone();
        let count = shuffled.activity.processes.len().max(1);
        shuffled.activity.processes.rotate_left((seed % count as u64) as usize % count);
        shuffled.activity.processes.reverse();
        shuffled.meters.reverse();
        let (mut one, mut other) = (attribute(&before, &after, &Method::default()), attribute(&before, &shuffled, &Method::default()));
        one.meters.sort_by(|a, b| a.id.cmp(&b.id));
        other.meters.sort_by(|a, b| a.id.cmp(&b.id));
        prop_assert_eq!(one, other);
    }

    /// P6: more time, all else the same, never means less energy.
    #[test]
    fn more_time_is_not_less_energy(case in case(), more in 1..SECOND) {
        let Some(first) = case.tasks.iter().position(|task| task.0 == Kind::Process) else {
            return Ok(());
        };
        let mut longer = case.clone();
        longer.tasks[first].2[0] += more;
        let of = |frame: Frame| frame.processes[0].share.energy.total().unwrap_or_default();
        // Largest remainders may take back the one odd microjoule of each pool.
        prop_assert!(of(longer.frame()) + Microjoules(3) >= of(case.frame()));
    }

    /// P8: a counter that wraps tells what one that does not wrap tells.
    #[test]
    fn a_wrap_changes_nothing(case in case(), before_end in 1..RANGE / 2) {
        let (before, after) = case.samples(RANGE - before_end);
        let frame = attribute(&before, &after, &Method::default());
        let plain = case.frame();
        prop_assert_eq!(frame.total, plain.total);
        prop_assert_eq!(rows(&frame), rows(&plain));
    }

    /// P10: what happens on package 0 costs nobody who ran on package 1 only.
    #[test]
    fn packages_are_islands(case in case(), energy in 0..400_000_000_u64, ns in 0..SECOND) {
        let mut other = case.clone();
        other.energies[0] = energy;
        other.tasks.push((Kind::Process, false, [ns, 0]));
        let (one, two) = (case.frame(), other.frame());
        for (a, b) in one.processes.iter().zip(&two.processes) {
            let index = (a.id.pid - 100) as usize;
            if case.tasks[index].2[0] == 0 {
                prop_assert_eq!(a.share, b.share);
            }
        }
    }

    /// P11: one long interval is its two halves, if power and load are even.
    #[test]
    fn an_interval_is_its_halves(mut case in case()) {
        for task in &mut case.tasks {
            task.2 = task.2.map(|ns| ns / 2 * 2);
        }
        case.missed = case.missed.map(|ns| ns / 2 * 2);
        case.energies = case.energies.map(|energy| energy / 2 * 2);
        case.length = case.length.div_ceil(2) * 2;
        let mut half = case.clone();
        half.energies = half.energies.map(|energy| energy / 2);
        half.missed = half.missed.map(|ns| ns / 2);
        half.length /= 2;
        for task in &mut half.tasks {
            task.2 = task.2.map(|ns| ns / 2);
        }
        let (whole, half) = (case.frame(), half.frame());
        prop_assert_eq!(whole.total.total(), half.total.total().map(|e| e + e));
        for (whole, half) in rows(&whole).iter().zip(rows(&half)) {
            prop_assert_eq!(whole.cpu_time, half.cpu_time * 2);
            let of = |share: &Share| share.energy.total().unwrap_or_default().0;
            // Each of three meters may round once in each half.
            prop_assert!(of(whole).abs_diff(2 * of(&half)) <= 6);
        }
    }

    /// P15: whether a process lived on changes nothing of its share.
    #[test]
    fn an_ended_process_keeps_its_share(case in case()) {
        let mut ended = case.clone();
        for task in &mut ended.tasks {
            task.1 = true;
        }
        prop_assert_eq!(rows(&case.frame()), rows(&ended.frame()));
        prop_assert!(ended.frame().processes.iter().all(|process| process.ended));
    }

    /// P5: a process told in two pieces is one row with the same share.
    #[test]
    fn pieces_of_one_process_are_one_row(case in case(), part in 0..=SECOND) {
        let (before, whole) = case.samples(0);
        let mut pieces = whole.clone();
        if let Some(first) = pieces.activity.processes.first_mut() {
            let mut rest = first.clone();
            for (mine, rest) in first.cpu.0.iter_mut().zip(&mut rest.cpu.0) {
                let cut = (*mine).min(part);
                *rest = *mine - cut;
                *mine = cut;
            }
            pieces.activity.processes.push(rest);
        }
        prop_assert_eq!(attribute(&before, &whole, &Method::default()), attribute(&before, &pieces, &Method::default()));
    }

    /// P1, P2, P4 with every way to divide: floors, policies, intensities, a whole, cores.
    #[test]
    fn energy_is_conserved_however_it_is_divided(
        case in case(),
        method in method(),
        whole in prop::option::of(0..1_200_000_000_u64),
        cores in prop::option::of([0..300_000_000_u64, 0..300_000_000_u64]),
    ) {
        let (mut before, mut after) = case.samples(0);
        let mut extra = Vec::new();
        extra.extend(whole.map(|energy| ("acpi", Domain::Machine, Role::Whole, vec![0, 1], energy)));
        for (cell, energy) in cores.into_iter().flatten().enumerate() {
            let id = ["core-cpu0", "core-cpu2"][cell];
            extra.push((id, Domain::Core, Role::Inside, vec![cell], energy));
        }
        for (id, domain, role, cells, energy) in extra {
            before.meters.push(reading(id, domain, role, cells.clone(), 0));
            after.meters.push(reading(id, domain, role, cells, energy));
        }
        let frame = attribute(&before, &after, &method);
        let mut sum = Energy::default();
        for row in rows(&frame) {
            sum.add_all(&row.energy);
        }
        prop_assert_eq!(sum, frame.total);
        let parts = case.energies.iter().sum::<u64>();
        let total = whole.map_or(parts, |whole| whole.max(parts));
        prop_assert_eq!(frame.total.total(), Some(Microjoules(total)));
        let of_meters: Microjoules = frame.meters.iter().filter_map(|meter| meter.energy).sum();
        prop_assert_eq!(of_meters, Microjoules(total));
        let of_pools: Microjoules = frame.pools.iter().map(|pool| pool.energy).sum();
        prop_assert_eq!(of_pools, Microjoules(total));
        // What is explained is what is charged.
        for process in &frame.processes {
            let parts = process.parts.iter().map(|part| part.moving + part.fixed);
            prop_assert_eq!(Some(parts.sum()), process.share.energy.total());
            if method.idle_policy != IdlePolicy::Equal && process.share.cpu_time.is_zero() {
                prop_assert_eq!(process.share.energy.total(), Some(Microjoules::ZERO));
            }
        }
        after.meters.reverse();
        after.activity.processes.reverse();
        prop_assert_eq!(attribute(&before, &after, &method), frame);
    }

    /// P5: two processes in place of one, with its time between them, have its energy.
    #[test]
    fn halves_of_a_process_have_its_share(case in case(), method in method(), part in 0..=SECOND) {
        prop_assume!(method.idle_policy != IdlePolicy::Equal && !case.tasks.is_empty());
        let whole = Case { tasks: vec![(Kind::Process, false, case.tasks[0].2)], ..case.clone() };
        let first = whole.tasks[0].2.map(|ns| ns.min(part));
        let second = [0, 1].map(|package| whole.tasks[0].2[package] - first[package]);
        let mut split = whole.clone();
        split.tasks = vec![(Kind::Process, false, first), (Kind::Process, false, second)];
        // Whoever else ran, ran in both.
        let others = case.tasks.iter().skip(1).copied();
        let whole = Case { tasks: whole.tasks.into_iter().chain(others.clone()).collect(), ..case.clone() };
        let split = Case { tasks: split.tasks.into_iter().chain(others).collect(), ..case };
        let energy = |case: &Case, pids: std::ops::Range<u32>| -> u64 {
            let frame = case.frame_by(&Method { intensities: HashMap::new(), ..method.clone() });
            let own = frame.processes.into_iter().filter(|process| pids.contains(&process.id.pid));
            own.map(|process| process.share.energy.total().unwrap_or_default().0).sum()
        };
        // Largest remainders may give one odd microjoule elsewhere, in each pool and policy.
        prop_assert!(energy(&whole, 100..101).abs_diff(energy(&split, 100..102)) <= 6);
    }

    /// P7: twice the power, static power too, is twice the energy of everybody.
    #[test]
    fn twice_the_power_is_twice_the_energy(case in case(), method in method()) {
        let mut double = case.clone();
        double.energies = double.energies.map(|energy| 2 * energy);
        let mut doubled = method.clone();
        doubled.floors.values_mut().for_each(|floor| floor.watts = Watts(2.0 * floor.watts.0));
        let (one, two) = (case.frame_by(&method), double.frame_by(&doubled));
        for (one, two) in rows(&one).iter().zip(rows(&two)) {
            let of = |share: &Share| share.energy.total().unwrap_or_default().0;
            // Three pools, static and moving, each rounded once.
            prop_assert!((2 * of(one)).abs_diff(of(&two)) <= 12, "{one:?} {two:?}");
        }
    }

    /// P9: whatever a counter shows, no interval has more than its limit allows.
    #[test]
    fn no_interval_has_more_than_the_limit(
        readings in prop::collection::vec(0..=RANGE, 2..20),
        millis in 50..60_000_u64,
    ) {
        let length = Duration::from_millis(millis);
        for pair in readings.windows(2) {
            let energy = crate::counter::advance(pair[0], pair[1], RANGE, Watts(1000.0), length);
            let Ok(energy) = energy else { continue };
            let forward = pair[1] >= pair[0];
            let limit = Watts(if forward { 100_000.0 } else { 1000.0 });
            prop_assert!(energy <= limit.during(length + Duration::from_millis(500)));
        }
    }

    /// P13: a zone that goes and comes back loses the time that it was gone, and one interval.
    #[test]
    fn a_zone_that_returns_has_lost_one_interval_more(
        energies in prop::collection::vec(0..400_000_000_u64, 3..20),
        there in prop::collection::vec(any::<bool>(), 3..20),
    ) {
        let (mut counter, mut found, mut due) = (RANGE - 500_000_000, 0, 0);
        let show = |at: usize, counter: u64, there: bool| {
            let mut sample = sample(at as u64 * SECOND, [counter, 0, 0], Activity::default());
            sample.meters.truncate(1);
            if !there {
                sample.meters[0].reading = Reading::Absent("gone".into());
            }
            sample
        };
        let mut before = show(0, counter, true);
        let mut was_there = true;
        for (index, (energy, there)) in energies.iter().zip(&there).enumerate() {
            counter = (counter + energy) % (RANGE + 1);
            let after = show(index + 1, counter, *there);
            let frame = attribute(&before, &after, &Method::default());
            found += frame.total.total().unwrap_or_default().0;
            prop_assert_eq!(frame.total.total().is_some(), was_there && *there);
            due += if was_there && *there { *energy } else { 0 };
            (before, was_there) = (after, *there);
        }
        // Each wrap of the counter is short by one unit, here a microjoule.
        prop_assert!(due.abs_diff(found) <= 20, "{} of {}", found, due);
    }
}

fn method() -> impl Strategy<Value = Method> {
    let policy =
        prop::sample::select(vec![IdlePolicy::None, IdlePolicy::Proportional, IdlePolicy::Equal]);
    let meter = prop::sample::select(vec!["package-0", "package-1", "dram-0", "rest"]);
    let floor = (meter, 0.0..300.0_f64);
    let floors = prop::collection::vec(floor, 0..4);
    let intensity = prop::option::of(0.25..4.0_f64);
    (policy, floors, intensity).prop_map(|(idle_policy, floors, intensity)| Method {
        gpu_share: crate::sample::GpuShare::default(),
        idle_policy,
        owed: Microjoules::ZERO,
        floors: floors
            .into_iter()
            .map(|(id, watts)| {
                (id.to_string(), Floor { watts: Watts(watts), basis: Basis::Calibrated })
            })
            .collect(),
        // Every task of a case has the empty name.
        intensities: intensity.map(|times| (String::new(), times)).into_iter().collect(),
    })
}

#[test]
fn sleep_and_a_first_reading_are_gaps_and_not_zero() {
    let case = Case {
        energies: [1000; 3],
        tasks: vec![(Kind::Process, false, [SECOND, 0])],
        missed: [0; 2],
        length: SECOND,
    };
    let (before, mut after) = case.samples(0);
    after.boottime += Duration::from_hours(1);
    let frame = attribute(&before, &after, &Method::default());
    assert_eq!(frame.quality, Quality::Absent);
    assert_eq!(frame.total.total(), None);
    assert!(frame.meters[0].note.as_ref().unwrap().contains("slept"));
    let (mut before, after) = case.samples(0);
    before.meters.clear();
    assert_eq!(attribute(&before, &after, &Method::default()).watts(), None);
}

#[test]
fn a_model_charges_its_idle_power_to_idle_and_the_rest_to_who_ran() {
    let (before, mut after) = Case {
        energies: [0; 3],
        tasks: vec![(Kind::Process, false, [SECOND, 0])],
        missed: [0; 2],
        length: SECOND,
    }
    .samples(0);
    after.meters.truncate(1);
    after.meters[0].reading =
        Reading::Model(PowerModel::half_to_twice(Line { idle: Watts(10.0), full: Watts(50.0) }));
    let frame = attribute(&before, &after, &Method::default());
    assert_eq!(frame.quality, Quality::Estimated);
    // One of two CPUs was busy: half of the way from 10 W to 50 W.
    assert_eq!(frame.total.total(), Some(Microjoules(30_000_000)));
    assert_eq!(frame.idle.energy.total(), Some(Microjoules(10_000_000)));
    assert_eq!(frame.processes[0].share.energy.total(), Some(Microjoules(20_000_000)));
}

#[test]
fn a_meter_of_an_unknown_package_is_unattributed() {
    let (before, mut after) = Case {
        energies: [500, 0, 0],
        tasks: vec![(Kind::Process, false, [SECOND, 0])],
        missed: [0; 2],
        length: SECOND,
    }
    .samples(0);
    let meter = Arc::make_mut(&mut after.meters[0].meter);
    meter.cells.clear();
    let frame = attribute(&before, &after, &Method::default());
    assert_eq!(frame.unattributed.energy.total(), Some(Microjoules(500)));
}

/// One package with two CPUs, `counters` of (id, domain, role, from, to), and who ran.
fn interval(
    meters: &[(&str, Domain, Role, u64, Option<u64>)],
    tasks: Vec<(Kind, bool, [u64; 2])>,
) -> (Sample, Sample) {
    let case = Case { energies: [0; 3], tasks, missed: [0; 2], length: SECOND };
    let (mut before, mut after) = case.samples(0);
    (before.meters, after.meters) = (Vec::new(), Vec::new());
    for &(id, domain, role, from, to) in meters {
        let cells = if role == Role::Whole { vec![0, 1] } else { vec![0] };
        before.meters.push(reading(id, domain, role, cells.clone(), from));
        let mut now = reading(id, domain, role, cells, to.unwrap_or(0));
        if to.is_none() {
            now.reading = Reading::Absent("gone".into());
        }
        after.meters.push(now);
    }
    (before, after)
}

#[test]
fn a_part_without_a_reading_makes_the_rest_unknown_and_nobody_zero() {
    let busy = vec![(Kind::Process, false, [SECOND, 0])];
    let meters = [
        ("package-0", Domain::Package, Role::Part, 0, None),
        ("acpi", Domain::Machine, Role::Whole, 0, Some(90_000_000)),
    ];
    let (before, after) = interval(&meters, busy);
    let frame = attribute(&before, &after, &Method::default());
    assert_eq!(frame.total.total(), None, "nobody knows how the whole divides");
    let rest = frame.meters.iter().find(|meter| meter.id == "rest").unwrap();
    assert!(rest.note.as_ref().unwrap().contains("package-0 has no reading"), "{rest:?}");
}

/// The whole is slower than its part: over all intervals the total is what the whole counted.
#[test]
fn what_a_slow_whole_owes_is_taken_off_later() {
    let parts = [70, 70, 10, 10, 10].map(|joules| joules * 1_000_000_u64);
    let (mut owed, mut total, mut part, mut whole) = (Microjoules::ZERO, 0, 0, 0);
    for joules in parts {
        let meters = [
            ("package-0", Domain::Package, Role::Part, part, Some(part + joules)),
            ("acpi", Domain::Machine, Role::Whole, whole, Some(whole + 55_000_000)),
        ];
        (part, whole) = (part + joules, whole + 55_000_000);
        let (before, after) = interval(&meters, vec![(Kind::Process, false, [SECOND, 0])]);
        let frame = attribute(&before, &after, &Method { owed, ..Method::default() });
        owed = frame.owed;
        total += frame.total.total().unwrap().0;
        assert!(frame.total.total().unwrap().0 >= joules, "the part is measured");
    }
    assert_eq!((total, owed), (whole, Microjoules::ZERO));
}

#[test]
fn a_core_that_rests_leaks_and_who_wakes_it_does_not_pay() {
    let meters = [
        ("package-0", Domain::Package, Role::Part, 0, Some(40_000_000)),
        ("core-cpu0", Domain::Core, Role::Inside, 0, Some(10_000_000)),
    ];
    // A millisecond of two CPUs' second.
    let (before, after) = interval(&meters, vec![(Kind::Process, false, [SECOND / 1000, 0])]);
    let floor = Floor { watts: Watts(20.0), basis: Basis::Calibrated };
    let floors = HashMap::from([("package-0".to_string(), floor)]);
    let frame = attribute(&before, &after, &Method { floors, ..Method::default() });
    let of = |id: &str| frame.pools.iter().find(|pool| pool.id == id).unwrap();
    assert_eq!(of("package-0 core-cpu0").moving(), Microjoules(5_000));
    assert_eq!(of("package-0").moving(), Microjoules(19_995_000), "40 J, 20 J of them static");
    assert_eq!(frame.unattributed.energy.total(), Some(Microjoules::ZERO));
    // Where nobody ran at all, what a core drew is idle.
    let (before, after) = interval(&meters, Vec::new());
    let floors = HashMap::from([("package-0".to_string(), Floor { watts: Watts(40.0), ..floor })]);
    let frame = attribute(&before, &after, &Method { floors, ..Method::default() });
    assert_eq!(frame.idle.energy.total(), Some(Microjoules(40_000_000)));
}

/// An estimate is cut to what the whole leaves, its idle power with it, and stays uncertain.
#[test]
fn an_estimate_fits_into_a_measured_whole() {
    let busy = vec![(Kind::Process, false, [SECOND, 0]), (Kind::Process, false, [SECOND, 0])];
    let meters = [("acpi", Domain::Machine, Role::Whole, 0, Some(28_000_000))];
    let (before, mut after) = interval(&meters, busy);
    let line = Line { idle: Watts(30.0), full: Watts(100.0) };
    let mut model = reading("model-0", Domain::Package, Role::Part, vec![0], 0);
    model.reading = Reading::Model(PowerModel::half_to_twice(line));
    after.meters.push(model);
    let frame = attribute(&before, &after, &Method::default());
    assert_eq!(frame.total.total(), Some(Microjoules(28_000_000)), "no more than was measured");
    let model = frame.meters.iter().find(|meter| meter.id == "model-0").unwrap();
    assert_eq!(model.range, Some((Microjoules(14_000_000), Microjoules(28_000_000))));
    let charged: u64 =
        frame.processes.iter().map(|process| process.share.energy.total().unwrap().0).sum();
    assert_eq!(charged, 28_000_000 - 8_400_000, "idle power is 30 of 100 parts");
    assert_eq!(frame.quality, Quality::Estimated);
    // With room to spare the whole is what was measured, and only its parts are a guess.
    after.meters[0] = reading("acpi", Domain::Machine, Role::Whole, vec![0, 1], 150_000_000);
    let frame = attribute(&before, &after, &Method::default());
    assert_eq!((frame.total.total(), frame.range()), (Some(Microjoules(150_000_000)), None));
}

/// Two routes of one meter are two counters: one is never subtracted from the other.
#[test]
fn a_meter_that_is_read_by_another_way_begins_anew() {
    let meters = [("package-0", Domain::Package, Role::Part, 1_000, Some(5_000_000))];
    let (before, mut after) = interval(&meters, Vec::new());
    Arc::make_mut(&mut after.meters[0].meter).source = "another".into();
    let frame = attribute(&before, &after, &Method::default());
    assert_eq!(frame.total.total(), None);
    assert!(frame.meters[0].note.as_ref().unwrap().contains("first reading"));
}

/// A pool of no CPU is paid by the threads that ran, not by the first.
#[test]
fn threads_share_the_rest_by_their_time() {
    let meters = [("acpi", Domain::Machine, Role::Whole, 0, Some(90_000_000))];
    let (before, mut after) = interval(&meters, vec![(Kind::Process, false, [SECOND, SECOND / 2])]);
    let process = &mut after.activity.processes[0];
    process.threads = [(100, [0, 0]), (101, [SECOND, 0]), (102, [0, SECOND / 2])]
        .map(|(pid, ns)| crate::sample::ThreadActivity {
            id: ProcessId { pid, start: 7 },
            name: "worker".into(),
            ended: false,
            cpu: CpuTime(ns.to_vec()),
        })
        .to_vec();
    let method = Method { idle_policy: IdlePolicy::Equal, ..Method::default() };
    let frame = attribute(&before, &after, &method);
    let energies: Vec<u64> = frame.processes[0]
        .threads
        .iter()
        .map(|thread| thread.share.energy.total().unwrap().0)
        .collect();
    assert_eq!(energies, [0, 60_000_000, 30_000_000]);
}
