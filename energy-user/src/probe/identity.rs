//! Who a process is: from the kernel's own events first, from `/proc` else.
//!
//! A process that is gone before user space looks still has the name, user and
//! parent that its birth and exec records told. `/proc` fills in what existed
//! before the probe, and what only it knows (the cgroup's path).

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use energy_ebpf::{
    PF_KTHREAD,
    event::{Birth, Cgroup, Ended, Exec, Renamed},
};
use procfs::process::Process;

use super::{cgroup::Cgroups, stat::TICK_NS};
use crate::{
    job::{ENVIRONMENT, tag},
    sample::{Identity, Kind, ProcessId},
};

/// Bytes of a command line that are kept.
const LONGEST_CMDLINE: usize = 4096;
/// Ancestors that are looked up.
const DEEPEST: usize = 64;
/// Bytes of an environment that are looked through.
const LONGEST_ENVIRONMENT: usize = 1 << 16;

/// Processes by identity.
pub struct Directory {
    proc_root: PathBuf,
    tool: u32,
    /// In order of their numbers, so that whoever has one is found at once.
    people: BTreeMap<ProcessId, Person>,
    users: HashMap<u32, String>,
    ended: HashSet<ProcessId>,
    cgroups: Cgroups,
    /// Who was looked up and has not been told of yet.
    met: Vec<(ProcessId, Arc<Identity>)>,
    /// Ancestors that are being looked up, one for another.
    climbing: usize,
}

/// A process and how much is known of it.
struct Person {
    identity: Arc<Identity>,
    /// `/proc` has been asked.
    looked_up: bool,
}

impl Directory {
    /// An empty one that asks the `/proc` under `proc_root`.
    pub fn new(proc_root: &Path) -> Self {
        Self {
            proc_root: proc_root.into(),
            tool: std::process::id(),
            people: BTreeMap::new(),
            users: HashMap::new(),
            ended: HashSet::new(),
            cgroups: Cgroups::new(proc_root),
            met: Vec::new(),
            climbing: 0,
        }
    }

    /// A cgroup was made.
    pub fn made(&mut self, cgroup: &Cgroup) {
        self.cgroups.made(cgroup);
    }

    /// A birth: the child has its parent's name and arguments until it runs something else.
    /// A further thread is nobody's child.
    pub fn born(&mut self, birth: &Birth) -> Option<crate::sample::Birth> {
        if birth.tid != birth.tgid {
            return None;
        }
        let child = ProcessId { pid: birth.tgid, start: birth.start };
        let parent = ProcessId { pid: birth.parent_tgid, start: birth.parent_start };
        let kernel = birth.flags & PF_KTHREAD != 0;
        // Asked of `/proc` once for each parent that was there before us.
        let inherited = self.identify(parent, kernel);
        let kind = self.kind(birth.tgid, kernel);
        let identity = Identity {
            name: text(&birth.comm),
            cmdline: inherited.cmdline.clone(),
            uid: Some(birth.uid),
            user: Some(self.user(birth.uid)),
            parent: Some(parent),
            cgroup: self.cgroups.path(birth.cgroup).or_else(|| inherited.cgroup.clone()),
            // A child has its parent's groups, session, process group and environment until it changes them.
            groups: inherited.groups.clone(),
            session: inherited.session,
            pgrp: inherited.pgrp,
            env: inherited.env.clone(),
            kind,
        };
        self.put(child, identity);
        Some(crate::sample::Birth { child, parent })
    }

    /// A new program in an old process: what it was before keeps its place in the books.
    pub fn exec(&mut self, exec: &Exec) {
        let id = ProcessId { pid: exec.tgid, start: exec.start };
        let user = self.user(exec.uid);
        let mut identity = self.current(id);
        identity.name = text(&exec.comm);
        let args = exec.args.get(..exec.args_len as usize).unwrap_or_default();
        let cmdline = join(args);
        identity.cmdline = if cmdline.is_empty() { None } else { Some(cmdline) };
        identity.uid = Some(exec.uid);
        identity.user = Some(user);
        identity.cgroup = self.cgroups.path(exec.cgroup).or(identity.cgroup);
        self.put(id, identity);
    }

    /// A new name for the same program.
    pub fn renamed(&mut self, renamed: &Renamed) {
        if renamed.tid != renamed.tgid {
            return;
        }
        let id = ProcessId { pid: renamed.tgid, start: renamed.start };
        // One that is not known yet will be looked up, with its name of then.
        if self.people.contains_key(&id) {
            let mut identity = self.current(id);
            identity.name = text(&renamed.comm);
            self.put(id, identity);
        }
    }

    /// The last thread goes; what it ran until now still belongs to this interval.
    pub fn ended(&mut self, ended: &Ended) {
        if ended.left != 0 {
            return;
        }
        let id = ProcessId { pid: ended.tgid, start: ended.process_start };
        if !self.people.contains_key(&id) {
            // It was there before us and did not run in our sight: now or never.
            self.identify(id, false);
        }
        let user = self.user(ended.uid);
        let mut identity = self.current(id);
        identity.uid = Some(ended.uid);
        identity.user = Some(user);
        identity.cgroup = self.cgroups.path(ended.cgroup).or(identity.cgroup);
        self.put(id, identity);
        self.ended.insert(id);
    }

    /// Who a process is that ran. `kernel` is what the probe knows of it.
    pub fn identify(&mut self, id: ProcessId, kernel: bool) -> Arc<Identity> {
        if !self.people.contains_key(&id) {
            // It may have been met by its number, with its start to a tick.
            let met = ProcessId { start: id.start / TICK_NS * TICK_NS, ..id };
            if let Some(person) = self.people.remove(&met) {
                self.people.insert(id, person);
            }
        }
        if let Some(person) = self.people.get(&id)
            && (person.looked_up || self.ended.contains(&id))
        {
            return Arc::clone(&person.identity);
        }
        let known = self.people.get(&id).map(|person| Arc::clone(&person.identity));
        let mut identity = known.map_or_else(Identity::default, |known| (*known).clone());
        if let Some(found) = self.look_up(id, identity.parent) {
            // The events are exact where they told something; `/proc` fills the rest.
            if identity.name.is_empty() {
                identity.name = found.name;
            }
            identity.cmdline = found.cmdline.or(identity.cmdline);
            identity.cgroup = found.cgroup.or(identity.cgroup);
            identity.groups = found.groups;
            identity.session = found.session.or(identity.session);
            identity.pgrp = found.pgrp.or(identity.pgrp);
            // Whose environment cannot be read has its parent's, as far as anybody knows.
            let own = found.uid == Some(nix::unistd::geteuid().as_raw());
            if own || nix::unistd::geteuid().is_root() {
                identity.env = found.env;
            }
            identity.parent = identity.parent.or(found.parent);
            identity.uid = found.uid.or(identity.uid);
            identity.user = found.user.or(identity.user);
        }
        if identity.name.is_empty() {
            // It was gone before anybody could ask, and its events were lost.
            identity.name = format!("pid {}", id.pid);
        }
        identity.kind = self.kind(id.pid, kernel || identity.kind == Kind::Kernel);
        let identity = Arc::new(identity);
        let person = Person { identity: Arc::clone(&identity), looked_up: true };
        self.people.insert(id, person);
        self.met.push((id, Arc::clone(&identity)));
        identity
    }

    /// Who was looked up since the last call.
    pub fn met(&mut self) -> Vec<(ProcessId, Arc<Identity>)> {
        std::mem::take(&mut self.met)
    }

    /// The process that forked one that was there before us, and its own ancestors with it.
    fn parent(&mut self, pid: i32) -> Option<ProcessId> {
        let pid = u32::try_from(pid).ok().filter(|pid| *pid > 0)?;
        if self.climbing >= DEEPEST {
            return None;
        }
        self.climbing += 1;
        let parent = self.who(pid).map(|(id, _)| id);
        self.climbing -= 1;
        parent
    }

    /// The process that has a number now. One that was never seen to run has its start to a
    /// tick only.
    pub fn who(&mut self, pid: u32) -> Option<(ProcessId, Arc<Identity>)> {
        let process = Process::new_with_root(self.proc_root.join(pid.to_string())).ok()?;
        let stat = process.stat().ok()?;
        let told = ProcessId { pid, start: stat.starttime.saturating_mul(TICK_NS) };
        let tick = ProcessId { pid, start: told.start.saturating_add(TICK_NS - 1) };
        let seen = self.people.range(told..=tick).next().map(|(id, _)| *id);
        let id = seen.unwrap_or(told);
        Some((id, self.identify(id, stat.flags & PF_KTHREAD != 0)))
    }

    /// Whether a process has ended.
    pub fn has_ended(&self, id: ProcessId) -> bool {
        self.ended.contains(&id)
    }

    /// The processes that have ended. Those of `before` are forgotten now, unless they
    /// still ran: the last slices of an end may come long after its record.
    pub fn bury(
        &mut self,
        before: &HashSet<ProcessId>,
        ran: impl Fn(&ProcessId) -> bool,
    ) -> HashSet<ProcessId> {
        for id in before.iter().filter(|id| !ran(id)) {
            self.ended.remove(id);
            self.people.remove(id);
        }
        self.ended.clone()
    }

    fn put(&mut self, id: ProcessId, identity: Identity) {
        let person = Person { identity: Arc::new(identity), looked_up: false };
        self.people.insert(id, person);
    }

    fn current(&self, id: ProcessId) -> Identity {
        self.people.get(&id).map_or_else(Identity::default, |person| (*person.identity).clone())
    }

    fn kind(&self, pid: u32, kernel: bool) -> Kind {
        match (pid == self.tool, kernel) {
            (true, _) => Kind::Tool,
            (_, true) => Kind::Kernel,
            _ => Kind::Process,
        }
    }

    /// What `/proc` says now, if the number still belongs to the same process.
    fn look_up(&mut self, id: ProcessId, parent: Option<ProcessId>) -> Option<Identity> {
        let process = Process::new_with_root(self.proc_root.join(id.pid.to_string())).ok()?;
        let stat = process.stat().ok()?;
        // The kernel rounds down to whole ticks; a reader's timens could only add whole ones.
        if stat.starttime != id.start / TICK_NS {
            return None;
        }
        // Of one that was born in sight, the parent is known.
        let parent = parent.or_else(|| self.parent(stat.ppid));
        Some(Identity { parent, ..self.read(&process, &stat) })
    }

    /// The identity of a live process from its `/proc` files.
    pub fn read(&mut self, process: &Process, stat: &procfs::process::Stat) -> Identity {
        let uid = process.uid().ok();
        let cmdline = process
            .open_relative("cmdline")
            .ok()
            .and_then(|file| at_once(file, LONGEST_CMDLINE).ok())
            .map(|args| join(&args))
            .filter(|cmdline| !cmdline.is_empty());
        let (cgroup, groups) = cgroups(process);
        Identity {
            name: stat.comm.clone(),
            cmdline,
            uid,
            user: uid.map(|uid| self.user(uid)),
            parent: None,
            cgroup,
            groups,
            session: u32::try_from(stat.session).ok().filter(|session| *session > 0),
            pgrp: u32::try_from(stat.pgrp).ok().filter(|group| *group > 0),
            env: environment(process),
            kind: self.kind(stat.pid.unsigned_abs(), stat.flags & PF_KTHREAD != 0),
        }
    }

    /// A user's name, asked of the system once.
    fn user(&mut self, uid: u32) -> String {
        self.users
            .entry(uid)
            .or_insert_with(|| {
                nix::unistd::User::from_uid(uid.into())
                    .ok()
                    .flatten()
                    .map_or_else(|| uid.to_string(), |user| user.name)
            })
            .clone()
    }
}

/// The most telling cgroup path (v2's, or the first v1 hierarchy that is not the root), and the
/// others.
fn cgroups(process: &Process) -> (Option<String>, Vec<String>) {
    let Ok(groups) = process.cgroups() else { return (None, Vec::new()) };
    let (root, mut paths): (Vec<_>, Vec<_>) = {
        let mut all = groups.0;
        all.sort_by_key(|group| group.hierarchy);
        all.into_iter().map(|group| group.pathname).partition(|path| path == "/")
    };
    // Most hierarchies of v1 have the same path.
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    let mut paths = paths.into_iter();
    (paths.next().or_else(|| root.into_iter().next()), paths.collect())
}

/// What its environment says of its job. Only its owner and root may read that.
fn environment(process: &Process) -> BTreeMap<String, String> {
    let file = process.open_relative("environ").ok();
    let read = file.and_then(|file| at_once(file, LONGEST_ENVIRONMENT).ok());
    let Some(bytes) = read else { return BTreeMap::new() };
    variables(&bytes, bytes.len() == LONGEST_ENVIRONMENT)
}

/// The variables of an environment that are kept; `cut` where it goes on beyond what was read.
fn variables(mut bytes: &[u8], cut: bool) -> BTreeMap<String, String> {
    if cut {
        // A number that lacks its last digits is another one.
        let whole = bytes.iter().rposition(|byte| *byte == 0).unwrap_or(0);
        bytes = &bytes[..whole];
    }
    let mut kept = BTreeMap::new();
    for text in bytes.split(|&byte| byte == 0) {
        let text = String::from_utf8_lossy(text);
        let Some((name, value)) = text.split_once('=') else { continue };
        if ENVIRONMENT.contains(&name) && !value.is_empty() {
            // Of two of one name, programs see the first (getenv(3)).
            let value = || value.chars().take(tag::LONGEST).collect();
            kept.entry(name.to_owned()).or_insert_with(value);
        }
    }
    kept
}

/// What one read gives, at most so many bytes. A process that ends between two reads of its
/// memory leaves a text that looks whole and is not.
fn at_once(mut file: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let length = file.read(&mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// A kernel string up to its NUL.
pub fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Arguments separated by NUL, as one line.
fn join(args: &[u8]) -> String {
    let args = args.split(|&byte| byte == 0).filter(|arg| !arg.is_empty());
    args.map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's file of a process that ends after the first read.
    struct Ends(Option<Vec<u8>>);

    impl Read for Ends {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let text = self.0.take().unwrap_or_default();
            let length = text.len().min(buffer.len());
            buffer[..length].copy_from_slice(&text[..length]);
            Ok(length)
        }
    }

    #[test]
    fn a_process_that_ends_while_it_is_read_has_all_of_its_arguments_or_none() {
        let long = vec![b'x'; 3000];
        assert_eq!(at_once(Ends(Some(long.clone())), LONGEST_CMDLINE).unwrap(), long);
        assert!(at_once(Ends(None), LONGEST_CMDLINE).unwrap().is_empty());
        assert_eq!(at_once(Ends(Some(long)), 10).unwrap().len(), 10);
    }

    #[test]
    fn an_environment_that_is_too_long_has_no_half_variable() {
        let told = |bytes: &[u8], cut| variables(bytes, cut).into_iter().collect::<Vec<_>>();
        let job = |number: &str| ("SLURM_JOB_ID".to_owned(), number.to_owned());
        let text = b"X=1\0SLURM_JOB_ID=4711\0JOULETOP_JOB=res";
        assert_eq!(told(text, true), [job("4711")]);
        assert_eq!(told(text, false), [("JOULETOP_JOB".into(), "res".into()), job("4711")]);
        assert_eq!(told(b"SLURM_JOB_ID=47", true), []);
        // Two of one name, an empty one, no name, no text.
        assert_eq!(told(b"SLURM_JOB_ID=1\0SLURM_JOB_ID=2\0", false), [job("1")]);
        assert_eq!(told(b"JOULETOP_JOB=\0=x\0\0\xff=\xff\0", false), []);
    }

    #[test]
    fn who_was_met_by_its_number_is_known_when_its_end_is_told() {
        let mut directory = Directory::new(Path::new("/proc"));
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        // The kernel lets a parent go on before a new program's arguments can be read.
        let arguments = format!("/proc/{}/cmdline", child.id());
        while std::fs::read(&arguments).unwrap().is_empty() {
            std::thread::yield_now();
        }
        let met = directory.who(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        let (met, _) = met.unwrap();
        // The kernel tells its start to the nanosecond.
        let exact = ProcessId { start: met.start + 123, ..met };
        let identity = directory.identify(exact, false);
        assert_eq!(identity.cmdline.as_deref(), Some("sleep 1000"));
        let its = directory.people.keys().filter(|id| id.pid == met.pid).count();
        assert_eq!(its, 1, "it is one process");
        let other = ProcessId { start: met.start + TICK_NS, ..met };
        assert_eq!(directory.identify(other, false).cmdline, None);
    }
}
