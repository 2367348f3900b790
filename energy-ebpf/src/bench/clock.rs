//! The yardstick: a clock read, a difference and one per-CPU counter.
//!
//! It is the least that those do who take time from a clock, and tells no process apart.

use aya_ebpf::{
    btf_maps::PerCpuArray,
    helpers::bpf_ktime_get_ns,
    macros::{btf_map, btf_tracepoint},
    programs::BtfTracePointContext,
};

/// The last reading of the clock and the sum of differences.
#[repr(C)]
struct Clock {
    last: u64,
    total: u64,
}

#[btf_map]
static CLOCK: PerCpuArray<Clock, 1> = PerCpuArray::new();

/// Counts the time between switches.
#[btf_tracepoint(function = "sched_switch")]
pub fn clock(_ctx: BtfTracePointContext) -> i32 {
    // SAFETY: the helper has no precondition.
    let now = unsafe { bpf_ktime_get_ns() };
    if let Some(clock) = CLOCK.get_ptr_mut(0) {
        // SAFETY: this CPU's own element; the scheduler runs with interrupts off.
        unsafe {
            (*clock).total += now.wrapping_sub((*clock).last);
            (*clock).last = now;
        }
    }
    0
}
