//! Records of the ring buffer: what happens once in a life, in order.
//!
//! A process may be gone before user space looks; what its records told stays true.

use crate::{
    ARGS_LEN, COMM_LEN, PATH_LEN,
    account::{Slot, Work},
};

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
/// [`Header::kind`] of a [`Cgroup`] record.
pub const KIND_CGROUP: u32 = 6;

/// The last state of a place that another process has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Evicted {
    /// `KIND_EVICTED`.
    pub header: Header,
    /// Which of the CPU's places.
    pub slot: u32,
    /// Keeps the layout free of implicit padding.
    pub reserved: u32,
    /// The place as it was.
    pub last: Slot,
    /// What else was counted of its holder.
    pub work: Work,
}

/// A process was forked, or a thread if threads are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Birth {
    /// `KIND_FORK`.
    pub header: Header,
    /// The new thread; of a new process, its number.
    pub tid: u32,
    /// The process.
    pub tgid: u32,
    /// The thread's start, nanoseconds since boot.
    pub start: u64,
    /// The process's start: the same, unless it is one more thread.
    pub process_start: u64,
    /// The parent's start.
    pub parent_start: u64,
    /// The cgroup (v2) id of the parent.
    pub cgroup: u64,
    /// The parent's number.
    pub parent_tgid: u32,
    /// The real user id.
    pub uid: u32,
    /// `task_struct.flags`.
    pub flags: u32,
    /// Keeps the layout free of implicit padding.
    pub reserved: u32,
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

/// The last thread of a process is on its way out, or any if threads are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Ended {
    /// `KIND_EXIT`.
    pub header: Header,
    /// The thread.
    pub tid: u32,
    /// Its process.
    pub tgid: u32,
    /// The real user id at the end.
    pub uid: u32,
    /// Threads that the process has left: with none, it is over.
    pub left: u32,
    /// The thread's start, nanoseconds since boot.
    pub start: u64,
    /// The process's start.
    pub process_start: u64,
    /// The cgroup (v2) id at the end.
    pub cgroup: u64,
}

/// A process has a new name, or a thread if threads are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Renamed {
    /// `KIND_RENAME`.
    pub header: Header,
    /// The thread; the first one of a process has its number.
    pub tid: u32,
    /// Its process.
    pub tgid: u32,
    /// The thread's start, nanoseconds since boot.
    pub start: u64,
    /// The new name.
    pub comm: [u8; COMM_LEN],
}

/// A cgroup was made in the v2 hierarchy, or in one of v1's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Cgroup {
    /// `KIND_CGROUP`.
    pub header: Header,
    /// Its id: in v2, the inode number of its directory.
    pub id: u64,
    /// Which hierarchy; v2's is 0.
    pub hierarchy: u32,
    /// Keeps the layout free of implicit padding.
    pub reserved: u32,
    /// Its path from the hierarchy's root, up to a NUL.
    pub path: [u8; PATH_LEN],
}

// A hole in a record would be uninitialised kernel memory, and the verifier's refusal.
const _: () = {
    assert!(size_of::<Evicted>() == 16 + size_of::<Slot>() + size_of::<Work>());
    assert!(size_of::<Birth>() == 64 + COMM_LEN);
    assert!(size_of::<Exec>() == 40 + COMM_LEN + ARGS_LEN);
    assert!(size_of::<Ended>() == 48);
    assert!(size_of::<Renamed>() == 24 + COMM_LEN);
    assert!(size_of::<Cgroup>() == 24 + PATH_LEN);
};
