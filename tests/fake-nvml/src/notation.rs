//! The short texts inside a scenario: `1.5s`, `0s..2s 30%`, `400W`, `80GiB`.
//!
//! Everything becomes an integer here, without a float in between, so that sums
//! over time are exact. An error says how to write it instead.

use jiff::SignedDuration;

/// The longest time in a scenario, and of its clock: a year, in nanoseconds.
pub const LONGEST: u64 = 365 * 24 * 3600 * 1_000_000_000;

/// The whole of something, in units of a hundredth of a per cent.
pub const WHOLE: u64 = 10_000;

/// From one time to another; no end means for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Nanoseconds.
    pub from: u64,
    /// Nanoseconds, after `from`.
    pub to: u64,
}

impl Span {
    /// All of the time.
    pub const ALWAYS: Self = Self { from: 0, to: u64::MAX };

    /// Whether a moment is in it.
    pub fn contains(self, at: u64) -> bool {
        self.from <= at && at < self.to
    }
}

/// A time since the start: `500ms`, `1.5s`, `1m30s`.
pub fn time(text: &str) -> Result<u64, String> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|_| format!("{text:?} is not a time; write it like 500ms, 1.5s or 1m30s"))?;
    u64::try_from(duration.as_nanos())
        .ok()
        .filter(|&ns| ns <= LONGEST)
        .ok_or_else(|| format!("{text:?} is not in the scenario; write a time from 0s to a year"))
}

/// `0s..2s`, or `0s..` without an end.
pub fn span(text: &str) -> Result<Span, String> {
    let (from, to) = text
        .split_once("..")
        .ok_or_else(|| format!("{text:?} is not a span of time; write it like 0s..2s"))?;
    let from = time(from)?;
    let to = if to.is_empty() { u64::MAX } else { time(to)? };
    if to <= from {
        return Err(format!("{text:?} ends before it begins; write the earlier time first"));
    }
    Ok(Span { from, to })
}

/// `0s..10s 70%`: when, and how much of the device.
pub fn run(text: &str) -> Result<(Span, u64), String> {
    let (when, part) =
        pair(text).ok_or_else(|| format!("{text:?} is not a run; write it like 0s..10s 70%"))?;
    Ok((span(when)?, share(part)?))
}

/// `10s 400W`: from then on, and what `value` makes of the rest.
pub fn step<T>(text: &str, value: fn(&str) -> Result<T, String>) -> Result<(u64, T), String> {
    let (at, what) =
        pair(text).ok_or_else(|| format!("{text:?} is not a step; write it like \"10s 400W\""))?;
    Ok((time(at)?, value(what)?))
}

/// `70%`, in hundredths of a per cent.
pub fn share(text: &str) -> Result<u64, String> {
    text.strip_suffix('%')
        .and_then(|number| decimal(number, 2))
        .filter(|&share| share <= WHOLE)
        .ok_or_else(|| format!("{text:?} is not a share; write 0% to 100%"))
}

/// `400W`, `70.5W`, `900mW`, in milliwatts.
pub fn power(text: &str) -> Result<u64, String> {
    scaled(text, &[("mW", 0), ("kW", 6), ("W", 3)])
        .filter(|&milliwatts| u32::try_from(milliwatts).is_ok())
        .ok_or_else(|| format!("{text:?} is not a power in whole milliwatts; write it like 400W"))
}

/// `123456J`, `1.5kJ`, in millijoules.
pub fn energy(text: &str) -> Result<u64, String> {
    scaled(text, &[("mJ", 0), ("kJ", 6), ("MJ", 9), ("J", 3)]).ok_or_else(|| {
        format!("{text:?} is not an energy in whole millijoules; write it like 10J or 500mJ")
    })
}

/// `80GiB`, `512MiB`, `0B`, in bytes.
pub fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 4] =
        [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
    UNITS
        .iter()
        .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)))
        .and_then(|(number, unit)| number.parse::<u64>().ok()?.checked_mul(unit))
        .ok_or_else(|| format!("{text:?} is not an amount of memory; write it like 80GiB"))
}

/// `00000000:17:00.0`: domain, bus, device.
pub fn bus(text: &str) -> Result<(u32, u32, u32), String> {
    let numbers = || {
        let (domain, rest) = text.split_once(':')?;
        let (bus, device) = rest.strip_suffix(".0")?.split_once(':')?;
        let hex = |text: &str, digits| {
            (text.len() <= digits).then(|| u32::from_str_radix(text, 16).ok()).flatten()
        };
        Some((hex(domain, 8)?, hex(bus, 2)?, hex(device, 2)?))
    };
    numbers()
        .ok_or_else(|| format!("{text:?} is not a PCI address; write it like 00000000:17:00.0"))
}

fn pair(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split_whitespace();
    let pair = (words.next()?, words.next()?);
    words.next().is_none().then_some(pair)
}

fn scaled(text: &str, units: &[(&str, u32)]) -> Option<u64> {
    let (number, places) =
        units.iter().find_map(|(unit, places)| Some((text.strip_suffix(unit)?, *places)))?;
    decimal(number, places)
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
        assert_eq!(power("70.5W"), Ok(70_500));
        assert_eq!(power("900mW"), Ok(900));
        assert_eq!(energy("123456J"), Ok(123_456_000));
        assert_eq!(share("12.5%"), Ok(1250));
        assert_eq!(bytes("80GiB"), Ok(80 << 30));
        assert_eq!(bus("00000000:17:0a.0"), Ok((0, 0x17, 0xa)));
        assert_eq!(step("10s 400W", power), Ok((10_000_000_000, 400_000)));
        let span = Span { from: 0, to: 10_000_000_000 };
        assert_eq!(run("0s..10s 70%"), Ok((span, 7000)));
    }

    #[test]
    fn nonsense_is_told_and_never_a_panic() {
        for text in ["", "5", "-1s", "1e9s", "9000h", "s", "1s.."] {
            assert!(time(text).is_err(), "{text}");
        }
        for text in ["1s", "2s..1s", "1s..1s", "..", "0s..1s 5%"] {
            assert!(span(text).is_err(), "{text}");
        }
        for text in ["0s..1s", "0s..1s 101%", "0s..1s 5% 6%", "5%"] {
            assert!(run(text).is_err(), "{text}");
        }
        for text in ["W", "-1W", "1", "1.W", "0.0001W", "99999999W", "1 W"] {
            assert!(power(text).is_err(), "{text}");
        }
        for text in ["17", "0:17:00.1", "0:17", "x:17:00.0", "0:117:00.0"] {
            assert!(bus(text).is_err(), "{text}");
        }
        assert!(bytes("1.5GiB").is_err());
        assert!(bytes("99999999999999GiB").is_err());
    }
}
