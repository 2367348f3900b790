//! Binding to one CPU, so that processes take turns there instead of running side by side.

use anyhow::Context as _;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};

/// This thread, for `sched_setaffinity`.
const SELF: Pid = Pid::from_raw(0);

/// Does something bound to the last CPU that is allowed; what it starts stays there.
pub fn pinned<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let before = sched_getaffinity(SELF)?;
    let usable = |cpu: &usize| before.is_set(*cpu).unwrap_or(false);
    let cpu = (0..CpuSet::count()).rev().find(usable).context("no CPU is allowed")?;
    let mut set = CpuSet::new();
    set.set(cpu)?;
    sched_setaffinity(SELF, &set)?;
    let done = work();
    sched_setaffinity(SELF, &before)?;
    done
}

/// Moves this thread from CPU to CPU so often, if there are several.
pub fn migrate(times: usize) -> anyhow::Result<()> {
    let before = sched_getaffinity(SELF)?;
    let usable = |cpu: &usize| before.is_set(*cpu).unwrap_or(false);
    for cpu in (0..CpuSet::count()).filter(usable).cycle().take(times) {
        let mut set = CpuSet::new();
        set.set(cpu)?;
        sched_setaffinity(SELF, &set)?;
    }
    sched_setaffinity(SELF, &before)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_cpu_inside_and_as_before_outside() {
        let count = |set: &CpuSet| {
            (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).count()
        };
        let before = sched_getaffinity(SELF).unwrap();
        let inside = pinned(|| Ok(sched_getaffinity(SELF)?)).unwrap();
        assert_eq!(count(&inside), 1);
        assert_eq!(sched_getaffinity(SELF).unwrap(), before);
    }
}
