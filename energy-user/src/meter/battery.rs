//! A laptop's batteries: while they discharge, they tell what the whole machine draws.
//!
//! (Kernel: `Documentation/ABI/testing/sysfs-class-power`: microwatts, microamperes and
//! microvolts; some drivers tell a discharge as negative.) All batteries of the machine are one
//! instrument, for it draws from one or from another. On mains they tell how they are charged,
//! and with a weak adapter they give only what it lacks: then there is no reading.

use std::{fs, path::Path, path::PathBuf, time::Duration};

use crate::{
    files,
    meter::{
        gauge::Gauge,
        instrument::{Facts, Instrument, Place, Route},
    },
    sample::{Domain, Reading},
    units::Watts,
};

/// The controllers of batteries give a new figure each 1 to 30 seconds; the last one holds.
const STALE: Duration = Duration::from_mins(1);

/// Asking a battery's controller takes milliseconds, and more often it says nothing new.
const EVERY: Duration = Duration::from_secs(1);

/// The batteries of the machine, if it has any.
pub fn find(sysfs: &Path) -> Vec<Box<dyn Instrument>> {
    let class = sysfs.join("class/power_supply");
    let names: Vec<String> = supplies(&class)
        .into_iter()
        .filter(|supply| supply.sort == Sort::Battery)
        .map(|supply| supply.name)
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let facts = Facts {
        id: "battery".into(),
        domain: Domain::Machine,
        place: Place::default(),
        route: Route::Battery,
        includes: "all that runs on the battery: screen, disks, losses of the converters, not of \
                   the mains adapter",
        at: format!("{} ({})", class.display(), names.join(", ")),
    };
    vec![Box::new(Batteries { facts, class, gauge: Gauge::new(STALE), looked: None })]
}

struct Batteries {
    facts: Facts,
    class: PathBuf,
    gauge: Gauge,
    looked: Option<Duration>,
}

impl Batteries {
    fn look(&mut self, at: Duration) {
        self.looked = Some(at);
        self.gauge.take(at, power(&supplies(&self.class)));
    }
}

impl Instrument for Batteries {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn read(&mut self, at: Duration) -> Reading {
        self.look(at);
        self.gauge.reading(at)
    }

    fn poll(&mut self, at: Duration) {
        if self.looked.is_none_or(|looked| at.saturating_sub(looked) >= EVERY) {
            self.look(at);
        }
    }
}

/// What a supply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Battery,
    Mains,
}

/// A supply of the machine, not one of a mouse.
#[derive(Clone, Debug, PartialEq)]
struct Supply {
    name: String,
    sort: Sort,
    /// A battery's word: `Discharging`, `Charging`, `Full`, `Not charging`, `Unknown`.
    status: Option<String>,
    /// The mains give power.
    online: bool,
    /// What it gives, or why that is not known.
    power: Result<Watts, String>,
}

/// What the machine draws from its batteries.
fn power(supplies: &[Supply]) -> Result<Watts, String> {
    let batteries = || supplies.iter().filter(|supply| supply.sort == Sort::Battery);
    let is = |battery: &&Supply, status: &str| battery.status.as_deref() == Some(status);
    if batteries().next().is_none() {
        return Err("no battery is left; it counts again when one is put in".into());
    }
    let mains = supplies.iter().find(|supply| supply.sort == Sort::Mains && supply.online);
    if let Some(mains) = mains {
        let name = &mains.name;
        return Err(format!("on mains ({name}): the battery tells only while it discharges"));
    }
    // Of two batteries one may rest while the other works, but none may be charged.
    let none_works = !batteries().any(|battery| is(&battery, "Discharging"));
    let told = batteries().any(|battery| battery.status.is_some());
    if told && (none_works || batteries().any(|battery| is(&battery, "Charging"))) {
        return Err("on mains: the battery tells only while it discharges".into());
    }
    if !told {
        return Err("the battery does not tell whether it discharges; its driver is too old".into());
    }
    let mut sum = Watts(0.0);
    for battery in batteries() {
        match &battery.power {
            Ok(watts) => sum.0 += watts.0,
            // A battery that rests gives nothing, so that its silence does not matter.
            Err(why) if is(&battery, "Discharging") => return Err(why.clone()),
            Err(_) => {}
        }
    }
    if sum.0 > 0.0 {
        Ok(sum)
    } else {
        Err("the battery discharges, but tells no watts; they follow within a minute".into())
    }
}

/// All batteries and mains, by name.
fn supplies(class: &Path) -> Vec<Supply> {
    let Ok(entries) = fs::read_dir(class) else { return Vec::new() };
    let mut all: Vec<_> = entries.flatten().filter_map(|entry| supply(&entry.path())).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn supply(dir: &Path) -> Option<Supply> {
    let text = |file: &str| files::read(&dir.join(file)).ok().map(|text| text.trim().to_string());
    let sort = match text("type")?.as_str() {
        "Battery" => Sort::Battery,
        "Mains" | "USB" | "Wireless" => Sort::Mains,
        _ => return None,
    };
    let is = |file: &str, what: &str| text(file).is_some_and(|text| text == what);
    // The battery of a mouse, and a bay that is empty.
    if is("scope", "Device") || (sort == Sort::Battery && is("present", "0")) {
        return None;
    }
    Some(Supply {
        name: dir.file_name()?.to_string_lossy().into_owned(),
        sort,
        status: text("status"),
        online: text("online").is_some_and(|online| online != "0"),
        power: if sort == Sort::Battery { own_power(dir) } else { Ok(Watts(0.0)) },
    })
}

/// What one battery gives, whatever the sign.
fn own_power(dir: &Path) -> Result<Watts, String> {
    let number = |file: &str| -> Result<f64, String> {
        let path = dir.join(file);
        let text = files::read(&path).map_err(|error| {
            format!("{}: {error}; it counts again when the battery answers", path.display())
        })?;
        let whole: i64 = text.trim().parse().map_err(|_| {
            let text: String = text.trim().chars().take(20).collect();
            format!("{} holds {text:?}, not a number; reload its driver", path.display())
        })?;
        Ok(whole.unsigned_abs() as f64)
    };
    if dir.join("power_now").exists() {
        return number("power_now").map(|microwatts| Watts(microwatts / 1e6));
    }
    Ok(Watts(number("current_now")? * number("voltage_now")? / 1e12))
}

#[cfg(test)]
mod tests;
