//! Whose time it was: a place for each process in the table of this CPU.
//!
//! The place of a process follows from its number, so that the usual case is one lookup
//! of an array and one cache line. A place is claimed with its generation odd, for the reader.

use aya_ebpf::{
    Global,
    bindings::{BPF_F_MMAPABLE, BPF_RB_NO_WAKEUP},
    btf_maps::{Array, RingBuf},
    macros::btf_map,
};
use energy_ebpf::{
    EVENTS_BYTES, PF_KTHREAD,
    account::{CpuAccount, OWNER_KERNEL, PLACES_SHIFT as SHIFTS, Slot, WAYS, Work},
    event::{Evicted, Header, KIND_EVICTED},
};

use crate::{
    kernel::Task,
    work::{COUNT_WORK, OVERLAP},
};

/// One account for each possible CPU; user space sets the real count and maps it.
#[btf_map]
pub static CPUS: Array<CpuAccount, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

/// The places of all CPUs, one CPU after the other.
#[btf_map]
static SLOTS: Array<Slot, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

/// Beside the places, what is kept only if asked for.
#[btf_map]
static WORKS: Array<Work, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

/// Births, names, ends and evicted totals, in order.
#[btf_map]
pub static EVENTS: RingBuf<Header, EVENTS_BYTES> = RingBuf::new();

/// See [`energy_ebpf::global`].
#[unsafe(no_mangle)]
static PLACES_SHIFT: Global<u32> = Global::new(*SHIFTS.start());

/// See [`energy_ebpf::global`].
#[unsafe(no_mangle)]
pub static THREADS: Global<u32> = Global::new(0);

/// User space polls; nobody is woken from inside the scheduler.
pub const QUIET: u64 = BPF_RB_NO_WAKEUP as u64;

/// Who holds a place.
#[derive(Clone, Copy)]
struct Holder {
    id: u32,
    start: u64,
}

/// Adds `ran` nanoseconds, and the work done in them, to the process of `task`.
#[inline(always)]
pub fn charge<T: Task>(cpu: &mut CpuAccount, number: u32, task: &T, ran: u64, work: &Work) {
    let holder = if THREADS.load() == 0 {
        Holder { id: task.tgid(), start: task.process_start() }
    } else {
        Holder { id: task.tid(), start: task.start() }
    };
    let shared_ns = if work.shared_ns > ran { ran } else { work.shared_ns };
    let work = &Work { shared_ns, ..*work };
    let mut way = 0;
    while way < WAYS {
        let index = index(number, holder.id, way);
        let Some(slot) = SLOTS.get_ptr_mut(index) else { return };
        // SAFETY: an element of this CPU, which nobody else writes.
        let slot = unsafe { &mut *slot };
        if slot.id == holder.id && slot.start == holder.start {
            slot.ns += ran;
            add(index, work);
            return;
        }
        way += 1;
    }
    if ran != 0 {
        claim(cpu, number, task, holder, ran, work);
    }
}

/// Where the place of a process may be: numbers that follow each other are neighbours.
#[inline(always)]
fn index(number: u32, id: u32, way: u32) -> u32 {
    let shift = PLACES_SHIFT.load() & 31;
    (number << shift) | (id.wrapping_add(way) & ((1 << shift) - 1))
}

/// Whether anything but time is kept.
#[inline(always)]
fn works() -> bool {
    THREADS.load() != 0 || OVERLAP.load() != 0 || COUNT_WORK.load() != 0
}

/// Adds to what is kept beside the time.
#[inline(always)]
fn add(index: u32, work: &Work) {
    if works()
        && let Some(total) = WORKS.get_ptr_mut(index)
    {
        // SAFETY: an element of this CPU, which nobody else writes.
        let total = unsafe { &mut *total };
        total.shared_ns += work.shared_ns;
        total.cycles += work.cycles;
        total.instructions += work.instructions;
        total.misses += work.misses;
    }
}

/// Gives a process a place, whose holder leaves through the ring buffer.
#[inline(always)]
fn claim<T: Task>(
    cpu: &mut CpuAccount,
    number: u32,
    task: &T,
    holder: Holder,
    ran: u64,
    work: &Work,
) {
    cpu.hand = cpu.hand.wrapping_add(1);
    let mut at = index(number, holder.id, cpu.hand & (WAYS - 1));
    let mut way = 0;
    while way < WAYS {
        let free = index(number, holder.id, way);
        let Some(slot) = SLOTS.get_ptr_mut(free) else { return };
        // SAFETY: an element of this CPU, which nobody else writes.
        if unsafe { (*slot).generation } == 0 {
            at = free;
            break;
        }
        way += 1;
    }
    let Some(place) = SLOTS.get_ptr_mut(at) else { return };
    // SAFETY: as above.
    let last = unsafe { *place };
    if last.generation != 0 {
        let Some(mut record) = EVENTS.reserve_untyped::<Evicted>(0) else {
            // The holder keeps its place and its total; what is new is counted as missed.
            cpu.missed_ns += ran;
            return;
        };
        let work = if works() { WORKS.get(at).copied() } else { None };
        record.write(Evicted {
            header: Header { kind: KIND_EVICTED, cpu: number },
            slot: at & ((1 << (PLACES_SHIFT.load() & 31)) - 1),
            reserved: 0,
            last,
            work: work.unwrap_or_default(),
        });
        record.submit(QUIET);
        cpu.evictions += 1;
    }
    let kernel = if task.flags() & PF_KTHREAD == 0 { 0 } else { OWNER_KERNEL };
    // SAFETY: the element is this CPU's. Volatile, so that the generation is odd before
    // the fields change, and even only after.
    unsafe {
        (&raw mut (*place).generation).write_volatile(last.generation.wrapping_add(1));
        (&raw mut (*place).id).write_volatile(holder.id);
        (&raw mut (*place).owner).write_volatile(task.tgid() | kernel);
        (&raw mut (*place).start).write_volatile(holder.start);
        (&raw mut (*place).ns).write_volatile(ran);
        if works()
            && let Some(total) = WORKS.get_ptr_mut(at)
        {
            total.write_volatile(Work { process_start: task.process_start(), ..*work });
        }
        (&raw mut (*place).generation).write_volatile(last.generation.wrapping_add(2));
    }
}
