//! The kernel's accounts and places, mapped into memory and read without a system call.
//!
//! The kernel writes while we read: each place carries a generation that is odd
//! while it changes hands, and a place that changed under the reader is read again.

use std::{
    num::NonZeroUsize,
    ptr::NonNull,
    sync::atomic::{Ordering, fence},
};

use aya::{Ebpf, maps::Map};
use energy_ebpf::{
    account::{CpuAccount, Slot, Work},
    map,
};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use super::{
    super::slots::{Glance, Place},
    LoadError,
};

/// The accounts of all possible CPUs, and their places.
pub struct Table {
    accounts: Mapped<CpuAccount>,
    slots: Mapped<Slot>,
    /// Only if something is kept there.
    works: Option<Mapped<Work>>,
    places: usize,
}

impl Table {
    /// Maps the accounts and places of so many CPUs, read-only.
    pub fn map(
        ebpf: &mut Ebpf,
        cpus: usize,
        places: usize,
        works: bool,
    ) -> Result<Self, LoadError> {
        let accounts = Mapped::new(ebpf, map::CPUS, cpus)?;
        let slots = Mapped::new(ebpf, map::SLOTS, cpus * places)?;
        let works = works.then(|| Mapped::new(ebpf, map::WORKS, cpus * places)).transpose()?;
        Ok(Self { accounts, slots, works, places })
    }

    /// How many CPUs have an account.
    pub fn cpus(&self) -> usize {
        self.accounts.count
    }

    /// The account of a CPU, without its memory of threads. Each number is whole, but a
    /// switch may fall between two of them.
    pub fn account(&self, cpu: usize) -> Account {
        let account = self.accounts.at(cpu);
        // SAFETY: inside the mapping; the kernel writes whole words, read whole here.
        let read = |field: *const u64| unsafe { field.read_volatile() };
        // SAFETY: only addresses of fields are made.
        unsafe {
            Account {
                busy: read(&raw const (*account).task) != 0,
                clock: read(&raw const (*account).clock),
                idle_ns: read(&raw const (*account).idle_ns),
                between_ns: read(&raw const (*account).between_ns),
                wall: read(&raw const (*account).wall),
                missed_ns: read(&raw const (*account).missed_ns),
                switches: read(&raw const (*account).switches),
                unpaired: read(&raw const (*account).unpaired),
                lost_events: read(&raw const (*account).lost_events),
            }
        }
    }

    /// How many places each has.
    pub fn places(&self) -> usize {
        self.places
    }

    /// More than time is kept of a place, and written after it: a glance would miss that.
    pub fn keeps_works(&self) -> bool {
        self.works.is_some()
    }

    /// The places of a CPU at a glance, in order.
    pub fn glances(&self, cpu: usize) -> impl Iterator<Item = Glance> {
        let begin = cpu * self.places;
        (begin..begin + self.places).map(|index| {
            let slot = self.slots.at(index);
            // SAFETY: inside the mapping; the kernel writes whole words, read whole here.
            unsafe {
                Glance {
                    generation: (&raw const (*slot).generation).read_volatile(),
                    ns: (&raw const (*slot).ns).read_volatile(),
                }
            }
        })
    }

    /// A place; none if it was never held, or would not hold still.
    pub fn place(&self, cpu: usize, index: usize) -> Option<Place> {
        assert!(index < self.places);
        let index = cpu * self.places + index;
        let slot = self.slots.at(index);
        let work = self.works.as_ref().map(|works| works.at(index));
        // SAFETY: inside the mapping.
        let generation = || unsafe { (&raw const (*slot).generation).read_volatile() };
        for _ in 0..1000 {
            let before = generation();
            if before == 0 {
                return None;
            }
            fence(Ordering::Acquire);
            // SAFETY: plain integers; a torn copy is told by the generation and dropped.
            let (slot, work) = unsafe {
                (slot.read_volatile(), work.map(|work| work.read_volatile()).unwrap_or_default())
            };
            fence(Ordering::Acquire);
            if before % 2 == 0 && generation() == before {
                return Some(Place { slot: Slot { generation: before, ..slot }, work });
            }
            std::hint::spin_loop();
        }
        // Its CPU was stopped in the middle; the next sample has it.
        None
    }
}

/// What user space reads of an account; see [`CpuAccount`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    /// A thread is on the CPU, as far as the last switch told.
    pub busy: bool,
    /// Task time up to which the books are kept.
    pub clock: u64,
    /// Time in which nothing wanted to run.
    pub idle_ns: u64,
    /// Time of the scheduler itself.
    pub between_ns: u64,
    /// The monotonic clock at `clock`.
    pub wall: u64,
    /// Time that is nobody's.
    pub missed_ns: u64,
    /// Task switches.
    pub switches: u64,
    /// Slices whose beginning was not seen.
    pub unpaired: u64,
    /// Records that found no room.
    pub lost_events: u64,
}

/// An array of the kernel in our memory.
struct Mapped<T> {
    base: NonNull<T>,
    length: NonZeroUsize,
    count: usize,
}

impl<T> Mapped<T> {
    fn new(ebpf: &mut Ebpf, name: &'static str, count: usize) -> Result<Self, LoadError> {
        let Some(Map::Array(data)) = ebpf.map(name) else {
            return Err(LoadError::Object("an array too few"));
        };
        let length = (count * size_of::<T>()).next_multiple_of(page_size());
        let length = NonZeroUsize::new(length).ok_or(LoadError::Object("no CPUs"))?;
        // SAFETY: a fresh mapping at an address of the kernel's choice.
        let base =
            unsafe { mmap(None, length, ProtFlags::PROT_READ, MapFlags::MAP_SHARED, data.fd(), 0) };
        let base = base.map_err(|error| LoadError::Map(error.into()))?.cast();
        Ok(Self { base, length, count })
    }

    /// The address of an element.
    fn at(&self, index: usize) -> *const T {
        assert!(index < self.count);
        // SAFETY: inside the mapping.
        unsafe { self.base.as_ptr().add(index) }
    }
}

impl<T> Drop for Mapped<T> {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`, used nowhere else.
        if let Err(error) = unsafe { munmap(self.base.cast(), self.length.get()) } {
            tracing::debug!(%error, "a table could not be unmapped");
        }
    }
}

fn page_size() -> usize {
    let size = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten();
    size.and_then(|size| usize::try_from(size).ok()).unwrap_or(4096)
}
