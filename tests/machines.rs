//! Machines of many kinds, from their trees to joules: what counts, what does not, and why.
//!
//! `machines/*.toml` describe them and say what is expected. The library is held to that to the
//! microjoule where meters count, and the program to the same, whatever its probe sees. Zones
//! in another order, or shown once more, must change nothing.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and shows its figures"
)]

mod support;

use std::{collections::BTreeSet, fs, sync::Arc, thread, time::Duration};

use jiff::Timestamp;
use jouletop::{
    attribute::{Method, attribute},
    clock,
    frame::{Energy, Frame},
    meter::{
        Meters, Scope,
        model::{CpuIdent, Estimate},
        plan::Whole,
    },
    sample::{
        Activity, CpuTime, Identity, MeterReading, ProbeKind, ProcessActivity, ProcessId, Reading,
        Role, Sample,
    },
    topology::{Grain, Topology},
    units::Microjoules,
};
use proptest::prelude::*;
use serde_json::Value;
use support::{
    disguise::disguise,
    jouletop,
    machine::{Built, Description, Figure, Left, Used, directory},
    stream::Stream,
};

/// What powers amount to is known exactly over so long.
const LENGTH: Duration = Duration::from_secs(10);
/// Power that is measured by the real clock is known as well as that.
const NEAR: f64 = 0.02;

/// Two tests for each machine.
macro_rules! machines {
    ($($name:ident),* $(,)?) => {
        mod library {
            $(#[test] fn $name() { super::by_the_library(stringify!($name)); })*
        }
        mod program {
            $(#[test] fn $name() { super::by_the_program(stringify!($name)); })*
        }
        const ALL: &[&str] = &[$(stringify!($name)),*];
    };
}

machines! {
    acpi_server, amd_dies, amd_dies_perf, amd_energy, amd_perf, amd_registers, container, grace,
    intel_client, intel_dies, intel_dies_perf, intel_perf, intel_registers, intel_server,
    intel_unreadable, jetson, laptop_battery, laptop_mains, virtual_machine,
}

#[test]
fn no_description_is_forgotten() {
    let files = fs::read_dir(directory()).unwrap().flatten().map(|entry| entry.path());
    let files: BTreeSet<_> =
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_string()).collect();
    assert_eq!(files, ALL.iter().map(ToString::to_string).collect());
}

/// What the library makes of a machine over a while.
struct Look {
    meters: Meters,
    readings: Vec<MeterReading>,
    frame: Frame,
}

impl Look {
    /// Reads, lets the counters advance, and reads again.
    fn at(machine: &Description) -> Self {
        let mut built = Built::new(machine);
        let sysfs = built.sysfs();
        let mut topology = Topology::read(&sysfs, machine.cpus.len());
        let cpu = CpuIdent::parse(&machine.cpuinfo);
        let scope = Scope {
            sysfs: sysfs.clone(),
            dev: built.dev(),
            estimate: Estimate::of(cpu.as_ref(), None),
            cpu,
            whole: Whole::Auto,
            redfish: None,
        };
        // The kernel's clock, which stands in for energy of perf, can only be waited for.
        let real = !machine.units.is_empty();
        let begin = if real { clock::now().monotonic } else { Duration::ZERO };
        let mut meters = Meters::open(scope, &topology, begin);
        if meters.by_core() {
            topology = Topology::with_grain(&sysfs, machine.cpus.len(), Grain::Core);
        }
        let begin = if real { clock::now().monotonic } else { begin };
        let before = sample(&topology, begin, meters.read(&topology, begin), Duration::ZERO);
        built.advance(machine, 0, 1);
        let end = if real {
            thread::sleep(Duration::from_secs(2));
            clock::now().monotonic
        } else {
            begin + LENGTH
        };
        let readings = meters.read(&topology, end);
        let after = sample(&topology, end, readings.clone(), end.saturating_sub(begin));
        let frame = attribute(&before, &after, &Method::default());
        Self { meters, readings, frame }
    }

    /// Energy of a meter as the frame tells it.
    fn energy(&self, id: &str, role: Role) -> Option<u64> {
        let Frame { meters, checks, pools, .. } = &self.frame;
        let energy = match role {
            Role::Part => meters.iter().find(|meter| meter.id == id)?.energy?,
            Role::Whole | Role::Check => checks.iter().find(|check| check.id == id)?.energy?,
            Role::Inside => pools.iter().find(|pool| pool.id.ends_with(&format!(" {id}")))?.energy,
        };
        Some(energy.0)
    }

    /// What the process paid that kept a package busy.
    fn paid(&self, package: usize) -> Option<u64> {
        let pid = package as u32 + 1;
        let process = self.frame.processes.iter().find(|process| process.id.pid == pid)?;
        process.share.energy.total().map(|energy| energy.0)
    }
}

/// A moment at which each package has been kept busy by a process of its own.
fn sample(
    topology: &Topology,
    at: Duration,
    meters: Vec<MeterReading>,
    passed: Duration,
) -> Sample {
    let busy = |package: usize| {
        let mut cpu = CpuTime::default();
        for (index, cell) in topology.cells().iter().enumerate() {
            if cell.package == package {
                cpu.add(index, passed.as_nanos() as u64 * cell.cpus.len() as u64);
            }
        }
        let id = ProcessId { pid: package as u32 + 1, start: 1 };
        ProcessActivity::new(id, Arc::new(Identity::default()), false, cpu)
    };
    Sample {
        time: Timestamp::UNIX_EPOCH,
        monotonic: at,
        boottime: at,
        machine: Arc::new(topology.machine("test".into())),
        probe: ProbeKind::Simulated,
        meters,
        clocks: None,
        gpus: Vec::new(),
        activity: Activity {
            processes: (0..topology.packages().len()).map(busy).collect(),
            ..Activity::default()
        },
    }
}

fn by_the_library(name: &str) {
    let machine = Description::load(name);
    let look = Look::at(&machine);
    let Look { meters, readings, frame } = &look;
    let expect = &machine.expect;
    let found: Vec<_> = readings.iter().map(|reading| words(&reading.meter)).collect();
    sets_agree(found, expect.meters.iter().map(wanted).collect());
    let left: Vec<_> = meters
        .left_out()
        .iter()
        .map(|(facts, why)| (facts.id.clone(), facts.route.as_str().to_string(), why.clone()))
        .collect();
    left_agrees(&left, &expect.left_out);
    let exact = machine.units.is_empty();
    let close = |energy: Option<u64>, figure: &Figure, what: &str| {
        agree(energy, figure, frame.interval, exact).unwrap_or_else(|why| panic!("{what}: {why}"));
    };
    for (reading, used) in pairs(readings, &expect.meters) {
        let note = match &reading.reading {
            Reading::Absent(why) => why.as_str(),
            _ => "",
        };
        match &used.tells {
            Figure::Absent(why) => assert!(note.contains(why), "{}: {note:?}", used.id),
            figure => close(look.energy(&used.id, reading.meter.role), figure, &used.id),
        }
    }
    let total = frame.total.total().map(|energy| energy.0);
    close(total, &expect.total, "total");
    assert_eq!(expect.paid.len(), frame.machine.packages.len());
    for (package, figure) in expect.paid.iter().enumerate() {
        close(look.paid(package), figure, &format!("paid for package {package}"));
    }
    assert_eq!(frame.quality.as_str(), expect.quality);
    assert_eq!(rows(frame).total(), frame.total.total());
    no_joule_is_counted_twice(frame, readings);
}

/// The total is the whole where that is metered, and the sum of the parts elsewhere.
fn no_joule_is_counted_twice(frame: &Frame, readings: &[MeterReading]) {
    let part = |id: &str| {
        let meters = readings.iter().filter(|reading| reading.meter.role == Role::Part);
        meters.clone().any(|reading| reading.meter.id == id)
    };
    let parts = frame.meters.iter().filter(|meter| part(&meter.id));
    let parts: Microjoules = parts.filter_map(|meter| meter.energy).sum();
    let whole = readings.iter().find(|reading| reading.meter.role == Role::Whole);
    let whole = whole
        .and_then(|reading| frame.checks.iter().find(|check| check.id == reading.meter.id)?.energy);
    assert_eq!(frame.total.total(), Some(whole.unwrap_or(parts)));
    let rest = frame.rest.and_then(|rest| rest.energy.total());
    assert_eq!(rest, whole.map(|whole| whole - parts));
}

/// All rows of a frame together.
fn rows(frame: &Frame) -> Energy {
    let mut sum = Energy::default();
    for process in &frame.processes {
        sum.add_all(&process.share.energy);
    }
    for (_, share) in frame.other_rows() {
        sum.add_all(&share.copied().unwrap_or_default().energy);
    }
    sum
}

/// Id, domain, route and role of a meter.
fn words(meter: &jouletop::sample::Meter) -> [String; 4] {
    let role = serde_json::to_value(meter.role).unwrap();
    let role = role.as_str().unwrap().to_string();
    [meter.id.clone(), meter.domain.as_str().into(), meter.source.clone(), role]
}

/// The same as it is expected.
fn wanted(used: &Used) -> [String; 4] {
    let Used { id, domain, route, role, .. } = used;
    [id.clone(), domain.clone(), route.clone(), role.clone()]
}

/// Each reading with what is expected of it.
fn pairs<'a>(
    readings: &'a [MeterReading],
    all: &'a [Used],
) -> impl Iterator<Item = (&'a MeterReading, &'a Used)> {
    readings.iter().map(|reading| {
        let used = all.iter().find(|used| used.id == reading.meter.id);
        (reading, used.unwrap_or_else(|| panic!("{} is not expected", reading.meter.id)))
    })
}

/// Both have the same members, as often.
fn sets_agree<T: Ord + std::fmt::Debug>(mut found: Vec<T>, mut expected: Vec<T>) {
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// What is left out is what was expected, each for its reason.
fn left_agrees(found: &[(String, String, String)], expected: &[Left]) {
    let names = found.iter().map(|(id, route, _)| (id.clone(), route.clone())).collect();
    sets_agree(names, expected.iter().map(|left| (left.id.clone(), left.route.clone())).collect());
    for Left { id, route, why } in expected {
        let mut reasons = found.iter().filter(|left| (&left.0, &left.1) == (id, route));
        assert!(reasons.any(|left| left.2.contains(why)), "{id} {route}, {why}: {found:?}");
    }
}

/// An energy is what was expected of an interval.
fn agree(
    energy: Option<u64>,
    figure: &Figure,
    interval: Duration,
    exact: bool,
) -> Result<(), String> {
    let is = |due: f64, near: f64| {
        let energy = energy.ok_or("absent")? as f64;
        let off = (energy - due).abs();
        if off <= near * due { Ok(()) } else { Err(format!("{energy} µJ, due {due}")) }
    };
    match figure {
        Figure::Joules(due) => is(*due as f64, 0.0),
        Figure::Watts(watts) => {
            is(watts * interval.as_secs_f64() * 1e6, if exact { 0.0 } else { NEAR })
        }
        Figure::Estimated if energy.is_some_and(|energy| energy > 0) => Ok(()),
        Figure::Absent(_) if energy.is_none() => Ok(()),
        figure => Err(format!("{energy:?} in place of {figure:?}")),
    }
}

/// Arguments that put the program on a machine.
fn arguments(machine: &Description, built: &Built) -> Vec<String> {
    let roots = [
        ("--sysfs-root", built.sysfs()),
        ("--proc-root", built.proc_root(&machine.cpuinfo)),
        ("--dev-root", built.dev()),
    ];
    let roots = roots.map(|(name, path)| [name.to_string(), path.to_str().unwrap().to_string()]);
    let mut arguments = roots.concat();
    arguments.extend(["--probe".into(), "proc".into()]);
    arguments
}

fn by_the_program(name: &str) {
    let machine = Description::load(name);
    let mut built = Built::new(&machine);
    let arguments = arguments(&machine, &built);
    doctor_agrees(&machine, &arguments);
    let mut all: Vec<&str> = arguments.iter().map(String::as_str).collect();
    all.extend(["--interval", "300ms"]);
    let stream = Stream::start(&all);
    let mut frames = vec![stream.next()];
    for step in 0..100 {
        built.advance(&machine, step, 100);
        thread::sleep(Duration::from_millis(10));
    }
    frames.extend(stream.finish());
    let expect = &machine.expect;
    let interval: f64 =
        frames.iter().map(|frame| frame["interval_seconds"].as_f64().unwrap()).sum();
    let close = |energies: Vec<Option<u64>>, figure: &Figure, what: &str| {
        let energy = energies.into_iter().flatten().reduce(|sum, energy| sum + energy);
        agree(energy, figure, Duration::from_secs_f64(interval), false)
            .unwrap_or_else(|why| panic!("{what}: {why}"));
    };
    // What divides a package is no meter in a frame.
    for used in expect.meters.iter().filter(|used| used.role != "inside") {
        let energies = frames.iter().map(|frame| energy(frame, used)).collect();
        close(energies, &used.tells, &used.id);
    }
    let totals = frames.iter().map(|frame| microjoules(&frame["total"]["energy_joules"]));
    close(totals.collect(), &expect.total, "total");
    for frame in &frames {
        assert_eq!(frame["quality"], *expect.quality);
    }
}

/// `doctor` tells the meters, the checks and what is left out, as expected.
fn doctor_agrees(machine: &Description, arguments: &[String]) {
    let output = jouletop().args(["doctor", "--json"]).args(arguments).output().unwrap();
    let findings: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let list = |name: &str| findings[name].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let roles: [(&str, &[&str]); 2] =
        [("meters", &["part", "inside", "whole"]), ("checks", &["check"])];
    for (name, roles) in roles {
        let state = |used: &Used| match &used.tells {
            Figure::Absent(_) => "absent",
            Figure::Estimated => "estimated",
            _ => "measured",
        };
        let used = machine.expect.meters.iter().filter(|used| roles.contains(&&*used.role));
        let expected: Vec<_> = used
            .map(|used| {
                let [id, _, route, role] = wanted(used);
                [id, route, role, state(used).into()]
            })
            .collect();
        let words = |meter: &Value| ["id", "source", "role", "state"].map(|key| text(&meter[key]));
        sets_agree(list(name).iter().map(words).collect(), expected);
    }
    let left: Vec<_> = list("left_out")
        .iter()
        .map(|left| (text(&left["id"]), text(&left["source"]), text(&left["why"])))
        .collect();
    left_agrees(&left, &machine.expect.left_out);
}

/// Joules of JSON as the whole microjoules that they are.
fn microjoules(value: &Value) -> Option<u64> {
    value.as_f64().map(|joules| (joules * 1e6).round() as u64)
}

/// Energy of a meter in a frame of JSON.
fn energy(frame: &Value, used: &Used) -> Option<u64> {
    let list = if used.role == "part" { &frame["meters"] } else { &frame["checks"] };
    let meter = list.as_array().unwrap().iter().find(|meter| meter["id"] == *used.id);
    microjoules(&meter.unwrap_or_else(|| panic!("no {}: {frame}", used.id))["energy_joules"])
}

/// What is seen of a machine: each counted meter, the total, what each process paid.
type Seen = (Vec<(String, Option<u64>)>, Energy, Vec<Option<u64>>);

fn seen(machine: &Description) -> Seen {
    let look = Look::at(machine);
    let parts = look.readings.iter().filter(|reading| reading.meter.role == Role::Part);
    let parts = parts.map(|reading| {
        let id = reading.meter.id.clone();
        (id.clone(), look.energy(&id, Role::Part))
    });
    let packages = 0..look.frame.machine.packages.len();
    (parts.collect(), look.frame.total, packages.map(|package| look.paid(package)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_copies_parts_and_what_contains_them_change_nothing(
        disguise in disguise(),
        name in prop::sample::select(vec!["amd_dies", "intel_client", "intel_dies", "intel_server"]),
    ) {
        let machine = Description::load(name);
        prop_assert_eq!(seen(&disguise.of(&machine)), seen(&machine));
    }
}
