//! What is counted beside time, if it is asked for: overlap with the core's other
//! thread, cycles, instructions and misses of the last cache.
//!
//! Each costs a clock read or two to three counter reads a switch, so none is on by default;
//! the verifier drops the code of what is off.

use core::ptr::null;

use aya_ebpf::{
    Global,
    bindings::{BPF_F_CURRENT_CPU, bpf_map_type::BPF_MAP_TYPE_PERF_EVENT_ARRAY},
    btf_maps::Array,
    helpers::{bpf_ktime_get_ns, generated::bpf_perf_event_read},
    macros::btf_map,
};
use energy_ebpf::account::{CpuAccount, Work};

use crate::charge::CPUS;

/// See [`energy_ebpf::global`].
#[unsafe(no_mangle)]
pub static OVERLAP: Global<u32> = Global::new(0);
/// See [`energy_ebpf::global`].
#[unsafe(no_mangle)]
pub static COUNT_WORK: Global<u32> = Global::new(0);
/// See [`energy_ebpf::global`].
#[unsafe(no_mangle)]
static COUNT_MISSES: Global<u32> = Global::new(0);

/// The other hardware thread of each CPU's core, plus one.
#[btf_map]
static SIBLINGS: Array<u32, 1> = Array::new();

/// Perf events, one for each CPU; aya's own type can only be written to.
///
/// Laid out as the loader reads it from BTF: each attribute is the type of a pointer.
#[repr(C)]
struct Counters {
    r#type: *const [i32; BPF_MAP_TYPE_PERF_EVENT_ARRAY as usize],
    key: *const u32,
    value: *const u32,
    max_entries: *const [i32; 1],
}

// SAFETY: it holds no data; the loader puts a map in its place.
unsafe impl Sync for Counters {}

impl Counters {
    const fn new() -> Self {
        Self { r#type: null(), key: null(), value: null(), max_entries: null() }
    }

    /// What this CPU's event has counted; zero if there is none, or it cannot be read.
    #[inline(always)]
    fn read(&'static self) -> u64 {
        let map = core::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: the map is one of perf events, which the kernel checks.
        let value = unsafe { bpf_perf_event_read(map, BPF_F_CURRENT_CPU) };
        // An error is a small negative number.
        if value > u64::MAX - 4096 { 0 } else { value }
    }

    /// What it has counted since it was `last` read, if that was somebody's (`ran`).
    #[inline(always)]
    fn advance(&'static self, last: &mut u64, ran: bool) -> u64 {
        let now = self.read();
        // Zero is what could not be read: nothing is told of a slice that lacks an end.
        let known = ran && now != 0 && *last != 0;
        let advance = if known { now.wrapping_sub(*last) } else { 0 };
        *last = now;
        advance
    }
}

#[unsafe(link_section = ".maps")]
#[unsafe(export_name = "CYCLES")]
static CYCLES: Counters = Counters::new();

#[unsafe(link_section = ".maps")]
#[unsafe(export_name = "INSTRUCTIONS")]
static INSTRUCTIONS: Counters = Counters::new();

#[unsafe(link_section = ".maps")]
#[unsafe(export_name = "MISSES")]
static MISSES: Counters = Counters::new();

/// The work since the last call on this CPU, if it was somebody's (`ran`). `stays` is whether
/// a task is here from now on. Where switches are hidden, it is of whoever is found, and
/// `idled` is how long the CPU was idle although it seemed busy.
#[inline(always)]
pub fn work(cpu: &mut CpuAccount, number: u32, ran: bool, stays: bool, idled: u64) -> Work {
    let mut work = Work { process_start: 0, shared_ns: 0, cycles: 0, instructions: 0, misses: 0 };
    if OVERLAP.load() != 0 {
        work.shared_ns = overlap(cpu, number, ran, stays, idled);
    }
    if COUNT_WORK.load() != 0 {
        work.cycles = CYCLES.advance(&mut cpu.cycles, ran);
        work.instructions = INSTRUCTIONS.advance(&mut cpu.instructions, ran);
    }
    if COUNT_MISSES.load() != 0 {
        work.misses = MISSES.advance(&mut cpu.misses, ran);
    }
    work
}

/// Time that the other thread of the core was busy since the task came. Then publishes
/// whether this one is busy from here on.
#[inline(always)]
fn overlap(cpu: &mut CpuAccount, number: u32, ran: bool, stays: bool, idled: u64) -> u64 {
    // SAFETY: the helper has no precondition.
    let now = unsafe { bpf_ktime_get_ns() };
    let sibling = SIBLINGS.get(number).copied().unwrap_or(0);
    let other = if sibling == 0 { 0 } else { busy_until(sibling - 1, now) };
    let pulse = &raw mut cpu.pulse;
    // SAFETY: this CPU's own; volatile, so that the sequence is odd while the rest changes.
    unsafe {
        let before = pulse.read_volatile();
        let since = before.since;
        let passed = if since != 0 { now.wrapping_sub(since).wrapping_sub(idled) } else { 0 };
        (&raw mut (*pulse).sequence).write_volatile(before.sequence.wrapping_add(1));
        (&raw mut (*pulse).busy).write_volatile(before.busy.wrapping_add(passed));
        (&raw mut (*pulse).since).write_volatile(if stays { now } else { 0 });
        (&raw mut (*pulse).sequence).write_volatile(before.sequence.wrapping_add(2));
        let shared = other.wrapping_sub(before.other);
        if shared.cast_signed() < 0 {
            // The other's clock may cross ours by a little, or it took some of it back: what
            // was told too much is owed.
            return 0;
        }
        (&raw mut (*pulse).other).write_volatile(other);
        match shared {
            _ if !ran => 0,
            _ if shared > passed => passed,
            _ => shared,
        }
    }
}

/// How long a CPU has been busy until now.
#[inline(always)]
fn busy_until(number: u32, now: u64) -> u64 {
    let Some(account) = CPUS.get_ptr(number) else { return 0 };
    let mut total = 0;
    let mut tries = 0;
    while tries < 4 {
        // SAFETY: an element of the array; another CPU writes it, which the sequence tells.
        let (before, busy, since, after) = unsafe {
            let pulse = &raw const (*account).pulse;
            (
                (&raw const (*pulse).sequence).read_volatile(),
                (&raw const (*pulse).busy).read_volatile(),
                (&raw const (*pulse).since).read_volatile(),
                (&raw const (*pulse).sequence).read_volatile(),
            )
        };
        let running = if since != 0 && now > since { now - since } else { 0 };
        total = busy.wrapping_add(running);
        if before == after && before & 1 == 0 {
            break;
        }
        tries += 1;
    }
    total
}
