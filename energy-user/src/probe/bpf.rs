//! The kernel probe: loads the programs, reads their accounts.
//!
//! The object is embedded, so that users need no BPF toolchain. Reading costs no
//! system call for the tables, which are mapped into memory; only CPUs that are
//! busy are asked to charge the task they run now.

mod load;
mod table;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use aya::{
    Ebpf,
    maps::{MapData, RingBuf},
    programs::{RawTracePoint, RawTracePointRunOptions, TestRun as _},
};
use energy_ebpf::{
    Birth, CpuAccount, Ended, Evicted, Exec, Header, KIND_EVICTED, KIND_EXEC, KIND_EXIT, KIND_FORK,
    KIND_RENAME, Renamed, SLOTS, map, program,
};
use load::Log;
pub use load::{LoadError, Options, Probe as Loaded, Small, VMLINUX, load};
use table::Table;

use super::{
    Probe,
    identity::Directory,
    slots::{Gain, Memory},
};
use crate::{
    sample::{self, Activity, CpuTime, Lost, ProbeKind, ProcessActivity, ProcessId},
    topology::Topology,
};

/// The kernel probe at work.
pub struct BpfProbe {
    ebpf: Ebpf,
    table: Table,
    events: RingBuf<MapData>,
    directory: Directory,
    memory: Memory,
    topology: Topology,
    /// Gains since the last sample, by process.
    pending: HashMap<ProcessId, Pending>,
    births: Vec<sample::Birth>,
    /// Whose end was told with the last sample.
    buried: HashSet<ProcessId>,
    /// Counters of the accounts at the last sample.
    before: Counters,
    malformed: u64,
    log: Option<Log>,
}

#[derive(Default)]
struct Pending {
    kernel: bool,
    cpu: CpuTime,
}

/// Sums of what the accounts count besides time.
#[derive(Clone, Debug, Default)]
struct Counters {
    missed_ns: Vec<u64>,
    lost_events: u64,
    unpaired: u64,
}

impl BpfProbe {
    /// Loads and attaches the programs, and begins to count.
    pub fn open(proc_root: &Path, topology: Topology, options: Options) -> Result<Self, LoadError> {
        let Loaded { mut ebpf, cpus, log } = load(options)?;
        let table = Table::map(&mut ebpf, cpus)?;
        let events = ebpf.take_map(map::EVENTS).ok_or(LoadError::Object("no ring buffer"))?;
        let events = RingBuf::try_from(events).map_err(|error| LoadError::Map(error.into()))?;
        let mut probe = Self {
            memory: Memory::new(cpus, SLOTS),
            ebpf,
            table,
            events,
            directory: Directory::new(proc_root),
            topology,
            pending: HashMap::new(),
            births: Vec::new(),
            buried: HashSet::new(),
            before: Counters::default(),
            malformed: 0,
            log,
        };
        // A task that was on a CPU before we came begins to count here.
        for cpu in 0..cpus as u32 {
            probe.poke(cpu);
        }
        Ok(probe)
    }

    /// Lets a CPU charge the task that runs there now. One that is offline has none.
    fn poke(&mut self, cpu: u32) {
        let Some(Ok(program)) =
            self.ebpf.program(program::POKE).map(TryInto::<&RawTracePoint>::try_into)
        else {
            return;
        };
        let mut options = RawTracePointRunOptions::new();
        options.cpu = Some(cpu);
        if let Err(error) = program.test_run(options) {
            tracing::debug!(cpu, %error, "the CPU could not be asked what it runs");
        }
    }

    /// Empties the ring buffer.
    fn take_events(&mut self) {
        // Bounded, so that a storm of births cannot hold the reader for ever.
        for _ in 0..1_000_000 {
            let Some(item) = self.events.next() else { return };
            let event = Event::decode(&item);
            drop(item);
            match event {
                Some(Event::Evicted(record)) => {
                    let gain = self.memory.evicted(&record);
                    self.gained(gain);
                }
                Some(Event::Birth(birth)) => self.births.push(self.directory.born(&birth)),
                Some(Event::Exec(exec)) => self.directory.exec(&exec),
                Some(Event::Ended(ended)) => self.directory.ended(&ended),
                Some(Event::Renamed(renamed)) => self.directory.renamed(&renamed),
                None => self.malformed += 1,
            }
        }
    }

    fn gained(&mut self, gain: Option<Gain>) {
        let Some(Gain { id, kernel, cpu, ns }) = gain else { return };
        let pending = self.pending.entry(id).or_default();
        pending.kernel |= kernel;
        pending.cpu.add(self.topology.package_of(cpu), ns);
    }

    /// Reads the tables, and gives the sums of the counters in them.
    fn take_tables(&mut self) -> Counters {
        let mut counters = Counters::default();
        for cpu in 0..self.table.cpus() {
            if self.table.head(cpu).busy {
                self.poke(cpu as u32);
            }
            for index in 0..SLOTS {
                if let Some(slot) = self.table.slot(cpu, index) {
                    let gain = self.memory.present(cpu as u32, index as u32, &slot);
                    self.gained(gain);
                }
            }
            let head = self.table.head(cpu);
            counters.missed_ns.push(head.missed_ns);
            counters.lost_events += head.lost_events;
            counters.unpaired += head.unpaired;
        }
        counters
    }
}

impl Probe for BpfProbe {
    fn kind(&self) -> ProbeKind {
        ProbeKind::Bpf
    }

    fn drain(&mut self) -> anyhow::Result<()> {
        self.take_events();
        if let Some(log) = &mut self.log {
            log.flush();
        }
        Ok(())
    }

    fn set_topology(&mut self, topology: &Topology) {
        self.topology = topology.clone();
    }

    fn activity(&mut self) -> anyhow::Result<Activity> {
        self.take_events();
        let counters = self.take_tables();
        // Births and ends that came while the tables were read belong to this interval.
        self.take_events();
        let mut missed = CpuTime::zero(self.topology.packages().len());
        for (cpu, &ns) in counters.missed_ns.iter().enumerate() {
            let before = self.before.missed_ns.get(cpu).copied().unwrap_or(0);
            missed.add(self.topology.package_of(cpu as u32), ns.saturating_sub(before));
        }
        let pending = std::mem::take(&mut self.pending);
        let ended = self.directory.bury(&self.buried, |id| pending.contains_key(id));
        // Who ended without having run since the last sample is told as well.
        let silent = ended.difference(&self.buried).filter(|id| !pending.contains_key(id));
        let silent: Vec<_> = silent.map(|id| (*id, Pending::default())).collect();
        let mut processes = Vec::with_capacity(pending.len() + silent.len());
        for (id, Pending { kernel, cpu }) in pending.into_iter().chain(silent) {
            processes.push(ProcessActivity {
                id,
                identity: self.directory.identify(id, kernel),
                ended: self.directory.has_ended(id),
                cpu,
            });
        }
        self.buried = ended;
        let lost = Lost {
            events: counters.lost_events - self.before.lost_events,
            slices: counters.unpaired - self.before.unpaired,
            malformed: std::mem::take(&mut self.malformed),
        };
        self.before = counters;
        Ok(Activity {
            processes,
            births: std::mem::take(&mut self.births),
            missed,
            irq: CpuTime::zero(self.topology.packages().len()),
            lost,
        })
    }
}

/// A record of the ring buffer.
enum Event {
    Evicted(Evicted),
    Birth(Birth),
    Exec(Box<Exec>),
    Ended(Ended),
    Renamed(Renamed),
}

impl Event {
    /// None for what is too short or of a kind that is not known.
    fn decode(bytes: &[u8]) -> Option<Self> {
        Some(match read::<Header>(bytes)?.kind {
            KIND_EVICTED => Self::Evicted(read(bytes)?),
            KIND_FORK => Self::Birth(read(bytes)?),
            KIND_EXEC => Self::Exec(Box::new(read(bytes)?)),
            KIND_EXIT => Self::Ended(read(bytes)?),
            KIND_RENAME => Self::Renamed(read(bytes)?),
            _ => return None,
        })
    }
}

/// The types that the kernel half writes: plain integers, every bit pattern valid.
trait Record: Copy {}
impl Record for Header {}
impl Record for Evicted {}
impl Record for Birth {}
impl Record for Exec {}
impl Record for Ended {}
impl Record for Renamed {}

fn read<T: Record>(bytes: &[u8]) -> Option<T> {
    if bytes.len() < size_of::<T>() {
        return None;
    }
    // SAFETY: long enough, unaligned by choice, and any bytes are a valid `Record`.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

/// Bytes of one CPU's account.
const ACCOUNT: usize = size_of::<CpuAccount>();
