//! What the candidates share: how long a slice was, by the kernel's own account, and whose.
//!
//! It is what the probe does, without what the probe tells besides: idle time, the
//! scheduler's own, what hidden switches took. So the candidates have the better of it.

use aya_ebpf::{btf_maps::PerCpuArray, macros::btf_map, programs::BtfTracePointContext};

use crate::kernel::{Task as _, Trusted};

/// As many processes as the probe has places for on a small machine.
pub const PROCESSES: usize = 1 << 14;

/// A process, whose number alone may come again.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Process {
    pub start: u64,
    pub tgid: u32,
    pub reserved: u32,
}

impl Process {
    #[inline(always)]
    pub fn of(task: &Trusted) -> Self {
        Self { start: task.process_start(), tgid: task.tgid(), reserved: 0 }
    }
}

/// The task now on a CPU.
#[repr(C)]
struct Current {
    task: u64,
    mark: u64,
    /// Slices that could be given to nobody.
    missed: u64,
}

#[btf_map]
static CURRENT: PerCpuArray<Current, 1> = PerCpuArray::new();

/// The tasks of `sched_switch`: who leaves, and who comes.
#[inline(always)]
pub fn tasks(ctx: &BtfTracePointContext) -> (Trusted, Trusted) {
    (Trusted(ctx.arg::<*const u8>(1)), Trusted(ctx.arg::<*const u8>(2)))
}

/// How long who leaves has been here; nothing if it is idle or was not seen to come.
#[inline(always)]
pub fn end(prev: &Trusted, next: &Trusted) -> Option<u64> {
    let current = CURRENT.get_ptr_mut(0)?;
    // SAFETY: this CPU's own element; the scheduler runs with interrupts off.
    let current = unsafe { &mut *current };
    let mut gain = None;
    if !prev.is_idle() {
        if current.task == prev.address() {
            gain = Some(prev.ran().wrapping_sub(current.mark));
        } else {
            current.missed += 1;
        }
    }
    if next.is_idle() {
        current.task = 0;
    } else {
        current.task = next.address();
        current.mark = next.ran();
    }
    gain
}

/// Counts a slice that can be given to nobody.
#[inline(always)]
pub fn missed() {
    if let Some(current) = CURRENT.get_ptr_mut(0) {
        // SAFETY: this CPU's own element.
        unsafe { (*current).missed += 1 };
    }
}
