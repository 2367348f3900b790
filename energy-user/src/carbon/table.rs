//! The bundled table of yearly mean carbon intensities by country.
//!
//! Source, licence and what was left out stand at the head of the data file. A test
//! reads every row, so that a bad row cannot be shipped.

use std::sync::OnceLock;

use serde::Deserialize;
use thiserror::Error;

use crate::units::GramsPerKwh;

const DATA: &str = include_str!("../../data/carbon-intensity.csv");

/// Who published the table.
pub const SOURCE: &str = "Ember, Our World in Data (CC-BY-4.0), life-cycle";

/// A zone and its yearly mean.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Entry {
    /// ISO 3166-1 alpha-2.
    pub zone: String,
    /// ISO 3166-1 alpha-3.
    pub zone3: String,
    /// Name of the country in English.
    pub name: String,
    /// Grams CO2e for each kilowatt hour, life-cycle.
    #[serde(rename = "grams_per_kwh")]
    pub value: GramsPerKwh,
    /// The year of the figure.
    pub year: u16,
}

/// A zone that the table does not have.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "unknown zone{}; use an ISO 3166 country code such as FR or DEU, or --carbon-intensity with \
     your grid's grams per kWh", nearest(.0)
)]
pub struct UnknownZone(String);

/// Every row of the table.
pub fn entries() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(DATA.as_bytes());
        // A row that cannot be read is left out; the test below reads them all.
        reader.deserialize().filter_map(Result::ok).collect()
    })
}

/// The row of a code, of two or three letters in any case.
pub fn lookup(code: &str) -> Result<&'static Entry, UnknownZone> {
    let code = code.trim();
    entries()
        .iter()
        .find(|entry| {
            entry.zone.eq_ignore_ascii_case(code) || entry.zone3.eq_ignore_ascii_case(code)
        })
        .ok_or_else(|| UnknownZone(code.into()))
}

/// `: did you mean FR (France)?`, where something is near.
fn nearest(code: &str) -> String {
    // Of two letters any other two are near: a wrong country is worse than none.
    if code.chars().count() < 3 {
        return String::new();
    }
    let wanted = code.to_lowercase();
    let likeness = |entry: &Entry| {
        let name = entry.name.to_lowercase();
        if wanted.len() > 3 && name.starts_with(&wanted) {
            return 1.0;
        }
        let texts = [&entry.zone3.to_lowercase(), &name];
        texts.map(|text| strsim::jaro_winkler(text, &wanted)).into_iter().fold(0.0, f64::max)
    };
    let best = entries()
        .iter()
        .map(|entry| (likeness(entry), entry))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.75);
    best.map_or_else(String::new, |(_, entry)| {
        format!(": did you mean {} ({})?", entry.zone, entry.name)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_is_sound() {
        let rows = DATA.lines().filter(|line| !line.starts_with('#')).count() - 1;
        assert_eq!(entries().len(), rows);
        let mut codes = HashSet::new();
        for entry in entries() {
            let Entry { zone, zone3, name, value, year } = entry;
            assert!(codes.insert(zone) && codes.insert(zone3), "{zone}");
            assert!(zone.len() == 2 && zone3.len() == 3, "{zone}");
            assert!((1.0..2000.0).contains(&value.0), "{name}: {value:?}");
            assert!((2015..=2026).contains(year), "{name}: {year}");
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
    fn an_unknown_zone_says_what_is_near_and_what_to_do() {
        let near = |code| lookup(code).unwrap_err().to_string();
        assert!(near("france").contains("did you mean FR (France)?"), "{}", near("france"));
        assert!(near("GBX").contains("GB"), "{}", near("GBX"));
        assert!(near("").ends_with("grams per kWh"));
        for far in ["12345", "UK", "EU"] {
            assert!(!near(far).contains("did you mean"), "{far}");
        }
    }
}
