//! One instant of the machine: what the meters read, and who ran since the last one.
//!
//! A `Sample` is plain data with its time inside. The kernel probe, the `/proc`
//! probe and the simulator all make the same `Sample`; from here on, everything
//! is a function of values.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::units::{Microjoules, Watts};

/// A process, even if its number has been used before or will be again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessId {
    /// The number that `ps` shows.
    pub pid: u32,
    /// When the process began, nanoseconds since boot (whole clock ticks where `/proc` is the source).
    pub start: u64,
}

/// Which row of the books a task belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Somebody's program.
    #[default]
    Process,
    /// A thread of the kernel.
    Kernel,
    /// jouletop itself.
    Tool,
}

/// What is known of a process apart from its time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The kernel's name for it, at most 15 bytes.
    pub name: String,
    /// Its arguments, joined by spaces; none for a kernel thread or where nobody could read them.
    pub cmdline: Option<String>,
    /// The real user id.
    pub uid: Option<u32>,
    /// The user's name, or the number where the system knows no name.
    pub user: Option<String>,
    /// Who forked it.
    pub parent: Option<ProcessId>,
    /// Its cgroup's path (v2, or the most telling v1 one).
    pub cgroup: Option<String>,
    /// Which row it belongs to.
    pub kind: Kind,
}

/// CPU time in nanoseconds, one number for each cell of [`Machine::cells`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CpuTime(pub Vec<u64>);

impl CpuTime {
    /// Nothing, on a machine with so many cells.
    pub fn zero(cells: usize) -> Self {
        Self(vec![0; cells])
    }

    /// Adds time on one cell; the list grows as needed.
    pub fn add(&mut self, cell: usize, ns: u64) {
        if self.0.len() <= cell {
            self.0.resize(cell + 1, 0);
        }
        self.0[cell] = self.0[cell].saturating_add(ns);
    }

    /// Adds each cell's time of another.
    pub fn add_all(&mut self, other: &Self) {
        for (cell, &ns) in other.0.iter().enumerate() {
            self.add(cell, ns);
        }
    }

    /// Time on one cell.
    pub fn on(&self, cell: usize) -> u64 {
        self.0.get(cell).copied().unwrap_or(0)
    }

    /// Time on all cells.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.0.iter().sum())
    }
}

/// What one process did since the last sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessActivity {
    /// Who.
    pub id: ProcessId,
    /// What it is called and whose it is.
    pub identity: Arc<Identity>,
    /// It ended within the interval: this is its last word.
    pub ended: bool,
    /// The time it ran.
    pub cpu: CpuTime,
    /// What else was counted; none unless it was asked for.
    pub work: Option<Work>,
    /// Its threads that ran or ended, if they are told apart; their time is the process's.
    pub threads: Vec<ThreadActivity>,
}

impl ProcessActivity {
    /// One of whom only the time is known.
    pub fn new(id: ProcessId, identity: Arc<Identity>, ended: bool, cpu: CpuTime) -> Self {
        Self { id, identity, ended, cpu, work: None, threads: Vec::new() }
    }
}

/// What one thread did since the last sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadActivity {
    /// Its number and start, as of a process: the first thread has its process's.
    pub id: ProcessId,
    /// The kernel's name for it.
    pub name: Arc<str>,
    /// It ended within the interval.
    pub ended: bool,
    /// The time it ran.
    pub cpu: CpuTime,
}

/// What is counted beside time, one number for each cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Of the time, how much the core's other hardware thread was busy too, nanoseconds.
    pub shared: CpuTime,
    /// Cycles of the CPU.
    pub cycles: Vec<u64>,
    /// Instructions, on all cells.
    pub instructions: u64,
    /// Misses of the last cache, which are what goes to memory; empty where they are not counted.
    pub misses: Vec<u64>,
}

impl Work {
    /// Adds what was counted on a cell.
    pub fn add(&mut self, cell: usize, shared_ns: u64, cycles: u64, instructions: u64) {
        self.shared.add(cell, shared_ns);
        raise(&mut self.cycles, cell, cycles);
        self.instructions = self.instructions.saturating_add(instructions);
    }

    /// Adds misses of the last cache on a cell.
    pub fn miss(&mut self, cell: usize, misses: u64) {
        raise(&mut self.misses, cell, misses);
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        let Self { shared, cycles, instructions, misses } = other;
        self.shared.add_all(shared);
        for (cell, &cycles) in cycles.iter().enumerate() {
            raise(&mut self.cycles, cell, cycles);
        }
        for (cell, &misses) in misses.iter().enumerate() {
            self.miss(cell, misses);
        }
        self.instructions = self.instructions.saturating_add(*instructions);
    }
}

/// Raises a cell's count; the list grows as needed.
fn raise(counts: &mut Vec<u64>, cell: usize, by: u64) {
    if counts.len() <= cell {
        counts.resize(cell + 1, 0);
    }
    counts[cell] = counts[cell].saturating_add(by);
}

/// What a share of a package's energy is measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Time on a CPU.
    #[default]
    Time,
    /// Time, where time with a busy neighbour on the core counts less.
    Smt,
    /// Time, where time at a higher clock counts more.
    Frequency,
    /// Time by both: neighbour and clock.
    #[value(name = "smt+frequency")]
    #[serde(rename = "smt+frequency")]
    SmtFrequency,
    /// Cycles.
    Cycles,
}

impl Weight {
    /// The word in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Smt => "smt",
            Self::Frequency => "frequency",
            Self::SmtFrequency => "smt+frequency",
            Self::Cycles => "cycles",
        }
    }

    /// Time with a busy neighbour on the core has to be told apart.
    pub fn by_overlap(self) -> bool {
        matches!(self, Self::Smt | Self::SmtFrequency)
    }

    /// The clock of each core has to be known.
    pub fn by_clock(self) -> bool {
        matches!(self, Self::Frequency | Self::SmtFrequency)
    }
}

/// What could not be seen or kept, counted so that it is never silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Births, names and ends that the kernel had no room to tell.
    pub events: u64,
    /// Slices of CPU time whose beginning was not seen.
    pub slices: u64,
    /// Records that made no sense.
    pub malformed: u64,
}

impl Lost {
    /// Adds what another interval did not see.
    pub fn add(&mut self, other: &Self) {
        let Self { events, slices, malformed } = other;
        self.events += events;
        self.slices += slices;
        self.malformed += malformed;
    }

    /// What came since an earlier sum.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            events: self.events.saturating_sub(before.events),
            slices: self.slices.saturating_sub(before.slices),
            malformed: self.malformed.saturating_sub(before.malformed),
        }
    }
}

/// Who ran since the last sample. A process that did not run is not in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Each process that ran or ended, once.
    pub processes: Vec<ProcessActivity>,
    /// What their shares are to be measured by: what else was counted of them.
    pub weight: Weight,
    /// Births since the last sample, so that trees survive processes that never ran in our sight.
    pub births: Vec<Birth>,
    /// Time that ran but whose owner is not known.
    pub missed: CpuTime,
    /// Time in interrupts; none where it cannot be told from that of who was interrupted.
    pub irq: Option<CpuTime>,
    /// What was not seen.
    pub lost: Lost,
    /// Whether the time of every CPU adds up; only the kernel probe can tell.
    pub books: Option<Books>,
}

/// The time of all CPUs since the last sample, by where it went: nanoseconds.
///
/// `elapsed = tasks + idle + scheduler + missed + irq + stolen + residue`, by definition of
/// the residue. All but the residue are counted by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// Time that passed on the clock.
    pub elapsed_ns: i64,
    /// Time that processes and kernel threads gained.
    pub tasks_ns: u64,
    /// Time in which nothing wanted to run.
    pub idle_ns: i64,
    /// The scheduler itself, after one task and before the next.
    pub scheduler_ns: i64,
    /// Time that ran but whose owner is not known.
    pub missed_ns: u64,
    /// Interrupts, where the kernel keeps them out of the tasks' time.
    pub irq_ns: u64,
    /// Taken by the hypervisor for somebody else.
    pub stolen_ns: u64,
    /// What does not add up.
    pub residue_ns: i64,
    /// Of the CPU that is worst, the residue since the probe was loaded.
    pub worst_ns: i64,
}

/// A process came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birth {
    /// The new process.
    pub child: ProcessId,
    /// Who forked it.
    pub parent: ProcessId,
}

/// What a meter covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// A CPU package: cores, caches, memory controller.
    Package,
    /// The memory attached to a package.
    Dram,
    /// Cores: a part of their package, one core or all of them.
    Core,
    /// What of a package is not cores, such as an integrated GPU.
    Uncore,
    /// What a board's maker wired to Intel's platform counter; contains the packages.
    Psys,
    /// The whole machine.
    Machine,
    /// A module of a CPU and a GPU with their memories.
    Module,
    /// A supply rail of a board.
    Rail,
    /// The whole machine without its metered parts.
    Rest,
}

impl Domain {
    /// The word in JSON and in `doctor`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Dram => "dram",
            Self::Core => "core",
            Self::Uncore => "uncore",
            Self::Psys => "psys",
            Self::Machine => "machine",
            Self::Module => "module",
            Self::Rail => "rail",
            Self::Rest => "rest",
        }
    }
}

/// One meter: where a pool of energy is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Unique on the machine, and stable over restarts: `package-0`, `dram-1`.
    pub id: String,
    /// What it covers.
    pub domain: Domain,
    /// The route: `perf`, `powercap`, `model`, `simulated`.
    pub source: String,
    /// Indices into [`Machine::cells`] of the CPUs it feeds; none where the topology does not say.
    pub cells: Vec<usize>,
    /// What is done with its figure.
    pub role: Role,
    /// What its figure includes, in words for people.
    pub includes: String,
}

/// What is done with a meter's figure: no joule is counted twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It is a part of the total.
    #[default]
    Part,
    /// It is the total: what the parts leave of it is the rest of the machine.
    Whole,
    /// It lies inside a part and tells how that divides.
    Inside,
    /// It is shown beside the total, and not counted.
    Check,
}

/// What a meter said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading {
    /// A counter that rises and wraps.
    Counter {
        /// Microjoules.
        microjoules: u64,
        /// Its largest value: after it comes zero.
        range: u64,
        /// No honest advance is faster than this.
        limit: Watts,
    },
    /// No meter: power follows load between two figures from a table.
    Model(PowerModel),
    /// It could not be read, and why, with the remedy.
    Absent(String),
}

/// Power over load where there is no meter: an estimate with its range, never a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PowerModel {
    /// The figure that is shown.
    pub likely: Line,
    /// The lowest that the sources allow.
    pub least: Line,
    /// The highest that the sources allow.
    pub most: Line,
}

/// Power as a straight line over load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// With every CPU idle.
    pub idle: Watts,
    /// With every CPU busy.
    pub full: Watts,
}

impl Line {
    /// Energy at a load (0 to 1) over a time.
    pub fn energy(self, load: f64, time: Duration) -> Microjoules {
        Watts(self.idle.0 + (self.full.0 - self.idle.0) * load).during(time)
    }

    /// So many times as much.
    pub fn times(self, factor: f64) -> Self {
        Self { idle: Watts(self.idle.0 * factor), full: Watts(self.full.0 * factor) }
    }
}

impl PowerModel {
    /// Where nothing better is known than a likely line: from half to twice of it.
    pub fn half_to_twice(likely: Line) -> Self {
        Self { likely, least: likely.times(0.5), most: likely.times(2.0) }
    }
}

/// A meter and its reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterReading {
    /// Which meter.
    pub meter: Arc<Meter>,
    /// What it said.
    pub reading: Reading,
}

/// A package and its CPUs that are online.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// The kernel's `physical_package_id`.
    pub id: u32,
    /// The CPUs' numbers.
    pub cpus: Vec<u32>,
}

/// CPUs whose time is kept together, as one meter feeds them or they have one clock: a die of
/// a package, or a core where cores are metered or have clocks of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Index into [`Machine::packages`].
    pub package: usize,
    /// The CPUs' numbers.
    pub cpus: Vec<u32>,
}

/// The part of the machine that the arithmetic needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name on the network.
    pub host: String,
    /// Packages in order of their id.
    pub packages: Vec<Package>,
    /// Cells in order of their package.
    pub cells: Vec<Cell>,
}

impl Machine {
    /// A machine each of whose packages is one cell.
    pub fn of_packages(host: String, packages: Vec<Package>) -> Self {
        let cells = packages.iter().enumerate();
        let cells = cells.map(|(package, all)| Cell { package, cpus: all.cpus.clone() }).collect();
        Self { host, packages, cells }
    }

    /// CPUs online in all packages.
    pub fn cpus(&self) -> usize {
        self.packages.iter().map(|package| package.cpus.len()).sum()
    }

    /// The cells of a package.
    pub fn cells_of(&self, package: usize) -> Vec<usize> {
        let all = self.cells.iter().enumerate();
        all.filter(|(_, cell)| cell.package == package).map(|(index, _)| index).collect()
    }
}

/// Which probe counted the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeKind {
    /// Kernel programs: exact.
    Bpf,
    /// `/proc`, read at each sample: what lives shorter is missed.
    Proc,
    /// A scenario.
    Simulated,
}

impl ProbeKind {
    /// The word for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Bpf => "eBPF",
            Self::Proc => "/proc",
            Self::Simulated => "simulation",
        }
    }

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bpf => "bpf",
            Self::Proc => "proc",
            Self::Simulated => "simulated",
        }
    }
}

/// One instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Wall-clock time, for people.
    pub time: Timestamp,
    /// Time that never steps, for arithmetic; it stands still while the machine sleeps.
    pub monotonic: Duration,
    /// Time since boot, sleep included: where it outruns `monotonic`, the machine slept.
    pub boottime: Duration,
    /// The machine as it was.
    pub machine: Arc<Machine>,
    /// Which probe.
    pub probe: ProbeKind,
    /// Every meter, readable or not.
    pub meters: Vec<MeterReading>,
    /// Mean clock of each cell's CPUs since the sample before while they were busy, in
    /// thousandths of the base clock; none where it is not known.
    pub clocks: Option<Vec<u32>>,
    /// Who ran since the sample before.
    pub activity: Activity,
}

impl Sample {
    /// A machine of so many packages at its start, with nobody running: for tests.
    #[cfg(test)]
    pub fn nothing(packages: u32) -> Self {
        let package = |id: u32| Package { id, cpus: vec![2 * id, 2 * id + 1] };
        Self {
            time: Timestamp::UNIX_EPOCH,
            monotonic: Duration::ZERO,
            boottime: Duration::ZERO,
            machine: Arc::new(Machine::of_packages(
                "test".into(),
                (0..packages).map(package).collect(),
            )),
            probe: ProbeKind::Simulated,
            meters: Vec::new(),
            clocks: None,
            activity: Activity::default(),
        }
    }
}
