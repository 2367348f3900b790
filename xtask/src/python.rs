//! `python`: other people's readers of GPUs, in `target/python`.
//!
//! The fake of NVIDIA's library is checked by tools that we did not write; their versions
//! are pinned in `tests/fake-nvml/requirements.txt`.

use std::{fs, process::Command};

use anyhow::{Context as _, bail};

use crate::shell;

/// Installs them, unless they are there.
pub fn run() -> anyhow::Result<()> {
    let root = shell::root();
    let list = root.join("tests/fake-nvml/requirements.txt");
    let wanted = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
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
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    shell::run(pip.arg(&list))?;
    fs::write(&installed, wanted)?;
    Ok(())
}
