//! `WattTime`: marginal intensities by five minutes, with an account.
//!
//! v3 of its API: `GET /login` (Basic) gives a token for half an hour; `/v3/forecast` of the
//! signal `co2_moer` begins now, in pounds CO2 for each megawatt hour. What it tells is marginal:
//! of the plants that would run more if more was drawn. That is for decisions; it is labelled,
//! and is never to be added to averages.

use std::time::Duration;

use base64::Engine as _;
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Answer, CarbonIntensity, Failure, Forecast, Kind, Scope,
    client::{Client, Reply},
    config::Place,
    expect, same_zone, sound,
};
use crate::{
    units::{GramsPerKwh, LbsPerMwh},
    web::Secret,
};

/// Where it is.
pub const URL: &str = "https://api.watttime.org";
/// Where the account is.
pub const USER: &str = "JOULETOP_WATTTIME_USER";
/// Its password.
pub const PASSWORD: &str = "JOULETOP_WATTTIME_PASSWORD";
const CHECK: &str = "JOULETOP_WATTTIME_USER, JOULETOP_WATTTIME_PASSWORD and its plan";

/// A token is renewed before its half hour ends.
const TOKEN: Duration = Duration::from_mins(25);
/// Length of a figure.
const SLOT: Duration = Duration::from_mins(5);

/// The service, for one place.
pub struct WattTime {
    client: Client,
    place: Place,
    user: String,
    password: Secret,
    /// What proves who asks, and until when.
    token: Option<(Secret, Timestamp)>,
    /// The region of coordinates, once it was asked for.
    region: Option<String>,
}

#[derive(Deserialize)]
struct Login {
    token: Secret,
}

#[derive(Deserialize)]
struct Region {
    region: String,
}

#[derive(Deserialize)]
struct Signal {
    meta: Meta,
    data: Vec<Point>,
}

#[derive(Deserialize)]
struct Meta {
    region: String,
    signal_type: String,
    units: String,
}

#[derive(Deserialize)]
struct Point {
    point_time: Timestamp,
    value: Option<f64>,
}

impl WattTime {
    /// The service at an address.
    pub fn new(client: Client, place: Place, user: String, password: Secret) -> Self {
        Self { client, place, user, password, token: None, region: None }
    }

    fn log_in(&mut self, moment: Timestamp) -> Result<(), Failure> {
        let who = format!("{}:{}", self.user, self.password.reveal());
        let who = base64::engine::general_purpose::STANDARD.encode(who);
        let header = format!("Basic {who}");
        let reply = self.client.get("/login", &[("Authorization", &header)], moment)?;
        let Login { token } = expect(&reply, CHECK)?;
        self.token = Some((token, moment.saturating_add(TOKEN).unwrap_or(moment)));
        Ok(())
    }

    /// Asks with a token; one that has ended early is renewed once.
    fn ask(&mut self, path: &str, moment: Timestamp) -> Result<Reply, Failure> {
        let held = self.token.as_ref().is_some_and(|(_, until)| moment < *until);
        if !held {
            self.log_in(moment)?;
        }
        let reply = self.ask_once(path, moment)?;
        if !held || reply.status != 401 {
            return Ok(reply);
        }
        self.log_in(moment)?;
        self.ask_once(path, moment)
    }

    fn ask_once(&mut self, path: &str, moment: Timestamp) -> Result<Reply, Failure> {
        let token = self.token.as_ref().map(|(token, _)| token.reveal()).unwrap_or_default();
        let header = format!("Bearer {token}");
        self.client.get(path, &[("Authorization", &header)], moment)
    }

    fn region(&mut self, moment: Timestamp) -> Result<String, Failure> {
        let (latitude, longitude) = match (&self.place, &self.region) {
            (_, Some(region)) | (Place::Zone(region), None) => return Ok(region.clone()),
            (Place::Coordinates { latitude, longitude }, None) => (latitude, longitude),
        };
        let place = format!("latitude={latitude}&longitude={longitude}");
        let path = format!("/v3/region-from-loc?{place}&signal_type=co2_moer");
        let reply = self.ask(&path, moment)?;
        let Region { region } = expect(&reply, CHECK)?;
        // It becomes a part of the next question.
        let sound = region.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'));
        if region.is_empty() || !sound {
            return Err(Failure::Malformed("region"));
        }
        self.region = Some(region.clone());
        Ok(region)
    }

    fn points(&mut self, moment: Timestamp) -> Result<Forecast, Failure> {
        let region = self.region(moment)?;
        let path = format!("/v3/forecast?region={region}&signal_type=co2_moer");
        let reply = self.ask(&path, moment)?;
        signal(&reply, &region)
    }
}

impl CarbonIntensity for WattTime {
    fn title(&self) -> &'static str {
        "WattTime"
    }

    fn at(&mut self, moment: Timestamp) -> Result<Answer, Failure> {
        let points = self.points(moment)?;
        current(points, moment)?.fresh(moment)
    }

    fn forecast(&mut self, moment: Timestamp) -> Result<Forecast, Failure> {
        self.points(moment)
    }
}

fn signal(reply: &Reply, region: &str) -> Result<Forecast, Failure> {
    let Signal { meta, data } = expect(reply, CHECK)?;
    same_zone(&meta.region, region)?;
    if meta.units != "lbs_co2_per_mwh" || meta.signal_type != "co2_moer" {
        return Err(Failure::Malformed("its units"));
    }
    let points = data.into_iter().filter_map(|point| Some((point.point_time, point.value?)));
    let points = points.map(|(at, pounds)| {
        let GramsPerKwh(grams) = LbsPerMwh(pounds).into();
        Ok((at, sound(grams)?))
    });
    Forecast::new(meta.region, points.collect::<Result<_, _>>()?)
}

/// The figure of a moment: the last that has begun, or the first where none has.
fn current(forecast: Forecast, moment: Timestamp) -> Result<Answer, Failure> {
    let Forecast { zone, points } = forecast;
    let begun = points.iter().rev().find(|(at, _)| *at <= moment);
    let (at, value) = *begun.or(points.first()).ok_or_else(|| Failure::NoData(zone.clone()))?;
    Ok(Answer {
        value,
        zone,
        at,
        until: at.saturating_add(SLOT).unwrap_or(at),
        scope: Scope::Direct,
        kind: Kind::Marginal,
        estimated: true,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::tests::reply, *};

    /// As documented.
    const FORECAST: &str = r#"{"meta": {"region": "CAISO_NORTH", "signal_type": "co2_moer",
        "model": {"date": "2023-03-01"}, "units": "lbs_co2_per_mwh",
        "generated_at": "2026-01-01T10:05:00+00:00"}, "data": [
        {"point_time": "2026-01-01T10:05:00+00:00", "value": 1000},
        {"point_time": "2026-01-01T10:10:00+00:00", "value": 900.5}]}"#;

    #[test]
    fn pounds_become_grams_and_are_marginal() {
        let found = signal(&reply(200, FORECAST), "CAISO_NORTH").unwrap();
        let moment = "2026-01-01T10:07:00Z".parse().unwrap();
        let answer = current(found.clone(), moment).unwrap();
        assert_eq!(answer.value, GramsPerKwh(453.592_37));
        assert_eq!((answer.kind, answer.scope), (Kind::Marginal, Scope::Direct));
        assert_eq!(answer.until.to_string(), "2026-01-01T10:10:00Z");
        let later = current(found.clone(), "2026-01-01T10:11:00Z".parse().unwrap()).unwrap();
        // 900.5 x 0.45359237
        assert!((later.value.0 - 408.459_929).abs() < 1e-6);
        let early = current(found, "2026-01-01T10:01:00Z".parse().unwrap()).unwrap();
        assert_eq!(early.value, answer.value);
    }

    #[test]
    fn what_is_no_figure() {
        let none = |status, body: &str| signal(&reply(status, body), "CAISO_NORTH").unwrap_err();
        let units = FORECAST.replace("lbs_co2_per_mwh", "percentile");
        assert_eq!(none(200, &units), Failure::Malformed("its units"));
        let other = none(200, &FORECAST.replace("CAISO_NORTH", "PJM"));
        assert_eq!(other, Failure::WrongZone { got: "PJM".into(), wanted: "CAISO_NORTH".into() });
        let null = FORECAST.replace("1000", "null").replace("900.5", "null");
        assert_eq!(none(200, &null), Failure::NoData("CAISO_NORTH".into()));
        assert_eq!(none(403, "{}"), Failure::Refused { status: 403, check: CHECK });
        assert_eq!(none(429, ""), Failure::Busy(None));
        for bad in ["", "{}", &FORECAST.replace("1000", "-3")] {
            assert!(matches!(none(200, bad), Failure::Malformed(_)), "{bad}");
        }
    }
}
