//! The build of the BPF programs, made so that it gives the same bytes anywhere.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use super::{OBJECTS, remap, toolchain::Toolchain};
use crate::shell;

const TARGET: &str = "bpfel-unknown-none";

const ARGUMENTS: [&str; 10] = [
    "build",
    "--release",
    "--locked",
    "--package=energy-ebpf",
    "--features=bpf",
    "--bins",
    "-Z",
    "build-std=core",
    "--target",
    TARGET,
];

const FLAGS: [&str; 3] = ["-Cdebuginfo=2", "-Clink-arg=--btf", "--cfg=bpf_target_arch=\"x86_64\""];

/// Drops DWARF, which no kernel reads; BTF stays.
const STRIP: &str = "--strip-debug";

/// What of the recipe decides the bytes; hashed with the sources.
pub fn recipe() -> String {
    [ARGUMENTS.join(" "), FLAGS.join(" "), STRIP.to_string()].join("\n")
}

/// Builds every object under `target` and gives the stripped bytes.
pub fn build(toolchain: &Toolchain, target: &Path) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    let mut flags: Vec<String> = FLAGS.map(Into::into).into();
    flags.extend(remap::flags(toolchain, target)?);
    let path = env::var_os("PATH").unwrap_or_default();
    let linker = toolchain.linker.parent().map(PathBuf::from);
    let path = env::join_paths(linker.into_iter().chain(env::split_paths(&path)))?;
    let mut cargo = toolchain.cargo();
    cargo
        .current_dir(shell::root())
        .args(ARGUMENTS)
        .args(["--quiet", "--target-dir"])
        .arg(target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("PATH", path);
    shell::run(&mut cargo)?;
    OBJECTS.into_iter().map(|name| Ok((name, strip(toolchain, target, name)?))).collect()
}

fn strip(toolchain: &Toolchain, target: &Path, name: &str) -> anyhow::Result<Vec<u8>> {
    let built = target.join(TARGET).join("release").join(name);
    let stripped = built.with_extension("o");
    shell::run(Command::new(&toolchain.objcopy).arg(STRIP).arg(&built).arg(&stripped))?;
    fs::read(&stripped).with_context(|| stripped.display().to_string())
}
