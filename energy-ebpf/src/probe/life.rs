//! Births, execs, names and ends of processes, told by the kernel itself.
//!
//! A process may be gone before user space looks; its identity must not race
//! `/proc`. These run a few times in a process's life, never on a switch.

use aya_ebpf::{
    EbpfContext as _,
    helpers::{
        bpf_get_current_comm, bpf_get_current_uid_gid, bpf_get_smp_processor_id,
        generated::{bpf_get_current_cgroup_id, bpf_probe_read_kernel_str, bpf_probe_read_user},
    },
    macros::btf_tracepoint,
    maps::ring_buf::RingBufEntry,
    programs::BtfTracePointContext,
};
use aya_log_ebpf::debug;
use energy_ebpf::{
    ARGS_LEN, COMM_LEN, PATH_LEN,
    event::{
        Birth, Cgroup, Ended, Exec, Header, KIND_CGROUP, KIND_EXEC, KIND_EXIT, KIND_FORK,
        KIND_RENAME, Renamed,
    },
};

use crate::{
    charge::{CPUS, EVENTS, QUIET, THREADS},
    kernel::{
        OFF_ARG_END, OFF_ARG_START, OFF_HIERARCHY, OFF_LIVE, OFF_MM, OFF_NODE, OFF_NODE_ID,
        OFF_PARENT, OFF_ROOT, OFF_SIGNAL, Task, Trusted,
    },
};

/// A place for a record in the ring buffer; a full one is counted.
#[inline(always)]
fn reserve<T: 'static>() -> Option<RingBufEntry<T>> {
    let entry = EVENTS.reserve_untyped::<T>(0);
    if entry.is_none() {
        // SAFETY: the helper has no precondition.
        let id = unsafe { bpf_get_smp_processor_id() };
        if let Some(cpu) = CPUS.get_ptr_mut(id) {
            // SAFETY: this CPU's own account.
            unsafe { (*cpu).lost_events += 1 };
        }
    }
    entry
}

/// The header of a record written here.
#[inline(always)]
fn header(kind: u32) -> Header {
    // SAFETY: the helper has no precondition.
    Header { kind, cpu: unsafe { bpf_get_smp_processor_id() } }
}

/// The current task's name; all zero if the kernel refuses, which it does not.
#[inline(always)]
fn comm() -> [u8; COMM_LEN] {
    bpf_get_current_comm().unwrap_or_default()
}

/// The current task's cgroup in the v2 hierarchy.
#[inline(always)]
fn cgroup() -> u64 {
    // SAFETY: the helper has no precondition.
    unsafe { bpf_get_current_cgroup_id() }
}

/// `fork`: the current task is the parent. A new thread is no new process.
#[btf_tracepoint(function = "sched_process_fork")]
pub fn sched_process_fork(ctx: BtfTracePointContext) -> i32 {
    let child = Trusted(ctx.arg::<*const u8>(1));
    let (tid, tgid) = (child.tid(), child.tgid());
    if tid != tgid && THREADS.load() == 0 {
        return 0;
    }
    let parent = child.follow(&OFF_PARENT);
    let Some(mut record) = reserve::<Birth>() else { return 0 };
    record.write(Birth {
        header: header(KIND_FORK),
        tid,
        tgid,
        start: child.start(),
        process_start: child.process_start(),
        parent_start: parent.process_start(),
        cgroup: cgroup(),
        parent_tgid: parent.tgid(),
        uid: bpf_get_current_uid_gid() as u32,
        flags: child.flags(),
        reserved: 0,
        comm: comm(),
    });
    record.submit(QUIET);
    debug!(&ctx, "fork: {} has the child {}", parent.tgid(), tgid);
    0
}

/// `exec`: the current task has its new name and arguments.
#[btf_tracepoint(function = "sched_process_exec")]
pub fn sched_process_exec(ctx: BtfTracePointContext) -> i32 {
    let task = Trusted(ctx.arg::<*const u8>(0));
    let tgid = task.tgid();
    let start = task.process_start();
    let mm = task.follow(&OFF_MM);
    if mm.0.is_null() {
        return 0;
    }
    let from = mm.u64_at(&OFF_ARG_START);
    let length = mm.u64_at(&OFF_ARG_END).wrapping_sub(from);
    let Some(mut record) = reserve::<Exec>() else { return 0 };
    let exec = record.as_mut_ptr();
    // SAFETY: `exec` is the reserved memory, written field by field up to what
    // `args_len` declares valid; the user address is checked by the helper.
    unsafe {
        (&raw mut (*exec).header).write(header(KIND_EXEC));
        (&raw mut (*exec).tgid).write(tgid);
        (&raw mut (*exec).uid).write(bpf_get_current_uid_gid() as u32);
        (&raw mut (*exec).start).write(start);
        (&raw mut (*exec).cgroup).write(cgroup());
        (&raw mut (*exec).comm).write(comm());
        (&raw mut (*exec).reserved).write(0);
        let length = if length > ARGS_LEN as u64 { ARGS_LEN as u32 } else { length as u32 };
        let got = bpf_probe_read_user((&raw mut (*exec).args).cast(), length, from as *const _);
        (&raw mut (*exec).args_len).write(if got == 0 { length } else { 0 });
    }
    record.submit(QUIET);
    debug!(&ctx, "exec: {}", tgid);
    0
}

/// `exit`: of a thread; the last one ends the process.
#[btf_tracepoint(function = "sched_process_exit")]
pub fn sched_process_exit(ctx: BtfTracePointContext) -> i32 {
    let task = Trusted(ctx.arg::<*const u8>(0));
    // The kernel counts the thread out before it raises the event.
    let left = task.follow(&OFF_SIGNAL).u32_at(&OFF_LIVE);
    if left != 0 && THREADS.load() == 0 {
        return 0;
    }
    let Some(mut record) = reserve::<Ended>() else { return 0 };
    record.write(Ended {
        header: header(KIND_EXIT),
        tid: task.tid(),
        tgid: task.tgid(),
        uid: bpf_get_current_uid_gid() as u32,
        left,
        start: task.start(),
        process_start: task.process_start(),
        cgroup: cgroup(),
    });
    record.submit(QUIET);
    debug!(&ctx, "exit: {}", task.tgid());
    0
}

/// A task gets a new name (`prctl`, or a write to its `comm` file).
#[btf_tracepoint(function = "task_rename")]
pub fn task_rename(ctx: BtfTracePointContext) -> i32 {
    let task = Trusted(ctx.arg::<*const u8>(0));
    let name = ctx.arg::<*const u8>(1);
    if task.tid() != task.tgid() && THREADS.load() == 0 {
        return 0;
    }
    let start = task.start();
    let Some(mut record) = reserve::<Renamed>() else { return 0 };
    let renamed = record.as_mut_ptr();
    // SAFETY: the reserved memory, written whole; the helper checks the address.
    unsafe {
        (&raw mut (*renamed).header).write(header(KIND_RENAME));
        (&raw mut (*renamed).tid).write(task.tid());
        (&raw mut (*renamed).tgid).write(task.tgid());
        (&raw mut (*renamed).start).write(start);
        (&raw mut (*renamed).comm).write([0; COMM_LEN]);
        bpf_probe_read_kernel_str((&raw mut (*renamed).comm).cast(), COMM_LEN as u32, name.cast());
    }
    record.submit(QUIET);
    let _ = ctx.as_ptr();
    0
}

/// `mkdir` of a cgroup: its id and path, so that a short-lived one has its name.
#[btf_tracepoint(function = "cgroup_mkdir")]
pub fn cgroup_mkdir(ctx: BtfTracePointContext) -> i32 {
    let made = Trusted(ctx.arg::<*const u8>(0));
    let path = ctx.arg::<*const u8>(1);
    let id = made.follow(&OFF_NODE).u64_at(&OFF_NODE_ID);
    let hierarchy = made.follow(&OFF_ROOT).u32_at(&OFF_HIERARCHY);
    let Some(mut record) = reserve::<Cgroup>() else { return 0 };
    let cgroup = record.as_mut_ptr();
    // SAFETY: the reserved memory, of which the reader takes the path up to its NUL; the
    // helper checks the address.
    unsafe {
        (&raw mut (*cgroup).header).write(header(KIND_CGROUP));
        (&raw mut (*cgroup).id).write(id);
        (&raw mut (*cgroup).hierarchy).write(hierarchy);
        (&raw mut (*cgroup).reserved).write(0);
        (&raw mut (*cgroup).path).cast::<u8>().write(0);
        bpf_probe_read_kernel_str((&raw mut (*cgroup).path).cast(), PATH_LEN as u32, path.cast());
    }
    record.submit(QUIET);
    0
}
