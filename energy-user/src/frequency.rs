//! The clock of each core while it was busy: time at a higher clock draws more.
//!
//! By the CPU's own pair of counters, which run only while it does (`aperf` at the real clock,
//! `mperf` at the base clock; Intel SDM 3B 15.2), through the kernel's `msr` PMU. Where there
//! are none, by cpufreq's clock of the moment, which is the best of a bad bargain: a look once
//! in an interval. Machines that tell neither are weighed by time, and that is said.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use crate::{
    files,
    perf_event::{self, Event},
    topology::Topology,
};

/// A thousandth of the base clock is one.
const BASE: u64 = 1000;
/// No clock is further from its base: a hundredth, and sixteen times.
const SANE: std::ops::RangeInclusive<u64> = 10..=16_000;

/// Where clocks are read.
pub struct Frequencies {
    cpus: Vec<(u32, Clock)>,
}

enum Clock {
    Counters { real: File, base: File, before: (u64, u64) },
    Cpufreq { now: PathBuf, base_khz: u64 },
}

/// Two sums whose ratio is a clock; equal if nothing ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    real: u64,
    base: u64,
}

impl Frequencies {
    /// Opens what there is for every CPU; an error says what is missing.
    pub fn open(sysfs: &Path, topology: &Topology) -> Result<Self, String> {
        let counters = events(sysfs);
        let open = |cpu: u32| -> Option<Clock> {
            let (real, base) = counters?;
            let open = |event| perf_event::open(event, cpu, false).map(File::from);
            let mut clock =
                Clock::Counters { real: open(real).ok()?, base: open(base).ok()?, before: (0, 0) };
            clock.read().ok()?;
            Some(clock)
        };
        let cpus: Option<Vec<_>> = topology
            .cpus()
            .into_iter()
            .map(|cpu| Some((cpu, open(cpu).or_else(|| cpufreq(sysfs, cpu))?)))
            .collect();
        cpus.map(|cpus| Self { cpus }).ok_or_else(|| {
            "the clocks of the cores cannot be read here (neither the events msr/aperf/ and \
             msr/mperf/ nor cpufreq), as in most virtual machines; use --weight time"
                .into()
        })
    }

    /// Mean clock of each cell's CPUs since the last call while they were busy, in thousandths
    /// of the base clock.
    pub fn read(&mut self, topology: &Topology) -> Vec<u32> {
        let mut cells = vec![Sums::default(); topology.cells().len()];
        for (cpu, clock) in &mut self.cpus {
            // A CPU that went offline says nothing.
            let Ok(sums) = clock.read() else { continue };
            if let Some(cell) = cells.get_mut(topology.cell_of(*cpu)) {
                cell.real = cell.real.saturating_add(sums.real);
                cell.base = cell.base.saturating_add(sums.base);
            }
        }
        cells.into_iter().map(Sums::thousandths).collect()
    }
}

impl Sums {
    fn thousandths(self) -> u32 {
        let exact = (u128::from(self.real) * u128::from(BASE)).checked_div(self.base.into());
        let clock = exact.and_then(|clock| u64::try_from(clock).ok()).unwrap_or(BASE);
        if SANE.contains(&clock) { clock as u32 } else { BASE as u32 }
    }
}

impl Clock {
    fn read(&mut self) -> io::Result<Sums> {
        match self {
            Self::Counters { real, base, before } => {
                let now = (perf_event::read(real)?, perf_event::read(base)?);
                let (real, base) = std::mem::replace(before, now);
                Ok(Sums { real: now.0.saturating_sub(real), base: now.1.saturating_sub(base) })
            }
            Self::Cpufreq { now, base_khz } => {
                let real = khz(now).ok_or(io::ErrorKind::InvalidData)?;
                Ok(Sums { real, base: *base_khz })
            }
        }
    }
}

/// The events of both counters; none where the PMU does not show them.
fn events(sysfs: &Path) -> Option<(Event, Event)> {
    let unit = sysfs.join("bus/event_source/devices/msr");
    let kind = files::read(&unit.join("type")).ok()?.trim().parse().ok()?;
    let event = |name: &str| {
        let text = files::read(&unit.join("events").join(name)).ok()?;
        let digits = text.trim().strip_prefix("event=0x")?;
        Some(Event { kind, config: u64::from_str_radix(digits, 16).ok()? })
    };
    Some((event("aperf")?, event("mperf")?))
}

/// Cpufreq's clock of the moment against the base clock, or the highest where that is not told.
fn cpufreq(sysfs: &Path, cpu: u32) -> Option<Clock> {
    let directory = sysfs.join(format!("devices/system/cpu/cpu{cpu}/cpufreq"));
    let base = khz(&directory.join("base_frequency"));
    let base_khz = base.or_else(|| khz(&directory.join("cpuinfo_max_freq")))?;
    let now = directory.join("scaling_cur_freq");
    khz(&now)?;
    Some(Clock::Cpufreq { now, base_khz })
}

fn khz(path: &Path) -> Option<u64> {
    files::read(path).ok()?.trim().parse().ok().filter(|&khz| khz > 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::topology::Grain;

    /// Two cores without siblings.
    fn tree() -> (tempfile::TempDir, Topology) {
        let root = tempfile::tempdir().unwrap();
        let cpus = root.path().join("devices/system/cpu");
        fs::create_dir_all(&cpus).unwrap();
        fs::write(cpus.join("online"), "0-1\n").unwrap();
        let topology = Topology::with_grain(root.path(), 2, Grain::Core);
        (root, topology)
    }

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn cpufreq_tells_the_clock_of_the_moment_against_the_base() {
        let (root, topology) = tree();
        for (cpu, khz) in [(0, "2400000"), (1, "3600000")] {
            let of = |file: &str| format!("devices/system/cpu/cpu{cpu}/cpufreq/{file}");
            write(root.path(), &of("base_frequency"), "3000000\n");
            write(root.path(), &of("scaling_cur_freq"), &format!("{khz}\n"));
        }
        let mut clocks = Frequencies::open(root.path(), &topology).unwrap();
        assert_eq!(clocks.read(&topology), [800, 1200]);
        write(root.path(), "devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "garbage");
        assert_eq!(clocks.read(&topology), [800, 1000], "what is not told is the base");
    }

    /// Real events of this kernel: its clock in place of both counters.
    #[test]
    fn counters_are_read_through_the_kernels_own_interface() {
        let (root, topology) = tree();
        let unit = "bus/event_source/devices/msr";
        write(root.path(), &format!("{unit}/type"), "1\n");
        for event in ["aperf", "mperf"] {
            write(root.path(), &format!("{unit}/events/{event}"), "event=0x00\n");
        }
        let (real, base) = events(root.path()).unwrap();
        assert_eq!((real, base), (Event { kind: 1, config: 0 }, Event { kind: 1, config: 0 }));
        // Without the right to count, there is no clock, and that is an error.
        let Ok(mut clocks) = Frequencies::open(root.path(), &topology) else {
            assert!(!nix::unistd::geteuid().is_root(), "root may count");
            return;
        };
        std::thread::sleep(std::time::Duration::from_millis(20));
        let all = clocks.read(&topology);
        assert!(all.iter().all(|clock| (900..=1100).contains(clock)), "{all:?}");
    }

    #[test]
    fn a_machine_that_tells_nothing_is_an_error_with_the_remedy() {
        let (root, topology) = tree();
        let error = Frequencies::open(root.path(), &topology).err().unwrap();
        assert!(error.ends_with("use --weight time"), "{error}");
    }

    #[test]
    fn nonsense_is_the_base_clock() {
        let thousandths = |real, base| Sums { real, base }.thousandths();
        assert_eq!(thousandths(0, 0), 1000);
        assert_eq!(thousandths(u64::MAX, 1), 1000);
        assert_eq!(thousandths(3, 2), 1500);
        assert_eq!(thousandths(0, 5), 1000);
    }
}
