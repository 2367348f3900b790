//! Energi Data Service of the Danish system operator: five minutes of DK1 and DK2, without a key.
//!
//! Dataset `CO2Emis`, grams CO2 for each kilowatt hour, times in UTC without a zone.

use std::time::Duration;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::Deserialize;

use super::{
    Answer, CarbonIntensity, Failure, Kind, Scope,
    client::{Client, Reply},
    expect, same_zone, sound,
};

/// Where it is.
pub const URL: &str = "https://api.energidataservice.dk";

/// Length of a figure.
const SLOT: Duration = Duration::from_mins(5);

/// The service, for one price area.
pub struct EnergiDataService {
    client: Client,
    area: String,
}

#[derive(Deserialize)]
struct Dataset {
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "Minutes5UTC")]
    time: DateTime,
    #[serde(rename = "PriceArea")]
    area: String,
    #[serde(rename = "CO2Emission")]
    grams: Option<f64>,
}

impl EnergiDataService {
    /// The service at an address; the area is `DK1` or `DK2`.
    pub fn new(client: Client, area: String) -> Self {
        Self { client, area }
    }
}

impl CarbonIntensity for EnergiDataService {
    fn title(&self) -> &'static str {
        "Energi Data Service"
    }

    fn at(&mut self, moment: Timestamp) -> Result<Answer, Failure> {
        let reply = self.client.get(&path(&self.area), &[], moment)?;
        newest(&reply, &self.area, moment)?.fresh(moment)
    }
}

/// The last hour of an area: `filter={"PriceArea":["DK1"]}`.
fn path(area: &str) -> String {
    let filter = format!("%7B%22PriceArea%22%3A%5B%22{area}%22%5D%7D");
    format!("/dataset/CO2Emis?limit=12&sort=Minutes5UTC%20desc&filter={filter}")
}

/// The newest figure that has begun.
fn newest(reply: &Reply, area: &str, moment: Timestamp) -> Result<Answer, Failure> {
    let Dataset { records } = expect(reply, "--carbon-url")?;
    for record in &records {
        same_zone(&record.area, area)?;
    }
    let known = records.into_iter().filter_map(|record| {
        let at = TimeZone::UTC.to_timestamp(record.time).ok()?;
        Some((at, record.grams?)).filter(|(at, _)| *at <= moment)
    });
    let newest = known.max_by_key(|(at, _)| *at);
    let (at, grams) = newest.ok_or_else(|| Failure::NoData(area.into()))?;
    Ok(Answer {
        value: sound(grams)?,
        zone: area.into(),
        at,
        until: at.saturating_add(SLOT).unwrap_or(at),
        scope: Scope::Direct,
        kind: Kind::Average,
        estimated: false,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::tests::reply, *};
    use crate::units::GramsPerKwh;

    const RECORDS: &str = r#"{"total": 2, "dataset": "CO2Emis", "records": [
        {"Minutes5UTC": "2026-01-01T10:10:00", "Minutes5DK": "2026-01-01T11:10:00",
         "PriceArea": "DK1", "CO2Emission": null},
        {"Minutes5UTC": "2026-01-01T10:05:00", "Minutes5DK": "2026-01-01T11:05:00",
         "PriceArea": "DK1", "CO2Emission": 95.5},
        {"Minutes5UTC": "2026-01-01T10:00:00", "Minutes5DK": "2026-01-01T11:00:00",
         "PriceArea": "DK1", "CO2Emission": 90.0}]}"#;

    fn find(body: &str, area: &str, moment: &str) -> Result<Answer, Failure> {
        newest(&reply(200, body), area, moment.parse().unwrap())
    }

    #[test]
    fn the_newest_figure_that_has_begun() {
        let answer = find(RECORDS, "DK1", "2026-01-01T10:12:00Z").unwrap();
        assert_eq!((answer.value, answer.scope), (GramsPerKwh(95.5), Scope::Direct));
        assert_eq!(answer.at.to_string(), "2026-01-01T10:05:00Z");
        let earlier = find(RECORDS, "DK1", "2026-01-01T10:02:00Z").unwrap();
        assert_eq!(earlier.value, GramsPerKwh(90.0));
        assert!(path("DK1").ends_with("filter=%7B%22PriceArea%22%3A%5B%22DK1%22%5D%7D"));
    }

    #[test]
    fn what_is_no_figure() {
        let other = find(RECORDS, "DK2", "2026-01-01T10:12:00Z").unwrap_err();
        assert_eq!(other, Failure::WrongZone { got: "DK1".into(), wanted: "DK2".into() });
        let none = |body: &str| find(body, "DK1", "2026-01-01T10:12:00Z").unwrap_err();
        assert_eq!(none(r#"{"records": []}"#), Failure::NoData("DK1".into()));
        let null = RECORDS.replace("95.5", "null").replace("90.0", "null");
        assert_eq!(none(&null), Failure::NoData("DK1".into()));
        for bad in ["", "{}", "[]", &RECORDS.replace("95.5", "\"95\"")] {
            assert!(matches!(none(bad), Failure::Malformed(_)), "{bad}");
        }
    }
}
