//! Who weighs what on a GPU: from what its driver tells to one weight for each process.
//!
//! Where use is told, it is the weight. Where only instances are told apart, an instance weighs
//! its activity times its slices: one seventh of a device at full speed is not the whole of it.
//! Where only holders are known, they share as the method says, and the signal says so. A GPU
//! that is held while nobody uses it is its holders'.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{Method, apportion};
use crate::{
    frame::{GpuFrame, OnGpu, Signal, Tenancy},
    sample::{
        Context, GpuActivity, GpuClient, GpuReading, GpuShare, Identity, Kind, ProcessId, Told,
    },
};

/// What the server of NVIDIA's multi-process service is called: it works for its clients. The
/// kernel keeps 15 bytes of a name.
const MPS_SERVER: &str = "nvidia-cuda-mps";

/// Who weighs something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// A process.
    Process(ProcessId),
    /// A number of another PID namespace: somebody, whom nobody here can name.
    Stranger(u32),
    /// An instance was at work, and nobody is known to be on it.
    Nobody,
}

/// The use of one GPU in an interval.
#[derive(Debug)]
pub struct GpuUse {
    /// The name of the GPU and of its meter.
    pub id: String,
    /// What it is told by.
    pub signal: Signal,
    /// Who is on it.
    pub tenancy: Tenancy,
    /// Time in which it did something, nanoseconds; all of it where that is not told.
    pub busy_ns: u64,
    /// What everybody weighs who held or used it, also if that is nothing; in order.
    pub weights: Vec<(Owner, u64)>,
    /// What each process did there, for its row.
    pub seats: Vec<(ProcessId, OnGpu)>,
}

impl GpuUse {
    /// Of the GPU with this index, in an interval.
    pub fn of(gpu: usize, reading: &GpuReading, interval: Duration, method: &Method) -> Self {
        let activity = &reading.activity;
        let clients = &activity.clients;
        let told = !matches!(activity.told, Told::Nothing);
        let held = clients.iter().any(|client| client.context.is_some());
        // One that was not looked at before, or says nothing of itself, may have worked.
        let silent = |client: &GpuClient| client.context.is_some() && client.busy.is_none();
        let untold = activity.busy.is_none()
            && match activity.told {
                Told::Holders(_) => true,
                Told::Process | Told::Engine => clients.iter().any(silent),
                Told::Instance => activity.instances.len() < reading.gpu.instances.len(),
                Told::Nothing => false,
            };
        let used = untold
            || activity.busy.is_some_and(|busy| !busy.is_zero())
            || activity.instances.iter().any(|busy| busy.is_none_or(|busy| !busy.is_zero()))
            || clients.iter().filter_map(|client| client.busy).any(|busy| !busy.is_zero());
        let held_idle = told && held && !used;
        let (signal, weights) = if held_idle {
            let holders: Vec<_> =
                clients.iter().filter(|client| client.context.is_some()).collect();
            share(interval.as_nanos() as u64, &holders, method.gpu_share)
        } else {
            weigh(reading, interval, method.gpu_share)
        };
        let mut sums: Vec<(Owner, u64)> = Vec::with_capacity(clients.len() + weights.len());
        sums.extend(clients.iter().map(|client| (owner(client), 0)));
        sums.extend(weights);
        sums.sort_unstable_by_key(|(owner, _)| *owner);
        sums.dedup_by(|(other, more), (owner, sum)| {
            let same = other == owner;
            *sum = if same { sum.saturating_add(*more) } else { *sum };
            same
        });
        let longest = || clients.iter().filter_map(|client| client.busy).max();
        let busy = activity.busy.or_else(longest).unwrap_or(interval).min(interval);
        let free = told && !used && clients.is_empty();
        let tenancy = Tenancy { gpu, clients: told.then_some(sums.len()), free, held_idle };
        Self {
            id: reading.gpu.id.clone(),
            signal,
            seats: seats(gpu, reading, held_idle.then_some(interval), sums.len() == 1),
            tenancy,
            busy_ns: busy.as_nanos() as u64,
            weights: sums,
        }
    }

    /// What there is to tell of its GPU.
    pub fn frame(&self, reading: &GpuReading) -> GpuFrame {
        let GpuActivity { told, busy, instances, clients } = &reading.activity;
        let strangers: HashSet<u32> =
            clients.iter().filter(|client| client.process.is_none()).map(|one| one.pid).collect();
        GpuFrame {
            gpu: Arc::clone(&reading.gpu),
            state: reading.state.clone(),
            told: told.clone(),
            busy: *busy,
            instances: instances.clone(),
            strangers: strangers.len(),
            held_idle: self.tenancy.held_idle,
        }
    }
}

/// What each named process did on a GPU; several contexts of one are one seat.
fn seats(
    gpu: usize,
    reading: &GpuReading,
    held: Option<Duration>,
    alone: bool,
) -> Vec<(ProcessId, OnGpu)> {
    let activity = &reading.activity;
    let mut seats: Vec<(ProcessId, OnGpu)> = Vec::new();
    for client in &activity.clients {
        let Some((id, _)) = &client.process else { continue };
        // Who is alone on a device has all of its time.
        let busy = client.busy.or(activity.busy.filter(|_| alone));
        let on = OnGpu {
            gpu,
            context: client.context,
            instance: client.instance,
            memory: client.memory,
            busy,
            held: held.filter(|_| client.context.is_some()),
        };
        match seats.iter_mut().find(|(other, _)| other == id) {
            None => seats.push((*id, on)),
            Some((_, seat)) => {
                // Listed for compute and for graphics, it has its memory once; on two
                // instances, it has both.
                let twice = seat.instance == on.instance;
                seat.memory = match (seat.memory, on.memory) {
                    (Some(a), Some(b)) => Some(if twice { a.max(b) } else { a.saturating_add(b) }),
                    (a, b) => a.or(b),
                };
                seat.busy = seat.busy.max(on.busy);
                seat.context = seat.context.or(on.context);
                seat.held = seat.held.or(on.held);
            }
        }
    }
    seats
}

/// The weights of those who used a GPU.
fn weigh(reading: &GpuReading, interval: Duration, how: GpuShare) -> (Signal, Vec<(Owner, u64)>) {
    let activity = &reading.activity;
    let clients: Vec<_> = activity.clients.iter().collect();
    let whole = || share(interval.as_nanos() as u64, &clients, how);
    match activity.told {
        Told::Nothing => (Signal::Nothing, Vec::new()),
        Told::Holders(_) => whole(),
        // It did something, and nobody says for whom: that is clear only if one was there.
        Told::Process | Told::Engine if clients.iter().all(|client| nothing(client)) => {
            let one = clients.first().map(|client| owner(client));
            let alone = one.is_some() && clients.iter().all(|client| Some(owner(client)) == one);
            if alone { whole() } else { (Signal::Nothing, Vec::new()) }
        }
        Told::Process => (Signal::Utilization, by_use(&clients, how)),
        Told::Engine => (Signal::Engines, by_use(&clients, how)),
        Told::Instance => match by_instance(reading, how) {
            Some(weights) => (Signal::Instances, weights),
            None => (Signal::Nothing, Vec::new()),
        },
    }
}

fn nothing(client: &GpuClient) -> bool {
    client.busy.is_none_or(|busy| busy.is_zero())
}

fn owner(client: &GpuClient) -> Owner {
    client.process.as_ref().map_or(Owner::Stranger(client.pid), |(id, _)| Owner::Process(*id))
}

/// Time used is the weight; that of the server of the multi-process service is its clients'.
fn by_use(clients: &[&GpuClient], how: GpuShare) -> Vec<(Owner, u64)> {
    let served: Vec<_> =
        clients.iter().copied().filter(|client| client.context == Some(Context::Mps)).collect();
    let mut weights = Vec::new();
    for client in clients {
        let busy = client.busy.unwrap_or_default().as_nanos() as u64;
        if busy > 0 && is_server(client) && !served.is_empty() {
            weights.extend(share(busy, &served, how).1);
        } else {
            weights.push((owner(client), busy));
        }
    }
    weights
}

fn is_server(client: &GpuClient) -> bool {
    let name = client.process.as_ref().map(|(_, identity)| identity.name.as_str());
    client.context != Some(Context::Mps) && name.is_some_and(|name| name.starts_with(MPS_SERVER))
}

/// Activity times slices, shared within each instance; none where one of them is not told.
fn by_instance(reading: &GpuReading, how: GpuShare) -> Option<Vec<(Owner, u64)>> {
    let activity = &reading.activity;
    let mut weights = Vec::new();
    for (index, instance) in reading.gpu.instances.iter().enumerate() {
        let busy = activity.instances.get(index).copied().flatten()?.as_nanos() as u64;
        let weight = busy.saturating_mul(instance.slices.into());
        let within = activity.clients.iter().filter(|client| client.instance == Some(index));
        let within: Vec<_> = within.collect();
        if within.is_empty() {
            weights.push((Owner::Nobody, weight));
        } else {
            weights.extend(share(weight, &within, how).1);
        }
    }
    Some(weights)
}

/// A weight shared by clients: each process the same, or by the memory that it holds.
fn share(weight: u64, clients: &[&GpuClient], how: GpuShare) -> (Signal, Vec<(Owner, u64)>) {
    let mut memory: HashMap<Owner, Option<u64>> = HashMap::new();
    let mut owners: Vec<Owner> = clients.iter().map(|client| owner(client)).collect();
    owners.sort();
    owners.dedup();
    for client in clients {
        let all = memory.entry(owner(client)).or_insert(Some(0));
        *all = all.zip(client.memory).map(|(sum, more)| sum.saturating_add(more));
    }
    let by_memory: Option<Vec<u64>> = owners.iter().map(|owner| memory[owner]).collect();
    let by_memory =
        by_memory.filter(|all| how == GpuShare::Memory && all.iter().any(|&memory| memory > 0));
    let signal = if by_memory.is_some() { Signal::Memory } else { Signal::Equal };
    let parts = by_memory.unwrap_or_else(|| vec![1; owners.len()]);
    let parts = apportion(weight, &parts);
    (signal, owners.into_iter().zip(parts).collect())
}

/// Which row of the books a client belongs to that is no process of its own.
pub fn kind(gpus: &[GpuReading], id: ProcessId) -> Kind {
    let clients = gpus.iter().flat_map(|reading| &reading.activity.clients);
    let mut people = clients.filter_map(|client| client.process.as_ref());
    people.find(|(other, _)| *other == id).map_or(Kind::Process, |(_, identity)| identity.kind)
}

/// The identity of everyone on GPUs who is somebody's program.
pub fn people(gpus: &[GpuReading]) -> impl Iterator<Item = (ProcessId, &Arc<Identity>)> {
    let clients = gpus.iter().flat_map(|reading| &reading.activity.clients);
    clients
        .filter_map(|client| client.process.as_ref().map(|(id, identity)| (*id, identity)))
        .filter(|(_, identity)| identity.kind == Kind::Process)
}

#[cfg(test)]
mod tests;
