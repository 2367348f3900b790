//! Emissions in other words, each with its source; only ever beside the grams.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{present::figure, units::GramsCo2e};

/// One comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Equivalent {
    /// What of.
    pub what: Cow<'static, str>,
    /// How much of it.
    pub value: f64,
    /// From where its grams are.
    pub source: Cow<'static, str>,
}

/// Mean of the cars newly registered in the EU in 2024, g CO2 for each kilometre (EEA).
const CAR: f64 = 106.8;

/// What emits as much.
pub fn of(grams: GramsCo2e) -> Vec<Equivalent> {
    let source = "EEA: new cars in the EU 2024, mean, 106.8 g CO2/km";
    vec![Equivalent { what: "km by car".into(), value: grams.0 / CAR, source: source.into() }]
}

/// `1.2 km by a new car`; a little is told in metres, and less than one is not worth a word.
pub fn words(grams: GramsCo2e) -> Option<String> {
    let kilometres = Some(grams.0 / CAR).filter(|kilometres| *kilometres >= 1e-3)?;
    let (value, unit) = if kilometres < 1.0 { (kilometres * 1e3, "m") } else { (kilometres, "km") };
    let value = figure::figure(Some(value));
    Some(format!("{value} {unit} by a new car of the EU (106.8 g/km, EEA 2024)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_far_as_a_car_drives() {
        let [car] = &of(GramsCo2e(213.6))[..] else { panic!() };
        assert!((car.value - 2.0).abs() < 1e-12);
        let words = |grams| words(GramsCo2e(grams));
        let far = "2.000 km by a new car of the EU (106.8 g/km, EEA 2024)";
        assert_eq!(words(213.6).as_deref(), Some(far));
        assert!(words(10.68).unwrap().starts_with("100.0 m by"));
        assert_eq!(words(0.1), None);
    }
}
