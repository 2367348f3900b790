//! A notebook that nobody has used for hours, and that keeps what it has: a GPU, memory.
//!
//! Only where the job is known to be a notebook's kernel. Its heart beats, so a little CPU time
//! counts as none. A notebook that waits for its user on purpose looks the same.

use super::{
    finding::{Evidence, Figure, Finding, Rule, Severity},
    past::{Past, View, ratio},
    thresholds::IdleNotebook,
};
use crate::job::Kind;

/// For moments it may use so many times as much.
const FOR_MOMENTS: f64 = 10.0;

/// A notebook that has done nothing for long.
pub fn find(past: &Past, thresholds: &IdleNotebook) -> Option<Finding> {
    if past.kind() != Some(Kind::Notebook) {
        return None;
    }
    let alive = || past.members.iter().filter(|member| member.ended.is_none());
    let seen = alive().map(|member| member.seen).min()?;
    let run = past.run(|view| {
        let most = FOR_MOMENTS * thresholds.cpu_percent;
        let begun = view.slot.end > seen;
        begun && view.part(view.cpu()) * 100.0 <= most && !uses_gpu(view)
    });
    // Before it was there, it was not idle.
    let span = run.span.min(past.now().saturating_sub(seen));
    let cpu = ratio(run.cpu(), span);
    if span < thresholds.after || span.is_zero() || cpu * 100.0 > thresholds.cpu_percent {
        return None;
    }
    let mut evidence = vec![
        Evidence::new("idle_seconds", Figure::Time(span), "it did nothing for"),
        Evidence::new("cpu", Figure::Part(cpu), "CPU time meanwhile; 100 % is one CPU"),
    ];
    let newest = run.views.first()?;
    for on in newest.parts.iter().flat_map(|(_, bucket)| &bucket.gpus) {
        let words = format!("memory of {} held", on.gpu.id);
        match on.memory {
            Some(bytes) => {
                evidence.push(Evidence::new("gpu_memory_bytes", Figure::Bytes(bytes), words));
            }
            None => evidence.push(Evidence::new(
                "gpu_held_seconds",
                Figure::Time(on.held),
                format!("lately, {} was held for", on.gpu.id),
            )),
        }
    }
    let charges = run.charges();
    let joules = charges.iter().map(|charge| charge.energy).reduce(|a, b| a + b);
    Some(Finding {
        rule: Rule::IdleNotebook,
        subject: past.subject(alive().map(|member| member.id)),
        since: if span < run.span { past.time() - span } else { run.since },
        evidence,
        severity: Severity::of(joules, span),
        charges,
        remedy: "shut the kernel down (its variables are lost; save them first), or let the \
                 server cull idle kernels (MappingKernelManager.cull_idle_timeout)"
            .into(),
    })
}

/// In a slot, it used a GPU, or may have: where use is not told.
fn uses_gpu(view: &View) -> bool {
    let mut gpus = view.parts.iter().flat_map(|(_, bucket)| &bucket.gpus);
    gpus.any(|on| match on.busy {
        Some(busy) => !busy.is_zero(),
        None => on.idle < on.held,
    })
}
