//! What a device does over time: power and activity.
//!
//! Steps are summed up here, once, so that calls only look them up.

use super::{SLICES, all, at, changing, choice, given, supported};
use crate::{
    architecture::Architecture,
    device::{Activity, Instance, Power, Share},
    file::{self, Changing},
    notation::{self, Span},
    process::Process,
    steps::Steps,
};

pub fn power(toml: &file::Device, of: Architecture, unloaded: &[Span]) -> Result<Power, String> {
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

pub fn activity(
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
