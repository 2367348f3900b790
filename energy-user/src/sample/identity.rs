//! Who ran: a process as it is told apart, and what is known of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::probe::TICK_NS;

/// A process, even if its number has been used before or will be again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessId {
    /// The number that `ps` shows.
    pub pid: u32,
    /// When the process began, nanoseconds since boot (whole clock ticks where `/proc` is the source).
    pub start: u64,
}

/// A process as others name it, who may know its start exactly or to a tick of `/proc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    pid: u32,
    tick: u64,
}

impl From<ProcessId> for Name {
    fn from(id: ProcessId) -> Self {
        Self { pid: id.pid, tick: id.start / TICK_NS }
    }
}

/// Which row of the books a task belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Somebody's program.
    #[default]
    Process,
    /// A thread of the kernel.
    Kernel,
    /// jouletop itself.
    Tool,
}

/// What is known of a process apart from its time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The kernel's name for it, at most 15 bytes.
    pub name: String,
    /// Its arguments, joined by spaces; none for a kernel thread or where nobody could read them.
    pub cmdline: Option<String>,
    /// The real user id.
    pub uid: Option<u32>,
    /// The user's name, or the number where the system knows no name.
    pub user: Option<String>,
    /// Who forked it.
    pub parent: Option<ProcessId>,
    /// Its cgroup's path (v2, or the most telling v1 one).
    pub cgroup: Option<String>,
    /// Paths of the other control groups that it is in: those of v1's hierarchies.
    pub groups: Vec<String>,
    /// Its session (setsid(2)): that of a login, of a terminal's tab, of a daemon.
    pub session: Option<u32>,
    /// Its process group (setpgid(2)): a shell makes one for each pipeline that is typed.
    pub pgrp: Option<u32>,
    /// What its environment says of the job that it is a part of: no names but those of
    /// [`ENVIRONMENT`](crate::job::ENVIRONMENT).
    pub env: BTreeMap<String, String>,
    /// Which row it belongs to.
    pub kind: Kind,
}
