//! Energy to emissions: the carbon intensity of the grid, with where it is from.
//!
//! A number of grams means nothing without its zone, its time, its source and what it counts,
//! so an [`Intensity`] carries them all the way to every presenter.

pub mod embodied;
pub mod equivalent;
pub mod footprint;
pub mod live;
pub mod prices;
mod table;

use std::borrow::Cow;

use footprint::Factors;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
pub use table::{Entry, SOURCE, UnknownZone, entries, lookup};

use crate::units::{GramsCo2e, GramsPerKwh, Microjoules};

/// Where an intensity is from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "basis")]
pub enum Basis {
    /// The user said so.
    Given,
    /// A yearly mean of a zone from the bundled table.
    Table {
        /// Name of the zone.
        name: String,
        /// The year of the figure.
        year: u16,
        /// Who published it.
        source: Cow<'static, str>,
    },
    /// Nobody said where this machine is: the world's mean, a stand-in.
    WorldAverage {
        /// The year of the figure.
        year: u16,
        /// Who published it.
        source: Cow<'static, str>,
    },
    /// A service told it of a stretch of time.
    Live {
        /// The service.
        source: Cow<'static, str>,
        /// From when it holds.
        at: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// A made-up machine's made-up grid.
    Scenario,
}

/// What emissions an intensity counts. The two are never to be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// What leaves the chimney.
    Direct,
    /// Fuel, plants and their end as well.
    #[default]
    LifeCycle,
}

/// Of which plants an intensity tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Of all: for accounts.
    Average,
    /// Of those that would run more if more was drawn: for decisions, not for accounts.
    Marginal,
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
    /// What is counted; none where that was not told.
    pub scope: Option<Scope>,
    /// Of which plants; none where that was not told.
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    /// It was computed or forecast, not metered.
    pub estimated: bool,
    /// It stands in for what a service did not tell, and why.
    pub fall_back: Option<String>,
    /// What is drawn beyond what is metered.
    #[serde(flatten)]
    pub factors: Factors,
}

impl Intensity {
    /// What the user said.
    pub fn given(value: GramsPerKwh) -> Self {
        Self { kind: None, scope: None, ..Self::life_cycle(value, Basis::Given) }
    }

    /// A zone of the bundled table.
    pub fn zone(code: &str) -> Result<Self, UnknownZone> {
        if code.trim().eq_ignore_ascii_case(WORLD) {
            return Ok(Self { zone: Some(WORLD.into()), ..Self::world() });
        }
        lookup(code).map(|entry| {
            let (name, source) = (entry.name.clone(), entry.source.words().into());
            let basis = Basis::Table { name, year: entry.year, source };
            Self {
                zone: Some(entry.zone.clone()),
                scope: Some(entry.scope),
                estimated: entry.source.is_estimate(),
                ..Self::life_cycle(entry.value, basis)
            }
        })
    }

    /// The stand-in for a machine whose place nobody told: Ember, Global Electricity
    /// Review 2025.
    pub const fn world() -> Self {
        let source = Cow::Borrowed("Ember, Global Electricity Review 2025");
        Self::life_cycle(GramsPerKwh(473.0), Basis::WorldAverage { year: 2024, source })
    }

    /// A made-up grid's.
    pub fn scenario(value: GramsPerKwh) -> Self {
        Self { kind: None, scope: None, ..Self::life_cycle(value, Basis::Scenario) }
    }

    const fn life_cycle(value: GramsPerKwh, basis: Basis) -> Self {
        Self {
            value,
            zone: None,
            basis,
            scope: Some(Scope::LifeCycle),
            kind: Some(Kind::Average),
            estimated: false,
            fall_back: None,
            factors: Factors::NONE,
        }
    }

    /// What an energy emits, with what is drawn beyond it.
    pub fn grams(&self, energy: Microjoules) -> GramsCo2e {
        GramsCo2e((energy * self.value).0 * self.factors.product())
    }

    /// In a few words: `473 g/kWh, world average 2024`. Behind a `;` stands what can be left
    /// out where there is no room.
    pub fn label(&self) -> String {
        let origin = match &self.basis {
            Basis::Given => "as given".into(),
            Basis::Scenario => "simulated".into(),
            Basis::Table { name, year, .. } => format!("{name} {year}"),
            Basis::WorldAverage { year, .. } => format!("world average {year}"),
            Basis::Live { source, at, .. } => {
                let zone = self.zone.as_deref().unwrap_or_default();
                format!("{zone} {}, {source}", at.strftime("%H:%MZ"))
            }
        };
        let mut label = format!("{:.0} g/kWh, {origin}", self.value.0);
        // Life-cycle averages are the rule, and what differs from it is said.
        let notes = [
            (self.scope == Some(Scope::Direct), ", direct"),
            (self.kind == Some(Kind::Marginal), ", marginal"),
            (self.estimated, ", estimated"),
            (self.fall_back.is_some(), ", fall-back"),
        ];
        notes.into_iter().filter(|(holds, _)| *holds).for_each(|(_, note)| label.push_str(note));
        label.push_str(&self.factors.words());
        if matches!(self.basis, Basis::WorldAverage { .. }) && self.zone.is_none() {
            label.push_str("; --zone sets yours");
        }
        if let Some(why) = &self.fall_back {
            label.push_str("; ");
            label.push_str(why);
        }
        label
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

    #[test]
    fn what_is_no_life_cycle_average_says_so() {
        let label = |code| Intensity::zone(code).unwrap().label();
        assert_eq!(label("us-ca"), "179 g/kWh, California 2023, direct");
        assert_eq!(label("ca-qc"), "31 g/kWh, Quebec 2023, estimated");
        let now = Intensity {
            zone: Some("CAISO_NORTH".into()),
            basis: Basis::Live {
                source: "WattTime".into(),
                at: "2026-01-01T10:05:00Z".parse().unwrap(),
                until: "2026-01-01T10:10:00Z".parse().unwrap(),
            },
            scope: Some(Scope::Direct),
            kind: Some(Kind::Marginal),
            ..Intensity::world()
        };
        assert_eq!(now.label(), "473 g/kWh, CAISO_NORTH 10:05Z, WattTime, direct, marginal");
        let stand_in = Intensity {
            fall_back: Some("WattTime: no answer".into()),
            factors: Factors { pue: 1.5, overhead: 1.1 },
            ..Intensity::zone("FR").unwrap()
        };
        let said =
            "56 g/kWh, France 2023, fall-back, x 1.1 overhead, x 1.5 PUE; WattTime: no answer";
        assert_eq!(stand_in.label(), said);
    }

    #[test]
    fn grams_have_all_factors() {
        let factors = Factors { pue: 1.5, overhead: 1.2 };
        let grid = Intensity { factors, ..Intensity::given(GramsPerKwh(100.0)) };
        // 2 kWh x 1.2 x 1.5 x 100 g/kWh
        assert!((grid.grams(Microjoules(7_200_000_000_000)).0 - 360.0).abs() < 1e-9);
    }

    #[test]
    fn the_json_says_what_is_counted() {
        let json = serde_json::to_value(Intensity::zone("US-CA").unwrap()).unwrap();
        let expected = [("scope", "direct"), ("type", "average"), ("zone", "US-CA")];
        for (field, value) in expected {
            assert_eq!(json[field], value, "{json}");
        }
        assert_eq!((&json["pue"], &json["overhead"]), (&1.0.into(), &1.0.into()));
        assert_eq!(json["basis"]["year"], 2023);
    }
}
