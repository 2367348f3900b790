//! One machine for all: each process is a line, each frame tells everybody's place.

mod descent;
mod memory;
mod pipelines;
mod prompts;
mod properties;
mod tags;

use super::*;
use crate::job::table::identity;

const LOGIN: &str = "/user.slice/user-1000.slice/session-3.scope";
const UNIT: &str = "/system.slice/web.service";
const BOX: &str = "/docker/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900";

/// A machine on which each process is one line: pid, parent, command, control group.
#[derive(Default)]
struct Machine {
    jobs: Jobs,
    known: BTreeMap<u32, (ProcessId, Arc<Identity>)>,
    births: Vec<Birth>,
}

fn id(pid: u32) -> ProcessId {
    ProcessId { pid, start: u64::from(pid) * TICK_NS + 7 }
}

impl Machine {
    fn begin(&mut self, pid: u32, parent: u32, cmdline: &str, group: &str) {
        self.put(pid, parent, identity(&[group], &[], cmdline));
    }

    fn put(&mut self, pid: u32, parent: u32, identity: Identity) {
        // A shell in these tests leads a session if its pid is a multiple of 100.
        let session = Some(pid / 100 * 100);
        self.known.insert(pid, (id(pid), Arc::new(Identity { session, ..identity })));
        if parent > 0 {
            self.births.push(Birth { child: id(pid), parent: id(parent) });
        }
    }

    /// A process in a process group.
    fn grouped(&mut self, pid: u32, parent: u32, pgrp: u32, cmdline: &str) {
        let pgrp = Some(pgrp);
        self.put(pid, parent, Identity { pgrp, ..identity(&[LOGIN], &[], cmdline) });
    }

    /// A frame in which everybody ran, and these ended.
    fn frame(&mut self, ended: &[u32]) -> BTreeMap<u32, Placed> {
        let births = std::mem::take(&mut self.births);
        let known = self.known.values();
        let processes = known.map(|(id, identity)| (*id, identity, ended.contains(&id.pid)));
        let placed = self.jobs.observe(&births, processes);
        let placed = self.known.keys().copied().zip(placed).collect();
        self.known.retain(|pid, _| !ended.contains(pid));
        placed
    }

    /// The job of one who may not be among them.
    fn place(
        &mut self,
        id: ProcessId,
        identity: &Arc<Identity>,
        parent: Option<ProcessId>,
    ) -> Option<Arc<Job>> {
        of(&mut self.jobs, id, identity, parent)
    }

    /// Names of the jobs of everybody.
    fn names(&mut self) -> Vec<(u32, String)> {
        let placed = self.frame(&[]);
        placed.iter().map(|(pid, placed)| (*pid, name(placed))).collect()
    }
}

/// The job of one process, by what was told until now.
fn of(
    jobs: &mut Jobs,
    id: ProcessId,
    identity: &Arc<Identity>,
    parent: Option<ProcessId>,
) -> Option<Arc<Job>> {
    if let Some(parent) = parent {
        jobs.born(id, parent);
    }
    jobs.meet(id, identity);
    jobs.join(id);
    jobs.pipelines.settle();
    jobs.placed(id, &mut FxHashMap::default()).job
}

fn name(placed: &Placed) -> String {
    placed.job.as_ref().map_or("-".into(), |job| job.name.clone())
}

fn names(table: &[(u32, &str)]) -> Vec<(u32, String)> {
    table.iter().map(|(pid, name)| (*pid, (*name).into())).collect()
}
