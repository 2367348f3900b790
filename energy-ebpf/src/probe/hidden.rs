//! Switches that raise no event, which some kernels have: what can be told of them after.
//!
//! Threads are remembered as they come and leave, on whatever CPU. Who leaves unseen to have
//! come, came with the time it was last seen to leave with. A CPU that has hidden nothing
//! for some thousand switches stops to remember, so that sound kernels do not pay for this.

use aya_ebpf::{Global, btf_maps::Array, macros::btf_map};
use energy_ebpf::account::{CpuAccount, SIGHTS, Sight, Work};

use crate::{
    charge::charge,
    kernel::{Probed, Task},
};

/// Shared by all CPUs. A thread is on one at a time; two threads of one place may mix, and
/// then nothing fits, or a slice is off by what passed meanwhile at most.
#[btf_map]
static LAST_SEEN: Array<Sight, SIGHTS> = Array::new();

/// See [`energy_ebpf::global`].
#[unsafe(no_mangle)]
static REMEMBER: Global<u32> = Global::new(1);

/// [`CpuAccount::hides`]: not known yet.
const LEARNING: u32 = 0;
/// No switch was hidden.
const HIDES_NONE: u32 = 1;
/// One was.
const HIDES: u32 = 2;
/// Switches after which a CPU that hid none is held to hide none.
const LEARNED: u64 = 1 << 14;

/// Keeps how two threads leave and come, as long as it may be needed.
#[inline(always)]
pub fn remember<T: Task>(cpu: &mut CpuAccount, prev: &T, next: &T) {
    if cpu.hides == HIDES_NONE || REMEMBER.load() == 0 {
        return;
    }
    if cpu.hides == LEARNING && cpu.switches > LEARNED {
        cpu.hides = HIDES_NONE;
    }
    sighted(prev);
    sighted(next);
}

/// Keeps how a thread came or left.
#[inline(always)]
fn sighted<T: Task>(task: &T) {
    if task.is_idle() {
        return;
    }
    if let Some(place) = LAST_SEEN.get_ptr_mut(task.tid() & (SIGHTS as u32 - 1)) {
        let now = Sight { task: task.address(), mark: task.ran() };
        // SAFETY: an element of the array, of plain integers.
        unsafe { *place = now };
    }
}

/// How a thread was last seen; nothing that fits if it was not.
#[inline(always)]
fn last_seen<T: Task>(task: &T) -> Sight {
    let sight = LAST_SEEN.get(task.tid() & (SIGHTS as u32 - 1)).copied().unwrap_or_default();
    if sight.task == task.address() { sight } else { Sight::default() }
}

/// A task is here that was not seen to come. Charges who was here last, and gives what
/// this one has run of the time since; what nobody can be told to have run is missed.
///
/// `departures` is how often a task has left a CPU that is now in its first slice.
#[inline(always)]
pub fn unseen<T: Task>(
    cpu: &mut CpuAccount,
    number: u32,
    task: &T,
    clock: u64,
    departures: u64,
) -> u64 {
    if cpu.clock == 0 {
        return 0;
    }
    let left = last_left(cpu, number, clock);
    let rest = clock.wrapping_sub(left.unwrap_or(cpu.clock));
    let ran = task.ran();
    let since = ran.wrapping_sub(last_seen(task).mark);
    let picked = ran.wrapping_sub(task.ran_when_picked());
    let gain = if last_seen(task).task != 0 && since <= rest {
        since
    } else if task.departures() == departures && ran <= rest {
        ran
    } else if picked == rest {
        rest
    } else {
        cpu.unpaired += 1;
        0
    };
    cpu.missed_ns = cpu.missed_ns.wrapping_add(rest - gain);
    gain
}

/// The idle task leaves. Gives how long it was here without having been seen to come.
#[inline(always)]
pub fn rested(cpu: &mut CpuAccount, number: u32, clock: u64) -> u64 {
    if cpu.clock == 0 {
        return 0;
    }
    if cpu.task == 0 {
        cpu.idle_ns = cpu.idle_ns.wrapping_add(clock.wrapping_sub(cpu.clock));
    } else if let Some(left) = last_left(cpu, number, clock) {
        let idled = clock.wrapping_sub(left);
        cpu.idle_ns = cpu.idle_ns.wrapping_add(idled);
        return idled;
    } else {
        cpu.missed_ns = cpu.missed_ns.wrapping_add(clock.wrapping_sub(cpu.clock));
    }
    0
}

/// Charges the last task that was seen here for what it ran before it left unseen, and gives
/// the CPU's clock when it did.
///
/// If what it ran since it came is, to the nanosecond, what passed on this CPU's clock, that
/// was here. Else it came to another CPU since, with what it had run by then.
#[inline(always)]
fn last_left(cpu: &mut CpuAccount, number: u32, clock: u64) -> Option<u64> {
    cpu.hides = HIDES;
    if cpu.task == 0 {
        return None;
    }
    let task = Probed(cpu.task as *const u8);
    let stayed = task.ran().wrapping_sub(cpu.mark);
    let moved = last_seen(&task).mark.wrapping_sub(cpu.mark);
    let gain = if task.clock().wrapping_sub(cpu.clock) == stayed { stayed } else { moved };
    if gain > clock.wrapping_sub(cpu.clock) {
        return None;
    }
    charge(cpu, number, &task, gain, &Work::default());
    Some(cpu.clock.wrapping_add(gain))
}
