//! The end of a whole tree of processes: SIGTERM, and SIGKILL to whoever is left.
//!
//! A process is told by number and start, so that a number that was given again is left alone.
//! Whose parent ends becomes a child of jouletop meanwhile, so that none gets away between two
//! looks at the processes.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::{
    sys::{prctl, signal::Signal},
    unistd::{SysconfVar, sysconf},
};

use super::signals;
use crate::{files, probe::TICK_NS, sample::ProcessId, subject::Subject};

/// How often the processes are looked at meanwhile.
pub const LOOK: Duration = Duration::from_millis(100);

/// Starts that were told exactly and in ticks are no farther apart.
const APART_NS: u64 = 2 * TICK_NS;

/// A tree that is being ended.
pub struct Stop {
    proc_root: PathBuf,
    grace: Duration,
    since: Duration,
    asked: HashSet<(u32, u64)>,
    killed: HashSet<(u32, u64)>,
}

#[derive(Clone, Copy)]
struct Process {
    parent: u32,
    /// Nanoseconds since boot.
    start: u64,
}

impl Stop {
    /// Begins now; `now` is time that never steps.
    pub fn new(proc_root: &Path, grace: Duration, now: Duration) -> Self {
        // Where it fails, orphans are found by their births alone.
        let _ = prctl::set_child_subreaper(true);
        let proc_root = proc_root.into();
        let (asked, killed) = (HashSet::new(), HashSet::new());
        Self { proc_root, grace, since: now, asked, killed }
    }

    /// Signals everybody who lives, and the command if it is not known to have ended; true while there is anybody.
    pub fn look(&mut self, tree: &Subject, child: Option<u32>, now: Duration) -> bool {
        let mut living = living(&self.proc_root, tree.members());
        // The command itself, even if `/proc` is not that of this machine.
        let missing = child.filter(|child| living.iter().all(|(pid, _)| pid != child));
        living.extend(missing.map(|pid| (pid, 0)));
        let kill = now.saturating_sub(self.since) >= self.grace;
        for &(pid, start) in &living {
            if kill {
                self.killed.insert((pid, start));
                signals::send(pid, Signal::SIGKILL);
            } else if self.asked.insert((pid, start)) {
                signals::send(pid, Signal::SIGTERM);
                // One that is stopped would not hear it.
                signals::send(pid, Signal::SIGCONT);
            }
        }
        !living.is_empty()
    }

    /// Even SIGKILL has not ended everybody in time: they are in the kernel's hands.
    pub fn in_vain(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) >= self.grace + Duration::from_secs(5)
    }

    /// How many were ended by force.
    pub fn killed(&self) -> usize {
        self.killed.len()
    }
}

/// Members that live, and what lives below them and below jouletop.
fn living<'a>(proc_root: &Path, members: impl Iterator<Item = &'a ProcessId>) -> Vec<(u32, u64)> {
    let all = processes(proc_root);
    let own = std::process::id();
    let is =
        |member: &ProcessId, process: &Process| member.start.abs_diff(process.start) <= APART_NS;
    let members: HashSet<u32> = members
        .filter(|member| all.get(&member.pid).is_some_and(|process| is(member, process)))
        .map(|member| member.pid)
        .collect();
    let below = |pid: u32| {
        let mut at = pid;
        // Nobody's line of parents is longer, unless it changed while it was read.
        for _ in 0..all.len() {
            let Some(process) = all.get(&at) else { return false };
            if members.contains(&at) || process.parent == own {
                return true;
            }
            at = process.parent;
        }
        false
    };
    let found = all.iter().filter(|(pid, _)| **pid != own && below(**pid));
    found.map(|(pid, process)| (*pid, process.start)).collect()
}

/// All processes that have not ended.
fn processes(proc_root: &Path) -> HashMap<u32, Process> {
    let ticks = sysconf(SysconfVar::CLK_TCK).ok().flatten();
    let ticks = ticks.and_then(|ticks| u64::try_from(ticks).ok()).unwrap_or(100).max(1);
    let entries = fs::read_dir(proc_root).into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| {
        let stat = files::read(&proc_root.join(pid.to_string()).join("stat")).ok()?;
        Some((pid, parse(&stat, ticks)?))
    })
    .collect()
}

/// A line of `/proc/PID/stat`; none of who has ended (proc(5)).
fn parse(line: &str, ticks: u64) -> Option<Process> {
    // The name before may hold anything.
    let mut fields = line.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    // The 22nd of all is the 20th behind the name.
    let start: u64 = fields.nth(17)?.parse().ok()?;
    let start = u64::try_from(u128::from(start) * 1_000_000_000 / u128::from(ticks)).ok()?;
    (!matches!(state, "Z" | "X")).then_some(Process { parent, start })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_ended_is_none_and_numbers_are_not_confused() {
        let stat = |pid: u32, state: &str, parent: u32, start: u64| {
            let zeros = "0 ".repeat(17);
            format!("{pid} (a) b) {state} {parent} {zeros}{start} 0")
        };
        let dir = tempfile::tempdir().unwrap();
        for (pid, state, parent, start) in [
            (10, "S", 1, 500),
            (11, "R", 10, 510),
            (12, "Z", 10, 520),
            (13, "R", 11, 530),
            // another took the number of a member that ended
            (14, "R", 1, 900),
        ] {
            let place = dir.path().join(pid.to_string());
            fs::create_dir(&place).unwrap();
            fs::write(place.join("stat"), stat(pid, state, parent, start)).unwrap();
        }
        let members = [(10, 5_003_000_000), (14, 5_400_000_000)];
        let members = members.map(|(pid, start)| ProcessId { pid, start });
        let mut found = living(dir.path(), members.iter());
        found.sort_unstable();
        assert_eq!(found, [(10, 5_000_000_000), (11, 5_100_000_000), (13, 5_300_000_000)]);
    }
}
