//! What the probe is measured against: yardsticks, and the designs that were rejected.
//!
//! `cargo xtask bench probe` attaches each of these in turn with the real probe, so that
//! all see the same load in the same run. They are never shipped.
#![no_std]
#![no_main]
#![allow(missing_docs, reason = "the program macros write undocumented shims")]

mod clock;
mod clock_hash;
mod hash;
mod iterator;
#[path = "../probe/kernel.rs"]
#[allow(dead_code, reason = "the probe reads more than the accounting itself needs")]
mod kernel;
mod run_of_tgid;
mod slice;
mod slots;
mod slots_by_hash;
mod slots_by_storage;

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

/// The floor: what any program on this tracepoint costs.
#[btf_tracepoint(function = "sched_switch")]
pub fn empty(_ctx: BtfTracePointContext) -> i32 {
    0
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
