//! Trees as real machines show them, and as broken ones do.

use std::{fs, os::unix::fs::symlink, path::Path};

use super::*;

const RANGE: &str = "262143328850\n";

fn zone(root: &Path, path: &str, name: &str, energy: &str) -> PathBuf {
    let dir = root.join("class/powercap").join(path);
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("name"), format!("{name}\n")).unwrap();
    fs::write(dir.join("energy_uj"), energy).unwrap();
    fs::write(dir.join("max_energy_range_uj"), RANGE).unwrap();
    dir
}

/// The meters of a tree, without stand-ins, and what is left out of the total.
fn open(root: &Path) -> (Meters, Topology) {
    let topology = Topology::read(root, 2);
    let scope = Scope {
        sysfs: root.into(),
        dev: root.join("dev"),
        cpu: None,
        estimate: model::Estimate::of(None, None),
        whole: Whole::default(),
        redfish: None,
    };
    let mut meters = Meters::open(scope, &topology, Duration::ZERO);
    meters.estimate = None;
    (meters, topology)
}

fn read(root: &Path) -> Vec<(String, Reading)> {
    let (mut meters, topology) = open(root);
    let readings = meters.read(&topology, Duration::ZERO).into_iter();
    let counted = readings.filter(|reading| reading.meter.role != Role::Check);
    counted.map(|r| (r.meter.id.clone(), r.reading)).collect()
}

fn counters(root: &Path) -> Vec<(String, u64)> {
    let readings = read(root).into_iter().map(|(id, reading)| match reading {
        Reading::Counter { microjoules, .. } => (id, microjoules),
        other => panic!("{id}: {other:?}"),
    });
    readings.collect()
}

fn absence(root: &Path) -> String {
    match read(root).pop() {
        Some((_, Reading::Absent(why))) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_packages_with_dram_are_counted_once_though_listed_twice() {
    let root = tempfile::tempdir().unwrap();
    let real = "../real";
    for (package, base) in [(0, 100), (1, 200)] {
        let dir = format!("{real}/intel-rapl:{package}");
        zone(root.path(), &dir, &format!("package-{package}"), &format!("{base}\n"));
        let part = format!("{dir}/intel-rapl:{package}:0");
        zone(root.path(), &part, "core", "7\n");
        let part = format!("{dir}/intel-rapl:{package}:1");
        zone(root.path(), &part, "dram", &format!("{}\n", base + 1));
        let class = root.path().join("class/powercap");
        symlink(class.join(&dir), class.join(format!("intel-rapl:{package}"))).unwrap();
        symlink(class.join(&part), class.join(format!("intel-rapl:{package}:1"))).unwrap();
    }
    let expected = [("package-0", 100), ("package-1", 200), ("dram-0", 101), ("dram-1", 201)];
    assert_eq!(counters(root.path()), expected.map(|(id, uj)| (id.to_string(), uj)));
}

#[test]
fn flat_copies_as_a_test_tree_may_have_them() {
    let root = tempfile::tempdir().unwrap();
    zone(root.path(), "intel-rapl:0", "package-0", "1\n");
    zone(root.path(), "intel-rapl:0:0", "dram", "2\n");
    let expected = [("package-0".to_string(), 1), ("dram-0".to_string(), 2)];
    assert_eq!(counters(root.path()), expected);
}

#[test]
fn the_mmio_twin_and_psys_add_nothing() {
    let root = tempfile::tempdir().unwrap();
    zone(root.path(), "intel-rapl-mmio:0", "package-0", "1\n");
    zone(root.path(), "intel-rapl:0", "package-0", "5\n");
    zone(root.path(), "intel-rapl:1", "psys", "9\n");
    assert_eq!(counters(root.path()), [("package-0".to_string(), 5)]);
    let only = tempfile::tempdir().unwrap();
    zone(only.path(), "intel-rapl-mmio:0", "package-0", "1\n");
    assert_eq!(counters(only.path()), [("package-0".to_string(), 1)]);
}

#[test]
fn dies_are_meters_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    zone(root.path(), "intel-rapl:0", "package-0-die-0", "1\n");
    zone(root.path(), "intel-rapl:1", "package-0-die-1", "2\n");
    let ids: Vec<_> = counters(root.path()).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["package-0-die-0", "package-0-die-1"]);
}

#[test]
fn garbage_and_emptiness_are_absent_with_the_remedy() {
    for text in ["garbage\n", "", "-5\n", "1e9\n", "99999999999999999999999\n", "\0\0"] {
        let root = tempfile::tempdir().unwrap();
        zone(root.path(), "intel-rapl:0", "package-0", text);
        let why = absence(root.path());
        assert!(why.contains("not a number of microjoules; reload"), "{text:?}: {why}");
    }
}

#[test]
fn a_directory_in_place_of_the_counter_is_absent() {
    let root = tempfile::tempdir().unwrap();
    let dir = zone(root.path(), "intel-rapl:0", "package-0", "1");
    fs::remove_file(dir.join("energy_uj")).unwrap();
    fs::create_dir(dir.join("energy_uj")).unwrap();
    assert!(absence(root.path()).contains("reload the intel_rapl driver"));
}

#[test]
fn a_zone_that_vanishes_is_absent_and_counts_again_when_it_returns() {
    let root = tempfile::tempdir().unwrap();
    let dir = zone(root.path(), "intel-rapl:0", "package-0", "1\n");
    let (mut meters, topology) = open(root.path());
    assert!(matches!(meters.read(&topology, Duration::ZERO)[0].reading, Reading::Counter { .. }));
    fs::remove_dir_all(&dir).unwrap();
    let readings = meters.read(&topology, Duration::ZERO);
    assert!(matches!(&readings[0].reading, Reading::Absent(why) if why.contains("is gone")));
    zone(root.path(), "intel-rapl:7", "package-0", "9\n");
    // Not at each of many samples a second.
    let soon = meters.read(&topology, Duration::from_millis(100));
    assert!(matches!(&soon[0].reading, Reading::Absent(_)));
    let readings = meters.read(&topology, Duration::from_secs(1));
    assert_eq!(readings.len(), 1);
    assert!(matches!(readings[0].reading, Reading::Counter { microjoules: 9, .. }));
}

#[test]
fn zones_that_appear_later_are_found() {
    let root = tempfile::tempdir().unwrap();
    let (mut meters, topology) = open(root.path());
    assert!(meters.read(&topology, Duration::ZERO).is_empty());
    zone(root.path(), "intel-rapl:0", "package-0", "1\n");
    assert_eq!(meters.read(&topology, Duration::from_secs(1)).len(), 1);
}

#[test]
fn names_that_are_no_zones_are_left_out() {
    for name in ["package-", "package-x", "package-0-die-", "core", "uncore", "psys", ""] {
        assert_eq!(rapl::powercap::parse_name(name), None, "{name}");
    }
    let root = tempfile::tempdir().unwrap();
    zone(root.path(), "intel-rapl:0", "package-99999999999", "1\n");
    assert!(read(root.path()).is_empty());
    assert_eq!(rapl::powercap::parse_name("package-1-die-2"), Some((1, Some(2))));
    assert_eq!(Domain::Dram.as_str(), "dram");
}

/// A failed look between two samples is a gap, however often a sample asks.
#[test]
fn a_gap_between_two_samples_is_told_and_not_asked_away() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("class/hwmon/hwmon0");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("name"), "power_meter\n").unwrap();
    let power = dir.join("power1_average");
    fs::write(&power, "100000000\n").unwrap();
    let (mut meters, topology) = open(root.path());
    let at = Duration::from_secs;
    let whole = |readings: Vec<MeterReading>| {
        let found = readings.into_iter().find(|reading| reading.meter.role == Role::Whole);
        found.expect("the meter is there").reading
    };
    assert!(matches!(whole(meters.read(&topology, at(0))), Reading::Counter { .. }));
    fs::remove_file(&power).unwrap();
    (3..6).for_each(|second| meters.poll(at(second)));
    fs::write(&power, "100000000\n").unwrap();
    (6..10).for_each(|second| meters.poll(at(second)));
    let told = whole(meters.read(&topology, at(10)));
    assert!(matches!(told, Reading::Absent(_)), "{told:?}");
    assert!(matches!(whole(meters.read(&topology, at(11))), Reading::Counter { .. }));
}
