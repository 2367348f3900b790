//! Registers as sparse images, a file for each CPU.

use std::{fs, os::unix::fs::FileExt as _};

use super::*;

/// Writes registers of a CPU.
fn registers(dev: &Path, cpu: u32, values: &[(u64, u64)]) {
    let path = path(dev, cpu);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).unwrap();
    for (register, value) in values {
        file.write_all_at(&value.to_le_bytes(), 8 * register).unwrap();
    }
}

/// Two packages of two CPUs without SMT.
fn topology(root: &Path) -> Topology {
    let cpus = root.join("devices/system/cpu");
    for cpu in 0..4_u32 {
        let dir = cpus.join(format!("cpu{cpu}/topology"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("physical_package_id"), format!("{}\n", cpu / 2)).unwrap();
        fs::write(dir.join("thread_siblings_list"), format!("{cpu}\n")).unwrap();
    }
    fs::write(cpus.join("online"), "0-3\n").unwrap();
    Topology::read(root, 4)
}

fn readings(found: Vec<Box<dyn Instrument>>) -> Vec<(String, u64)> {
    let mut found = found;
    let read = |instrument: &mut Box<dyn Instrument>| match instrument.read(Duration::ZERO) {
        Reading::Counter { microjoules, .. } => (instrument.facts().id.clone(), microjoules),
        other => panic!("{other:?}"),
    };
    found.iter_mut().map(read).collect()
}

#[test]
fn an_intel_server_shows_packages_and_memory_in_their_own_units() {
    let root = tempfile::tempdir().unwrap();
    for cpu in [0, 2] {
        let package = u64::from(cpu) << 14;
        let all = [(0x606, 14 << 8), (0x611, (3 << 14) + package), (0x619, 5 << 16), (0x641, 0)];
        registers(root.path(), cpu, &all);
    }
    let skylake = Cpu::of("GenuineIntel", 6, 0x55).unwrap();
    let found = find(root.path(), skylake, &topology(root.path()));
    let expected = [
        ("package-0", 3_000_000),
        ("dram-0", 5_000_000),
        ("package-1", 5_000_000),
        ("dram-1", 5_000_000),
    ];
    assert_eq!(readings(found), expected.map(|(id, energy)| (id.to_string(), energy)));
}

#[test]
fn an_amd_machine_shows_packages_and_each_core() {
    let root = tempfile::tempdir().unwrap();
    for cpu in 0..4 {
        let core = (u64::from(cpu) + 1) << 16;
        // Above 32 bits nothing is promised.
        let all = [(0xc001_0299, 16 << 8), (0xc001_029b, 9 << 16 | 1 << 40), (0xc001_029a, core)];
        registers(root.path(), cpu, &all);
    }
    let zen = Cpu::of("AuthenticAMD", 0x17, 0x31).unwrap();
    let found = readings(find(root.path(), zen, &topology(root.path())));
    let ids: Vec<_> = found.iter().map(|(id, _)| id.as_str()).collect();
    let expected = ["package-0", "core-cpu0", "core-cpu1", "package-1", "core-cpu2", "core-cpu3"];
    assert_eq!(ids, expected);
    assert_eq!((found[0].1, found[2].1), (9_000_000, 2_000_000));
}

#[test]
fn no_registers_is_no_meter_and_a_lost_one_is_absent() {
    let root = tempfile::tempdir().unwrap();
    let topology = topology(root.path());
    let cpu = Cpu::of("GenuineIntel", 6, 0x9e).unwrap();
    assert!(find(root.path(), cpu, &topology).is_empty());
    registers(root.path(), 0, &[(0x606, 14 << 8), (0x611, 77)]);
    let mut found = find(root.path(), cpu, &topology);
    assert_eq!(found.len(), 1);
    fs::remove_dir_all(root.path().join("cpu")).unwrap();
    let reading = found[0].read(Duration::ZERO);
    assert!(
        matches!(&reading, Reading::Absent(why) if why.contains("modprobe msr")),
        "{reading:?}"
    );
}
