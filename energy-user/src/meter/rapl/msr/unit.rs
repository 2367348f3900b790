//! How many joules one count of a register is: the makers' units, and their quirks.
//!
//! The unit register gives a power of two for all counters, but some server CPUs have a fixed
//! unit for memory or for the platform, and small Atoms count in another direction (kernel:
//! `drivers/powercap/intel_rapl_common.c`, `rapl_defaults_*`).

use crate::sample::Domain;

/// What the units depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// Intel's; else AMD's or Hygon's.
    pub intel: bool,
    /// CPUID model; of Intel's family 6.
    pub model: u32,
}

impl Cpu {
    /// From CPUID's words; none for makers without these registers.
    pub fn of(vendor: &str, family: u32, model: u32) -> Option<Self> {
        match (vendor, family) {
            ("GenuineIntel", 6) => Some(Self { intel: true, model }),
            // Zen and later.
            ("AuthenticAMD" | "HygonGenuine", 0x17..) => Some(Self { intel: false, model }),
            _ => None,
        }
    }
}

/// Silvermont, Merrifield, Airmont, Moorefield: counts of `2^unit` microjoules.
const RISING: [u32; 4] = [0x37, 0x4a, 0x4c, 0x5a];
/// Haswell, Broadwell, Skylake, Ice Lake servers and Xeon Phi: memory in 2^-16 J.
const FIXED_DRAM: [u32; 8] = [0x3f, 0x4f, 0x55, 0x56, 0x57, 0x6a, 0x6c, 0x85];
/// Sapphire and Emerald Rapids: the platform in whole joules.
const FIXED_PSYS: [u32; 2] = [0x8f, 0xcf];

/// Energy of one count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `2^-n` joules.
    Falling(u32),
    /// `2^n` microjoules.
    Rising(u32),
}

/// The unit of a domain's counter, given the unit register.
pub fn of(cpu: Cpu, domain: Domain, register: u64) -> Unit {
    let shift = ((register >> 8) & 0x1f) as u32;
    match domain {
        _ if !cpu.intel => Unit::Falling(shift),
        Domain::Dram if FIXED_DRAM.contains(&cpu.model) => Unit::Falling(16),
        Domain::Psys if FIXED_PSYS.contains(&cpu.model) => Unit::Falling(0),
        _ if RISING.contains(&cpu.model) => Unit::Rising(shift),
        _ => Unit::Falling(shift),
    }
}

impl Unit {
    /// So many counts.
    pub fn microjoules(self, counts: u32) -> u64 {
        match self {
            Self::Falling(shift) => ((u128::from(counts) * 1_000_000) >> shift) as u64,
            Self::Rising(shift) => u64::from(counts) << shift,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intel(model: u32) -> Cpu {
        Cpu::of("GenuineIntel", 6, model).unwrap()
    }

    #[test]
    fn the_usual_unit_is_61_microjoules_and_its_range_the_kernels() {
        let unit = of(intel(0x9e), Domain::Package, 0xa_0e03);
        assert_eq!(unit, Unit::Falling(14));
        assert_eq!(unit.microjoules(1 << 14), 1_000_000);
        // The kernel says 262143328850: it cuts the unit to whole nanojoules first.
        assert_eq!(unit.microjoules(u32::MAX), 262_143_999_938);
    }

    #[test]
    fn quirks_by_model() {
        for (model, domain, expected) in [
            (0x55, Domain::Dram, Unit::Falling(16)),
            (0x55, Domain::Package, Unit::Falling(14)),
            (0x8f, Domain::Psys, Unit::Falling(0)),
            (0x8f, Domain::Dram, Unit::Falling(14)),
            (0x37, Domain::Package, Unit::Rising(14)),
            (0x9e, Domain::Dram, Unit::Falling(14)),
        ] {
            assert_eq!(of(intel(model), domain, 14 << 8), expected, "{model:#x} {domain:?}");
        }
        let amd = Cpu::of("AuthenticAMD", 0x19, 1).unwrap();
        assert_eq!(of(amd, Domain::Package, 16 << 8), Unit::Falling(16));
    }

    #[test]
    fn makers_without_these_registers_have_none() {
        assert_eq!(Cpu::of("AuthenticAMD", 0x15, 2), None);
        assert_eq!(Cpu::of("GenuineIntel", 15, 6), None);
        assert_eq!(Cpu::of("CentaurHauls", 7, 0), None);
        assert!(Cpu::of("HygonGenuine", 0x18, 0).is_some());
    }
}
