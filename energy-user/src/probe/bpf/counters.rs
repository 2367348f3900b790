//! The CPUs' own counters of cycles, instructions and misses, one perf event each for each CPU.
//!
//! The programs read them at every switch, which is why they are there only on request.
//! Where there is no such counter (most virtual machines), that is said, never guessed.
//! Cycles go on without misses where those cannot be counted: some machines have no such
//! event, and on some no counter is left for it.

use std::{
    fs::File,
    io,
    mem::size_of,
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
};

use aya::{Ebpf, maps::Map};
use energy_ebpf::map;
use nix::libc;
use perf_event_open_sys::bindings;
use thiserror::Error;

use crate::perf_event::{self, Event};

/// Why there are no counters.
#[derive(Debug, Error)]
pub enum CounterError {
    /// The kernel has none to give.
    #[error(
        "cycles cannot be counted here ({0}): this machine shows no hardware counters, as most \
         virtual machines; leave out --weight cycles"
    )]
    None(io::Error),
    /// Something else is in the way.
    #[error(
        "cycles cannot be counted ({0}); raise the limit of open files, or leave out --weight cycles"
    )]
    Other(io::Error),
    /// It has, and does not give them.
    #[error("cycles cannot be counted ({0}); run as root, or with CAP_PERFMON")]
    Permission(io::Error),
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Events {
    /// Cycles, instructions and misses of the CPU.
    #[default]
    Hardware,
    /// The kernel's clocks in place of cycles and instructions: nanoseconds; and page faults in
    /// place of misses. For tests where there is no counter.
    Software,
    /// As `Software`, with nothing in place of misses, as on a machine that cannot count them.
    SoftwareWithoutMisses,
}

/// What counts cycles, instructions and misses: numbers of the kernel's `perf_event.h`.
struct Codes {
    kind: u32,
    cycles: u32,
    instructions: u32,
    misses: u32,
}

impl Events {
    fn codes(self) -> Codes {
        match self {
            Self::Hardware => Codes {
                kind: bindings::PERF_TYPE_HARDWARE,
                cycles: bindings::PERF_COUNT_HW_CPU_CYCLES,
                instructions: bindings::PERF_COUNT_HW_INSTRUCTIONS,
                misses: bindings::PERF_COUNT_HW_CACHE_MISSES,
            },
            Self::Software => Codes {
                kind: bindings::PERF_TYPE_SOFTWARE,
                cycles: bindings::PERF_COUNT_SW_CPU_CLOCK,
                instructions: bindings::PERF_COUNT_SW_CPU_CLOCK,
                misses: bindings::PERF_COUNT_SW_PAGE_FAULTS,
            },
            // The first number that is no event's.
            Self::SoftwareWithoutMisses => {
                Codes { misses: bindings::PERF_COUNT_SW_MAX, ..Self::Software.codes() }
            }
        }
    }
}

/// One event of each CPU.
type PerCpu = Vec<(u32, OwnedFd)>;

/// Open counters; they count as long as this lives.
pub struct Counters {
    cycles: PerCpu,
    instructions: PerCpu,
    /// Or why there are none.
    misses: io::Result<PerCpu>,
}

impl Counters {
    /// Opens the counters of these CPUs.
    pub fn open(events: Events, cpus: &[u32]) -> Result<Self, CounterError> {
        let Codes { kind, cycles, instructions, misses } = events.codes();
        let all = |config: u32| -> io::Result<PerCpu> {
            let event = Event { kind, config: config.into() };
            cpus.iter().map(|&cpu| Ok((cpu, perf_event::open(event, cpu, true)?))).collect()
        };
        Ok(Self {
            cycles: all(cycles).map_err(refused)?,
            instructions: all(instructions).map_err(refused)?,
            misses: all(misses).and_then(counting),
        })
    }

    /// Whether misses are counted, or why not.
    pub fn misses(&self) -> Result<(), &io::Error> {
        self.misses.as_ref().map(|_| ())
    }

    /// Shows them to the programs.
    pub fn publish(&self, ebpf: &mut Ebpf) -> io::Result<()> {
        let misses = self.misses.as_ref().ok().map(|misses| (map::MISSES, misses));
        let others = [(map::CYCLES, &self.cycles), (map::INSTRUCTIONS, &self.instructions)];
        for (name, events) in others.into_iter().chain(misses) {
            let Some(Map::PerfEventArray(data)) = ebpf.map(name) else {
                return Err(io::Error::other("the programs have no counters"));
            };
            for (cpu, event) in events {
                set(data.fd().as_fd().as_raw_fd(), *cpu, event.as_raw_fd())?;
            }
        }
        Ok(())
    }
}

/// Events that do count: one that found its CPU's counters taken opens all the same, and
/// has nothing to read.
fn counting(events: PerCpu) -> io::Result<PerCpu> {
    let events = events.into_iter().map(|(cpu, event)| {
        let mut event = File::from(event);
        match perf_event::read(&mut event) {
            Ok(_) => Ok((cpu, event.into())),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(io::Error::other(format!("all counters of CPU {cpu} are taken")))
            }
            Err(error) => Err(error),
        }
    });
    events.collect()
}

/// Why there are no cycles.
fn refused(error: io::Error) -> CounterError {
    const NONE: [i32; 3] = [libc::ENOENT, libc::EOPNOTSUPP, libc::ENODEV];
    match error.kind() {
        io::ErrorKind::PermissionDenied => CounterError::Permission(error),
        _ if error.raw_os_error().is_some_and(|code| NONE.contains(&code)) => {
            CounterError::None(error)
        }
        _ => CounterError::Other(error),
    }
}

/// Puts an event into an array of events, which aya's own type has no way to do.
fn set(map: i32, cpu: u32, event: i32) -> io::Result<()> {
    /// `BPF_MAP_UPDATE_ELEM` (include/uapi/linux/bpf.h).
    const UPDATE: libc::c_int = 2;
    /// The part of `union bpf_attr` that it reads.
    #[repr(C)]
    struct Attributes {
        map: u32,
        padding: u32,
        key: u64,
        value: u64,
        flags: u64,
    }
    let attributes = Attributes {
        map: map.cast_unsigned(),
        padding: 0,
        key: (&raw const cpu).addr() as u64,
        value: (&raw const event).addr() as u64,
        flags: 0,
    };
    // SAFETY: key and value are four bytes each, as the map says, and outlive the call.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, UPDATE, &raw const attributes, size_of::<Attributes>())
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
