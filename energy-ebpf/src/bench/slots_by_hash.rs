//! Rejected: slots, found through a hash of the processes' numbers.
//!
//! Sound with a record of each slot that changes hands, which is left out here. It spares
//! the hash its per-CPU values and the reader its system calls, but not the lookup.

use aya_ebpf::{
    bindings::BPF_NOEXIST,
    btf_maps::HashMap,
    macros::{btf_map, btf_tracepoint},
    programs::BtfTracePointContext,
};

use crate::{
    kernel::{Task as _, Trusted},
    slice::{self, PROCESSES},
    slots,
};

/// Whose slot it is; the number alone may come again.
#[repr(C)]
struct Holder {
    start: u64,
    slot: u32,
    reserved: u32,
}

#[btf_map]
static HOLDERS: HashMap<u32, Holder, PROCESSES> = HashMap::new();

/// Charges the slot of who leaves.
#[btf_tracepoint(function = "sched_switch")]
pub fn slots_by_hash(ctx: BtfTracePointContext) -> i32 {
    let (prev, next) = slice::tasks(&ctx);
    if let Some(ran) = slice::end(&prev, &next) {
        match slot(&prev) {
            Some(slot) => slots::add(slot, ran),
            None => slice::missed(),
        }
    }
    0
}

#[inline(always)]
fn slot(task: &Trusted) -> Option<u32> {
    let (tgid, start) = (task.tgid(), task.process_start());
    if let Some(holder) = HOLDERS.get_ptr(tgid) {
        // SAFETY: elements are preallocated, and change only where processes begin.
        let holder = unsafe { &*holder };
        if holder.start == start {
            return Some(holder.slot);
        }
        // A process that has ended: its slot would be told, and stay until it was read.
        HOLDERS.remove(tgid).ok()?;
    }
    let slot = slots::take()?;
    if HOLDERS.insert(tgid, Holder { start, slot, reserved: 0 }, BPF_NOEXIST.into()).is_err() {
        // Another thread of it was faster on another CPU, or the hash is full.
        slots::give(slot);
        return None;
    }
    Some(slot)
}
