//! bpftrace counting on-CPU time by process: what a person would type instead.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Lines, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::Run;

/// `pid` is the process (thread group) of the thread that leaves.
pub const PROGRAM: &str = "tracepoint:sched:sched_switch { if (@start[cpu]) \
                           { @ns[pid] = sum(nsecs - @start[cpu]); } @start[cpu] = nsecs; }";

/// Says once that the program has counted. It runs on the first CPU, the runs on the last.
const READY: &str =
    "interval:ms:50 { if (@start[cpu] && !@said) { @said = 1; printf(\"counting\\n\"); } }";

/// bpftrace at work; killed if it is dropped without having been stopped.
pub struct Bpftrace {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Bpftrace {
    /// Starts it and waits until it counts.
    pub fn start() -> anyhow::Result<Self> {
        let started = Command::new("bpftrace")
            .args(["-B", "none", "-e", &format!("{PROGRAM} {READY}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match started {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("there is no bpftrace; install it: apt-get install bpftrace")
            }
            started => started.context("bpftrace cannot be run")?,
        };
        let stdout = child.stdout.take().context("bpftrace has no output")?;
        let mut bpftrace = Self { child, said: BufReader::new(stdout).lines() };
        for line in bpftrace.said.by_ref() {
            if line? == "counting" {
                return Ok(bpftrace);
            }
        }
        let mut errors = String::new();
        if let Some(mut stderr) = bpftrace.child.stderr.take() {
            stderr.read_to_string(&mut errors)?;
        }
        bail!(
            "bpftrace ended before it counted: {}; it needs root, and perhaps \
             `mount -t tracefs tracefs /sys/kernel/tracing`",
            errors.trim()
        )
    }

    /// Stops it, and fails unless it has counted the run: perf is one half of it.
    pub fn stop(mut self, run: &Run) -> anyhow::Result<()> {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT)?;
        let said = self.said.by_ref().collect::<Result<Vec<_>, _>>()?;
        self.child.wait()?;
        let counted = counted(&said, run.process);
        ensure!(
            counted > run.cpu * 0.2,
            "bpftrace counted {counted} s of perf's {} s, so it was not there all the time; \
             run this again",
            run.cpu
        );
        Ok(())
    }
}

impl Drop for Bpftrace {
    fn drop(&mut self) {
        // Errors mean that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds of a process, from what bpftrace prints of its maps.
fn counted(said: &[String], process: u32) -> f64 {
    let prefix = format!("@ns[{process}]: ");
    let line = said.iter().find_map(|line| line.strip_prefix(&prefix));
    line.and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_by_its_whole_number() {
        let said = ["@ns[12]: 5000000000", "@ns[1]: 250000000", "", "@start[0]: 7"];
        let said = said.map(String::from);
        assert!((counted(&said, 1) - 0.25).abs() < 1e-9);
        assert!(counted(&said, 2).abs() < 1e-9);
    }
}
