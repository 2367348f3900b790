//! Nanoseconds a switch, by the kernel's own statistics of BPF programs.
//!
//! All programs are attached at once and see the same switches; from round to
//! round the order in which they are attached, and so called, moves on by one.

mod table;

use std::{sync::mpsc, thread, time::Duration};

use aya::{
    Btf,
    sys::{Stats, enable_stats},
};
use clap::{Args, value_parser};
use table::Column;

use super::{
    programs::{Attachable, PROGRAMS},
    switches::{LOADS, Load, Ring},
};

#[derive(Args)]
pub struct Task {
    /// Rounds; figures are medians over them
    #[arg(long, default_value_t = 9, value_parser = value_parser!(u64).range(1..))]
    rounds: u64,
    /// Switches in a round
    #[arg(long, default_value_t = 100_000)]
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

/// Prints a table of nanoseconds a switch, and the ratios that matter.
pub fn run(task: &Task) -> anyhow::Result<()> {
    let _statistics = enable_stats(Stats::RunTime)?;
    let mut columns = Vec::new();
    for load in task.loads() {
        println!("{load} ...");
        columns.push(measure(load, task)?);
    }
    println!("{} rounds of {} switches, all programs attached at once", task.rounds, task.switches);
    println!("{}", table::of(&columns));
    Ok(())
}

/// Measures all programs under one load.
fn measure(load: Load, task: &Task) -> anyhow::Result<Column> {
    // Built first: a process that held a program open would keep it attached.
    let mut ring = Ring::build(load)?;
    let btf = Btf::from_sys_fs()?;
    let mut programs = Vec::new();
    for program in &PROGRAMS {
        programs.push(Attachable::load(program, &btf)?);
    }
    let count = programs.len();
    let mut costs = vec![Vec::new(); count];
    for round in 0..task.rounds as usize {
        for index in 0..count {
            programs[(index + round) % count].attach()?;
        }
        emptying(&mut programs, || ring.stir())?;
        let before = programs.iter().map(Attachable::spent).collect::<Result<Vec<_>, _>>()?;
        emptying(&mut programs, || ring.make(task.switches))?;
        for (index, program) in programs.iter_mut().enumerate() {
            program.detach()?;
            let (time, switches) = program.spent()?;
            let time = time.saturating_sub(before[index].0);
            let switches = switches.saturating_sub(before[index].1).max(1);
            costs[index].push(time.as_nanos() as f64 / switches as f64);
        }
    }
    Ok(Column::new(load, &costs))
}

/// Does something while the programs' ring buffers are read, as user space would:
/// a program whose buffer is full does less.
fn emptying<T>(programs: &mut [Attachable], work: impl FnOnce() -> T) -> T {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut buffers = programs.iter_mut().flat_map(Attachable::buffers).collect::<Vec<_>>();
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
