//! The CPUs' own counters of cycles and instructions, one perf event each for each CPU.
//!
//! The programs read them at every switch, which is why they are there only on request.
//! Where there is no such counter (most virtual machines), that is said, never guessed.

use std::{
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
    /// Cycles and instructions of the CPU.
    #[default]
    Hardware,
    /// The kernel's clocks in their place: nanoseconds. For tests where there is no counter.
    Software,
}

/// Open counters; they count as long as this lives.
pub struct Counters {
    cycles: Vec<(u32, OwnedFd)>,
    instructions: Vec<(u32, OwnedFd)>,
}

impl Counters {
    /// Opens the counters of these CPUs.
    pub fn open(events: Events, cpus: &[u32]) -> Result<Self, CounterError> {
        let (kind, cycles, instructions) = match events {
            Events::Hardware => (
                bindings::PERF_TYPE_HARDWARE,
                bindings::PERF_COUNT_HW_CPU_CYCLES,
                bindings::PERF_COUNT_HW_INSTRUCTIONS,
            ),
            Events::Software => (
                bindings::PERF_TYPE_SOFTWARE,
                bindings::PERF_COUNT_SW_CPU_CLOCK,
                bindings::PERF_COUNT_SW_CPU_CLOCK,
            ),
        };
        let all = |config: u32| -> Result<Vec<_>, CounterError> {
            cpus.iter().map(|&cpu| Ok((cpu, open(kind, config.into(), cpu)?))).collect()
        };
        Ok(Self { cycles: all(cycles)?, instructions: all(instructions)? })
    }

    /// Shows them to the programs.
    pub fn publish(&self, ebpf: &mut Ebpf) -> io::Result<()> {
        for (name, events) in [(map::CYCLES, &self.cycles), (map::INSTRUCTIONS, &self.instructions)]
        {
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

/// One event of one CPU, for whoever runs there.
fn open(kind: u32, config: u64, cpu: u32) -> Result<OwnedFd, CounterError> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => CounterError::Permission(error),
        _ if [libc::ENOENT, libc::EOPNOTSUPP, libc::ENODEV]
            .map(Some)
            .contains(&error.raw_os_error()) =>
        {
            CounterError::None(error)
        }
        _ => CounterError::Other(error),
    };
    perf_event::open(Event { kind, config }, cpu, true).map_err(refused)
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
