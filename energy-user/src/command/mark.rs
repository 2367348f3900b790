//! `mark`: ends the phase of the run that this process is in, and begins the next.

use std::{
    fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use nix::fcntl::OFlag;

use super::run::marks::{VARIABLE, name};

/// Appends a line to the run's file.
pub fn mark(text: &str) -> anyhow::Result<ExitCode> {
    let name = name(text);
    if name.is_empty() {
        bail!("a mark needs a name, such as: jouletop mark \"epoch 3\"");
    }
    let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) else {
        bail!(
            "no run takes marks here ({VARIABLE} is not set); start the job with: jouletop run -- CMD"
        );
    };
    let path = PathBuf::from(path);
    let cannot = || {
        format!(
            "{} cannot be written; is the jouletop run of {VARIABLE} still there?",
            path.display()
        )
    };
    let mut options = OpenOptions::new();
    // It is no other file than the run's, and nothing that waits.
    options.append(true).custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW).bits());
    let mut file = options.open(&path).with_context(cannot)?;
    file.write_all(format!("{name}\n").as_bytes()).with_context(cannot)?;
    Ok(ExitCode::SUCCESS)
}
