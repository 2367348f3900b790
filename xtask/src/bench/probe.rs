//! Nanoseconds a switch, by the kernel's own statistics of BPF programs.
//!
//! All programs are attached at once and see the same switches; from round to
//! round the order in which they are attached, and so called, moves on by one.

use std::{fs, time::Duration};

use anyhow::Context as _;
use aya::{
    Btf, Ebpf,
    programs::BtfTracePoint,
    sys::{Stats, enable_stats},
};
use jouletop::probe::bpf::{Options, load};

use super::switches;
use crate::ebpf;

/// The tracepoint that everybody is attached to.
const TRACEPOINT: &str = "sched_switch";

/// What is measured: the name to print, and the program's.
const PROGRAMS: [(&str, &str); 3] = [
    ("empty program", "empty"),
    ("clock read, delta, one counter", "clock"),
    ("jouletop's probe", TRACEPOINT),
];

/// Prints a table of nanoseconds a switch, and the ratios that matter.
pub fn run(rounds: usize, wanted: u64, processes: usize) -> anyhow::Result<()> {
    let btf = Btf::from_sys_fs()?;
    let bytes = fs::read(ebpf::committed("jouletop-bench")).context("cargo xtask ebpf build")?;
    let mut yardsticks = Ebpf::load(&bytes)?;
    for name in ["empty", "clock"] {
        program(&mut yardsticks, name)?.load(TRACEPOINT, &btf)?;
    }
    let mut ours = load(Options { sound: true, ..Options::default() })?.ebpf;
    // It came attached; here everybody is attached anew in each round.
    let attached = program(&mut ours, TRACEPOINT)?;
    attached.unload()?;
    attached.load(TRACEPOINT, &btf)?;
    let _statistics = enable_stats(Stats::RunTime)?;
    let mut costs: [Vec<f64>; 3] = Default::default();
    for round in 0..rounds.max(1) {
        let order = (0..PROGRAMS.len()).map(|index| (index + round) % PROGRAMS.len());
        let mut links = Vec::new();
        let mut before = [(Duration::ZERO, 0); 3];
        for index in order {
            let program = of(index, &mut yardsticks, &mut ours)?;
            before[index] = spent(program)?;
            links.push((index, program.attach()?));
        }
        switches::make(wanted, processes)?;
        for (index, link) in links {
            let program = of(index, &mut yardsticks, &mut ours)?;
            program.detach(link)?;
            let (time, count) = spent(program)?;
            let time = time.saturating_sub(before[index].0);
            let count = count.saturating_sub(before[index].1).max(1);
            costs[index].push(time.as_nanos() as f64 / count as f64);
        }
    }
    report(&mut costs, wanted, processes);
    Ok(())
}

/// The program of a row.
fn of<'a>(
    index: usize,
    yardsticks: &'a mut Ebpf,
    ours: &'a mut Ebpf,
) -> anyhow::Result<&'a mut BtfTracePoint> {
    let (_, name) = PROGRAMS[index];
    program(if name == TRACEPOINT { ours } else { yardsticks }, name)
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> anyhow::Result<&'a mut BtfTracePoint> {
    let program = ebpf.program_mut(name).with_context(|| format!("no program {name}"))?;
    Ok(program.try_into()?)
}

/// Time and runs of a program since it was loaded.
fn spent(program: &BtfTracePoint) -> anyhow::Result<(Duration, u64)> {
    let info = program.info()?;
    Ok((info.run_time(), info.run_count()))
}

fn report(costs: &mut [Vec<f64>; 3], wanted: u64, processes: usize) {
    println!("ns a switch by BPF statistics (their own two clock reads included),");
    println!(
        "{} rounds of {wanted} switches among {processes} processes, all attached at once: median \
         (min .. max)",
        costs[0].len()
    );
    let mut medians = [0.0; 3];
    for (index, costs) in costs.iter_mut().enumerate() {
        costs.sort_by(f64::total_cmp);
        medians[index] = costs[costs.len() / 2];
        let (name, _) = PROGRAMS[index];
        let (least, most) = (costs[0], costs[costs.len() - 1]);
        println!("{name:<32} {:7.1}  ({least:.1} .. {most:.1})", medians[index]);
    }
    let [empty, clock, ours] = medians;
    println!("probe / empty                    {:7.2}", ours / empty);
    println!("(probe - empty) / (clock - empty){:7.2}", (ours - empty) / (clock - empty));
}
