//! From the kernel's tables to time per process: each nanosecond once.
//!
//! The kernel shows, for each CPU, a table of places with running totals, and a
//! stream of totals whose place was taken. A total may be seen in the table, then
//! again in the stream: [`Memory`] keeps what it has counted of each holder and
//! gives out differences only.

use std::collections::HashMap;

use energy_ebpf::{Evicted, PF_KTHREAD, Slot};

use crate::sample::ProcessId;

/// Time that a process gained on a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain {
    /// Who.
    pub id: ProcessId,
    /// It is a thread of the kernel.
    pub kernel: bool,
    /// Where.
    pub cpu: u32,
    /// How long, nanoseconds.
    pub ns: u64,
}

/// What has been counted of a place's holder.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    generation: u64,
    ns: u64,
    /// Its last total has come through the stream.
    closed: bool,
}

/// What has been counted so far, for all CPUs.
#[derive(Debug, Default)]
pub struct Memory {
    /// By CPU, then by place.
    seen: Vec<Vec<Seen>>,
    /// Holders that left before the stream told their last total.
    left: HashMap<(u32, u32, u64), u64>,
}

impl Memory {
    /// For so many CPUs with so many places each.
    pub fn new(cpus: usize, slots: usize) -> Self {
        Self { seen: vec![vec![Seen::default(); slots]; cpus], left: HashMap::new() }
    }

    /// A place as it stands in the table now.
    pub fn present(&mut self, cpu: u32, index: u32, slot: &Slot) -> Option<Gain> {
        let seen = self.seen.get_mut(cpu as usize)?.get_mut(index as usize)?;
        if seen.generation == slot.generation && seen.ns == slot.ns {
            return None;
        }
        if slot.generation < seen.generation {
            return None;
        }
        let now = Seen { generation: slot.generation, ns: slot.ns, closed: false };
        let before = std::mem::replace(seen, now);
        if before.generation == slot.generation {
            // The stream may tell the last total a moment before the place changes hands.
            seen.closed = before.closed;
            return gain(cpu, slot, before.ns);
        }
        self.leave(cpu, index, before);
        gain(cpu, slot, 0)
    }

    /// A total that left the table. None for what makes no sense.
    pub fn evicted(&mut self, record: &Evicted) -> Option<Gain> {
        let (cpu, index, last) = (record.header.cpu, record.slot, &record.last);
        let seen = self.seen.get_mut(cpu as usize)?.get_mut(index as usize)?;
        if last.generation < seen.generation {
            let counted = self.left.remove(&(cpu, index, last.generation)).unwrap_or(0);
            return gain(cpu, last, counted);
        }
        let now = Seen { generation: last.generation, ns: last.ns, closed: true };
        let before = std::mem::replace(seen, now);
        if before.generation == last.generation {
            return gain(cpu, last, before.ns);
        }
        self.leave(cpu, index, before);
        gain(cpu, last, 0)
    }

    /// A holder is gone from the table; the stream may still owe its last total.
    fn leave(&mut self, cpu: u32, index: u32, before: Seen) {
        if before.generation != 0 && !before.closed {
            self.left.insert((cpu, index, before.generation), before.ns);
        }
    }
}

fn gain(cpu: u32, slot: &Slot, counted: u64) -> Option<Gain> {
    let ns = slot.ns.saturating_sub(counted);
    (ns > 0).then_some(Gain {
        id: ProcessId { pid: slot.tgid, start: slot.start },
        kernel: slot.flags & PF_KTHREAD != 0,
        cpu,
        ns,
    })
}

#[cfg(test)]
mod tests {
    use energy_ebpf::{Header, KIND_EVICTED};

    use super::*;

    fn slot(generation: u64, tgid: u32, ns: u64) -> Slot {
        Slot { generation, start: 7, ns, tgid, flags: 0 }
    }

    fn evicted(last: Slot) -> Evicted {
        let header = Header { kind: KIND_EVICTED, cpu: 0 };
        Evicted { header, slot: 0, reserved: 0, last }
    }

    fn ns(gain: Option<Gain>) -> u64 {
        gain.map_or(0, |gain| gain.ns)
    }

    #[test]
    fn a_total_that_grows_gives_its_growth() {
        let mut memory = Memory::new(1, 1);
        assert_eq!(ns(memory.present(0, 0, &slot(2, 10, 100))), 100);
        assert_eq!(ns(memory.present(0, 0, &slot(2, 10, 100))), 0);
        assert_eq!(ns(memory.present(0, 0, &slot(2, 10, 130))), 30);
    }

    #[test]
    fn what_was_seen_in_the_table_is_not_counted_again_from_the_stream() {
        let mut memory = Memory::new(1, 1);
        assert_eq!(ns(memory.present(0, 0, &slot(2, 10, 100))), 100);
        assert_eq!(ns(memory.evicted(&evicted(slot(2, 10, 120)))), 20);
        assert_eq!(ns(memory.present(0, 0, &slot(4, 11, 5))), 5);
    }

    #[test]
    fn the_table_may_be_read_before_the_stream() {
        let mut memory = Memory::new(1, 1);
        assert_eq!(ns(memory.present(0, 0, &slot(2, 10, 100))), 100);
        assert_eq!(ns(memory.present(0, 0, &slot(6, 12, 9))), 9);
        assert_eq!(ns(memory.evicted(&evicted(slot(2, 10, 120)))), 20);
        assert_eq!(ns(memory.evicted(&evicted(slot(4, 11, 50)))), 50);
        assert_eq!(ns(memory.evicted(&evicted(slot(6, 12, 10)))), 1);
        assert!(memory.left.is_empty());
    }

    #[test]
    fn places_that_do_not_exist_are_refused() {
        let mut memory = Memory::new(1, 1);
        assert_eq!(memory.present(1, 0, &slot(2, 10, 1)), None);
        let mut record = evicted(slot(2, 10, 1));
        record.slot = 9;
        assert_eq!(memory.evicted(&record), None);
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
                let mut memory = Memory::new(1, 1);
                let mut place = Slot::default();
                let mut stream = std::collections::VecDeque::new();
                let mut truth: HashMap<u32, u64> = HashMap::new();
                let mut told: HashMap<u32, u64> = HashMap::new();
                let mut tell = |gain: Option<Gain>| {
                    if let Some(gain) = gain {
                        *told.entry(gain.id.pid).or_default() += gain.ns;
                    }
                };
                for (what, tgid, ns) in steps {
                    match what {
                        0 | 1 => {
                            *truth.entry(tgid).or_default() += ns;
                            if place.generation != 0 && place.tgid == tgid {
                                place.ns += ns;
                            } else {
                                if place.generation != 0 {
                                    stream.push_back(place);
                                    if what == 1 {
                                        // A reader comes between the record and the new holder.
                                        for last in stream.drain(..) {
                                            tell(memory.evicted(&evicted(last)));
                                        }
                                        tell(memory.present(0, 0, &place));
                                    }
                                }
                                place = slot(place.generation + 2, tgid, ns);
                            }
                        }
                        2 | 3 => tell(memory.present(0, 0, &place)),
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
                tell(memory.present(0, 0, &place));
                prop_assert!(memory.left.is_empty());
                prop_assert_eq!(told, truth);
            }
        }
    }
}
