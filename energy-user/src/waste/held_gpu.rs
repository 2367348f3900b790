//! A GPU is held and nobody uses it: it keeps its clocks up, and others away.
//!
//! Silent while anybody uses the device, as the holder costs nothing then, and where use is not
//! told. Whether the holder is about to use it cannot be told.

use std::{collections::BTreeSet, time::Duration};

use super::{
    finding::{Charge, Evidence, Figure, Finding, Pool, Rule, Severity, merge},
    past::{Past, Run, View, ratio},
    thresholds::HeldGpu,
};
use crate::units::Microjoules;

/// Held so much of a slot is held in it: samples do not fall on its edges.
const MOST_OF_IT: f64 = 0.9;

/// GPUs that a subject has held for nothing.
pub fn find(past: &Past, thresholds: &HeldGpu) -> Option<Finding> {
    let recent = past.views().take(2).flat_map(|view| view.parts);
    let ids: BTreeSet<&str> =
        recent.flat_map(|(_, bucket)| &bucket.gpus).map(|on| on.gpu.id.as_str()).collect();
    let runs = ids.into_iter().map(|id| (id, past.run(|view| idle(view, id))));
    let held: Vec<_> = runs.filter(|(_, run)| run.span >= thresholds.after).collect();
    let (_, longest) = held.iter().max_by_key(|(_, run)| run.span)?;
    let (since, span) = (longest.since, longest.span);
    let mut evidence = Vec::new();
    let mut charges = Vec::new();
    let mut watts = 0.0;
    for (id, run) in &held {
        let drawn = charge(run, id);
        let energy = drawn.iter().map(|charge| charge.energy).reduce(|a, b| a + b);
        let words = format!("{id} was held and nobody used it for");
        evidence.push(Evidence::new("unused_seconds", Figure::Time(run.span), words));
        if let Some(memory) = memory(run, id) {
            let words = format!("memory of {id} held");
            evidence.push(Evidence::new("gpu_memory_bytes", Figure::Bytes(memory), words));
        }
        if let Some(power) = energy.and_then(|energy| energy.over(run.span)) {
            let words = format!("drawn by {id} for its holder, on average");
            evidence.push(Evidence::new("power_watts", Figure::Power(power), words));
            watts += power.0;
        }
        charges.extend(drawn);
    }
    let holders = held.iter().flat_map(|(id, run)| {
        run.parts().filter(|(_, b)| b.gpus.iter().any(|on| on.gpu.id == *id)).map(|(m, _)| m.id)
    });
    let per_second = Microjoules::from_joules(watts);
    Some(Finding {
        rule: Rule::HeldGpu,
        subject: past.subject(holders),
        since,
        evidence,
        severity: Severity::of(Some(per_second), Duration::from_secs(1).min(span)),
        charges,
        remedy: "end the process, or have it free the GPU (shut a notebook's kernel down), unless \
                 it is about to use it: that cannot be told"
            .into(),
    })
}

/// In a slot, living processes of the subject hold the GPU and nobody uses it.
fn idle(view: &View, id: &str) -> bool {
    let alive = view.parts.iter().filter(|(member, _)| member.ended.is_none());
    let seats = alive.flat_map(|(_, bucket)| &bucket.gpus).filter(|on| on.gpu.id == id);
    let longest = seats.map(|on| on.idle).max().unwrap_or_default();
    ratio(longest, view.slot.span) >= MOST_OF_IT
}

/// What the subject was charged with for it.
fn charge(run: &Run, id: &str) -> Vec<Charge> {
    let seats = run.parts().flat_map(|(member, bucket)| {
        let seats = bucket.gpus.iter().filter(|on| on.gpu.id == id);
        seats.filter_map(|on| Some((member.id, on.idle_energy?)))
    });
    merge(seats.map(|(process, energy)| Charge { process, pool: Pool::Gpu(id.into()), energy }))
}

/// What its living processes hold of its memory now; none where that is not told.
fn memory(run: &Run, id: &str) -> Option<u64> {
    let newest = run.views.first()?;
    let seats = newest.parts.iter().flat_map(|(_, bucket)| &bucket.gpus);
    let memory = seats.filter(|on| on.gpu.id == id).filter_map(|on| on.memory);
    memory.reduce(u64::saturating_add)
}
