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

/// Has the kernel bring the CPU time of a process's running threads up to date, which it
/// does when their sum is read (`posix_cpu_clock_get`). One that is gone has none.
pub fn bring_up_to_date(process: u32) {
    /// `CPUCLOCK_SCHED`: the scheduler's own sum (include/linux/posix-timers.h).
    const SCHED: i32 = 2;
    let clock = (!process.cast_signed() << 3) | SCHED;
    let _ = clock_gettime(ClockId::from_raw(clock));
}
