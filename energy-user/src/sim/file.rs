//! A scenario as it stands in TOML, before anything is checked.
//!
//! Unknown fields are refused, so that a misspelt one never goes unnoticed.
//! Times, runs and energies are still text here: [`super::notation`] reads them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    attribute::IdlePolicy,
    frame::Quality,
    sample::{Domain, GpuShare, Role, Vendor},
    waste::Thresholds,
};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub name: String,
    pub host: Option<String>,
    /// Text or a TOML date.
    pub start: Option<toml::Value>,
    pub cpus: Option<u32>,
    pub packages: Option<Vec<Vec<u32>>>,
    pub repeat: Option<String>,
    #[serde(default)]
    pub method: Method,
    /// From when on something counts as waste.
    #[serde(default)]
    pub waste: Thresholds,
    /// What is foretold of the grid.
    #[serde(default)]
    pub forecast: Vec<String>,
    #[serde(default)]
    pub process: Vec<Process>,
    #[serde(default)]
    pub meter: Vec<Meter>,
    #[serde(default)]
    pub gpu: Vec<Gpu>,
    #[serde(default)]
    pub missed: Vec<String>,
    #[serde(default)]
    pub irq: Vec<String>,
    #[serde(default)]
    pub lost: Vec<String>,
    #[serde(default)]
    pub intensity: Vec<String>,
    #[serde(default)]
    pub expected: Vec<Expected>,
}

/// `[method]`: what jouletop is told of how to divide.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    #[serde(default)]
    pub idle_policy: IdlePolicy,
    #[serde(default)]
    pub gpu_share: GpuShare,
    #[serde(default)]
    pub static_watts: BTreeMap<String, f64>,
}

/// A `[[process]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    pub pid: u32,
    pub name: String,
    pub cmdline: Option<String>,
    pub user: Option<String>,
    pub parent: Option<u32>,
    pub cgroup: Option<String>,
    pub session: Option<u32>,
    pub pgrp: Option<u32>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    #[serde(default)]
    pub kernel: bool,
    #[serde(default)]
    pub tool: bool,
    pub starts: Option<String>,
    pub ends: Option<String>,
    #[serde(default)]
    pub runs: Vec<String>,
    /// What comes of its time.
    #[serde(default)]
    pub progress: Vec<String>,
    #[serde(default)]
    pub gpu: Vec<String>,
    #[serde(default)]
    pub gpu_holds: Vec<String>,
    /// Its number is of another PID namespace: only a GPU's driver tells of it.
    #[serde(default)]
    pub stranger: bool,
}

/// A `[[gpu]]`; its meter is the one with its id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gpu {
    pub id: String,
    pub name: Option<String>,
    pub vendor: Option<Vendor>,
    #[serde(default)]
    pub told: Told,
    #[serde(default)]
    pub instances: Vec<Instance>,
    pub memory: Option<String>,
    pub limit_watts: Option<f64>,
    pub temperature: Option<u32>,
    #[serde(default)]
    pub silent: Vec<String>,
}

/// How well a GPU tells who used it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    #[default]
    Process,
    Engine,
    Instance,
    Holders,
    Nothing,
}

/// An instance of a GPU.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    pub name: String,
    pub slices: u32,
}

/// A `[[meter]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meter {
    pub id: String,
    pub domain: Domain,
    pub package: Option<usize>,
    pub role: Option<Role>,
    pub readings: Option<Vec<String>>,
    pub static_watts: Option<f64>,
    pub watts_per_busy_cpu: Option<f64>,
    pub watts_per_busy_gpu: Option<f64>,
    pub model: Option<Model>,
    pub begin: Option<String>,
    pub range: Option<String>,
    #[serde(default)]
    pub resets: Vec<String>,
    #[serde(default)]
    pub absent: Vec<String>,
}

/// The `model` of a meter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub idle_watts: f64,
    pub full_watts: f64,
}

/// An `[[expected]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub from: Option<String>,
    pub at: String,
    pub total_joules: Option<f64>,
    pub dram_joules: Option<f64>,
    pub idle_joules: Option<f64>,
    pub kernel_joules: Option<f64>,
    pub irq_joules: Option<f64>,
    pub unattributed_joules: Option<f64>,
    pub rest_joules: Option<f64>,
    pub gpu_joules: Option<f64>,
    pub held_joules: Option<BTreeMap<String, f64>>,
    pub self_joules: Option<f64>,
    pub processes: Option<BTreeMap<String, f64>>,
    pub quality: Option<Quality>,
    #[serde(default)]
    pub absent: Vec<String>,
    pub lost_events: Option<u64>,
    pub findings: Option<Vec<String>>,
}
