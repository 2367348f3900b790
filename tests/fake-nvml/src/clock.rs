//! What time it is in the scenario.
//!
//! Time passes by itself, or stands in a file so that a test can step it.

#![expect(clippy::disallowed_methods, reason = "this is the place")]

use std::{
    fs::File,
    io::Read as _,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// The wall clock at the start of a stepped scenario, in microseconds.
pub const STEPPED_EPOCH_US: u64 = 1_800_000_000_000_000;

/// No time of a scenario.
const UNREAD: u64 = u64::MAX;

/// Where time comes from.
#[derive(Debug)]
pub enum Clock {
    /// The system's.
    Running {
        /// When the scenario began.
        start: Instant,
        /// The wall clock then, in microseconds.
        epoch_us: u64,
    },
    /// This file holds nanoseconds since the start.
    Stepped {
        /// Its name.
        file: PathBuf,
        /// What was read last: a file that is being written is empty for an instant.
        last: AtomicU64,
    },
}

impl Clock {
    /// Stepped by a file if there is one; otherwise the scenario begins now.
    pub fn begin(file: Option<PathBuf>) -> Self {
        file.map_or_else(
            || {
                let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Self::Running { start: Instant::now(), epoch_us: epoch.as_micros() as u64 }
            },
            |file| Self::Stepped { file, last: AtomicU64::new(UNREAD) },
        )
    }

    /// Nanoseconds since the start.
    pub fn now(&self) -> Result<u64, String> {
        match self {
            Self::Running { start, .. } => Ok(start.elapsed().as_nanos() as u64),
            Self::Stepped { file, last } => {
                let mut bytes = [0; 32];
                let read = File::open(file).and_then(|mut file| file.read(&mut bytes));
                let text = read.ok().and_then(|length| str::from_utf8(&bytes[..length]).ok());
                let before = || Some(last.load(Relaxed)).filter(|&before| before != UNREAD);
                let now = text.and_then(|text| match text.trim() {
                    "" => before(),
                    digits => digits.parse().ok(),
                });
                let now = now.ok_or_else(|| {
                    let file = file.display();
                    format!("{file}: no time; write nanoseconds there (FAKE_NVML_CLOCK)")
                })?;
                last.store(now, Relaxed);
                Ok(now)
            }
        }
    }

    /// Microseconds of the wall clock at a moment.
    pub fn wall_us(&self, now: u64) -> u64 {
        self.epoch_us() + now / 1000
    }

    /// The moment of a time of the wall clock; none before the start.
    pub fn since_start(&self, wall_us: u64) -> Option<u64> {
        Some(wall_us.checked_sub(self.epoch_us())?.saturating_mul(1000))
    }

    fn epoch_us(&self) -> u64 {
        match self {
            Self::Running { epoch_us, .. } => *epoch_us,
            Self::Stepped { .. } => STEPPED_EPOCH_US,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_steps_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let clock = Clock::begin(Some(file.path().into()));
        assert!(clock.now().unwrap_err().contains("write nanoseconds there"));
        std::fs::write(file.path(), "2500000000\n").unwrap();
        let now = clock.now().unwrap();
        assert_eq!(clock.wall_us(now), 1_800_000_002_500_000);
        assert_eq!(clock.since_start(1_800_000_002_500_000), Some(now));
        assert_eq!(clock.since_start(0), None);
        std::fs::write(file.path(), "").unwrap();
        assert_eq!(clock.now(), Ok(now), "it is being written");
    }
}
