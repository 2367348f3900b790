//! Cgroups of the v2 hierarchy by their id, which is all that a switch or an end can tell.
//!
//! The kernel tells id and path of each that is made while we look, so that a container
//! that lived for a second has its name. Those that were there before us are found in the
//! mounted hierarchy, where the id is the inode number of the directory.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use energy_ebpf::event::Cgroup;

/// Directories that a walk looks at, so that no tree can hold us.
const MOST: usize = 100_000;

/// Paths of cgroups by id.
#[derive(Debug)]
pub struct Cgroups {
    proc_root: PathBuf,
    paths: HashMap<u64, String>,
    /// The mounted hierarchy has been walked.
    walked: bool,
}

impl Cgroups {
    /// None known yet; the mount is looked up under `proc_root`.
    pub fn new(proc_root: &Path) -> Self {
        Self { proc_root: proc_root.into(), paths: HashMap::new(), walked: false }
    }

    /// The kernel tells of a new one.
    pub fn made(&mut self, cgroup: &Cgroup) {
        // An id of v1 may be the same number as another one of v2.
        if cgroup.hierarchy == 0 {
            self.paths.insert(cgroup.id, super::identity::text(&cgroup.path));
        }
    }

    /// The path of one, if it says anything: everybody is below the root.
    pub fn path(&mut self, id: u64) -> Option<String> {
        if !self.walked && !self.paths.contains_key(&id) {
            self.walked = true;
            self.walk();
        }
        self.paths.get(&id).filter(|path| *path != "/").cloned()
    }

    /// Finds all that are there.
    fn walk(&mut self) {
        let Some(root) = mount(&self.proc_root) else { return };
        let mut directories = vec![root.clone()];
        while let Some(directory) = directories.pop() {
            let Ok(metadata) = fs::metadata(&directory) else { continue };
            let relative = directory.strip_prefix(&root).unwrap_or(&directory);
            let path = format!("/{}", relative.display());
            self.paths.entry(metadata.ino()).or_insert(path);
            if self.paths.len() > MOST {
                return;
            }
            let Ok(entries) = fs::read_dir(&directory) else { continue };
            let below =
                entries.flatten().filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()));
            directories.extend(below.map(|entry| entry.path()));
        }
    }
}

/// Where the v2 hierarchy is mounted.
fn mount(proc_root: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(proc_root.join("self/mountinfo")).ok()?;
    text.lines().find_map(of_line).map(PathBuf::from)
}

/// The mount point of a line of mountinfo, if it is of the v2 hierarchy's root.
fn of_line(line: &str) -> Option<&str> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let mut fields = mount.split(' ').skip(3);
    let (root, point) = (fields.next()?, fields.next()?);
    (root == "/" && filesystem.starts_with("cgroup2 ")).then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(id: u64, hierarchy: u32, path: &str) -> Cgroup {
        let mut bytes = [0; energy_ebpf::PATH_LEN];
        bytes[..path.len()].copy_from_slice(path.as_bytes());
        let header = energy_ebpf::event::Header { kind: 0, cpu: 0 };
        Cgroup { header, id, hierarchy, reserved: 0, path: bytes }
    }

    #[test]
    fn what_was_told_is_known_and_what_was_there_is_found() {
        let root = tempfile::tempdir().unwrap();
        let (proc, tree) = (root.path().join("proc"), root.path().join("cgroup"));
        fs::create_dir_all(proc.join("self")).unwrap();
        fs::create_dir_all(tree.join("system.slice/a.service")).unwrap();
        let line = format!("30 23 0:26 / {} rw,nosuid - cgroup2 cgroup2 rw\n", tree.display());
        fs::write(proc.join("self/mountinfo"), line).unwrap();
        let id = |path: &str| fs::metadata(tree.join(path)).unwrap().ino();
        let mut cgroups = Cgroups::new(&proc);
        let short = 1 << 40;
        cgroups.made(&made(short, 0, "/short.scope"));
        cgroups.made(&made(short, 3, "/of/another/hierarchy"));
        assert_eq!(cgroups.path(short).as_deref(), Some("/short.scope"));
        let found = cgroups.path(id("system.slice/a.service"));
        assert_eq!(found.as_deref(), Some("/system.slice/a.service"));
        assert_eq!(cgroups.path(id("")), None, "the root says nothing");
        assert_eq!(cgroups.path(short + 1), None);
    }

    #[test]
    fn only_the_root_of_the_v2_hierarchy_is_walked() {
        let line = "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw";
        assert_eq!(of_line(line), Some("/sys/fs/cgroup"));
        for other in ["", "30 23 0:26 /a /b rw - cgroup2 c rw", "1 2 3 / /c rw - cgroup c rw"] {
            assert_eq!(of_line(other), None, "{other}");
        }
    }
}
