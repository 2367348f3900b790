//! Does to processes what the user has confirmed: the only place of the screen that touches them.
//!
//! A process is held by a descriptor of it (`pidfd_open(2)`) before its start is compared with the
//! one that is meant, and a signal goes through that descriptor: so nobody who was given the same
//! number meanwhile is ever met. Nice values and I/O classes have no such way in the kernel; they
//! are set right after the same check.

mod calls;
mod words;

use std::{
    fs,
    os::fd::{AsFd as _, OwnedFd},
    path::{Path, PathBuf},
};

use nix::errno::Errno;
use procfs::process::Process;

use self::words::Report;
use super::app::{Notice, Order, Orders, Target};
use crate::{probe::TICK_NS, sample::ProcessId};

/// Whoever acts, and where it looks before.
#[derive(Clone, Debug)]
pub struct Hand {
    proc_root: PathBuf,
    own: u32,
}

/// Why something was not done to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It is no more.
    Gone,
    /// Its number is another's now.
    Reused,
    /// The first process of the machine, or nobody.
    First,
    /// jouletop itself.
    Own,
    /// It is a thread, of which nobody knows the process at the moment.
    Thread,
    /// It is another user's.
    NotPermitted,
    /// Only root may make a process less nice.
    OnlyRoot,
    /// What the kernel said.
    Failed(Errno),
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// It was told.
    Told,
    /// The nice value that it had, and that it has.
    Nice(i32, i32),
}

impl Hand {
    /// That of this process; `proc_root` is `/proc`, but for tests.
    pub fn new(proc_root: &Path) -> Self {
        Self { proc_root: proc_root.into(), own: std::process::id() }
    }

    /// Carries out what was confirmed, and tells what came of it.
    pub fn carry_out(&self, orders: &Orders) -> Notice {
        let all = orders.targets.iter().map(|target| (target, self.one(orders.order, target)));
        Report::of(orders.order, all).notice()
    }

    fn one(&self, order: Order, target: &Target) -> Result<Done, Refusal> {
        match target.id.pid {
            0 | 1 => return Err(Refusal::First),
            own if own == self.own => return Err(Refusal::Own),
            _ => {}
        }
        let (process, nice) = self.hold(target.id)?;
        let refused = |errno: Errno| match errno {
            Errno::ESRCH => Refusal::Gone,
            Errno::EPERM => Refusal::NotPermitted,
            Errno::EACCES => Refusal::OnlyRoot,
            other => Refusal::Failed(other),
        };
        match order {
            Order::Signal(signal) => {
                calls::send(process.as_fd(), signal).map_err(refused)?;
                Ok(Done::Told)
            }
            Order::Nice { by } => {
                let wanted = (nice + i32::from(by)).clamp(-20, 19);
                self.threads(target.id, |thread| calls::set_nice(thread, wanted))
                    .map_err(refused)?;
                Ok(Done::Nice(nice, wanted))
            }
            Order::Io(io) => {
                self.threads(target.id, |thread| calls::set_io(thread, io)).map_err(refused)?;
                Ok(Done::Told)
            }
        }
    }

    /// The process that is meant, by a descriptor that no other can take over, and its nice value.
    fn hold(&self, id: ProcessId) -> Result<(OwnedFd, i32), Refusal> {
        let process = calls::open(id.pid).map_err(|errno| match errno {
            Errno::ESRCH => Refusal::Gone,
            // Which of the two depends on the kernel's age.
            Errno::EINVAL | Errno::ENOENT => Refusal::Thread,
            other => Refusal::Failed(other),
        })?;
        let seen = Process::new_with_root(self.proc_root.join(id.pid.to_string()));
        let stat = seen.and_then(|seen| seen.stat()).map_err(|_| Refusal::Gone)?;
        // The kernel shows whole ticks.
        if stat.starttime != id.start / TICK_NS {
            return Err(Refusal::Reused);
        }
        if matches!(stat.state, 'Z' | 'X') {
            return Err(Refusal::Gone);
        }
        Ok((process, stat.nice as i32))
    }

    /// To the kernel these are of each thread; people mean the process.
    fn threads(&self, id: ProcessId, set: impl Fn(u32) -> Result<(), Errno>) -> Result<(), Errno> {
        set(id.pid)?;
        let folder = self.proc_root.join(id.pid.to_string()).join("task");
        let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|one| one.file_name());
        for thread in names.filter_map(|name| name.to_str()?.parse().ok()) {
            match set(thread) {
                // A thread that ended meanwhile needs nothing.
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
