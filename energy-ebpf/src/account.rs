//! The table of who ran on a CPU, and the way out of it.
//!
//! One CPU writes one table, so that no update can be lost and none needs a lock
//! or an atomic. A place is claimed with its generation odd, for the reader.

use core::hint::black_box;

use aya_ebpf::{
    Global,
    bindings::{BPF_F_MMAPABLE, BPF_RB_NO_WAKEUP},
    btf_maps::{Array, RingBuf},
    macros::btf_map,
};
use energy_ebpf::{
    CpuAccount, EVENTS_BYTES, Evicted, Header, KIND_EVICTED, SETS, SLOTS, Slot, WAYS,
};

use crate::kernel::Task;

/// One account for each possible CPU; user space sets the real count and maps it.
#[btf_map]
pub static CPUS: Array<CpuAccount, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

/// Births, names, ends and evicted totals, in order.
#[btf_map]
pub static EVENTS: RingBuf<Header, EVENTS_BYTES> = RingBuf::new();

/// Which sets are used: `SETS - 1`, or less in tests that need a full table.
#[unsafe(no_mangle)]
pub static SET_MASK: Global<u32> = Global::new(SETS as u32 - 1);

/// User space polls; nobody is woken from inside the scheduler.
pub const QUIET: u64 = BPF_RB_NO_WAKEUP as u64;

/// Adds `ran` nanoseconds to the process of `task`.
#[inline(always)]
pub fn charge<T: Task>(cpu: &mut CpuAccount, id: u32, task: &T, ran: u64) {
    let tgid = task.tgid();
    let start = task.process_start();
    // Fibonacci hashing: neighbouring numbers land far apart.
    let set = (tgid.wrapping_mul(0x9E37_79B1) >> 16) & SET_MASK.load();
    let first = (set as usize & (SETS - 1)) * WAYS;
    let mut way = 0;
    while way < WAYS {
        let slot = &mut cpu.slots[(first + way) & (SLOTS - 1)];
        if slot.tgid == tgid && slot.start == start && slot.generation != 0 {
            slot.ns += ran;
            return;
        }
        way += 1;
    }
    if ran != 0 {
        claim(cpu, id, task, tgid, start, first, ran);
    }
}

/// Gives a process a place, whose holder leaves through the ring buffer.
#[inline(always)]
fn claim<T: Task>(
    cpu: &mut CpuAccount,
    id: u32,
    task: &T,
    tgid: u32,
    start: u64,
    first: usize,
    ran: u64,
) {
    cpu.hand = cpu.hand.wrapping_add(1);
    let mut index = (first + (cpu.hand as usize & (WAYS - 1))) & (SLOTS - 1);
    let mut way = 0;
    while way < WAYS {
        let at = (first + way) & (SLOTS - 1);
        if cpu.slots[at].generation == 0 {
            index = at;
            break;
        }
        way += 1;
    }
    // The compiler sees that the mask changes nothing and would drop it; the verifiers of
    // 5.10 and 6.1 need it, since to them `or` of two unknowns has no bound.
    let index = black_box(index) & (SLOTS - 1);
    let slot = &mut cpu.slots[index];
    let generation = slot.generation;
    if generation != 0 {
        let Some(mut record) = EVENTS.reserve_untyped::<Evicted>(0) else {
            // The holder keeps its place and its total; what is new is counted as missed.
            cpu.missed_ns += ran;
            return;
        };
        record.write(Evicted {
            header: Header { kind: KIND_EVICTED, cpu: id },
            slot: index as u32,
            reserved: 0,
            last: *slot,
        });
        record.submit(QUIET);
        cpu.evictions += 1;
    }
    let place: *mut Slot = slot;
    // SAFETY: the place is inside this CPU's account. Volatile, so that the
    // generation is odd before the fields change, and even only after.
    unsafe {
        (&raw mut (*place).generation).write_volatile(generation.wrapping_add(1));
        (&raw mut (*place).tgid).write_volatile(tgid);
        (&raw mut (*place).flags).write_volatile(task.flags());
        (&raw mut (*place).start).write_volatile(start);
        (&raw mut (*place).ns).write_volatile(ran);
        (&raw mut (*place).generation).write_volatile(generation.wrapping_add(2));
    }
}
