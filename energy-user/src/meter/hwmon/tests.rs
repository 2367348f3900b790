//! Trees as real machines show them, and as broken ones do.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use super::*;
use crate::{
    meter::instrument::{Place, Route},
    sample::Reading,
};

const SECOND: Duration = Duration::from_secs(1);

fn files(root: &Path, hwmon: &str, files: &[(&str, &str)]) {
    let dir = root.join("class/hwmon").join(hwmon);
    for (file, text) in files {
        let path = dir.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    }
}

fn ids(all: &[Box<dyn Instrument>]) -> Vec<&str> {
    all.iter().map(|one| one.facts().id.as_str()).collect()
}

fn the<'a>(all: &'a mut [Box<dyn Instrument>], id: &str) -> &'a mut Box<dyn Instrument> {
    all.iter_mut().find(|one| one.facts().id == id).unwrap()
}

/// Microjoules that it gains in a second of standing still.
fn per_second(one: &mut dyn Instrument) -> u64 {
    let mut read = |at| match one.read(at) {
        Reading::Counter { microjoules, .. } => microjoules,
        other => panic!("{other:?}"),
    };
    let before = read(SECOND);
    read(2 * SECOND) - before
}

fn absence(one: &mut dyn Instrument) -> String {
    match one.read(SECOND) {
        Reading::Absent(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn grace_of_two_sockets() {
    let root = tempfile::tempdir().unwrap();
    let rails = [("Module", 400), ("Grace", 100), ("CPU", 55), ("SysIO", 6)];
    for socket in 0..2 {
        for (index, (rail, watts)) in rails.iter().enumerate() {
            let hwmon = format!("hwmon{}", 1 + socket * 4 + index);
            // As in kernels of the time: all the files in the device's directory.
            let said = format!("{rail} Power Socket {socket}");
            files(
                root.path(),
                &hwmon,
                &[
                    ("device/name", "power_meter"),
                    ("device/power1_oem_info", &said),
                    ("device/power1_average", &format!("{}", (watts + socket) * 1_000_000)),
                    ("device/power1_average_interval", "50"),
                ],
            );
        }
    }
    let mut all = find(root.path());
    let mut found = ids(&all);
    found.sort_unstable();
    let expected = ["core-0", "core-1", "module-0", "module-1", "package-0", "package-1"];
    assert_eq!(found, [&expected[..], &["uncore-0", "uncore-1"]].concat());
    let package = the(&mut all, "package-1");
    assert_eq!(package.facts().place, Place::package(1));
    assert_eq!((package.facts().domain, package.facts().route), (Domain::Package, Route::Hwmon));
    assert!(package.facts().includes.contains("neither GPU nor HBM"));
    assert_eq!(per_second(package.as_mut()), 101_000_000);
    assert_eq!(the(&mut all, "core-0").facts().place, Place::package(0));
    assert_eq!(per_second(the(&mut all, "module-0").as_mut()), 400_000_000);
}

#[test]
fn a_jetson_has_its_board_and_its_rails_by_current_and_voltage() {
    let root = tempfile::tempdir().unwrap();
    files(
        root.path(),
        "hwmon3",
        &[
            ("name", "ina3221"),
            ("in1_label", "VDD_IN"),
            ("in1_input", "5000"),
            ("curr1_input", "2000"),
            ("in2_label", "VDD_CPU_GPU_CV"),
            ("in2_input", "5000"),
            ("curr2_input", "800"),
            ("in3_label", "VDD_SOC"),
            ("in3_input", "5000"),
            ("curr3_input", "300"),
            // Shunt voltages, and the sum of the currents: no sensors of their own.
            ("in4_input", "2"),
            ("in7_label", "sum of shunt voltages"),
            ("in7_input", "9"),
            ("curr4_input", "3100"),
            ("curr4_label", "sum of shunt voltages"),
        ],
    );
    let mut all = find(root.path());
    assert_eq!(ids(&all), ["board", "rail-VDD_CPU_GPU_CV", "rail-VDD_SOC"]);
    let board = the(&mut all, "board");
    assert_eq!((board.facts().domain, board.facts().route), (Domain::Machine, Route::Hwmon));
    assert_eq!(per_second(board.as_mut()), 10_000_000);
    let rail = the(&mut all, "rail-VDD_CPU_GPU_CV");
    assert_eq!(rail.facts().domain, Domain::Rail);
    assert_eq!(per_second(rail.as_mut()), 4_000_000);
}

#[test]
fn amd_energy_of_two_sockets_with_two_nodes_each() {
    let root = tempfile::tempdir().unwrap();
    let labels = ["Ecore000", "Ecore001", "Esocket0", "Esocket1", "Esocket2", "Esocket3"];
    for (index, label) in labels.iter().enumerate() {
        files(
            root.path(),
            "hwmon0",
            &[
                ("name", "amd_energy"),
                (&format!("energy{}_label", index + 1), label),
                (&format!("energy{}_input", index + 1), &format!("{}", 1000 + index)),
            ],
        );
    }
    // Nodes 0 and 1 are socket 0.
    for node in 0..4 {
        let system = root.path().join("devices/system");
        let dir = system.join(format!("node/node{node}"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("cpulist"), format!("{}-{}\n", node * 2, node * 2 + 1)).unwrap();
        let dir = system.join(format!("cpu/cpu{}/topology", node * 2));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("physical_package_id"), format!("{}\n", node / 2)).unwrap();
    }
    let mut all = find(root.path());
    assert_eq!(ids(&all), ["core-cpu0", "core-cpu1", "package-0", "package-1"]);
    assert_eq!(all[1].facts().place, Place { cpu: Some(1), ..Place::default() });
    assert_eq!(all[3].facts().place, Place::package(1));
    let expected =
        Reading::Counter { microjoules: 1004, range: u64::MAX, limit: crate::units::Watts(1000.0) };
    assert_eq!(all[3].read(SECOND), expected);
}

#[test]
fn amd_energy_without_a_map_of_the_nodes_is_taken_at_its_word() {
    let root = tempfile::tempdir().unwrap();
    files(
        root.path(),
        "hwmon0",
        &[
            ("name", "amd_energy"),
            ("energy1_label", "Esocket0"),
            ("energy1_input", "5"),
            ("energy2_label", "Esocket1"),
            ("energy2_input", "6"),
        ],
    );
    assert_eq!(ids(&find(root.path())), ["package-0", "package-1"]);
}

#[test]
fn the_power_meter_of_a_server_is_the_machine() {
    let root = tempfile::tempdir().unwrap();
    files(
        root.path(),
        "hwmon0",
        &[
            ("name", "power_meter"),
            ("device/power1_average", "250000000"),
            ("device/power1_average_interval", "1000"),
            ("device/power1_oem_info", ""),
        ],
    );
    let mut all = find(root.path());
    assert_eq!(ids(&all), ["acpi"]);
    assert_eq!((all[0].facts().domain, all[0].facts().route), (Domain::Machine, Route::Acpi));
    assert!(all[0].facts().at.ends_with("device/power1_average"));
    assert_eq!(per_second(all[0].as_mut()), 250_000_000);
}

#[test]
fn of_several_power_meters_without_a_word_none_is_the_machine() {
    let root = tempfile::tempdir().unwrap();
    for hwmon in ["hwmon0", "hwmon1"] {
        files(root.path(), hwmon, &[("name", "power_meter"), ("power1_average", "1000000")]);
    }
    let all = find(root.path());
    assert_eq!(ids(&all), ["rail-acpi", "rail-acpi-2"]);
    assert!(all.iter().all(|one| one.facts().domain == Domain::Rail));
}

#[test]
fn energy_is_better_than_power_a_mean_better_than_a_moment_and_gpus_are_left_out() {
    let root = tempfile::tempdir().unwrap();
    files(
        root.path(),
        "hwmon0",
        &[("name", "ina238"), ("power1_input", "1000000"), ("energy1_input", "77")],
    );
    files(
        root.path(),
        "hwmon1",
        &[
            ("name", "other"),
            ("power1_input", "1000000"),
            ("power1_average", "2000000"),
            ("power1_max", "9000000"),
        ],
    );
    files(root.path(), "hwmon2", &[("name", "amdgpu"), ("power1_average", "2000000")]);
    files(root.path(), "hwmon3", &[("name", "xe"), ("energy1_input", "2000000")]);
    let mut all = find(root.path());
    assert_eq!(ids(&all), ["rail-ina238-energy1", "rail-other-power1"]);
    assert!(matches!(all[0].read(SECOND), Reading::Counter { microjoules: 77, .. }));
    assert_eq!(per_second(all[1].as_mut()), 2_000_000);
}

#[test]
fn a_battery_that_is_shown_here_too_is_no_rail() {
    let root = tempfile::tempdir().unwrap();
    files(
        root.path(),
        "hwmon0",
        &[("name", "BAT0"), ("power1_input", "9000000"), ("device/type", "Battery")],
    );
    let meter = [("name", "power_meter"), ("power1_average", "1"), ("power1_is_battery", "1")];
    files(root.path(), "hwmon1", &meter);
    assert!(find(root.path()).is_empty());
}

#[test]
fn two_chips_with_one_label_keep_their_names_apart() {
    let root = tempfile::tempdir().unwrap();
    for (hwmon, power) in [("hwmon0", "1000000"), ("hwmon1", "2000000")] {
        let all = [("name", "ina226"), ("power1_label", "12V"), ("power1_input", power)];
        files(root.path(), hwmon, &all);
    }
    let mut all = find(root.path());
    assert_eq!(ids(&all), ["rail-12V", "rail-12V-2"]);
    assert_eq!(per_second(all[1].as_mut()), 2_000_000);
}

#[test]
fn garbage_is_absent_with_the_remedy() {
    for text in ["garbage", "", "-5", "1e9", "99999999999999999999999"] {
        let root = tempfile::tempdir().unwrap();
        let all = [("name", "some"), ("power1_input", text), ("energy2_input", text)];
        files(root.path(), "hwmon0", &all);
        for mut one in find(root.path()) {
            let why = absence(one.as_mut());
            assert!(why.contains("not a number of micro"), "{text:?}: {why}");
            assert!(why.contains("reload its driver"), "{why}");
        }
    }
    let root = tempfile::tempdir().unwrap();
    files(root.path(), "hwmon0", &[("name", "some"), ("power1_input", "900000000000")]);
    assert!(absence(find(root.path())[0].as_mut()).contains("which nothing draws"));
}

#[test]
fn what_vanishes_is_absent_and_the_gap_is_not_bridged() {
    let root = tempfile::tempdir().unwrap();
    let all = [("name", "some"), ("power1_input", "1000000")];
    files(root.path(), "hwmon0", &all);
    let mut one = find(root.path()).remove(0);
    assert!(matches!(one.read(SECOND), Reading::Counter { microjoules: 0, .. }));
    fs::remove_file(root.path().join("class/hwmon/hwmon0/power1_input")).unwrap();
    assert!(absence(one.as_mut()).contains("is gone"));
    files(root.path(), "hwmon0", &all);
    assert!(matches!(one.read(9 * SECOND), Reading::Counter { microjoules: 0, .. }));
}

#[test]
fn a_gap_between_two_samples_is_told() {
    let root = tempfile::tempdir().unwrap();
    let all = [("name", "some"), ("power1_input", "1000000")];
    files(root.path(), "hwmon0", &all);
    let mut one = find(root.path()).remove(0);
    assert!(matches!(one.read(SECOND), Reading::Counter { .. }));
    files(root.path(), "hwmon0", &[("power1_input", "asleep")]);
    one.poll(SECOND + SECOND / 4);
    files(root.path(), "hwmon0", &all);
    one.poll(SECOND + SECOND / 2);
    assert!(matches!(one.read(2 * SECOND), Reading::Absent(why) if why.contains("after a gap")));
    assert!(matches!(one.read(3 * SECOND), Reading::Counter { .. }));
}

#[test]
fn what_is_for_root_only_says_so() {
    let root = tempfile::tempdir().unwrap();
    files(root.path(), "hwmon0", &[("name", "some"), ("energy1_input", "1")]);
    let path = root.path().join("class/hwmon/hwmon0/energy1_input");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        return; // root may read all
    }
    assert!(absence(find(root.path())[0].as_mut()).contains("run jouletop as root"));
}

#[test]
fn nothing_there_is_no_error() {
    let root = tempfile::tempdir().unwrap();
    assert!(find(root.path()).is_empty());
    files(root.path(), "hwmon0", &[("power1_input", "1")]);
    files(root.path(), "hwmon1", &[("name", "coretemp"), ("temp1_input", "1")]);
    files(root.path(), "hwmon2", &[("name", "x"), ("powerX_input", "1"), ("power_input", "1")]);
    assert!(find(root.path()).is_empty());
}
