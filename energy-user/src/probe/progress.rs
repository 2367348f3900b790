//! Whether the busiest processes get anywhere, by the counters in `/proc`.
//!
//! Only those with much CPU are looked at, and each at most once a second: a look costs some
//! tens of microseconds for each thread, so that all of them cost about 1 % of a CPU at most. A
//! look is a difference, so the first of a process tells nothing.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::stat::TICK_NS;
use crate::{
    files,
    sample::{Activity, Io, Kind, ProcessId, Progress},
};

/// Processes that are looked at in one sample: the busiest.
const MOST_PROCESSES: usize = 32;
/// Threads of one process, and of all in one sample.
const MOST_THREADS: usize = 64;
const MOST_LOOKS: usize = 256;
/// Open files that are looked at.
const MOST_FILES: usize = 256;
/// The part of a CPU from which a process is looked at.
const BUSY: f64 = 0.2;
/// The same where nearly all CPUs are busy: no one of many can have much then.
const BUSY_OF_MANY: f64 = 0.02;
/// Nearly all.
const CROWDED: f64 = 0.9;
/// A process is looked at no oftener.
const PAUSE: Duration = Duration::from_secs(1);

/// What was counted of the processes that were busy at the last sample.
#[derive(Debug)]
pub struct Looker {
    root: PathBuf,
    before: HashMap<ProcessId, Look>,
    last: Option<Duration>,
}

/// One look at a process.
#[derive(Clone, Debug)]
struct Look {
    at: Duration,
    counts: Counts,
    threads: HashMap<u32, Thread>,
    /// All of its threads were looked at.
    whole: bool,
    count: u32,
    cpus: Option<u32>,
}

/// Of a whole process, since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Ticks since boot.
    start: u64,
    user: u64,
    system: u64,
    faults: u64,
    io: Option<Io>,
}

/// Of one thread, since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Thread {
    voluntary: u64,
    involuntary: u64,
    /// Nanoseconds.
    waited: Option<u64>,
}

impl Looker {
    /// Looks into the `/proc` under `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.into(), before: HashMap::new(), last: None }
    }

    /// Says of the busiest processes what came of their time, on a machine of so many CPUs; `now`
    /// is on the monotonic clock.
    pub fn look(&mut self, activity: &mut Activity, cpus: usize, now: Duration) {
        let interval = self.last.replace(now).map_or(Duration::ZERO, |last| now.abs_diff(last));
        if interval.is_zero() {
            return;
        }
        let all: Duration = activity.processes.iter().map(|process| process.cpu.total()).sum();
        let crowded = all.as_secs_f64() > CROWDED * interval.as_secs_f64() * cpus as f64;
        let least = interval.mul_f64(if crowded { BUSY_OF_MANY } else { BUSY });
        let mut busy: Vec<_> = activity
            .processes
            .iter_mut()
            .filter(|process| process.identity.kind == Kind::Process && !process.ended)
            .map(|process| (process.cpu.total(), process))
            .filter(|(time, _)| *time >= least)
            .collect();
        busy.sort_by_key(|(time, process)| (std::cmp::Reverse(*time), process.id));
        busy.truncate(MOST_PROCESSES);
        let mut before = std::mem::take(&mut self.before);
        let mut left = MOST_LOOKS;
        for (_, process) in busy {
            if left == 0 {
                break;
            }
            let id = process.id;
            let earlier = before.remove(&id);
            if let Some(earlier) = &earlier
                && now.saturating_sub(earlier.at) < PAUSE
            {
                self.before.insert(id, earlier.clone());
                continue;
            }
            let path = self.root.join(id.pid.to_string());
            let Some(look) = Look::at(&path, id, now, left.min(MOST_THREADS)) else { continue };
            left = left.saturating_sub(look.threads.len());
            process.progress = earlier.and_then(|earlier| look.since(&earlier)).map(|progress| {
                let uncounted = idles(&progress).then(|| uncounted(&path)).flatten();
                Progress { uncounted, ..progress }
            });
            self.before.insert(id, look);
        }
    }
}

impl Look {
    /// Looks at a process, and at no more threads than `most`; none if it is gone.
    fn at(path: &Path, id: ProcessId, at: Duration, most: usize) -> Option<Self> {
        let mut counts = stat(&files::read(&path.join("stat")).ok()?)?;
        if counts.start != id.start / TICK_NS {
            // The number is somebody else's by now.
            return None;
        }
        counts.io = files::read(&path.join("io")).ok().and_then(|text| io(&text));
        let mut look =
            Self { at, counts, threads: HashMap::new(), whole: true, count: 0, cpus: None };
        for entry in fs::read_dir(path.join("task")).ok()?.flatten() {
            look.count = look.count.saturating_add(1);
            if look.threads.len() >= most {
                look.whole = false;
                continue;
            }
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let status = files::read(&entry.path().join("status"));
            // What ends meanwhile is not there any more.
            let (Some(number), Ok(status)) = (number, status) else { continue };
            let waited = files::read(&entry.path().join("schedstat")).ok();
            let waited = waited.and_then(|text| text.split_whitespace().nth(1)?.parse().ok());
            let field = |name| value(&status, name);
            let thread = Thread {
                voluntary: field("voluntary_ctxt_switches:")?,
                involuntary: field("nonvoluntary_ctxt_switches:")?,
                waited,
            };
            if number == id.pid {
                look.cpus = cpus_allowed(&status);
            }
            look.threads.insert(number, thread);
        }
        Some(look)
    }

    /// What was counted since an earlier look; none if that cannot be of the same process.
    fn since(&self, earlier: &Self) -> Option<Progress> {
        let ticks = |now: u64, then: u64| {
            Some(Duration::from_nanos(now.checked_sub(then)?.saturating_mul(TICK_NS)))
        };
        let (now, then) = (&self.counts, &earlier.counts);
        let mut progress = Progress {
            over: self.at.checked_sub(earlier.at).filter(|over| !over.is_zero())?,
            user: ticks(now.user, then.user)?,
            system: ticks(now.system, then.system)?,
            faults: now.faults.checked_sub(then.faults)?,
            io: now.io.zip(then.io).and_then(|(now, then)| {
                Some(Io {
                    bytes: now.bytes.checked_sub(then.bytes)?,
                    calls: now.calls.checked_sub(then.calls)?,
                })
            }),
            waited: Some(Duration::ZERO),
            threads: self.count,
            partial: !self.whole,
            cpus: self.cpus,
            ..Progress::default()
        };
        for (number, now) in &self.threads {
            let then = match earlier.threads.get(number) {
                // One that counts less than before has a number that was used before.
                Some(then) if now.follows(then) => *then,
                None if !earlier.whole => continue,
                _ => Thread { waited: Some(0), ..Thread::default() },
            };
            let voluntary = now.voluntary.saturating_sub(then.voluntary);
            let involuntary = now.involuntary.saturating_sub(then.involuntary);
            progress.voluntary = progress.voluntary.saturating_add(voluntary);
            progress.involuntary = progress.involuntary.saturating_add(involuntary);
            let waited = now.waited.zip(then.waited);
            let waited = waited.map(|(now, then)| Duration::from_nanos(now.saturating_sub(then)));
            progress.waited =
                progress.waited.zip(waited).map(|(sum, more)| sum.saturating_add(more));
        }
        Some(progress)
    }
}

impl Thread {
    fn follows(&self, then: &Self) -> bool {
        self.voluntary >= then.voluntary
            && self.involuntary >= then.involuntary
            && self.waited >= then.waited
    }
}

/// It may be that nothing came of its time: only then is it worth while to look at its files.
fn idles(progress: &Progress) -> bool {
    let little = |io: Io| io.bytes as f64 <= 65_536.0 * progress.over.as_secs_f64();
    let system = progress.system.as_secs_f64() >= 0.2 * progress.cpu().as_secs_f64();
    system && progress.io.is_some_and(little)
}

/// Open files through which data may pass that is counted nowhere; none if they cannot be seen,
/// or are too many.
fn uncounted(path: &Path) -> Option<u32> {
    let mut count = 0;
    for (index, entry) in fs::read_dir(path.join("fd")).ok()?.enumerate() {
        if index >= MOST_FILES {
            return None;
        }
        // One that is closed meanwhile is not there any more.
        let Ok(target) = fs::read_link(entry.ok()?.path()) else { continue };
        count += u32::from(passes_uncounted(&target));
    }
    Some(count)
}

/// Whether data may pass through such a file without a call that is counted.
fn passes_uncounted(target: &Path) -> bool {
    /// What a process may have open of `anon_inode` and moves no data, or counts it.
    const HARMLESS: [&str; 6] = ["eventfd", "eventpoll", "timerfd", "signalfd", "inotify", "pidfd"];
    /// Devices that are read and written by calls.
    const DEVICES: [&str; 8] =
        ["null", "zero", "full", "random", "urandom", "tty", "console", "ptmx"];
    let Some(text) = target.to_str() else { return true };
    if let Some(kind) = text.strip_prefix("anon_inode:") {
        return !HARMLESS.iter().any(|harmless| kind.contains(harmless));
    }
    if let Some(device) = text.strip_prefix("/dev/") {
        return !DEVICES.contains(&device)
            && !["pts/", "shm/", "tty"].iter().any(|prefix| device.starts_with(prefix));
    }
    // A directory is gone through without a call that counts.
    !text.starts_with("pipe:") && (text.starts_with("socket:") || target.is_dir())
}

/// `/proc/PID/stat`: the name may hold spaces and brackets, so the numbers begin after the last.
fn stat(text: &str) -> Option<Counts> {
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // The first after the name is the third of proc(5).
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Counts {
        start: field(22)?,
        user: field(14)?,
        system: field(15)?,
        faults: field(10)?.saturating_add(field(12)?),
        io: None,
    })
}

/// `/proc/PID/io`: what went through calls, from a disk or not.
fn io(text: &str) -> Option<Io> {
    let sum = |a, b| Some(value(text, a)?.saturating_add(value(text, b)?));
    Some(Io { bytes: sum("rchar:", "wchar:")?, calls: sum("syscr:", "syscw:")? })
}

/// The number that follows a name at the beginning of a line.
fn value(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// CPUs in the mask `Cpus_allowed`, which is hexadecimal with commas.
fn cpus_allowed(status: &str) -> Option<u32> {
    let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed:"))?.trim();
    let digits = mask.chars().filter(|&digit| digit != ',');
    digits.map(|digit| Some(digit.to_digit(16)?.count_ones())).sum()
}

#[cfg(test)]
mod tests;
