//! The programs that jouletop loads.
//!
//! `sched_switch` is on the path of every context switch of the machine, so it reads no
//! clock while work is waiting and touches no hash: the length of a slice is the advance
//! of the kernel's own `sum_exec_runtime`, and its place follows from the process's
//! number. Memory from the ring buffer is taken only at births, execs, ends and evictions.
//!
//! Kernel structures are read at offsets that user space resolves from BTF and
//! patches into read-only globals; the verifier sees them as constants.
#![no_std]
#![no_main]
#![allow(missing_docs, reason = "the program macros write undocumented shims")]

mod charge;
mod hidden;
mod kernel;
mod life;
mod switch;
mod work;

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};

/// Does nothing on the same tracepoint: what any program there costs (`--probe-cost`).
#[btf_tracepoint(function = "sched_switch")]
pub fn empty(_ctx: BtfTracePointContext) -> i32 {
    0
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    loop {}
}

/// The kernel lends the tracing helpers to GPL-compatible programs only.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
