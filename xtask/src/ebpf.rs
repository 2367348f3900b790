//! `ebpf build|check|toolchain`: the committed BPF objects, and their honesty.
//!
//! Users need no BPF toolchain because the objects are committed. That is sound
//! only if anybody can tell that they are what the sources give: `check` compares
//! the hash of all inputs, and rebuilds and compares every byte where the recorded
//! toolchain is at hand.

mod build;
mod inputs;
mod record;
mod remap;
mod toolchain;

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use record::Record;
use toolchain::Toolchain;

use crate::shell;

#[derive(Subcommand)]
pub enum Task {
    /// Rebuild the objects and what is recorded of them
    Build,
    /// Fail if the committed objects are not what the sources give
    Check {
        /// Fail where the rebuild cannot be made, instead of saying that it was skipped
        #[arg(long)]
        rebuild: bool,
    },
    /// Install what building needs, on Debian 12, as root
    Toolchain,
}

pub fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Build => build(),
        Task::Check { rebuild } => check(*rebuild),
        Task::Toolchain => toolchain::install(),
    }
}

/// The objects, by the name of their binary.
pub const OBJECTS: [&str; 2] = ["jouletop-probe", "jouletop-bench"];

/// Where an object is committed.
pub fn committed(name: &str) -> PathBuf {
    directory().join(format!("{name}.o"))
}

fn directory() -> PathBuf {
    shell::root().join("energy-ebpf/prebuilt")
}

fn build() -> anyhow::Result<()> {
    let toolchain = Toolchain::find()?;
    let target = shell::root().join("target/ebpf");
    let mut objects = BTreeMap::new();
    for (name, bytes) in build::build(&toolchain, &target)? {
        fs::write(committed(name), &bytes)?;
        println!("{name}.o: {} bytes", bytes.len());
        objects.insert(name.to_string(), inputs::sha256(&bytes));
    }
    let record =
        Record { inputs: inputs::hash(&shell::root())?, toolchain: toolchain.versions, objects };
    record.write(&directory())
}

/// Compares the committed objects with the sources.
pub fn check(insist: bool) -> anyhow::Result<()> {
    const REMEDY: &str = "rebuild them: cargo xtask ebpf build";
    let record = Record::read(&directory()).with_context(|| REMEDY)?;
    if record.inputs != inputs::hash(&shell::root())? {
        bail!("the committed BPF objects are older than their sources; {REMEDY}");
    }
    for name in OBJECTS {
        let bytes = fs::read(committed(name)).with_context(|| format!("{name}.o; {REMEDY}"))?;
        if record.objects.get(name) != Some(&inputs::sha256(&bytes)) {
            bail!("{name}.o is not the object that was recorded; {REMEDY}");
        }
    }
    println!("the BPF objects match the hash of their sources");
    let toolchain = match Toolchain::find() {
        Ok(toolchain) if toolchain.versions == record.toolchain => toolchain,
        Ok(_) if !insist => {
            println!("skipped 1: rebuild (another toolchain than the recorded one is installed)");
            return Ok(());
        }
        Ok(toolchain) => bail!(
            "the toolchain is not the recorded one; install it (cargo xtask ebpf toolchain) or \
             {REMEDY}\nrecorded {:#?}\nfound {:#?}",
            record.toolchain,
            toolchain.versions
        ),
        Err(error) if insist => return Err(error),
        Err(_) => {
            println!("skipped 1: rebuild (no BPF toolchain: cargo xtask ebpf toolchain)");
            return Ok(());
        }
    };
    let target = tempfile::tempdir()?;
    for (name, bytes) in build::build(&toolchain, target.path())? {
        if bytes != fs::read(committed(name))? {
            bail!("a rebuild of {name}.o differs from the committed object; {REMEDY}");
        }
    }
    println!("a rebuild gives the same bytes");
    Ok(())
}
