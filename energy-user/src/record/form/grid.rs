//! The grid of an interval, and what is foretold of it.

use serde::{Deserialize, Serialize};

use crate::{
    carbon::{Basis, Intensity, Kind, Scope, footprint::Factors},
    record::stored::{Real, Stored, Time, is_default},
    units::GramsPerKwh,
};

/// An intensity from a moment on.
pub(in crate::record) type Foretold = (Time, Real);

/// Where an intensity is from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum From {
    Given,
    Table { name: String, year: u16, source: String },
    World { year: u16, source: String },
    Live { source: String, at: Time, until: Time },
    Scenario,
}

/// An intensity. What is drawn beyond the meters is no part of it, and stands in the head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::record) struct Grid {
    grams_per_kwh: Real,
    from: From,
    #[serde(default, skip_serializing_if = "is_default")]
    zone: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "is_default")]
    kind: Option<Kind>,
    #[serde(default, skip_serializing_if = "is_default")]
    estimated: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    fall_back: Option<String>,
}

impl Stored<Intensity> for Grid {
    fn store(of: &Intensity) -> Self {
        let Intensity { value, zone, basis, scope, kind, estimated, fall_back, factors: _ } = of;
        let from = match basis.clone() {
            Basis::Given => From::Given,
            Basis::Table { name, year, source } => {
                From::Table { name, year, source: source.into_owned() }
            }
            Basis::WorldAverage { year, source } => {
                From::World { year, source: source.into_owned() }
            }
            Basis::Live { source, at, until } => From::Live {
                source: source.into_owned(),
                at: Stored::store(&at),
                until: Stored::store(&until),
            },
            Basis::Scenario => From::Scenario,
        };
        Self {
            grams_per_kwh: Real(value.grams_per_kwh()),
            from,
            zone: zone.clone(),
            scope: *scope,
            kind: *kind,
            estimated: *estimated,
            fall_back: fall_back.clone(),
        }
    }

    fn restore(self) -> Intensity {
        let basis = match self.from {
            From::Given => Basis::Given,
            From::Table { name, year, source } => {
                Basis::Table { name, year, source: source.into() }
            }
            From::World { year, source } => Basis::WorldAverage { year, source: source.into() },
            From::Live { source, at, until } => {
                Basis::Live { source: source.into(), at: at.restore(), until: until.restore() }
            }
            From::Scenario => Basis::Scenario,
        };
        Intensity {
            value: GramsPerKwh::of_grams_per_kwh(self.grams_per_kwh.0),
            zone: self.zone,
            basis,
            scope: self.scope,
            kind: self.kind,
            estimated: self.estimated,
            fall_back: self.fall_back,
            factors: Factors::NONE,
        }
    }
}
