//! How far an energy counter advanced: wraps, resets and nonsense told apart.
//!
//! A counter that steps back has either wrapped or been reset (suspend, kexec, a
//! reloaded driver). The wrap formula applied to a reset would invent up to a
//! quarter of a megajoule, so a wrap is believed only if its power is possible.

use std::time::Duration;

use crate::units::{Microjoules, Watts};

/// No package of any machine draws this; a forward step beyond it is a bad reading.
const ABSURD: Watts = Watts(100_000.0);

/// Why two readings give no energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// It stepped back further than power allows.
    #[error("the counter was reset; this interval has no reading")]
    Reset,
    /// It stepped forward further than power allows.
    #[error("the counter jumped by an impossible amount; this interval has no reading")]
    Absurd,
    /// It read more than its own range.
    #[error("the counter is above its own range; this interval has no reading")]
    OutOfRange,
}

/// Energy between two readings of a counter of `range` (its largest value) over `time`.
///
/// `limit` is the power above which a step back cannot be a wrap. The true modulus
/// of RAPL is one unit more than `range`, so that a wrap is short by at most 61 µJ
/// (`max_energy_range_uj` in the kernel's power capping documentation).
pub fn advance(
    before: u64,
    after: u64,
    range: u64,
    limit: Watts,
    time: Duration,
) -> Result<Microjoules, Gap> {
    if before > range || after > range {
        return Err(Gap::OutOfRange);
    }
    let (energy, limit, gap) = if after >= before {
        (Microjoules(after - before), ABSURD, Gap::Absurd)
    } else {
        (Microjoules(range - before + after), limit, Gap::Reset)
    };
    // Half a second of grace: readings have their own jitter.
    let most = limit.during(time + Duration::from_millis(500));
    if energy > most { Err(gap) } else { Ok(energy) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: u64 = 262_143_328_850;
    const SECOND: Duration = Duration::from_secs(1);
    const LIMIT: Watts = Watts(1000.0);

    #[test]
    fn a_rise_is_the_difference() {
        assert_eq!(advance(5, 12, RANGE, LIMIT, SECOND), Ok(Microjoules(7)));
        assert_eq!(advance(5, 5, RANGE, LIMIT, SECOND), Ok(Microjoules::ZERO));
    }

    #[test]
    fn a_wrap_continues_from_zero() {
        let energy = advance(RANGE - 1_000_000, 2_000_000, RANGE, LIMIT, SECOND);
        assert_eq!(energy, Ok(Microjoules(3_000_000)));
    }

    #[test]
    fn a_reset_is_a_gap_and_never_a_quarter_of_a_megajoule() {
        assert_eq!(advance(1_000_000_000, 5, RANGE, LIMIT, SECOND), Err(Gap::Reset));
    }

    #[test]
    fn nonsense_is_a_gap() {
        assert_eq!(advance(0, RANGE, RANGE, LIMIT, SECOND), Err(Gap::Absurd));
        assert_eq!(advance(0, RANGE + 1, RANGE, LIMIT, SECOND), Err(Gap::OutOfRange));
    }
}
