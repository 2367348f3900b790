//! The contract between the BPF programs and user space: records, map names, limits.
//!
//! Both halves compile this file, so a layout cannot drift apart: each type is
//! `#[repr(C)]` without implicit padding, and only plain integers cross over.
//!
//! The kernel keeps, for each CPU, a small table of who ran there. A process
//! that has no place takes one from another, whose total then leaves as an
//! [`Evicted`] record through the ring buffer. So the totals of a CPU are the
//! table plus the stream: nothing is summed twice and nothing is forgotten.
#![no_std]

/// Places in one set of a CPU's table: who shares a hash competes for these.
pub const WAYS: usize = 4;
/// Sets in a CPU's table; a power of two, so that the verifier sees the bound.
pub const SETS: usize = 256;
/// Places in one CPU's table.
pub const SLOTS: usize = WAYS * SETS;

/// Threads that a CPU remembers after they left; a power of two.
pub const LEFT: usize = 128;

/// The command line that an [`Exec`] record holds, in bytes; what is longer is cut.
pub const ARGS_LEN: usize = 256;
/// The kernel's `TASK_COMM_LEN`: 15 bytes and a NUL.
pub const COMM_LEN: usize = 16;
/// The ring buffer's default size in bytes; user space may ask for another at load time.
pub const EVENTS_BYTES: usize = 8 << 20;
/// `task_struct.flags` of a kernel thread (include/linux/sched.h, `PF_KTHREAD`).
pub const PF_KTHREAD: u32 = 0x0020_0000;

/// Names of the maps, as the loader looks them up.
pub mod map {
    /// Array of [`super::CpuAccount`], one for each possible CPU; user space maps it into memory.
    pub const CPUS: &str = "CPUS";
    /// Ring buffer of [`super::Header`]-led records.
    pub const EVENTS: &str = "EVENTS";
}

/// Names of the programs in the object.
pub mod program {
    /// `tp_btf/sched_switch`: charges the task that leaves the CPU.
    pub const SWITCH: &str = "sched_switch";
    /// `tp_btf/sched_process_fork`: a process is born.
    pub const FORK: &str = "sched_process_fork";
    /// `tp_btf/sched_process_exec`: a process has a new program.
    pub const EXEC: &str = "sched_process_exec";
    /// `tp_btf/sched_process_exit`: the last thread of a process goes.
    pub const EXIT: &str = "sched_process_exit";
    /// `tp_btf/task_rename`: a process has a new name.
    pub const RENAME: &str = "task_rename";
    /// `raw_tp`, never attached: run on a CPU by `BPF_PROG_TEST_RUN`, it charges the task now there.
    pub const POKE: &str = "poke";
}

/// One process's time on one CPU since it took this place.
///
/// `generation` is odd while the place changes hands; a reader that sees it odd,
/// or different before and after, reads again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Slot {
    /// Rises by two with each new holder; zero is a place that was never held.
    pub generation: u64,
    /// The thread group leader's `start_boottime`, nanoseconds since boot.
    pub start: u64,
    /// Time on this CPU, nanoseconds, by the kernel's own `sum_exec_runtime`.
    pub ns: u64,
    /// The process's number (thread group id) in the initial namespace.
    pub tgid: u32,
    /// `task_struct.flags` when the place was taken.
    pub flags: u32,
}

/// A thread as it left a CPU.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Left {
    /// Which thread, by the address of its task.
    pub task: u64,
    /// Its `sum_exec_runtime`, nanoseconds.
    pub mark: u64,
    /// How often it had been moved to another CPU.
    pub migrations: u64,
}

/// What one CPU has counted since the programs were loaded. Written by that CPU alone.
///
/// The first cache line is what every switch touches, with one entry of `left` and one place.
/// A thread is known by the address of its task: its number changes when it execs in place
/// of its group's leader.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CpuAccount {
    /// The thread now on this CPU; zero is idle (or nothing seen yet).
    pub task: u64,
    /// The thread's `sum_exec_runtime` up to which it has been charged, nanoseconds.
    pub mark: u64,
    /// Task switches seen.
    pub switches: u64,
    /// Slices whose beginning was not seen, so that their length is not known.
    pub unpaired: u64,
    /// Nanoseconds that had nowhere to go: table and ring buffer both full.
    pub missed_ns: u64,
    /// Records of births, names and ends that found the ring buffer full.
    pub lost_events: u64,
    /// Totals that left the table through the ring buffer.
    pub evictions: u64,
    /// Where the next eviction in a set begins to look.
    pub hand: u32,
    /// Keeps what follows on a cache line's edge.
    pub reserved: u32,
    /// Threads that left lately, in case one comes back unseen.
    pub left: [Left; LEFT],
    /// The table: `SETS` sets of `WAYS` places.
    pub slots: [Slot; SLOTS],
}

/// What each record in the ring buffer begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Header {
    /// One of the `KIND_*` constants.
    pub kind: u32,
    /// The CPU that wrote the record.
    pub cpu: u32,
}

/// [`Header::kind`] of an [`Evicted`] record.
pub const KIND_EVICTED: u32 = 1;
/// [`Header::kind`] of a [`Birth`] record.
pub const KIND_FORK: u32 = 2;
/// [`Header::kind`] of an [`Exec`] record.
pub const KIND_EXEC: u32 = 3;
/// [`Header::kind`] of an [`Ended`] record.
pub const KIND_EXIT: u32 = 4;
/// [`Header::kind`] of a [`Renamed`] record.
pub const KIND_RENAME: u32 = 5;

/// The last state of a place that another process has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Evicted {
    /// `KIND_EVICTED`.
    pub header: Header,
    /// Which place of the CPU's table.
    pub slot: u32,
    /// Keeps the layout free of implicit padding.
    pub reserved: u32,
    /// The place as it was.
    pub last: Slot,
}

/// A process was forked (threads of one process raise no record).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Birth {
    /// `KIND_FORK`.
    pub header: Header,
    /// The new process.
    pub tgid: u32,
    /// Its parent's number.
    pub parent_tgid: u32,
    /// The new process's start, nanoseconds since boot.
    pub start: u64,
    /// Its parent's start.
    pub parent_start: u64,
    /// The cgroup (v2) id at birth.
    pub cgroup: u64,
    /// The real user id.
    pub uid: u32,
    /// `task_struct.flags`.
    pub flags: u32,
    /// Name, inherited from the parent.
    pub comm: [u8; COMM_LEN],
}

/// A process runs a new program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Exec {
    /// `KIND_EXEC`.
    pub header: Header,
    /// The process.
    pub tgid: u32,
    /// The real user id.
    pub uid: u32,
    /// Its start, nanoseconds since boot (an exec does not change it).
    pub start: u64,
    /// The cgroup (v2) id.
    pub cgroup: u64,
    /// Its new name.
    pub comm: [u8; COMM_LEN],
    /// How many bytes of `args` are valid; zero when the pages could not be read here.
    pub args_len: u32,
    /// Keeps the layout free of implicit padding.
    pub reserved: u32,
    /// The arguments, separated by NUL.
    pub args: [u8; ARGS_LEN],
}

/// The last thread of a process is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Ended {
    /// `KIND_EXIT`.
    pub header: Header,
    /// The process.
    pub tgid: u32,
    /// The real user id at the end.
    pub uid: u32,
    /// Its start, nanoseconds since boot.
    pub start: u64,
}

/// The first thread of a process has a new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Renamed {
    /// `KIND_RENAME`.
    pub header: Header,
    /// The process.
    pub tgid: u32,
    /// Keeps the layout free of implicit padding.
    pub reserved: u32,
    /// Its start, nanoseconds since boot.
    pub start: u64,
    /// The new name.
    pub comm: [u8; COMM_LEN],
}

// A hole in a record would be uninitialised kernel memory, and the verifier's refusal.
const _: () = {
    assert!(size_of::<Slot>() == 32);
    assert!(size_of::<CpuAccount>() == 64 + LEFT * size_of::<Left>() + SLOTS * size_of::<Slot>());
    assert!(size_of::<Evicted>() == 16 + size_of::<Slot>());
    assert!(size_of::<Birth>() == 48 + COMM_LEN);
    assert!(size_of::<Exec>() == 40 + COMM_LEN + ARGS_LEN);
    assert!(size_of::<Ended>() == 24);
    assert!(size_of::<Renamed>() == 24 + COMM_LEN);
};
