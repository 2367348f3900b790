//! Where a GPU's energy is read, or why it is not.
//!
//! Intel's discrete GPUs count microjoules, AMD's tell watts, which are summed up. What is part
//! of a CPU is within the meter of its package: to count it here would be to count it twice.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{card::Found, kfd};
use crate::{
    files,
    meter::gauge::{self, Gauge},
    sample::{Reading, Vendor},
    units::Watts,
};

/// A power that was read longer ago tells nothing about now.
const STALE: Duration = Duration::from_secs(15);

/// AMD's Instinct MI300A: CPU and GPU in one socket, told by the tables of a discrete GPU.
const MI300A: &str = "1002:74a0";

/// How the energy of one GPU is read.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    /// Sums up power; none where the device counts energy itself.
    gauge: Option<Gauge>,
    /// The driver and its route: `amdgpu hwmon power`.
    pub route: String,
    /// What its figure includes.
    pub includes: &'static str,
}

/// The source of a device that is awake, or why there is none.
pub fn find(sysfs: &Path, found: &Found) -> Result<Source, String> {
    let within = "it is a part of the CPU package, whose meter counts it";
    let hwmon = found.hwmon();
    if found.vendor() == Vendor::Intel {
        if found.is_within_the_cpu() {
            return Err(within.into());
        }
        let counter = hwmon.as_deref().and_then(counter);
        let (path, includes) = counter.ok_or_else(|| {
            let newer = if found.driver == "xe" { "a newer kernel" } else { "Linux 6.2 or newer" };
            format!(
                "its driver counts no energy, so what it draws is not told apart; {newer} may \
                 count it"
            )
        })?;
        let route = format!("{} hwmon energy", found.driver);
        return Ok(Source { path, gauge: None, route, includes });
    }
    if is_apu(sysfs, found, hwmon.as_deref()) {
        return Err(format!("{within}; the power that it tells is that of the whole socket"));
    }
    let power = hwmon.and_then(|chip| {
        let files = ["power1_average", "power1_input"].map(|file| chip.join(file));
        files.into_iter().find(|path| path.exists())
    });
    let path = power.ok_or_else(|| {
        format!("{} tells no power of it, so what it draws is not told apart", found.driver)
    })?;
    Ok(Source {
        path,
        gauge: Some(Gauge::new(STALE)),
        route: format!("{} hwmon power", found.driver),
        includes: "the GPU as its driver tells its power: its chip, on some cards also its memory \
                   and regulators; fans as its maker wired them",
    })
}

/// The counter of the card, or of its package if that is all.
fn counter(chip: &Path) -> Option<(PathBuf, &'static str)> {
    let card = "the whole card: GPU, memory, regulators";
    let unnamed = "the GPU, as much of its card as its driver counts";
    let package = "the GPU's package without the rest of its card";
    let channels = ["energy1", "energy2"].map(|channel| {
        let label = files::read(&chip.join(format!("{channel}_label"))).unwrap_or_default();
        (label.trim().to_string(), chip.join(format!("{channel}_input")))
    });
    let there = |label: &str| {
        let named = channels.iter().find(|(says, path)| says == label && path.exists());
        named.map(|(_, path)| path.clone())
    };
    there("card")
        .map(|path| (path, card))
        .or_else(|| there("").map(|path| (path, unnamed)))
        .or_else(|| there("pkg").map(|path| (path, package)))
}

/// Whether an AMD GPU is part of a CPU. Its table of metrics tells best (kernel:
/// `kgd_pp_interface.h`, revision 1 for discrete GPUs, 2 and 3 for those with a CPU); older
/// ones have none, but a voltage of the northbridge (`amdgpu_pm.c` shows it on APUs only) or
/// cores in `kfd`. Without any such word it is taken to be discrete.
fn is_apu(sysfs: &Path, found: &Found, hwmon: Option<&Path>) -> bool {
    if found.model.as_deref() == Some(MI300A) {
        return true;
    }
    let metrics = files::bytes(&found.device().join("gpu_metrics")).unwrap_or_default();
    if let [_, _, revision @ 1..=3, ..] = metrics[..] {
        return revision > 1;
    }
    let label = hwmon.and_then(|chip| files::read(&chip.join("in1_label")).ok());
    label.is_some_and(|label| label.trim() == "vddnb")
        || kfd::nodes(sysfs, found).iter().any(|node| node.is_apu)
}

impl Source {
    /// Looks at the power, where energy is its integral.
    pub fn poll(&mut self, at: Duration) {
        if let Some(gauge) = &mut self.gauge {
            let found = number(&self.path, "microwatts");
            gauge.take(at, found.map(|microwatts| Watts(microwatts as f64 / 1e6)));
        }
    }

    /// The device is asleep: nothing is known of its power until it is awake.
    pub fn sleep(&mut self, at: Duration) {
        if let Some(gauge) = &mut self.gauge {
            gauge.take(at, Err("it slept".into()));
        }
    }

    /// Its meter is left out of a sample, which tells of the gap by itself.
    pub fn leave_out(&mut self, at: Duration) {
        if let Some(gauge) = &mut self.gauge {
            gauge.reading(at);
        }
    }

    /// The energy so far, or why there is none.
    pub fn read(&mut self, at: Duration) -> Reading {
        self.poll(at);
        if let Some(gauge) = &mut self.gauge {
            return gauge.reading(at);
        }
        match number(&self.path, "microjoules") {
            // 64 bits in the driver: it never wraps, a step back is a reset.
            Ok(microjoules) => {
                Reading::Counter { microjoules, range: u64::MAX, limit: gauge::MOST }
            }
            Err(why) => Reading::Absent(why),
        }
    }
}

/// A file with one whole number, or why there is none, with the remedy.
fn number(path: &Path, unit: &str) -> Result<u64, String> {
    let shown = path.display();
    let text = files::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("permission denied: {shown}; run jouletop as root")
        }
        io::ErrorKind::NotFound => format!("{shown} is gone; it counts again when it returns"),
        _ => format!("{shown}: {error}; it counts again when the device answers"),
    })?;
    text.trim().parse().map_err(|_| {
        let text: String = text.trim().chars().take(20).collect();
        format!("{shown} holds {text:?}, not a number of {unit}; reload its driver")
    })
}
