//! The kernel's tables, mapped into memory and read without a system call.
//!
//! The kernel writes while we read: each place carries a generation that is odd
//! while it changes hands, and a place that changed under the reader is read again.

use std::{num::NonZeroUsize, ptr::NonNull};

use aya::{Ebpf, maps::Map};
use energy_ebpf::{CpuAccount, SLOTS, Slot, map};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use super::{ACCOUNT, LoadError};

/// The accounts of all possible CPUs.
pub struct Table {
    base: NonNull<CpuAccount>,
    length: NonZeroUsize,
    cpus: usize,
}

/// The counters of an account.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// A thread is on the CPU, as far as the last switch told.
    pub busy: bool,
    /// Nanoseconds that had nowhere to go.
    pub missed_ns: u64,
    /// Records that found no room.
    pub lost_events: u64,
    /// Slices whose beginning was not seen.
    pub unpaired: u64,
}

impl Table {
    /// Maps the accounts of so many CPUs, read-only.
    pub fn map(ebpf: &mut Ebpf, cpus: usize) -> Result<Self, LoadError> {
        let Some(Map::Array(data)) = ebpf.map(map::CPUS) else {
            return Err(LoadError::Object("no table of accounts"));
        };
        let page = page_size();
        let length = (cpus * ACCOUNT).next_multiple_of(page);
        let length = NonZeroUsize::new(length).ok_or(LoadError::Object("no CPUs"))?;
        // SAFETY: a fresh mapping at an address of the kernel's choice.
        let base =
            unsafe { mmap(None, length, ProtFlags::PROT_READ, MapFlags::MAP_SHARED, data.fd(), 0) };
        let base = base.map_err(|error| LoadError::Map(error.into()))?.cast();
        Ok(Self { base, length, cpus })
    }

    /// How many CPUs have an account.
    pub fn cpus(&self) -> usize {
        self.cpus
    }

    /// The counters of a CPU.
    pub fn head(&self, cpu: usize) -> Head {
        assert!(cpu < self.cpus);
        // SAFETY: inside the mapping; the kernel writes whole words, read whole here.
        unsafe {
            let account = self.base.as_ptr().add(cpu);
            Head {
                busy: (&raw const (*account).task).read_volatile() != 0,
                missed_ns: (&raw const (*account).missed_ns).read_volatile(),
                lost_events: (&raw const (*account).lost_events).read_volatile(),
                unpaired: (&raw const (*account).unpaired).read_volatile(),
            }
        }
    }

    /// A place; none if it was never held, or would not hold still.
    pub fn slot(&self, cpu: usize, index: usize) -> Option<Slot> {
        assert!(cpu < self.cpus && index < SLOTS);
        // SAFETY: inside the mapping.
        let place = unsafe { &raw const (*self.base.as_ptr().add(cpu)).slots[index] };
        // SAFETY: as above, for each field below.
        let generation = || unsafe { (&raw const (*place).generation).read_volatile() };
        for _ in 0..1000 {
            let before = generation();
            if before == 0 {
                return None;
            }
            std::sync::atomic::fence(std::sync::atomic::Ordering::Acquire);
            // SAFETY: plain integers; a torn copy is told by the generation and dropped.
            let slot = unsafe { place.read_volatile() };
            std::sync::atomic::fence(std::sync::atomic::Ordering::Acquire);
            if before % 2 == 0 && generation() == before {
                return Some(Slot { generation: before, ..slot });
            }
            std::hint::spin_loop();
        }
        // Its CPU was stopped in the middle; the next sample has it.
        None
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // SAFETY: the mapping of `map`, used nowhere else.
        if let Err(error) = unsafe { munmap(self.base.cast(), self.length.get()) } {
            tracing::debug!(%error, "the accounts could not be unmapped");
        }
    }
}

fn page_size() -> usize {
    let size = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten();
    size.and_then(|size| usize::try_from(size).ok()).unwrap_or(4096)
}
