//! A scenario as it stands in TOML, before anything is checked.
//!
//! Unknown keys are refused, so that a misspelt one never goes unnoticed. Times,
//! powers and shares are still text here: [`crate::notation`] reads them.

use serde::Deserialize;

/// The whole file.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub driver: Option<String>,
    pub nvml: Option<String>,
    pub cuda: Option<i32>,
    #[serde(default)]
    pub unloaded: Vec<String>,
    #[serde(default)]
    pub device: Vec<Device>,
    #[serde(default)]
    pub fault: Vec<Fault>,
}

/// A `[[device]]`.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    pub name: Option<String>,
    pub uuid: Option<String>,
    pub serial: Option<String>,
    pub bus: Option<String>,
    pub minor: Option<u32>,
    pub architecture: Option<String>,
    pub brand: Option<String>,
    pub multiprocessors: Option<u32>,
    pub memory: Option<String>,
    pub memory_used: Option<String>,
    pub power: Option<Changing>,
    pub power_average: Option<String>,
    pub power_limit: Option<String>,
    pub power_limit_min: Option<String>,
    pub power_limit_max: Option<String>,
    pub power_limit_default: Option<String>,
    pub module_power: Option<Changing>,
    pub energy: Option<String>,
    pub energy_start: Option<String>,
    #[serde(default)]
    pub energy_resets: Vec<String>,
    pub energy_refresh: Option<String>,
    pub sample_period: Option<String>,
    pub process_utilization: Option<String>,
    pub utilization: Option<Changing>,
    pub memory_utilization: Option<Changing>,
    pub encoder: Option<Changing>,
    pub decoder: Option<Changing>,
    pub gpm: Option<String>,
    pub temperature: Option<u32>,
    pub temperature_slowdown: Option<u32>,
    pub temperature_shutdown: Option<u32>,
    pub fan: Option<u32>,
    pub clocks: Option<Clocks>,
    pub max_clocks: Option<Clocks>,
    #[serde(default)]
    pub throttle: Vec<String>,
    pub performance_state: Option<u32>,
    pub persistence: Option<bool>,
    pub display: Option<bool>,
    pub ecc: Option<bool>,
    pub compute_mode: Option<String>,
    #[serde(default)]
    pub pcie: Pcie,
    pub mig: Option<bool>,
    #[serde(default)]
    pub asleep: bool,
    #[serde(default)]
    pub lost: Vec<String>,
    #[serde(default)]
    pub process: Vec<Process>,
    #[serde(default)]
    pub instance: Vec<Instance>,
}

/// One text for all of the time, or steps.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Changing {
    /// `"400W"`
    Always(String),
    /// `["0s 70W", "10s 400W"]`
    Steps(Vec<String>),
}

/// MHz of each clock.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    pub graphics: u32,
    pub sm: Option<u32>,
    pub memory: u32,
    pub video: Option<u32>,
}

/// The link to the host.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pcie {
    #[serde(rename = "gen")]
    pub generation: Option<u32>,
    pub width: Option<u32>,
    pub max_gen: Option<u32>,
    pub max_width: Option<u32>,
    /// KB/s.
    pub sent: Option<u32>,
    /// KB/s.
    pub received: Option<u32>,
}

/// A `[[device.process]]`.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    pub pid: Pid,
    pub kind: Option<String>,
    pub memory: Option<String>,
    pub lives: Option<String>,
    #[serde(default)]
    pub runs: Vec<String>,
    #[serde(default)]
    pub memory_utilization: Vec<String>,
    #[serde(default)]
    pub encoder: Vec<String>,
    #[serde(default)]
    pub decoder: Vec<String>,
    pub utilization_pid: Option<Pid>,
    pub instance: Option<u32>,
}

/// A number, or the name of an environment variable that holds it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Pid {
    /// `1234`
    Number(u32),
    /// `"$NAME"`
    Variable(String),
}

/// A `[[device.instance]]`.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    pub id: u32,
    pub profile: Option<String>,
    pub slices: u32,
    pub multiprocessors: Option<u32>,
    pub memory: Option<String>,
    pub uuid: Option<String>,
    pub runs: Option<Vec<String>>,
}

/// A `[[fault]]`.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub call: String,
    pub error: String,
    pub device: Option<usize>,
    pub during: Option<String>,
}
