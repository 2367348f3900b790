//! What comes of a process's time in a scenario: `0s..2m system=90% switches=20000 wait=50%`.
//!
//! Parts are of its CPU time, counts are for each second. Like everything in a scenario, they
//! are sums since the start, so that it does not matter how often one looks.

use std::time::Duration;

use super::{
    notation::{self, LONGEST},
    schedule::Load,
};
use crate::sample::{Io, Progress};

/// What comes of its time in a part of a round.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    from: u64,
    to: u64,
    /// Of its CPU time, in units of a hundredth of a per cent.
    system: u64,
    wait: Option<u64>,
    /// A second.
    switches: u64,
    preempted: u64,
    faults: u64,
    bytes: Option<u64>,
    calls: u64,
    /// As they are.
    threads: u32,
    cpus: Option<u32>,
    uncounted: Option<u32>,
}

/// A sum since the start, at a moment, from one within a round.
pub type Sum<'a> = &'a dyn Fn(u64, &dyn Fn(u64) -> u64) -> u64;

/// A whole, in units of a hundredth of a per cent.
const WHOLE: u64 = 10_000;

impl Course {
    /// Reads one within a life.
    pub fn new(text: &str, (starts, ends): (u64, u64)) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let span = notation::span(words.next().unwrap_or_default())?;
        let to = span.to.unwrap_or(ends);
        if span.from < starts || span.from >= to || to > ends {
            return Err(format!("{text:?} is outside of the process's life; move or shorten it"));
        }
        let mut course = Self {
            from: span.from,
            to,
            system: 0,
            wait: Some(0),
            switches: 0,
            preempted: 0,
            faults: 0,
            bytes: Some(0),
            calls: 0,
            threads: 1,
            cpus: None,
            uncounted: Some(0),
        };
        for word in words {
            course.set(word)?;
        }
        Ok(course)
    }

    fn set(&mut self, word: &str) -> Result<(), String> {
        let wrong = || {
            format!(
                "{word:?} tells nothing of progress; write system=90%, wait=50%, switches=20000, \
                 preempted=10, bytes=1MiB, calls=5, faults=100, threads=4, cpus=2 or uncounted=1"
            )
        };
        let (name, value) = word.split_once('=').ok_or_else(wrong)?;
        let count = || value.parse::<u32>().map_err(|_| wrong());
        let untold = value == "none";
        match name {
            "system" => self.system = notation::share(value)?,
            "wait" if untold => self.wait = None,
            "wait" => {
                let percent = value.strip_suffix('%').and_then(|number| number.parse().ok());
                let percent: u32 = percent.ok_or_else(wrong)?;
                self.wait = Some(u64::from(percent) * (WHOLE / 100));
            }
            "switches" => self.switches = count()?.into(),
            "preempted" => self.preempted = count()?.into(),
            "faults" => self.faults = count()?.into(),
            "bytes" if untold => self.bytes = None,
            "bytes" => self.bytes = Some(notation::bytes(value)?.min(1 << 40)),
            "calls" => self.calls = count()?.into(),
            "threads" => self.threads = count()?,
            "cpus" => self.cpus = Some(count()?),
            "uncounted" if untold => self.uncounted = None,
            "uncounted" => self.uncounted = Some(count()?),
            _ => return Err(wrong()),
        }
        Ok(())
    }

    /// What was counted between two moments; `sum` makes a sum since the start from one within a
    /// round. None if neither time nor a CPU was used in its span meanwhile.
    pub fn between(&self, loads: &[Load], (from, to): (u64, u64), sum: Sum) -> Option<Progress> {
        let gained =
            |within: &dyn Fn(u64) -> u64| sum(to, within).saturating_sub(sum(from, within));
        let inside = |phase: u64| phase.clamp(self.from, self.to);
        let over = gained(&|phase| inside(phase) - self.from);
        let cpu = gained(&|phase| {
            let used = |at: u64| loads.iter().map(|load| load.busy(at)).sum::<u64>();
            used(inside(phase)) - used(self.from)
        });
        if over == 0 || cpu == 0 {
            return None;
        }
        let part = |of: u64| (u128::from(cpu) * u128::from(of) / u128::from(WHOLE)) as u64;
        let count = |rate: u64| (u128::from(over) * u128::from(rate) / 1_000_000_000) as u64;
        let system = part(self.system);
        Some(Progress {
            over: Duration::from_nanos(over),
            user: Duration::from_nanos(cpu - system),
            system: Duration::from_nanos(system),
            voluntary: count(self.switches),
            involuntary: count(self.preempted),
            faults: count(self.faults),
            io: self.bytes.map(|bytes| Io { bytes: count(bytes), calls: count(self.calls) }),
            waited: self.wait.map(|wait| Duration::from_nanos(part(wait))),
            threads: self.threads,
            partial: false,
            cpus: self.cpus,
            uncounted: self.uncounted,
        })
    }
}

/// Reads all of a process within its life.
pub fn courses(texts: &[String], starts: u64, ends: Option<u64>) -> Result<Vec<Course>, String> {
    texts.iter().map(|text| Course::new(text, (starts, ends.unwrap_or(LONGEST)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn rates_and_parts_become_sums_of_the_time_inside() {
        let text = "1s..3s system=75% switches=1000 bytes=2KiB wait=200% cpus=2";
        let course = Course::new(text, (0, 10 * SECOND)).unwrap();
        let load = Load { cpu: 0, package: 0, from: 0, to: 10 * SECOND, share: 5000 };
        let plain: Sum = &|at, within| within(at);
        let progress = course.between(&[load], (0, 2 * SECOND), plain).unwrap();
        // One second inside, half of a CPU.
        assert_eq!(progress.over, Duration::from_secs(1));
        assert_eq!(progress.system, Duration::from_millis(375));
        assert_eq!(progress.user, Duration::from_millis(125));
        assert_eq!((progress.voluntary, progress.io.unwrap().bytes), (1000, 2048));
        assert_eq!((progress.waited, progress.cpus), (Some(Duration::from_secs(1)), Some(2)));
        assert!(course.between(&[load], (3 * SECOND, 9 * SECOND), plain).is_none());
        assert!(course.between(&[], (0, 2 * SECOND), plain).is_none());
    }

    #[test]
    fn nonsense_is_told() {
        for text in ["", "1s..2s fast", "1s..2s system=101%", "1s..2s switches=-1", "0s.. bytes=5"]
        {
            assert!(Course::new(text, (0, 10 * SECOND)).is_err(), "{text}");
        }
        assert!(Course::new("5s..11s", (0, 10 * SECOND)).unwrap_err().contains("outside"));
        let untold = Course::new("0s.. bytes=none wait=none uncounted=none", (0, SECOND)).unwrap();
        assert_eq!((untold.bytes, untold.wait, untold.uncounted), (None, None, None));
    }
}
