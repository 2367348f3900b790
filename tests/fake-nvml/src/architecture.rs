//! Generations of GPUs, and what follows from a generation.
//!
//! A scenario names only the generation; compute capability, the energy counter, MIG
//! and GPM follow from it as NVIDIA documents them.

#[allow(clippy::wildcard_imports, reason = "all of these names begin with NVML")]
use nvml_wrapper_sys::bindings::*;

/// A generation, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Architecture(nvmlDeviceArchitecture_t);

/// Name, NVML's number, CUDA compute capability, multiprocessors of a MIG slice.
type Row = (&'static str, u32, (i32, i32), u32);

const TABLE: [Row; 9] = [
    ("kepler", NVML_DEVICE_ARCH_KEPLER, (3, 7), 0),
    ("maxwell", NVML_DEVICE_ARCH_MAXWELL, (5, 2), 0),
    ("pascal", NVML_DEVICE_ARCH_PASCAL, (6, 0), 0),
    ("volta", NVML_DEVICE_ARCH_VOLTA, (7, 0), 0),
    ("turing", NVML_DEVICE_ARCH_TURING, (7, 5), 0),
    ("ampere", NVML_DEVICE_ARCH_AMPERE, (8, 0), 14),
    ("ada", NVML_DEVICE_ARCH_ADA, (8, 9), 0),
    ("hopper", NVML_DEVICE_ARCH_HOPPER, (9, 0), 16),
    ("blackwell", NVML_DEVICE_ARCH_BLACKWELL, (10, 0), 18),
];

impl Architecture {
    /// H100 and its like, what a scenario without the key has.
    pub const HOPPER: Self = Self(NVML_DEVICE_ARCH_HOPPER);

    /// As a scenario names it.
    pub fn named(name: &str) -> Result<Self, String> {
        TABLE.iter().find(|row| row.0 == name).map(|row| Self(row.1)).ok_or_else(|| {
            let names: Vec<_> = TABLE.iter().map(|row| row.0).collect();
            format!("{name:?} is no architecture; write one of {}", names.join(", "))
        })
    }

    /// NVML's number.
    pub fn number(self) -> nvmlDeviceArchitecture_t {
        self.0
    }

    /// Of CUDA: major and minor.
    pub fn compute_capability(self) -> (i32, i32) {
        self.row().map_or((0, 0), |row| row.2)
    }

    /// Multiprocessors of one of seven slices; none if it cannot be divided.
    pub fn slice_multiprocessors(self) -> Option<u32> {
        self.row().map(|row| row.3).filter(|&count| count > 0)
    }

    /// Whether `nvmlDeviceGetTotalEnergyConsumption` is there: Volta and later.
    pub fn counts_energy(self) -> bool {
        self.0 >= NVML_DEVICE_ARCH_VOLTA
    }

    /// Whether GPM is there: Hopper and later.
    pub fn has_gpm(self) -> bool {
        self.0 >= NVML_DEVICE_ARCH_HOPPER
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.1 == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_a_name() {
        let of = |name| Architecture::named(name).unwrap();
        assert_eq!(of("hopper"), Architecture::HOPPER);
        assert_eq!(of("ampere").compute_capability(), (8, 0));
        assert!(of("volta").counts_energy() && !of("pascal").counts_energy());
        assert!(of("blackwell").has_gpm() && !of("ada").has_gpm());
        assert_eq!(of("ada").slice_multiprocessors(), None);
        assert!(Architecture::named("tesla").is_err());
    }
}
