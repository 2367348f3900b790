//! A scenario that has been checked: from text to values that cannot go wrong.
//!
//! Whatever the file asks for that no machine can do, such as more than all of a
//! CPU, is refused here, so that the simulation itself has no errors to tell.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    error::{Problem, ScenarioError},
    expected::Expected,
    file::{self, File},
    gpu::Device,
    meter::Meter,
    notation::{self, LONGEST, WHOLE, show},
    process::Process,
    schedule::{Load, Rounds},
};
use crate::{
    attribute::{Floor, Method},
    frame::Basis,
    sample::{Lost, Machine, Package},
    units::{GramsPerKwh, Watts},
    waste::Thresholds,
};

/// When a scenario begins that does not say so.
const START: &str = "2026-03-02T09:00:00Z";
/// With this many, no sum of CPU time overflows within a year.
const MOST_CPUS: usize = 512;
/// The shortest round, nanoseconds.
const SHORTEST_ROUND: u64 = 100_000_000;
/// The uid of the first user who is not root.
const FIRST_UID: u32 = 1000;

/// A machine, its time and everything that happens on it.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub machine: Arc<Machine>,
    pub start: Timestamp,
    /// What jouletop is told of how to divide.
    pub method: Method,
    pub rounds: Rounds,
    pub processes: Vec<Process>,
    pub meters: Vec<Meter>,
    pub gpus: Vec<Device>,
    /// Time that ran but whose owner the probe does not know.
    pub missed: Vec<Load>,
    /// Time in interrupts.
    pub irq: Vec<Load>,
    /// Moments of the round, and what the probe lost there.
    pub lost: Vec<(u64, Lost)>,
    /// The grid, if the file makes one up: from when on each intensity holds.
    pub intensity: Vec<(Duration, GramsPerKwh)>,
    pub expected: Vec<Expected>,
    /// From when on something counts as waste.
    pub thresholds: Thresholds,
    /// What is foretold of the grid, each intensity from a moment on.
    pub forecast: Vec<(u64, GramsPerKwh)>,
}

/// What the entries of a scenario are checked against.
pub struct Topology<'a> {
    pub packages: &'a [Package],
    pub rounds: Rounds,
}

impl Scenario {
    /// Reads a scenario; `file` is its name in messages.
    pub fn parse(text: &str, file: &str) -> Result<Self, ScenarioError> {
        if text.trim().is_empty() {
            return Err(ScenarioError::Empty { file: file.into() });
        }
        let raw: File =
            toml::from_str(text).map_err(|error| ScenarioError::toml(file, text, &error))?;
        Self::check(raw).map_err(|problem| problem.of(file))
    }

    fn check(raw: File) -> Result<Self, Problem> {
        if raw.name.trim().is_empty() {
            return Err(Problem::new("name", "it is empty; say in a sentence what happens"));
        }
        let rounds = Rounds::new(period(raw.repeat.as_deref())?);
        let packages = packages(raw.cpus, raw.packages)?;
        let topology = Topology { packages: &packages, rounds };
        let mut ids = HashSet::new();
        let gpus = raw.gpu.into_iter().map(|gpu| Device::new(gpu, &mut ids));
        let gpus: Vec<_> = gpus.collect::<Result<_, _>>()?;
        let mut uids = HashMap::from([("root".to_owned(), 0)]);
        let mut processes = Vec::new();
        for process in raw.process {
            let next = FIRST_UID + uids.len() as u32 - 1;
            let uid = process.user.clone().map(|user| *uids.entry(user).or_insert(next));
            processes.push(Process::new(process, &processes, uid, &topology, &gpus)?);
        }
        let mut ids = HashSet::new();
        let meters = raw.meter.into_iter().map(|meter| Meter::new(meter, &mut ids, &topology));
        let meters: Vec<_> = meters.collect::<Result<_, _>>()?;
        let mut expected: Vec<Expected> = Vec::new();
        for one in raw.expected {
            expected.push(Expected::new(one, expected.last(), &processes, &meters)?);
        }
        let scenario = Self {
            start: start(raw.start)?,
            method: method(&raw.method, &meters)?,
            missed: topology.all("missed", &raw.missed)?,
            irq: topology.all("irq", &raw.irq)?,
            lost: lost(&raw.lost, rounds)?,
            intensity: intensities(&raw.intensity)?,
            name: raw.name,
            machine: Arc::new(Machine::of_packages(
                raw.host.unwrap_or_else(|| "simulated".into()),
                packages,
            )),
            rounds,
            processes,
            meters,
            gpus,
            expected,
            thresholds: raw.waste,
            forecast: forecast(&raw.forecast)?,
        };
        scenario.check_loads()?;
        Ok(scenario)
    }

    /// Nobody can use more than all of a CPU.
    fn check_loads(&self) -> Result<(), Problem> {
        let mut cpus: BTreeMap<u32, Vec<(&Load, String)>> = BTreeMap::new();
        for process in &self.processes {
            for load in &process.loads {
                let owner = format!("process {:?} (pid {})", process.name(), process.pid);
                cpus.entry(load.cpu).or_default().push((load, owner));
            }
        }
        for (owner, loads) in [("missed", &self.missed), ("irq", &self.irq)] {
            for load in loads {
                cpus.entry(load.cpu).or_default().push((load, owner.into()));
            }
        }
        let what = cpus.into_iter().map(|(cpu, loads)| (format!("cpu{cpu}"), loads));
        for (cpu, mut loads) in what.chain(self.gpu_loads()) {
            loads.sort_by_key(|(load, _)| load.from);
            let mut active: Vec<(&Load, String)> = Vec::new();
            for (load, owner) in loads {
                active.retain(|(other, _)| other.to > load.from);
                let others: u64 = active.iter().map(|(other, _)| other.share).sum();
                if let Some((_, other)) = active.last().filter(|_| others + load.share > WHOLE) {
                    let (from, share) = (show(load.from), (others + load.share) as f64 / 100.0);
                    let text = format!(
                        "with {other} it uses {share} % of {cpu} from {from}; \
                         move one of them, or lower a share"
                    );
                    return Err(Problem::new(owner, text));
                }
                active.push((load, owner));
            }
        }
        Ok(())
    }
}

impl Scenario {
    /// Who uses each GPU, or each instance of one.
    fn gpu_loads(&self) -> impl Iterator<Item = (String, Vec<(&Load, String)>)> {
        let mut places: BTreeMap<(usize, u32), Vec<(&Load, String)>> = BTreeMap::new();
        for process in &self.processes {
            for load in process.seats.uses() {
                let owner = format!("process {:?} (pid {})", process.name(), process.pid);
                places.entry((load.package, load.cpu)).or_default().push((load, owner));
            }
        }
        places.into_iter().map(|((gpu, _), loads)| (self.gpus[gpu].id().to_owned(), loads))
    }
}

impl Topology<'_> {
    /// Adds the loads of one line, one for each CPU, within a life.
    pub fn loads(
        &self,
        text: &str,
        (starts, ends): (u64, Option<u64>),
        loads: &mut Vec<Load>,
    ) -> Result<(), String> {
        let slot = notation::slot(text)?;
        let from = slot.span.from;
        let last = ends.or(self.rounds.period()).unwrap_or(LONGEST);
        let to = slot.span.to.unwrap_or(last);
        if from < starts || from >= to || to > last {
            let (starts, last) = (show(starts), show(last));
            return Err(format!(
                "{text:?} is outside {starts}..{last}, its life; move or shorten it"
            ));
        }
        for cpu in slot.cpus {
            let package = self.packages.iter().position(|package| package.cpus.contains(&cpu));
            let package = package.ok_or_else(|| {
                format!("there is no cpu{cpu} in {text:?}; the CPUs stand in `cpus` or `packages`")
            })?;
            loads.push(Load { cpu, package, from, to, share: slot.share });
        }
        Ok(())
    }

    /// The loads of a list of lines that belong to no process.
    fn all(&self, field: &str, texts: &[String]) -> Result<Vec<Load>, Problem> {
        let mut loads = Vec::new();
        for text in texts {
            self.loads(text, (0, None), &mut loads).map_err(|why| Problem::new(field, why))?;
        }
        Ok(loads)
    }
}

/// The length of a round.
fn period(text: Option<&str>) -> Result<Option<u64>, Problem> {
    let period = text.map(notation::time).transpose();
    let period = period.map_err(|why| Problem::new("repeat", why))?;
    if period.is_some_and(|period| period < SHORTEST_ROUND) {
        return Err(Problem::new("repeat", "it is shorter than 100ms; make the round longer"));
    }
    Ok(period)
}

/// When it begins on the wall clock.
fn start(value: Option<toml::Value>) -> Result<Timestamp, Problem> {
    let text = match value {
        None => START.into(),
        Some(toml::Value::String(text)) => text,
        Some(value) => value.to_string(),
    };
    let start = text.parse::<Timestamp>().ok();
    // The end of the scenario has to have a date, too.
    start.filter(|start| start.checked_add(Duration::from_nanos(LONGEST)).is_ok()).ok_or_else(
        || Problem::new("start", format!("{text:?} is not a moment; write it like {START}")),
    )
}

/// The machine's packages, from one of the two ways to write them.
fn packages(cpus: Option<u32>, packages: Option<Vec<Vec<u32>>>) -> Result<Vec<Package>, Problem> {
    let packages = match (cpus, packages) {
        (Some(cpus), None) if (1..=MOST_CPUS).contains(&(cpus as usize)) => {
            vec![(0..cpus).collect()]
        }
        (None, Some(packages)) => packages,
        (Some(_), None) => return Err(Problem::new("cpus", "a machine has 1 to 512 CPUs")),
        _ => {
            let text = "give either `cpus = 4` or `packages = [[0, 1], [2, 3]]`";
            return Err(Problem::new("cpus", text));
        }
    };
    let mut seen = HashSet::new();
    if packages.is_empty() || packages.iter().any(Vec::is_empty) {
        return Err(Problem::new("packages", "a package without a CPU; give it one or remove it"));
    }
    if let Some(cpu) = packages.iter().flatten().find(|cpu| !seen.insert(**cpu)) {
        let text = format!("cpu{cpu} stands there twice; a CPU is in one package");
        return Err(Problem::new("packages", text));
    }
    if seen.len() > MOST_CPUS {
        return Err(Problem::new("packages", "a machine has 1 to 512 CPUs"));
    }
    Ok((0..).zip(packages).map(|(id, cpus)| Package { id, cpus }).collect())
}

/// Static powers of meters that there are, and who pays them.
fn method(raw: &file::Method, meters: &[Meter]) -> Result<Method, Problem> {
    let problem = |text: String| Problem::new("method", text);
    let mut floors = HashMap::new();
    for (id, watts) in raw.static_watts.clone() {
        if id != "rest" && meters.iter().all(|meter| meter.id() != id) {
            return Err(problem(format!("no meter is called {id:?}; check `static_watts`")));
        }
        if !(0.0..=100_000.0).contains(&watts) {
            return Err(problem(format!("{id} has {watts} W; power lies between 0 and 100000 W")));
        }
        floors.insert(id, Floor { watts: Watts(watts), basis: Basis::Calibrated });
    }
    let file::Method { idle_policy, gpu_share, .. } = *raw;
    Ok(Method { idle_policy, gpu_share, floors, ..Method::default() })
}

/// `30m 400`: the grid from a moment on; the first stands at the start.
fn intensities(texts: &[String]) -> Result<Vec<(Duration, GramsPerKwh)>, Problem> {
    let problem = |text: String| Problem::new("intensity", text);
    let mut steps: Vec<(Duration, GramsPerKwh)> = Vec::new();
    for text in texts {
        let (at, grams) = notation::intensity(text).map_err(problem)?;
        let at = Duration::from_nanos(at);
        match steps.last() {
            None if !at.is_zero() => {
                return Err(problem(format!("{text:?} is the first; let it begin at 0s")));
            }
            Some((before, _)) if *before >= at => {
                return Err(problem(format!("{text:?} is not after the one before; order them")));
            }
            _ => steps.push((at, grams)),
        }
    }
    Ok(steps)
}

/// `2h 120`: from a moment on the grid is foretold to emit so many grams for each kWh.
fn forecast(texts: &[String]) -> Result<Vec<(u64, GramsPerKwh)>, Problem> {
    let one = |text: &String| {
        let wrong = || Problem::new("forecast", format!("{text:?} is none; write it like 2h 120"));
        let (at, grams) = text.split_once(' ').ok_or_else(wrong)?;
        let at = notation::time(at).map_err(|why| Problem::new("forecast", why))?;
        let grams = grams.trim().parse::<f64>().ok();
        let grams = grams.filter(|grams| (0.0..10_000.0).contains(grams)).ok_or_else(wrong)?;
        Ok((at, GramsPerKwh(grams)))
    };
    texts.iter().map(one).collect()
}

/// `3s 12 events`: what the probe lost at a moment.
fn lost(texts: &[String], rounds: Rounds) -> Result<Vec<(u64, Lost)>, Problem> {
    let one = |text: &String| {
        let wrong = || {
            let text =
                format!("{text:?} is not a loss; write it like 3s 12 events|slices|malformed");
            Problem::new("lost", text)
        };
        let [at, count, what] = text.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(wrong());
        };
        let at = notation::time(at).map_err(|why| Problem::new("lost", why))?;
        if rounds.period().is_some_and(|period| at > period) {
            return Err(Problem::new(
                "lost",
                format!("{text:?} is beyond `repeat`; move it before"),
            ));
        }
        let count = count.parse::<u32>().map_err(|_| wrong())?.into();
        let none = Lost::default();
        let lost = match what {
            "events" => Lost { events: count, ..none },
            "slices" => Lost { slices: count, ..none },
            "malformed" => Lost { malformed: count, ..none },
            _ => return Err(wrong()),
        };
        Ok((at, lost))
    };
    texts.iter().map(one).collect()
}
