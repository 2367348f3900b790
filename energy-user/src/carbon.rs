//! Energy to emissions: the carbon intensity of the grid, with where it is from.
//!
//! A number of grams means nothing without its zone, its year and its source, so
//! an [`Intensity`] carries them all the way to every presenter.

mod table;

use serde::Serialize;
pub use table::{Entry, SOURCE, UnknownZone, entries, lookup};

use crate::units::GramsPerKwh;

/// Where an intensity is from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "basis")]
pub enum Basis {
    /// The user said so.
    Given,
    /// A yearly mean of a zone from the bundled table.
    Table {
        /// Name of the country.
        name: String,
        /// The year of the figure.
        year: u16,
        /// Who published it.
        source: &'static str,
    },
    /// Nobody said where this machine is: the world's mean, a stand-in.
    WorldAverage {
        /// The year of the figure.
        year: u16,
        /// Who published it.
        source: &'static str,
    },
}

/// The zone of those who want the world's mean in so many words.
const WORLD: &str = "WORLD";

/// Carbon intensity of electricity and its origin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Intensity {
    /// Grams CO2e for each kilowatt hour.
    pub value: GramsPerKwh,
    /// The zone's code; none if the user gave a number.
    pub zone: Option<String>,
    /// Where it is from.
    pub basis: Basis,
}

impl Intensity {
    /// What the user said.
    pub fn given(value: GramsPerKwh) -> Self {
        Self { value, zone: None, basis: Basis::Given }
    }

    /// A zone of the bundled table.
    pub fn zone(code: &str) -> Result<Self, UnknownZone> {
        if code.trim().eq_ignore_ascii_case(WORLD) {
            return Ok(Self { zone: Some(WORLD.into()), ..Self::world() });
        }
        lookup(code).map(|entry| Self {
            value: entry.value,
            zone: Some(entry.zone.clone()),
            basis: Basis::Table { name: entry.name.clone(), year: entry.year, source: SOURCE },
        })
    }

    /// The stand-in for a machine whose place nobody told: Ember, Global Electricity
    /// Review 2025.
    pub const fn world() -> Self {
        Self {
            value: GramsPerKwh(473.0),
            zone: None,
            basis: Basis::WorldAverage {
                year: 2024,
                source: "Ember, Global Electricity Review 2025",
            },
        }
    }

    /// In a few words: `473 g/kWh, world average 2024`.
    pub fn label(&self) -> String {
        let value = self.value.0;
        match &self.basis {
            Basis::Given => format!("{value:.0} g/kWh, as given"),
            Basis::Table { name, year, .. } => format!("{value:.0} g/kWh, {name} {year}"),
            Basis::WorldAverage { year, .. } => {
                let hint = if self.zone.is_none() { "; --zone sets yours" } else { "" };
                format!("{value:.0} g/kWh, world average {year}{hint}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stand_in_asks_for_a_zone_unless_it_was_wanted() {
        assert_eq!(Intensity::world().label(), "473 g/kWh, world average 2024; --zone sets yours");
        let wanted = Intensity::zone("world").unwrap();
        assert_eq!(wanted.label(), "473 g/kWh, world average 2024");
        assert_eq!(wanted.basis, Intensity::world().basis);
        assert_eq!(Intensity::zone("fr").unwrap().label(), "56 g/kWh, France 2023");
        assert_eq!(Intensity::given(GramsPerKwh(12.0)).label(), "12 g/kWh, as given");
    }
}
