//! `python`: other people's readers of GPUs, and packages that tests read, in `target/python`.
//!
//! The fake of NVIDIA's library is checked by tools that we did not write; their versions
//! are pinned in `tests/fake-nvml/requirements.txt`. What nobody runs is kept as a wheel, without
//! what it depends on: `tests/wheels.txt`.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, bail};

use crate::shell;

/// Installs them, unless they are there.
pub fn run() -> anyhow::Result<()> {
    let root = shell::root();
    let list = root.join("tests/fake-nvml/requirements.txt");
    let wheels = root.join("tests/wheels.txt");
    let read = |list: &Path| fs::read_to_string(list).with_context(|| list.display().to_string());
    let wanted = read(&list)? + &read(&wheels)?;
    let folder = root.join("target/python");
    // Written last, so that half an installation is never taken for a whole one.
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    let made = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .output()
        .context("python3 cannot be run; apt-get install python3 python3-venv")?;
    if !made.status.success() {
        let words = [made.stdout, made.stderr].concat();
        let words = String::from_utf8_lossy(&words).trim().to_owned();
        bail!("python3 -m venv failed: {words}\napt-get install python3-venv");
    }
    let pip = |what: &str| {
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", what, "--quiet", "--disable-pip-version-check"]);
        pip
    };
    shell::run(pip("install").arg("--requirement").arg(&list))?;
    let mut download = pip("download");
    download.args(["--no-deps", "--only-binary=:all:", "--requirement"]).arg(&wheels);
    shell::run(download.arg("--dest").arg(folder.join("wheels")))?;
    fs::write(&installed, wanted)?;
    Ok(())
}
