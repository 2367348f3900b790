//! One run of `perf bench sched pipe`: two processes that send each other a word in turn.

use std::{
    io::ErrorKind,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Seconds on the wall, by perf: the exchange alone.
    pub wall: f64,
    /// Seconds of CPU time, user and system: all of perf, with its start and its child.
    pub cpu: f64,
    /// perf's process, one of the two that take turns.
    pub process: u32,
}

/// Runs it on the CPUs that this thread may use.
pub fn run(loops: u64) -> anyhow::Result<Run> {
    let before = of_children()?;
    let loops = loops.to_string();
    let started = Command::new("perf")
        .args(["bench", "-f", "simple", "sched", "pipe", "-l", &loops])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let perf = match started {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("there is no perf; install it: apt-get install linux-perf")
        }
        started => started.context("perf cannot be run")?,
    };
    let process = perf.id();
    let output = perf.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let Some(wall) = said.trim().parse().ok().filter(|_| output.status.success()) else {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`perf bench -f simple sched pipe` gave no time but: {said}{errors}; try it by hand")
    };
    Ok(Run { wall, cpu: of_children()? - before, process })
}

/// Seconds of CPU time of all children that have ended.
fn of_children() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}
