//! Installing the recorded toolchain on Debian 12, as root.

use std::{path::Path, process::Command};

use anyhow::bail;

use super::{LINKER_ROOT, LINKER_VERSION, PACKAGES, Toolchain};
use crate::shell;

/// Installs Debian's packages and bpf-linker. Does nothing where all is there.
pub fn install() -> anyhow::Result<()> {
    if !packages_installed() {
        shell::run(apt().arg("update"))?;
        let install = ["install", "-y", "--no-install-recommends"];
        shell::run(apt().args(install).args(PACKAGES.split(' ')))?;
    }
    if linker_version().as_deref() != Some(LINKER_VERSION) {
        let mut cargo = shell::other_cargo(Path::new("/usr/bin/cargo"));
        cargo
            .args(["install", "--quiet", "bpf-linker", "--version", LINKER_VERSION])
            .args(["--no-default-features", "--features", "llvm-22", "--root", LINKER_ROOT])
            .env("RUSTC", "/usr/bin/rustc")
            .env("LLVM_PREFIX", "/usr/lib/llvm-22");
        shell::run(&mut cargo)?;
    }
    if linker_version().is_none() {
        bail!("{LINKER_ROOT}/bin/bpf-linker does not run; remove it and try again");
    }
    let versions = Toolchain::find()?.versions;
    println!("rustc {}; bpf-linker {}", versions.rustc, versions.linker);
    Ok(())
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
    apt
}

fn packages_installed() -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}\n"]).args(PACKAGES.split(' '));
    shell::output(&mut query).is_ok_and(|said| said.lines().all(|status| status == "installed"))
}

/// Of the linker that this program installs, not of another one on the search path.
fn linker_version() -> Option<String> {
    let mut linker = Command::new(Path::new(LINKER_ROOT).join("bin/bpf-linker"));
    let said = shell::output(linker.arg("--version")).ok()?;
    Some(said.trim().strip_prefix("bpf-linker ")?.to_string())
}
