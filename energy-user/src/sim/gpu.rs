//! The GPUs of a scenario: what each tells, and who holds and uses it when.
//!
//! Use is written as runs on a CPU are, `gpu-0 0s..2s 70%`; on an instance of a divided GPU as
//! `gpu-0/1 0s..2s`. A process holds a GPU when it says so, and otherwise as long as it lives.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{
    error::Problem,
    file,
    notation::{self, LONGEST, WHOLE},
    schedule::{Load, Rounds},
};
use crate::{
    sample::{
        Context, Gpu, GpuActivity, GpuClient, GpuReading, GpuState, Identity, Instance, ProcessId,
        Told, Vendor,
    },
    units::Watts,
};

/// A GPU of a scenario.
#[derive(Clone, Debug)]
pub struct Device {
    gpu: Arc<Gpu>,
    told: Told,
    memory: Option<u64>,
    limit: Option<Watts>,
    temperature: Option<u32>,
    /// When it shows nothing, and why.
    silent: Vec<(notation::Span, String)>,
}

/// What a process does on a GPU.
#[derive(Clone, Debug, Default)]
pub struct Seats {
    /// Runs; `cpu` is the instance and `package` the GPU.
    uses: Vec<Load>,
    holds: Vec<Hold>,
}

/// A context for some time of a round.
#[derive(Clone, Copy, Debug)]
struct Hold {
    gpu: usize,
    instance: Option<usize>,
    from: u64,
    to: u64,
    memory: Option<u64>,
    context: Context,
}

/// A process at a moment: who it is, when its round began, and whether it has lasted.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Who it is; none where nobody can tell.
    pub person: Option<(ProcessId, Arc<Identity>)>,
    /// The number that the driver tells.
    pub pid: u32,
    /// When its life's round began; none if it lives over all of them.
    pub begin: Option<u64>,
}

impl Device {
    /// Checks a GPU; `ids` are those taken.
    pub fn new(raw: file::Gpu, ids: &mut HashSet<String>) -> Result<Self, Problem> {
        let entry = format!("gpu {:?}", raw.id);
        let problem = |text: &str| Problem::new(entry.clone(), text);
        if raw.id.is_empty() || raw.id.contains('/') || !ids.insert(raw.id.clone()) {
            let text = "another GPU has this id, it is empty or has a slash; give it its own";
            return Err(problem(text));
        }
        if raw.instances.iter().any(|instance| !(1..=16).contains(&instance.slices)) {
            return Err(problem("an instance has 1 to 16 `slices`"));
        }
        let divided = raw.told == file::Told::Instance;
        if divided == raw.instances.is_empty() {
            let text = "`told = \"instance\"` and `instances` belong together; give both or none";
            return Err(problem(text));
        }
        let memory = raw.memory.as_deref().map(notation::bytes).transpose();
        let memory = memory.map_err(|why| problem(&why))?;
        let limit = raw.limit_watts.filter(|watts| !(0.0..=100_000.0).contains(watts));
        if limit.is_some() {
            return Err(problem("`limit_watts` lies between 0 and 100000"));
        }
        let mut silent = Vec::new();
        for text in &raw.silent {
            silent.push(notation::absence(text).map_err(|why| problem(&why))?);
        }
        let instances = (0..).zip(raw.instances).map(|(number, instance)| Instance {
            number,
            name: instance.name,
            slices: instance.slices,
        });
        let gpu = Gpu {
            id: raw.id,
            name: raw.name.unwrap_or_else(|| "simulated GPU".into()),
            vendor: raw.vendor.unwrap_or(Vendor::Nvidia),
            uuid: None,
            bus: None,
            instances: instances.collect(),
            lacks: Vec::new(),
        };
        Ok(Self {
            gpu: Arc::new(gpu),
            told: match raw.told {
                file::Told::Process => Told::Process,
                file::Told::Engine => Told::Engine,
                file::Told::Instance => Told::Instance,
                file::Told::Holders => Told::Holders("the scenario says so".into()),
                file::Told::Nothing => Told::Nothing,
            },
            memory,
            limit: raw.limit_watts.map(Watts),
            temperature: raw.temperature,
            silent,
        })
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.gpu.id
    }

    /// What runs on it weigh of its whole, and of which whole: slices where it is divided.
    pub fn part(&self, instance: u32) -> (u64, u64) {
        let slices = |instance: &Instance| u64::from(instance.slices);
        let all: u64 = self.gpu.instances.iter().map(slices).sum();
        match self.gpu.instances.get(instance as usize) {
            Some(instance) => (slices(instance), all),
            None => (1, 1),
        }
    }

    /// What it shows after some time, and what its guests did.
    pub fn reading(
        &self,
        index: usize,
        (from, to): (u64, u64),
        power: Option<Watts>,
        rounds: Rounds,
        guests: &[(Guest, &Seats)],
    ) -> GpuReading {
        let interval = to - from;
        let phase = rounds.phase(to);
        let silence = self
            .silent
            .iter()
            .find(|(span, _)| (span.from..span.to.unwrap_or(LONGEST)).contains(&phase));
        let gpu = Arc::clone(&self.gpu);
        if let Some((_, why)) = silence {
            return GpuReading { gpu, state: Err(why.clone()), activity: GpuActivity::default() };
        }
        let tells = matches!(self.told, Told::Process | Told::Engine);
        let mut all = 0;
        let mut instances = vec![0; self.gpu.instances.len()];
        let mut clients = Vec::new();
        for (guest, seats) in guests {
            for mut client in seats.clients(index, (from, to), rounds, guest) {
                let busy = client.busy.unwrap_or_default().as_nanos() as u64;
                all += busy;
                if let Some(sum) = client.instance.and_then(|index| instances.get_mut(index)) {
                    *sum += busy;
                }
                client.busy = client.busy.filter(|_| tells);
                clients.push(client);
            }
        }
        let known = self.told != Told::Nothing;
        if !known {
            clients.clear();
        }
        let span = |ns: u64| Duration::from_nanos(ns.min(interval));
        let held = clients.iter().filter_map(|client| client.memory).reduce(u64::saturating_add);
        let utilization = (interval > 0 && self.gpu.instances.is_empty())
            .then(|| (all.min(interval) * 100 / interval.max(1)) as u8);
        let activity = GpuActivity {
            told: self.told.clone(),
            busy: tells.then(|| span(all)),
            instances: instances.into_iter().map(|ns| Some(span(ns))).collect(),
            clients,
        };
        let state = GpuState {
            power,
            limit: self.limit,
            utilization,
            memory_used: self.memory.map(|_| held.unwrap_or(0)),
            memory_total: self.memory,
            temperature: self.temperature,
            ..GpuState::default()
        };
        GpuReading { gpu, state: Ok(state), activity }
    }
}

impl Seats {
    /// Checks what a process does within its life.
    pub fn new(
        raw: &file::Process,
        (starts, ends): (u64, u64),
        devices: &[Device],
    ) -> Result<Self, String> {
        let within = |span: notation::Span, text: &str| {
            let to = span.to.unwrap_or(ends);
            let inside = span.from >= starts && span.from < to && to <= ends;
            inside.then_some((span.from, to)).ok_or_else(|| {
                format!("{text:?} is outside of the process's life; move or shorten it")
            })
        };
        let mut seats = Self::default();
        for text in &raw.gpu {
            let (place, rest) = split(text)?;
            let (gpu, instance) = find(place, devices)?;
            let (when, share) = match rest[..] {
                [when] => (when, WHOLE),
                [when, part] => (when, notation::share(part)?),
                _ => return Err(format!("{text:?} is no use of a GPU; write gpu-0 0s..2s 70%")),
            };
            let (from, to) = within(notation::span(when)?, text)?;
            let cpu = instance.map_or(u32::MAX, |instance| instance as u32);
            seats.uses.push(Load { cpu, package: gpu, from, to, share });
        }
        for text in &raw.gpu_holds {
            let (place, rest) = split(text)?;
            let (gpu, instance) = find(place, devices)?;
            let Some((when, rest)) = rest.split_first() else {
                return Err(format!("{text:?} holds nothing; write gpu-0 0s..2s 4GiB"));
            };
            let (from, to) = within(notation::span(when)?, text)?;
            let mut hold =
                Hold { gpu, instance, from, to, memory: None, context: Context::Compute };
            for word in rest {
                match *word {
                    "compute" => hold.context = Context::Compute,
                    "graphics" => hold.context = Context::Graphics,
                    "mps" => hold.context = Context::Mps,
                    memory => hold.memory = Some(notation::bytes(memory)?),
                }
            }
            seats.holds.push(hold);
        }
        seats.hold_what_is_used(starts, ends);
        Ok(seats)
    }

    /// It needs a context to run: where none was written, there is one all of its life.
    fn hold_what_is_used(&mut self, from: u64, to: u64) {
        for load in &self.uses {
            let (gpu, instance) = (load.package, instance(load));
            let held = |hold: &Hold| hold.gpu == gpu && hold.instance == instance;
            if !self.holds.iter().any(held) {
                let context = Context::Compute;
                self.holds.push(Hold { gpu, instance, from, to, memory: None, context });
            }
        }
    }

    /// It has nothing to do with any GPU.
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty()
    }

    /// The runs, for whoever adds them up.
    pub fn uses(&self) -> &[Load] {
        &self.uses
    }

    /// What it did on a GPU between two moments, a client for each place there.
    fn clients(
        &self,
        gpu: usize,
        (from, to): (u64, u64),
        rounds: Rounds,
        guest: &Guest,
    ) -> Vec<GpuClient> {
        let sum = |load: &Load, at: u64| match guest.begin {
            Some(begin) => load.busy(at.saturating_sub(begin)),
            None => rounds.sum(at, |phase| load.busy(phase)),
        };
        let now = match guest.begin {
            Some(begin) => to.checked_sub(begin),
            None => Some(rounds.phase(to)),
        };
        let mut clients: Vec<GpuClient> = Vec::new();
        for hold in self.holds.iter().filter(|hold| hold.gpu == gpu) {
            let here = |load: &&Load| load.package == gpu && instance(load) == hold.instance;
            let seen = clients.iter().any(|client| client.instance == hold.instance);
            let uses = self.uses.iter().filter(here);
            let busy: u64 = uses.map(|load| sum(load, to) - sum(load, from)).sum();
            let holds = now.is_some_and(|now| (hold.from..hold.to).contains(&now));
            if seen || (!holds && busy == 0) {
                continue;
            }
            clients.push(GpuClient {
                pid: guest.pid,
                process: guest.person.clone(),
                context: holds.then_some(hold.context),
                instance: hold.instance,
                memory: hold.memory.filter(|_| holds),
                busy: Some(Duration::from_nanos(busy)),
            });
        }
        clients
    }
}

fn instance(load: &Load) -> Option<usize> {
    (load.cpu != u32::MAX).then_some(load.cpu as usize)
}

/// The place and the other words.
fn split(text: &str) -> Result<(&str, Vec<&str>), String> {
    let mut words = text.split_whitespace();
    let place = words.next().ok_or("an empty text; write gpu-0 0s..2s 70%")?;
    Ok((place, words.collect()))
}

/// `gpu-0`, `gpu-0/1`: index of the GPU and of its instance.
fn find(place: &str, devices: &[Device]) -> Result<(usize, Option<usize>), String> {
    let (id, instance) = place.split_once('/').map_or((place, None), |(a, b)| (a, Some(b)));
    let unknown = || format!("there is no {place:?}; the GPUs stand in [[gpu]], above");
    let gpu = devices.iter().position(|device| device.id() == id).ok_or_else(unknown)?;
    let count = devices[gpu].gpu.instances.len();
    let instance = instance.map(|number| number.parse::<usize>().map_err(|_| unknown()));
    match instance.transpose()? {
        Some(index) if index < count => Ok((gpu, Some(index))),
        None if count == 0 => Ok((gpu, None)),
        None => Err(format!("{id} is divided; name an instance, such as {id}/0")),
        Some(_) => Err(unknown()),
    }
}
