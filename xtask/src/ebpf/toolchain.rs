//! What builds the BPF programs: a rustc with its sources, and bpf-linker of its LLVM.
//!
//! The recorded toolchain is Debian 12's packages, which rebuild byte for byte. Another
//! one may be named by the environment; its objects then differ from the committed ones.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::bail;
use serde::{Deserialize, Serialize};

use crate::shell;

const PACKAGES: [&str; 6] =
    ["rustc-web", "cargo-web", "rust-web-src", "llvm-22", "llvm-22-dev", "libpolly-22-dev"];
const LINKER_ROOT: &str = "/opt/bpf-tools";
const LINKER_VERSION: &str = "0.13.0";

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
    pub cargo: PathBuf,
    pub linker: PathBuf,
    pub objcopy: PathBuf,
    /// The standard library's sources.
    pub sources: PathBuf,
    pub versions: Versions,
}

impl Toolchain {
    /// Finds the programs, or says how to install them.
    pub fn find() -> anyhow::Result<Self> {
        let named = |variable: &str, usual: &str| {
            env::var_os(variable).map_or_else(|| PathBuf::from(usual), PathBuf::from)
        };
        let rustc = named("JOULETOP_BPF_RUSTC", "/usr/bin/rustc");
        let cargo = named("JOULETOP_BPF_CARGO", "/usr/bin/cargo");
        let objcopy = named("JOULETOP_BPF_OBJCOPY", "/usr/bin/llvm-objcopy-22");
        let linker = find_linker().unwrap_or_else(|| LINKER_ROOT.into());
        for program in [&rustc, &cargo, &objcopy, &linker] {
            if !program.is_file() {
                bail!(
                    "{} is missing; on Debian 12, as root: cargo xtask ebpf toolchain (which runs \
                     apt-get install {}, and cargo install bpf-linker {LINKER_VERSION}); \
                     elsewhere, name programs in JOULETOP_BPF_RUSTC, _CARGO and _OBJCOPY",
                    program.display(),
                    PACKAGES.join(" ")
                );
            }
        }
        let sysroot = shell::output(Command::new(&rustc).args(["--print", "sysroot"]))?;
        let sources = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
        let sources = sources.canonicalize().unwrap_or(sources);
        if !sources.join("library/core").is_dir() {
            bail!("{} has no library sources; install rust-web-src", rustc.display());
        }
        let versions = Versions {
            rustc: version(&rustc, "-vV", "release: ")?
                + ", LLVM "
                + &version(&rustc, "-vV", "LLVM version: ")?,
            linker: version(&linker, "--version", "bpf-linker ")?,
            objcopy: version(&objcopy, "--version", "LLVM version ")?,
        };
        Ok(Self { rustc, cargo, linker, objcopy, sources, versions })
    }
}

fn find_linker() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let cargo = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo/bin"));
    [PathBuf::from(LINKER_ROOT).join("bin")]
        .into_iter()
        .chain(env::split_paths(&path))
        .chain(cargo)
        .map(|directory| directory.join("bpf-linker"))
        .find(|program| program.is_file())
}

/// What follows `key` in what a program says of itself.
fn version(program: &Path, argument: &str, key: &str) -> anyhow::Result<String> {
    let said = shell::output(Command::new(program).arg(argument))?;
    let line = said.lines().find_map(|line| line.split_once(key));
    match line {
        Some((_, version)) => Ok(version.trim().to_string()),
        None => bail!("{} {argument} tells no {key:?}", program.display()),
    }
}

/// Installs Debian's packages and bpf-linker. Does nothing where all is there.
pub fn install() -> anyhow::Result<()> {
    if Toolchain::find().is_ok() {
        println!("the BPF toolchain is there");
        return Ok(());
    }
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        apt
    };
    shell::run(apt().arg("update"))?;
    shell::run(apt().args(["install", "-y", "--no-install-recommends"]).args(PACKAGES))?;
    if find_linker().is_none() {
        let mut cargo = Command::new("/usr/bin/cargo");
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_") && name != "CARGO_HOME" {
                cargo.env_remove(name);
            }
        }
        cargo
            .args(["install", "--quiet", "bpf-linker", "--version", LINKER_VERSION])
            .args(["--no-default-features", "--features", "llvm-22", "--root", LINKER_ROOT])
            .env_remove("RUSTUP_TOOLCHAIN")
            .env("RUSTC", "/usr/bin/rustc")
            .env("LLVM_PREFIX", "/usr/lib/llvm-22");
        shell::run(&mut cargo)?;
    }
    Toolchain::find().map(|toolchain| println!("installed {:#?}", toolchain.versions))
}
