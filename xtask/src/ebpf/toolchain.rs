//! What builds the BPF programs: a rustc with its sources, and bpf-linker of its LLVM.
//!
//! The recorded toolchain is Debian 12's packages, which rebuild byte for byte. Another
//! one builds as well, and its objects then differ from the committed ones.

mod find;
mod install;

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, bail};
pub use install::install;
use serde::{Deserialize, Serialize};

use crate::shell;

const PACKAGES: &str = "rustc-web cargo-web rust-web-src llvm-22 llvm-22-dev libpolly-22-dev";
const LINKER_VERSION: &str = "0.13.0";
const LINKER_ROOT: &str = "/opt/bpf-tools";

/// Versions that decide the bytes.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    rustc: String,
    linker: String,
    objcopy: String,
}

/// Programs, found.
pub struct Toolchain {
    pub rustc: PathBuf,
    cargo: PathBuf,
    pub linker: PathBuf,
    pub objcopy: PathBuf,
    /// The standard library's sources.
    pub sources: PathBuf,
    pub versions: Versions,
}

impl Toolchain {
    /// Finds the programs, or says how to install them.
    pub fn find() -> anyhow::Result<Self> {
        let (rustc, cargo, sources) = find::compiler().context(remedy("rustc and its sources"))?;
        let linker = find::linker().context(remedy("bpf-linker"))?;
        let objcopy = find::objcopy().context(remedy("llvm-objcopy"))?;
        let release = version(&rustc, "-vV", "release: ")?;
        let llvm = version(&rustc, "-vV", "LLVM version: ")?;
        let versions = Versions {
            rustc: format!("{release}, LLVM {llvm}"),
            linker: version(&linker, "--version", "bpf-linker ")?,
            objcopy: version(&objcopy, "--version", "LLVM version ")?,
        };
        Ok(Self { rustc, cargo, linker, objcopy, sources, versions })
    }

    /// This toolchain's cargo, untouched by what started this program.
    pub fn cargo(&self) -> Command {
        let mut cargo = shell::other_cargo(&self.cargo);
        cargo.env("RUSTC", &self.rustc);
        cargo
    }

    /// The target triple of this machine.
    pub fn host(&self) -> anyhow::Result<String> {
        version(&self.rustc, "-vV", "host: ")
    }
}

/// What to do about a missing program.
fn remedy(missing: &str) -> String {
    format!(
        "there is no {missing} to build BPF programs with. On Debian 12, as root:\n  cargo xtask \
         ebpf toolchain\nwhich runs\n  apt-get install {PACKAGES}\n  LLVM_PREFIX=/usr/lib/llvm-22 \
         /usr/bin/cargo install bpf-linker --version {LINKER_VERSION} --no-default-features \
         --features llvm-22 --root {LINKER_ROOT}\nElsewhere: rustup toolchain install nightly \
         --component rust-src, and a bpf-linker of its LLVM; or name the programs in \
         JOULETOP_BPF_RUSTC, JOULETOP_BPF_CARGO, JOULETOP_BPF_LINKER and JOULETOP_BPF_OBJCOPY"
    )
}

/// What follows `key` in what a program says of itself.
fn version(program: &PathBuf, argument: &str, key: &str) -> anyhow::Result<String> {
    let said = shell::output(Command::new(program).arg(argument))?;
    match said.lines().find_map(|line| line.split_once(key)) {
        Some((_, version)) => Ok(version.trim().to_string()),
        None => bail!("{} {argument} tells no {key:?}", program.display()),
    }
}
