//! Electricity Maps: hourly averages of most of the world, with a key.
//!
//! v3 of its API: `GET /v3/carbon-intensity/latest` and `/forecast`, the key in `auth-token`. It
//! looks up who asks by the caller's address where no zone is given; that is switched off.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Answer, CarbonIntensity, Failure, Forecast, Kind, Scope,
    client::{Client, Reply},
    config::Place,
    expect, same_zone, sound,
};
use crate::web::Secret;

/// Where it is.
pub const URL: &str = "https://api.electricitymaps.com";
/// Where its key is.
pub const KEY: &str = "JOULETOP_ELECTRICITY_MAPS_KEY";

/// The service, for one place.
pub struct ElectricityMaps {
    client: Client,
    place: Place,
    key: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Latest {
    zone: Option<String>,
    carbon_intensity: Option<f64>,
    datetime: Option<Timestamp>,
    emission_factor_type: Option<String>,
    #[serde(default)]
    is_estimated: Option<bool>,
    temporal_granularity: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    zone: String,
    forecast: Vec<Point>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    carbon_intensity: Option<f64>,
    datetime: Timestamp,
}

impl ElectricityMaps {
    /// The service at an address.
    pub fn new(client: Client, place: Place, key: Secret) -> Self {
        Self { client, place, key }
    }

    fn ask(&mut self, what: &str, moment: Timestamp) -> Result<Reply, Failure> {
        let path = path(what, &self.place);
        self.client.get(&path, &[("auth-token", self.key.reveal())], moment)
    }
}

impl CarbonIntensity for ElectricityMaps {
    fn title(&self) -> &'static str {
        "Electricity Maps"
    }

    fn at(&mut self, moment: Timestamp) -> Result<Answer, Failure> {
        let reply = self.ask("latest", moment)?;
        latest(&reply, &self.place)?.fresh(moment)
    }

    fn forecast(&mut self, moment: Timestamp) -> Result<Forecast, Failure> {
        let reply = self.ask("forecast", moment)?;
        forecast(&reply, &self.place)
    }
}

fn path(what: &str, place: &Place) -> String {
    let place = match place {
        Place::Zone(zone) => format!("zone={zone}"),
        Place::Coordinates { latitude, longitude } => format!("lat={latitude}&lon={longitude}"),
    };
    let rest = "emissionFactorType=lifecycle&disableCallerLookup=true";
    format!("/v3/carbon-intensity/{what}?{place}&{rest}")
}

/// `{"status": "no-data", ..}` comes with more than one status of HTTP.
fn no_data(reply: &Reply, place: &Place) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Word {
        status: String,
    }
    let word = serde_json::from_str::<Word>(&reply.body);
    let none = word.is_ok_and(|word| word.status == "no-data");
    if none && !matches!(reply.status, 401 | 403 | 429) {
        return Err(Failure::NoData(place.to_string()));
    }
    Ok(())
}

fn check_zone(got: &str, place: &Place) -> Result<(), Failure> {
    match place {
        Place::Zone(wanted) => same_zone(got, wanted),
        // It looked the place up, and says which zone it found; that goes to a terminal.
        Place::Coordinates { .. } => match Place::parse(got) {
            Ok(Place::Zone(_)) => Ok(()),
            _ => Err(Failure::Malformed("zone")),
        },
    }
}

fn latest(reply: &Reply, place: &Place) -> Result<Answer, Failure> {
    no_data(reply, place)?;
    let latest: Latest = expect(reply, KEY)?;
    let zone = latest.zone.ok_or(Failure::Malformed("zone"))?;
    check_zone(&zone, place)?;
    let value = latest.carbon_intensity.ok_or_else(|| Failure::NoData(place.to_string()))?;
    let at = latest.datetime.ok_or(Failure::Malformed("datetime"))?;
    let scope = match latest.emission_factor_type.as_deref() {
        // What was asked for.
        None | Some("lifecycle") => Scope::LifeCycle,
        Some("direct") => Scope::Direct,
        Some(_) => return Err(Failure::Malformed("emissionFactorType")),
    };
    let slot = match latest.temporal_granularity.as_deref() {
        None | Some("hourly") => Duration::from_hours(1),
        Some("15_minutes") => Duration::from_mins(15),
        Some(_) => Duration::from_mins(5),
    };
    Ok(Answer {
        value: sound(value)?,
        zone,
        at,
        until: at.saturating_add(slot).unwrap_or(at),
        scope,
        kind: Kind::Average,
        estimated: latest.is_estimated.unwrap_or_default(),
    })
}

fn forecast(reply: &Reply, place: &Place) -> Result<Forecast, Failure> {
    no_data(reply, place)?;
    let expected: Expected = expect(reply, KEY)?;
    check_zone(&expected.zone, place)?;
    let known = expected.forecast.into_iter();
    let points = known.filter_map(|point| Some((point.datetime, point.carbon_intensity?)));
    let points = points.map(|(at, value)| Ok((at, sound(value)?)));
    Forecast::new(expected.zone, points.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::reply, *};
    use crate::units::GramsPerKwh;

    /// As documented.
    pub const LATEST: &str = r#"{"zone": "FR", "carbonIntensity": 58,
        "datetime": "2026-01-01T10:00:00.000Z", "updatedAt": "2026-01-01T10:45:12.000Z",
        "createdAt": "2025-12-29T10:44:46.000Z", "emissionFactorType": "lifecycle",
        "isEstimated": true, "estimationMethod": "TIME_SLICER_AVERAGE",
        "temporalGranularity": "hourly"}"#;

    fn france() -> Place {
        Place::Zone("FR".into())
    }

    #[test]
    fn the_question_never_says_where_the_caller_is() {
        let zone = path("latest", &france());
        let rest = "emissionFactorType=lifecycle&disableCallerLookup=true";
        assert_eq!(zone, format!("/v3/carbon-intensity/latest?zone=FR&{rest}"));
        let place = Place::Coordinates { latitude: 48.9, longitude: -2.5 };
        let there = path("forecast", &place);
        assert_eq!(there, format!("/v3/carbon-intensity/forecast?lat=48.9&lon=-2.5&{rest}"));
    }

    #[test]
    fn a_figure_with_what_it_counts() {
        let answer = latest(&reply(200, LATEST), &france()).unwrap();
        assert_eq!(answer.value, GramsPerKwh(58.0));
        assert_eq!(
            (answer.scope, answer.kind, answer.estimated),
            (Scope::LifeCycle, Kind::Average, true)
        );
        assert_eq!(answer.at.to_string(), "2026-01-01T10:00:00Z");
        assert_eq!(answer.until.to_string(), "2026-01-01T11:00:00Z");
        let precise = LATEST.replace("58,", "58.25,").replace("lifecycle", "direct");
        let answer = latest(&reply(200, &precise), &france()).unwrap();
        assert_eq!((answer.value, answer.scope), (GramsPerKwh(58.25), Scope::Direct));
        let place = Place::Coordinates { latitude: 48.9, longitude: 2.5 };
        assert_eq!(latest(&reply(200, LATEST), &place).unwrap().zone, "FR");
        let odd = LATEST.replace("\"FR\"", "\"F\\u001b[2J\"");
        assert_eq!(latest(&reply(200, &odd), &place), Err(Failure::Malformed("zone")));
    }

    #[test]
    fn what_is_no_figure() {
        let none = |status, body: &str| latest(&reply(status, body), &france()).unwrap_err();
        let no_data = r#"{"status": "no-data", "message": "No recent data for zone FR"}"#;
        for status in [200, 404, 422] {
            assert_eq!(none(status, no_data), Failure::NoData("FR".into()), "{status}");
        }
        assert_eq!(none(200, &LATEST.replace("58,", "null,")), Failure::NoData("FR".into()));
        let refused = Failure::Refused { status: 401, check: KEY };
        assert_eq!(none(401, r#"{"status": "no-data", "message": "Invalid"}"#), refused);
        assert_eq!(none(429, "{}"), Failure::Busy(None));
        assert_eq!(none(500, "oops"), Failure::Status(500));
        for bad in ["-1,", "1e9,", "\"58\","] {
            let body = LATEST.replace("58,", bad);
            assert!(matches!(none(200, &body), Failure::Malformed(_)), "{bad}");
        }
        for bad in ["", "<html>", "{}", "[]", "null"] {
            assert!(matches!(none(200, bad), Failure::Malformed(_)), "{bad}");
        }
        let other = none(200, &LATEST.replace("\"FR\"", "\"DE\""));
        assert_eq!(other, Failure::WrongZone { got: "DE".into(), wanted: "FR".into() });
    }

    #[test]
    fn what_is_expected() {
        let body = r#"{"zone": "FR", "updatedAt": "2026-01-01T10:45:12.000Z", "forecast": [
            {"carbonIntensity": 60, "datetime": "2026-01-01T12:00:00.000Z"},
            {"carbonIntensity": 59.5, "datetime": "2026-01-01T11:00:00.000Z"},
            {"carbonIntensity": null, "datetime": "2026-01-01T13:00:00.000Z"}]}"#;
        let found = forecast(&reply(200, body), &france()).unwrap();
        let points: Vec<_> =
            found.points.iter().map(|(at, value)| (at.to_string(), value.0)).collect();
        let expected =
            [("2026-01-01T11:00:00Z".to_owned(), 59.5), ("2026-01-01T12:00:00Z".to_owned(), 60.0)];
        assert_eq!(points, expected);
        let empty = forecast(&reply(200, r#"{"zone": "FR", "forecast": []}"#), &france());
        assert_eq!(empty, Err(Failure::NoData("FR".into())));
        assert!(forecast(&reply(200, &body.replace("FR", "DE")), &france()).is_err());
    }
}
