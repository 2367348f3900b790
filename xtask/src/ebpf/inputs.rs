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

use super::build::recipe;

/// Hexadecimal SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hash of the BPF crate's sources, manifests, dependencies and recipe.
pub fn hash(root: &Path) -> anyhow::Result<String> {
    let own = read(&root.join("energy-ebpf/Cargo.toml"))?;
    let mut parts = BTreeMap::new();
    sources(root, &root.join("energy-ebpf/src"), &mut parts)?;
    parts.insert("workspace".into(), shared(&read(&root.join("Cargo.toml"))?, &own)?);
    parts.insert("manifest".into(), own);
    parts.insert("lock".into(), reachable(&read(&root.join("Cargo.lock"))?, "energy-ebpf")?);
    parts.insert("recipe".into(), recipe());
    Ok(digest(&parts))
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Every Rust file below a directory, by its path from the root.
fn sources(
    root: &Path,
    directory: &Path,
    parts: &mut BTreeMap<String, String>,
) -> anyhow::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(root, &path, parts)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            parts.insert(path.strip_prefix(root)?.display().to_string(), read(&path)?);
        }
    }
    Ok(())
}

/// One hash of named parts, each with its length, so that none can run into the next.
fn digest(parts: &BTreeMap<String, String>) -> String {
    let mut all = String::new();
    for (name, text) in parts {
        let _ = write!(all, "{name} {}\n{text}\n", text.len());
    }
    sha256(all.as_bytes())
}

/// What the BPF crate takes from the workspace: edition, dependencies, release profile.
fn shared(workspace: &str, own: &str) -> anyhow::Result<String> {
    let workspace: toml::Table = workspace.parse()?;
    let own: toml::Table = own.parse()?;
    let at = |path: &[&str]| {
        let value = workspace.get(path[0]);
        path[1..].iter().fold(value, |value, key| value?.get(key)).map(ToString::to_string)
    };
    let mut lines = vec![at(&["workspace", "package", "edition"]), at(&["profile", "release"])];
    if let Some(dependencies) = own.get("dependencies").and_then(toml::Value::as_table) {
        lines.extend(dependencies.keys().map(|name| at(&["workspace", "dependencies", name])));
    }
    Ok(lines.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join("\n"))
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
    fn only_what_the_crate_takes_from_the_workspace_counts() {
        const OWN: &str = "[dependencies]\nhelper.workspace = true";
        const WORKSPACE: &str = "
            [workspace.package]
            edition = '2024'
            [workspace.dependencies]
            helper = '2'
            screen = '9'
            [profile.release.package.probe]
            debug = 2
            [profile.dev]
            x = 1";
        let before = shared(WORKSPACE, OWN).unwrap();
        for (from, to, counts) in [
            ("'2024'", "'2021'", true),
            ("helper = '2'", "helper = '3'", true),
            ("screen = '9'", "screen = '8'", false),
            ("debug = 2", "debug = 1", true),
            ("x = 1", "x = 2", false),
        ] {
            let after = shared(&WORKSPACE.replace(from, to), OWN).unwrap();
            assert_eq!(after != before, counts, "{from} becomes {to}");
        }
    }

    /// A small workspace, whose files are written in the given order.
    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("energy-ebpf/src/kernel")).unwrap();
        let lock = "[[package]]\nname = 'energy-ebpf'\nversion = '0.1.0'";
        let usual =
            [("Cargo.toml", "[workspace]"), ("Cargo.lock", lock), ("energy-ebpf/Cargo.toml", "")];
        for (name, text) in usual.iter().chain(files) {
            fs::write(root.path().join(name), text).unwrap();
        }
        root
    }

    const MAIN: (&str, &str) = ("energy-ebpf/src/main.rs", "mod kernel;");
    const DEEP: (&str, &str) = ("energy-ebpf/src/kernel/task.rs", "struct Task;");

    #[test]
    fn neither_the_place_nor_the_order_of_files_counts() {
        let one = hash(tree(&[MAIN, DEEP]).path()).unwrap();
        assert_eq!(one, hash(tree(&[DEEP, MAIN]).path()).unwrap());
        let notes = ("energy-ebpf/src/notes.txt", "not compiled");
        assert_eq!(one, hash(tree(&[MAIN, DEEP, notes]).path()).unwrap());
    }

    #[test]
    fn a_change_deep_down_makes_the_objects_stale() {
        let one = hash(tree(&[MAIN, DEEP]).path()).unwrap();
        assert_ne!(one, hash(tree(&[MAIN, (DEEP.0, "struct Other;")]).path()).unwrap());
        assert_ne!(one, hash(tree(&[MAIN, ("energy-ebpf/src/task.rs", DEEP.1)]).path()).unwrap());
        assert_ne!(one, hash(tree(&[MAIN]).path()).unwrap());
    }
}
