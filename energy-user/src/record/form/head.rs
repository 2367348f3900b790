//! What a session needs beside samples: what was chosen, and what was known from before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    attribute::IdlePolicy,
    record::stored::{Factor, Nanos, Real, is_default},
    sample::{GpuShare, ProbeKind},
};

/// The first block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::record) struct Head {
    /// `jouletop 0.1.0`.
    pub made_by: String,
    /// The machine's name, and what was measured with, in words.
    pub host: String,
    pub probe: ProbeKind,
    #[serde(default)]
    pub meters: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub notes: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub remedies: Vec<String>,
    /// The CPU's name, as a calibration has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpu: String,
    /// The length that was asked for; that of each interval is in the samples.
    pub interval: Nanos,
    #[serde(default, skip_serializing_if = "is_default")]
    pub idle_policy: IdlePolicy,
    #[serde(default, skip_serializing_if = "is_default")]
    pub gpu_share: GpuShare,
    #[serde(default, skip_serializing_if = "is_default")]
    pub learn: bool,
    #[serde(default = "one")]
    pub pue: Factor,
    #[serde(default = "one")]
    pub overhead: Factor,
    /// Static power by meter, watts, where it was calibrated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub static_watts: BTreeMap<String, Real>,
    /// From when on something counted as waste, in the words of a configuration.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub waste: Value,
}

fn one() -> Factor {
    Factor(1.0)
}
