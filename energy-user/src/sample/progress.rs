//! What a process did beside using CPU time: whether it seems to get anywhere.
//!
//! Time on a CPU says nothing of what came of it. The kernel counts some of that: how often a
//! process gave its CPU up or lost it, what it spent inside the kernel, what it read and wrote.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the kernel counted of one process between two looks at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The time between the two looks; not always that of the interval.
    pub over: Duration,
    /// Time on CPUs in the program itself, in whole ticks (`/proc/PID/stat`, field 14).
    pub user: Duration,
    /// Time on CPUs in the kernel for it (field 15).
    pub system: Duration,
    /// Switches away from its threads as they waited for something.
    pub voluntary: u64,
    /// Switches away from its threads as somebody else's turn came.
    pub involuntary: u64,
    /// Page faults, those that asked a disk and those that did not (fields 10 and 12).
    pub faults: u64,
    /// What it read and wrote by calls; none where nobody may know (`/proc/PID/io`).
    pub io: Option<Io>,
    /// Time that its threads were ready to run and waited for a CPU; none where the kernel does
    /// not tell (`schedstat`, field 2).
    pub waited: Option<Duration>,
    /// Its threads at the end.
    pub threads: u32,
    /// Not all of them were looked at: what is counted by thread is too little.
    pub partial: bool,
    /// CPUs that it may use; none where that is not told.
    pub cpus: Option<u32>,
    /// Open files through which data may pass that [`Io`] does not count: sockets, devices,
    /// directories, rings. None where nobody looked.
    pub uncounted: Option<u32>,
}

/// Data that passed through calls that read and write: files, pipes, terminals. Not that of
/// `send` and `recv`, of mapped files, of directories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Io {
    /// Bytes read and written.
    pub bytes: u64,
    /// Calls that read and write.
    pub calls: u64,
}

impl Progress {
    /// Switches of both kinds.
    pub fn switches(&self) -> u64 {
        self.voluntary.saturating_add(self.involuntary)
    }

    /// Time on CPUs, as these counters have it.
    pub fn cpu(&self) -> Duration {
        self.user.saturating_add(self.system)
    }

    /// Adds what the same process did after.
    pub fn add(&mut self, later: &Self) {
        let Self { over, user, system, voluntary, involuntary, faults, io, waited, .. } = *later;
        if self.over.is_zero() {
            *self = *later;
            return;
        }
        self.over = self.over.saturating_add(over);
        self.user = self.user.saturating_add(user);
        self.system = self.system.saturating_add(system);
        self.voluntary = self.voluntary.saturating_add(voluntary);
        self.involuntary = self.involuntary.saturating_add(involuntary);
        self.faults = self.faults.saturating_add(faults);
        // A sum with a gap in it is none.
        self.io = self.io.zip(io).map(|(a, b)| Io {
            bytes: a.bytes.saturating_add(b.bytes),
            calls: a.calls.saturating_add(b.calls),
        });
        self.waited = self.waited.zip(waited).map(|(a, b)| a.saturating_add(b));
        self.threads = later.threads;
        self.partial |= later.partial;
        self.cpus = later.cpus.or(self.cpus);
        self.uncounted = self.uncounted.max(later.uncounted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Progress = Progress {
        over: Duration::from_secs(1),
        user: Duration::from_millis(300),
        system: Duration::from_millis(600),
        voluntary: 10,
        involuntary: 1,
        faults: 5,
        io: Some(Io { bytes: 100, calls: 7 }),
        waited: Some(Duration::from_millis(50)),
        threads: 2,
        partial: false,
        cpus: Some(4),
        uncounted: None,
    };

    #[test]
    fn two_seconds_are_twice_one_and_a_gap_stays_a_gap() {
        let mut sum = Progress::default();
        sum.add(&SECOND);
        assert_eq!(sum, SECOND);
        sum.add(&Progress { uncounted: Some(0), partial: true, threads: 3, ..SECOND });
        assert_eq!((sum.over, sum.cpu()), (Duration::from_secs(2), Duration::from_millis(1800)));
        assert_eq!((sum.switches(), sum.faults, sum.threads), (22, 10, 3));
        assert_eq!(sum.io, Some(Io { bytes: 200, calls: 14 }));
        assert_eq!((sum.partial, sum.uncounted), (true, Some(0)));
        sum.add(&Progress { io: None, ..SECOND });
        sum.add(&SECOND);
        assert_eq!((sum.io, sum.waited), (None, Some(Duration::from_millis(200))));
    }
}
