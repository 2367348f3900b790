//! This machine, live: the probe and the meters, read back to back.
//!
//! Opening follows the plan; if the kernel refuses the probe after all, `/proc`
//! takes over and says why, unless the kernel probe was insisted on.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::bail;

use crate::{
    clock, files,
    frequency::Frequencies,
    gpu::{self, Finding, Gpus},
    host::{self, Host, Plan, Wish},
    meter::{Meters, Scope, plan::Whole, redfish::Redfish},
    probe::{
        Probe,
        bpf::{BpfProbe, LoadError, Options},
        proc::ProcProbe,
        progress::Looker,
    },
    sample::{Identity, Machine, ProcessId, Reading, Role, Sample, Weight},
    session::{Description, Source},
    tags::{
        Places,
        look::{self, News},
    },
    topology::{self, Grain, Topology},
};

/// How a remedy ends of which `doctor` tells the rest; `doctor` itself leaves that out.
pub const ASK_DOCTOR: &str = "; jouletop doctor says how";

/// Where to look, and what is wished.
#[derive(Clone, Debug)]
pub struct Roots {
    /// Usually `/sys`.
    pub sysfs: PathBuf,
    /// Usually `/proc`.
    pub proc: PathBuf,
    /// Usually `/dev`.
    pub dev: PathBuf,
    /// Where people give names to processes.
    pub tags: Places,
}

/// Which meters count, beyond those that the machine shows by itself.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Which meter of the whole machine.
    pub whole: Whole,
    /// A management controller on the network.
    pub redfish: Option<Redfish>,
    /// NVIDIA's library, if it was named.
    pub nvml: Option<PathBuf>,
}

/// CPUs are plugged in by hand: nobody looks for them more often.
const SELDOM: Duration = Duration::from_millis(450);

/// This machine.
pub struct Live {
    roots: Roots,
    probe: Box<dyn Probe>,
    meters: Meters,
    gpus: Gpus,
    looker: Looker,
    tags: look::Looker,
    /// Only if they are weighed by.
    frequencies: Option<Frequencies>,
    topology: Topology,
    grain: Grain,
    online: Option<String>,
    /// When it was last looked which CPUs there are, on the steady clock.
    counted: Duration,
    machine: Arc<Machine>,
    description: Description,
}

impl Live {
    /// Opens the best that can be had here.
    pub fn open(
        roots: Roots,
        wish: Wish,
        wanted: Wanted,
        options: Options,
    ) -> anyhow::Result<Self> {
        let by_clock = options.weight.by_clock();
        let mut grain = if by_clock { Grain::Core } else { Grain::Die };
        let mut topology = Topology::with_grain(&roots.sysfs, cpus(), grain);
        let (cpu, estimate) = host::cpu(&roots.proc);
        let host = Host::look(&topology, cpu.as_ref());
        let scope = Scope {
            sysfs: roots.sysfs.clone(),
            dev: roots.dev.clone(),
            cpu,
            estimate,
            whole: wanted.whole,
            redfish: wanted.redfish,
        };
        let mut meters = Meters::open(scope, &topology, clock::now().monotonic);
        if meters.by_core() {
            grain = Grain::Core;
            topology = Topology::with_grain(&roots.sysfs, cpus(), grain);
        }
        let gpus = Gpus::open(&gpu::Scope {
            sysfs: roots.sysfs.clone(),
            proc: roots.proc.clone(),
            own: roots.sysfs == Path::new("/sys"),
            nvml: wanted.nvml,
        })?;
        let (probe, mut remedies) = open_probe(&host, wish, &roots, &topology, options)?;
        remedies.extend(gpus.remedies());
        remedies.extend(meter_remedies(&mut meters, &topology, wanted.whole));
        let frequencies = by_clock.then(|| Frequencies::open(&roots.sysfs, &topology));
        let frequencies = frequencies.transpose().unwrap_or_else(|why| {
            remedies.push(why);
            None
        });
        let description = Description {
            host: host.name.clone(),
            probe: probe.kind(),
            notes: probe.notes(),
            meters: route(&meters, &gpus),
            remedies,
        };
        let machine = Arc::new(topology.machine(host.name));
        let online = topology::online(&roots.sysfs);
        let looker = Looker::new(&roots.proc);
        let tags = look::Looker::new(roots.tags.clone(), roots.proc.clone());
        Ok(Self {
            roots,
            probe,
            meters,
            gpus,
            looker,
            tags,
            frequencies,
            topology,
            grain,
            online,
            counted: clock::now().monotonic,
            machine,
            description,
        })
    }

    /// The GPUs and why there are no more, for `doctor`.
    pub fn gpus(&self) -> (Vec<Finding>, &[String]) {
        (self.gpus.findings(), self.gpus.notes())
    }

    /// The meters, for `doctor`.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// CPUs come and go; packages may with them.
    fn follow_hotplug(&mut self, now: Duration) {
        if now.saturating_sub(self.counted) < SELDOM {
            return;
        }
        self.counted = now;
        let online = topology::online(&self.roots.sysfs);
        if online != self.online {
            self.topology = Topology::with_grain(&self.roots.sysfs, cpus(), self.grain);
            self.online = online;
            self.probe.set_topology(&self.topology);
            self.machine = Arc::new(self.topology.machine(self.machine.host.clone()));
        }
    }
}

impl Source for Live {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn sample(&mut self) -> anyhow::Result<Sample> {
        let moment = clock::now();
        let mut meters = self.meters.read(&self.topology, moment.monotonic);
        meters.extend(self.gpus.energies(moment));
        let mut activity = self.probe.activity()?;
        self.gpus.acquaintances().rename(&mut activity);
        self.looker.look(&mut activity, self.topology.cpus().len(), moment.monotonic);
        let gpus = self.gpus.readings(moment, &mut self.probe, &activity.processes);
        let sample = Sample {
            time: moment.time,
            monotonic: moment.monotonic,
            boottime: moment.boottime,
            machine: Arc::clone(&self.machine),
            probe: self.probe.kind(),
            meters,
            clocks: self.frequencies.as_mut().map(|all| all.read(&self.topology)),
            gpus,
            activity,
        };
        // Until now, time was counted on the CPUs that there were.
        self.follow_hotplug(moment.monotonic);
        Ok(sample)
    }

    fn census(&mut self) -> Vec<(ProcessId, Arc<Identity>)> {
        let entries = fs::read_dir(&self.roots.proc).into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let (probe, proc) = (&mut self.probe, &self.roots.proc);
        // Who has ended and was not waited for is there by number only.
        let lives = |pid: &u32| {
            let stat = files::read(&proc.join(pid.to_string()).join("stat"));
            let stat = stat.unwrap_or_default();
            let state = stat.rsplit_once(')').map(|(_, fields)| fields.trim_start());
            state.is_some_and(|state| !state.starts_with(['Z', 'X']))
        };
        pids.filter(lives).filter_map(|pid: u32| probe.who(pid)).collect()
    }

    fn tags(&mut self) -> News {
        self.tags.look(clock::now().monotonic)
    }

    fn drain(&mut self) -> anyhow::Result<()> {
        let now = clock::now().monotonic;
        self.meters.poll(now);
        self.gpus.poll(now);
        self.probe.drain()
    }
}

/// The probe of the plan, and what would give a better one.
fn open_probe(
    host: &Host,
    wish: Wish,
    roots: &Roots,
    topology: &Topology,
    options: Options,
) -> anyhow::Result<(Box<dyn Probe>, Vec<String>)> {
    let why = match host::plan(host, wish) {
        Plan::Refuse(why) => bail!("the kernel probe cannot be had: {why}"),
        Plan::Proc(why) => why,
        Plan::Bpf => match open_bpf(roots, topology, options) {
            Ok(opened) => return Ok(opened),
            Err(error) if wish == Wish::Bpf => {
                bail!("the kernel probe cannot be had: {error:#}")
            }
            Err(error) => Some(error.to_string()),
        },
    };
    let probe = ProcProbe::open(roots.proc.clone(), topology.clone())?;
    let mut remedies = Vec::new();
    remedies.extend(why.map(|why| format!("short processes are missed (/proc probe): {why}")));
    if options.works() {
        remedies.push("--threads and --weight need the kernel probe; they have no effect".into());
    }
    Ok((Box::new(probe), remedies))
}

/// The kernel probe, without what was asked for beside time if that cannot be had here.
fn open_bpf(
    roots: &Roots,
    topology: &Topology,
    options: Options,
) -> Result<(Box<dyn Probe>, Vec<String>), LoadError> {
    let open = |options| BpfProbe::open(&roots.proc, topology.clone(), options);
    let cores = topology.cpus().iter().any(|&cpu| topology.sibling_of(cpu).is_some());
    if options.weight.by_overlap() && !cores {
        let why = "no core here runs two hardware threads; --weight smt weighs by time";
        let clocked = options.weight.by_clock();
        let weight = if clocked { Weight::Frequency } else { Weight::Time };
        let probe = open(Options { weight, ..options })?;
        return Ok((Box::new(probe), vec![why.into()]));
    }
    match open(options) {
        Err(LoadError::Counters(error)) => {
            let probe = open(Options { weight: Weight::Time, ..options })?;
            Ok((Box::new(probe), vec![format!("weighing by time: {error}")]))
        }
        opened => Ok((Box::new(opened?), Vec::new())),
    }
}

/// What is wrong with the meters.
fn meter_remedies(meters: &mut Meters, topology: &Topology, whole: Whole) -> Vec<String> {
    let readings = meters.read(topology, clock::now().monotonic);
    // What was asked in the background is no remedy as long as its first answer is due.
    let waiting = meters.is_waiting();
    let mut remedies: Vec<String> = readings
        .iter()
        .filter(|reading| match reading.meter.role {
            Role::Check => false,
            Role::Whole => !waiting,
            Role::Part | Role::Inside => true,
        })
        .filter_map(|reading| match &reading.reading {
            Reading::Absent(why) => Some(format!("{}: {why}", reading.meter.id)),
            _ => None,
        })
        .collect();
    let wished = !matches!(whole, Whole::Auto | Whole::None);
    if wished && !meters.in_use().any(|(_, role)| role == Role::Whole) {
        remedies.push(
            "the meter that --whole asks for was not found; jouletop doctor lists them".into(),
        );
    }
    if meters.estimated() && remedies.is_empty() {
        remedies.push(format!("no power meter here, watts are estimated{ASK_DOCTOR}"));
    }
    remedies
}

/// The route of the energy in a few words.
fn route(meters: &Meters, gpus: &Gpus) -> String {
    let mut routes: Vec<String> = if meters.estimated() {
        vec!["estimate from the CPU model".into()]
    } else {
        meters.routes().into_iter().map(str::to_owned).collect()
    };
    let mut makers: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in gpus.findings().iter().filter(|finding| finding.energy.is_some()) {
        *makers.entry(finding.vendor.title()).or_default() += 1;
    }
    let gpus = makers.into_iter().map(|(maker, count)| match count {
        1 => format!("{maker} GPU"),
        _ => format!("{count} {maker} GPUs"),
    });
    routes.extend(gpus);
    routes.join("; ")
}

/// CPUs that this process may use: the fall-back where sysfs does not tell.
fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
