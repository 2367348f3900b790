//! Debian's kernels, the newest of each line, fetched but never installed.
//!
//! A private apt configuration, so that the suites of other Debian versions come
//! nowhere near the machine's own; package names rotate, so they are resolved here.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

use super::version::newest;
use crate::shell;

const MIRROR: &str = "http://deb.debian.org/debian";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SUITES: [&str; 5] = ["bullseye", "bookworm", "bookworm-backports", "trixie", "sid"];
const SECURITY: [&str; 3] = ["bullseye-security", "bookworm-security", "trixie-security"];

/// A private apt, and what it knows.
pub struct Packages {
    directory: PathBuf,
    names: Vec<String>,
}

impl Packages {
    /// Asks the mirror what there is.
    pub fn update(directory: &Path) -> anyhow::Result<Self> {
        let mut packages = Self { directory: directory.to_path_buf(), names: Vec::new() };
        for sub in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(directory.join(sub))?;
        }
        let mirror = env::var("JOULETOP_DEBIAN_MIRROR").unwrap_or_else(|_| MIRROR.into());
        let line = |mirror: &str, suite: &str| {
            format!("deb [arch=amd64 signed-by={KEYRING}] {mirror} {suite} main\n")
        };
        let mut sources: String = SUITES.iter().map(|suite| line(&mirror, suite)).collect();
        let security = format!("{mirror}-security");
        sources.extend(SECURITY.iter().map(|suite| line(&security, suite)));
        fs::write(directory.join("sources.list"), sources)?;
        // One suite that is gone leaves the others usable: whoever needs it says so.
        if let Err(error) = shell::run(packages.apt("apt-get").args(["-qq", "update"])) {
            println!("not all of Debian's suites could be read: {error:#}");
        }
        let names = shell::output(packages.apt("apt-cache").arg("pkgnames"))?;
        packages.names = names.lines().map(Into::into).collect();
        Ok(packages)
    }

    /// The newest package whose name begins and ends so.
    pub fn newest(&self, prefix: &str, suffix: &str) -> anyhow::Result<&str> {
        let found = newest(self.names.iter().map(String::as_str), prefix, suffix);
        found.with_context(|| {
            format!(
                "Debian has no package {prefix}…{suffix}; is the network there? \
                 JOULETOP_DEBIAN_MIRROR names another mirror"
            )
        })
    }

    /// A package's kernel, from the cache or the mirror.
    pub fn kernel(&self, package: &str) -> anyhow::Result<PathBuf> {
        let kept = self.directory.join("kernels").join(package);
        if kept.is_file() {
            return Ok(kept);
        }
        let work = tempfile::tempdir_in(&self.directory)?;
        let mut download = self.apt("apt-get");
        shell::run(download.current_dir(work.path()).args(["-qq", "download", package]))?;
        let deb = fs::read_dir(work.path())?.next().context("apt-get brought no file")??.path();
        let tree = work.path().join("tree");
        shell::run(Command::new("dpkg").arg("-x").arg(&deb).arg(&tree))?;
        let kernel = vmlinuz(&tree)?;
        fs::create_dir_all(self.directory.join("kernels"))?;
        fs::copy(kernel, &kept)?;
        Ok(kept)
    }

    fn apt(&self, program: &str) -> Command {
        let mut apt = Command::new(program);
        for (name, path) in [
            ("Dir::Etc::sourcelist", self.directory.join("sources.list")),
            ("Dir::Etc::sourceparts", "/dev/null".into()),
            ("Dir::State::Lists", self.directory.join("lists")),
            ("Dir::State::status", "/dev/null".into()),
            ("Dir::Cache", self.directory.join("cache")),
        ] {
            apt.arg(format!("-o{name}={}", path.display()));
        }
        apt.args(["-oAcquire::Languages=none", "-oAPT::Sandbox::User=root"]);
        apt
    }
}

/// The kernel in an unpacked package: under `boot`, or beside the modules since 7.
fn vmlinuz(tree: &Path) -> anyhow::Result<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    for directory in ["boot", "usr/lib/modules", "lib/modules"] {
        let Ok(entries) = fs::read_dir(tree.join(directory)) else { continue };
        for entry in entries {
            let path = entry?.path();
            places.extend([path.join("vmlinuz"), path]);
        }
    }
    let kernel = places.into_iter().find(|path| {
        path.is_file()
            && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz"))
    });
    match kernel {
        Some(kernel) => Ok(kernel),
        None => bail!("the package holds no vmlinuz; Debian has moved it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_found_wherever_debian_puts_it() {
        for place in ["boot/vmlinuz-6.1", "usr/lib/modules/7.2/vmlinuz"] {
            let tree = tempfile::tempdir().unwrap();
            let path = tree.path().join(place);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path.with_file_name("config"), "").unwrap();
            fs::write(&path, "").unwrap();
            assert_eq!(vmlinuz(tree.path()).unwrap(), path);
        }
    }
}
