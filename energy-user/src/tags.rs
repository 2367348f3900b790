//! Names that people give to running processes: `jouletop tag PID NAME`.
//!
//! A tag is a small file in a runtime directory, which any jouletop that runs reads: so it needs
//! no daemon, works before and after jouletop begins, and is gone with the next boot. The file is
//! called after the process's number and start, so that a number that is used again has no tag,
//! and it counts only if root or the process's owner wrote it.

pub mod folder;
pub mod look;
pub mod person;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::sample::ProcessId;

/// Below a runtime directory, from the outside in.
const BELOW: [&str; 2] = ["jouletop", "tags"];
/// Users whose directories are looked at.
const MOST_USERS: usize = 4096;

/// Where tags may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Usually `/run`.
    run: PathBuf,
    /// The runtime directory of whoever asks.
    own: PathBuf,
    is_root: bool,
}

impl Places {
    /// Those for a user: root's is `run` itself. `session` is what `XDG_RUNTIME_DIR` says; it
    /// counts only where `run` is the system's own.
    pub fn new(run: &Path, session: Option<OsString>, uid: u32) -> Self {
        let session = session.map(PathBuf::from);
        let session = session.filter(|path| path.is_absolute() && run == Path::new("/run"));
        let own = match (uid, session) {
            (0, _) => run.into(),
            (_, Some(session)) => session,
            (_, None) => run.join("user").join(uid.to_string()),
        };
        Self { run: run.into(), own, is_root: uid == 0 }
    }

    /// The runtime directory into which whoever asks writes.
    pub fn own(&self) -> &Path {
        &self.own
    }

    /// All runtime directories that count for whoever asks; root's first, since root's word is
    /// the stronger one. Root looks at everybody's.
    pub fn all(&self) -> Vec<PathBuf> {
        let mut all = vec![self.run.clone()];
        if self.is_root {
            let users = fs::read_dir(self.run.join("user")).into_iter().flatten().flatten();
            let number = |name: OsString| name.to_str()?.parse::<u32>().ok();
            let mut users: Vec<u32> =
                users.filter_map(|entry| number(entry.file_name())).take(MOST_USERS).collect();
            users.sort_unstable();
            all.extend(users.iter().map(|uid| self.run.join("user").join(uid.to_string())));
        } else {
            all.push(self.own.clone());
        }
        all
    }
}

/// A tag that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Of which process; its start is in whole ticks.
    pub id: ProcessId,
    /// What it is called.
    pub name: String,
    /// The user whose process it is, by number.
    pub uid: u32,
}

/// The name of a process's file: `4711.123456`, number and start in ticks.
fn file_name(id: ProcessId) -> String {
    format!("{}.{}", id.pid, id.start / crate::probe::TICK_NS)
}

/// The process of a file's name.
fn process(name: &str) -> Option<ProcessId> {
    let (pid, ticks) = name.split_once('.')?;
    let pid = pid.parse().ok()?;
    let start = ticks.parse::<u64>().ok()?.checked_mul(crate::probe::TICK_NS)?;
    let id = ProcessId { pid, start };
    // One spelling only: `+1.01` is none.
    (file_name(id) == name).then_some(id)
}

#[cfg(test)]
mod tests;
