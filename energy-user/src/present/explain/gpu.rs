//! What an explanation says of GPUs: who else was on one, what it tells, and why a process that
//! was on one has no part of it.

use serde::Serialize;

use crate::{
    frame::{Frame, OnGpu, PoolFrame, ProcessFrame, Signal, Tenancy},
    present::{
        device::counted,
        figure::{self, printable},
        gpu::told,
    },
    sample::{Context, Told},
};

/// Who is on a GPU beside a process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Company {
    /// What its maker calls the GPU.
    pub name: String,
    /// How use is told: `process`, `engine`, `instance`, `holders`, `nothing`.
    pub told_by: &'static str,
    /// Why no more is told.
    pub told_because: Option<String>,
    /// Processes that held or used it, this one among them; null where that is not told.
    pub clients: Option<usize>,
    /// Of them, those whose number is of another PID namespace.
    pub strangers: usize,
    /// Somebody held it and nobody used it.
    pub held_idle: bool,
    /// It is a client of the multi-process service.
    pub served: bool,
    /// The profile of the instance that the process is on.
    pub instance: Option<String>,
    /// What the full activity of that weighs.
    pub slices: Option<u32>,
    /// The part of the time that the device was at work is told.
    #[serde(skip)]
    pub(super) busy_is_told: bool,
}

impl Company {
    /// Of the process on the GPU of a pool.
    pub(super) fn of(frame: &Frame, process: &ProcessFrame, tenancy: Tenancy) -> Option<Self> {
        let gpu = frame.gpus.get(tenancy.gpu)?;
        let on = process.gpus.iter().find(|on| on.gpu == tenancy.gpu);
        let instance = on.and_then(|on| gpu.gpu.instances.get(on.instance?));
        Some(Self {
            name: gpu.gpu.name.clone(),
            told_by: told(&gpu.told),
            told_because: match &gpu.told {
                Told::Holders(why) => Some(why.clone()),
                _ => None,
            },
            clients: tenancy.clients,
            strangers: gpu.strangers,
            held_idle: tenancy.held_idle,
            served: on.is_some_and(|on| on.context == Some(Context::Mps)),
            instance: instance.map(|instance| instance.name.clone()),
            slices: instance.map(|instance| instance.slices),
            busy_is_told: gpu.busy.is_some(),
        })
    }

    /// Who is on it, and what it does not tell.
    pub(super) fn words(&self) -> String {
        let who = match self.clients {
            Some(0 | 1) => "this process alone".into(),
            Some(all) => format!("{all} processes, this one among them"),
            None => "it is not told how many".into(),
        };
        let strangers = match self.strangers {
            0 => String::new(),
            some => format!(
                ", {some} of them of another PID namespace: what is theirs is in (unattributed)"
            ),
        };
        let mut words = vec![who + &strangers];
        if let Some((instance, slices)) = self.instance.as_ref().zip(self.slices) {
            let slices = counted(slices as usize, "slice");
            words.push(format!("this one on instance {instance}, which weighs {slices}"));
        }
        if self.served && !self.held_idle {
            let server =
                "what the server of the multi-process service did is shared by its clients";
            words.push(server.into());
        }
        if let Some(why) = self.told_because.as_ref().filter(|_| !self.held_idle) {
            words.push(format!("who used it is not told: {why}"));
        }
        printable(&words.join("; "))
    }
}

/// A GPU that a process is on and has no part of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Idle {
    /// Which.
    pub id: String,
    /// Memory of it that the process holds.
    pub memory_bytes: Option<u64>,
    /// Why it is charged nothing.
    pub because: String,
}

impl Idle {
    /// Those of a process that none of its parts is of.
    pub(super) fn of(frame: &Frame, process: &ProcessFrame) -> Vec<Self> {
        let of_gpu = |on: &OnGpu, pool: &PoolFrame| {
            pool.tenancy.is_some_and(|tenancy| tenancy.gpu == on.gpu)
        };
        let parts = || process.parts.iter().filter_map(|part| frame.pools.get(part.pool));
        let without = process.gpus.iter().filter(|on| !parts().any(|pool| of_gpu(on, pool)));
        let idle = without.filter_map(|on| {
            let gpu = &frame.gpus.get(on.gpu)?.gpu;
            let because = match frame.pools.iter().find(|pool| of_gpu(on, pool)) {
                Some(pool) if pool.signal == Signal::Nothing => {
                    "the GPU does not tell for whom it worked: its energy is in (unattributed)"
                        .into()
                }
                Some(_) => "it held the GPU and did not use it, and others did".into(),
                None => {
                    let meter = frame.meters.iter().find(|meter| meter.id == gpu.id);
                    let why = meter.and_then(|meter| meter.note.as_deref());
                    let why = why.unwrap_or("it has no meter");
                    format!("what the GPU drew is not known: {why}")
                }
            };
            Some(Self { id: gpu.id.clone(), memory_bytes: on.memory, because })
        });
        idle.collect()
    }

    /// The reason, with what it holds.
    pub(super) fn words(&self) -> String {
        let held = self.memory_bytes.map(figure::rough_gib);
        let held = held.map_or_else(String::new, |gib| format!("; it holds {gib} GiB of it"));
        printable(&format!("{}{held}", self.because))
    }
}
