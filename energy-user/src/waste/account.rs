//! What was found while somebody was watched, of their own processes: each finding once.
//!
//! A finding stands as it was seen last. One that went away and came back has the energy of all
//! its times. None has more of a process's energy than that process was charged with as a part of
//! whoever was watched, so that the findings of a run never claim more than the run used.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::finding::{Charge, Evidence, Figure, Finding, Pool, Rule, merge};
use crate::{
    frame::{Energy, Frame, ProcessFrame},
    sample::ProcessId,
    units::Microjoules,
};

/// Findings that are kept.
const MOST: usize = 200;
/// Ended processes whose energy is remembered: more than any history has.
const MOST_ENDED: usize = 4096;

/// What was found so far.
#[derive(Debug, Default)]
pub struct Account {
    found: BTreeMap<(Rule, String), Entry>,
    /// What each process was charged with.
    charged: FxHashMap<ProcessId, Vec<(Pool, Microjoules)>>,
    ended: VecDeque<ProcessId>,
    full: bool,
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
        for process in own {
            self.charge(frame, process);
        }
        // Whose findings are partly about others are those others' too.
        let whole = |one: &&Finding| one.subject.processes.iter().all(|id| is_own(*id));
        for finding in findings.iter().filter(whole) {
            self.find(finding, frame.time);
        }
    }

    fn charge(&mut self, frame: &Frame, process: &ProcessFrame) {
        let known = self.charged.entry(process.id).or_default();
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
        if process.ended {
            self.ended.push_back(process.id);
            if self.ended.len() > MOST_ENDED
                && let Some(oldest) = self.ended.pop_front()
            {
                self.charged.remove(&oldest);
            }
        }
    }

    fn find(&mut self, finding: &Finding, now: Timestamp) {
        let key = (finding.rule, finding.subject.id.clone());
        let room = self.found.len() < MOST;
        match self.found.get_mut(&key) {
            Some(entry) => {
                // Another time; its energy is not in that of the times before.
                if finding.since >= entry.seen {
                    entry.before.append(&mut entry.latest.charges);
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
            let known = charged.get(&process)?.iter().find(|(known, _)| *known == pool)?;
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
