//! The threads of processes, if they are told apart: their names, and whether they ended.
//!
//! As with processes, the kernel's own records come first, and `/proc` fills in who was
//! there before us.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use energy_ebpf::event::{Birth, Ended, Exec, Renamed};

use super::identity::text;
use crate::{files, sample::ProcessId};

/// Threads by number and start.
#[derive(Debug)]
pub struct Threads {
    proc_root: PathBuf,
    names: HashMap<ProcessId, Arc<str>>,
    ended: HashSet<ProcessId>,
    /// Whose end was told with the last sample.
    told: HashSet<ProcessId>,
}

impl Threads {
    /// None known yet.
    pub fn new(proc_root: &Path) -> Self {
        Self {
            proc_root: proc_root.into(),
            names: HashMap::new(),
            ended: HashSet::new(),
            told: HashSet::new(),
        }
    }

    /// A thread has the name of who made it.
    pub fn born(&mut self, birth: &Birth) {
        let id = ProcessId { pid: birth.tid, start: birth.start };
        self.names.insert(id, text(&birth.comm).into());
    }

    /// A thread has another name.
    pub fn renamed(&mut self, renamed: &Renamed) {
        let id = ProcessId { pid: renamed.tid, start: renamed.start };
        self.names.insert(id, text(&renamed.comm).into());
    }

    /// A program was replaced: who runs it has the number and start of the first thread, even
    /// if that one has ended.
    pub fn exec(&mut self, exec: &Exec) {
        let id = ProcessId { pid: exec.tgid, start: exec.start };
        self.ended.remove(&id);
        self.told.remove(&id);
        self.names.insert(id, text(&exec.comm).into());
    }

    /// A thread is on its way out; its last slice may be told later.
    pub fn ended(&mut self, ended: &Ended) {
        self.ended.insert(ProcessId { pid: ended.tid, start: ended.start });
    }

    /// What a thread of a process is called.
    pub fn name(&mut self, process: u32, id: ProcessId) -> Arc<str> {
        let ended = self.ended.contains(&id);
        let root = &self.proc_root;
        let name = self.names.entry(id).or_insert_with(|| {
            let path = root.join(format!("{process}/task/{}/comm", id.pid));
            let found = if ended { None } else { files::read(&path).ok() };
            found.map_or_else(|| format!("thread {}", id.pid), |name| name.trim_end().into()).into()
        });
        Arc::clone(name)
    }

    /// Whether a thread has ended.
    pub fn has_ended(&self, id: ProcessId) -> bool {
        self.ended.contains(&id)
    }

    /// Forgets those whose end was told a sample ago, unless they still ran.
    pub fn bury(&mut self, ran: impl Fn(&ProcessId) -> bool) {
        for id in std::mem::take(&mut self.told) {
            if !ran(&id) {
                self.ended.remove(&id);
                self.names.remove(&id);
            }
        }
        self.told.clone_from(&self.ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_once_and_forgotten_after_the_end_was_told() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("7/task/9");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("comm"), "worker\n").unwrap();
        let mut threads = Threads::new(root.path());
        let id = ProcessId { pid: 9, start: 5 };
        assert_eq!(&*threads.name(7, id), "worker");
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(&*threads.name(7, id), "worker");
        let header = energy_ebpf::event::Header { kind: 0, cpu: 0 };
        let (tgid, uid, left, process_start, cgroup) = (7, 0, 1, 1, 1);
        threads.ended(&Ended { header, tid: 9, tgid, uid, left, start: 5, process_start, cgroup });
        threads.bury(|_| false);
        assert!(threads.has_ended(id));
        threads.bury(|_| true);
        assert!(threads.has_ended(id), "it still ran");
        threads.bury(|_| false);
        assert!(!threads.has_ended(id));
        assert_eq!(&*threads.name(7, id), "thread 9");
    }
}
