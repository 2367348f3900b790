//! Which processes have descriptors of GPUs, and what these tell.
//!
//! To read every descriptor of every process for each sample would cost more than most of what
//! is measured. Whoever has a link into `/dev/dri` is known; others are looked through when they
//! run, at most every ten seconds, and everybody once a minute. Only the descriptors of those
//! who are known are read each time. What a process did since the last look before its end is
//! lost.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    account::{Account, Facts, Sight, Uses},
    card, fdinfo,
};
use crate::{clock::Moment, files, gpu::People};

/// How often to look through everybody.
const EVERYBODY: Duration = Duration::from_mins(1);

/// How often to look through one who runs.
const SOMEBODY: Duration = Duration::from_secs(10);

/// No process is looked at further: so many descriptors of GPUs are a mistake or an attack.
const MOST: usize = 4096;

/// The initial PID namespace has this number on every machine (kernel: `PROC_PID_INIT_INO`).
const FIRST_NAMESPACE: &str = "pid:[4026531836]";

/// Everybody who has a GPU open.
#[derive(Debug)]
pub struct Holders {
    proc: PathBuf,
    /// Descriptors by number, with the node that each is of.
    open: BTreeMap<u32, BTreeMap<u32, String>>,
    looked: HashMap<u32, Looked>,
    everybody: Option<Duration>,
    /// The descriptors of somebody could not be read.
    refused: bool,
    /// There are processes that cannot be seen from here.
    behind: bool,
    account: Account,
    /// The look before, on the clock that counts from boot, nanoseconds.
    last: u64,
    /// Nodes that were awake then.
    awake: BTreeSet<String>,
}

/// When a process was looked through.
#[derive(Clone, Copy, Debug)]
struct Looked {
    start: Option<u64>,
    at: Duration,
    /// The time before.
    before: Option<Duration>,
    /// It could be.
    seen: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// What was counted.
    pub uses: Uses,
    /// Processes with a node open whose driver tells nothing of its clients.
    pub mute: BTreeSet<(u32, String)>,
}

impl Holders {
    /// Nobody is known yet.
    pub fn new(proc: &Path) -> Self {
        Self {
            proc: proc.to_path_buf(),
            open: BTreeMap::new(),
            looked: HashMap::new(),
            everybody: None,
            refused: false,
            behind: is_partial(proc),
            account: Account::default(),
            last: 0,
            awake: BTreeSet::new(),
        }
    }

    /// Looks through everybody before there is any time, to know what can be seen.
    pub fn look_first(&mut self) {
        self.look_through_everybody(Duration::ZERO);
    }

    /// Somebody may use a GPU and not be seen.
    pub fn are_partly_hidden(&self) -> bool {
        self.refused || self.behind
    }

    /// What everybody did since the last call. Only of nodes that are `awake` anything is read.
    pub fn look(&mut self, at: Moment, people: &mut People<'_>, awake: &BTreeSet<String>) -> Found {
        let now = at.monotonic;
        let long = |since: Option<Duration>, limit| {
            since.is_none_or(|since| now.saturating_sub(since) >= limit)
        };
        if long(self.everybody, EVERYBODY) {
            self.everybody = Some(now);
            self.look_through_everybody(now);
            let open = &self.open;
            self.account.forget(|pid| open.contains_key(&pid));
        }
        let due: Vec<_> = people
            .ran()
            .filter(|(pid, start)| {
                let looked = self.looked.get(pid);
                looked.is_none_or(|looked| {
                    let other = looked.start.is_some_and(|known| known != *start);
                    other || long(Some(looked.at), SOMEBODY)
                })
            })
            .collect();
        for (pid, start) in due {
            self.look_through(pid, Some(start), now);
        }
        let mut found = Found::default();
        let mut sights = Vec::new();
        for (&pid, descriptors) in &self.open {
            for (number, node) in descriptors.iter().filter(|(_, node)| awake.contains(*node)) {
                let path = self.proc.join(format!("{pid}/fdinfo/{number}"));
                match files::read(&path).map(|text| fdinfo::client(&text)) {
                    Ok(Some(client)) => {
                        let woken = !self.awake.contains(node);
                        sights.push(Sight { pid, node: node.clone(), woken, client });
                    }
                    // Its number may be another file's by now.
                    Ok(None) => {
                        let link = fs::read_link(self.proc.join(format!("{pid}/fd/{number}")));
                        if link.is_ok_and(|link| link.ends_with(node)) {
                            found.mute.insert((pid, node.clone()));
                        }
                    }
                    Err(error) => self.refused |= error.kind() == io::ErrorKind::PermissionDenied,
                }
            }
        }
        let before = self.account.looked();
        let facts: BTreeMap<u32, Facts> = self
            .open
            .keys()
            .map(|&pid| {
                let person = people.holder(pid);
                let start = person.as_ref().map(|(id, _)| id.start);
                let parent = person.and_then(|(_, identity)| Some(identity.parent?.pid));
                let looked = self.looked.get(&pid);
                let without = match looked {
                    // What was not found by looking through is on a known descriptor.
                    Some(looked) if looked.at < now => before,
                    Some(looked) => looked.before,
                    None => None,
                };
                // It began since the last look, and so did all that it has.
                let begun = start.filter(|&start| before.is_some() && start >= self.last);
                let age = begun.map(|start| Duration::from_nanos(boot(at).saturating_sub(start)));
                let without = age.map(|age| now.saturating_sub(age)).or(without);
                (pid, Facts { start, parent, without })
            })
            .collect();
        self.last = boot(at);
        self.awake.clone_from(awake);
        found.uses = self.account.take(now, &sights, &facts);
        found
    }

    /// Whether somebody has one of these nodes open, as far as that can be seen.
    pub fn have(&self, nodes: &[String]) -> bool {
        self.open.values().flat_map(BTreeMap::values).any(|node| nodes.contains(node))
    }

    /// Looks through all processes at the next look: of a device that has come.
    pub fn look_again(&mut self) {
        self.everybody = None;
    }

    fn look_through_everybody(&mut self, at: Duration) {
        self.refused = false;
        let entries = fs::read_dir(&self.proc).into_iter().flatten().flatten();
        let pids: BTreeSet<u32> =
            entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        self.open.retain(|pid, _| pids.contains(pid));
        self.looked.retain(|pid, _| pids.contains(pid));
        for pid in pids {
            self.look_through(pid, None, at);
        }
    }

    /// Looks which GPUs a process has open.
    fn look_through(&mut self, pid: u32, start: Option<u64>, at: Duration) {
        let known = self.looked.get(&pid).copied();
        let other =
            |known: &Looked| start.is_some() && known.start.is_some_and(|at| Some(at) != start);
        let same = known.filter(|known| known.seen && !other(known));
        let descriptors = descriptors(&self.proc.join(format!("{pid}/fd")));
        let looked = Looked {
            seen: descriptors.is_ok(),
            start: start.or(known.and_then(|known| known.start)),
            at,
            // The look at the start does not count: it has no time.
            before: same.map(|same| same.at).filter(|before| !before.is_zero()),
        };
        self.looked.insert(pid, looked);
        match descriptors {
            Ok(open) if !open.is_empty() => {
                self.open.insert(pid, open);
            }
            Ok(_) => {
                self.open.remove(&pid);
            }
            Err(error) => {
                self.open.remove(&pid);
                self.refused |= error.kind() == io::ErrorKind::PermissionDenied;
            }
        }
    }
}

/// The numbers of descriptors that are GPUs', with their nodes.
fn descriptors(directory: &Path) -> io::Result<BTreeMap<u32, String>> {
    let open = fs::read_dir(directory)?.flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let target = fs::read_link(entry.path()).ok()?;
        let node = target.to_str()?.strip_prefix("/dev/dri/")?;
        card::is_node(node).then(|| (number, node.to_string()))
    });
    Ok(open.take(MOST).collect())
}

/// Whether `/proc` leaves out processes: of other PID namespaces, or of other users.
fn is_partial(proc: &Path) -> bool {
    let Ok(namespace) = fs::read_link(proc.join("self/ns/pid")) else { return false };
    namespace != Path::new(FIRST_NAMESPACE) || !proc.join("1").exists()
}

fn boot(at: Moment) -> u64 {
    u64::try_from(at.boottime.as_nanos()).unwrap_or(u64::MAX)
}
