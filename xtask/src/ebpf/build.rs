//! The build of the BPF programs, made so that it gives the same bytes anywhere.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use super::{OBJECTS, toolchain::Toolchain};
use crate::shell;

/// What of the recipe decides the bytes; hashed with the sources.
pub const FLAGS: [&str; 3] =
    ["-Cdebuginfo=2", "-Clink-arg=--btf", "--cfg=bpf_target_arch=\"x86_64\""];

const TARGET: &str = "bpfel-unknown-none";

/// Builds every object under `target` and gives the stripped bytes.
pub fn build(toolchain: &Toolchain, target: &Path) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    let root = shell::root();
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set; set one")?;
    // Paths end up in panics and types; the same ones are told everywhere.
    let mut flags: Vec<String> = FLAGS.map(Into::into).into();
    for (path, name) in [
        (&root, "/src"),
        (&home, "/cargo"),
        (&target.to_path_buf(), "/target"),
        (&toolchain.sources, "/rust"),
    ] {
        flags.push(format!("--remap-path-prefix={}={name}", path.display()));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let linker = toolchain.linker.parent().map(Path::to_path_buf);
    let path = env::join_paths(linker.into_iter().chain(env::split_paths(&path)))?;
    let mut cargo = Command::new(&toolchain.cargo);
    // What cargo set for this program is not meant for the other toolchain's cargo.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_") && name != "CARGO_HOME" {
            cargo.env_remove(name);
        }
    }
    cargo
        .current_dir(&root)
        .args(["build", "--quiet", "--release", "-p", "energy-ebpf", "--features", "bpf", "--bins"])
        .args(["-Z", "build-std=core", "--target", TARGET, "--target-dir"])
        .arg(target)
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env("RUSTC", &toolchain.rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("PATH", path);
    shell::run(&mut cargo)?;
    OBJECTS.into_iter().map(|name| Ok((name, strip(toolchain, target, name)?))).collect()
}

/// Drops DWARF, which no kernel reads; BTF stays.
fn strip(toolchain: &Toolchain, target: &Path, name: &str) -> anyhow::Result<Vec<u8>> {
    let built = target.join(TARGET).join("release").join(name);
    let stripped = built.with_extension("o");
    shell::run(Command::new(&toolchain.objcopy).arg("--strip-debug").arg(&built).arg(&stripped))?;
    fs::read(&stripped).with_context(|| stripped.display().to_string())
}
