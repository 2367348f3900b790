//! A GPU waits for data: its job's loaders are at their limit, and other CPUs have room.
//!
//! The loaders are processes of the job that hold no GPU and have a whole CPU each. Silent where
//! the GPU is used well, where no loader is at its limit, where no CPU is free, and where it is
//! not told who uses the GPU. A main process that loads by itself cannot be told from one that
//! computes, so it makes no finding.

use std::collections::BTreeMap;

use super::{
    finding::{Charge, Evidence, Figure, Finding, Pool, Rule, Severity},
    history::{Bucket, Member},
    past::{Past, Run, View, ratio},
    thresholds::StarvedGpu,
};
use crate::{sample::ProcessId, units::Microjoules};

/// A job whose GPUs wait.
pub fn find(past: &Past, thresholds: &StarvedGpu) -> Option<Finding> {
    let run = past.run(|view| starves(view, thresholds));
    let used = utilization(&run.views)?;
    // Where it was not used at all it waits for something else: it is held for nothing.
    if run.span < thresholds.after || used <= 0.0 {
        return None;
    }
    let count: usize = run.views.iter().map(|view| loaders(view, thresholds).count()).sum();
    let loaders_at_limit = count as f64 / run.views.len() as f64;
    let idle = run.views.iter().map(|view| view.slot.idle).sum();
    let idle_cpus = ratio(idle, run.span);
    let charges = charge(&run, used);
    let joules = charges.iter().map(|charge| charge.energy).reduce(|a, b| a + b);
    let meant = run.parts().filter(|(_, bucket)| !bucket.gpus.is_empty());
    let busy = run.views.iter().flat_map(|view| loaders(view, thresholds));
    let meant: Vec<_> = meant.chain(busy).map(|(member, _)| member.id).collect();
    Some(Finding {
        rule: Rule::StarvedGpu,
        subject: past.subject(meant),
        since: run.since,
        evidence: vec![
            Evidence::new("lasted_seconds", Figure::Time(run.span), "it has been so for"),
            Evidence::new("gpu_utilization", Figure::Part(used), "its GPUs were used"),
            Evidence::new(
                "saturated_loaders",
                Figure::Count(loaders_at_limit),
                "processes without a GPU had a whole CPU each",
            ),
            Evidence::new("idle_cpus", Figure::Count(idle_cpus), "CPUs had nothing to do"),
        ],
        severity: Severity::of(joules, run.span),
        charges,
        remedy: "give the data loader more workers (num_workers), or cheaper work (decoded or \
                 cached data); that the GPU waits for just these processes cannot be told for sure"
            .into(),
    })
}

/// In a slot, GPUs wait while loaders are at their limit and CPUs have room.
fn starves(view: &View, thresholds: &StarvedGpu) -> bool {
    let StarvedGpu { utilization_percent, idle_cpus, .. } = *thresholds;
    let used = utilization(std::slice::from_ref(view));
    if used.is_none_or(|used| used * 100.0 >= utilization_percent) {
        return false;
    }
    if view.part(view.slot.idle) < idle_cpus || loaders(view, thresholds).next().is_none() {
        return false;
    }
    // Of the CPUs that are free, it may be allowed none.
    let progress = view.parts.iter().filter_map(|(_, bucket)| bucket.progress.as_deref());
    let allowed = progress.filter_map(|progress| progress.cpus).max();
    allowed.is_none_or(|allowed| view.part(view.cpu()) + idle_cpus <= f64::from(allowed))
}

/// Processes without a GPU that have all of one CPU.
fn loaders<'v, 'a>(
    view: &'v View<'a>,
    thresholds: &StarvedGpu,
) -> impl Iterator<Item = (&'a Member, &'a Bucket)> + use<'v, 'a> {
    let least = thresholds.saturated_percent;
    let parts = view.parts.iter().copied();
    parts
        .filter(move |(_, bucket)| bucket.gpus.is_empty() && view.part(bucket.cpu) * 100.0 >= least)
}

/// The part of the time of its GPUs that a job uses them; none where it has none, or that is not
/// told.
fn utilization(views: &[View]) -> Option<f64> {
    let (mut all, mut used) = (0.0, 0.0);
    for view in views {
        let mut devices: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for on in view.parts.iter().flat_map(|(_, bucket)| &bucket.gpus) {
            let (held, busy) = devices.entry(&on.gpu.id).or_default();
            // Several of its processes hold one device at the same time.
            *held = held.max(on.held.as_secs_f64());
            *busy += on.busy?.as_secs_f64();
        }
        all += devices.values().map(|(held, _)| held).sum::<f64>();
        used += devices.values().map(|(_, busy)| busy).sum::<f64>();
    }
    (all > 0.0).then(|| (used / all).min(1.0))
}

/// At most what the GPUs drew for the job while they waited.
fn charge(run: &Run, used: f64) -> Vec<Charge> {
    let mut sums: BTreeMap<(ProcessId, &str), Microjoules> = BTreeMap::new();
    for (member, bucket) in run.parts() {
        for on in &bucket.gpus {
            if let Some(energy) = on.energy {
                *sums.entry((member.id, &on.gpu.id)).or_default() += energy;
            }
        }
    }
    sums.into_iter()
        .map(|((process, id), energy)| {
            let energy = Microjoules((energy.0 as f64 * (1.0 - used)).floor() as u64);
            Charge { process, pool: Pool::Gpu(id.into()), energy }
        })
        .collect()
}
