//! How much programs on the scheduler's tracepoint slow down others that switch all the time.
//!
//! `bench probe` tells what a program takes; this tells what those who are watched lose,
//! and what they would lose to the tool that a person would take otherwise. Runs are
//! short and take turns, and each has a bare one next to it that it is compared with:
//! on a shared machine, runs that are seconds apart differ by more than what is sought.

mod bpftrace;
mod perf;
mod table;

use std::fs;

use anyhow::{Context as _, ensure};
use aya::Btf;
use bpftrace::Bpftrace;
use clap::{Args, value_parser};
use perf::Run;

use super::{
    cpu::pinned,
    programs::{Attachable, PROGRAMS, Program},
};

#[derive(Args)]
pub struct Task {
    /// Rounds; each runs all sides, and figures are medians over them
    #[arg(long, default_value_t = 31, value_parser = value_parser!(u64).range(1..))]
    rounds: u64,
    /// Messages to and fro in a run [default: as many as take about 0.25 s]
    #[arg(long, value_parser = value_parser!(u64).range(1..))]
    loops: Option<u64>,
}

/// A run with something attached, and one without just before or after it.
struct Pair {
    bare: Run,
    under: Run,
}

/// What is attached during a run.
enum Side {
    /// The control: what it differs from its bare runs is the error of the others.
    Nothing,
    Program(&'static Program),
    Bpftrace,
}

impl Side {
    fn all() -> Vec<Self> {
        let programs = PROGRAMS.iter().map(Self::Program);
        [Self::Nothing].into_iter().chain(programs).chain([Self::Bpftrace]).collect()
    }

    fn label(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Program(program) => program.label,
            Self::Bpftrace => "bpftrace",
        }
    }

    fn pair(&self, loops: u64, bare_first: bool) -> anyhow::Result<Pair> {
        if bare_first {
            let bare = Self::Nothing.run(loops)?;
            Ok(Pair { bare, under: self.run(loops)? })
        } else {
            let under = self.run(loops)?;
            Ok(Pair { bare: Self::Nothing.run(loops)?, under })
        }
    }

    /// One run, with this side attached just for it.
    fn run(&self, loops: u64) -> anyhow::Result<Run> {
        let run = || pinned(|| perf::run(loops));
        match self {
            Self::Nothing => run(),
            Self::Program(program) => {
                let mut program = Attachable::load(program, &Btf::from_sys_fs()?)?;
                program.attach()?;
                run()
            }
            Self::Bpftrace => {
                let bpftrace = Bpftrace::start()?;
                let run = run()?;
                bpftrace.stop(&run)?;
                Ok(run)
            }
        }
    }
}

/// Prints a table of times and ratios, and whether the probe keeps what is promised.
pub fn run(task: &Task) -> anyhow::Result<()> {
    check_statistics()?;
    let loops = task.loops.map_or_else(about_as_many, Ok)?;
    let sides = Side::all();
    let mut pairs = sides.iter().map(|_| Vec::new()).collect::<Vec<_>>();
    for round in 0..task.rounds as usize {
        println!("round {} of {} ...", round + 1, task.rounds);
        for step in 0..sides.len() {
            let index = (step + round) % sides.len();
            pairs[index].push(sides[index].pair(loops, (round + step) % 2 == 0)?);
        }
    }
    println!("perf bench sched pipe -l {loops} on one CPU, {} rounds", task.rounds);
    let labels = sides.iter().map(Side::label).collect::<Vec<_>>();
    println!("{}", table::of(&labels, &pairs));
    println!("\"nothing\" is a control: by what it differs from 0, the other rows may err");
    println!("bpftrace ran: {}", bpftrace::PROGRAM);
    Ok(())
}

/// The loops that take about 0.25 s here.
fn about_as_many() -> anyhow::Result<u64> {
    const TRIED: u64 = 20_000;
    let tried = Side::Nothing.run(TRIED)?;
    Ok(((TRIED as f64 * 0.25 / tried.wall / 1000.0) as u64).max(1) * 1000)
}

/// The kernel's statistics of BPF programs read a clock twice for each run of each.
fn check_statistics() -> anyhow::Result<()> {
    const SWITCH: &str = "/proc/sys/kernel/bpf_stats_enabled";
    let state = fs::read_to_string(SWITCH).with_context(|| SWITCH)?;
    ensure!(
        state.trim() == "0",
        "statistics of BPF programs are on, which would be measured as well; turn them off: \
         sysctl kernel.bpf_stats_enabled=0"
    );
    Ok(())
}
