//! What the probe is measured against: programs on the same tracepoint.
//!
//! `cargo xtask bench probe` attaches these beside the real probe, so that both
//! sides see the same switches in the same run. They are never shipped.
#![no_std]
#![no_main]
#![allow(missing_docs, reason = "the program macros write undocumented shims")]

use aya_ebpf::{
    btf_maps::PerCpuArray,
    helpers::bpf_ktime_get_ns,
    macros::{btf_map, btf_tracepoint},
    programs::BtfTracePointContext,
};

/// The floor: what any program on this tracepoint costs.
#[btf_tracepoint(function = "sched_switch")]
pub fn empty(_ctx: BtfTracePointContext) -> i32 {
    0
}

/// The last reading of the clock and the sum of differences.
#[repr(C)]
struct Clock {
    last: u64,
    total: u64,
}

#[btf_map]
static CLOCK: PerCpuArray<Clock, 1> = PerCpuArray::new();

/// The classic least that others do: one clock read, a difference, one per-CPU counter.
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

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
