//! Figures as text: fixed width, unit in the header, `-` for absent, `~` for estimated.
//!
//! All presenters that are read by people format here, so that the same number
//! looks the same in the table, the report and the screen.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::{GramsCo2e, Microjoules, Watts};

/// What stands for a number that is not known. Never `0`.
pub const ABSENT: &str = "-";

/// How energy and power are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Units {
    /// Watts and joules.
    #[default]
    #[serde(rename = "J")]
    Joules,
    /// Watts and watt hours.
    #[serde(rename = "Wh")]
    WattHours,
    /// Milliwatts and millijoules.
    #[serde(rename = "mJ")]
    Milli,
}

impl Units {
    /// The next one in the circle.
    pub fn next(self) -> Self {
        match self {
            Self::Joules => Self::WattHours,
            Self::WattHours => Self::Milli,
            Self::Milli => Self::Joules,
        }
    }

    /// The symbol of power.
    pub fn power_symbol(self) -> &'static str {
        match self {
            Self::Joules | Self::WattHours => "W",
            Self::Milli => "mW",
        }
    }

    /// The symbol of energy.
    pub fn energy_symbol(self) -> &'static str {
        match self {
            Self::Joules => "J",
            Self::WattHours => "Wh",
            Self::Milli => "mJ",
        }
    }

    /// The title of a column of smoothed power.
    pub fn smooth_title(self) -> &'static str {
        match self {
            Self::Joules | Self::WattHours => "avg W",
            Self::Milli => "avg mW",
        }
    }

    /// The title of a column of GPUs' power.
    pub fn gpu_power_title(self) -> &'static str {
        match self {
            Self::Joules | Self::WattHours => "GPU W",
            Self::Milli => "GPU mW",
        }
    }

    /// The title of a column of GPUs' energy.
    pub fn gpu_energy_title(self) -> &'static str {
        match self {
            Self::Joules => "GPU J",
            Self::WattHours => "GPU Wh",
            Self::Milli => "GPU mJ",
        }
    }

    /// Power, without its symbol.
    pub fn power(self, watts: Option<Watts>) -> String {
        figure(watts.map(|watts| match self {
            Self::Joules | Self::WattHours => watts.0,
            Self::Milli => watts.0 * 1e3,
        }))
    }

    /// Energy, without its symbol.
    pub fn energy(self, energy: Option<Microjoules>) -> String {
        figure(energy.map(|energy| match self {
            Self::Joules => energy.joules(),
            Self::WattHours => energy.joules() / 3600.0,
            Self::Milli => energy.joules() * 1e3,
        }))
    }
}

/// Memory in GiB, without the unit.
pub fn gib(bytes: Option<u64>) -> String {
    figure(bytes.map(|bytes| bytes as f64 / f64::from(1_u32 << 30)))
}

/// Memory in GiB with one digit after the point, for lines of devices: `71.0`, `80`.
pub fn rough_gib(bytes: u64) -> String {
    let gib = bytes as f64 / f64::from(1_u32 << 30);
    let text = format!("{gib:.1}");
    match text.strip_suffix(".0") {
        Some("0") if bytes > 0 => "<.1".into(),
        Some(whole) => whole.into(),
        None => text,
    }
}

/// Emissions in grams, without the symbol.
pub fn grams(grams: Option<GramsCo2e>) -> String {
    figure(grams.map(|grams| grams.0))
}

/// Emissions with the unit that suits their size: `19.2 mg CO2e`, `1.20 kg CO2e`.
pub fn mass(mass: Option<GramsCo2e>) -> String {
    let Some(GramsCo2e(grams)) = mass.filter(|mass| mass.0.is_finite()) else {
        return ABSENT.into();
    };
    let (value, unit) = match grams.abs() {
        0.0 => (0.0, "g"),
        size if size < 1e-3 => (grams * 1e6, "µg"),
        size if size < 1.0 => (grams * 1e3, "mg"),
        size if size < 1e3 => (grams, "g"),
        size if size < 1e6 => (grams / 1e3, "kg"),
        _ => (grams / 1e6, "t"),
    };
    format!("{} {unit} CO2e", figure(Some(value)))
}

/// A number in at most six characters where it can be: three or four significant
/// digits, then `k`, `M`, `G`.
pub fn figure(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return ABSENT.into();
    };
    match value.abs() {
        0.0 => "0".into(),
        // Too small to tell apart, but not nothing.
        size if size < 0.0005 => "<.001".into(),
        size if size < 9.9995 => format!("{value:.3}"),
        size if size < 99.995 => format!("{value:.2}"),
        size if size < 999.95 => format!("{value:.1}"),
        size if size < 99_999.5 => format!("{value:.0}"),
        size if size < 999_950.0 => format!("{:.1}k", value / 1e3),
        size if size < 9.9995e6 => format!("{:.3}M", value / 1e6),
        size if size < 999.95e6 => format!("{:.1}M", value / 1e6),
        _ => format!("{:.1}G", value / 1e9),
    }
}

/// A range of power, in as many digits as a guess deserves: `6.1-25`.
pub fn range(units: Units, least: Watts, most: Watts) -> String {
    let rough = |watts: Watts| {
        let value = if units == Units::Milli { watts.0 * 1e3 } else { watts.0 };
        match value {
            _ if !value.is_finite() => ABSENT.into(),
            size if size < 0.995 => format!("{value:.2}"),
            size if size < 9.95 => format!("{value:.1}"),
            size if size < 9_999.5 => format!("{value:.0}"),
            _ => format!("{:.0}k", value / 1e3),
        }
    };
    format!("{}-{}", rough(least), rough(most))
}

/// A time as people say it: `4.2s`, `3m07s`, `2h05m`, `3d04h`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1}s", time.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A name that is safe to print: control characters, which a process may put into
/// its own name to write on somebody's terminal, become `?`.
pub fn printable(text: &str) -> String {
    // Also the marks that reorder text: they make one name look like another.
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if harmful(c) { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_short_and_never_a_false_zero() {
        let cases = [
            (None, "-"),
            (Some(f64::NAN), "-"),
            (Some(0.0), "0"),
            (Some(0.000_04), "<.001"),
            (Some(0.0123), "0.012"),
            (Some(9.9999), "10.00"),
            (Some(62.134), "62.13"),
            (Some(142.34), "142.3"),
            (Some(12_345.6), "12346"),
            (Some(123_456.0), "123.5k"),
            (Some(1_234_567.0), "1.235M"),
            (Some(99_999.7), "100.0k"),
            (Some(5e9), "5.0G"),
        ];
        for (value, text) in cases {
            assert_eq!(figure(value), text);
            assert!(text.len() <= 6);
        }
    }

    #[test]
    fn memory_is_told_in_gib_and_never_as_a_false_zero() {
        let cases = [(0, "0", "0"), (1 << 20, "0.001", "<.1"), (80 << 30, "80.00", "80")];
        for (bytes, fine, rough) in cases {
            assert_eq!((gib(Some(bytes)).as_str(), rough_gib(bytes).as_str()), (fine, rough));
        }
        assert_eq!((gib(None).as_str(), rough_gib(71_168 << 20).as_str()), ("-", "69.5"));
    }

    #[test]
    fn a_range_is_as_rough_as_a_guess() {
        let range = |units, least, most| range(units, Watts(least), Watts(most));
        assert_eq!(range(Units::Joules, 6.14, 25.3), "6.1-25");
        assert_eq!(range(Units::Joules, 0.0, 0.74), "0.00-0.74");
        assert_eq!(range(Units::Milli, 6.14, 25.3), "6140-25k");
    }

    #[test]
    fn emissions_have_the_unit_of_their_size() {
        let cases = [
            (None, "-"),
            (Some(0.0), "0 g CO2e"),
            (Some(0.000_068_5), "68.50 µg CO2e"),
            (Some(0.0192), "19.20 mg CO2e"),
            (Some(1.2), "1.200 g CO2e"),
            (Some(1234.0), "1.234 kg CO2e"),
            (Some(2.5e6), "2.500 t CO2e"),
        ];
        for (grams, text) in cases {
            assert_eq!(mass(grams.map(GramsCo2e)), text);
        }
    }

    #[test]
    fn names_cannot_write_on_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n\u{202e}c"), "a?[2Jb??c");
        assert_eq!(printable("名前 é"), "名前 é");
    }

    #[test]
    fn durations_read_like_clocks() {
        assert_eq!(duration(Duration::from_millis(4200)), "4.2s");
        assert_eq!(duration(Duration::from_secs(187)), "3m07s");
        assert_eq!(duration(Duration::from_mins(125)), "2h05m");
    }
}
