//! Nanoseconds a switch, by the kernel's own statistics of BPF programs.
//!
//! Each program runs alone, as it would be used: one that is attached after another finds
//! warm what that one has touched. They take short turns in each round, so that a
//! neighbour on the machine bends all alike, and from turn to turn another begins.

mod sample;
mod table;

use std::{sync::mpsc, thread, time::Duration};

use aya::{
    Btf,
    sys::{Stats, enable_stats},
};
use clap::{Args, value_parser};
use sample::migrations;
use table::Column;

use super::{
    programs::{Attachable, Cost, all},
    switches::{LOADS, Load, Ring},
};

/// Turns of each program in a round.
const TURNS: u64 = 3;

#[derive(Args)]
pub struct Task {
    /// Rounds; figures are medians over them
    #[arg(long, default_value_t = 9, value_parser = value_parser!(u64).range(1..))]
    rounds: u64,
    /// Switches in a round
    #[arg(long, default_value_t = 60_000)]
    switches: u64,
    /// Processes that live; with any of --live, --hot and --threads only that load is measured
    #[arg(long, value_parser = value_parser!(u32).range(1..))]
    live: Option<u32>,
    /// Of them, processes that pass the CPU on to each other [default: all]
    #[arg(long, value_parser = value_parser!(u32).range(1..))]
    hot: Option<u32>,
    /// Threads of each process, all of which take turns if it does [default: 1]
    #[arg(long, value_parser = value_parser!(u32).range(1..=256))]
    threads: Option<u32>,
}

impl Task {
    fn loads(&self) -> Vec<Load> {
        if let (None, None, None) = (self.live, self.hot, self.threads) {
            return LOADS.to_vec();
        }
        let live = self.live.or(self.hot).unwrap_or(2);
        vec![Load { live, hot: self.hot.unwrap_or(live), threads: self.threads.unwrap_or(1) }]
    }
}

/// Prints a table of nanoseconds a switch, the ratios that matter, and what samples take.
pub fn run(task: &Task) -> anyhow::Result<()> {
    let _statistics = enable_stats(Stats::RunTime)?;
    let mut columns = Vec::new();
    for load in task.loads() {
        println!("{load} ...");
        columns.push(measure(load, task)?);
    }
    println!(
        "{} rounds of {} switches, each program attached alone, in {TURNS} turns a round",
        task.rounds, task.switches
    );
    println!("{}", table::of(&columns));
    println!("{}", table::foot(migrations(task.rounds as usize)?));
    Ok(())
}

/// Measures all programs under one load.
fn measure(load: Load, task: &Task) -> anyhow::Result<Column> {
    // Built first: a process that held a program open would keep it attached.
    let mut ring = Ring::build(load)?;
    let btf = Btf::from_sys_fs()?;
    let programs = all().map(|program| Attachable::load(program, &btf));
    let mut programs = programs.collect::<Result<Vec<_>, _>>()?;
    for program in &mut programs {
        // Takes the maps' memory. And switches that the probe does not see are hidden ones.
        turn(program, &mut ring, 0)?;
    }
    let count = programs.len();
    let mut costs = vec![Vec::new(); count];
    for round in 0..task.rounds {
        let mut spent = vec![Cost::default(); count];
        for step in 0..TURNS {
            for index in 0..count {
                let index = (index + (round * TURNS + step) as usize) % count;
                spent[index] += turn(&mut programs[index], &mut ring, task.switches / TURNS)?;
            }
        }
        for (costs, spent) in costs.iter_mut().zip(spent) {
            costs.push(spent.ns_a_switch());
        }
    }
    programs.iter().try_for_each(Attachable::check)?;
    drop(programs);
    let samples = sample::measure(&mut ring, &btf, task.rounds as usize)?;
    Ok(Column::new(load, &costs, samples))
}

/// What a program spends on about so many switches, attached just for them.
fn turn(program: &mut Attachable, ring: &mut Ring, switches: u64) -> anyhow::Result<Cost> {
    program.attach()?;
    emptying(program, || ring.stir())?;
    let before = program.cost()?;
    emptying(program, || ring.make(switches))?;
    let after = program.cost()?;
    program.detach()?;
    Ok(after.since(before))
}

/// Does something while the program's ring buffers are read, as user space would:
/// a program whose buffer is full does less.
fn emptying<T>(program: &mut Attachable, work: impl FnOnce() -> T) -> T {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut buffers = program.buffers();
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while is_done.recv_timeout(PAUSE) == Err(mpsc::RecvTimeoutError::Timeout) {
                for buffer in &mut buffers {
                    while buffer.next().is_some() {}
                }
            }
        });
        let worked = work();
        drop(done);
        worked
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_completed_from_what_is_given() {
        let load = |live, hot, threads| {
            let task = Task { rounds: 1, switches: 1, live, hot, threads };
            let loads = task.loads();
            (loads.len() == 1).then(|| (loads[0].live, loads[0].hot, loads[0].threads))
        };
        assert_eq!(load(None, None, None), None);
        assert_eq!(load(Some(100), None, None), Some((100, 100, 1)));
        assert_eq!(load(Some(100), Some(2), None), Some((100, 2, 1)));
        assert_eq!(load(None, Some(5), None), Some((5, 5, 1)));
        assert_eq!(load(None, None, Some(16)), Some((2, 2, 16)));
    }
}
