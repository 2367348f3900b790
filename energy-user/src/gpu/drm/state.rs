//! What a GPU shows at the moment: temperatures, clocks, memory, limits.
//!
//! All of it is files with one number (kernel: `gpu/amdgpu/thermal.rst`,
//! `ABI/testing/sysfs-driver-intel-{i915,xe}-hwmon`). What is not there, or is no number, is
//! not told.

use std::{fs, path::Path};

use super::card::Found;
use crate::{files, meter::gauge, sample::GpuState, units::Watts};

/// Of a device that is awake.
pub fn read(found: &Found) -> GpuState {
    let (card, device) = (found.card.as_path(), found.device());
    let hwmon = found.hwmon();
    let sensor = |file: &str| number(&hwmon.as_ref()?.join(file));
    // Microwatts; a limit of nothing is no limit.
    let power = |file: &str| {
        let watts = sensor(file)? as f64 / 1e6;
        (watts <= gauge::MOST.0).then_some(Watts(watts))
    };
    let limit = |file: &str| power(file).filter(|limit| limit.0 > 0.0);
    let percent = |file: &str| {
        let percent = number(&device.join(file)).filter(|&percent| percent <= 100)?;
        u8::try_from(percent).ok()
    };
    let (clock, clock_max) = match found.driver {
        "i915" => (
            first(card, &["gt/gt0/rps_act_freq_mhz", "gt_act_freq_mhz"]),
            first(card, &["gt/gt0/rps_RP0_freq_mhz", "gt_RP0_freq_mhz", "gt_max_freq_mhz"]),
        ),
        "xe" => (
            first(&device, &["tile0/gt0/freq0/act_freq"]),
            first(&device, &["tile0/gt0/freq0/rp0_freq", "tile0/gt0/freq0/max_freq"]),
        ),
        _ => (
            sensor("freq1_input").and_then(|hertz| u32::try_from(hertz / 1_000_000).ok()),
            highest_level(&device.join("pp_dpm_sclk")),
        ),
    };
    GpuState {
        power: power("power1_average").or_else(|| power("power1_input")),
        limit: limit("power1_cap").or_else(|| limit("power1_max")),
        utilization: percent("gpu_busy_percent"),
        memory_utilization: percent("mem_busy_percent"),
        memory_used: number(&device.join("mem_info_vram_used")),
        memory_total: number(&device.join("mem_info_vram_total")).filter(|&total| total > 0),
        // Thousandths of a degree; xe counts its sensors from 2.
        temperature: sensor("temp1_input")
            .or_else(|| sensor("temp2_input"))
            .map(|milli| milli / 1000)
            .filter(|&degrees| degrees < 1000)
            .and_then(|degrees| u32::try_from(degrees).ok()),
        clock,
        clock_max,
        throttle: match found.driver {
            "i915" => reasons(&card.join("gt/gt0"), "throttle_reason_"),
            "xe" => reasons(&device.join("tile0/gt0/freq0/throttle"), "reason_"),
            _ => Vec::new(),
        },
    }
}

/// A whole number that stands alone in a file.
pub fn number(path: &Path) -> Option<u64> {
    files::read(path).ok()?.trim().parse().ok()
}

fn first(directory: &Path, files: &[&str]) -> Option<u32> {
    let mut numbers = files.iter().filter_map(|file| number(&directory.join(file)));
    numbers.find_map(|number| u32::try_from(number).ok())
}

/// The highest of `1: 2304Mhz *`.
fn highest_level(path: &Path) -> Option<u32> {
    let text = files::read(path).ok()?;
    let levels = text.lines().filter_map(|line| {
        let (_, level) = line.split_once(':')?;
        let level = level.split_whitespace().next()?.to_ascii_lowercase();
        level.strip_suffix("mhz")?.parse().ok()
    });
    levels.max()
}

/// The reasons whose files say 1, by what follows in their names.
fn reasons(directory: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut reasons: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let reason = name.strip_prefix(prefix).filter(|reason| *reason != "status")?;
            (number(&entry.path()) == Some(1)).then(|| reason.to_string())
        })
        .collect();
    reasons.sort();
    reasons
}
