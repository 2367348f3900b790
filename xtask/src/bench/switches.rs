//! Context switches to order: processes on one CPU that pass a token around a ring.
//!
//! What a switch costs a probe depends on how many processes it tells apart, on how
//! many of them take turns, and on their threads. Building a ring of thousands takes
//! seconds and is not measured, so it is apart from running it.

mod load;
mod station;

use std::io::{PipeReader, PipeWriter, Read as _, Write as _, pipe};

use anyhow::Context as _;
pub use load::{LOADS, Load};
use nix::{
    sys::wait::waitpid,
    unistd::{ForkResult, Pid, fork},
};
use station::{Entrance, Lap, Way};

use super::cpu::pinned;

const GONE: &str = "a process of the ring went away; look for the out-of-memory killer in dmesg";

/// Processes that wait for the token. They end when this is dropped, or its process ends.
pub struct Ring {
    load: Load,
    children: Vec<Pid>,
    /// To the leader; closed to end the ring.
    orders: Option<PipeWriter>,
    reports: PipeReader,
}

impl Ring {
    /// Forks the processes. What is open now is closed in them.
    pub fn build(load: Load) -> anyhow::Result<Self> {
        load.check()?;
        // A fork copies the tables of all memory, also of what was freed and kept.
        // SAFETY: it takes a number and touches only what is free.
        unsafe { libc::malloc_trim(0) };
        let (orders, to_leader) = pipe()?;
        let (reports, from_leader) = pipe()?;
        let mut ring = Self { load, children: Vec::new(), orders: Some(to_leader), reports };
        pinned(|| ring.fork_all(orders, from_leader))?;
        Ok(ring)
    }

    /// Each process reads from the one before it, and holds nothing but its own ends.
    fn fork_all(&mut self, orders: PipeReader, reports: PipeWriter) -> anyhow::Result<()> {
        let (hot, after_hot) = pipe()?;
        let (all, after_all) = pipe()?;
        let mut after_hot = Some(after_hot);
        let mut after_all = Some(after_all);
        let mut entrance = Entrance::Leader { orders, reports, hot, all };
        for number in 1..=self.load.live {
            let (from, to) = if number == self.load.live {
                (None, after_all.take().context("the ring is closed twice")?)
            } else {
                let (from, to) = pipe()?;
                (Some(from), to)
            };
            let shortcut = if number == self.load.hot { after_hot.take() } else { None };
            let way = Way { to, shortcut };
            // SAFETY: the child uses what it was given, allocates, and starts threads, all
            // of which glibc allows after a fork.
            match unsafe { fork() }.with_context(|| self.load.too_many(number))? {
                ForkResult::Child => station::live(entrance, way, self.load.threads),
                ForkResult::Parent { child } => self.children.push(child),
            }
            let Some(from) = from else { break };
            entrance = Entrance::Follower(from);
        }
        Ok(())
    }

    /// Makes about so many switches among the hot processes, at least one lap.
    pub fn make(&mut self, switches: u64) -> anyhow::Result<()> {
        let lap = u64::from(self.load.hot) * u64::from(self.load.threads);
        self.order(Lap::Hot, (switches / lap).max(1))
    }

    /// Lets every thread of every process run once, so that a probe has seen them all.
    pub fn stir(&mut self) -> anyhow::Result<()> {
        self.order(Lap::All, 1)
    }

    fn order(&mut self, lap: Lap, laps: u64) -> anyhow::Result<()> {
        let orders = self.orders.as_mut().context("the ring has ended")?;
        orders.write_all(&station::order(lap, laps)).context(GONE)?;
        self.reports.read_exact(&mut [0]).context(GONE)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // The leader's end ends the next process, and so on around.
        self.orders = None;
        for child in &self.children {
            // An error means that it is gone already.
            let _ = waitpid(*child, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use nix::sys::signal::{Signal, kill};

    use super::*;

    fn ring(live: u32, hot: u32, threads: u32) -> Ring {
        Ring::build(Load { live, hot, threads }).unwrap()
    }

    /// How often each thread of a process has given up the CPU to wait.
    fn waits(process: Pid) -> Vec<u64> {
        let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
        let status = threads.map(|thread| thread.unwrap().path().join("status"));
        status
            .map(|path| {
                let status = fs::read_to_string(path).unwrap();
                let line = status.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
                line.unwrap().trim().parse().unwrap()
            })
            .collect()
    }

    #[test]
    fn only_the_hot_take_turns_and_a_stir_reaches_everybody() {
        let mut ring = ring(5, 2, 3);
        ring.stir().unwrap();
        let before = ring.children.iter().map(|child| waits(*child)).collect::<Vec<_>>();
        assert!(before.iter().all(|threads| threads.len() == 3));
        ring.make(6000).unwrap();
        for (number, child) in ring.children.iter().enumerate() {
            for (now, before) in waits(*child).iter().zip(&before[number]) {
                let turns = now - before;
                // A thread that finds its token there already need not wait for it.
                assert!(if number < 2 { turns > 100 } else { turns < 10 }, "{number}: {turns}");
            }
        }
    }

    #[test]
    fn all_may_be_hot_and_a_ring_runs_again() {
        let mut ring = ring(40, 40, 1);
        for _ in 0..3 {
            ring.stir().unwrap();
            ring.make(400).unwrap();
        }
    }

    #[test]
    fn each_process_holds_its_ends_and_nothing_else() {
        let mut ring = ring(4, 2, 1);
        ring.stir().unwrap();
        let open = |child: &Pid| fs::read_dir(format!("/proc/{child}/fd")).unwrap().count() - 3;
        // Orders, reports, two ways in, one out; in and out and the shortcut; in and out.
        assert_eq!(ring.children.iter().map(open).collect::<Vec<_>>(), [5, 3, 2, 2]);
    }

    #[test]
    fn a_broken_ring_is_an_error_and_no_wait_without_end() {
        let mut ring = ring(6, 2, 2);
        kill(ring.children[3], Signal::SIGKILL).unwrap();
        waitpid(ring.children[3], None).unwrap();
        assert!(ring.stir().is_err());
    }
}
