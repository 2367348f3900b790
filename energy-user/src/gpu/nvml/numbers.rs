//! Whether a number that the driver gives is a process of ours.
//!
//! The driver counts processes in the machine's first PID namespace. In another one its number
//! may be somebody else's: there, only a process that has a GPU open is believed to be meant.
//! Driver 560 gave numbers of different namespaces from different calls.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// The machine's first PID namespace (`PROC_PID_INIT_INO` of `include/linux/proc_ns.h`).
const FIRST: &str = "pid:[4026531836]";

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(10);

/// What is known of numbers.
#[derive(Debug)]
pub struct Numbers {
    proc: PathBuf,
    /// We are in another namespace than the first.
    foreign: bool,
    asked: HashMap<u32, (bool, Duration)>,
}

impl Numbers {
    /// By a root of `/proc`.
    pub fn new(proc: PathBuf) -> Self {
        let link = fs::read_link(proc.join("self/ns/pid"));
        let foreign = link.is_ok_and(|namespace| namespace != Path::new(FIRST));
        Self { proc, foreign, asked: HashMap::new() }
    }

    /// We are in another namespace than the driver counts in.
    pub fn are_foreign(&self) -> bool {
        self.foreign
    }

    /// The number means the process that has it here.
    pub fn is_ours(&mut self, pid: u32, at: Duration) -> bool {
        if !self.foreign {
            return true;
        }
        if let Some(&(ours, asked)) = self.asked.get(&pid)
            && at.saturating_sub(asked) < BELIEVED
        {
            return ours;
        }
        self.asked.retain(|_, (_, asked)| at.saturating_sub(*asked) < BELIEVED);
        let ours = has_gpu_open(&self.proc.join(pid.to_string()).join("fd"));
        self.asked.insert(pid, (ours, at));
        ours
    }
}

/// One of these descriptors is of NVIDIA's devices.
fn has_gpu_open(descriptors: &Path) -> bool {
    let Ok(entries) = fs::read_dir(descriptors) else { return false };
    let open = |link: PathBuf| link.to_str().is_some_and(|to| to.starts_with("/dev/nvidia"));
    entries.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(open))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn proc(namespace: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("self/ns")).unwrap();
        symlink(namespace, root.path().join("self/ns/pid")).unwrap();
        for (pid, to) in [("7", "/dev/nvidia0"), ("8", "/dev/null")] {
            fs::create_dir_all(root.path().join(pid).join("fd")).unwrap();
            symlink(to, root.path().join(pid).join("fd/3")).unwrap();
        }
        root
    }

    #[test]
    fn in_the_first_namespace_numbers_are_what_they_are() {
        let root = proc(FIRST);
        let mut numbers = Numbers::new(root.path().into());
        assert!(numbers.is_ours(99, Duration::ZERO) && !numbers.are_foreign());
        let nothing = tempfile::tempdir().unwrap();
        assert!(Numbers::new(nothing.path().into()).is_ours(7, Duration::ZERO));
    }

    #[test]
    fn in_another_only_who_has_a_gpu_open_is_meant() {
        let root = proc("pid:[4026532000]");
        let mut numbers = Numbers::new(root.path().into());
        assert!(numbers.are_foreign());
        assert!(numbers.is_ours(7, Duration::ZERO));
        assert!(!numbers.is_ours(8, Duration::ZERO));
        assert!(!numbers.is_ours(9, Duration::ZERO));
        symlink("/dev/nvidiactl", root.path().join("8/fd/4")).unwrap();
        assert!(!numbers.is_ours(8, Duration::from_secs(9)), "not asked again");
        assert!(numbers.is_ours(8, Duration::from_secs(10)));
    }
}
