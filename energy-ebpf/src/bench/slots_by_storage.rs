//! Rejected: slots, whose number lies in the storage of each task.
//!
//! Storage is made at a fork, or by an iterator for tasks that live already, never on a
//! switch: that has hung an old real-time kernel. A task missed by both counts as missed.

use core::ptr;

use aya_ebpf::{
    bindings::{
        BPF_F_NO_PREALLOC, BPF_LOCAL_STORAGE_GET_F_CREATE, bpf_map_type::BPF_MAP_TYPE_TASK_STORAGE,
    },
    helpers::generated::bpf_task_storage_get,
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};

use crate::{
    iterator::IterTask,
    kernel::{OFF_LEADER, Task as _, Trusted},
    slice, slots,
};

/// Storage of tasks, for which aya has no type of its own.
///
/// Laid out as the loader reads it from BTF: each attribute is the type of a pointer.
#[repr(C)]
struct Storage {
    r#type: *const [i32; BPF_MAP_TYPE_TASK_STORAGE as usize],
    key: *const i32,
    /// The slot of the task's process, plus one; zero if it has none.
    value: *const u32,
    max_entries: *const [i32; 0],
    map_flags: *const [i32; BPF_F_NO_PREALLOC as usize],
}

// SAFETY: it holds no data; the loader puts a map in its place.
unsafe impl Sync for Storage {}

#[unsafe(link_section = ".maps")]
#[unsafe(export_name = "STORAGE")]
static STORAGE: Storage = Storage {
    r#type: ptr::null(),
    key: ptr::null(),
    value: ptr::null(),
    max_entries: ptr::null(),
    map_flags: ptr::null(),
};

/// What is stored with a task; made if that is asked for.
#[inline(always)]
fn stored(task: &Trusted, flags: u32) -> Option<*mut u32> {
    let map = ptr::from_ref(&STORAGE).cast_mut().cast();
    // SAFETY: the kernel checks both; no first value is given.
    let value = unsafe {
        bpf_task_storage_get(map, task.0.cast_mut().cast(), ptr::null_mut(), flags.into())
    };
    (!value.is_null()).then_some(value.cast())
}

/// Charges the slot of who leaves.
#[btf_tracepoint(function = "sched_switch")]
pub fn slots_by_storage(ctx: BtfTracePointContext) -> i32 {
    let (prev, next) = slice::tasks(&ctx);
    if let Some(ran) = slice::end(&prev, &next) {
        match stored(&prev, 0) {
            // SAFETY: a value of the map.
            Some(slot) => slots::add(unsafe { *slot }.wrapping_sub(1), ran),
            None => slice::missed(),
        }
    }
    0
}

/// A new process gets a slot, a new thread that of its process.
#[btf_tracepoint(function = "sched_process_fork")]
pub fn slots_fork(ctx: BtfTracePointContext) -> i32 {
    let parent = Trusted(ctx.arg::<*const u8>(0));
    let child = Trusted(ctx.arg::<*const u8>(1));
    let family = if child.tid() == child.tgid() { &child } else { &parent };
    share(&child, family);
    0
}

/// Gives a slot to a task that lives already.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task")]
pub extern "C" fn slots_seed(ctx: *mut IterTask) -> i32 {
    // SAFETY: the kernel passes what it declares.
    let task = Trusted(unsafe { (*ctx).task });
    if !task.0.is_null() {
        share(&task, &task.follow(&OFF_LEADER));
    }
    0
}

/// Gives a task the slot of another of its process, which gets one if it has none.
#[inline(always)]
fn share(task: &Trusted, family: &Trusted) {
    let Some(theirs) = stored(family, BPF_LOCAL_STORAGE_GET_F_CREATE) else { return };
    // SAFETY: values of the map, which are whole words; nobody else writes those of a task
    // that is being born, and the iterator runs before the programs are attached.
    unsafe {
        if *theirs == 0 {
            let Some(slot) = slots::take() else { return };
            *theirs = slot + 1;
        }
        if let Some(own) = stored(task, BPF_LOCAL_STORAGE_GET_F_CREATE) {
            *own = *theirs;
        }
    }
}
