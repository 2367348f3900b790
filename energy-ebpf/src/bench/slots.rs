//! Slots that user space maps, one for each process on each CPU, for the two designs
//! that find a process's slot by a number given to it.
//!
//! A CPU writes its own stripe only. Who holds which slot would have to be told to user
//! space, which alone can say when a slot is free again: here it only fills the queue.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    btf_maps::{Array, Queue},
    helpers::bpf_get_smp_processor_id,
    macros::btf_map,
};

use crate::slice::{self, PROCESSES};

/// Nanoseconds; user space makes it as long as there are CPUs.
#[btf_map]
static SLOTS: Array<u64, PROCESSES, { BPF_F_MMAPABLE as usize }> = Array::new();

/// Numbers of slots that nobody has.
#[btf_map]
static FREE: Queue<u32, PROCESSES> = Queue::new();

/// Takes a slot; none if all are taken.
#[inline(always)]
pub fn take() -> Option<u32> {
    FREE.pop().ok().flatten()
}

/// Gives a slot back.
#[inline(always)]
pub fn give(slot: u32) {
    if FREE.push(slot, 0).is_err() {
        slice::missed();
    }
}

/// Adds to a slot of this CPU.
#[inline(always)]
pub fn add(slot: u32, ran: u64) {
    // SAFETY: the helper has no precondition.
    let cpu = unsafe { bpf_get_smp_processor_id() };
    match SLOTS.get_ptr_mut(cpu * PROCESSES as u32 + slot) {
        // SAFETY: an element of this CPU, which nobody else writes.
        Some(total) => unsafe { *total += ran },
        None => slice::missed(),
    }
}
