//! What the programs read of the kernel's structures, at offsets from BTF.
//!
//! Two ways to read: [`Trusted`] is a pointer that the verifier knows to be a
//! task, and costs a load; [`Probed`] is any address, and costs a helper call.

use aya_ebpf::{Global, helpers::bpf_probe_read_kernel};
use energy_ebpf::PF_IDLE;

/// Declares a global that user space must set before loading.
macro_rules! offsets {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])* #[unsafe(no_mangle)] pub static $name: Global<u32> = Global::new(0);)*
    };
}

offsets! {
    /// `task_struct.pid`.
    OFF_PID;
    /// `task_struct.tgid`.
    OFF_TGID;
    /// `task_struct.flags`.
    OFF_FLAGS;
    /// `task_struct.se.sum_exec_runtime`.
    OFF_RAN;
    /// `task_struct.se.exec_start`.
    OFF_CLOCK;
    /// `task_struct.se.prev_sum_exec_runtime`.
    OFF_PICKED;
    /// `task_struct.nvcsw`.
    OFF_YIELDED;
    /// `task_struct.nivcsw`.
    OFF_PREEMPTED;
    /// `task_struct.group_leader`.
    OFF_LEADER;
    /// `task_struct.start_boottime`.
    OFF_START;
    /// `task_struct.real_parent`.
    OFF_PARENT;
    /// `task_struct.signal`.
    OFF_SIGNAL;
    /// `task_struct.mm`.
    OFF_MM;
    /// `signal_struct.live`.
    OFF_LIVE;
    /// `mm_struct.arg_start`.
    OFF_ARG_START;
    /// `mm_struct.arg_end`.
    OFF_ARG_END;
    /// `cgroup.kn`.
    OFF_NODE;
    /// `kernfs_node.id`.
    OFF_NODE_ID;
    /// `cgroup.root`.
    OFF_ROOT;
    /// `cgroup_root.hierarchy_id`.
    OFF_HIERARCHY;
}

/// A task, however its fields are read.
pub trait Task: Sized {
    /// Reads a 32-bit field.
    fn u32_at(&self, offset: &Global<u32>) -> u32;
    /// Reads a 64-bit field.
    fn u64_at(&self, offset: &Global<u32>) -> u64;
    /// Follows a pointer field.
    fn follow(&self, offset: &Global<u32>) -> Self;
    /// Where it is: as long as it lives, nobody else is there.
    fn address(&self) -> u64;

    /// A CPU's idle task, or one that idles in its stead (idle injection). Told by flags that
    /// the scheduler has just touched: the number lies elsewhere.
    #[inline(always)]
    fn is_idle(&self) -> bool {
        self.flags() & PF_IDLE != 0
    }

    /// The thread's number.
    #[inline(always)]
    fn tid(&self) -> u32 {
        self.u32_at(&OFF_PID)
    }

    /// The process's number.
    #[inline(always)]
    fn tgid(&self) -> u32 {
        self.u32_at(&OFF_TGID)
    }

    /// Time on any CPU since the thread began, nanoseconds.
    ///
    /// The scheduler brings it up to date before it raises `sched_switch`.
    #[inline(always)]
    fn ran(&self) -> u64 {
        self.u64_at(&OFF_RAN)
    }

    /// The CPU's clock of task time when `ran` was last brought up to date, nanoseconds.
    ///
    /// The scheduler sets it for who comes as well, before it raises `sched_switch`.
    #[inline(always)]
    fn clock(&self) -> u64 {
        self.u64_at(&OFF_CLOCK)
    }

    /// When the thread began, nanoseconds since boot.
    #[inline(always)]
    fn start(&self) -> u64 {
        self.u64_at(&OFF_START)
    }

    /// What `ran` was when the scheduler last chose the thread, nanoseconds. It may choose
    /// it again where it is, so that its slice is longer than it seems.
    #[inline(always)]
    fn ran_when_picked(&self) -> u64 {
        self.u64_at(&OFF_PICKED)
    }

    /// How often the thread has left a CPU, this time included.
    #[inline(always)]
    fn departures(&self) -> u64 {
        self.u64_at(&OFF_YIELDED).wrapping_add(self.u64_at(&OFF_PREEMPTED))
    }

    /// When the process began, nanoseconds since boot: with the tgid, its identity.
    #[inline(always)]
    fn process_start(&self) -> u64 {
        // The first thread spares itself the way through memory that may be cold.
        if self.tid() == self.tgid() { self.start() } else { self.follow(&OFF_LEADER).start() }
    }

    /// `task_struct.flags`.
    #[inline(always)]
    fn flags(&self) -> u32 {
        self.u32_at(&OFF_FLAGS)
    }
}

/// A pointer that came as an argument of a BTF tracepoint, or from following one.
pub struct Trusted(pub *const u8);

impl Task for Trusted {
    #[inline(always)]
    fn u32_at(&self, offset: &Global<u32>) -> u32 {
        // SAFETY: the verifier checks the access against the kernel's BTF.
        unsafe { self.0.add(offset.load() as usize).cast::<u32>().read_volatile() }
    }

    #[inline(always)]
    fn u64_at(&self, offset: &Global<u32>) -> u64 {
        // SAFETY: as above.
        unsafe { self.0.add(offset.load() as usize).cast::<u64>().read_volatile() }
    }

    #[inline(always)]
    fn follow(&self, offset: &Global<u32>) -> Self {
        // SAFETY: as above; the verifier knows the field to be a pointer.
        Self(unsafe { self.0.add(offset.load() as usize).cast::<*const u8>().read_volatile() })
    }

    #[inline(always)]
    fn address(&self) -> u64 {
        self.0 as u64
    }
}

/// An address that the verifier knows nothing of.
pub struct Probed(pub *const u8);

impl Probed {
    #[inline(always)]
    fn read<T: Copy + Default>(&self, offset: &Global<u32>) -> T {
        // SAFETY: the helper checks the address; a fault reads as the default.
        unsafe {
            bpf_probe_read_kernel(self.0.wrapping_add(offset.load() as usize).cast::<T>())
                .unwrap_or_default()
        }
    }
}

impl Task for Probed {
    #[inline(always)]
    fn u32_at(&self, offset: &Global<u32>) -> u32 {
        self.read(offset)
    }

    #[inline(always)]
    fn u64_at(&self, offset: &Global<u32>) -> u64 {
        self.read(offset)
    }

    #[inline(always)]
    fn follow(&self, offset: &Global<u32>) -> Self {
        Self(self.read::<u64>(offset) as *const u8)
    }

    #[inline(always)]
    fn address(&self) -> u64 {
        self.0 as u64
    }
}
