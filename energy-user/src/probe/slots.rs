//! From the kernel's places to time per process: each nanosecond once.
//!
//! The kernel shows, for each CPU, places with running totals, and a stream of totals
//! whose place was taken. A total may be seen in its place, then again in the stream:
//! [`Memory`] keeps what it has counted of each holder and gives out differences only.

use std::collections::HashMap;

use energy_ebpf::{
    account::{OWNER_KERNEL, Slot, Work},
    event::Evicted,
};

use crate::sample::ProcessId;

/// A place and what is kept beside it, as they were at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Who holds it, and for how long it ran.
    pub slot: Slot,
    /// Zero but for what was asked for.
    pub work: Work,
}

/// What changes of a place whenever its time does; the two may be of different moments.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// That of the holder; zero where there never was one.
    pub generation: u64,
    /// Its time, nanoseconds.
    pub ns: u64,
}

/// What a process gained on a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain {
    /// Who.
    pub id: ProcessId,
    /// Which of its threads, if they are told apart.
    pub thread: Option<ProcessId>,
    /// It is a thread of the kernel.
    pub kernel: bool,
    /// Where.
    pub cpu: u32,
    /// How much.
    pub counts: Counts,
}

/// Running totals of a holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Time, nanoseconds.
    pub ns: u64,
    /// Of it, with the core's other hardware thread busy, nanoseconds.
    pub shared_ns: u64,
    /// Cycles.
    pub cycles: u64,
    /// Instructions.
    pub instructions: u64,
    /// Misses of the last cache.
    pub misses: u64,
}

impl Counts {
    fn of(place: &Place) -> Self {
        let Work { process_start: _, shared_ns, cycles, instructions, misses } = place.work;
        Self { ns: place.slot.ns, shared_ns, cycles, instructions, misses }
    }

    /// What came since `before`.
    fn since(self, before: Self) -> Self {
        Self {
            ns: self.ns.saturating_sub(before.ns),
            shared_ns: self.shared_ns.saturating_sub(before.shared_ns),
            cycles: self.cycles.saturating_sub(before.cycles),
            instructions: self.instructions.saturating_sub(before.instructions),
            misses: self.misses.saturating_sub(before.misses),
        }
    }
}

/// What has been counted of a place's holder.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    generation: u64,
    counts: Counts,
    /// Its last total has come through the stream.
    closed: bool,
}

/// What has been counted so far, for all CPUs.
#[derive(Debug)]
pub struct Memory {
    /// By CPU, then by place.
    seen: Vec<Vec<Seen>>,
    /// Holders that left before the stream told their last total.
    left: HashMap<(u32, u32, u64), Counts>,
    threads: bool,
}

impl Memory {
    /// For so many CPUs with so many places each; of `threads`, if they are told apart.
    pub fn new(cpus: usize, places: usize, threads: bool) -> Self {
        Self { seen: vec![vec![Seen::default(); places]; cpus], left: HashMap::new(), threads }
    }

    /// The places of a CPU to which something happened that was not counted yet; most have
    /// not run since, or were never held.
    pub fn news(&self, cpu: usize, now: impl Iterator<Item = Glance>) -> Vec<usize> {
        let seen = self.seen.get(cpu).into_iter().flatten();
        let new = |now: &Glance, seen: &Seen| {
            now.generation > 0 && (now.generation != seen.generation || now.ns != seen.counts.ns)
        };
        let news = now.zip(seen).enumerate().filter(|(_, (now, seen))| new(now, seen));
        news.map(|(index, _)| index).collect()
    }

    /// A place as it stands now.
    pub fn present(&mut self, cpu: u32, index: u32, place: &Place) -> Option<Gain> {
        let generation = place.slot.generation;
        let counts = Counts::of(place);
        let seen = self.seen.get_mut(cpu as usize)?.get_mut(index as usize)?;
        if seen.generation == generation && seen.counts == counts {
            return None;
        }
        if generation < seen.generation {
            return None;
        }
        let before = std::mem::replace(seen, Seen { generation, counts, closed: false });
        if before.generation == generation {
            // The stream may tell the last total a moment before the place changes hands.
            seen.closed = before.closed;
            return self.gain(cpu, place, before.counts);
        }
        self.leave(cpu, index, before);
        self.gain(cpu, place, Counts::default())
    }

    /// A total that left its place. None for what makes no sense.
    pub fn evicted(&mut self, record: &Evicted) -> Option<Gain> {
        let (cpu, index) = (record.header.cpu, record.slot);
        let last = Place { slot: record.last, work: record.work };
        let generation = last.slot.generation;
        let seen = self.seen.get_mut(cpu as usize)?.get_mut(index as usize)?;
        if generation < seen.generation {
            let counted = self.left.remove(&(cpu, index, generation)).unwrap_or_default();
            return self.gain(cpu, &last, counted);
        }
        let now = Seen { generation, counts: Counts::of(&last), closed: true };
        let before = std::mem::replace(seen, now);
        if before.generation == generation {
            return self.gain(cpu, &last, before.counts);
        }
        self.leave(cpu, index, before);
        self.gain(cpu, &last, Counts::default())
    }

    /// A holder is gone from its place; the stream may still owe its last total.
    fn leave(&mut self, cpu: u32, index: u32, before: Seen) {
        if before.generation != 0 && !before.closed {
            self.left.insert((cpu, index, before.generation), before.counts);
        }
    }

    fn gain(&self, cpu: u32, place: &Place, counted: Counts) -> Option<Gain> {
        let Slot { id, start, owner, .. } = place.slot;
        let counts = Counts::of(place).since(counted);
        let holder = ProcessId { pid: id, start };
        let process = ProcessId { pid: owner & !OWNER_KERNEL, start: place.work.process_start };
        (counts != Counts::default()).then_some(Gain {
            id: if self.threads { process } else { holder },
            thread: self.threads.then_some(holder),
            kernel: owner & OWNER_KERNEL != 0,
            cpu,
            counts,
        })
    }
}

#[cfg(test)]
mod tests {
    use energy_ebpf::event::{Header, KIND_EVICTED};

    use super::*;

    fn place(generation: u64, id: u32, ns: u64) -> Place {
        let work = Work { cycles: 2 * ns, misses: 3 * ns, ..Work::default() };
        Place { slot: Slot { generation, start: 7, ns, id, owner: id }, work }
    }

    fn evicted(Place { slot: last, work }: Place) -> Evicted {
        let header = Header { kind: KIND_EVICTED, cpu: 0 };
        Evicted { header, slot: 0, reserved: 0, last, work }
    }

    fn ns(gain: Option<Gain>) -> u64 {
        gain.map_or(0, |gain| gain.counts.ns)
    }

    #[test]
    fn a_total_that_grows_gives_its_growth() {
        let mut memory = Memory::new(1, 1, false);
        assert_eq!(ns(memory.present(0, 0, &place(2, 10, 100))), 100);
        assert_eq!(ns(memory.present(0, 0, &place(2, 10, 100))), 0);
        assert_eq!(ns(memory.present(0, 0, &place(2, 10, 130))), 30);
    }

    #[test]
    fn what_was_seen_in_the_table_is_not_counted_again_from_the_stream() {
        let mut memory = Memory::new(1, 1, false);
        assert_eq!(ns(memory.present(0, 0, &place(2, 10, 100))), 100);
        assert_eq!(ns(memory.evicted(&evicted(place(2, 10, 120)))), 20);
        assert_eq!(ns(memory.present(0, 0, &place(4, 11, 5))), 5);
    }

    #[test]
    fn the_table_may_be_read_before_the_stream() {
        let mut memory = Memory::new(1, 1, false);
        assert_eq!(ns(memory.present(0, 0, &place(2, 10, 100))), 100);
        assert_eq!(ns(memory.present(0, 0, &place(6, 12, 9))), 9);
        assert_eq!(ns(memory.evicted(&evicted(place(2, 10, 120)))), 20);
        assert_eq!(ns(memory.evicted(&evicted(place(4, 11, 50)))), 50);
        assert_eq!(ns(memory.evicted(&evicted(place(6, 12, 10)))), 1);
        assert!(memory.left.is_empty());
    }

    #[test]
    fn places_that_do_not_exist_are_refused() {
        let mut memory = Memory::new(1, 1, false);
        assert_eq!(memory.present(1, 0, &place(2, 10, 1)), None);
        let mut record = evicted(place(2, 10, 1));
        record.slot = 9;
        assert_eq!(memory.evicted(&record), None);
    }

    #[test]
    fn a_threads_gain_is_its_processs() {
        let mut memory = Memory::new(1, 1, true);
        let mut seen = place(2, 11, 100);
        seen.slot.owner = OWNER_KERNEL + 10;
        seen.work.process_start = 5;
        let gain = memory.present(0, 0, &seen).unwrap();
        assert_eq!(gain.id, ProcessId { pid: 10, start: 5 });
        assert_eq!(gain.thread, Some(ProcessId { pid: 11, start: 7 }));
        assert!(gain.kernel);
    }

    mod properties {
        use proptest::prelude::*;

        use super::*;

        proptest! {
            /// However looks at the table and reads of the stream interleave with
            /// the kernel's writes, each process has its true time in the end.
            #[test]
            fn every_nanosecond_is_counted_once(
                steps in prop::collection::vec((0_u8..5, 1_u32..4, 1_u64..50), 1..200),
            ) {
                let mut memory = Memory::new(1, 1, false);
                let mut here = Place::default();
                let mut stream = std::collections::VecDeque::new();
                let mut truth: HashMap<u32, u64> = HashMap::new();
                let mut told: HashMap<u32, u64> = HashMap::new();
                let (mut cycles, mut misses) = (0, 0);
                let mut tell = |gain: Option<Gain>| {
                    if let Some(gain) = gain {
                        *told.entry(gain.id.pid).or_default() += gain.counts.ns;
                        cycles += gain.counts.cycles;
                        misses += gain.counts.misses;
                    }
                };
                for (what, tgid, ns) in steps {
                    match what {
                        0 | 1 => {
                            *truth.entry(tgid).or_default() += ns;
                            if here.slot.generation != 0 && here.slot.id == tgid {
                                here.slot.ns += ns;
                                here.work.cycles += 2 * ns;
                                here.work.misses += 3 * ns;
                            } else {
                                if here.slot.generation != 0 {
                                    stream.push_back(here);
                                    if what == 1 {
                                        // A reader comes between the record and the new holder.
                                        for last in stream.drain(..) {
                                            tell(memory.evicted(&evicted(last)));
                                        }
                                        tell(memory.present(0, 0, &here));
                                    }
                                }
                                here = place(here.slot.generation + 2, tgid, ns);
                            }
                        }
                        2 | 3 => tell(memory.present(0, 0, &here)),
                        _ => {
                            if let Some(last) = stream.pop_front() {
                                tell(memory.evicted(&evicted(last)));
                            }
                        }
                    }
                }
                for last in stream {
                    tell(memory.evicted(&evicted(last)));
                }
                tell(memory.present(0, 0, &here));
                prop_assert!(memory.left.is_empty());
                let all: u64 = truth.values().sum();
                prop_assert_eq!((cycles, misses), (2 * all, 3 * all));
                prop_assert_eq!(told, truth);
            }
        }
    }
}
