//! Context switches to order: processes on one CPU that wake each other in turn.

use std::{
    io::{PipeReader, PipeWriter, Read as _, Write as _, pipe},
    process::exit,
};

use anyhow::Context as _;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    sys::wait::waitpid,
    unistd::{ForkResult, Pid, fork},
};

/// This process, for `sched_setaffinity`.
const SELF: Pid = Pid::from_raw(0);

/// Makes about so many switches among so many processes, of which this is one.
pub fn make(switches: u64, processes: usize) -> anyhow::Result<()> {
    let before = sched_getaffinity(SELF)?;
    pin(&before)?;
    let played = play(switches / processes as u64, processes);
    sched_setaffinity(SELF, &before)?;
    played
}

/// Binds this process, and those it forks, to the last CPU it may use.
fn pin(allowed: &CpuSet) -> anyhow::Result<()> {
    let usable = |cpu: &usize| allowed.is_set(*cpu).unwrap_or(false);
    let cpu = (0..CpuSet::count()).rev().find(usable).context("no CPU is allowed")?;
    let mut set = CpuSet::new();
    set.set(cpu)?;
    Ok(sched_setaffinity(SELF, &set)?)
}

/// Passes a byte around a ring: each process reads from the one before it.
fn play(rounds: u64, processes: usize) -> anyhow::Result<()> {
    let (mut from, first) = pipe()?;
    let mut children = Vec::new();
    for _ in 1..processes {
        let (next, mut to) = pipe()?;
        // SAFETY: this program has one thread.
        match unsafe { fork() }? {
            ForkResult::Child => {
                // Closed, so that one end means the end of all.
                drop((first, next));
                exit(i32::from(pass_on(&mut from, &mut to, rounds).is_err()));
            }
            ForkResult::Parent { child } => children.push(child),
        }
        from = next;
    }
    let played = lead(first, from, rounds).context("a process of the ring went away");
    for child in children {
        waitpid(child, None)?;
    }
    played
}

fn lead(mut to: PipeWriter, mut from: PipeReader, rounds: u64) -> std::io::Result<()> {
    let mut byte = [0];
    for _ in 0..rounds {
        to.write_all(&byte)?;
        from.read_exact(&mut byte)?;
    }
    Ok(())
}

fn pass_on(from: &mut PipeReader, to: &mut PipeWriter, rounds: u64) -> std::io::Result<()> {
    let mut byte = [0];
    for _ in 0..rounds {
        from.read_exact(&mut byte)?;
        to.write_all(&byte)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_ring_is_an_error_and_no_wait_without_end() {
        let (mut from, to) = pipe().unwrap();
        drop(to);
        assert!(pass_on(&mut from, &mut pipe().unwrap().1, 1).is_err());
        assert!(lead(pipe().unwrap().1, from, 1).is_err());
    }
}
