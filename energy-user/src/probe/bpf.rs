//! The kernel probe: loads the programs, reads their accounts.
//!
//! The object is embedded, so that users need no BPF toolchain. Reading costs no
//! system call for the tables, which are mapped into memory; only CPUs that are
//! busy are asked to charge the task they run now.

pub mod cost;
mod counters;
mod load;
mod poke;
mod record;
mod table;

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use aya::{
    Ebpf,
    maps::{Array, MapData, RingBuf},
};
pub use counters::{Counters, Events};
use energy_ebpf::map;
pub use load::{LoadError, Options, Probe as Loaded, Small, VMLINUX, kernel_offsets, load};
use load::{Log, load_with};
use poke::poke;
use record::Record;
pub use table::Account;
use table::Table;

use super::{
    Probe,
    books::Bookkeeper,
    identity::Directory,
    outside::{Divider, Outside},
    slots::{Gain, Memory},
    threads::Threads,
};
use crate::{
    clock,
    sample::{
        Activity, Birth, Books, CpuTime, Identity, Lost, ProbeKind, ProcessActivity, ProcessId,
        ThreadActivity, Weight, Work,
    },
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
    /// Their sum, by CPU.
    gained: Vec<u64>,
    /// Only if they are told apart.
    threads: Option<Threads>,
    births: Vec<Birth>,
    /// Whose end was told with the last sample.
    buried: HashSet<ProcessId>,
    bookkeeper: Bookkeeper,
    weight: Weight,
    /// Anything but time is counted of a process.
    counts: bool,
    /// Held open, so that they count.
    counters: Option<Counters>,
    divider: Divider,
    outside: Outside,
    proc_root: PathBuf,
    /// Lost in all, at the last sample.
    before: Lost,
    malformed: u64,
    log: Option<Log>,
}

#[derive(Default)]
struct Pending {
    kernel: bool,
    cpu: CpuTime,
    work: Work,
    threads: HashMap<ProcessId, CpuTime>,
}

impl BpfProbe {
    /// Loads and attaches the programs, and begins to count.
    pub fn open(proc_root: &Path, topology: Topology, options: Options) -> Result<Self, LoadError> {
        let (Loaded { mut ebpf, cpus, places, outside, log }, counters) =
            load_for(options, &topology)?;
        let table = Table::map(&mut ebpf, cpus, places, options.works())?;
        let events = ebpf.take_map(map::EVENTS).ok_or(LoadError::Object("no ring buffer"))?;
        let events = RingBuf::try_from(events).map_err(|error| LoadError::Map(error.into()))?;
        let mut probe = Self {
            memory: Memory::new(cpus, places, options.threads),
            ebpf,
            table,
            events,
            directory: Directory::new(proc_root),
            topology,
            pending: HashMap::new(),
            threads: options.threads.then(|| Threads::new(proc_root)),
            gained: vec![0; cpus],
            births: Vec::new(),
            buried: HashSet::new(),
            bookkeeper: Bookkeeper::default(),
            weight: options.weight,
            counts: options.counts(),
            counters,
            divider: Divider::new(outside, proc_root),
            outside,
            proc_root: proc_root.into(),
            before: Lost::default(),
            malformed: 0,
            log,
        };
        // A task that was on a CPU before we came begins to count here.
        for cpu in 0..cpus as u32 {
            poke(&mut probe.ebpf, cpu);
        }
        Ok(probe)
    }

    /// Empties the ring buffer.
    fn take_events(&mut self) {
        // Bounded, so that a storm of births cannot hold the reader for ever.
        for _ in 0..1_000_000 {
            let Some(item) = self.events.next() else { return };
            let record = Record::decode(&item);
            drop(item);
            match record {
                Some(Record::Evicted(record)) => {
                    let gain = self.memory.evicted(&record);
                    self.gained(gain);
                }
                Some(Record::Birth(birth)) => {
                    self.births.extend(self.directory.born(&birth));
                    self.threads.iter_mut().for_each(|threads| threads.born(&birth));
                }
                Some(Record::Exec(exec)) => {
                    self.directory.exec(&exec);
                    self.threads.iter_mut().for_each(|threads| threads.exec(&exec));
                }
                Some(Record::Ended(ended)) => {
                    self.directory.ended(&ended);
                    self.threads.iter_mut().for_each(|threads| threads.ended(&ended));
                }
                Some(Record::Renamed(renamed)) => {
                    self.directory.renamed(&renamed);
                    self.threads.iter_mut().for_each(|threads| threads.renamed(&renamed));
                }
                Some(Record::Cgroup(cgroup)) => self.directory.made(&cgroup),
                None => self.malformed += 1,
            }
        }
    }

    fn gained(&mut self, gain: Option<Gain>) {
        let Some(Gain { id, thread, kernel, cpu, counts }) = gain else { return };
        let cell = self.topology.cell_of(cpu);
        let pending = self.pending.entry(id).or_default();
        pending.kernel |= kernel;
        pending.cpu.add(cell, counts.ns);
        if let Some(thread) = thread {
            pending.threads.entry(thread).or_default().add(cell, counts.ns);
        }
        if self.counts {
            pending.work.add(cell, counts.shared_ns, counts.cycles, counts.instructions);
        }
        if counts_misses(self.counters.as_ref()) {
            pending.work.miss(cell, counts.misses);
        }
        if let Some(gained) = self.gained.get_mut(cpu as usize) {
            *gained += counts.ns;
        }
    }

    /// Reads the places and accounts of all CPUs.
    fn take_tables(&mut self) -> Vec<Account> {
        (0..self.table.cpus()).map(|cpu| self.take_table(cpu)).collect()
    }

    /// Reads one CPU's places, and its account as it was then: again if it switched
    /// meanwhile, unless it does so all the time. What slips between is told next time.
    fn take_table(&mut self, cpu: usize) -> Account {
        const TRIES: usize = 3;
        for _ in 0..TRIES {
            let before = self.table.account(cpu);
            if before.busy {
                poke(&mut self.ebpf, cpu as u32);
            }
            let before = self.table.account(cpu);
            let places = if self.table.keeps_works() {
                (0..self.table.places()).collect()
            } else {
                self.memory.news(cpu, self.table.glances(cpu))
            };
            for index in places {
                if let Some(place) = self.table.place(cpu, index) {
                    let gain = self.memory.present(cpu as u32, index as u32, &place);
                    self.gained(gain);
                }
            }
            if self.table.account(cpu).switches == before.switches {
                return before;
            }
        }
        self.table.account(cpu)
    }

    /// Checks that every CPU's time adds up. Gives what is missed, and what is irq.
    fn balance(&mut self, accounts: &[Account]) -> (Books, CpuTime, CpuTime) {
        let now = clock::now().monotonic.as_nanos() as u64;
        let cells = self.topology.cells().len();
        let (mut missed, mut irq) = (CpuTime::zero(cells), CpuTime::zero(cells));
        let mut books = Books::default();
        self.divider.look(&self.proc_root);
        for (cpu, &account) in accounts.iter().enumerate() {
            let gained = std::mem::take(&mut self.gained[cpu]);
            let entered = self.bookkeeper.enter(cpu, gained, account, now, &mut books);
            let cell = self.topology.cell_of(cpu as u32);
            missed.add(cell, entered.missed_ns);
            let (irq_ns, stolen_ns) = self.divider.divide(cpu as u32, entered.outside_ns);
            irq.add(cell, irq_ns);
            books.irq_ns += irq_ns;
            books.stolen_ns += stolen_ns;
        }
        (books, missed, irq)
    }

    /// Who ran or ended since the last sample.
    fn processes(&mut self) -> Vec<ProcessActivity> {
        let pending = std::mem::take(&mut self.pending);
        let ended = self.directory.bury(&self.buried, |id| pending.contains_key(id));
        // Who ended without having run since the last sample is told as well.
        let silent = ended.difference(&self.buried).filter(|id| !pending.contains_key(id));
        let silent: Vec<_> = silent.map(|id| (*id, Pending::default())).collect();
        let misses = counts_misses(self.counters.as_ref());
        let all = pending.into_iter().chain(silent);
        let mut ran = HashSet::new();
        let mut processes = Vec::new();
        for (id, Pending { kernel, cpu, mut work, threads }) in all {
            if misses {
                // Who did not run has missed nothing, which is not the same as not counted.
                work.miss(0, 0);
            }
            let identity = self.directory.identify(id, kernel);
            let ended = self.directory.has_ended(id);
            let mut process = ProcessActivity::new(id, identity, ended, cpu);
            process.work = self.counts.then_some(work);
            ran.extend(threads.keys().copied());
            if let Some(all) = &mut self.threads {
                let threads = threads.into_iter().map(|(thread, cpu)| ThreadActivity {
                    id: thread,
                    name: all.name(id.pid, thread),
                    ended: all.has_ended(thread),
                    cpu,
                });
                process.threads = threads.collect();
            }
            processes.push(process);
        }
        if let Some(threads) = &mut self.threads {
            threads.bury(|id| ran.contains(id));
        }
        self.buried = ended;
        processes
    }
}

/// Loads the programs with what they need to know of this machine: which CPUs share a core,
/// and the counters of each, which count as long as they are held.
pub fn load_for(
    options: Options,
    topology: &Topology,
) -> Result<(Loaded, Option<Counters>), LoadError> {
    let counters = (options.weight == Weight::Cycles)
        .then(|| Counters::open(options.events, &topology.cpus()))
        .transpose()?;
    let misses = counts_misses(counters.as_ref());
    let loaded = load_with(options, misses, |ebpf| {
        pair(ebpf, topology)?;
        let published = counters.as_ref().map_or(Ok(()), |counters| counters.publish(ebpf));
        published.map_err(|error| LoadError::Map(error.into()))
    })?;
    Ok((loaded, counters))
}

/// Whether what goes to memory is counted.
fn counts_misses(counters: Option<&Counters>) -> bool {
    counters.is_some_and(|counters| counters.misses().is_ok())
}

/// Tells the programs which two CPUs share a core.
fn pair(ebpf: &mut Ebpf, topology: &Topology) -> Result<(), LoadError> {
    let siblings = ebpf.map_mut(map::SIBLINGS).ok_or(LoadError::Object("an array too few"))?;
    let refused = |error: aya::maps::MapError| LoadError::Map(error.into());
    let mut siblings: Array<_, u32> = siblings.try_into().map_err(refused)?;
    for cpu in topology.cpus() {
        let other = topology.sibling_of(cpu).map_or(0, |other| other + 1);
        siblings.set(cpu, other, 0).map_err(refused)?;
    }
    Ok(())
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

    fn notes(&self) -> Vec<String> {
        let counters = self.counters.as_ref().map(Counters::misses);
        let unknown = counters.and_then(Result::err).map(|why| {
            let weight = self.weight.as_str();
            format!("cache misses cannot be counted here: memory is split by {weight} ({why})")
        });
        [self.outside.note().into()].into_iter().chain(unknown).collect()
    }

    fn set_topology(&mut self, topology: &Topology) {
        self.topology = topology.clone();
    }

    fn who(&mut self, pid: u32) -> Option<(ProcessId, Arc<Identity>)> {
        self.directory.who(pid)
    }

    fn activity(&mut self) -> anyhow::Result<Activity> {
        self.take_events();
        let accounts = self.take_tables();
        // Births and ends that came while the tables were read belong to this interval.
        self.take_events();
        let (books, missed, irq) = self.balance(&accounts);
        let lost = Lost {
            events: accounts.iter().map(|account| account.lost_events).sum(),
            slices: accounts.iter().map(|account| account.unpaired).sum(),
            malformed: self.malformed,
        };
        let before = std::mem::replace(&mut self.before, lost);
        let processes = self.processes();
        Ok(Activity {
            processes,
            kin: self.directory.met(),
            weight: self.weight,
            births: std::mem::take(&mut self.births),
            missed,
            irq: self.outside.irq.then_some(irq),
            lost: lost.since(&before),
            books: Some(books),
        })
    }
}
