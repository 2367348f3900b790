//! The only place that reads a clock. Everything else gets its time as data.
#![expect(clippy::disallowed_methods, reason = "this is the place")]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use nix::time::{ClockId, clock_gettime};

/// One moment on the clocks that a sample needs.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Wall clock.
    pub time: Timestamp,
    /// Never steps; stands still in sleep.
    pub monotonic: Duration,
    /// As monotonic, but goes on in sleep.
    pub boottime: Duration,
}

/// Now.
pub fn now() -> Moment {
    Moment {
        time: Timestamp::now(),
        monotonic: read(ClockId::CLOCK_MONOTONIC),
        boottime: read(ClockId::CLOCK_BOOTTIME),
    }
}

/// Now, for timers.
pub fn instant() -> Instant {
    Instant::now()
}

/// A clock that the kernel always has; zero could only follow from a broken libc.
fn read(clock: ClockId) -> Duration {
    clock_gettime(clock).map(Into::into).unwrap_or_default()
}
