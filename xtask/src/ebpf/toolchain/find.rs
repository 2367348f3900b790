//! Where the programs are: as the environment names them, else Debian's, else rustup's.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use super::LINKER_ROOT;
use crate::shell;

/// A rustc, its cargo, and the sources of its standard library.
pub fn compiler() -> Option<(PathBuf, PathBuf, PathBuf)> {
    let named = named("JOULETOP_BPF_RUSTC").zip(named("JOULETOP_BPF_CARGO"));
    let candidates = match named {
        Some(named) => vec![named],
        None => vec![debian()].into_iter().chain(nightly()).collect(),
    };
    candidates.into_iter().find_map(|(rustc, cargo)| {
        let sources = sources(&rustc)?;
        cargo.is_file().then_some((rustc, cargo, sources))
    })
}

fn debian() -> (PathBuf, PathBuf) {
    ("/usr/bin/rustc".into(), "/usr/bin/cargo".into())
}

fn nightly() -> Option<(PathBuf, PathBuf)> {
    let which = |program: &str| {
        let mut rustup = Command::new("rustup");
        let path = shell::output(rustup.args(["which", "--toolchain", "nightly", program])).ok()?;
        Some(PathBuf::from(path.trim()))
    };
    which("rustc").zip(which("cargo"))
}

/// The directory of the sources; `None` where they are not installed.
fn sources(rustc: &Path) -> Option<PathBuf> {
    let sysroot = shell::output(Command::new(rustc).args(["--print", "sysroot"])).ok()?;
    let sources = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
    sources.join("library/core").is_dir().then_some(sources)
}

/// The one that `cargo xtask ebpf toolchain` installs goes first: its LLVM fits.
pub fn linker() -> Option<PathBuf> {
    let cargo = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo/bin"));
    let directories =
        [Path::new(LINKER_ROOT).join("bin")].into_iter().chain(search_path()).chain(cargo);
    named("JOULETOP_BPF_LINKER").or_else(|| first(directories, "bpf-linker"))
}

pub fn objcopy() -> Option<PathBuf> {
    named("JOULETOP_BPF_OBJCOPY")
        .or_else(|| first(search_path(), "llvm-objcopy-22"))
        .or_else(|| first(search_path(), "llvm-objcopy"))
}

fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from)
}

fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

fn first(directories: impl IntoIterator<Item = PathBuf>, program: &str) -> Option<PathBuf> {
    directories.into_iter().map(|directory| directory.join(program)).find(|path| path.is_file())
}
