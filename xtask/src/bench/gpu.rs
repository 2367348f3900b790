//! What it costs to watch GPUs: jouletop's screen beside nvitop's, on the same fake library.
//!
//! The fake answers without a driver, so this is what the readers cost by themselves; what a
//! real driver takes for each call comes on top, for both.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::ensure;
use clap::{Args, value_parser};

use super::terminal::{Terminal, Used};
use crate::{python, shell};

/// The most that jouletop may use, of one CPU.
const PROMISED: f64 = 0.02;
/// Looks a second, of jouletop, and of nvitop, which is not faster than that.
const OURS: f64 = 10.0;
const THEIRS: f64 = 4.0;
/// Until everybody has found everybody.
const SETTLE: Duration = Duration::from_secs(6);

#[derive(Args)]
pub struct Task {
    /// GPUs
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u32).range(1..=16))]
    gpus: u32,
    /// Processes on each GPU
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u32).range(1..=100))]
    processes: u32,
    /// How long to watch
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u64).range(5..))]
    seconds: u64,
}

/// Prints what each used, and fails if a promise is not kept.
pub fn run(task: &Task) -> anyhow::Result<()> {
    python::run()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = ["build", "--quiet", "--release", "-p", "energy-user", "-p", "fake-nvml"];
    shell::run(Command::new(cargo).current_dir(shell::root()).args(build))?;
    let release = shell::target().join("release");
    let library = release.join("libfake_nvml.so");
    let people = People::start(task.gpus * task.processes)?;
    let folder = tempfile::tempdir()?;
    let scenario = folder.path().join("gpus.toml");
    fs::write(&scenario, scenario_of(task, &people))?;
    // Its loader asks for the library by this name.
    std::os::unix::fs::symlink(&library, folder.path().join("libnvidia-ml.so.1"))?;

    let mut ours = Command::new(release.join("jouletop"));
    ours.args(["--interval", "100ms", "--nvml-lib"]).arg(&library);
    let mut theirs = Command::new(shell::root().join("target/python/bin/nvitop"));
    theirs.args(["--monitor", "full", "--interval", "0.25"]);
    theirs.env("LD_LIBRARY_PATH", folder.path());
    let seconds = Duration::from_secs(task.seconds);
    let [ours, theirs] = together([ours, theirs], &scenario, seconds)?;

    let line = |name: &str, used: Used, looks: f64| {
        let part = used.cpu.as_secs_f64() / seconds.as_secs_f64();
        let each = used.cpu.as_secs_f64() * 1e3 / (looks * seconds.as_secs_f64());
        let bytes = used.bytes as f64 / (looks * seconds.as_secs_f64());
        println!(
            "{name:<10} {looks:>4} looks a second  {:>6.2} % of a CPU  {each:>7.2} ms a look  \
             {bytes:>7.0} bytes a look",
            part * 100.0
        );
        part
    };
    println!(
        "{} GPUs x {} processes, {} s, both at once on the fake library",
        task.gpus, task.processes, task.seconds
    );
    let part = line("jouletop", ours, OURS);
    line("nvitop", theirs, THEIRS);
    ensure!(part <= PROMISED, "jouletop uses more than {:.0} % of a CPU", PROMISED * 100.0);
    Ok(())
}

/// What each used meanwhile, once it has settled.
fn together(
    commands: [Command; 2],
    scenario: &Path,
    seconds: Duration,
) -> anyhow::Result<[Used; 2]> {
    let [mut ours, mut theirs] = commands.map(|mut command| {
        command.env("FAKE_NVML_SCENARIO", scenario);
        Terminal::start(command, 50, 160)
    });
    let (ours, theirs) = (ours.as_mut(), theirs.as_mut());
    let (Ok(ours), Ok(theirs)) = (ours, theirs) else {
        anyhow::bail!("one of them does not start; cargo xtask python installs nvitop");
    };
    thread::sleep(SETTLE);
    let before = [ours.used()?, theirs.used()?];
    thread::sleep(seconds);
    let after = [ours.used()?, theirs.used()?];
    let since = |index: usize| Used {
        cpu: after[index].cpu.saturating_sub(before[index].cpu),
        bytes: after[index].bytes - before[index].bytes,
    };
    for used in [since(0), since(1)] {
        // One that shows nothing does nothing, and that is cheap.
        ensure!(used.bytes > 0, "one of them draws nothing");
    }
    Ok([since(0), since(1)])
}

/// Processes for the driver to list.
struct People(Vec<Child>);

impl People {
    fn start(count: u32) -> anyhow::Result<Self> {
        let mut people = Self(Vec::new());
        for _ in 0..count {
            let mut sleep = Command::new("sleep");
            people.0.push(sleep.arg("3600").stdin(Stdio::null()).spawn()?);
        }
        Ok(people)
    }
}

impl Drop for People {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Every process uses its GPU all the time, each another part of it.
fn scenario_of(task: &Task, people: &People) -> String {
    let mut text = String::new();
    let mut pids = people.0.iter().map(Child::id);
    for _ in 0..task.gpus {
        text.push_str("[[device]]\nsample_period = \"166ms\"\npower = \"350W\"\n");
        for number in 0..task.processes {
            let Some(pid) = pids.next() else { break };
            let percent = 1 + number % 3;
            let _ = write!(
                text,
                "[[device.process]]\npid = {pid}\nmemory = \"1GiB\"\nruns = [\"0s.. {percent}%\"]\n"
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenario_has_every_process_once() {
        let task = Task { gpus: 2, processes: 3, seconds: 5 };
        let people = People::start(6).unwrap();
        let text = scenario_of(&task, &people);
        assert_eq!(text.matches("[[device]]").count(), 2);
        for child in &people.0 {
            assert_eq!(text.matches(&format!("pid = {}\n", child.id())).count(), 1);
        }
    }
}
