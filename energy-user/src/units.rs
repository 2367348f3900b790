//! Quantities as types, so that a joule is never added to a watt.
//!
//! Energy is an integer count of microjoules: only integers let the rows add up
//! to the header exactly. Everything derived from it, for display, is a float.

mod money;

use std::{
    iter::Sum,
    ops::{Add, AddAssign, Mul, Sub},
    time::Duration,
};

pub use money::{Currency, Money, Tariff};
use serde::{Deserialize, Serialize};

/// Energy in whole microjoules.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Microjoules(pub u64);

/// Power in watts.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Watts(pub f64);

/// Mass of emissions in grams of CO2 equivalent.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GramsCo2e(pub f64);

/// Carbon intensity of electricity, grams CO2e for each kilowatt hour.
///
/// It is made by a function that names its unit, or from another unit's own type; there is no
/// type for grams per watt hour, and a bare number is none of these:
///
/// ```
/// # use jouletop::units::{GramsPerKwh, LbsPerMwh, Microjoules};
/// let energy = Microjoules(3_600_000_000_000);
/// let intensity = GramsPerKwh::of_grams_per_kwh(56.0);
/// assert_eq!((energy * intensity).0, 56.0);
/// assert_eq!(GramsPerKwh::from(LbsPerMwh(1000.0)).grams_per_kwh(), 453.59237);
/// ```
///
/// A figure in g/Wh (0.056 for 56 g/kWh) has no way in that does not say `kwh`:
///
/// ```compile_fail,E0423
/// # use jouletop::units::{GramsPerKwh, Microjoules};
/// let energy = Microjoules(3_600_000_000_000);
/// let intensity = GramsPerKwh(0.056);
/// ```
///
/// ```compile_fail,E0277
/// # use jouletop::units::Microjoules;
/// let energy = Microjoules(3_600_000_000_000);
/// let grams = energy * 0.056;
/// ```
///
/// Nor is what a foreign API tells taken for it:
///
/// ```compile_fail,E0277
/// # use jouletop::units::{LbsPerMwh, Microjoules};
/// let energy = Microjoules(3_600_000_000_000);
/// let grams = energy * LbsPerMwh(1000.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GramsPerKwh(pub(crate) f64);

/// The same in pounds CO2 for each megawatt hour, as American sources tell it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct LbsPerMwh(pub f64);

/// Grams in a pound (the international pound of 1959, exact): lb/MWh times a thousandth of it
/// is g/kWh.
const GRAMS_PER_POUND: f64 = 453.592_37;

/// Microjoules in a kilowatt hour.
const MICROJOULES_PER_KWH: f64 = 3.6e12;

impl Microjoules {
    /// Nothing: a measurement, not an absence.
    pub const ZERO: Self = Self(0);

    /// The same energy in joules.
    pub fn joules(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The nearest whole number of microjoules; what is negative or not a number is nothing.
    pub fn from_joules(joules: f64) -> Self {
        Self((joules * 1e6).round() as u64)
    }

    /// Mean power over a time; none over no time.
    pub fn over(self, time: Duration) -> Option<Watts> {
        (!time.is_zero()).then(|| Watts(self.joules() / time.as_secs_f64()))
    }
}

impl GramsPerKwh {
    /// So many grams CO2e for each kilowatt hour.
    pub const fn of_grams_per_kwh(grams: f64) -> Self {
        Self(grams)
    }

    /// Grams CO2e for each kilowatt hour.
    pub const fn grams_per_kwh(self) -> f64 {
        self.0
    }
}

impl From<LbsPerMwh> for GramsPerKwh {
    fn from(LbsPerMwh(pounds): LbsPerMwh) -> Self {
        // A thousand kilowatt hours are one megawatt hour.
        Self(pounds * GRAMS_PER_POUND / 1000.0)
    }
}

impl Watts {
    /// What this power amounts to over a time.
    pub fn during(self, time: Duration) -> Microjoules {
        Microjoules::from_joules(self.0 * time.as_secs_f64())
    }
}

impl Add for Microjoules {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Microjoules {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Microjoules {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Microjoules {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, Add::add)
    }
}

impl AddAssign for GramsCo2e {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Mul<GramsPerKwh> for Microjoules {
    type Output = GramsCo2e;
    fn mul(self, intensity: GramsPerKwh) -> GramsCo2e {
        GramsCo2e(self.0 as f64 / MICROJOULES_PER_KWH * intensity.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kilowatt_hour_emits_its_intensity() {
        let grams = Microjoules(3_600_000_000_000) * GramsPerKwh(400.0);
        assert!((grams.0 - 400.0).abs() < 1e-9);
    }

    #[test]
    fn power_is_energy_over_time_and_back() {
        let watts = Microjoules(30_000_000).over(Duration::from_secs(2));
        assert_eq!(watts, Some(Watts(15.0)));
        assert_eq!(Watts(15.0).during(Duration::from_secs(2)), Microjoules(30_000_000));
        assert_eq!(Microjoules(1).over(Duration::ZERO), None);
    }

    #[test]
    fn not_a_number_of_joules_is_nothing_rather_than_a_crash() {
        assert_eq!(Microjoules::from_joules(f64::NAN), Microjoules::ZERO);
        assert_eq!(Microjoules::from_joules(-1.0), Microjoules::ZERO);
    }
}
