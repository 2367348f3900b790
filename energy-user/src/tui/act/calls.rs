//! The kernel's calls that no library here has a safe form of.

use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use nix::{errno::Errno, libc, sys::signal::Signal};

use crate::tui::app::Io;

/// A descriptor of a process (`pidfd_open(2)`, since Linux 5.3).
pub(super) fn open(pid: u32) -> Result<OwnedFd, Errno> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| Errno::ESRCH)?;
    // SAFETY: the call takes two plain numbers and touches no memory of ours.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    let fd = i32::try_from(fd).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel has just made this descriptor, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sends a signal to the process of a descriptor (`pidfd_send_signal(2)`, since Linux 5.1).
pub(super) fn send(process: BorrowedFd<'_>, signal: Signal) -> Result<(), Errno> {
    let (fd, signal) = (process.as_raw_fd(), signal as libc::c_int);
    let nothing = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: the descriptor is open while it is borrowed; no information goes along.
    let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, nothing, 0) };
    Errno::result(sent).map(drop)
}

/// Sets the nice value of a thread (`setpriority(2)`).
pub(super) fn set_nice(thread: u32, nice: i32) -> Result<(), Errno> {
    // SAFETY: the call takes plain numbers and touches no memory of ours.
    let set = unsafe { libc::setpriority(libc::PRIO_PROCESS, thread, nice) };
    Errno::result(set).map(drop)
}

/// Sets the I/O class of a thread (`ioprio_set(2)`; include/uapi/linux/ioprio.h).
pub(super) fn set_io(thread: u32, io: Io) -> Result<(), Errno> {
    /// `IOPRIO_WHO_PROCESS`.
    const THREAD: libc::c_int = 1;
    /// `IOPRIO_CLASS_SHIFT`.
    const SHIFT: u32 = 13;
    let (class, level) = match io {
        Io::BestEffort(level) => (2, libc::c_int::from(level)),
        Io::Idle => (3, 0),
    };
    let thread = libc::c_int::try_from(thread).map_err(|_| Errno::ESRCH)?;
    let value: libc::c_int = (class << SHIFT) | level;
    // SAFETY: the call takes plain numbers and touches no memory of ours.
    let set = unsafe { libc::syscall(libc::SYS_ioprio_set, THREAD, thread, value) };
    Errno::result(set).map(drop)
}
