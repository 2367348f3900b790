//! The share of making the hardware that a run has: SCI's `M` (ISO/IEC 21031).
//!
//! `M = TE * (TiR / EL) * (RR / ToR)`: what the making emitted, times the reserved part of the
//! hardware's life, times the reserved part of the hardware. A CPU second is a second of one
//! CPU; so `TiR * RR / ToR` is CPU time over the CPUs' number, and for GPUs the time that they
//! were used or held. Nothing here is measured: it is off until it is asked for, is never in the
//! operational grams, and is told as a range.

use std::{collections::BTreeSet, fs, path::Path, sync::OnceLock, time::Duration};

use serde::{Deserialize, Serialize};

use crate::units::GramsCo2e;

const DATA: &str = include_str!("../../data/embodied.csv");

/// Four years (Cloud Carbon Footprint: 35 040 hours).
pub const LIFETIME: Duration = Duration::from_hours(35_040);

/// At least, likely, at most; grams.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    /// At least.
    pub least: GramsCo2e,
    /// Likely.
    pub likely: GramsCo2e,
    /// At most.
    pub most: GramsCo2e,
}

impl Range {
    fn map(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let one = |a: GramsCo2e, b: GramsCo2e| GramsCo2e(f(a.0, b.0));
        Self {
            least: one(self.least, other.least),
            likely: one(self.likely, other.likely),
            most: one(self.most, other.most),
        }
    }

    /// Times a factor.
    pub fn times(self, factor: f64) -> Self {
        self.map(self, |grams, _| grams * factor)
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        self.map(other, |a, b| a + b)
    }
}

/// What kind of computer was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hardware {
    /// In a rack.
    Server,
    /// On or below a desk.
    Desktop,
    /// With a battery.
    Laptop,
    /// A GPU.
    Gpu,
}

impl Hardware {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Desktop => "desktop",
            Self::Laptop => "laptop",
            Self::Gpu => "gpu",
        }
    }

    /// What the firmware calls the chassis (SMBIOS 3.7, table 17); none where it does not say.
    pub fn of_chassis(kind: u32) -> Option<Self> {
        match kind {
            3..=7 | 13 | 15 | 16 | 24 | 34..=36 => Some(Self::Desktop),
            8..=10 | 14 | 30..=32 => Some(Self::Laptop),
            17 | 23 | 25 | 28 | 29 => Some(Self::Server),
            _ => None,
        }
    }

    /// What this machine's firmware says that it is.
    pub fn look(sysfs: &Path) -> Option<Self> {
        let text = fs::read_to_string(sysfs.join("class/dmi/id/chassis_type")).ok()?;
        Self::of_chassis(text.trim().parse().ok()?)
    }
}

#[derive(Debug, Deserialize)]
struct Row {
    kind: Hardware,
    name: String,
    least: f64,
    likely: f64,
    most: f64,
    #[cfg_attr(not(test), expect(dead_code, reason = "checked by a test"))]
    year: u16,
    #[cfg_attr(not(test), expect(dead_code, reason = "checked by a test"))]
    source: String,
}

fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.comment(Some(b'#')).from_reader(DATA.as_bytes());
        reader.into_deserialize().filter_map(Result::ok).collect()
    })
}

/// What making one emitted; of a GPU by its name.
fn made(kind: Hardware, name: &str) -> Range {
    let words: Vec<_> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let is = |row: &&Row| {
        row.kind == kind && (row.name.is_empty() || words.contains(&row.name.as_str()))
    };
    rows().iter().find(is).map_or_else(Range::default, |row| {
        let grams = |kilograms: f64| GramsCo2e(kilograms * 1e3);
        Range { least: grams(row.least), likely: grams(row.likely), most: grams(row.most) }
    })
}

/// What the user wants to be assumed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assumed {
    /// The computer.
    pub hardware: Hardware,
    /// Nobody said so and the firmware does not tell.
    pub guessed: bool,
    /// How long hardware is in use.
    pub lifetime: Duration,
}

/// What a run reserved.
#[derive(Clone, Copy, Debug)]
pub struct Reserved<'a> {
    /// Time on CPUs.
    pub cpu_time: Duration,
    /// CPUs of the machine.
    pub cpus: usize,
    /// Time that GPUs were used, or held by it and not used; none where that is not told.
    pub gpu_time: Option<Duration>,
    /// Models of the machine's GPUs.
    pub gpus: &'a BTreeSet<String>,
}

/// The share of a run.
pub fn share(assumed: &Assumed, reserved: &Reserved<'_>) -> Range {
    let life = assumed.lifetime.as_secs_f64();
    if life <= 0.0 {
        return Range::default();
    }
    let part = |time: Duration| time.as_secs_f64() / life;
    let host = made(assumed.hardware, "").times(part(reserved.cpu_time));
    let host = host.times(1.0 / reserved.cpus.max(1) as f64);
    let gpus = reserved.gpu_time.filter(|_| !reserved.gpus.is_empty());
    let Some(time) = gpus else { return host };
    // Of several models nobody tells who used which: their mean.
    let models = reserved.gpus.iter().map(|name| made(Hardware::Gpu, name));
    let mean = models.fold(Range::default(), Range::plus).times(1.0 / reserved.gpus.len() as f64);
    host.plus(mean.times(part(time)))
}

/// A lifetime from text: `4y`, `1500d`, at least a month.
pub fn lifetime(text: &str) -> Result<Duration, String> {
    const HOURS_OF_A_YEAR: f64 = 8760.0;
    let help = "use years or days between 30d and 20y, such as 4y";
    let text = text.trim();
    let hours = match (text.strip_suffix('y'), text.strip_suffix('d')) {
        (Some(years), _) => years.parse::<f64>().map(|years| years * HOURS_OF_A_YEAR),
        (_, Some(days)) => days.parse::<f64>().map(|days| days * 24.0),
        _ => return Err(help.into()),
    };
    let hours = hours.ok().filter(|hours| (720.0..=20.0 * HOURS_OF_A_YEAR).contains(hours));
    Ok(Duration::from_secs_f64(hours.ok_or(help)? * 3600.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(range: Range, expected: [f64; 3]) {
        let found = [range.least.0, range.likely.0, range.most.0];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn every_row_is_sound() {
        let lines = DATA.lines().filter(|line| !line.starts_with('#')).count() - 1;
        assert_eq!(rows().len(), lines);
        for row in rows() {
            assert!(
                0.0 < row.least && row.least <= row.likely && row.likely <= row.most,
                "{row:?}"
            );
            assert!((2020..=2026).contains(&row.year) && !row.source.is_empty(), "{row:?}");
        }
        for kind in [Hardware::Server, Hardware::Desktop, Hardware::Laptop, Hardware::Gpu] {
            assert!(made(kind, "unheard of").least.0 > 0.0, "{kind:?}");
        }
    }

    #[test]
    fn a_gpu_is_known_by_a_word_of_its_name() {
        close(made(Hardware::Gpu, "NVIDIA H100 80GB HBM3"), [164e3, 273e3, 575e3]);
        close(made(Hardware::Gpu, "Tesla V100-SXM2-16GB"), [83e3, 138e3, 290e3]);
        // Neither an L4 nor a T4.
        close(made(Hardware::Gpu, "NVIDIA L40S"), [124e3, 273e3, 575e3]);
        close(made(Hardware::Gpu, "T400"), [124e3, 273e3, 575e3]);
    }

    #[test]
    fn the_share_is_that_of_its_time_and_of_its_part() {
        let hardware = Hardware::Server;
        let assumed = Assumed { hardware, guessed: false, lifetime: LIFETIME };
        let none = BTreeSet::new();
        // An hour on 8 of 32 CPUs: TE x 1 h / 35040 h x 8 / 32.
        let cpu_time = Duration::from_hours(8);
        let reserved = Reserved { cpu_time, cpus: 32, gpu_time: None, gpus: &none };
        let times = 1.0 / 35_040.0 * 8.0 / 32.0;
        close(share(&assumed, &reserved), [460e3 * times, 900e3 * times, 2087e3 * times]);
        // And two hours of one H100.
        let gpus = BTreeSet::from(["NVIDIA H100 PCIe".to_owned()]);
        let gpu_time = Some(Duration::from_hours(2));
        let with = share(&assumed, &Reserved { gpu_time, gpus: &gpus, ..reserved });
        let gpu = 2.0 / 35_040.0;
        let expected = [(460e3, 164e3), (900e3, 273e3), (2087e3, 575e3)];
        close(with, expected.map(|(host, one)| host * times + one * gpu));
        // Half the life, twice the share.
        let short = Assumed { lifetime: LIFETIME / 2, ..assumed };
        let twice = 2.0 * times;
        close(share(&short, &reserved), [460e3 * twice, 900e3 * twice, 2087e3 * twice]);
    }

    #[test]
    fn lifetimes() {
        assert_eq!(lifetime("4y"), Ok(LIFETIME));
        assert_eq!(lifetime("365d"), Ok(Duration::from_hours(8760)));
        for bad in ["", "4", "0y", "1d", "21y", "-4y", "nany", "4 years"] {
            assert!(lifetime(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_firmware_tells_what_it_is_in() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Hardware::look(dir.path()), None);
        let id = dir.path().join("class/dmi/id");
        fs::create_dir_all(&id).unwrap();
        for (text, expected) in [
            ("10\n", Some(Hardware::Laptop)),
            ("3\n", Some(Hardware::Desktop)),
            ("23\n", Some(Hardware::Server)),
            ("1\n", None),
            ("x", None),
        ] {
            fs::write(id.join("chassis_type"), text).unwrap();
            assert_eq!(Hardware::look(dir.path()), expected, "{text}");
        }
    }
}
