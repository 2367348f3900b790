//! Workers outlive the launcher of their job and go on: on CPUs, or on a GPU that they hold.
//!
//! The launcher is the oldest ancestor within the job, and it lived beside them for a while: who
//! forks and ends at once makes a daemon, on purpose. Services are left out, since systemd ends
//! what is left of them. That the workers are not meant to go on cannot be told.

use std::time::Duration;

use super::{
    finding::{Evidence, Figure, Finding, Rule, Severity, merge},
    kin::Relative,
    past::{Past, Run, ratio},
    thresholds::Orphans,
};
use crate::job::Kind;

/// Workers whose launcher has ended.
pub fn find(past: &Past, thresholds: &Orphans) -> Option<Finding> {
    if past.kind() == Some(Kind::Unit) {
        return None;
    }
    let orphans = past.each().filter_map(|one| orphan(&one, thresholds));
    let orphans: Vec<_> = orphans.collect();
    let (launcher, ended, longest) = orphans.iter().max_by_key(|(_, _, run)| run.span)?;
    let cpu = orphans.iter().map(|(_, _, run)| ratio(run.cpu(), run.span)).sum();
    let gone = past.now().saturating_sub(*ended);
    let name = &launcher.identity.name;
    let words = format!("{name} (pid {}), which began them, ended before", launcher.id.pid);
    let mut evidence = vec![
        Evidence::new("launcher_ended_seconds", Figure::Time(gone), words),
        Evidence::new("processes", Figure::Count(orphans.len() as f64), "of its processes go on"),
        Evidence::new("cpu", Figure::Part(cpu), "CPU time since; 100 % is one CPU"),
    ];
    let held: std::collections::BTreeSet<_> = orphans
        .iter()
        .filter_map(|(_, _, run)| run.views.first())
        .flat_map(|view| &view.parts)
        .flat_map(|(_, bucket)| bucket.gpus.iter().filter(|on| !on.held.is_zero()))
        .map(|on| on.gpu.id.as_str())
        .collect();
    if !held.is_empty() {
        let count = Figure::Count(held.len() as f64);
        let held: Vec<_> = held.into_iter().collect();
        evidence.push(Evidence::new("gpus", count, format!("GPUs held: {}", held.join(", "))));
    }
    let charges = merge(orphans.iter().flat_map(|(_, _, run)| run.charges()));
    let joules = charges.iter().map(|charge| charge.energy).reduce(|a, b| a + b);
    let ids = orphans.iter().flat_map(|(_, _, run)| run.parts().map(|(member, _)| member.id));
    let subject = past.subject(ids);
    let pids: Vec<_> = subject.processes.iter().map(|id| id.pid.to_string()).collect();
    Some(Finding {
        rule: Rule::Orphans,
        since: longest.since,
        evidence,
        severity: Severity::of(joules, longest.span),
        charges,
        remedy: format!(
            "kill {} if they are not meant to go on without it: that cannot be told",
            pids.join(" ")
        ),
        subject,
    })
}

/// One that outlived its launcher and is not at rest: the launcher, its end, and what came since.
fn orphan<'a>(one: &Past<'a>, thresholds: &Orphans) -> Option<(&'a Relative, Duration, Run<'a>)> {
    let member = one.members.first().filter(|member| member.ended.is_none())?;
    let top = one.kin().named(one.kin().top(member.id))?;
    let ended = top.ended.filter(|_| top.id != member.id)?;
    if ended.saturating_sub(member.seen) < thresholds.together {
        return None;
    }
    let run = one.run(|view| {
        let after = view.slot.end.saturating_sub(view.slot.span) >= ended;
        let busy = view.part(view.cpu()) * 100.0 >= thresholds.cpu_percent;
        let mut gpus = view.parts.iter().flat_map(|(_, bucket)| &bucket.gpus);
        after && (gpus.any(|on| !on.held.is_zero()) || (busy && !view.cpu().is_zero()))
    });
    (run.span >= thresholds.after && !run.span.is_zero()).then_some((top, ended, run))
}
