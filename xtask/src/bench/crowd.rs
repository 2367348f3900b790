//! Very many processes that sleep, or wake once a second and sleep again.

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Args;
use nix::unistd::{ForkResult, Pid, fork};

/// Forks take their time.
const PATIENCE: Duration = Duration::from_mins(2);

/// The parent of the crowd; it ends with its standard input.
#[derive(Args)]
pub struct Task {
    /// Processes
    count: u32,
    /// Each wakes once a second
    #[arg(long)]
    wake: bool,
}

/// Begets a crowd and waits until nobody needs it any more.
pub fn run(task: &Task) -> anyhow::Result<()> {
    for number in 0..task.count {
        // SAFETY: this program has one thread, and the child makes system calls only.
        match unsafe { fork() }.context("cannot fork; is the number of processes limited?")? {
            ForkResult::Parent { .. } => {}
            ForkResult::Child => live(number, task.wake),
        }
    }
    println!("{}", Pid::this());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(())
}

fn live(number: u32, wake: bool) -> ! {
    // SAFETY: prctl with these arguments takes no pointer.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    if wake {
        // Not all at once.
        thread::sleep(Duration::from_millis(u64::from(number % 1000)));
    }
    loop {
        thread::sleep(if wake { Duration::from_secs(1) } else { Duration::from_hours(1) });
    }
}

/// A crowd that ends with this value.
pub struct Crowd(Child);

impl Crowd {
    /// Starts one, and waits until all of them are there.
    #[expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
    pub fn start(count: u32, wake: bool) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "crowd", &count.to_string()]);
        if wake {
            command.arg("--wake");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let crowd = Self(command.spawn()?);
        let since = Instant::now();
        let children = format!("/proc/{0}/task/{0}/children", crowd.0.id());
        loop {
            let born = std::fs::read_to_string(&children)?.split_whitespace().count();
            if born == count as usize {
                return Ok(crowd);
            }
            ensure!(since.elapsed() < PATIENCE, "only {born} of {count} processes could be made");
            thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        // Its children end with it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
