//! What the probe costs here and now: nanoseconds at each switch, by the kernel's own
//! statistics of BPF programs, above what a program costs that does nothing.
//!
//! Both see the same kind of switches in turn, two threads on one CPU that wake each other.
//! The statistics read the clock twice for each run; both programs have that in theirs, so
//! only the difference is the probe's.

use std::{
    io::{self, PipeReader, PipeWriter, Read as _, Write as _, pipe},
    thread,
    time::Duration,
};

use aya::{
    Btf, Ebpf,
    programs::BtfTracePoint,
    sys::{Stats, enable_stats},
};
use energy_ebpf::program;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};
use serde::Serialize;

use super::{LoadError, Options, load::refused, load_for};
use crate::topology::Topology;

/// Pairs of measurements; figures are medians over them.
const ROUNDS: usize = 9;
/// Round trips in one measurement, of two switches each.
const TRIPS: usize = 15_000;
/// How long the machine's own switches are counted.
const QUIET: Duration = Duration::from_secs(1);

/// What was measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    /// Nanoseconds at a switch that the probe takes, above an empty program.
    pub ns_per_switch: f64,
    /// What an empty program takes with the statistics' own clock reads, nanoseconds.
    pub empty_ns: f64,
    /// Switches a second on the whole machine, measured before.
    pub switches_per_second: f64,
    /// Of one CPU, how much the probe takes at that rate, per cent.
    pub cpu_percent: f64,
}

/// Measures, which takes some seconds and makes one CPU busy.
pub fn measure(options: Options, topology: &Topology) -> Result<Cost, LoadError> {
    let btf = Btf::from_sys_fs().map_err(refused)?;
    // The counters count as long as they are held.
    let (loaded, _counters) = load_for(options, topology)?;
    let mut ebpf = loaded.ebpf;
    let tracepoint = program::SWITCH;
    for name in [program::SWITCH, program::EMPTY] {
        let program = find(&mut ebpf, name)?;
        if name == program::SWITCH {
            // It came attached; here both are attached in turn.
            program.unload().map_err(refused)?;
        }
        program.load(tracepoint, &btf).map_err(refused)?;
    }
    // Lets go of the statistics in the end: they cost every program of the machine.
    let _statistics = enable_stats(Stats::RunTime)
        .map_err(|error| LoadError::Refused(anyhow::anyhow!("BPF statistics: {error}")))?;
    let (_, switches) = run(&mut ebpf, program::SWITCH, || thread::sleep(QUIET))?;
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (costs, name) in costs.iter_mut().zip([program::EMPTY, program::SWITCH]) {
            let mut passed = Ok(());
            let (time, count) = run(&mut ebpf, name, || passed = switch(TRIPS))?;
            passed.map_err(refused)?;
            costs.push(time.as_nanos() as f64 / count.max(1) as f64);
        }
    }
    let [empty_ns, probe_ns] = costs.map(median);
    let ns_per_switch = probe_ns - empty_ns;
    let switches_per_second = switches as f64 / QUIET.as_secs_f64();
    let cpu_percent = ns_per_switch * switches_per_second / 1e9 * 100.0;
    Ok(Cost { ns_per_switch, empty_ns, switches_per_second, cpu_percent })
}

/// Time and runs of a program while something is done.
fn run(ebpf: &mut Ebpf, name: &str, work: impl FnOnce()) -> Result<(Duration, u64), LoadError> {
    let program = find(ebpf, name)?;
    let before = program.info().map_err(refused)?;
    let link = program.attach().map_err(refused)?;
    work();
    program.detach(link).map_err(refused)?;
    let after = program.info().map_err(refused)?;
    let time = after.run_time().saturating_sub(before.run_time());
    Ok((time, after.run_count().saturating_sub(before.run_count())))
}

fn find<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut BtfTracePoint, LoadError> {
    let program = ebpf.program_mut(name).ok_or(LoadError::Object("a program too few"))?;
    program.try_into().map_err(refused)
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs.get(costs.len() / 2).copied().unwrap_or(0.0)
}

/// Two threads on one CPU pass a byte back and forth.
fn switch(trips: usize) -> io::Result<()> {
    let this = Pid::from_raw(0);
    let before = sched_getaffinity(this)?;
    let usable = |cpu: &usize| before.is_set(*cpu).unwrap_or(false);
    let cpu = (0..CpuSet::count()).rev().find(usable).ok_or(io::ErrorKind::NotFound)?;
    let mut one = CpuSet::new();
    one.set(cpu)?;
    // The thread that is made next has it too.
    sched_setaffinity(this, &one)?;
    let played = play(trips);
    sched_setaffinity(this, &before)?;
    played
}

fn play(trips: usize) -> io::Result<()> {
    let (mut from, mut there) = pipe()?;
    let (mut back, mut to) = pipe()?;
    thread::scope(|scope| {
        let other = scope.spawn(move || (0..trips).try_for_each(|_| pass(&mut from, &mut to)));
        let led = (0..trips).try_for_each(|_| {
            there.write_all(&[0])?;
            back.read_exact(&mut [0])
        });
        drop(there);
        let followed = other.join().map_err(|_| io::Error::other("a thread ended early"))?;
        led.and(followed)
    })
}

fn pass(from: &mut PipeReader, to: &mut PipeWriter) -> io::Result<()> {
    let mut byte = [0];
    from.read_exact(&mut byte)?;
    to.write_all(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_pass_the_byte_and_end() {
        assert!(switch(10).is_ok());
        assert!(switch(0).is_ok());
    }

    #[test]
    fn the_median_of_nothing_is_no_panic() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(Vec::new()).to_bits(), 0.0_f64.to_bits());
    }
}
