//! Rejected: nothing on a switch; all tasks are read at each sample, and records tell who
//! ended, and who went to another CPU.
//!
//! Not sound: the placing of a new task raises no event, so its first CPU is not known;
//! what runs while it is read is up to a tick behind. And a sample walks over every thread.

use aya_ebpf::{
    bindings::BPF_RB_NO_WAKEUP,
    btf_maps::RingBuf,
    helpers::generated::bpf_seq_write,
    macros::{btf_map, btf_tracepoint},
    programs::BtfTracePointContext,
};

use crate::kernel::{Task as _, Trusted};

/// What the kernel passes to an iterator of tasks (`bpf_iter__task`).
#[repr(C)]
pub struct IterTask {
    meta: *const Meta,
    /// Null after the last.
    pub task: *const u8,
}

/// The beginning of `bpf_iter_meta`.
#[repr(C)]
struct Meta {
    seq: *mut aya_ebpf::bindings::seq_file,
}

/// A thread's account.
#[repr(C)]
struct Reading {
    process_start: u64,
    ran: u64,
    tgid: u32,
    tid: u32,
    /// Where it goes; no CPU at its end.
    cpu: u32,
    reserved: u32,
}

impl Reading {
    #[inline(always)]
    fn of(task: &Trusted, cpu: u32) -> Self {
        Self {
            process_start: task.process_start(),
            ran: task.ran(),
            tgid: task.tgid(),
            tid: task.tid(),
            cpu,
            reserved: 0,
        }
    }
}

/// No CPU.
const NONE: u32 = u32::MAX;

#[btf_map]
static READINGS: RingBuf<Reading, { 8 << 20 }> = RingBuf::new();

#[inline(always)]
fn tell(reading: Reading) {
    if let Some(mut place) = READINGS.reserve_untyped::<Reading>(0) {
        place.write(reading);
        place.submit(BPF_RB_NO_WAKEUP.into());
    }
}

/// A thread's time goes to its new CPU from here on.
#[btf_tracepoint(function = "sched_migrate_task")]
pub fn migrated(ctx: BtfTracePointContext) -> i32 {
    let task = Trusted(ctx.arg::<*const u8>(0));
    tell(Reading::of(&task, ctx.arg::<u32>(1)));
    0
}

/// A thread ends between two samples.
#[btf_tracepoint(function = "sched_process_exit")]
pub fn ended(ctx: BtfTracePointContext) -> i32 {
    tell(Reading::of(&Trusted(ctx.arg::<*const u8>(0)), NONE));
    0
}

/// A sample: every thread's account.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task")]
pub extern "C" fn sample(ctx: *mut IterTask) -> i32 {
    // SAFETY: the kernel passes what it declares.
    let (task, seq) = unsafe { (Trusted((*ctx).task), (*(*ctx).meta).seq) };
    if !task.0.is_null() {
        let reading = Reading::of(&task, NONE);
        // SAFETY: as many bytes as are given.
        unsafe { bpf_seq_write(seq, (&raw const reading).cast(), size_of::<Reading>() as u32) };
    }
    0
}
