//! What `/proc` says of a process at the moment of a picture: its state, and its threads.
//!
//! Samples do not have them, since a process that rests costs nothing to account. So they are read
//! of the rows in sight alone, right before these are drawn, and only while somebody looks.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use procfs::{FromRead as _, process::Stat};
use rustc_hash::FxHashMap;

use crate::{files, probe::TICK_NS, sample::ProcessId};

/// What a process is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// The letter of its state, as in `/proc/PID/stat` (proc(5)).
    pub state: char,
    /// How many threads it has. Of a thread, those of its process.
    pub threads: u32,
}

/// What the letter of a state stands for; empty where that is not known.
pub fn word(state: char) -> &'static str {
    match state {
        'R' => "running, or ready to",
        'S' => "sleeping",
        'D' => "waiting, mostly for a disk",
        'Z' => "ended, and not fetched by its parent",
        'T' => "stopped by a signal",
        't' => "stopped by a debugger",
        'I' => "idle, of the kernel",
        'P' => "parked, of the kernel",
        'X' | 'x' => "ending",
        _ => "",
    }
}

/// A thread of the process in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its number.
    pub id: u32,
    /// Its name, as the kernel has it.
    pub name: String,
    /// The letter of its state.
    pub state: char,
    /// CPU time since it began, in ticks of 10 ms.
    pub ran: Duration,
}

/// The threads of the process in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threads {
    /// Those that ran longest, the first one longest; none where there are too many to be read.
    pub busiest: Vec<Thread>,
    /// How many there are.
    pub all: usize,
}

/// Threads that have a line of their own.
const BUSIEST: usize = 10;
/// More threads are not read again and again.
const MOST_READ: usize = 256;

/// Who was looked for, and what was found of whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lives {
    found: FxHashMap<ProcessId, Option<Life>>,
    /// Of the process in detail.
    threads: Option<(ProcessId, Threads)>,
}

impl Lives {
    /// What was found; none where it was not, or not looked for.
    pub fn of(&self, id: ProcessId) -> Option<Life> {
        self.found.get(&id).copied().flatten()
    }

    /// The threads of the process in detail, if that is this one.
    pub fn threads(&self, id: ProcessId) -> Option<&Threads> {
        self.threads.as_ref().filter(|(of, _)| *of == id).map(|(_, threads)| threads)
    }

    /// The same, with the threads of a process.
    pub fn with_threads(self, id: ProcessId, threads: Threads) -> Self {
        Self { threads: Some((id, threads)), ..self }
    }

    /// It was looked for.
    pub fn has(&self, id: ProcessId) -> bool {
        self.found.contains_key(&id)
    }

    /// Nobody was.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds what was found later.
    pub fn add(&mut self, later: Self) {
        self.found.extend(later.found);
    }
}

impl FromIterator<(ProcessId, Option<Life>)> for Lives {
    fn from_iter<I: IntoIterator<Item = (ProcessId, Option<Life>)>>(found: I) -> Self {
        Self { found: found.into_iter().collect(), threads: None }
    }
}

/// Whoever looks.
#[derive(Clone, Debug)]
pub struct Watch {
    proc_root: Option<PathBuf>,
}

impl Watch {
    /// One that looks below a folder, such as `/proc`; without one, where processes are made up or
    /// recorded, one that finds nobody.
    pub fn new(proc_root: Option<&Path>) -> Self {
        Self { proc_root: proc_root.map(Into::into) }
    }

    /// Looks for these, and for the threads of the one in detail.
    pub fn look(&self, ids: &[ProcessId], detail: Option<ProcessId>) -> Lives {
        let root = self.proc_root.as_deref();
        let one = |id: &ProcessId| (*id, root.and_then(|root| read(root, *id)));
        let lives: Lives = ids.iter().map(one).collect();
        match detail.and_then(|id| Some((id, threads(root?, id)?))) {
            Some((id, threads)) => lives.with_threads(id, threads),
            None => lives,
        }
    }
}

/// A process by its number and start: whoever was given the same number later is another.
fn read(proc_root: &Path, id: ProcessId) -> Option<Life> {
    let text = files::bytes(&proc_root.join(format!("{}/stat", id.pid))).ok()?;
    let stat = Stat::from_read(text.as_slice()).ok()?;
    // The kernel shows whole ticks.
    let same = stat.starttime == id.start / TICK_NS;
    // Who is on the way out has none.
    let threads = u32::try_from(stat.num_threads).ok()?;
    same.then_some(Life { state: stat.state, threads })
}

/// The threads of a process by their CPU time.
fn threads(proc_root: &Path, id: ProcessId) -> Option<Threads> {
    let folder = proc_root.join(format!("{}/task", id.pid));
    let names = fs::read_dir(&folder).ok()?.flatten().map(|entry| entry.file_name());
    let ids: Vec<u32> = names.filter_map(|name| name.to_str()?.parse().ok()).collect();
    let all = ids.len();
    let mut busiest: Vec<Thread> = Vec::new();
    if all <= MOST_READ {
        // One that ended meanwhile has no line.
        busiest = ids.into_iter().filter_map(|id| thread(&folder, id)).collect();
        busiest.sort_by_key(|thread| (std::cmp::Reverse(thread.ran), thread.id));
        busiest.truncate(BUSIEST);
    }
    // Who is still there with that start was there all the time.
    read(proc_root, id)?;
    Some(Threads { busiest, all })
}

fn thread(folder: &Path, id: u32) -> Option<Thread> {
    let text = files::bytes(&folder.join(format!("{id}/stat"))).ok()?;
    let Stat { comm, state, utime, stime, .. } = Stat::from_read(text.as_slice()).ok()?;
    let ran = Duration::from_nanos(utime.saturating_add(stime).saturating_mul(TICK_NS));
    Some(Thread { id, name: comm, state, ran })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A folder with one process, of that name, state, number of threads and start.
    fn proc(pid: u32, name: &str, state: char, threads: i64, start: u64) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(pid.to_string())).unwrap();
        let rest = "1 7 7 0 -1 4194304 1 0 0 0 5 6 0 0 20 0";
        let end = "0 ".repeat(30);
        let line = format!("{pid} ({name}) {state} {rest} {threads} 0 {start} {end}\n");
        fs::write(root.path().join(format!("{pid}/stat")), line).unwrap();
        root
    }

    #[test]
    fn a_process_is_known_by_its_start_and_another_of_its_number_is_not_it() {
        let root = proc(7, "a) Z 9 (b", 'D', 12, 500);
        let watch = Watch::new(Some(root.path()));
        let meant = ProcessId { pid: 7, start: 500 * TICK_NS + 3 };
        let later = ProcessId { pid: 7, start: 501 * TICK_NS };
        let gone = ProcessId { pid: 8, start: 500 * TICK_NS };
        let lives = watch.look(&[meant, later, gone], None);
        assert_eq!(lives.of(meant), Some(Life { state: 'D', threads: 12 }));
        assert_eq!((lives.of(later), lives.has(later)), (None, true));
        assert_eq!((lives.of(gone), lives.has(gone)), (None, true));
        assert!(!lives.has(ProcessId { pid: 9, start: 1 }));
    }

    #[test]
    fn what_cannot_be_read_is_not_known() {
        let id = ProcessId { pid: 7, start: 500 * TICK_NS };
        let root = proc(7, "a", 'R', 1, 500);
        fs::write(root.path().join("7/stat"), "7 (a) R 1").unwrap();
        assert_eq!(Watch::new(Some(root.path())).look(&[id], Some(id)).of(id), None);
        assert_eq!(Watch::new(None).look(&[id], Some(id)).of(id), None);
    }

    #[test]
    fn this_process_runs_and_has_threads() {
        let pid = std::process::id();
        let own = procfs::process::Process::myself().unwrap().stat().unwrap();
        let id = ProcessId { pid, start: own.starttime * TICK_NS };
        let lives = Watch::new(Some(Path::new("/proc"))).look(&[id], Some(id));
        let life = lives.of(id).unwrap();
        assert!(life.threads >= 2, "a test runs beside the first thread: {life:?}");
        assert!(!word(life.state).is_empty(), "{life:?}");
        let threads = lives.threads(id).unwrap();
        assert!(threads.all >= 2 && threads.busiest.len() == threads.all.min(BUSIEST));
        assert!(threads.busiest.is_sorted_by_key(|one| std::cmp::Reverse(one.ran)), "{threads:?}");
        let another = ProcessId { start: id.start + TICK_NS, ..id };
        let lives = Watch::new(Some(Path::new("/proc"))).look(&[], Some(another));
        assert_eq!(lives.threads(another), None, "another process of that number");
    }
}
