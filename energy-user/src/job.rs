//! Which job a process is a part of: by facts, not by guesses on names.
//!
//! Two kinds of facts tell. What a process carries with it (its control groups, its environment)
//! says where it belongs whoever began it, and its children carry it too: those rules are here,
//! pure functions of [`Facts`], the strongest first. A launcher, a notebook's kernel or a command
//! at a prompt leaves no such mark on its children; they are its job by descent, which
//! [`resolve::Jobs`] follows. Every process is in one job or in none.

pub mod batch;
pub mod command;
pub mod container;
pub mod kubernetes;
pub mod launcher;
pub mod notebook;
pub mod pipeline;
pub mod rank;
pub mod resolve;
pub mod session;
pub mod shell;
pub mod slurm;
pub mod systemd;
pub mod tag;

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use crate::sample::{self, Identity};

/// The names in an environment that say something of a job; nothing else of it is kept.
pub const ENVIRONMENT: [&str; 26] = [
    "JOULETOP_JOB",
    "SLURM_JOB_ID",
    "SLURM_JOB_NAME",
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_STEP_ID",
    "SLURM_PROCID",
    "PBS_JOBID",
    "PBS_JOBNAME",
    "LSB_JOBID",
    "LSB_JOBINDEX",
    "LSB_JOBNAME",
    "JOB_ID",
    "JOB_NAME",
    "SGE_TASK_ID",
    "POD_NAME",
    "KUBERNETES_SERVICE_HOST",
    "HOSTNAME",
    "JPY_PARENT_PID",
    "JPY_SESSION_NAME",
    "RANK",
    "WORLD_SIZE",
    "OMPI_COMM_WORLD_RANK",
    "PMIX_RANK",
    "PMI_RANK",
    "XDG_SESSION_ID",
];

/// Characters of a name that people are shown.
const LONGEST_NAME: usize = 80;

/// What kind of job, the strongest first: of two that a process could belong to, the stronger
/// has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Named by `JOULETOP_JOB` or `jouletop tag`.
    Tag,
    /// A job of Slurm.
    Slurm,
    /// A job of PBS, LSF or Grid Engine.
    Batch,
    /// A pod of Kubernetes.
    Pod,
    /// A container of Docker, Podman, LXC or the like, in no pod; a virtual machine.
    Container,
    /// A notebook's kernel and what came from it.
    Notebook,
    /// The tree of a launcher: torchrun, mpirun, make.
    Launcher,
    /// A command begun at a shell's prompt, and what came from it.
    Shell,
    /// A service of systemd.
    Unit,
    /// A login.
    Session,
}

impl Kind {
    /// The word in JSON and before a name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Slurm => "slurm",
            Self::Batch => "batch",
            Self::Pod => "pod",
            Self::Container => "container",
            Self::Notebook => "notebook",
            Self::Launcher => "launcher",
            Self::Shell => "shell",
            Self::Unit => "unit",
            Self::Session => "session",
        }
    }
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
    /// Which step of the job; of a pod, which container.
    pub step: Option<String>,
}

/// What is known of a process.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The kernel's name for it.
    pub name: &'a str,
    /// Its arguments, joined by spaces.
    pub cmdline: Option<&'a str>,
    /// The real user id.
    pub uid: Option<u32>,
    /// Its user's name.
    pub user: Option<&'a str>,
    /// Paths of all of its control groups, v2's first.
    pub cgroups: &'a [&'a str],
    /// What its environment says, by the names of [`ENVIRONMENT`].
    pub env: &'a BTreeMap<String, String>,
}

impl<'a> Facts<'a> {
    /// What an identity tells; `cgroups` are the [`paths`] of it.
    pub fn new(identity: &'a Identity, cgroups: &'a [&'a str]) -> Self {
        Self {
            name: &identity.name,
            cmdline: identity.cmdline.as_deref(),
            uid: identity.uid,
            user: identity.user.as_deref(),
            cgroups,
            env: &identity.env,
        }
    }

    /// A variable of the environment, if it says anything.
    pub fn var(&self, name: &str) -> Option<&'a str> {
        self.env.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A variable that is a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.var(name)?.parse().ok()
    }

    /// The first of its control groups of which a rule makes something.
    fn in_groups<T>(&self, rule: impl Fn(&'a str) -> Option<T>) -> Option<T> {
        self.cgroups.iter().find_map(|path| rule(path))
    }

    /// The words of its command line; where that is not known, the kernel's name for it.
    fn words(&self) -> impl Iterator<Item = &'a str> {
        self.cmdline.unwrap_or(self.name).split_ascii_whitespace()
    }
}

/// A rule: the job that facts tell of, if they do.
type Rule = fn(&Facts<'_>) -> Option<Job>;

/// The rules of what a process carries with it, the strongest first.
const CARRIED: [Rule; 7] =
    [tag::of, slurm::of, batch::of, kubernetes::of, container::of, systemd::of, session::of];

/// The rules of who begins a tree, the strongest first.
const BEGINNERS: [Rule; 2] = [notebook::of, launcher::of];

impl Job {
    /// A job without rank and step.
    fn new(kind: Kind, id: String, name: &str) -> Self {
        Self { kind, id, name: shown(name), rank: None, step: None }
    }

    /// What was typed at a prompt: the number of its process or process group, and its start.
    fn typed(number: u32, start: u64, called: &str) -> Self {
        Self::new(Kind::Shell, format!("command {number}.{start}"), called)
    }

    /// A launcher's job with what tells two of one name apart.
    fn numbered(mut self, number: u32, start: u64) -> Self {
        if self.kind == Kind::Launcher {
            self.id = format!("launcher {number}.{start}");
        }
        self
    }

    /// The job that a process's own control groups and environment tell of; none where they
    /// tell of none, and for the kernel's threads.
    pub fn of(identity: &Identity) -> Option<Self> {
        let mut job = first(&CARRIED, identity)?;
        if job.kind < Kind::Unit {
            job.rank = rank::of(identity).or(job.rank);
        }
        Some(job)
    }

    /// The job that a process begins for itself and all that comes from it: a launcher's or a
    /// notebook's. A launcher's has no number yet: two of the same name are two jobs.
    pub fn begun_by(identity: &Identity) -> Option<Self> {
        first(&BEGINNERS, identity)
    }
}

/// What the first rule makes of a process that makes something of it.
fn first(rules: &[Rule], identity: &Identity) -> Option<Job> {
    if identity.kind == sample::Kind::Kernel {
        return None;
    }
    let paths = paths(identity);
    let facts = Facts::new(identity, &paths);
    rules.iter().find_map(|rule| rule(&facts))
}

/// The paths of a process's control groups, v2's first.
pub fn paths(identity: &Identity) -> Vec<&str> {
    identity.cgroup.iter().chain(&identity.groups).map(String::as_str).collect()
}

/// The parts of a control group's path. A reader in a namespace of its own sees the others
/// from `/..` on; one that was removed below its last process has a remark.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    path.split('/').filter(|segment| !segment.is_empty() && *segment != "..")
}

/// The user whose own manager (`user@1000.service`) made a path. There its user makes directories
/// of any name, so that what they are called says nothing of others' jobs.
fn maker(path: &str) -> Option<u32> {
    let unit = segments(path).find(|segment| segment.strip_suffix(".slice").is_none())?;
    unit.strip_prefix("user@")?.strip_suffix(".service")?.parse().ok()
}

/// What comes before an identifier that a user's own manager made: the user.
fn makers(path: &str) -> String {
    maker(path).map(|uid| format!("{uid}/")).unwrap_or_default()
}

/// A name as people are shown it: nothing that would move a cursor, and no longer than a line.
fn shown(name: &str) -> String {
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    name.chars().take(LONGEST_NAME).map(plain).collect()
}

/// Undoes systemd's escapes: `\x2d` is `-`. What is none stays as it is.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains("\\x") {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after.get(..2).filter(|digits| is_hex(digits));
        if let Some(byte) = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.extend_from_slice(b"\\x");
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Nothing but digits of base 16.
fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The first characters of an identifier.
fn short(id: &str, length: usize) -> &str {
    id.get(..length).unwrap_or(id)
}

/// The last part of a file's path.
fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
pub(crate) mod table;
