//! The bundled tables of yearly mean carbon intensities: countries, and parts of some.
//!
//! Source, licence and what was left out stand at the heads of the data files. A test
//! reads every row, so that a bad row cannot be shipped.

use std::sync::OnceLock;

use serde::Deserialize;
use thiserror::Error;

use super::Scope;
use crate::units::GramsPerKwh;

const COUNTRIES: &str = include_str!("../../data/carbon-intensity.csv");
const PARTS: &str = include_str!("../../data/carbon-zones.csv");

/// Who published the table of countries.
pub const SOURCE: &str = "Ember, Our World in Data (CC-BY-4.0), life-cycle";

/// Who published a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Countries.
    #[default]
    Ember,
    /// States of the USA.
    Egrid,
    /// Provinces of China.
    Mee,
    /// Nordic bidding zones.
    Entsoe,
    /// Provinces of Canada.
    Mix,
}

impl Origin {
    /// Who, the licence, and what is counted.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ember => SOURCE,
            Self::Egrid => "EPA eGRID2023 (public domain), direct",
            Self::Mee => "MEE of China, announcement 2025 No. 47, direct, CO2 only",
            Self::Entsoe => "ENTSO-E by type, CodeCarbon's factors (MIT), life-cycle",
            Self::Mix => "shares by type and factors of CodeCarbon (MIT), life-cycle",
        }
    }

    /// It was computed from shares of fuels.
    pub const fn is_estimate(self) -> bool {
        matches!(self, Self::Entsoe | Self::Mix)
    }
}

/// A zone and its yearly mean.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Entry {
    /// ISO 3166-1 alpha-2 of a country; ISO 3166-2 of a part, or country and bidding zone.
    pub zone: String,
    /// ISO 3166-1 alpha-3 of a country.
    #[serde(default)]
    pub zone3: Option<String>,
    /// Its name in English.
    pub name: String,
    /// Grams CO2e for each kilowatt hour.
    #[serde(rename = "grams_per_kwh")]
    pub value: GramsPerKwh,
    /// The year of the figure.
    pub year: u16,
    /// What is counted.
    #[serde(default)]
    pub scope: Scope,
    /// Who published it.
    #[serde(default)]
    pub source: Origin,
}

impl Entry {
    /// Country and part: `US` and `CA`; of a country, only itself.
    fn parts(&self) -> (&str, Option<&str>) {
        self.zone.split_once('-').map_or((&self.zone, None), |(land, part)| (land, Some(part)))
    }
}

/// A zone that the table does not have.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "unknown zone{}; use an ISO 3166 code such as FR, DEU or US-CA, or --carbon-intensity with \
     your grid's grams per kWh", nearest(.0)
)]
pub struct UnknownZone(String);

/// Every row, countries first.
pub fn entries() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let read = |data: &'static str| {
            let mut reader = csv::ReaderBuilder::new();
            let reader = reader.comment(Some(b'#')).from_reader(data.as_bytes());
            // A row that cannot be read is left out; the test below reads them all.
            reader.into_deserialize().filter_map(Result::ok)
        };
        read(COUNTRIES).chain(read(PARTS)).collect()
    })
}

/// The row of a code, in any case.
pub fn lookup(code: &str) -> Result<&'static Entry, UnknownZone> {
    let code = code.trim();
    let is = |own: &str| own.eq_ignore_ascii_case(code);
    entries()
        .iter()
        .find(|entry| is(&entry.zone) || entry.zone3.as_deref().is_some_and(is))
        .ok_or_else(|| UnknownZone(code.into()))
}

/// `: did you mean FR (France)?`, where something is near.
fn nearest(code: &str) -> String {
    let found = match code.split_once('-') {
        Some((country, part)) => nearest_part(country, part),
        None => nearest_name(code),
    };
    found.map_or_else(String::new, |entry| {
        format!(": did you mean {} ({})?", entry.zone, entry.name)
    })
}

/// A part of the same country whose code begins or ends alike; else the country.
fn nearest_part(country: &str, part: &str) -> Option<&'static Entry> {
    let part = part.to_uppercase();
    let alike = |own: &str| part.starts_with(own) || own.ends_with(&part);
    let inside = |entry: &&Entry| {
        let (land, own) = entry.parts();
        land.eq_ignore_ascii_case(country) && !part.is_empty() && own.is_some_and(alike)
    };
    entries().iter().find(inside).or_else(|| lookup(country).ok())
}

fn nearest_name(code: &str) -> Option<&'static Entry> {
    // Of two letters any other two are near: a wrong country is worse than none.
    if code.chars().count() < 3 {
        return None;
    }
    let wanted = code.to_lowercase();
    let likeness = |entry: &Entry| {
        let name = entry.name.to_lowercase();
        let part = entry.parts().1.unwrap_or_default().to_lowercase();
        if (wanted.len() > 3 && name.starts_with(&wanted)) || part == wanted {
            return 1.0;
        }
        let code = entry.zone3.as_deref().unwrap_or_default().to_lowercase();
        [&code, &name]
            .map(|text| strsim::jaro_winkler(text, &wanted))
            .into_iter()
            .fold(0.0, f64::max)
    };
    // Of two that are equally near, the country.
    let all = entries().iter().rev().map(|entry| (likeness(entry), entry));
    let best = all.max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness > 0.75).map(|(_, entry)| entry)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_is_sound() {
        let rows = |data: &str| data.lines().filter(|line| !line.starts_with('#')).count() - 1;
        assert_eq!(entries().len(), rows(COUNTRIES) + rows(PARTS));
        let mut codes = HashSet::new();
        for entry in entries() {
            let Entry { zone, zone3, name, value, year, scope, source } = entry;
            assert!(
                codes.insert(zone) && zone3.as_ref().is_none_or(|it| codes.insert(it)),
                "{zone}"
            );
            match zone3 {
                Some(zone3) => assert!(zone.len() == 2 && zone3.len() == 3, "{zone}"),
                None => assert!(lookup(entry.parts().0).is_ok(), "{zone}"),
            }
            assert!((1.0..2000.0).contains(&value.0), "{name}: {value:?}");
            assert!((2015..=2026).contains(year), "{name}: {year}");
            let said = if *scope == Scope::Direct { "direct" } else { "life-cycle" };
            assert!(source.words().contains(said), "{zone}");
        }
    }

    #[test]
    fn codes_of_two_and_three_letters_in_any_case() {
        let france = lookup("FR").unwrap();
        assert_eq!(france.name, "France");
        assert_eq!(lookup(" fra "), Ok(france));
        assert!(france.value < lookup("de").unwrap().value);
        assert!(lookup("de").unwrap().value < lookup("POL").unwrap().value);
    }

    #[test]
    fn parts_of_countries() {
        // 394.769 lb/MWh x 0.45359237, rounded to a tenth.
        let california = lookup("us-ca").unwrap();
        assert_eq!(california.value, GramsPerKwh(179.1));
        assert_eq!((california.scope, california.source), (Scope::Direct, Origin::Egrid));
        let stockholm = lookup("SE-SE3").unwrap();
        assert_eq!((stockholm.value, stockholm.year), (GramsPerKwh(27.0), 2025));
        // 50.1 nuclear x 29 + 23.4 hydro x 26 + 11.7 wind x 26 + 8.6 gas x 743 + 5.2 solar x 48
        // + 1.0 biomass x 230 + 0.1 petroleum x 816 = 9316.5, of 100.1 %.
        assert_eq!(lookup("CA-ON").unwrap().value, GramsPerKwh(93.1));
        assert_eq!(lookup("CN-GD").unwrap().source, Origin::Mee);
    }

    #[test]
    fn an_unknown_zone_says_what_is_near_and_what_to_do() {
        let near = |code| lookup(code).unwrap_err().to_string();
        let cases = [
            ("france", "FR (France)"),
            ("GBX", "GB ("),
            ("california", "US-CA (California)"),
            ("Georgia", "GE (Georgia)"),
            ("SE3", "SE-SE3 ("),
            ("se-3", "SE-SE3 ("),
            ("US-CAL-CISO", "US-CA (California)"),
            ("US-ZZ", "US (United States"),
            ("DE-", "DE (Germany)"),
        ];
        for (code, expected) in cases {
            assert!(near(code).contains(&format!("did you mean {expected}")), "{}", near(code));
        }
        assert!(near("").ends_with("grams per kWh"));
        for far in ["12345", "UK", "EU", "ZZ-1", "-"] {
            assert!(!near(far).contains("did you mean"), "{far}");
        }
    }
}
