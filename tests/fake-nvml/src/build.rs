//! From the text of a scenario to the devices that it means: defaults and checks.
//!
//! An error says which entry and which key, what is wrong, and the remedy.

mod facts;
mod parts;
mod play;

use std::collections::BTreeSet;

use crate::{
    code,
    device::Device,
    file::{self, Changing, File},
    notation::{self, Span},
    scenario::{Fault, Scenario},
    steps::Steps,
};

/// Slices of a whole device.
const SLICES: u64 = 7;

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Everything.
pub fn scenario(file: File, variable: Variable<'_>) -> Result<Scenario, String> {
    let mut unloaded = at("unloaded", all(&file.unloaded, notation::span))?;
    unloaded.sort_by_key(|span| span.from);
    let devices = file.device.into_iter().enumerate().map(|(index, toml)| {
        let device = device(index, &toml, &unloaded, variable);
        at(&format!("device {index}"), device)
    });
    let devices: Vec<_> = devices.collect::<Result<_, _>>()?;
    let mut seen = BTreeSet::new();
    for device in &devices {
        let instances = device.instances.iter().map(|instance| &instance.uuid);
        for uuid in instances.chain([&device.identity.uuid]) {
            if !seen.insert(uuid) {
                return Err(format!("two devices are {uuid}; give each a uuid of its own"));
            }
        }
    }
    let fault = |(index, toml)| at(&format!("fault {index}"), fault(toml, devices.len()));
    let faults = file.fault.into_iter().enumerate().map(fault).collect::<Result<_, _>>()?;
    Ok(Scenario {
        driver: file.driver.unwrap_or_else(|| "550.54.15".into()),
        nvml: file.nvml.unwrap_or_else(|| "12.550.54.15".into()),
        cuda: file.cuda.unwrap_or(12040),
        unloaded,
        devices,
        faults,
    })
}

fn fault(toml: file::Fault, devices: usize) -> Result<Fault, String> {
    if toml.call != "*" && !toml.call.starts_with("nvml") {
        return Err(format!("{:?} is no call; write its exported name, or \"*\"", toml.call));
    }
    if let Some(device) = toml.device.filter(|&device| device >= devices) {
        return Err(format!("there is no device {device}; they count from 0"));
    }
    Ok(Fault {
        error: code::named(&toml.error)?,
        device: toml.device,
        during: at("during", given(toml.during.as_deref(), notation::span, Span::ALWAYS))?,
        call: toml.call,
    })
}

fn device(
    index: usize,
    toml: &file::Device,
    unloaded: &[Span],
    variable: Variable<'_>,
) -> Result<Device, String> {
    let power = play::power(toml, facts::architecture(toml)?, unloaded)?;
    let identity = facts::identity(index, toml)?;
    let divided = toml.mig == Some(true);
    let slice = identity.architecture.slice_multiprocessors();
    if divided && slice.is_none() {
        return Err("this architecture cannot be divided; mig = true needs ampere, hopper or \
                    blackwell"
            .into());
    }
    if !divided && !toml.instance.is_empty() {
        return Err("an instance needs mig = true in its device".into());
    }
    let processes: Vec<_> =
        enumerated("process", &toml.process, |toml| parts::process(toml, variable))?;
    let instances: Vec<_> = enumerated("instance", &toml.instance, |toml| {
        parts::instance(index, toml, slice, &processes)
    })?;
    let unknown = |id: &u32| instances.iter().all(|instance| instance.id != *id);
    if let Some(id) = processes.iter().filter_map(|process| process.instance).find(unknown) {
        return Err(format!("a process is in instance {id}, which is not there; add it"));
    }
    Ok(Device {
        activity: play::activity(toml, identity.architecture, &processes, &instances)?,
        health: facts::health(toml)?,
        memory: at("memory", given(toml.memory.as_deref(), notation::bytes, 80 << 30))?,
        memory_used: at("memory_used", given(toml.memory_used.as_deref(), notation::bytes, 0))?,
        mig: toml.mig.or(slice.map(|_| false)),
        asleep: toml.asleep,
        lost: at("lost", all(&toml.lost, notation::span))?,
        identity,
        power,
        processes,
        instances,
    })
}

fn supported(text: &str) -> Result<bool, String> {
    choice(text, &[("supported", true), ("unsupported", false)])
}

fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        format!("{text:?} is unknown; write {}", names.join(" or "))
    })
}

fn changing(
    toml: Option<&Changing>,
    value: fn(&str) -> Result<u64, String>,
) -> Result<Option<Steps>, String> {
    match toml {
        None => Ok(None),
        Some(Changing::Always(text)) => Ok(Some(Steps::constant(value(text)?))),
        Some(Changing::Steps(texts)) => {
            let steps = all(texts, |text| notation::step(text, value))?;
            Steps::new(&steps).map(Some)
        }
    }
}

fn given<T>(
    text: Option<&str>,
    read: impl Fn(&str) -> Result<T, String>,
    default: T,
) -> Result<T, String> {
    text.map_or(Ok(default), read)
}

fn all<T>(texts: &[String], read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    texts.iter().map(|text| read(text)).collect()
}

fn enumerated<T, U>(
    name: &str,
    entries: &[T],
    build: impl Fn(&T) -> Result<U, String>,
) -> Result<Vec<U>, String> {
    let one = |(index, entry)| at(&format!("{name} {index}"), build(entry));
    entries.iter().enumerate().map(one).collect()
}

fn at<T>(entry: &str, result: Result<T, String>) -> Result<T, String> {
    result.map_err(|problem| format!("{entry}: {problem}"))
}
