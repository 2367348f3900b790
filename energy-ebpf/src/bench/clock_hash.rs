//! Rejected: the same hash, with time from a clock. What most tools do.
//!
//! Not sound where the kernel takes irq and steal out of a task's time, or hides switches:
//! all of it counts for who happened to be there.

use aya_ebpf::{
    btf_maps::PerCpuArray,
    helpers::bpf_ktime_get_ns,
    macros::{btf_map, btf_tracepoint},
    programs::BtfTracePointContext,
};

use crate::{
    hash,
    kernel::Task as _,
    slice::{self, Process},
};

/// When the last switch was.
#[btf_map]
static SINCE: PerCpuArray<u64, 1> = PerCpuArray::new();

/// By the clock.
#[btf_tracepoint(function = "sched_switch")]
pub fn clock_hash(ctx: BtfTracePointContext) -> i32 {
    let (prev, _) = slice::tasks(&ctx);
    let Some(since) = SINCE.get_ptr_mut(0) else { return 0 };
    // SAFETY: the helper has no precondition.
    let now = unsafe { bpf_ktime_get_ns() };
    // SAFETY: this CPU's own element; the scheduler runs with interrupts off.
    let before = unsafe { since.replace(now) };
    if before != 0 && !prev.is_idle() {
        hash::add(Process::of(&prev), now.wrapping_sub(before));
    }
    0
}
