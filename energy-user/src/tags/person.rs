//! What `/proc` says of a process that is to be tagged: whose it is, and whether it can be.

use std::path::Path;

use energy_ebpf::PF_KTHREAD;
use procfs::process::Process;

use crate::{probe::TICK_NS, sample::ProcessId};

/// A process that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its start is in whole ticks.
    pub id: ProcessId,
    /// The kernel's name for it.
    pub name: String,
    /// The real user id; none where `/proc` does not tell it.
    pub uid: Option<u32>,
    /// The process that it is a thread of; itself, if it is none.
    pub process: u32,
    /// A thread of the kernel.
    pub is_kernel: bool,
    /// It has ended, and its parent has not asked how.
    pub is_over: bool,
}

impl Person {
    /// Who has a number now, as the `/proc` under `proc_root` says.
    pub fn look(proc_root: &Path, pid: u32) -> Option<Self> {
        let process = Process::new_with_root(proc_root.join(pid.to_string())).ok()?;
        let stat = process.stat().ok()?;
        let status = process.status().ok();
        let id = ProcessId { pid, start: stat.starttime.saturating_mul(TICK_NS) };
        let group = status.as_ref().and_then(|status| u32::try_from(status.tgid).ok());
        Some(Self {
            id,
            uid: status.map(|status| status.ruid),
            process: group.unwrap_or(pid),
            is_kernel: stat.flags & PF_KTHREAD != 0,
            is_over: matches!(stat.state, 'Z' | 'X'),
            name: stat.comm,
        })
    }
}
