//! The contract between the BPF programs and user space: records, map names, limits.
//!
//! Both halves compile this crate, so a layout cannot drift apart: each type is
//! `#[repr(C)]` without implicit padding, and only plain integers cross over.
//!
//! Two things cross: [`account`]s, which the kernel keeps in memory that user space
//! maps and reads without a system call, and [`event`]s, which come in order through
//! a ring buffer.
#![no_std]

pub mod account;
pub mod event;

/// The kernel's `TASK_COMM_LEN`: 15 bytes and a NUL.
pub const COMM_LEN: usize = 16;
/// The command line that an exec record holds, in bytes; what is longer is cut.
pub const ARGS_LEN: usize = 256;
/// The path that a cgroup record holds, in bytes.
pub const PATH_LEN: usize = 256;
/// The ring buffer's default size in bytes; user space may ask for another at load time.
pub const EVENTS_BYTES: usize = 8 << 20;
/// `task_struct.flags` of an idle task (include/linux/sched.h, `PF_IDLE`).
pub const PF_IDLE: u32 = 0x0000_0002;
/// `task_struct.flags` of a kernel thread (include/linux/sched.h, `PF_KTHREAD`).
pub const PF_KTHREAD: u32 = 0x0020_0000;

/// Names of the maps, as the loader looks them up.
pub mod map {
    /// Array of [`super::account::CpuAccount`], one for each possible CPU; mapped by user space.
    pub const CPUS: &str = "CPUS";
    /// Array of [`super::account::Slot`], as many for each CPU as user space asks; mapped.
    pub const SLOTS: &str = "SLOTS";
    /// Array of [`super::account::Work`] beside the slots, one element where none is asked for.
    pub const WORKS: &str = "WORKS";
    /// Array of `u32`: the other hardware thread of each CPU's core, plus one; zero for none.
    pub const SIBLINGS: &str = "SIBLINGS";
    /// Perf events that count cycles, one for each CPU.
    pub const CYCLES: &str = "CYCLES";
    /// Perf events that count instructions, one for each CPU.
    pub const INSTRUCTIONS: &str = "INSTRUCTIONS";
    /// Perf events that count misses of the last cache, one for each CPU.
    pub const MISSES: &str = "MISSES";
    /// Ring buffer of [`super::event::Header`]-led records.
    pub const EVENTS: &str = "EVENTS";
}

/// Names of the read-only globals that user space sets before loading.
pub mod global {
    /// `u32`: base-two logarithm of the places of each CPU.
    pub const PLACES_SHIFT: &str = "PLACES_SHIFT";
    /// `u32`: one to tell threads apart, zero to count by process.
    pub const THREADS: &str = "THREADS";
    /// `u32`: one to read the clock when a CPU goes idle, so that irq and steal can be told.
    pub const WALL: &str = "WALL";
    /// `u32`: zero never to remember threads, as on a CPU that hides no switch: for benchmarks.
    pub const REMEMBER: &str = "REMEMBER";
    /// `u32`: one to tell time alone on a core from time shared with its other thread.
    pub const OVERLAP: &str = "OVERLAP";
    /// `u32`: one to count cycles and instructions.
    pub const COUNT_WORK: &str = "COUNT_WORK";
    /// `u32`: one to count misses of the last cache beside them.
    pub const COUNT_MISSES: &str = "COUNT_MISSES";
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
    /// `tp_btf/cgroup_mkdir`: a cgroup has a path, which may be gone before anybody looks.
    pub const CGROUP: &str = "cgroup_mkdir";
    /// `raw_tp`, never attached: run on a CPU by `BPF_PROG_TEST_RUN`, it charges the task now
    /// there and returns its process's number, or zero for idle.
    pub const POKE: &str = "poke";
    /// `tp_btf/sched_switch` that does nothing: what any program there costs.
    pub const EMPTY: &str = "empty";
}
