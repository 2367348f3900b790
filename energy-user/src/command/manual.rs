//! `man` and `completions`: what an installation puts beside the program.

use std::process::ExitCode;

use clap_complete::Shell;

use super::output::Output;
use crate::cli::{Global, completions, manual};

/// Prints the man page.
pub fn man(global: &Global) -> anyhow::Result<ExitCode> {
    Output::open(global.output.as_deref())?.write(manual::page()?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what a shell reads to complete command lines.
pub fn completions(global: &Global, shell: Shell) -> anyhow::Result<ExitCode> {
    Output::open(global.output.as_deref())?.write(&completions::script(shell))?;
    Ok(ExitCode::SUCCESS)
}
