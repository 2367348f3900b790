//! Two samples become one frame: whose energy it was.
//!
//! The meters become pools of energy, each fed by known CPUs (`pool`). A part that does not
//! depend on who ran (static power) goes to `idle`, or to who pays for it by the policy. The
//! rest is split over what ran on the pool's CPUs (`rows`), everyone included who ran, alive
//! or ended, by time or by what comes closer to power (`weigh`). `docs/method.md` has the
//! formulas and what they leave out.

mod apportion;
mod gpu;
mod method;
mod pool;
mod process;
#[cfg(test)]
mod properties;
mod rows;
mod weigh;

use std::sync::Arc;

pub use apportion::apportion;
pub use method::{Floor, IdlePolicy, Method};
use pool::Pools;
use process::ProcessRow;
use rows::Rows;

use crate::{
    frame::{Frame, Quality},
    sample::{Role, Sample},
};

/// Accounts for the interval between two samples of one machine.
///
/// `next.activity` is what happened since `prev`; of `prev`, only its times and
/// meters are used.
pub fn attribute(prev: &Sample, next: &Sample, method: &Method) -> Frame {
    let interval = next.monotonic.saturating_sub(prev.monotonic);
    let mut rows = Rows::of(next, interval, method);
    let Pools { all: mut pools, meters, checks, total, quality, owed } =
        Pools::of(prev, next, interval, &rows.used, method);
    for (index, pool) in pools.iter_mut().enumerate() {
        rows.charge(index, pool);
    }
    let Rows { processes, idle, kernel, irq, unattributed, rest, tool, .. } = rows;
    let gpus = rows.used.gpus.iter().zip(&next.gpus).map(|(of, gpu)| of.frame(gpu)).collect();
    let whole = next.meters.iter().any(|reading| reading.meter.role == Role::Whole);
    Frame {
        time: next.time,
        interval,
        boottime: next.boottime,
        machine: Arc::clone(&next.machine),
        probe: next.probe,
        quality: quality.unwrap_or(Quality::Absent),
        meters,
        total,
        pools,
        gpus,
        checks,
        idle_policy: method.idle_policy,
        learned: !method.intensities.is_empty(),
        owed,
        processes: processes.into_iter().map(ProcessRow::finish).collect(),
        idle,
        kernel: kernel.share,
        irq: next.activity.irq.is_some().then_some(irq.share),
        unattributed: unattributed.share,
        rest: whole.then_some(rest.share),
        tool: tool.share,
        weight: next.activity.weight,
        births: next.activity.births.clone(),
        kin: next.activity.kin.clone(),
        lost: next.activity.lost,
        books: next.activity.books,
    }
    .balance()
}
