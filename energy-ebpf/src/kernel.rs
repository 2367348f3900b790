//! What the programs read of the kernel's structures, at offsets from BTF.
//!
//! Two ways to read: [`Trusted`] is a pointer that the verifier knows to be a
//! task, and costs a load; [`Probed`] is any address, and costs a helper call.

use aya_ebpf::{Global, helpers::bpf_probe_read_kernel};

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
    /// `task_struct.se.nr_migrations`; any field that never changes on a kernel without SMP.
    OFF_MIGRATIONS;
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
}

/// A task, however its fields are read.
pub trait Task: Sized {
    /// Reads a 32-bit field.
    fn u32_at(&self, offset: &Global<u32>) -> u32;
    /// Reads a 64-bit field.
    fn u64_at(&self, offset: &Global<u32>) -> u64;
    /// Follows a pointer field.
    fn follow(&self, offset: &Global<u32>) -> Self;

    /// The thread's number; zero is the idle task.
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

    /// How often the thread was moved to another CPU.
    #[inline(always)]
    fn migrations(&self) -> u64 {
        self.u64_at(&OFF_MIGRATIONS)
    }

    /// When the process began, nanoseconds since boot: with the tgid, its identity.
    #[inline(always)]
    fn process_start(&self) -> u64 {
        self.follow(&OFF_LEADER).u64_at(&OFF_START)
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
}
