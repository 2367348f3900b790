//! Power of a machine without a meter: two figures for each CPU, from a table.
//!
//! It is a rough stand-in (whole servers of one vendor each, expect half to twice),
//! but it lets the main job run anywhere. Every number made of it is marked.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::{
    sample::{Line, PowerModel},
    units::Watts,
};

const DATA: &str = include_str!("../../data/cpu-power.csv");

/// The mean of the source's server CPUs, for one that the table does not have.
const MEAN: (f64, f64) = (0.74, 3.5);

/// What a CPU says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuIdent {
    /// `GenuineIntel`, `AuthenticAMD`.
    pub vendor: String,
    /// CPUID family.
    pub family: u32,
    /// CPUID model.
    pub model: u32,
    /// CPUID stepping.
    pub stepping: u32,
    /// The name for people.
    pub name: String,
}

impl CpuIdent {
    /// The first CPU of the text of `/proc/cpuinfo`; none where it has no such fields (ARM).
    pub fn parse(cpuinfo: &str) -> Option<Self> {
        let field = |name: &str| {
            let fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
            fields.map(|(key, value)| (key.trim(), value.trim())).find(|(key, _)| *key == name)
        };
        let text = |name| field(name).map(|(_, value)| value.to_string());
        let number = |name| field(name).and_then(|(_, value)| value.parse().ok());
        Some(Self {
            vendor: text("vendor_id")?,
            family: number("cpu family")?,
            model: number("model")?,
            stepping: number("stepping").unwrap_or(0),
            name: text("model name")?,
        })
    }
}

/// One kind of CPU in the table.
#[derive(Debug, Deserialize)]
struct Row {
    microarchitecture: String,
    vendor: String,
    family: u32,
    models: String,
    stepping: u32,
    idle_watts: f64,
    full_watts: f64,
}

impl Row {
    fn fits(&self, cpu: &CpuIdent) -> bool {
        let mut models = self.models.split(' ').filter_map(|model| model.parse::<u32>().ok());
        self.vendor == cpu.vendor
            && self.family == cpu.family
            && cpu.stepping >= self.stepping
            && models.any(|model| model == cpu.model)
    }
}

fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(DATA.as_bytes());
        // A row that cannot be read is left out; the test below reads them all.
        reader.deserialize().filter_map(Result::ok).collect()
    })
}

/// Watts of one hardware thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The kind of CPU that the figures are for; none if they are the mean.
    pub microarchitecture: Option<String>,
    /// Idle and busy, watts of one CPU.
    per_cpu: (f64, f64),
}

/// What the table says of a CPU, or the mean.
pub fn estimate(cpu: Option<&CpuIdent>) -> Estimate {
    let row = cpu.and_then(|cpu| rows().iter().find(|row| row.fits(cpu)));
    Estimate {
        microarchitecture: row.map(|row| row.microarchitecture.clone()),
        per_cpu: row.map_or(MEAN, |row| (row.idle_watts, row.full_watts)),
    }
}

impl Estimate {
    /// Power of so many CPUs.
    pub fn power(&self, cpus: usize) -> PowerModel {
        let (idle, full) = self.per_cpu;
        PowerModel::half_to_twice(Line { idle: Watts(idle), full: Watts(full) }.times(cpus as f64))
    }

    /// How the estimate is made, in one line.
    pub fn method(&self) -> String {
        let (idle, full) = self.per_cpu;
        let of = self.microarchitecture.as_ref().map_or_else(
            || "the mean of server CPUs".to_string(),
            |name| format!("CPUs of the kind {name}"),
        );
        format!(
            "{idle} W idle to {full} W busy for each CPU, {of}, by Cloud Carbon Footprint's \
             figures; expect half to twice the truth"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(vendor: &str, family: u32, model: u32, stepping: u32) -> CpuIdent {
        CpuIdent { vendor: vendor.into(), family, model, stepping, name: "x".into() }
    }

    fn kind(cpu: &CpuIdent) -> Option<String> {
        estimate(Some(cpu)).microarchitecture
    }

    #[test]
    fn every_row_is_sound_and_found() {
        let lines = DATA.lines().filter(|line| !line.starts_with('#')).count() - 1;
        assert_eq!(rows().len(), lines);
        for row in rows() {
            assert!(0.0 < row.idle_watts && row.idle_watts < row.full_watts);
            for model in row.models.split(' ') {
                let model = model.parse().unwrap();
                let ident = cpu(&row.vendor, row.family, model, row.stepping);
                assert_eq!(kind(&ident).as_ref(), Some(&row.microarchitecture));
            }
        }
    }

    #[test]
    fn a_stepping_tells_cascade_lake_from_skylake() {
        assert_eq!(kind(&cpu("GenuineIntel", 6, 85, 7)).unwrap(), "Cascade Lake");
        assert_eq!(kind(&cpu("GenuineIntel", 6, 85, 4)).unwrap(), "Skylake server");
    }

    #[test]
    fn an_unknown_cpu_gets_the_mean_and_says_so() {
        let estimate = estimate(Some(&cpu("AuthenticAMD", 25, 17, 1)));
        assert_eq!(estimate.microarchitecture, None);
        assert!(estimate.method().contains("the mean of server CPUs"));
        assert_eq!(estimate.power(10).likely, Line { idle: Watts(7.4), full: Watts(35.0) });
    }

    #[test]
    fn cpuinfo_of_a_real_machine_and_nonsense() {
        let real = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n\
                    model name\t: AMD EPYC\nstepping\t: 1\n\nprocessor\t: 1\n";
        let ident = CpuIdent::parse(real).unwrap();
        assert_eq!((ident.family, ident.model, ident.name.as_str()), (25, 17, "AMD EPYC"));
        let huge = real.replace("25", "99999999999999999999");
        for bad in ["", "processor : 0", ":::", "\u{fffd}", &huge, &real[..40]] {
            assert_eq!(CpuIdent::parse(bad), None, "{bad}");
        }
    }
}
