//! The short texts inside a scenario: `1.5s`, `10J`, `cpu0-3 0s..2s 30%`.
//!
//! Everything becomes an integer here, without a float in between, so that the
//! sums of a simulation are exact. An error says how to write it instead.

use std::ops::RangeInclusive;

use jiff::SignedDuration;

use crate::units::GramsPerKwh;

/// The longest time in a scenario, and of its clock: a year, in nanoseconds.
/// With at most 512 CPUs, no sum of CPU time can overflow.
pub const LONGEST: u64 = 365 * 24 * 3600 * 1_000_000_000;

/// A whole CPU, in units of a hundredth of a per cent.
pub const WHOLE: u64 = 10_000;

/// From one time to another; no end means as long as possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Nanoseconds.
    pub from: u64,
    /// Nanoseconds, after `from`.
    pub to: Option<u64>,
}

/// A part of some CPUs for some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which CPUs.
    pub cpus: RangeInclusive<u32>,
    /// When.
    pub span: Span,
    /// Of each CPU, at most [`WHOLE`].
    pub share: u64,
}

/// A time since the start: `500ms`, `1.5s`, `1m30s`.
pub fn time(text: &str) -> Result<u64, String> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|_| format!("{text:?} is not a time; write it like 500ms, 1.5s or 1m30s"))?;
    if duration.is_negative() {
        return Err(format!("the time {text:?} is negative; everything begins at 0s"));
    }
    u64::try_from(duration.as_nanos())
        .ok()
        .filter(|&ns| ns <= LONGEST)
        .ok_or_else(|| format!("the time {text:?} is too long; a scenario lasts at most a year"))
}

/// A time as people write it.
pub fn show(ns: u64) -> String {
    format!("{:#}", SignedDuration::from_nanos(ns.cast_signed()))
}

/// `0s..2s`, or `0s..` without an end.
pub fn span(text: &str) -> Result<Span, String> {
    let (from, to) = text
        .split_once("..")
        .ok_or_else(|| format!("{text:?} is not a span of time; write it like 0s..2s"))?;
    let from = time(from)?;
    let to = if to.is_empty() { None } else { Some(time(to)?) };
    if to.is_some_and(|to| to <= from) {
        return Err(format!("{text:?} ends before it begins; write the earlier time first"));
    }
    Ok(Span { from, to })
}

/// `cpu0 0s..2s`, `cpu0-3 1s..4s 30%`.
pub fn slot(text: &str) -> Result<Slot, String> {
    let words: Vec<_> = text.split_whitespace().collect();
    let (cpus, when, share) = match words[..] {
        [cpus, when] => (cpus, when, WHOLE),
        [cpus, when, part] => (cpus, when, share(part)?),
        _ => return Err(format!("{text:?} is not a run; write it like cpu0 0s..2s 30%")),
    };
    Ok(Slot { cpus: cpu_range(cpus)?, span: span(when)?, share })
}

/// `cpu3` or `cpu0-3`.
fn cpu_range(text: &str) -> Result<RangeInclusive<u32>, String> {
    let range = || {
        let numbers = text.strip_prefix("cpu")?;
        let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last).then_some(first..=last)
    };
    range().ok_or_else(|| format!("{text:?} is not a CPU; write it like cpu3 or cpu0-3"))
}

/// `30%`, `12.5%`: more than nothing, at most a whole CPU.
pub fn share(text: &str) -> Result<u64, String> {
    text.strip_suffix('%')
        .and_then(|number| decimal(number, 2))
        .filter(|share| (1..=WHOLE).contains(share))
        .ok_or_else(|| format!("{text:?} is not a share of a CPU; write 0.01% to 100%"))
}

/// `10J`, `0.5kJ`, `262143328850uJ`, in microjoules.
pub fn energy(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u32); 5] = [("uJ", 0), ("mJ", 3), ("kJ", 9), ("MJ", 12), ("J", 6)];
    UNITS
        .iter()
        .find_map(|(unit, places)| Some((text.strip_suffix(unit)?, *places)))
        .and_then(|(number, places)| decimal(number, places))
        .ok_or_else(|| {
            format!("{text:?} is not an energy in whole microjoules; write it like 10J or 500mJ")
        })
}

/// `2GiB`, `500MiB`: memory, in bytes.
pub fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 4] =
        [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    UNITS
        .iter()
        .find_map(|(unit, times)| Some((text.strip_suffix(unit)?, times)))
        .and_then(|(number, times)| number.parse::<u64>().ok()?.checked_mul(*times))
        .ok_or_else(|| format!("{text:?} is not a memory; write it like 2GiB or 500MiB"))
}

/// `1s 30J`: a point of a meter.
pub fn point(text: &str) -> Result<(u64, u64), String> {
    let (at, joules) = text
        .split_once(' ')
        .ok_or_else(|| format!("{text:?} is not a reading; write it like 1s 30J"))?;
    Ok((time(at)?, energy(joules.trim())?))
}

/// `30m 400`: from when on, and grams CO2e for each kilowatt hour.
pub fn intensity(text: &str) -> Result<(u64, GramsPerKwh), String> {
    let wrong = || format!("{text:?} is no intensity; write it like 30m 400, at most 10000 g/kWh");
    let (at, grams) = text.split_once(' ').ok_or_else(wrong)?;
    let grams = grams.trim().parse::<f64>().ok().filter(|it| (0.0..=10_000.0).contains(it));
    Ok((time(at)?, GramsPerKwh::of_grams_per_kwh(grams.ok_or_else(wrong)?)))
}

/// `2s..3s gone; load the module again`: when, and a reason.
pub fn absence(text: &str) -> Result<(Span, String), String> {
    let (when, why) = text.split_once(' ').unwrap_or((text, ""));
    let span = span(when)?;
    if why.trim().is_empty() {
        return Err(format!("{text:?} has no reason; write it like 2s..3s the zone is gone"));
    }
    Ok((span, why.trim().into()))
}

/// A decimal number without sign, times ten to the power of `places`; exact or nothing.
fn decimal(text: &str, places: u32) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) {
        return None;
    }
    let part = part.trim_end_matches('0');
    let missing = places.checked_sub(u32::try_from(part.len()).ok()?)?;
    let part: u64 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(10_u64.checked_pow(places)?)?.checked_add(part * 10_u64.pow(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(energy("10J"), Ok(10_000_000));
        assert_eq!(energy("262143328850uJ"), Ok(262_143_328_850));
        assert_eq!(energy("0.1J"), Ok(100_000));
        assert_eq!(energy("1.50mJ"), Ok(1500));
        assert_eq!(share("12.5%"), Ok(1250));
        assert_eq!(time("0.3s"), Ok(300_000_000));
        assert_eq!(time("1m30s"), Ok(90_000_000_000));
    }

    #[test]
    fn a_run_has_a_cpu_a_span_and_perhaps_a_share() {
        let span = Span { from: 1_000_000_000, to: None };
        assert_eq!(slot("cpu0-3 1s.. 30%"), Ok(Slot { cpus: 0..=3, span, share: 3000 }));
        let span = Span { from: 500_000_000, to: Some(1_500_000_000) };
        assert_eq!(slot("cpu7 0.5s..1.5s"), Ok(Slot { cpus: 7..=7, span, share: WHOLE }));
    }

    #[test]
    fn nonsense_is_told_and_never_a_panic() {
        for text in ["", "5", "-1s", "1e9s", "999999999999999999999h", "9000h1ns", "s", "1s.."] {
            assert!(time(text).is_err(), "{text}");
        }
        for text in ["1s", "2s..1s", "1s..1s", "..", "1s...2s"] {
            assert!(span(text).is_err(), "{text}");
        }
        for text in ["cpu0", "cpu 0s..1s", "cpu3-1 0s..1s", "cpu-1 0s..1s", "cpu0 0s..1s 101%"] {
            assert!(slot(text).is_err(), "{text}");
        }
        for text in ["", "400", "0s", "0s -1", "0s nan", "0s 10001", "0s 400g", "-1s 4"] {
            assert!(intensity(text).is_err(), "{text}");
        }
        for text in ["J", "-1J", "1", "1.J", ".5J", "0.0000001J", "99999999999999999999J", "1 J"] {
            assert!(energy(text).is_err(), "{text}");
        }
    }
}
