//! Processes on a device, and instances that it is divided into.
//!
//! A pid may come from the environment, because real processes get theirs at the last moment.

use super::{SLICES, Variable, all, at, given};
use crate::{
    device::Instance,
    file::{self, Pid},
    notation::{self, Span},
    process::{Kind, Process},
    steps::Steps,
};

pub fn process(toml: &file::Process, variable: Variable<'_>) -> Result<Process, String> {
    let runs = |key, texts: &[String]| {
        at(key, all(texts, notation::run)).map(|runs| Steps::of_runs(&runs))
    };
    let number = pid(&toml.pid, variable)?;
    let memory = toml.memory.as_deref().filter(|&text| text != "unknown");
    Ok(Process {
        pid: number,
        kind: given(toml.kind.as_deref(), Kind::named, Kind::Compute)?,
        memory: match toml.memory {
            Some(_) => at("memory", memory.map(notation::bytes).transpose())?,
            None => Some(512 << 20),
        },
        lives: at("lives", given(toml.lives.as_deref(), notation::span, Span::ALWAYS))?,
        sm: runs("runs", &toml.runs)?,
        bandwidth: runs("memory_utilization", &toml.memory_utilization)?,
        encoder: runs("encoder", &toml.encoder)?,
        decoder: runs("decoder", &toml.decoder)?,
        utilization_pid: match &toml.utilization_pid {
            Some(other) => pid(other, variable)?,
            None => number,
        },
        instance: toml.instance,
    })
}

fn pid(toml: &Pid, variable: Variable<'_>) -> Result<u32, String> {
    match toml {
        Pid::Number(number) => Ok(*number),
        Pid::Variable(text) => text
            .strip_prefix('$')
            .and_then(|name| variable(name)?.trim().parse().ok())
            .ok_or_else(|| format!("{text} is no pid; set it in the environment")),
    }
}

pub fn instance(
    device: usize,
    toml: &file::Instance,
    slice: Option<u32>,
    processes: &[Process],
) -> Result<Instance, String> {
    let own = processes.iter().filter(|process| process.instance == Some(toml.id));
    if !(1..=SLICES).contains(&u64::from(toml.slices)) {
        return Err(format!("{} slices: a device has 7; write 1 to 7", toml.slices));
    }
    let activity = match &toml.runs {
        Some(runs) => Steps::of_runs(&at("runs", all(runs, notation::run))?),
        None => Steps::capped_sum(&own.map(|process| (&process.sm, 1)), 1),
    };
    let memory =
        given(toml.memory.as_deref(), notation::bytes, u64::from(toml.slices) * (10 << 30));
    let memory = at("memory", memory)?;
    Ok(Instance {
        id: toml.id,
        profile: toml
            .profile
            .clone()
            .unwrap_or_else(|| format!("{}g.{}gb", toml.slices, memory >> 30)),
        slices: toml.slices,
        multiprocessors: toml.multiprocessors.unwrap_or(toml.slices * slice.unwrap_or(0)),
        memory,
        uuid: toml
            .uuid
            .clone()
            .unwrap_or_else(|| format!("MIG-{device:08x}-{:04x}-5000-8000-000000000000", toml.id)),
        activity,
    })
}
