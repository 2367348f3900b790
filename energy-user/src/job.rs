//! Which job a process is a part of: by facts, not by guesses on names.
//!
//! A rule is a pure function of what is known of a process: its control groups, what its
//! environment says, its arguments, its session. The first rule that knows something decides;
//! whoever no rule knows is in the job of its parent, if that began a tree of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sample::Identity;

/// The names in an environment that say something of a job; nothing else of it is kept.
pub const ENVIRONMENT: [&str; 1] = ["JOULETOP_JOB"];

/// What kind of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Named by `JOULETOP_JOB` or `jouletop tag`.
    Tag,
    /// A job of Slurm.
    Slurm,
    /// A pod of Kubernetes.
    Pod,
    /// A container of Docker, Podman, LXC or the like, in no pod.
    Container,
    /// A notebook's kernel.
    Notebook,
    /// The tree of a launcher: torchrun, mpirun, make.
    Launcher,
    /// A service of systemd.
    Unit,
    /// A login.
    Session,
}

/// A job, and the place of a process in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// What kind.
    pub kind: Kind,
    /// Unique on the machine while the job lives: `slurm 4711`, `pod 2f1c...`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The number of the process within the job, where it has one.
    pub rank: Option<u32>,
    /// Which step of the job.
    pub step: Option<String>,
}

/// What is known of a process.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The kernel's name for it.
    pub name: &'a str,
    /// Its arguments, joined by spaces.
    pub cmdline: Option<&'a str>,
    /// Its user's name.
    pub user: Option<&'a str>,
    /// Paths of all of its control groups, v2's first.
    pub cgroups: &'a [&'a str],
    /// What its environment says, by the names of [`ENVIRONMENT`].
    pub env: &'a BTreeMap<String, String>,
}

impl Job {
    /// The job that a process's own facts tell of; none where they tell of none.
    pub fn of(identity: &Identity) -> Option<Self> {
        let _ = identity;
        None
    }
}
