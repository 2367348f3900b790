//! A process is busy and gets nowhere: it asks again and again whether there is something to do.
//!
//! A storm of futexes or yields: very many switches, each after a moment, much time in the
//! kernel. A storm of polls: much of its time in the kernel, and no data moves. In either,
//! nothing is read or written, no memory comes, and it has no file open through which data could
//! pass uncounted. A loop in the program itself looks like work, unless a PMU counts: very few
//! instructions for each cycle and no waiting for memory are a pause instruction in a loop.

use std::time::Duration;

use super::{
    finding::{Charge, Evidence, Figure, Finding, Pool, Rule, Severity, merge},
    history::{Bucket, Counted},
    past::{Past, Run, ratio},
    thresholds::Spinning,
};
use crate::sample::Progress;

/// In which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Futexes or yields.
    Switches,
    /// Polls.
    Polls,
    /// Pauses, in the program itself.
    Pauses,
}

/// A process that spins; `past` is that of one process.
pub fn find(past: &Past, thresholds: &Spinning) -> Option<Finding> {
    let run = past.run(|view| {
        view.parts.iter().any(|(member, bucket)| {
            let busy = view.part(bucket.cpu) * 100.0 >= thresholds.cpu_percent;
            busy && member.ended.is_none() && way(bucket, thresholds).is_some()
        })
    });
    if run.span < thresholds.after {
        return None;
    }
    let (member, newest) = run.parts().next()?;
    let way = way(newest, thresholds)?;
    let cpu = ratio(run.cpu(), run.span);
    let words = "CPU time; 100 % is one CPU";
    let mut evidence = vec![
        Evidence::new("lasted_seconds", Figure::Time(run.span), "it has been so for"),
        Evidence::new("cpu", Figure::Part(cpu), words),
    ];
    match way {
        Way::Pauses => evidence.extend(counted(&run)),
        Way::Switches | Way::Polls => evidence.extend(storm(&run, way)?),
    }
    let charges = merge(run.parts().filter_map(|(member, bucket)| {
        Some(Charge { process: member.id, pool: Pool::Cpu, energy: bucket.energy.cpu? })
    }));
    let joules = charges.iter().map(|charge| charge.energy).reduce(|a, b| a + b);
    Some(Finding {
        rule: Rule::Spinning,
        subject: past.subject([member.id]),
        since: run.since,
        evidence,
        severity: Severity::of(joules, run.span),
        charges,
        remedy: match way {
            Way::Switches => {
                "have it wait longer at a time: fewer threads on one lock, a queue, no \
                 sched_yield; strace -c -f -p PID names the calls. Threads that hand over quickly \
                 for a purpose look the same"
            }
            Way::Polls => {
                "have it wait until something is ready: a timeout above 0 in poll or select; \
                 strace -c -f -p PID names the calls. Who asks the kernel much without data \
                 (stat on many files) looks the same"
            }
            Way::Pauses => {
                "have it sleep or block after some tries (OMP_WAIT_POLICY=passive, MPI's yield \
                 when idle); perf top -p PID shows the loop"
            }
        }
        .into(),
    })
}

/// In which way a process spun in a slot, if it did.
fn way(bucket: &Bucket, thresholds: &Spinning) -> Option<Way> {
    let storm = bucket.progress.as_deref().and_then(|progress| stormy(progress, thresholds));
    storm.or_else(|| bucket.counted.and_then(|counted| pauses(counted, thresholds)))
}

/// Whether the kernel's counters show a storm, and of what.
fn stormy(progress: &Progress, thresholds: &Spinning) -> Option<Way> {
    let seconds = progress.over.as_secs_f64();
    let moves = progress.io?.bytes as f64 > thresholds.bytes_per_second * seconds;
    let grows = progress.faults as f64 > thresholds.faults_per_second * seconds;
    if moves || grows || progress.uncounted != Some(0) {
        return None;
    }
    let system = ratio(progress.system, progress.cpu()) * 100.0;
    let switches = progress.switches() as f64;
    let often = switches > 0.0 && switches >= thresholds.switches_per_second * seconds;
    let short = slice(progress).is_some_and(|slice| slice <= thresholds.slice);
    if often && short && system >= thresholds.storm_system_percent {
        return Some(Way::Switches);
    }
    (system > 0.0 && system >= thresholds.poll_system_percent).then_some(Way::Polls)
}

/// Few instructions for each cycle, and not for want of memory.
fn pauses(counted: Counted, thresholds: &Spinning) -> Option<Way> {
    let Counted { cycles, instructions, misses } = counted;
    let few = (instructions as f64) < thresholds.instructions_per_cycle * cycles as f64;
    let cached = misses? as f64 * 1000.0 < thresholds.misses_per_kilo * instructions as f64;
    (cycles > 0 && few && cached).then_some(Way::Pauses)
}

/// The mean time on a CPU at a stretch.
fn slice(progress: &Progress) -> Option<Duration> {
    let ns = progress.cpu().as_nanos().checked_div(progress.switches().into())?;
    Some(Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX)))
}

/// What the kernel counted over a run.
fn storm(run: &Run, way: Way) -> Option<Vec<Evidence>> {
    let mut sum = Progress::default();
    for (_, bucket) in run.parts() {
        if let Some(progress) = &bucket.progress {
            sum.add(progress);
        }
    }
    let rate = |count: u64| count as f64 / sum.over.as_secs_f64();
    let mut evidence = vec![Evidence::new(
        "system",
        Figure::Part(ratio(sum.system, sum.cpu())),
        "of its time was in the kernel",
    )];
    if way == Way::Switches {
        let switches = Figure::Rate(rate(sum.switches()));
        evidence.push(Evidence::new("switches", switches, "switches from one thread to another"));
        evidence.push(Evidence::new("slice", Figure::Time(slice(&sum)?), "at a stretch on a CPU"));
    }
    let io = sum.io?;
    evidence.extend([
        Evidence::new("bytes", Figure::ByteRate(rate(io.bytes)), "read and written"),
        Evidence::new("faults", Figure::Rate(rate(sum.faults)), "pages of memory that came"),
    ]);
    Some(evidence)
}

/// What a PMU counted over a run.
fn counted(run: &Run) -> Vec<Evidence> {
    let mut sum = Counted::default();
    for counted in run.parts().filter_map(|(_, bucket)| bucket.counted) {
        sum.cycles = sum.cycles.saturating_add(counted.cycles);
        sum.instructions = sum.instructions.saturating_add(counted.instructions);
        let misses = counted.misses.unwrap_or(0);
        sum.misses = Some(sum.misses.unwrap_or(0).saturating_add(misses));
    }
    let Counted { cycles, instructions, misses } = sum;
    let per = |a: u64, b: u64| Figure::Count(a as f64 / (b as f64).max(1.0));
    let misses = Figure::Count(misses.unwrap_or(0) as f64 * 1e3 / (instructions as f64).max(1.0));
    vec![
        Evidence::new(
            "instructions_per_cycle",
            per(instructions, cycles),
            "instructions for each cycle",
        ),
        Evidence::new("misses_per_kilo", misses, "misses of the cache for 1000 instructions"),
    ]
}

#[cfg(test)]
mod tests;
