//! Who kept a GPU busy, from the samples that its driver takes of each process.
//!
//! The driver looks at ticks of its own, from six a second to one a second, and names only who
//! was busy. We look when we like: what a tick says holds until the next one, and the time that
//! it covers is what weighs it. That nobody is named means idle only when a tick is overdue.
//!
//! A driver that tells each tick shows its pauses; one that tells a single mean of each process
//! since it was last asked does not, and then a mean is taken to hold for all of the interval.

use std::{collections::BTreeMap, time::Duration};

/// Samples that are nearer to each other are of one tick, microseconds.
const ONE_TICK: u64 = 10_000;

/// No tick covers more, microseconds (NVML: "sample period [...] between 1 second and 1/6
/// second", of `nvmlUtilization_t`).
const LONGEST: u64 = 1_000_000;

/// After this the next tick is overdue, microseconds.
const OVERDUE: u64 = 1_200_000;

/// A wall clock that differs by more from what was to be expected was set, microseconds.
const STEP: u64 = 500_000;

/// What a driver says of one process at one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Whose.
    pub pid: u32,
    /// When, microseconds since the epoch.
    pub at: u64,
    /// Time in which a kernel of it ran: per cent.
    pub busy: u32,
}

/// Who was at work in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Its number.
    pub pid: u32,
    /// The time that it used the device.
    pub busy: Duration,
    /// When it was last seen at work, microseconds since the epoch.
    pub seen: u64,
    /// It was seen since the reading before.
    pub new: bool,
}

/// What is known of a device's processes.
#[derive(Debug, Default)]
pub struct Usage {
    /// The wall clock and the steady one at the last reading.
    read: Option<(u64, Duration)>,
    /// The last sample that was seen.
    seen: u64,
    /// The last tick.
    tick: u64,
    /// The time that it covered.
    covered: u64,
    /// What was before is known.
    edge: u64,
    /// The driver tells each tick.
    each: bool,
    /// The last means.
    held: BTreeMap<u32, Mean>,
}

/// A mean, as per cent times microseconds over microseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: u128,
    over: u64,
    seen: u64,
    new: bool,
}

impl Usage {
    /// The time of the last sample seen, which the driver is to be asked with. The first time
    /// it is now: what was before we looked is nobody's.
    pub fn ask(&mut self, wall: u64, steady: Duration) -> u64 {
        match self.read {
            None => *self = Self { seen: wall, tick: wall, edge: wall, ..Self::default() },
            Some((before, then)) => {
                let passed = steady.saturating_sub(then).as_micros() as u64;
                let expected = before.saturating_add(passed);
                if expected.abs_diff(wall) > STEP {
                    let step = wall.cast_signed().saturating_sub(expected.cast_signed());
                    let moved = |time: u64| time.saturating_add_signed(step);
                    self.seen = moved(self.seen).min(wall);
                    self.tick = moved(self.tick);
                    self.edge = moved(self.edge);
                }
            }
        }
        self.read = Some((wall, steady));
        self.seen
    }

    /// The time of the last sample seen.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Forgets everything: the device was away.
    pub fn forget(&mut self) {
        *self = Self { each: self.each, ..Self::default() };
    }

    /// What the driver said when it was asked; nothing newer is no sample. Each process has
    /// the time that it used of an interval.
    pub fn take(&mut self, samples: Vec<Sample>, interval: Duration) -> Vec<Worker> {
        let wall = self.read.map_or(0, |(wall, _)| wall);
        let ticks = self.ticks(samples, wall);
        self.held.values_mut().for_each(|mean| mean.new = false);
        let newest = self.hold(&ticks, wall);
        if !newest && wall > self.tick.saturating_add(OVERDUE) {
            self.held.clear();
        }
        self.edge = self.edge.max(self.tick).max(wall.saturating_sub(OVERDUE));
        let worker = |(&pid, mean): (&u32, &Mean)| Worker {
            pid,
            busy: mean.of(interval),
            seen: mean.seen,
            new: mean.new,
        };
        self.held.iter().map(worker).collect()
    }

    /// Samples by ticks: the time of each and what was busy.
    fn ticks(&mut self, mut samples: Vec<Sample>, wall: u64) -> Vec<Vec<Sample>> {
        let latest = wall.saturating_add(LONGEST);
        samples.retain(|one| one.pid != 0 && one.at > self.seen && one.at <= latest);
        samples.sort_unstable_by_key(|one| (one.at, one.pid));
        samples.dedup_by_key(|one| (one.at, one.pid));
        let Some(last) = samples.last() else { return Vec::new() };
        self.seen = last.at;
        let mut ticks: Vec<Vec<Sample>> = Vec::new();
        for sample in samples {
            match ticks.last_mut() {
                Some(tick) if sample.at < tick[0].at.saturating_add(ONE_TICK) => tick.push(sample),
                _ => ticks.push(vec![sample]),
            }
        }
        let mut pids: Vec<u32> = ticks.iter().flatten().map(|one| one.pid).collect();
        let all = pids.len();
        pids.sort_unstable();
        pids.dedup();
        self.each |= pids.len() < all;
        if self.each { ticks } else { vec![ticks.into_iter().flatten().collect()] }
    }

    /// Means over the ticks that are new; false if there are none.
    fn hold(&mut self, ticks: &[Vec<Sample>], wall: u64) -> bool {
        let mut means: BTreeMap<u32, Mean> = BTreeMap::new();
        let mut known = 0;
        let mut add = |tick: &[Sample], covered: u64| {
            for sample in tick {
                let mean = means.entry(sample.pid).or_default();
                mean.sum += u128::from(sample.busy.min(100)) * u128::from(covered);
                mean.seen = sample.at;
                mean.new = true;
            }
        };
        for tick in ticks {
            let Some(at) = tick.last().map(|sample| sample.at) else { continue };
            if at < self.tick.saturating_add(ONE_TICK) && self.covered > 0 {
                // The rest of a tick whose beginning was read before.
                add(tick, self.covered);
                continue;
            }
            self.covered = at.saturating_sub(self.tick).clamp(1, LONGEST);
            known += self.covered;
            self.tick = at;
            add(tick, self.covered);
        }
        if known == 0 {
            // Only latecomers, or nobody: what is held goes on.
            let over = self.covered.max(1);
            self.held.extend(means.into_iter().map(|(pid, mean)| (pid, Mean { over, ..mean })));
            return !ticks.is_empty();
        }
        let until = self.tick.max(wall.saturating_sub(OVERDUE));
        let passed = until.saturating_sub(self.edge);
        let over = if self.each { known.max(passed) } else { known };
        for mean in means.values_mut() {
            mean.over = over;
        }
        self.held = means;
        true
    }
}

impl Mean {
    /// The part of an interval.
    fn of(self, interval: Duration) -> Duration {
        let whole = u128::from(self.over.max(1)) * 100;
        let ns = interval.as_nanos().saturating_mul(self.sum) / whole;
        Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX)).min(interval)
    }
}

#[cfg(test)]
mod tests;
