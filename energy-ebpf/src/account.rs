//! What the kernel counts for each CPU, in memory that user space reads.
//!
//! A CPU writes its own account and its own places only, so no update can be lost and
//! none needs a lock or an atomic. A process that has no place takes one from another,
//! whose total then leaves as an [`Evicted`](crate::event::Evicted) record. So the totals
//! of a CPU are its places plus the stream: nothing is summed twice, nothing forgotten.

/// Places in a row that one process may have: who shares them competes.
pub const WAYS: u32 = 4;
/// Places of one CPU, at least and at most, as powers of two.
pub const PLACES_SHIFT: core::ops::RangeInclusive<u32> = 2..=14;
/// Threads that are remembered where switches are hidden; a power of two.
pub const SIGHTS: usize = 4096;
/// The bit of [`Slot::owner`] that says: a thread of the kernel.
pub const OWNER_KERNEL: u32 = 1 << 31;

/// The time of one process (or thread, if they are told apart) on one CPU.
///
/// `generation` is odd while the place changes hands; a reader that sees it odd,
/// or different before and after, reads again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Slot {
    /// Rises by two with each new holder; zero is a place that was never held.
    pub generation: u64,
    /// When the holder began (`start_boottime`), nanoseconds since boot.
    pub start: u64,
    /// Time on this CPU, nanoseconds, by the kernel's own `sum_exec_runtime`.
    pub ns: u64,
    /// The holder's number in the initial namespace: of the process, or of the thread.
    pub id: u32,
    /// Its process's number, with [`OWNER_KERNEL`] on top.
    pub owner: u32,
}

/// What else is kept of a place's holder, if it was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Work {
    /// When its process began, nanoseconds since boot: told only if the holder is a thread.
    pub process_start: u64,
    /// Of its time, how much the core's other hardware thread was busy too, nanoseconds.
    pub shared_ns: u64,
    /// Cycles, by the CPU's counter.
    pub cycles: u64,
    /// Instructions, by the CPU's counter.
    pub instructions: u64,
    /// Misses of the last cache, by the CPU's counter; zero where it has none.
    pub misses: u64,
}

/// A thread as it was last seen to come to a CPU, or to leave it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Sight {
    /// Which thread, by the address of its task.
    pub task: u64,
    /// Its `sum_exec_runtime`, nanoseconds.
    pub mark: u64,
}

/// How long a CPU has been busy, for the other hardware thread of its core.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Pulse {
    /// Odd while the rest changes.
    pub sequence: u64,
    /// Time that it was busy until `since`, nanoseconds.
    pub busy: u64,
    /// When it became busy (`CLOCK_MONOTONIC`), nanoseconds; zero while idle.
    pub since: u64,
    /// How long the other thread had been busy when the task now here came.
    pub other: u64,
}

/// What one CPU has counted since the programs were loaded. Written by that CPU alone.
///
/// The first cache line is what every switch touches. All times are nanoseconds. A thread
/// is known by the address of its task: its number changes when it execs in place of its
/// group's leader.
///
/// The books: `clock` is the CPU's own clock of task time (`rq_clock_task`, which leaves
/// out irq and steal where the kernel accounts them). Between two readings, its advance is
/// what the processes gained here, plus the advances of `idle_ns`, `between_ns` and
/// `missed_ns`. The advance of `wall` over the advance of `clock` is irq and steal.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CpuAccount {
    /// The thread now on this CPU; zero is idle (or nothing seen yet).
    pub task: u64,
    /// The thread's `sum_exec_runtime` up to which it has been charged.
    pub mark: u64,
    /// Task time of this CPU up to which the books are kept; zero before the first switch.
    pub clock: u64,
    /// Time in which nothing wanted to run.
    pub idle_ns: u64,
    /// Task switches seen.
    pub switches: u64,
    /// Time of the scheduler itself, after one task and before the next.
    pub between_ns: u64,
    /// `CLOCK_MONOTONIC` at `clock`, as it was last read: going idle, or poked.
    pub wall: u64,
    /// Whether threads must be remembered, because this kernel hides switches.
    pub hides: u32,
    /// Where the next eviction begins to look.
    pub hand: u32,

    /// Time that ran but is nobody's: the switch was hidden, or places and buffer were full.
    pub missed_ns: u64,
    /// Slices whose beginning was not seen, so that their length is not known.
    pub unpaired: u64,
    /// Records of births, names and ends that found the ring buffer full.
    pub lost_events: u64,
    /// Totals that left through the ring buffer.
    pub evictions: u64,
    /// For the other hardware thread; kept only if overlap is asked for.
    pub pulse: Pulse,

    /// The CPU's counters when the task now here came.
    pub cycles: u64,
    /// As `cycles`.
    pub instructions: u64,
    /// As `cycles`.
    pub misses: u64,
    /// Keeps what follows on a cache line's edge.
    pub reserved: [u64; 5],
}

const _: () = {
    assert!(size_of::<Slot>() == 32);
    assert!(size_of::<Work>() == 40);
    assert!(size_of::<CpuAccount>() == 3 * 64);
};
