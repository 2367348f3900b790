//! The `/proc` probe: needs no right, at lower quality.
//!
//! It reads every process's tick counters at each sample. A process that lives
//! shorter than an interval is not seen; the time it ran is, in `/proc/stat`, and
//! goes to `missed`. All of a process's time counts on the CPU where it ran last.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use procfs::process::all_processes_with_root;

use super::{
    Probe,
    identity::Directory,
    stat::{self, TICK_NS},
};
use crate::{
    sample::{Activity, Birth, CpuTime, Identity, Lost, ProbeKind, ProcessActivity, ProcessId},
    topology::Topology,
};

/// The `/proc` probe.
pub struct ProcProbe {
    root: PathBuf,
    topology: Topology,
    directory: Directory,
    /// None before the first sample, which only marks the start.
    before: Option<Snapshot>,
    /// Who was told of, and as whom.
    told: HashMap<ProcessId, Arc<Identity>>,
}

/// All processes at one moment.
#[derive(Default)]
struct Snapshot {
    processes: HashMap<ProcessId, Seen>,
    /// Time that each cell's CPUs were busy since boot, by the kernel's own ticks.
    busy: CpuTime,
}

struct Seen {
    identity: Arc<Identity>,
    ns: u64,
    cell: usize,
}

impl ProcProbe {
    /// Reads the `/proc` under `root`.
    pub fn open(root: PathBuf, topology: Topology) -> anyhow::Result<Self> {
        let directory = Directory::new(&root);
        let mut probe = Self { root, topology, directory, before: None, told: HashMap::new() };
        let first = probe.snapshot()?;
        probe.before = Some(first);
        Ok(probe)
    }

    fn snapshot(&mut self) -> anyhow::Result<Snapshot> {
        let root = self.root.display();
        let all = all_processes_with_root(&self.root).with_context(|| {
            format!("{root} cannot be listed; mount proc there, or name another --proc-root")
        })?;
        let mut snapshot = Snapshot { busy: self.busy()?, ..Snapshot::default() };
        let mut parents = HashMap::new();
        // What ends between the listing and the reading is simply not there any more.
        for process in all.flatten() {
            let Ok(stat) = process.stat() else { continue };
            let id = ProcessId {
                pid: stat.pid.unsigned_abs(),
                start: stat.starttime.saturating_mul(TICK_NS),
            };
            let before = self.before.as_ref().and_then(|before| before.processes.get(&id));
            let identity = match before {
                Some(seen) if seen.identity.name == stat.comm => Arc::clone(&seen.identity),
                _ => Arc::new(self.directory.read(&process, &stat)),
            };
            let cpu = stat.processor.and_then(|cpu| u32::try_from(cpu).ok()).unwrap_or(0);
            let ns = stat.utime.saturating_add(stat.stime).saturating_mul(TICK_NS);
            let cell = self.topology.cell_of(cpu);
            parents.insert(id, stat.ppid.unsigned_abs());
            snapshot.processes.insert(id, Seen { identity, ns, cell });
        }
        name_parents(&mut snapshot, &parents);
        Ok(snapshot)
    }

    /// Busy time of each cell from `/proc/stat`.
    fn busy(&self) -> anyhow::Result<CpuTime> {
        let mut busy = CpuTime::zero(self.topology.cells().len());
        for cpu in stat::read(&self.root)? {
            busy.add(self.topology.cell_of(cpu.number), cpu.busy_ns);
        }
        Ok(busy)
    }
}

/// Turns parents' numbers into identities, where they still live.
fn name_parents(snapshot: &mut Snapshot, parents: &HashMap<ProcessId, u32>) {
    let by_pid: HashMap<u32, ProcessId> =
        snapshot.processes.keys().map(|id| (id.pid, *id)).collect();
    for (id, seen) in &mut snapshot.processes {
        let parent = parents.get(id).and_then(|pid| by_pid.get(pid)).copied();
        if seen.identity.parent.is_none() && parent.is_some() {
            Arc::make_mut(&mut seen.identity).parent = parent;
        }
    }
}

impl Probe for ProcProbe {
    fn kind(&self) -> ProbeKind {
        ProbeKind::Proc
    }

    fn set_topology(&mut self, topology: &Topology) {
        self.topology = topology.clone();
    }

    fn who(&mut self, pid: u32) -> Option<(ProcessId, Arc<Identity>)> {
        let seen = self.before.iter().flat_map(|before| &before.processes);
        let seen = seen.filter(|(id, _)| id.pid == pid).max_by_key(|(id, _)| id.start);
        let seen = seen.map(|(id, seen)| (*id, Arc::clone(&seen.identity)));
        seen.or_else(|| self.directory.who(pid))
    }

    fn activity(&mut self) -> anyhow::Result<Activity> {
        let now = self.snapshot()?;
        let before = self.before.take().unwrap_or_default();
        let mut activity = Activity::default();
        let mut seen_ns = CpuTime::zero(self.topology.cells().len());
        for (id, seen) in &now.processes {
            let earlier = before.processes.get(id);
            if earlier.is_none()
                && let Some(parent) = seen.identity.parent
            {
                activity.births.push(Birth { child: *id, parent });
            }
            let ns = seen.ns.saturating_sub(earlier.map_or(0, |earlier| earlier.ns));
            if ns > 0 {
                let mut cpu = CpuTime::default();
                cpu.add(seen.cell, ns);
                seen_ns.add(seen.cell, ns);
                let identity = Arc::clone(&seen.identity);
                activity.processes.push(ProcessActivity::new(*id, identity, false, cpu));
            }
        }
        for (id, seen) in before.processes {
            if !now.processes.contains_key(&id) {
                let cpu = CpuTime::default();
                let identity = seen.identity;
                activity.processes.push(ProcessActivity::new(id, identity, true, cpu));
            }
        }
        // Whoever is new here may wait for others and never run.
        for (id, seen) in &now.processes {
            if self.told.get(id).is_none_or(|told| !Arc::ptr_eq(told, &seen.identity)) {
                activity.kin.push((*id, Arc::clone(&seen.identity)));
                self.told.insert(*id, Arc::clone(&seen.identity));
            }
        }
        self.told.retain(|id, _| now.processes.contains_key(id));
        activity.missed = missed(&before.busy, &now.busy, &seen_ns);
        activity.lost = Lost::default();
        self.before = Some(now);
        Ok(activity)
    }
}

/// Time that the CPUs were busy but no process was seen to run, by cell.
///
/// A process counts where it ran last, so one cell may seem to have too much
/// and another too little; only what is missing on the whole machine is missed.
fn missed(before: &CpuTime, now: &CpuTime, seen: &CpuTime) -> CpuTime {
    let busy: Vec<u64> = (0..now.0.len()).map(|c| now.on(c).saturating_sub(before.on(c))).collect();
    let whole = busy.iter().sum::<u64>().saturating_sub(seen.0.iter().sum());
    let lacking: Vec<u64> =
        busy.iter().enumerate().map(|(c, busy)| busy.saturating_sub(seen.on(c))).collect();
    CpuTime(crate::attribute::apportion(whole, &lacking))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_whole_machine_lacks_is_missed() {
        let time = |ns: [u64; 2]| CpuTime(ns.to_vec());
        assert_eq!(missed(&time([0, 0]), &time([100, 100]), &time([100, 40])), time([0, 60]));
        // It ran on both packages, and counts on the second.
        assert_eq!(missed(&time([0, 0]), &time([50, 50]), &time([0, 100])), time([0, 0]));
    }

    #[test]
    fn a_directory_that_is_no_proc_is_an_error_with_the_remedy() {
        let root = tempfile::tempdir().unwrap();
        let error = ProcProbe::open(root.path().into(), Topology::default()).err().unwrap();
        assert!(format!("{error:#}").contains("mount proc there"), "{error:#}");
    }
}
