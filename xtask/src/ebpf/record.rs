//! What is known of the committed objects: `energy-ebpf/prebuilt/BUILD.toml`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::toolchain::Versions;

const FILE: &str = "BUILD.toml";

/// From what, with what, and what came out.
#[derive(Serialize, Deserialize)]
pub struct Record {
    /// Hash of the sources and the recipe.
    pub inputs: String,
    /// What built them.
    pub toolchain: Versions,
    /// Hash of each object, by name.
    pub objects: BTreeMap<String, String>,
}

impl Record {
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(FILE);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }

    pub fn write(&self, directory: &Path) -> anyhow::Result<()> {
        let text = format!("# Written by `cargo xtask ebpf build`.\n{}", toml::to_string(self)?);
        fs::write(directory.join(FILE), text)?;
        Ok(())
    }
}
