//! How energy is divided, as one value: static powers, their policy, learned intensities.
//!
//! What a machine needs to know from before (a calibration, what was learned so far) comes in
//! here, so that the division itself stays a function of two samples and this.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    frame::Basis,
    sample::GpuShare,
    units::{Microjoules, Watts},
};

/// Who pays the static part of power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum IdlePolicy {
    /// Nobody: it has a row of its own.
    #[default]
    None,
    /// Who ran, in proportion to what they are charged for running.
    Proportional,
    /// Every process that ran, the same.
    Equal,
}

impl IdlePolicy {
    /// The word in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Proportional => "proportional",
            Self::Equal => "equal",
        }
    }
}

/// The static power of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// Power with nobody running.
    pub watts: Watts,
    /// From where it is known.
    pub basis: Basis,
}

/// How energy is divided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Method {
    /// Who pays static power.
    pub idle_policy: IdlePolicy,
    /// How a GPU's energy is shared where it does not tell who used it.
    pub gpu_share: GpuShare,
    /// Static power by meter.
    pub floors: HashMap<String, Floor>,
    /// What the parts had in earlier intervals that the meter of the whole has yet to show.
    pub owed: Microjoules,
    /// How much more than the mean a unit of work draws, by the name of a command; who is not
    /// listed draws the mean. Empty unless it was learned, and helps.
    pub intensities: HashMap<String, f64>,
}

impl Method {
    /// The intensity of a command.
    pub fn intensity(&self, command: &str) -> f64 {
        self.intensities.get(command).copied().unwrap_or(1.0)
    }
}
