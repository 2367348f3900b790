//! From the text of a scenario to the devices that it means: defaults and checks.
//!
//! An error says which entry and which key, what is wrong, and the remedy.

use std::collections::BTreeSet;

use crate::{
    architecture::Architecture,
    code,
    device::{Activity, Device, Health, Identity, Instance, Power, Share},
    file::{self, Changing, Clocks, File, Pid},
    notation::{self, Span},
    process::{Kind, Process},
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
    let power = power(toml, architecture(toml)?, unloaded)?;
    let identity = identity(index, toml)?;
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
    let processes: Vec<_> = enumerated("process", &toml.process, |toml| process(toml, variable))?;
    let instances: Vec<_> =
        enumerated("instance", &toml.instance, |toml| instance(index, toml, slice, &processes))?;
    let unknown = |id: &u32| instances.iter().all(|instance| instance.id != *id);
    if let Some(id) = processes.iter().filter_map(|process| process.instance).find(unknown) {
        return Err(format!("a process is in instance {id}, which is not there; add it"));
    }
    Ok(Device {
        activity: activity(toml, identity.architecture, &processes, &instances)?,
        health: health(toml)?,
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

fn architecture(toml: &file::Device) -> Result<Architecture, String> {
    let name = toml.architecture.as_deref();
    at("architecture", given(name, Architecture::named, Architecture::HOPPER))
}

fn identity(index: usize, toml: &file::Device) -> Result<Identity, String> {
    let architecture = architecture(toml)?;
    let bus = (0, 0x10 + index as u32, 0);
    let slice = architecture.slice_multiprocessors();
    Ok(Identity {
        name: toml.name.clone().unwrap_or_else(|| "NVIDIA H100 80GB HBM3".into()),
        uuid: toml
            .uuid
            .clone()
            .unwrap_or_else(|| format!("GPU-{index:08x}-0000-4000-8000-000000000000")),
        serial: toml.serial.clone().unwrap_or_else(|| format!("165000000{index:04}")),
        bus: at("bus", given(toml.bus.as_deref(), notation::bus, bus))?,
        minor: toml.minor.unwrap_or(index as u32),
        architecture,
        brand: at("brand", given(toml.brand.as_deref(), brand, 14))?,
        multiprocessors: toml.multiprocessors.unwrap_or_else(|| slice.unwrap_or(18) * 8),
    })
}

fn brand(name: &str) -> Result<u32, String> {
    let brands =
        [("tesla", 2), ("quadro", 1), ("geforce", 5), ("titan", 6), ("rtx", 13), ("nvidia", 14)];
    choice(name, &brands)
}

fn power(toml: &file::Device, of: Architecture, unloaded: &[Span]) -> Result<Power, String> {
    let milliwatts = |key, text: &Option<String>, default| {
        at(key, given(text.as_deref(), notation::power, default).map(|value| value as u32))
    };
    let limit = milliwatts("power_limit", &toml.power_limit, 700_000)?;
    let usual = u64::from(limit);
    let mut resets = at("energy_resets", all(&toml.energy_resets, notation::time))?;
    resets.extend(unloaded.iter().map(|span| span.to));
    resets.sort_unstable();
    let counter = |text: &str| choice(text, &[("counter", true), ("none", false)]);
    Ok(Power {
        watts: at("power", changing(toml.power.as_ref(), notation::power))?
            .unwrap_or_else(|| Steps::constant(70_000)),
        average: at("power_average", given(toml.power_average.as_deref(), notation::time, 0))?,
        module: at("module_power", changing(toml.module_power.as_ref(), notation::power))?,
        limit,
        limit_min: milliwatts("power_limit_min", &toml.power_limit_min, usual.min(200_000))?,
        limit_max: milliwatts("power_limit_max", &toml.power_limit_max, usual)?,
        limit_default: milliwatts("power_limit_default", &toml.power_limit_default, usual)?,
        counter: at("energy", given(toml.energy.as_deref(), counter, of.counts_energy()))?,
        counted: at("energy_start", given(toml.energy_start.as_deref(), notation::energy, 0))?,
        resets,
        refresh: at("energy_refresh", given(toml.energy_refresh.as_deref(), notation::time, 0))?,
    })
}

fn activity(
    toml: &file::Device,
    of: Architecture,
    processes: &[Process],
    instances: &[Instance],
) -> Result<Activity, String> {
    let share = |key, told: &Option<Changing>, own: fn(&Process) -> &Steps| {
        let told = at(key, changing(told.as_ref(), notation::share))?;
        let summed = || {
            let own = processes.iter().map(|process| (own(process), 1));
            Share::Summed(Steps::capped_sum(&own, 1))
        };
        Ok::<_, String>(told.map_or_else(summed, Share::Told))
    };
    let period = given(toml.sample_period.as_deref(), notation::time, 1_000_000_000);
    let period = at("sample_period", period)?;
    if period < 1_000_000 || period % 1000 != 0 {
        return Err("sample_period: write whole microseconds, at least 1ms".into());
    }
    let mut gpu = share("utilization", &toml.utilization, |process| &process.sm)?;
    if toml.utilization.is_none() && !instances.is_empty() {
        let parts = instances.iter().map(|part| (&part.activity, u64::from(part.slices)));
        gpu = Share::Summed(Steps::capped_sum(&parts, SLICES));
    }
    Ok(Activity {
        sample_period: period,
        processes: at(
            "process_utilization",
            given(toml.process_utilization.as_deref(), supported, true),
        )?,
        gpu,
        memory: share("memory_utilization", &toml.memory_utilization, |one| &one.bandwidth)?,
        encoder: share("encoder", &toml.encoder, |process| &process.encoder)?,
        decoder: share("decoder", &toml.decoder, |process| &process.decoder)?,
        gpm: at("gpm", given(toml.gpm.as_deref(), supported, of.has_gpm()))?,
    })
}

fn health(toml: &file::Device) -> Result<Health, String> {
    let usual = |graphics, memory| Clocks { graphics, sm: None, memory, video: None };
    let modes = [("default", 0), ("prohibited", 2), ("exclusive_process", 3)];
    let mut throttle = 0;
    for name in &toml.throttle {
        throttle |= at("throttle", reason(name))?;
    }
    Ok(Health {
        temperature: toml.temperature.unwrap_or(45),
        slowdown: toml.temperature_slowdown.unwrap_or(87),
        shutdown: toml.temperature_shutdown.unwrap_or(92),
        fan: toml.fan,
        clocks: toml.clocks.unwrap_or_else(|| usual(1410, 2619)),
        max_clocks: toml.max_clocks.unwrap_or_else(|| usual(1980, 2619)),
        throttle,
        performance_state: toml.performance_state.unwrap_or(0),
        persistence: toml.persistence.unwrap_or(true),
        display: toml.display.unwrap_or(false),
        ecc: toml.ecc.unwrap_or(true),
        compute_mode: at(
            "compute_mode",
            given(toml.compute_mode.as_deref(), |name| choice(name, &modes), 0),
        )?,
        pcie: toml.pcie,
    })
}

fn reason(name: &str) -> Result<u64, String> {
    const REASONS: [(&str, u64); 9] = [
        ("gpu_idle", 0x1),
        ("applications_clocks_setting", 0x2),
        ("sw_power_cap", 0x4),
        ("hw_slowdown", 0x8),
        ("sync_boost", 0x10),
        ("sw_thermal_slowdown", 0x20),
        ("hw_thermal_slowdown", 0x40),
        ("hw_power_brake_slowdown", 0x80),
        ("display_clock_setting", 0x100),
    ];
    choice(name, &REASONS)
}

fn process(toml: &file::Process, variable: Variable<'_>) -> Result<Process, String> {
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

fn instance(
    device: usize,
    toml: &file::Instance,
    slice: Option<u32>,
    processes: &[Process],
) -> Result<Instance, String> {
    let own = processes.iter().filter(|process| process.instance == Some(toml.id));
    if !(1..=7).contains(&toml.slices) {
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
