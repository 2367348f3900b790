//! Rows that are more than a process: trees, jobs, containers, units, users.
//!
//! A grouping gives each process exactly one key, so that the rows of every grouping add up to
//! the same sum. Whoever has no job, or no container, is in the row that says so. The rows that
//! are no processes (idle, kernel, irq and so on) are in no group: they stay what they are.

pub mod totals;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    frame::{Frame, Share},
    job::{self, Facts, command, container, kubernetes, resolve::Placed, systemd},
    sample::{Identity, ProcessId},
};

/// What makes a row.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Grouping {
    /// One process.
    #[default]
    Process,
    /// A process and what came from it, within one job.
    Tree,
    /// A job.
    Job,
    /// A container, of a pod or of none.
    Container,
    /// A unit of systemd.
    Unit,
    /// A user.
    User,
    /// What people call a command, whoever runs it.
    Command,
    /// The machine.
    Host,
}

impl Grouping {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::Process,
        Self::Tree,
        Self::Job,
        Self::Container,
        Self::Unit,
        Self::User,
        Self::Command,
        Self::Host,
    ];

    /// The word in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Tree => "tree",
            Self::Job => "job",
            Self::Container => "container",
            Self::Unit => "unit",
            Self::User => "user",
            Self::Command => "command",
            Self::Host => "host",
        }
    }
}

/// Which row a process is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// What tells rows of a grouping apart; empty for that of whoever is in none.
    pub id: String,
    /// What people call it. Processes of one row may know its name better or worse.
    pub label: String,
}

impl Key {
    fn new(id: String, label: impl Into<String>) -> Self {
        Self { id, label: label.into() }
    }

    /// The row of those that are in none.
    fn none(label: &str) -> Self {
        Self::new(String::new(), label)
    }
}

/// The row that a process is in; one that nobody placed is in no job, and a tree by itself.
pub fn key<'a>(
    grouping: Grouping,
    id: ProcessId,
    identity: &Identity,
    placed: impl Into<Option<&'a Placed>>,
    host: &str,
) -> Key {
    let placed = placed.into();
    match grouping {
        Grouping::Process => Key::new(number(id), identity.name.as_str()),
        Grouping::Tree => {
            let name = placed.map(|placed| &*placed.root_name).filter(|name| !name.is_empty());
            let root = placed.map_or(id, |placed| placed.root);
            Key::new(number(root), name.unwrap_or(&identity.name))
        }
        Grouping::Job => match placed.and_then(|placed| placed.job.as_ref()) {
            Some(job) => Key::new(job.id.clone(), job.name.as_str()),
            None => Key::none("(no job)"),
        },
        Grouping::Container => {
            let paths = job::paths(identity);
            let contained = contained(&Facts::new(identity, &paths));
            contained.unwrap_or_else(|| Key::none("(no container)"))
        }
        Grouping::Unit => {
            let paths = job::paths(identity);
            let facts = Facts::new(identity, &paths);
            match systemd::unit(&facts) {
                Some(unit) => Key::new(unit.id(), unit.shown(&facts)),
                None => Key::none("(no unit)"),
            }
        }
        Grouping::User => match (identity.uid, &identity.user) {
            (Some(uid), Some(user)) => Key::new(format!("user {uid}"), user.as_str()),
            (Some(uid), None) => Key::new(format!("user {uid}"), uid.to_string()),
            // A scenario's user may have a name only.
            (None, Some(user)) => Key::new(format!("user {user}"), user.as_str()),
            (None, None) => Key::none("(no user)"),
        },
        Grouping::Command => {
            let called = command::called(identity);
            Key::new(format!("command {called}"), called)
        }
        Grouping::Host => Key::new(format!("host {host}"), host),
    }
}

/// A container of a pod is a row; so is what belongs to a pod as a whole.
fn contained(facts: &Facts<'_>) -> Option<Key> {
    match kubernetes::of(facts) {
        Some(pod) => Some(match pod.step {
            Some(step) => Key::new(format!("{}/{step}", pod.id), format!("{} {step}", pod.name)),
            None => Key::new(pod.id, pod.name),
        }),
        None => container::of(facts).map(|one| Key::new(one.id, one.name)),
    }
}

fn number(id: ProcessId) -> String {
    format!("process {}.{}", id.pid, id.start)
}

/// One row of an interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub key: Key,
    /// Processes that ran or ended.
    pub processes: usize,
    /// What they used together.
    pub share: Share,
}

/// A frame's processes by group; `placed` is what [`Jobs::frame`](job::resolve::Jobs::frame)
/// made of the same frame. Their shares add up to that of all processes.
pub fn groups(frame: &Frame, placed: &[Placed], grouping: Grouping) -> Vec<Group> {
    let host = &frame.machine.host;
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (at, process) in frame.processes.iter().enumerate() {
        let Key { id, label } = key(grouping, process.id, &process.identity, placed.get(at), host);
        let group = groups.entry(id.clone()).or_insert_with(|| Group {
            key: Key { id, label: label.clone() },
            processes: 0,
            share: Share::default(),
        });
        better(&mut group.key.label, &label);
        group.processes += 1;
        group.share.add(&process.share);
    }
    groups.into_values().collect()
}

/// Takes another name of a row if it says more, whichever comes first.
pub fn better(known: &mut String, other: &str) {
    if *known == *other {
        return;
    }
    let says = |name: &str| name.chars().count();
    if says(other).cmp(&says(known)).then_with(|| known.as_str().cmp(other)).is_gt() {
        other.clone_into(known);
    }
}

#[cfg(test)]
mod tests;
