//! Running other programs, with errors that name them.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

/// The repository, as cargo tells it to the program that it runs.
///
/// Not as it told the compiler: checkouts that share a target directory share this
/// program as well, and it must not work on the one that built it.
pub fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let manifest = manifest.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    manifest.parent().unwrap_or(&manifest).to_path_buf()
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs a command and fails unless it succeeds.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{program} cannot be run"))?;
    if !status.success() {
        bail!("{program} failed ({status})");
    }
    Ok(())
}

/// What a command prints.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{program} cannot be run"))?;
    if !output.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Another cargo than the one that runs this program.
///
/// It must not take over what cargo sets for this program, nor settings that change
/// what is built; how registries are reached stays.
pub fn other_cargo(program: &Path) -> Command {
    let mut cargo = Command::new(program);
    let unwanted = |name: &str| {
        name.starts_with("RUST") || name.starts_with("CARGO") && !is_about_registries(name)
    };
    for (name, _) in env::vars_os() {
        if unwanted(&name.to_string_lossy()) {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn is_about_registries(name: &str) -> bool {
    const PREFIXES: [&str; 7] = [
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_REGISTRIES_",
        "CARGO_REGISTRY_",
        "CARGO_SOURCE_",
        "CARGO_TERM_",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_stay_and_profiles_go() {
        for name in ["CARGO_HOME", "CARGO_HTTP_PROXY", "CARGO_SOURCE_CRATES_IO_REPLACE_WITH"] {
            assert!(is_about_registries(name), "{name}");
        }
        for name in ["CARGO", "CARGO_PROFILE_RELEASE_LTO", "CARGO_INCREMENTAL", "CARGO_PKG_NAME"] {
            assert!(!is_about_registries(name), "{name}");
        }
    }
}
