//! Looks at a `/proc` of files: differences, limits, and numbers that are used again.

use std::{os::unix::fs::symlink, sync::Arc};

use super::*;
use crate::sample::{CpuTime, Identity, ProcessActivity};

const SECOND: Duration = Duration::from_secs(1);

/// A `/proc` that tests write.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Process 7, which began at tick 300, with so much done.
    fn process(&self, user: u64, system: u64, bytes: u64) {
        let text = format!("7 (a) b) R 1 7 7 0 -1 0 40 0 2 0 {user} {system} 0 0 20 0 1 0 300 0\n");
        self.write("7/stat", &text);
        let io = format!("rchar: {bytes}\nwchar: 1\nsyscr: 10\nsyscw: 2\nread_bytes: 0\n");
        self.write("7/io", &io);
    }

    fn thread(&self, number: u32, voluntary: u64, waited: u64) {
        let status = format!(
            "Name:\ta\nCpus_allowed:\tff,0000000f\nvoluntary_ctxt_switches:\t{voluntary}\n\
             nonvoluntary_ctxt_switches:\t3\n"
        );
        self.write(&format!("7/task/{number}/status"), &status);
        self.write(&format!("7/task/{number}/schedstat"), &format!("5 {waited} 9\n"));
    }

    /// A look after which process 7 had a part of a CPU since the last.
    fn look(&self, looker: &mut Looker, at: Duration, part: f64) -> Option<Progress> {
        let _ = self;
        let ns = SECOND.mul_f64(part).as_nanos() as u64;
        let id = ProcessId { pid: 7, start: 300 * TICK_NS + 5 };
        let identity = Arc::new(Identity::default());
        let process = ProcessActivity::new(id, identity, false, CpuTime(vec![ns]));
        let mut activity = Activity { processes: vec![process], ..Activity::default() };
        looker.look(&mut activity, 4, at);
        activity.processes[0].progress
    }
}

#[test]
fn a_look_is_the_difference_to_the_one_before() {
    let tree = Tree::new();
    let mut looker = Looker::new(tree.0.path());
    tree.process(100, 50, 1000);
    tree.thread(7, 20, 1_000_000);
    tree.thread(8, 1, 0);
    fs::create_dir_all(tree.0.path().join("7/fd")).unwrap();
    symlink("socket:[1]", tree.0.path().join("7/fd/0")).unwrap();
    symlink("pipe:[2]", tree.0.path().join("7/fd/1")).unwrap();
    assert_eq!(tree.look(&mut looker, SECOND, 1.0), None, "the first sample has no length");
    assert_eq!(tree.look(&mut looker, 2 * SECOND, 1.0), None, "the first look tells nothing");
    tree.process(110, 130, 1500);
    tree.thread(7, 30, 3_000_000);
    // Thread 8 ended, and 9 began.
    fs::remove_dir_all(tree.0.path().join("7/task/8")).unwrap();
    tree.thread(9, 4, 500_000);
    let progress = tree.look(&mut looker, 3 * SECOND, 1.0).unwrap();
    let expected = Progress {
        over: SECOND,
        user: Duration::from_millis(100),
        system: Duration::from_millis(800),
        voluntary: 10 + 4,
        involuntary: 3,
        faults: 0,
        io: Some(Io { bytes: 500, calls: 0 }),
        waited: Some(Duration::from_micros(2500)),
        threads: 2,
        partial: false,
        cpus: Some(12),
        uncounted: Some(1),
    };
    assert_eq!(progress, expected);
    // Again too soon; then nobody's business, and so the next look is a first one.
    assert_eq!(tree.look(&mut looker, 3 * SECOND + SECOND / 2, 1.0), None);
    assert!(tree.look(&mut looker, 5 * SECOND, 1.0).is_some());
    assert_eq!(tree.look(&mut looker, 6 * SECOND, 0.1), None);
    assert_eq!(tree.look(&mut looker, 7 * SECOND, 1.0), None);
    assert!(tree.look(&mut looker, 8 * SECOND, 1.0).is_some());
}

#[test]
fn a_number_of_somebody_else_and_counts_that_fall_tell_nothing() {
    let tree = Tree::new();
    let mut looker = Looker::new(tree.0.path());
    tree.process(100, 50, 1000);
    tree.thread(7, 20, 0);
    tree.look(&mut looker, SECOND, 1.0);
    tree.look(&mut looker, 2 * SECOND, 1.0);
    tree.process(99, 50, 1000);
    assert_eq!(tree.look(&mut looker, 3 * SECOND, 1.0), None);
    tree.write("7/stat", "7 (a) R 1 7 7 0 -1 0 0 0 0 0 999 0 0 0 20 0 1 0 301 0 0\n");
    assert_eq!(tree.look(&mut looker, 4 * SECOND, 1.0), None);
    assert!(looker.before.is_empty());
    for text in ["", "7 (a", "7 (a) R", "7 (a) R x x x x x x x x x x x x x x x x x x x"] {
        tree.write("7/stat", text);
        assert_eq!(tree.look(&mut looker, 9 * SECOND, 1.0), None, "{text}");
    }
}

#[test]
fn what_nobody_may_read_is_none_and_not_zero() {
    let tree = Tree::new();
    let mut looker = Looker::new(tree.0.path());
    tree.process(0, 0, 0);
    tree.thread(7, 0, 0);
    fs::remove_file(tree.0.path().join("7/io")).unwrap();
    fs::remove_file(tree.0.path().join("7/task/7/schedstat")).unwrap();
    tree.look(&mut looker, SECOND, 1.0);
    tree.look(&mut looker, 2 * SECOND, 1.0);
    let progress = tree.look(&mut looker, 3 * SECOND, 1.0).unwrap();
    assert_eq!((progress.io, progress.waited, progress.uncounted), (None, None, None));
    assert_eq!(progress.voluntary, 0);
}

#[test]
fn of_very_many_threads_some_are_looked_at() {
    let tree = Tree::new();
    let mut looker = Looker::new(tree.0.path());
    tree.process(0, 0, 0);
    for number in 7..107 {
        tree.thread(number, 0, 0);
    }
    tree.look(&mut looker, SECOND, 1.0);
    tree.look(&mut looker, 2 * SECOND, 1.0);
    let progress = tree.look(&mut looker, 3 * SECOND, 1.0).unwrap();
    assert_eq!((progress.threads, progress.partial), (100, true));
    assert_eq!(looker.before.values().next().unwrap().threads.len(), MOST_THREADS);
}

#[test]
fn who_has_little_is_looked_at_only_where_nobody_can_have_more() {
    let tree = Tree::new();
    let mut looker = Looker::new(tree.0.path());
    let process = |pid: u32, part: f64| {
        let ns = SECOND.mul_f64(part).as_nanos() as u64;
        let id = ProcessId { pid, start: 300 * TICK_NS };
        ProcessActivity::new(id, Arc::new(Identity::default()), false, CpuTime(vec![ns]))
    };
    tree.process(0, 0, 0);
    tree.thread(7, 0, 0);
    looker.look(&mut Activity::default(), 1, SECOND);
    let mut alone = Activity { processes: vec![process(7, 0.1)], ..Activity::default() };
    looker.look(&mut alone, 1, 2 * SECOND);
    assert!(looker.before.is_empty());
    let processes = vec![process(7, 0.1), process(8, 0.85)];
    let mut crowd = Activity { processes, ..Activity::default() };
    looker.look(&mut crowd, 1, 3 * SECOND);
    assert_eq!(looker.before.keys().map(|id| id.pid).collect::<Vec<_>>(), [7]);
}

#[test]
fn a_file_passes_data_uncounted_or_not() {
    for target in ["pipe:[3]", "/dev/null", "/dev/pts/4", "anon_inode:[eventfd]", "/etc/hostname"] {
        assert!(!passes_uncounted(Path::new(target)), "{target}");
    }
    for target in ["socket:[3]", "/dev/kvm", "/dev/dri/card0", "anon_inode:[io_uring]", "/proc"] {
        assert!(passes_uncounted(Path::new(target)), "{target}");
    }
}
