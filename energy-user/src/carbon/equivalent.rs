//! Emissions in other words, each with its source; only ever beside the grams.

use serde::Serialize;

use crate::{present::figure, units::GramsCo2e};

/// One comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Equivalent {
    /// What of.
    pub what: &'static str,
    /// How much of it.
    pub value: f64,
    /// From where its grams are.
    pub source: &'static str,
}

/// Mean of the cars newly registered in the EU in 2024, g CO2 for each kilometre (EEA).
const CAR: f64 = 106.8;

/// What emits as much.
pub fn of(grams: GramsCo2e) -> Vec<Equivalent> {
    let source = "EEA: new cars in the EU 2024, mean, 106.8 g CO2/km";
    vec![Equivalent { what: "km by car", value: grams.0 / CAR, source }]
}

/// `1.2 km by a new car`; a little is told in metres.
pub fn words(grams: GramsCo2e) -> String {
    let kilometres = grams.0 / CAR;
    let (value, unit) = if kilometres < 1.0 { (kilometres * 1e3, "m") } else { (kilometres, "km") };
    format!("{} {unit} by a new car of the EU (106.8 g/km, EEA 2024)", figure::figure(Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_far_as_a_car_drives() {
        let [car] = &of(GramsCo2e(213.6))[..] else { panic!() };
        assert!((car.value - 2.0).abs() < 1e-12);
        assert_eq!(
            words(GramsCo2e(213.6)),
            "2.000 km by a new car of the EU (106.8 g/km, EEA 2024)"
        );
        assert!(words(GramsCo2e(10.68)).starts_with("100.0 m by"));
    }
}
