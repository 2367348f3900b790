//! How long a device did something, as it says of itself whoever it was for.
//!
//! AMD tells per cent of its last moment, which are looked at often and averaged; Intel counts
//! the time for which it was powered down between two works, so that the rest is the most that
//! it can have worked.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{card::Found, state::number};
use crate::sample::Vendor;

/// What a device said since the last sample.
#[derive(Debug, Default)]
pub struct Busy {
    /// Per cent: sum and number of looks.
    percents: (u64, u64),
    /// Milliseconds of rest so far, by file.
    rest: BTreeMap<PathBuf, u64>,
}

impl Busy {
    /// Looks once more at what is not counted but shown.
    pub fn poll(&mut self, found: &Found) {
        let percent = number(&found.device().join("gpu_busy_percent"));
        if let Some(percent) = percent.filter(|&percent| percent <= 100) {
            self.percents = (self.percents.0 + percent, self.percents.1 + 1);
        }
    }

    /// Time for which it did something in the interval that ends now, where it tells that.
    pub fn active(&mut self, found: &Found, interval: Duration) -> Option<Duration> {
        self.poll(found);
        let (sum, looks) = std::mem::take(&mut self.percents);
        let looks = u32::try_from(looks).ok().filter(|&looks| looks > 0)?;
        let percents = interval.as_nanos() * u128::from(sum) / u128::from(looks);
        Some(Duration::from_nanos(u64::try_from(percents / 100).ok()?))
    }

    /// Time for which it was powered in the interval that ends now, where it tells that.
    pub fn awake(&mut self, found: &Found, interval: Duration) -> Option<Duration> {
        let files = rest_files(found).into_iter();
        let now: BTreeMap<_, _> = files
            .filter_map(|file| Some((number(&file)?, file)))
            .map(|(ms, file)| (file, ms))
            .collect();
        let before = std::mem::replace(&mut self.rest, now);
        let rests = self.rest.iter().map(|(file, now)| now.checked_sub(*before.get(file)?));
        // Of several parts, whichever rested least.
        let least = rests.collect::<Option<Vec<u64>>>()?.into_iter().min()?;
        Some(interval.saturating_sub(Duration::from_millis(least)))
    }
}

/// `gt/gt*/rc6_residency_ms` of i915, `tile*/gt*/gtidle/idle_residency_ms` of xe.
fn rest_files(found: &Found) -> Vec<PathBuf> {
    if found.vendor() != Vendor::Intel {
        return Vec::new();
    }
    let (tiles, file) = match found.driver {
        "i915" => (vec![found.card.join("gt")], "rc6_residency_ms"),
        _ => (within(&found.device(), "tile"), "gtidle/idle_residency_ms"),
    };
    let parts = tiles.iter().flat_map(|tile| within(tile, "gt"));
    parts.map(|part| part.join(file)).filter(|file| file.exists()).collect()
}

/// What is called so and has a number.
fn within(directory: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let numbered =
        |name: &str| name.strip_prefix(prefix).is_some_and(|number| number.parse::<u32>().is_ok());
    let named = entries.filter(|entry| entry.file_name().to_str().is_some_and(numbered));
    named.map(|entry| entry.path()).collect()
}
