//! The kernel's own account of a workload: a cgroup of the `cpuacct` controller.
//!
//! It charges every nanosecond to a group and all groups above it as it is run, by CPU, and
//! keeps what the dead had; nothing of it comes from tracepoints. A task that runs on is
//! charged at every tick, so a reading may be one tick old.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, id},
    sync::atomic::{AtomicU64, Ordering},
    thread::sleep,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Where the controller is expected if the mounts say nothing of it.
const MOUNT: &str = "/sys/fs/cgroup/cpuacct";

/// What keeps the laboratory from the real machine's schedule.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such controller, or no right to it.
    #[error(
        "cannot use {path}: {source}; as root, on a kernel with CONFIG_CGROUP_CPUACCT: \
         mkdir -p /run/cpuacct && mount -t cgroup -o cpuacct cpuacct /run/cpuacct"
    )]
    Controller {
        /// What was tried.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// Another machine than this one.
    #[error(
        "the model is of {modelled} CPUs on {threads} threads a core and this machine has {found} \
         CPUs: take a shape of at most these, with 1 thread a core"
    )]
    Shape {
        /// CPUs of the shape.
        modelled: usize,
        /// Its threads of each core.
        threads: usize,
        /// CPUs of this machine.
        found: usize,
    },
    /// The counters cannot be written.
    #[error(
        "cannot write the powercap tree: {0}; give it a directory of its own that can be written to"
    )]
    Tree(#[from] io::Error),
    /// The thread that polls is gone.
    #[error("the bench panicked; see its message above")]
    Panic,
}

/// A workload's group, removed when dropped.
#[derive(Debug)]
pub struct Group {
    name: String,
    dir: PathBuf,
}

impl Group {
    /// A new group for a workload of that name.
    pub fn new(name: &str) -> Result<Self, Error> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        // Two groups of one process may have the same name.
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let mount = mount();
        let dir = mount.join(format!("laboratory-{}-{number}", id()));
        // A directory would be made where nothing is mounted, too.
        usage(&mount)?;
        fs::create_dir(&dir).map_err(|source| Error::Controller { path: dir.clone(), source })?;
        Ok(Self { name: name.into(), dir })
    }

    /// The workload's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that runs a program in this group from its first instruction on.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("sh");
        let join = r#"echo $$ > "$0/cgroup.procs" && exec "$@""#;
        command.arg("-c").arg(join).arg(&self.dir).arg(program);
        command
    }

    /// Nanoseconds that its processes have had of each CPU, those that ended included.
    pub fn usage(&self) -> Result<Vec<u64>, Error> {
        usage(&self.dir)
    }

    fn processes(&self) -> Vec<i32> {
        let text = fs::read_to_string(self.dir.join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }
}

/// Nanoseconds that everybody has had of each CPU.
pub fn machine_usage() -> Result<Vec<u64>, Error> {
    usage(&mount())
}

/// Where the controller is mounted.
fn mount() -> PathBuf {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    controller(&mounts).map_or_else(|| MOUNT.into(), PathBuf::from)
}

/// The first mount point of the controller, of lines as in fstab(5).
fn controller(mounts: &str) -> Option<&str> {
    mounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let [_, point, "cgroup", options, ..] = fields[..] else { return None };
        options.split(',').any(|option| option == "cpuacct").then_some(point)
    })
}

fn usage(dir: &Path) -> Result<Vec<u64>, Error> {
    let path = dir.join("cpuacct.usage_percpu");
    let text = fs::read_to_string(&path).map_err(|source| Error::Controller { path, source })?;
    Ok(text.split_whitespace().filter_map(|number| number.parse().ok()).collect())
}

impl Drop for Group {
    /// Ends whoever is left: a group with processes cannot be removed, and a workload without
    /// its laboratory would burn on.
    fn drop(&mut self) {
        for _ in 0..200 {
            for process in self.processes() {
                // It may have ended by itself.
                let _ = kill(Pid::from_raw(process), Signal::SIGKILL);
            }
            if fs::remove_dir(&self.dir).is_ok() {
                return;
            }
            sleep(Duration::from_millis(5));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_controller_the_remedy_is_said() {
        let error = usage(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("/nowhere") && error.ends_with("/run/cpuacct"), "{error}");
    }

    #[test]
    fn the_controller_is_found_alone_or_in_company() {
        let mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n\
                      cgroup /g/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n";
        assert_eq!(controller(mounts), Some("/g/cpu,cpuacct"));
        assert_eq!(controller("cgroup /g/cpu cgroup rw,cpu 0 0\n"), None);
    }

    #[test]
    fn a_group_takes_its_processes_with_it() {
        let group = Group::new("sleeper").unwrap();
        let mut child = group.command("sleep").arg("600").spawn().unwrap();
        while !group.processes().contains(&child.id().cast_signed()) {
            sleep(Duration::from_millis(1));
        }
        let dir = group.dir.clone();
        drop(group);
        assert!(!dir.exists());
        assert!(!child.wait().unwrap().success());
    }
}
