//! Workloads against the kernel's own account of them.

use std::{
    collections::HashSet,
    os::unix::process::ExitStatusExt as _,
    process::{Child, ExitStatus},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::require_root;

/// One test at a time: each wants the CPUs for itself.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    require_root();
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Processes of all intervals whose command line holds a word.
pub fn named<'a>(lines: &'a [Value], word: &'a str) -> impl Iterator<Item = &'a Value> {
    let processes = lines.iter().flat_map(|line| line["processes"].as_array().unwrap());
    processes.filter(move |process| {
        process["cmdline"].as_str().is_some_and(|cmdline| cmdline.contains(word))
    })
}

/// CPU seconds and processes whose command line holds a word, over all intervals.
pub fn counted(lines: &[Value], word: &str) -> (f64, usize) {
    let seconds = named(lines, word).map(|process| process["cpu_seconds"].as_f64().unwrap()).sum();
    let each = named(lines, word).map(|process| {
        (process["pid"].as_u64().unwrap(), process["start_time"].as_f64().unwrap().to_bits())
    });
    (seconds, each.collect::<HashSet<_>>().len())
}

/// The sum of a number at a path of each interval.
pub fn sum(lines: &[Value], path: [&str; 2]) -> f64 {
    lines.iter().map(|line| line[path[0]][path[1]].as_f64().unwrap()).sum()
}

/// Waits for a child and gives the CPU seconds that the kernel charged to it and its
/// children, and how it ended.
#[expect(clippy::needless_pass_by_value, reason = "it is gone afterwards")]
pub fn waited(child: Child) -> (f64, ExitStatus) {
    let pid = child.id().cast_signed();
    let mut status = 0;
    // SAFETY: plain integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to whole values of ours.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    assert_eq!(waited, pid);
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    (seconds(usage.ru_utime) + seconds(usage.ru_stime), ExitStatus::from_raw(status))
}

/// As `waited`, of a child that ends well.
pub fn charged(child: Child) -> f64 {
    let (seconds, status) = waited(child);
    assert!(status.success(), "the workload ends well: {status}");
    seconds
}

/// By how much of it two times differ.
pub fn error(found: f64, truth: f64) -> f64 {
    (found / truth - 1.0).abs()
}
