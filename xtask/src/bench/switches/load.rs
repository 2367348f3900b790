//! What a ring is made of, and the loads that are measured unless others are asked for.

use std::fmt;

use anyhow::ensure;

/// Processes that live, those of them that take turns, and threads of each.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub live: u32,
    pub hot: u32,
    pub threads: u32,
}

/// From the kindest to caches, to the least kind; then many threads.
pub const LOADS: [Load; 6] = [
    Load { live: 2, hot: 2, threads: 1 },
    Load { live: 100, hot: 2, threads: 1 },
    Load { live: 100, hot: 100, threads: 1 },
    Load { live: 10_000, hot: 2, threads: 1 },
    Load { live: 10_000, hot: 10_000, threads: 1 },
    Load { live: 2, hot: 2, threads: 16 },
];

impl Load {
    /// Fails unless a ring can be made of it.
    pub fn check(self) -> anyhow::Result<()> {
        let Self { live, hot, threads } = self;
        ensure!(hot <= live, "only {live} live, so {hot} cannot be hot: raise --live");
        ensure!(
            u64::from(hot) * u64::from(threads) >= 2,
            "it takes two to switch: raise --hot or --threads"
        );
        Ok(())
    }

    /// What to say when a process cannot be forked.
    pub fn too_many(self, number: u32) -> String {
        format!(
            "process {number} of {} cannot be forked: raise kernel.pid_max, kernel.threads-max, \
             `ulimit -u` or the cgroup's pids.max, free memory, or ask for fewer with --live",
            self.live
        )
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { live, hot, threads } = self;
        write!(f, "{live} live, {hot} hot, threads {threads}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_that_cannot_switch_is_refused() {
        for load in LOADS {
            load.check().unwrap();
        }
        Load { live: 1, hot: 1, threads: 2 }.check().unwrap();
        for (live, hot, threads) in [(2, 3, 1), (2, 1, 1), (2, 0, 16), (2, 2, 0)] {
            assert!(Load { live, hot, threads }.check().is_err(), "{live} {hot} {threads}");
        }
    }
}
