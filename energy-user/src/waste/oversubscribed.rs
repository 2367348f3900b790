//! More threads want to run than there are CPUs for them: they take turns, and lose by it.
//!
//! A thread wants to run while it is on a CPU or waits for one. Silent where a job has no more
//! threads than CPUs and waits because of others. A limit of CPU time (a control group's quota)
//! looks the same, and is the same: more threads than it may run.

use std::time::Duration;

use super::{
    finding::{Evidence, Figure, Finding, Rule, Severity},
    past::{Past, View, ratio},
    thresholds::Oversubscribed,
};

/// What a job's threads got and waited for in a slot, where that is counted.
#[derive(Clone, Copy, Debug, Default)]
struct Demand {
    ran: Duration,
    waited: Duration,
    switched: u64,
    /// CPUs that it may use.
    cpus: usize,
}

/// A job with too many threads.
pub fn find(past: &Past, thresholds: &Oversubscribed) -> Option<Finding> {
    let run = past.run(|view| exceeds(view, thresholds));
    if run.span < thresholds.after || run.span.is_zero() {
        return None;
    }
    let mut sum = Demand::default();
    for demand in run.views.iter().map(demand) {
        sum.ran += demand.ran;
        sum.waited += demand.waited;
        sum.switched = sum.switched.saturating_add(demand.switched);
        sum.cpus = demand.cpus;
    }
    let waiting = run.parts().filter(|(_, bucket)| {
        let waited = bucket.progress.as_ref().and_then(|progress| progress.waited);
        waited.is_some_and(|waited| !waited.is_zero())
    });
    let wanted = ratio(sum.ran.saturating_add(sum.waited), run.span);
    let switched = Figure::Rate(sum.switched as f64 / run.span.as_secs_f64());
    Some(Finding {
        rule: Rule::Oversubscribed,
        subject: past.subject(waiting.map(|(member, _)| member.id)),
        since: run.since,
        evidence: vec![
            Evidence::new("lasted_seconds", Figure::Time(run.span), "it has been so for"),
            Evidence::new("wanted", Figure::Count(wanted), "threads wanted to run, on average"),
            Evidence::new("cpus", Figure::Count(sum.cpus as f64), "CPUs that it may use"),
            Evidence::new(
                "waited",
                Figure::Part(ratio(sum.waited, sum.ran)),
                "waited for a CPU, of the time on one",
            ),
            Evidence::new("involuntary", switched, "times a thread had to make room"),
        ],
        charges: Vec::new(),
        remedy: "start no more threads or workers than CPUs (OMP_NUM_THREADS, num_workers, make \
                 -j), or give it more CPUs; other jobs that want the same CPUs add to its waiting"
            .into(),
        severity: Severity::Low,
    })
}

fn exceeds(view: &View, thresholds: &Oversubscribed) -> bool {
    let Demand { ran, waited, cpus, .. } = demand(view);
    let wanted = view.part(ran.saturating_add(waited));
    !waited.is_zero()
        && ratio(waited, ran) * 100.0 >= thresholds.wait_percent
        && wanted > thresholds.threads_per_cpu * cpus as f64
}

fn demand(view: &View) -> Demand {
    let mut sum = Demand { cpus: view.slot.cpus, ..Demand::default() };
    let mut allowed = 0;
    for progress in view.parts.iter().filter_map(|(_, bucket)| bucket.progress.as_deref()) {
        let Some(waited) = progress.waited else { continue };
        sum.ran = sum.ran.saturating_add(progress.cpu());
        sum.waited = sum.waited.saturating_add(waited);
        sum.switched = sum.switched.saturating_add(progress.involuntary);
        allowed = allowed.max(progress.cpus.map_or(view.slot.cpus, |cpus| cpus as usize));
    }
    if allowed > 0 {
        sum.cpus = allowed.min(view.slot.cpus);
    }
    sum
}
