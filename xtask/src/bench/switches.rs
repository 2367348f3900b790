//! Context switches to order: two processes on one CPU that wake each other.

use std::{
    io::{PipeReader, PipeWriter, Read as _, Write as _, pipe},
    process::exit,
};

use anyhow::Context as _;
use nix::{
    sched::{CpuSet, sched_setaffinity},
    sys::wait::waitpid,
    unistd::{ForkResult, Pid, fork},
};

/// Makes about so many switches on the last CPU, between two processes.
pub fn make(switches: u64) -> anyhow::Result<()> {
    let cpu = std::thread::available_parallelism().map_or(1, usize::from) - 1;
    let (to_child, from_parent) = pipe()?;
    let (to_parent, from_child) = pipe()?;
    let rounds = switches / 2;
    // SAFETY: this program has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            // Closed, so that the end of the parent ends the child.
            drop((from_parent, to_parent));
            let played = pin(cpu).and_then(|()| pong(to_child, from_child, rounds));
            exit(i32::from(played.is_err()));
        }
        ForkResult::Parent { child } => {
            drop((to_child, from_child));
            let before = nix::sched::sched_getaffinity(Pid::from_raw(0))?;
            pin(cpu)?;
            ping(from_parent, to_parent, rounds).context("the other process went away")?;
            sched_setaffinity(Pid::from_raw(0), &before)?;
            waitpid(child, None)?;
        }
    }
    Ok(())
}

fn pin(cpu: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    sched_setaffinity(Pid::from_raw(0), &set)?;
    Ok(())
}

fn ping(mut to: PipeWriter, mut from: PipeReader, rounds: u64) -> anyhow::Result<()> {
    let mut byte = [0];
    for _ in 0..rounds {
        to.write_all(&byte)?;
        from.read_exact(&mut byte)?;
    }
    Ok(())
}

fn pong(mut from: PipeReader, mut to: PipeWriter, rounds: u64) -> anyhow::Result<()> {
    let mut byte = [0];
    for _ in 0..rounds {
        from.read_exact(&mut byte)?;
        to.write_all(&byte)?;
    }
    Ok(())
}
