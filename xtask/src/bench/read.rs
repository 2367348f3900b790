//! What a look at many processes costs: jouletop's reader against one pass over `/proc`.
//!
//! The pass opens and reads every `/proc/PID/stat` and understands none of it: the least that
//! a tool does that asks `/proc` at each sample.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use clap::{Args, value_parser};
use jouletop::{
    clock,
    probe::{
        Probe as _,
        bpf::{BpfProbe, Options},
    },
    topology::Topology,
};

use super::{
    spread::Spread,
    switches::{Load, Ring},
};
use crate::shell;

/// The most that a sample may take, of one pass over `/proc`.
const PROMISED: f64 = 0.1;
/// The most that the program may hold resident, bytes.
const RESIDENT: u64 = 40 << 20;
const MIB: f64 = (1 << 20) as f64;

#[derive(Args)]
pub struct Task {
    /// Processes that live
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(2..))]
    processes: u32,
    /// Rounds; figures are medians over them
    #[arg(long, default_value_t = 9, value_parser = value_parser!(u64).range(1..))]
    rounds: u64,
}

/// Prints the times, their ratio and the memory; fails if a promise is not kept.
pub fn run(task: &Task) -> anyhow::Result<()> {
    ensure!(
        !cfg!(debug_assertions),
        "an unoptimised reader says nothing; use: cargo run --release --package xtask -- bench read"
    );
    let resident = resident(task)?;
    let mut ring = Ring::build(Load { live: task.processes, hot: 2, threads: 1 })?;
    let topology = Topology::read(Path::new("/sys"), 1);
    let mut probe = BpfProbe::open(Path::new("/proc"), topology, Options::default())?;
    // The first sample looks up everybody's name, once in a process's life.
    ring.stir()?;
    let first = seconds(|| probe.activity().map(drop))?;
    let (mut all, mut none, mut files) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..task.rounds {
        ring.stir()?;
        all.push(seconds(|| {
            let ran = probe.activity()?.processes.len();
            ensure!(ran >= task.processes as usize, "only {ran} processes were seen to run");
            Ok(())
        })?);
        none.push(seconds(|| probe.activity().map(drop))?);
        files.push(seconds(|| pass(Path::new("/proc")))?);
    }
    let median = |series: &[f64]| Spread::of(series).map(|spread| spread.median * 1e3);
    let (Some(all), Some(none), Some(files)) = (median(&all), median(&none), median(&files)) else {
        anyhow::bail!("no rounds; raise --rounds");
    };
    println!("{} processes, {} rounds, ms, median", task.processes, task.rounds);
    println!("/proc/*/stat, opened and read once       {files:8.2}");
    println!("a sample when all of them ran            {all:8.2}   {:.3} of it", all / files);
    println!("a sample when none of them ran           {none:8.2}   {:.3} of it", none / files);
    println!("the first sample, which looks up names   {:8.2}", first * 1e3);
    println!("resident memory, MiB                     {:8.1}", resident as f64 / MIB);
    ensure!(all / files <= PROMISED, "a sample takes more than a tenth of one pass");
    ensure!(resident <= RESIDENT, "more than {} MiB are resident", RESIDENT >> 20);
    Ok(())
}

/// Reads every process's `stat`.
fn pass(proc: &Path) -> anyhow::Result<()> {
    let mut text = Vec::with_capacity(1024);
    for entry in fs::read_dir(proc)?.flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok()) {
            text.clear();
            // Who is gone by now is gone.
            let _ = File::open(entry.path().join("stat"))
                .and_then(|mut file| file.read_to_end(&mut text));
        }
    }
    Ok(())
}

/// What the real program holds after it has watched so many processes for some intervals.
fn resident(task: &Task) -> anyhow::Result<u64> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    shell::run(Command::new(cargo).current_dir(shell::root()).args([
        "build",
        "--quiet",
        "--release",
        "-p",
        "energy-user",
        "--bin",
        "jouletop",
    ]))?;
    let mut ring = Ring::build(Load { live: task.processes, hot: 2, threads: 1 })?;
    let mut program = Command::new(shell::target().join("release/jouletop"))
        .args(["--probe", "bpf", "--json", "--interval", "500ms"])
        .stdout(Stdio::null())
        .spawn()?;
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(500));
        ring.stir()?;
    }
    let status = fs::read_to_string(format!("/proc/{}/status", program.id()))?;
    program.kill()?;
    program.wait()?;
    println!("{}", memory(&status));
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line
        .and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .context("no VmRSS in its status")?;
    Ok(kib << 10)
}

/// The parts of the resident memory.
fn memory(status: &str) -> String {
    let parts = status.lines().filter(|line| line.starts_with("Rss"));
    parts.map(|line| line.replace('\t', " ")).collect::<Vec<_>>().join(", ")
}

fn seconds(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let before = clock::now().monotonic;
    work()?;
    Ok(clock::now().monotonic.saturating_sub(before).as_secs_f64())
}
