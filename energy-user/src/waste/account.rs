//! What was found while somebody was watched, of their own processes: each finding once.
//!
//! A finding stands as it was seen last. One that went away and came back has the energy of all
//! its times. None has more of a process's energy than that process was charged with as a part of
//! whoever was watched, so that the findings of a run never claim more than the run used.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

use super::finding::{Charge, Evidence, Figure, Finding, Pool, Rule, merge};
use crate::{
    frame::{Energy, Frame, ProcessFrame},
    sample::ProcessId,
    units::Microjoules,
};

/// Findings that are kept.
const MOST: usize = 200;
/// Processes whose energy is remembered: more than any history has. Those that a finding charges
/// and those of the last interval may be more.
const MOST_CHARGED: usize = 4096;

/// What tells findings apart. Of a rule that is about single processes, each process of a job has
/// one of its own.
type Key = (Rule, String, Option<ProcessId>);

fn key(finding: &Finding) -> Key {
    let Finding { rule, subject, .. } = finding;
    let process = subject.processes.first().filter(|_| rule.is_of_one_process());
    (*rule, subject.id.clone(), process.copied())
}

/// What was found so far.
#[derive(Debug, Default)]
pub struct Account {
    found: BTreeMap<Key, Entry>,
    charged: FxHashMap<ProcessId, Charged>,
    /// So many processes have room until somebody is forgotten.
    room: usize,
    intervals: u64,
    full: bool,
}

/// What a process was charged with.
#[derive(Debug, Default)]
struct Charged {
    pools: Vec<(Pool, Microjoules)>,
    ended: bool,
    /// The interval that last told of it.
    seen: u64,
}

#[derive(Debug)]
struct Entry {
    latest: Finding,
    /// When it was seen last.
    seen: Timestamp,
    /// Since when it was so for the first time.
    first: Timestamp,
    /// The energy of the times before.
    before: Vec<Charge>,
    times: usize,
}

impl Account {
    /// Adds an interval: the processes that are watched in it, and what was found at its end.
    /// `is_own` tells whether a process is or was watched.
    pub fn add(
        &mut self,
        frame: &Frame,
        own: &[&ProcessFrame],
        findings: &[Finding],
        is_own: impl Fn(ProcessId) -> bool,
    ) {
        self.intervals += 1;
        for process in own {
            self.charge(frame, process);
        }
        // Whose findings are partly about others are those others' too.
        let whole = |one: &&Finding| one.subject.processes.iter().all(|id| is_own(*id));
        for finding in findings.iter().filter(whole) {
            self.find(finding, frame.time);
        }
        self.forget();
    }

    fn charge(&mut self, frame: &Frame, process: &ProcessFrame) {
        let known = self.charged.entry(process.id).or_default();
        known.seen = self.intervals;
        known.ended |= process.ended;
        let known = &mut known.pools;
        let Energy { cpu, dram, gpu: _, rest } = process.share.energy;
        let mut add = |pool: Pool, energy: Microjoules| match known
            .iter_mut()
            .find(|(known, _)| *known == pool)
        {
            Some((_, sum)) => *sum += energy,
            None => known.push((pool, energy)),
        };
        for (pool, energy) in [(Pool::Cpu, cpu), (Pool::Dram, dram), (Pool::Rest, rest)] {
            if let Some(energy) = energy {
                add(pool, energy);
            }
        }
        for part in &process.parts {
            let tenancy = frame.pools.get(part.pool).and_then(|pool| pool.tenancy);
            if let Some(gpu) = tenancy.and_then(|tenancy| frame.gpus.get(tenancy.gpu)) {
                add(Pool::Gpu(gpu.gpu.id.clone()), part.moving + part.fixed);
            }
        }
    }

    /// Makes room: of those that no finding charges, the ended go first, and then who was seen
    /// longest ago, since ends may be lost. Nobody of this interval goes.
    fn forget(&mut self) {
        if self.charged.len() <= self.room.max(MOST_CHARGED) {
            return;
        }
        let entries = self.found.values();
        let charges = entries.flat_map(|entry| entry.before.iter().chain(&entry.latest.charges));
        let needed: FxHashSet<_> = charges.map(|charge| charge.process).collect();
        let old =
            |(id, one): &(&ProcessId, &Charged)| one.seen < self.intervals && !needed.contains(id);
        let old = self.charged.iter().filter(old);
        let mut old: Vec<_> = old.map(|(id, one)| (!one.ended, one.seen, *id)).collect();
        old.sort_unstable();
        // Half of the room at a time, so that not every interval sorts.
        let beyond = self.charged.len() - MOST_CHARGED / 2;
        for (.., id) in old.into_iter().take(beyond) {
            self.charged.remove(&id);
        }
        self.room = self.charged.len() * 2;
    }

    fn find(&mut self, finding: &Finding, now: Timestamp) {
        let key = key(finding);
        let room = self.found.len() < MOST;
        match self.found.get_mut(&key) {
            Some(entry) => {
                // Another time; its energy is not in that of the times before.
                if finding.since >= entry.seen {
                    let before = std::mem::take(&mut entry.before);
                    entry.before = merge(before.into_iter().chain(entry.latest.charges.drain(..)));
                    entry.times += 1;
                }
                entry.latest.clone_from(finding);
                entry.seen = now;
            }
            None if room => {
                let (latest, first) = (finding.clone(), finding.since);
                let (before, times) = (Vec::new(), 1);
                self.found.insert(key, Entry { latest, seen: now, first, before, times });
            }
            None => self.full = true,
        }
    }

    /// What there was no room for, in words.
    pub fn warning(&self) -> Option<String> {
        self.full.then(|| format!("more than {MOST} findings: the rest is left out"))
    }

    /// The findings, the one with the most energy first.
    pub fn told(self) -> Vec<Finding> {
        let Self { found, charged, .. } = self;
        let clip = |Charge { process, pool, energy }: Charge| {
            let known = charged.get(&process)?.pools.iter().find(|(known, _)| *known == pool)?;
            Some(Charge { process, pool, energy: energy.min(known.1) })
        };
        let one = |Entry { latest, first, before, times, .. }: Entry| {
            let all = merge(before.into_iter().chain(latest.charges.iter().cloned()));
            let charges = all.into_iter().filter_map(clip).collect();
            let mut evidence = latest.evidence.clone();
            if times > 1 {
                let words = "times in all; the facts before are those of the last";
                evidence.push(Evidence::new("times", Figure::Count(times as f64), words));
            }
            Finding { since: first, evidence, charges, ..latest }
        };
        let mut findings: Vec<_> = found.into_values().map(one).collect();
        findings.sort_by_key(|one| std::cmp::Reverse((one.joules(), one.severity)));
        findings
    }
}

#[cfg(test)]
mod tests;
