//! One task leaves a CPU and another comes: the slice goes to its process.
//!
//! The scheduler has brought `sum_exec_runtime` and `exec_start` of who leaves up to date
//! before it raises the event, and set `exec_start` of who comes. So the length of a slice
//! and the CPU's clock cost a load each, and every nanosecond of that clock is booked:
//! to a process, to idle, to the scheduler itself, or as missed.

use aya_ebpf::{
    Global,
    helpers::{bpf_get_current_task, bpf_get_smp_processor_id, bpf_ktime_get_ns},
    macros::{btf_tracepoint, raw_tracepoint},
    programs::{BtfTracePointContext, RawTracePointContext},
};

use crate::{
    charge::{CPUS, charge},
    hidden::{remember, rested, unseen},
    kernel::{Probed, Task, Trusted},
    work::work,
};

/// See [`energy_ebpf::global`].
#[unsafe(no_mangle)]
static WALL: Global<u32> = Global::new(0);

/// A task leaves a CPU: its slice goes to its process; the next one's begins.
#[btf_tracepoint(function = "sched_switch")]
pub fn sched_switch(ctx: BtfTracePointContext) -> i32 {
    let prev = Trusted(ctx.arg::<*const u8>(1));
    let next = Trusted(ctx.arg::<*const u8>(2));
    // SAFETY: the helper has no precondition.
    let number = unsafe { bpf_get_smp_processor_id() };
    let Some(cpu) = CPUS.get_ptr_mut(number) else { return 0 };
    // SAFETY: only this CPU writes its account, and nothing interrupts it: the
    // scheduler runs with interrupts off, and the poke program cannot be switched away from.
    let cpu = unsafe { &mut *cpu };
    cpu.switches += 1;
    let (rests, stays) = (prev.is_idle(), !next.is_idle());
    let task = prev.0 as u64;
    let seen = cpu.task == task;
    let clock = if rests { next.clock() } else { prev.clock() };
    let idled = if rests { rested(cpu, number, clock) } else { 0 };
    let work = work(cpu, number, !rests, stays, idled);
    if !rests {
        let gain = if seen {
            prev.ran().wrapping_sub(cpu.mark)
        } else {
            unseen(cpu, number, &prev, clock, 1)
        };
        charge(cpu, number, &prev, gain, &work);
    }
    remember(cpu, &prev, &next);
    if stays {
        let begins = next.clock();
        cpu.between_ns = cpu.between_ns.wrapping_add(begins.wrapping_sub(clock));
        cpu.clock = begins;
        cpu.task = next.0 as u64;
        cpu.mark = next.ran();
    } else {
        cpu.clock = clock;
        cpu.task = 0;
        if WALL.load() != 0 {
            // SAFETY: the helper has no precondition.
            cpu.wall = unsafe { bpf_ktime_get_ns() };
        } else {
            // Not known, rather than that of the last time somebody looked.
            cpu.wall = 0;
        }
    }
    0
}

/// Charges the task that is on this CPU now for its slice so far.
///
/// User space runs it on each busy CPU before it reads, so that a task that never
/// switches is never at zero. A CPU that is seen for the first time begins here.
#[raw_tracepoint(tracepoint = "sched_switch")]
pub fn poke(_ctx: RawTracePointContext) -> i32 {
    // SAFETY: the helpers have no precondition.
    let (number, task) = unsafe { (bpf_get_smp_processor_id(), bpf_get_current_task()) };
    let task = Probed(task as *const u8);
    let Some(cpu) = CPUS.get_ptr_mut(number) else { return 0 };
    // SAFETY: as in `sched_switch`; this runs on the CPU itself, without preemption.
    let cpu = unsafe { &mut *cpu };
    if task.is_idle() {
        return 0;
    }
    let (ran, clock) = (task.ran(), task.clock());
    let known = cpu.task == task.address();
    let work = work(cpu, number, true, true, 0);
    let gain =
        if known { ran.wrapping_sub(cpu.mark) } else { unseen(cpu, number, &task, clock, 0) };
    charge(cpu, number, &task, gain, &work);
    cpu.task = task.address();
    cpu.mark = ran;
    cpu.clock = clock;
    // SAFETY: the helper has no precondition.
    cpu.wall = unsafe { bpf_ktime_get_ns() };
    task.tgid().cast_signed()
}
