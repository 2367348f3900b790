//! Machines as they describe themselves, and what the tables say of them.

use proptest::prelude::*;

use super::{CpuIdent, Estimate, name, table};
use crate::{
    sample::{Line, PowerModel},
    units::Watts,
};

fn x86(vendor: &str, numbers: (u32, u32, u32), name: &str, flags: &str, cpus: usize) -> String {
    let (family, model, stepping) = numbers;
    let one = |cpu| {
        format!(
            "processor\t: {cpu}\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\n\
             model name\t: {name}\nstepping\t: {stepping}\nflags\t\t: fpu vme {flags}\n\n"
        )
    };
    (0..cpus).map(one).collect()
}

fn arm(implementer: &str, part: &str, cpus: usize, tail: &str) -> String {
    let one = |cpu| {
        format!(
            "processor\t: {cpu}\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd\nCPU implementer\t: \
             {implementer}\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: {part}\n\
             CPU revision\t: 3\n\n"
        )
    };
    (0..cpus).map(one).collect::<String>() + tail
}

fn estimate(cpuinfo: &str) -> Estimate {
    Estimate::of(CpuIdent::parse(cpuinfo).as_ref(), None)
}

#[track_caller]
fn close(line: Line, idle: f64, full: f64) {
    let off = (line.idle.0 - idle).abs().max((line.full.0 - full).abs());
    assert!(off < 0.006, "{line:?} is not {idle} to {full}");
}

#[track_caller]
fn power(cpuinfo: &str, cpus: usize) -> PowerModel {
    estimate(cpuinfo).power(cpus)
}

#[test]
fn a_xeon_on_bare_metal_has_its_kind_and_its_whole_tdp() {
    let text = x86("GenuineIntel", (6, 85, 4), "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", "", 80);
    let PowerModel { likely, least, most } = power(&text, 40);
    close(likely, 40.0 * 0.65, 40.0 * 4.26);
    close(least, 13.0, 85.2);
    close(most, 52.0, 340.8);
    let method = estimate(&text).method();
    assert!(method.contains("Skylake server") && method.contains("of a TDP of 150 W"), "{method}");
}

#[test]
fn an_epyc_guest_has_its_share_of_the_tdp() {
    let name = "AMD EPYC 7763 64-Core Processor";
    let text = x86("AuthenticAMD", (25, 1, 1), name, "hypervisor nx", 4);
    let PowerModel { likely, least, most } = power(&text, 4);
    close(likely, 0.12 * 280.0 * 4.0 / 128.0, 1.02 * 280.0 * 4.0 / 128.0);
    close(least, likely.idle.0 / 2.0, likely.full.0 / 2.0);
    close(most, likely.idle.0 * 2.0, likely.full.0 * 2.0);
    assert!(estimate(&text).method().contains("1/128 of it for each CPU"));
}

#[test]
fn threads_come_from_an_epycs_name_if_not_from_the_table() {
    let guest = |name| power(&x86("AuthenticAMD", (25, 1, 1), name, "hypervisor", 2), 2).likely;
    close(guest("AMD EPYC 7R13 48-Core Processor"), 0.12 * 225.0 / 48.0, 1.02 * 225.0 / 48.0);
    // Nothing tells which part of the package this is.
    close(guest("AMD EPYC 7R13 Processor"), 1.48, 7.0);
}

#[test]
fn a_guest_with_a_made_up_name_has_only_its_kind() {
    let name = "Intel Xeon Processor (Skylake, IBRS)";
    let text = x86("GenuineIntel", (6, 85, 4), name, "hypervisor", 2);
    assert_eq!(estimate(&text).candidates().len(), 1);
    let PowerModel { likely, least, most } = power(&text, 2);
    close(likely, 1.3, 8.52);
    close(least, 0.65, 4.26);
    close(most, 2.6, 17.04);
}

#[test]
fn a_stepping_tells_cascade_lake_from_skylake() {
    let name = "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz";
    let text = x86("GenuineIntel", (6, 85, 7), name, "hypervisor", 2);
    close(power(&text, 1).likely, 0.64, 3.97);
}

#[test]
fn a_laptop_is_known_by_its_model_alone() {
    let name = "AMD Ryzen 7 PRO 4750U with Radeon Graphics";
    let laptop = estimate(&x86("AuthenticAMD", (23, 96, 1), name, "", 16));
    let PowerModel { likely, least, most } = laptop.power(16);
    close(likely, 1.8, 15.3);
    close(least, 0.9, 7.65);
    close(most, 3.6, 30.6);
    assert_eq!(laptop.power(8), laptop.power(16), "CPUs that are offline take no watts away");
}

#[test]
fn a_near_miss_is_not_in_the_table() {
    assert!(table::model("Intel(R) Xeon(R) CPU E5-2670 v3 @ 2.30GHz").is_some());
    for name in ["Intel(R) Xeon(R) CPU E5-2670 v9 @ 2.30GHz", "AMD EPYC 776", "Intel Xeon", ""] {
        assert!(table::model(name).is_none(), "{name}");
    }
}

#[test]
fn a_raspberry_pi_is_known_by_its_board() {
    let tail = "Hardware\t: BCM2835\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n";
    let cpu = CpuIdent::parse(&arm("0x41", "0xd08", 4, tail)).unwrap();
    assert_eq!(cpu.name, "Raspberry Pi 4 Model B Rev 1.4");
    let pi = Estimate::of(Some(&cpu), Some("Raspberry Pi 4 Model B Rev 1.4\0"));
    let PowerModel { likely, least, most } = pi.power(4);
    close(likely, 1.6, 5.0);
    close(least, 0.8, 2.5);
    close(most, 3.2, 10.0);
    assert!(pi.includes().contains("whole board") && pi.method().contains("whole board"));
}

#[test]
fn another_arm_board_gets_a_range_for_each_core() {
    let cpu = CpuIdent::parse(&arm("0x41", "0xd03", 4, ""));
    let board = Estimate::of(cpu.as_ref(), Some("Some Vendor Board X\0"));
    let PowerModel { likely, least, most } = board.power(4);
    assert!((2.0..3.0).contains(&likely.idle.0) && (5.0..8.0).contains(&likely.full.0));
    assert!(least.idle.0 <= 1.12 && least.full.0 <= 3.83, "{least:?}");
    assert!(most.idle.0 >= 3.1 && most.full.0 >= 9.7, "{most:?}");
    assert!(board.method().contains("the mean of small boards"));
}

#[test]
fn graviton_2_is_known_and_its_successor_gets_the_mean() {
    let graviton = arm("0x41", "0xd0c", 2, "");
    assert_eq!(CpuIdent::parse(&graviton).unwrap().name, "ARM Neoverse N1");
    close(power(&graviton, 2).likely, 0.94, 3.38);
    close(power(&arm("0x41", "0xd40", 2, ""), 2).likely, 1.48, 7.0);
}

#[test]
fn an_unknown_cpu_gets_the_mean_with_the_range_of_all() {
    let apple = arm("0x61", "0x023", 8, "");
    for text in [&apple, "", "processor : 0", ":::", "\u{fffd}", "model name : \nvendor_id :"] {
        let PowerModel { likely, least, most } = power(text, 10);
        close(likely, 7.4, 35.0);
        close(least, 3.7, 16.9);
        close(most, 30.4, 85.8);
        assert!(estimate(text).method().contains("the mean of server CPUs"));
    }
}

#[test]
fn cpuinfo_of_a_real_machine_and_nonsense() {
    let real = x86("AuthenticAMD", (25, 17, 1), "AMD EPYC", "hypervisor", 2);
    let cpu = CpuIdent::parse(&real).unwrap();
    assert_eq!((cpu.family, cpu.model, cpu.name.as_str()), (25, 17, "AMD EPYC"));
    assert_eq!((cpu.cpus, cpu.hypervisor), (2, true));
    let huge = real.replace("25", "99999999999999999999");
    for bad in ["", "processor : 0", ":::", "\u{fffd}", &huge, &real[..40]] {
        assert_eq!(CpuIdent::parse(bad), None, "{bad}");
    }
}

/// Rows of a data file, without comments and header.
fn lines(data: &str) -> usize {
    data.lines().filter(|line| !line.starts_with('#')).count() - 1
}

#[test]
fn every_row_is_sound_and_found() {
    assert_eq!(table::kinds().len(), lines(table::KINDS));
    for kind in table::kinds() {
        let Line { idle, full } = kind.line();
        assert!(0.0 < idle.0 && idle.0 < full.0);
        for model in kind.models.split(' ') {
            let cpu = CpuIdent {
                vendor: kind.vendor.clone(),
                family: kind.family,
                model: model.parse().unwrap(),
                stepping: kind.stepping,
                ..CpuIdent::default()
            };
            assert_eq!(table::kind(&cpu).unwrap().microarchitecture, kind.microarchitecture);
        }
    }
    assert_eq!(table::boards().len(), lines(table::BOARDS));
    for board in table::boards() {
        let Line { idle, full } = board.line();
        assert!(0.0 < idle.0 && idle.0 < full.0 && board.cores > 0);
    }
    assert_eq!(table::models().len(), lines(table::MODELS));
    for model in table::models() {
        assert!((2.0..=500.0).contains(&model.watts), "{model:?}");
        assert!(model.threads.is_none_or(|threads| (1..=1024).contains(&threads)), "{model:?}");
        assert_eq!(name::normal(&model.name), model.name);
    }
    assert!(table::models().is_sorted_by(|one, next| one.name < next.name));
}

proptest! {
    #[test]
    fn least_likely_and_most_keep_their_order(
        row in 0..table::models().len(),
        kind in 0..table::kinds().len(),
        known in any::<bool>(),
        hypervisor in any::<bool>(),
        cpus in 0_usize..2000,
        load in 0.0..=1.0,
    ) {
        let kind = &table::kinds()[kind];
        let cpu = CpuIdent {
            vendor: kind.vendor.clone(),
            family: kind.family,
            model: if known { kind.models.split(' ').next().unwrap().parse().unwrap() } else { 0 },
            stepping: kind.stepping,
            name: table::models()[row].name.clone(),
            cpus,
            hypervisor,
        };
        let PowerModel { likely, least, most } = Estimate::of(Some(&cpu), None).power(cpus);
        let at = |line: Line| line.idle.0 + (line.full.0 - line.idle.0) * load;
        prop_assert!(at(least) <= at(likely) + 1e-9 && at(likely) <= at(most) + 1e-9);
        for Line { idle: Watts(idle), full: Watts(full) } in [least, likely, most] {
            prop_assert!(0.0 <= idle && idle <= full);
        }
    }
}
