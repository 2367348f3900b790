//! The programs that jouletop loads.
//!
//! `sched_switch` is on the path of every context switch of the machine, so it
//! reads no clock and touches no hash: the length of a slice is the advance of
//! the kernel's own `sum_exec_runtime`, and its place is found by tgid in the
//! table of the CPU. Everything that needs memory from the ring buffer happens
//! only at births, execs, ends and evictions.
//!
//! Kernel structures are read at offsets that user space resolves from BTF and
//! patches into the read-only globals below; the verifier sees them as constants.
#![no_std]
#![no_main]
#![allow(missing_docs, reason = "the program macros write undocumented shims")]

mod account;
mod kernel;
mod life;

use account::{CPUS, charge};
use aya_ebpf::{
    helpers::{bpf_get_current_task, bpf_get_smp_processor_id},
    macros::{btf_tracepoint, raw_tracepoint},
    programs::{BtfTracePointContext, RawTracePointContext},
};
use energy_ebpf::{LEFT, Left};
use kernel::{Probed, Task, Trusted};

/// A task leaves a CPU: its slice goes to its process; the next one's begins.
#[btf_tracepoint(function = "sched_switch")]
pub fn sched_switch(ctx: BtfTracePointContext) -> i32 {
    let prev = Trusted(ctx.arg::<*const u8>(1));
    let next = Trusted(ctx.arg::<*const u8>(2));
    // SAFETY: the helper has no precondition.
    let id = unsafe { bpf_get_smp_processor_id() };
    let Some(cpu) = CPUS.get_ptr_mut(id) else { return 0 };
    // SAFETY: only this CPU writes its account, and nothing interrupts it: the
    // scheduler runs with interrupts off, and the poke program cannot be switched away from.
    let cpu = unsafe { &mut *cpu };
    cpu.switches += 1;
    let leaving = prev.tid();
    if leaving != 0 {
        let task = prev.0 as u64;
        let ran = prev.ran();
        let migrations = prev.migrations();
        let left = &mut cpu.left[leaving as usize & (LEFT - 1)];
        // Some kernels hide the switches of some tasks: one that is here without having
        // been seen to come, and ran nowhere else, came with the time it left with.
        let known = left.task == task && left.migrations == migrations && left.mark <= ran;
        let mark = if known { left.mark } else { ran };
        *left = Left { task, mark: ran, migrations };
        if cpu.task == task {
            charge(cpu, id, &prev, ran.wrapping_sub(cpu.mark));
        } else {
            cpu.unpaired += u64::from(!known);
            charge(cpu, id, &prev, ran.wrapping_sub(mark));
        }
    }
    cpu.task = if next.tid() == 0 { 0 } else { next.0 as u64 };
    cpu.mark = next.ran();
    0
}

/// Charges the task that is on this CPU now for its slice so far.
///
/// User space runs it on each busy CPU before it reads, so that a task that never
/// switches is never at zero. A CPU that is seen for the first time begins here.
#[raw_tracepoint(tracepoint = "sched_switch")]
pub fn poke(_ctx: RawTracePointContext) -> i32 {
    // SAFETY: the helpers have no precondition.
    let (id, task) = unsafe { (bpf_get_smp_processor_id(), bpf_get_current_task()) };
    let task = Probed(task as *const u8);
    let Some(cpu) = CPUS.get_ptr_mut(id) else { return 0 };
    // SAFETY: as in `sched_switch`; this runs on the CPU itself, without preemption.
    let cpu = unsafe { &mut *cpu };
    let now = if task.tid() == 0 { 0 } else { task.0 as u64 };
    let ran = task.ran();
    if now != 0 && cpu.task == now {
        charge(cpu, id, &task, ran.wrapping_sub(cpu.mark));
    }
    cpu.task = now;
    cpu.mark = ran;
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
