//! What it costs to look at very many processes: jouletop's screen beside btop, htop and top.
//!
//! All at once, once a second, in terminals of the same size. A process that did not run costs
//! nothing to account for; whoever lists `/proc` reads all of them.

use std::{fs, path::Path, process::Command, thread, time::Duration};

use anyhow::{Context as _, ensure};
use clap::{Args, value_parser};

use super::{
    crowd::Crowd,
    terminal::{Terminal, Used},
};
use crate::shell;

/// The most that jouletop may use of one CPU beside processes that sleep, and that wake.
const ASLEEP: f64 = 0.01;
const AWAKE: f64 = 0.05;
/// The longest time from a key to the screen.
const ANSWER: Duration = Duration::from_millis(50);
/// Until everybody has found everybody.
const SETTLE: Duration = Duration::from_secs(8);
/// Keys that are pressed: another kind of rows, and back.
const KEYS: [&[u8]; 2] = [b"4", b"1"];
const PRESSES: usize = 40;

#[derive(Args)]
pub struct Task {
    /// Processes
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=30_000))]
    processes: u32,
    /// How long to watch
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u64).range(5..))]
    seconds: u64,
}

/// Prints what each used, and fails if a promise is not kept.
pub fn run(task: &Task) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = ["build", "--quiet", "--release", "-p", "energy-user"];
    shell::run(Command::new(cargo).current_dir(shell::root()).args(build))?;
    let asleep = crowd(task, false)?;
    let awake = crowd(task, true)?;
    ensure!(asleep.part <= ASLEEP, "above {:.0} % of a CPU beside sleepers", ASLEEP * 100.0);
    ensure!(awake.part <= AWAKE, "above {:.0} % of a CPU beside who wakes", AWAKE * 100.0);
    for Result { answer, .. } in [asleep, awake] {
        ensure!(answer <= ANSWER, "a key takes {} ms", answer.as_millis());
    }
    Ok(())
}

/// What was found of jouletop.
struct Result {
    /// Of one CPU.
    part: f64,
    /// From a key to the screen, that of 95 % of them.
    answer: Duration,
}

fn crowd(task: &Task, wake: bool) -> anyhow::Result<Result> {
    let _crowd = Crowd::start(task.processes, wake)?;
    let seconds = Duration::from_secs(task.seconds);
    let what = if wake { "that wake once a second" } else { "asleep" };
    println!("{} processes {what}, {} s, all at once, once a second", task.processes, task.seconds);
    let folder = tempfile::tempdir()?;
    let mut programs = programs(folder.path())?;
    thread::sleep(SETTLE);
    let before = used(&mut programs)?;
    thread::sleep(seconds);
    let after = used(&mut programs)?;
    let mut part = 0.0;
    for (index, (name, _)) in programs.iter().enumerate() {
        let cpu = after[index].cpu.saturating_sub(before[index].cpu).div_duration_f64(seconds);
        let bytes = after[index].bytes - before[index].bytes;
        // One that shows nothing does nothing, and that is cheap.
        ensure!(bytes > 0, "{name} draws nothing");
        println!(
            "{name:<10} {:>6.2} % of a CPU  {:>7} bytes a second",
            cpu * 100.0,
            bytes / task.seconds
        );
        if index == 0 {
            part = cpu;
        }
    }
    let (_, ours) = programs.first_mut().context("jouletop is not there")?;
    let mut answers = Vec::with_capacity(PRESSES);
    for key in KEYS.iter().cycle().take(PRESSES) {
        // Not in step with the pictures that come by themselves.
        thread::sleep(Duration::from_millis(137));
        answers.push(ours.press(key)?);
    }
    answers.sort();
    let (median, answer) = (answers[PRESSES / 2], answers[PRESSES * 95 / 100]);
    println!(
        "jouletop   from a key to the screen {:.1} ms in the median, {:.1} ms at most in 95 % of {PRESSES}",
        median.as_secs_f64() * 1e3,
        answer.as_secs_f64() * 1e3
    );
    Ok(Result { part, answer })
}

fn programs(folder: &Path) -> anyhow::Result<Vec<(&'static str, Terminal)>> {
    // Only its configuration says how often btop looks.
    fs::create_dir(folder.join("btop"))?;
    fs::write(folder.join("btop/btop.conf"), "update_ms=1000\n")?;
    let mut ours = Command::new(shell::target().join("release/jouletop"));
    ours.args(["--interval", "1s"]);
    let with = |name: &'static str, args: &[&str]| {
        let mut command = Command::new(name);
        command.args(args);
        (name, command)
    };
    let all = [
        ("jouletop", ours),
        with("btop", &[]),
        with("htop", &["-d", "10"]),
        with("top", &["-d", "1"]),
    ];
    let start = |(name, mut command): (&'static str, Command)| {
        command.env("XDG_CONFIG_HOME", folder);
        let terminal = Terminal::start(command, 50, 160);
        let remedy = || format!("{name} does not start; apt-get install btop htop procps");
        Ok((name, terminal.with_context(remedy)?))
    };
    all.into_iter().map(start).collect()
}

fn used(programs: &mut [(&'static str, Terminal)]) -> anyhow::Result<Vec<Used>> {
    let one = |(name, terminal): &mut (&'static str, Terminal)| {
        terminal.used().with_context(|| format!("{name} does not stay"))
    };
    programs.iter_mut().map(one).collect()
}
