//! What never changes about a device: identity and health.
//!
//! Most keys have the value of an H100 as a default, so that a scenario only says what it is
//! about.

use super::{at, choice, given};
use crate::{
    architecture::Architecture,
    device::{Health, Identity},
    file::{self, Clocks},
    notation,
};

pub fn architecture(toml: &file::Device) -> Result<Architecture, String> {
    let name = toml.architecture.as_deref();
    at("architecture", given(name, Architecture::named, Architecture::HOPPER))
}

pub fn identity(index: usize, toml: &file::Device) -> Result<Identity, String> {
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

pub fn health(toml: &file::Device) -> Result<Health, String> {
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
