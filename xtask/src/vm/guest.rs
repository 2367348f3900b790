//! What runs inside: the real program and the workloads, static, and a shell.
//!
//! Static, because the initramfs has no libraries; the same sources and profile as a release.

use std::{fs, process::Command};

use anyhow::Context as _;

use super::cpio::{Archive, DIRECTORY, PROGRAM};
use crate::shell;

const TARGET: &str = "x86_64-unknown-linux-gnu";
const BUSYBOX: &str = "/bin/busybox";
const INIT: &str = include_str!("init.sh");

/// Builds the programs and packs them.
pub fn initramfs() -> anyhow::Result<Vec<u8>> {
    let target = shell::target();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    shell::run(
        Command::new(cargo)
            .current_dir(shell::root())
            .args(["build", "--quiet", "--release", "--target", TARGET, "-p", "energy-user"])
            .args(["--bin", "jouletop", "--example", "workload", "--target-dir"])
            .arg(&target)
            .env("RUSTFLAGS", "-C target-feature=+crt-static"),
    )?;
    let built = target.join(TARGET).join("release");
    let busybox = fs::read(BUSYBOX)
        .context("/bin/busybox is missing; on Debian: apt-get install busybox-static")?;
    let mut archive = Archive::default();
    for name in ["bin", "dev", "proc", "sys", "tmp"] {
        archive.add(name, DIRECTORY, &[]);
    }
    archive.console();
    archive.add("init", PROGRAM, INIT.as_bytes());
    archive.add("bin/busybox", PROGRAM, &busybox);
    archive.add("bin/jouletop", PROGRAM, &fs::read(built.join("jouletop"))?);
    archive.add("bin/workload", PROGRAM, &fs::read(built.join("examples/workload"))?);
    Ok(archive.finish())
}
