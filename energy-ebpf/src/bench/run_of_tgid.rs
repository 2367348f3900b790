//! Rejected: the per-CPU hash, touched only when another process comes.
//!
//! Sound; the reader has to add what each CPU has not handed over yet. It helps where the
//! threads of one process take turns, and adds to the cost of every other switch.

use aya_ebpf::{
    btf_maps::PerCpuArray,
    macros::{btf_map, btf_tracepoint},
    programs::BtfTracePointContext,
};

use crate::{
    hash,
    slice::{self, Process},
};

/// The process that was here last, and its time since it came.
#[repr(C)]
struct Run {
    process: Process,
    ns: u64,
}

#[btf_map]
static RUN: PerCpuArray<Run, 1> = PerCpuArray::new();

/// Hands a process's time over when another follows it.
#[btf_tracepoint(function = "sched_switch")]
pub fn run_of_tgid(ctx: BtfTracePointContext) -> i32 {
    let (prev, next) = slice::tasks(&ctx);
    let Some(ran) = slice::end(&prev, &next) else { return 0 };
    let Some(run) = RUN.get_ptr_mut(0) else { return 0 };
    // SAFETY: this CPU's own element; the scheduler runs with interrupts off.
    let run = unsafe { &mut *run };
    let process = Process::of(&prev);
    if run.process == process {
        run.ns += ran;
        return 0;
    }
    if run.ns != 0 {
        hash::add(run.process, run.ns);
    }
    (run.process, run.ns) = (process, ran);
    0
}
