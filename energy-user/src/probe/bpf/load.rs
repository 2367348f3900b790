//! Loading: offsets from BTF, globals, limits, programs.
//!
//! Each step that the kernel may refuse has an error of its own with the remedy,
//! because "permission denied" from `bpf(2)` has half a dozen causes.

use std::path::Path;

use aya::{
    Btf, Ebpf, EbpfLoader,
    programs::{BtfTracePoint, RawTracePoint},
};
use aya_log::EbpfLogger;
use energy_ebpf::{
    account::{PLACES_SHIFT, Slot},
    global, map, program,
};
use nix::libc;
use thiserror::Error;

use super::counters::{CounterError, Events};
use crate::probe::{
    btf::{self, BtfError},
    outside::Outside,
};
use crate::sample::Weight;

/// The programs, built by `cargo xtask ebpf build`.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../energy-ebpf/prebuilt/jouletop-probe.o"
));

/// Where the kernel keeps its type information.
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// Which clock the kernel keeps its time with.
const CLOCKSOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

/// How to load.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Let the programs log what they do.
    pub log: bool,
    /// Tell the threads of a process apart.
    pub threads: bool,
    /// What to count beside time.
    pub weight: Weight,
    /// By which counters, if by cycles.
    pub events: Events,
    /// Trust that this kernel hides no switch: for benchmarks on one that does.
    pub sound: bool,
    /// Use so few places for each CPU, and so little ring buffer: for tests of overload.
    pub small: Option<Small>,
}

impl Options {
    /// Whether anything but time is counted of a process.
    pub fn counts(&self) -> bool {
        self.weight.by_overlap() || self.weight == Weight::Cycles
    }

    /// Whether anything but time is kept beside the places.
    pub fn works(&self) -> bool {
        self.threads || self.counts()
    }
}

/// Limits so low that they are met.
#[derive(Clone, Copy, Debug)]
pub struct Small {
    /// Places of each CPU; a power of two, at least four.
    pub places: u32,
    /// Bytes of the ring buffer; a power of two, at least a page.
    pub ring: u32,
}

/// Programs and maps in the kernel.
pub struct Probe {
    /// The handle; dropping it detaches everything.
    pub ebpf: Ebpf,
    /// Possible CPUs, each with an account.
    pub cpus: usize,
    /// Places of each CPU.
    pub places: usize,
    /// What this kernel keeps out of the tasks' time.
    pub outside: Outside,
    /// What the programs log, if they were asked to.
    pub log: Option<Log>,
}

/// Brings the programs' log to the `log` crate's logger.
pub type Log = EbpfLogger<&'static dyn log::Log>;

/// Why the kernel probe cannot be had.
#[derive(Debug, Error)]
pub enum LoadError {
    /// No BTF.
    #[error(
        "the kernel has no type information ({VMLINUX}: {0}); \
         a kernel with CONFIG_DEBUG_INFO_BTF=y is needed"
    )]
    NoBtf(std::io::Error),
    /// BTF that does not have what is needed.
    #[error("{0}; please report your kernel's version")]
    Btf(#[from] BtfError),
    /// Refused for want of a capability.
    #[error(
        "the kernel refused for lack of permission; run as root, or give the program the \
         capabilities: sudo setcap cap_bpf,cap_perfmon,cap_dac_read_search=ep {0}"
    )]
    Permission(String),
    /// The kernel is locked down.
    #[error(
        "the kernel is locked down to confidentiality, which forbids BPF programs to read kernel \
         memory; boot with lockdown=integrity to use them"
    )]
    Lockdown,
    /// The loader or the verifier refused.
    #[error("the kernel did not take the programs: {0}")]
    Refused(#[source] anyhow::Error),
    /// No counters.
    #[error(transparent)]
    Counters(#[from] CounterError),
    /// A map could not be opened.
    #[error("the programs' tables cannot be read: {0}")]
    Map(#[source] anyhow::Error),
    /// The embedded object is not what this program expects: a defect of the build.
    #[error("the embedded programs have {0}; rebuild them with `cargo xtask ebpf build`")]
    Object(&'static str),
}

/// Loads the programs and attaches them.
pub fn load(options: Options) -> Result<Probe, LoadError> {
    load_with(options, false, |_| Ok(()))
}

/// As [`load`], with something done to the maps before the first program runs: what the
/// programs count by is there, `misses` too or not.
pub fn load_with(
    options: Options,
    misses: bool,
    prepare: impl FnOnce(&mut Ebpf) -> Result<(), LoadError>,
) -> Result<Probe, LoadError> {
    let image = std::fs::read(VMLINUX).map_err(LoadError::NoBtf)?;
    let types = btf::Btf::parse(&image)?;
    let (offsets, outside) = (offsets(&types)?, Outside::of(&types));
    let cpus = aya::util::nr_cpus().map_err(|(_, error)| LoadError::NoBtf(error))?;
    raise_memlock();
    let btf = Btf::from_sys_fs().map_err(refused)?;
    let shift = options.small.map_or_else(|| places_shift(cpus), |small| small.places.ilog2());
    let places = (cpus as u32) << shift;
    let mut loader = EbpfLoader::new();
    loader
        .btf(Some(&btf))
        .map_max_entries(map::CPUS, cpus as u32)
        .map_max_entries(map::SIBLINGS, cpus as u32)
        .map_max_entries(map::SLOTS, places)
        .map_max_entries(map::WORKS, if options.works() { places } else { 1 })
        .map_max_entries(map::CYCLES, cpus as u32)
        .map_max_entries(map::INSTRUCTIONS, cpus as u32)
        .map_max_entries(map::MISSES, cpus as u32);
    let switches = [
        (global::PLACES_SHIFT, shift),
        (global::OVERLAP, options.weight.by_overlap().into()),
        (global::COUNT_WORK, (options.weight == Weight::Cycles).into()),
        (global::COUNT_MISSES, misses.into()),
        (global::THREADS, options.threads.into()),
        (global::REMEMBER, (!options.sound).into()),
        (global::WALL, clock_is_fast().into()),
    ];
    for (name, value) in offsets.iter().chain(&switches) {
        loader.override_global(name, value, true);
    }
    let level = if options.log { aya_log::Level::Debug as u8 } else { 0 };
    loader.override_global(aya_log::LEVEL, &level, false);
    let ring = options.small.map_or_else(|| ring_bytes(cpus), |small| small.ring);
    loader.map_max_entries(map::EVENTS, ring);
    let mut ebpf = loader.load(OBJECT).map_err(refused)?;
    prepare(&mut ebpf)?;
    attach(&mut ebpf, &btf, offsets.iter().any(|(name, _)| *name == "OFF_NODE"))?;
    drop((image, btf));
    trim();
    let log = options.log.then(|| EbpfLogger::init(&mut ebpf));
    let log = log.transpose().map_err(refused)?;
    Ok(Probe { ebpf, cpus, places: 1 << shift, outside, log })
}

/// Where this kernel keeps what the programs read, by the name of the global to set: for
/// programs that are measured beside ours.
pub fn kernel_offsets() -> Result<Vec<(&'static str, u32)>, LoadError> {
    let image = std::fs::read(VMLINUX).map_err(LoadError::NoBtf)?;
    Ok(offsets(&btf::Btf::parse(&image)?)?)
}

/// How many places each CPU has, as a power of two: many on a small machine, where one CPU
/// may see thousands of processes, and no more than 8 MiB on a large one (of up to 512 CPUs).
fn places_shift(cpus: usize) -> u32 {
    const ALL: usize = (8 << 20) / size_of::<Slot>();
    let (least, most) = (PLACES_SHIFT.end() - 5, *PLACES_SHIFT.end());
    (ALL / cpus.max(1)).max(1).ilog2().clamp(least, most)
}

/// How much room the records have between two looks, which are a fifth of a second apart:
/// enough for some thousand births on each CPU.
fn ring_bytes(cpus: usize) -> u32 {
    let wanted = (cpus << 18).next_power_of_two();
    wanted.clamp(2 << 20, 16 << 20) as u32
}

/// Gives back to the system what only loading needed: the kernel's types are twenty times
/// what is kept.
fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes no pointer, and may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Whether reading the clock is a matter of nanoseconds: some clocks of old or broken
/// machines take a microsecond, which nobody shall wait for.
fn clock_is_fast() -> bool {
    const SLOW: [&str; 4] = ["hpet", "acpi_pm", "jiffies", "pit"];
    std::fs::read_to_string(CLOCKSOURCE).is_ok_and(|name| !SLOW.contains(&name.trim()))
}

/// The offsets of what the programs read, by the name of their global.
fn offsets(btf: &btf::Btf) -> Result<Vec<(&'static str, u32)>, BtfError> {
    type Field = (&'static str, &'static str, &'static [&'static str]);
    const FIELDS: &[Field] = &[
        ("OFF_PID", "task_struct", &["pid"]),
        ("OFF_TGID", "task_struct", &["tgid"]),
        ("OFF_FLAGS", "task_struct", &["flags"]),
        ("OFF_RAN", "task_struct", &["se", "sum_exec_runtime"]),
        ("OFF_CLOCK", "task_struct", &["se", "exec_start"]),
        ("OFF_PICKED", "task_struct", &["se", "prev_sum_exec_runtime"]),
        ("OFF_YIELDED", "task_struct", &["nvcsw"]),
        ("OFF_PREEMPTED", "task_struct", &["nivcsw"]),
        ("OFF_LEADER", "task_struct", &["group_leader"]),
        ("OFF_START", "task_struct", &["start_boottime"]),
        ("OFF_PARENT", "task_struct", &["real_parent"]),
        ("OFF_SIGNAL", "task_struct", &["signal"]),
        ("OFF_MM", "task_struct", &["mm"]),
        ("OFF_LIVE", "signal_struct", &["live"]),
        ("OFF_ARG_START", "mm_struct", &["arg_start"]),
        ("OFF_ARG_END", "mm_struct", &["arg_end"]),
    ];
    // A kernel without cgroups has none of these, and none is made there.
    const CGROUP: &[Field] = &[
        ("OFF_NODE", "cgroup", &["kn"]),
        ("OFF_NODE_ID", "kernfs_node", &["id"]),
        ("OFF_ROOT", "cgroup", &["root"]),
        ("OFF_HIERARCHY", "cgroup_root", &["hierarchy_id"]),
    ];
    let find = |&(name, of, path): &Field| Ok((name, btf.offset(of, path)?));
    let cgroup: Result<Vec<_>, _> = CGROUP.iter().map(find).collect();
    let fields = FIELDS.iter().map(find);
    fields.chain(cgroup.unwrap_or_default().into_iter().map(Ok)).collect()
}

/// Attaches every program; the life-cycle ones first, so that no birth is unseen.
fn attach(ebpf: &mut Ebpf, btf: &Btf, cgroups: bool) -> Result<(), LoadError> {
    let programs = [program::FORK, program::EXEC, program::EXIT, program::RENAME, program::SWITCH];
    let cgroups = cgroups.then_some(program::CGROUP);
    for name in cgroups.into_iter().chain(programs) {
        let found = ebpf.program_mut(name).ok_or(LoadError::Object("a program too few"))?;
        let found: &mut BtfTracePoint = found.try_into().map_err(refused)?;
        found.load(name, btf).map_err(refused)?;
        found.attach().map_err(refused)?;
    }
    let poke = ebpf.program_mut(program::POKE).ok_or(LoadError::Object("a program too few"))?;
    let poke: &mut RawTracePoint = poke.try_into().map_err(refused)?;
    poke.load().map_err(refused)
}

/// Tells a want of permission from other refusals.
pub fn refused(error: impl Into<anyhow::Error>) -> LoadError {
    let error = error.into();
    let denied = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::PermissionDenied)
    });
    let locked = std::fs::read_to_string("/sys/kernel/security/lockdown")
        .is_ok_and(|state| state.contains("[confidentiality]"));
    match (denied, locked) {
        (true, true) => LoadError::Lockdown,
        (true, false) => LoadError::Permission(own_path()),
        _ => LoadError::Refused(error),
    }
}

/// The program's own file, for a command that can be pasted.
fn own_path() -> String {
    std::env::current_exe()
        .ok()
        .as_deref()
        .and_then(Path::to_str)
        .unwrap_or("/path/to/jouletop")
        .into()
}

/// Before 5.11, maps count against this limit; failing to raise it is told by the load.
fn raise_memlock() {
    use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};
    if let Err(error) = setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY) {
        tracing::debug!(%error, "the limit on locked memory stays as it is");
    }
}
