//! The names that paths have in the objects, the same on every machine.
//!
//! Panics and BTF's line information hold the paths of sources. Where crates are
//! unpacked depends on the user, on the registry and its mirrors, so each crate is
//! found and named by itself.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

use super::toolchain::Toolchain;
use crate::shell;

/// Of what `cargo metadata` tells, what is needed.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
    /// None for the crates of this workspace.
    source: Option<String>,
}

/// The flags that rename every path that the compiler is told.
pub fn flags(toolchain: &Toolchain, target: &Path) -> anyhow::Result<Vec<String>> {
    let root = shell::root();
    let mut names = vec![
        (root.clone(), "/src".to_string()),
        (target.to_path_buf(), "/target".into()),
        (toolchain.sources.clone(), "/rust".into()),
    ];
    names.extend(crates(&metadata(toolchain, &root)?)?);
    // Of two that fit, rustc takes the later: what is inside comes after.
    names.sort();
    let flags = names.into_iter().flat_map(|(path, name)| {
        // The compiler may be told a link or where it leads to.
        let real = path.canonicalize().ok().filter(|real| *real != path);
        [Some(path), real].into_iter().flatten().map(move |path| flag(&path, &name))
    });
    Ok(flags.collect())
}

fn flag(path: &Path, name: &str) -> String {
    format!("--remap-path-prefix={}={name}", path.display())
}

/// The host is named so that nothing is downloaded for other systems.
fn metadata(toolchain: &Toolchain, root: &Path) -> anyhow::Result<String> {
    let host = toolchain.host()?;
    let mut cargo = toolchain.cargo();
    cargo.current_dir(root.join("energy-ebpf")).args(["metadata", "--quiet", "--locked"]);
    cargo.args(["--format-version", "1", "--features", "bpf", "--filter-platform", &host]);
    shell::output(&mut cargo)
}

/// Directory and name of each crate that comes from elsewhere.
fn crates(metadata: &str) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let metadata: Metadata =
        serde_json::from_str(metadata).context("cargo metadata cannot be read")?;
    let foreign = metadata.packages.into_iter().filter(|package| package.source.is_some());
    let named = foreign.filter_map(|package| {
        let name = format!("/crates/{}-{}", package.name, package.version);
        Some((package.manifest_path.parent()?.to_path_buf(), name))
    });
    Ok(named.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_named_by_what_they_are_not_by_where_they_lie() {
        let metadata = |home: &str| {
            format!(
                r#"{{"packages": [
                {{"name": "own", "version": "0.1.0", "source": null,
                  "manifest_path": "{home}/own/Cargo.toml", "targets": []}},
                {{"name": "aya-ebpf", "version": "0.2.1", "source": "registry+x",
                  "manifest_path": "{home}/registry/src/y/aya-ebpf-0.2.1/Cargo.toml"}}]}}"#
            )
        };
        let found = crates(&metadata("/home/a")).unwrap();
        assert_eq!(
            found,
            [(
                PathBuf::from("/home/a/registry/src/y/aya-ebpf-0.2.1"),
                "/crates/aya-ebpf-0.2.1".to_string()
            )]
        );
        assert_eq!(found[0].1, crates(&metadata("/vendor")).unwrap()[0].1);
    }
}
