//! The hash of everything that decides the objects' bytes.
//!
//! Of `Cargo.lock`, only what the BPF crate reaches counts: a new dependency of the
//! user half makes no object stale.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::build::FLAGS;

/// Hexadecimal SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hash of the BPF crate's sources, manifest, profile, dependencies and flags.
pub fn hash(root: &Path) -> anyhow::Result<String> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let mut parts = BTreeMap::new();
    let sources = root.join("energy-ebpf/src");
    for entry in fs::read_dir(&sources)? {
        let path = entry?.path();
        let name = path.strip_prefix(root)?.display().to_string();
        parts.insert(name, read(&path)?);
    }
    parts.insert("manifest".into(), read(&root.join("energy-ebpf/Cargo.toml"))?);
    parts.insert("profile".into(), profile(&read(&root.join("Cargo.toml"))?)?);
    parts.insert("lock".into(), reachable(&read(&root.join("Cargo.lock"))?, "energy-ebpf")?);
    parts.insert("flags".into(), FLAGS.join(" "));
    Ok(digest(&parts))
}

/// One hash of named parts, each with its length, so that none can run into the next.
fn digest(parts: &BTreeMap<String, String>) -> String {
    let mut all = String::new();
    for (name, text) in parts {
        let _ = write!(all, "{name} {}\n{text}\n", text.len());
    }
    sha256(all.as_bytes())
}

/// The release profile of the workspace, as text.
fn profile(manifest: &str) -> anyhow::Result<String> {
    let manifest: toml::Table = manifest.parse()?;
    let profile = manifest.get("profile").and_then(|profiles| profiles.get("release"));
    Ok(profile.map(ToString::to_string).unwrap_or_default())
}

/// Name, version and checksum of each package that `from` reaches in a lock file.
fn reachable(lock: &str, from: &str) -> anyhow::Result<String> {
    let lock: toml::Table = lock.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array).context("no packages")?;
    let text = |package: &toml::Value, field: &str| {
        package.get(field).and_then(toml::Value::as_str).unwrap_or_default().to_string()
    };
    let mut found = BTreeSet::new();
    let mut names = vec![from.to_string()];
    while let Some(wanted) = names.pop() {
        // A dependency is `name`, or `name version` where there are several.
        let (name, version) = wanted.split_once(' ').unwrap_or((&wanted, ""));
        for package in packages {
            let fits = version.is_empty() || text(package, "version") == version;
            if text(package, "name") != name || !fits {
                continue;
            }
            let line = ["name", "version", "checksum"].map(|field| text(package, field)).join(" ");
            if found.insert(line) {
                let needs = package.get("dependencies").and_then(toml::Value::as_array);
                let needs = needs.into_iter().flatten().filter_map(toml::Value::as_str);
                names.extend(needs.map(String::from));
            }
        }
    }
    Ok(found.into_iter().collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
        [[package]]
        name = "probe"
        version = "0.1.0"
        dependencies = ["helper 2.0.0"]
        [[package]]
        name = "helper"
        version = "1.0.0"
        [[package]]
        name = "helper"
        version = "2.0.0"
        checksum = "ab"
        [[package]]
        name = "screen"
        version = "9.0.0"
    "#;

    #[test]
    fn only_what_is_reached_counts() {
        assert_eq!(reachable(LOCK, "probe").unwrap(), "helper 2.0.0 ab\nprobe 0.1.0 ");
    }

    #[test]
    fn another_dependency_of_others_changes_nothing_but_an_own_one_does() {
        let before = reachable(LOCK, "probe").unwrap();
        assert_eq!(reachable(&LOCK.replace("9.0.0", "9.1.0"), "probe").unwrap(), before);
        assert_ne!(reachable(&LOCK.replace("\"ab\"", "\"cd\""), "probe").unwrap(), before);
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        let parts = |a: &str, b: &str| {
            digest(&BTreeMap::from([("a".into(), a.into()), ("b".into(), b.into())]))
        };
        assert_ne!(parts("x\nb 1\n", "y"), parts("x", "y"));
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn only_the_release_profile_counts() {
        let one = profile("[profile.release]\nlto = true\n[profile.dev]\nx = 1").unwrap();
        let two = profile("[profile.release]\nlto = true\n[profile.dev]\nx = 2").unwrap();
        assert_eq!(one, two);
        assert_ne!(one, profile("[profile.release]\nlto = false").unwrap());
    }
}
