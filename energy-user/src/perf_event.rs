//! Counters of the kernel's `perf_event_open`, each for one CPU and whoever runs there.

use std::{
    fs::File,
    io::{self, Read as _},
    mem::size_of,
    os::fd::{FromRawFd as _, OwnedFd},
};

use perf_event_open_sys::{bindings, perf_event_open};

/// Which event of which unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the unit, from its `type` in sysfs or one of `PERF_TYPE_*`.
    pub kind: u32,
    /// Number of the event within it.
    pub config: u64,
}

/// Opens an event on a CPU. `pinned`: its counter is its own, as one that is shared by turns
/// would count only part of the time; units without turns know no such thing.
pub fn open(event: Event, cpu: u32, pinned: bool) -> io::Result<OwnedFd> {
    let mut attributes = bindings::perf_event_attr {
        type_: event.kind,
        size: size_of::<bindings::perf_event_attr>() as u32,
        config: event.config,
        ..bindings::perf_event_attr::default()
    };
    attributes.set_pinned(pinned.into());
    let flags = bindings::PERF_FLAG_FD_CLOEXEC.into();
    // SAFETY: the attributes are whole and outlive the call.
    let fd = unsafe { perf_event_open(&raw mut attributes, -1, cpu.cast_signed(), -1, flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave it to us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// What an event has counted since it was opened.
pub fn read(event: &mut File) -> io::Result<u64> {
    let mut count = [0; 8];
    event.read_exact(&mut count)?;
    Ok(u64::from_ne_bytes(count))
}
