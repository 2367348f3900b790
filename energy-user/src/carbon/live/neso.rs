//! The UK's National Energy System Operator: half hours of Great Britain, without a key.
//!
//! `GET /intensity`, `/regional/postcode/RG10`, `/intensity/{from}/fw24h` (CC-BY-4.0). What it
//! counts leaves chimneys in Britain and abroad, for what is drawn in Britain. The reply of a
//! postcode is a list of one, or that one; times have no seconds.

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Answer, CarbonIntensity, Failure, Forecast, Kind, Scope,
    client::{Client, Reply},
    expect, same_zone, sound,
};

/// Where it is.
pub const URL: &str = "https://api.carbonintensity.org.uk";

/// Great Britain, in its label.
const NATION: &str = "GB";

/// The service, for the nation or the outward half of a postcode.
pub struct Neso {
    client: Client,
    postcode: Option<String>,
}

#[derive(Deserialize)]
struct Reported<T> {
    data: T,
}

#[derive(Deserialize)]
struct Slot {
    from: Timestamp,
    to: Timestamp,
    intensity: Figures,
}

#[derive(Deserialize)]
struct Figures {
    forecast: Option<f64>,
    #[serde(default)]
    actual: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Regions {
    One(Region),
    Several(Vec<Region>),
}

#[derive(Deserialize)]
struct Region {
    postcode: Option<String>,
    data: Vec<Slot>,
}

impl Neso {
    /// The service at an address.
    pub fn new(client: Client, postcode: Option<String>) -> Self {
        Self { client, postcode }
    }

    fn slots(&mut self, path: &str, moment: Timestamp) -> Result<Vec<Slot>, Failure> {
        let reply = self.client.get(path, &[], moment)?;
        slots(&reply, self.postcode.as_deref())
    }

    fn zone(&self) -> String {
        self.postcode.as_ref().map_or_else(|| NATION.into(), |code| format!("{NATION} {code}"))
    }
}

impl CarbonIntensity for Neso {
    fn title(&self) -> &'static str {
        "NESO"
    }

    fn at(&mut self, moment: Timestamp) -> Result<Answer, Failure> {
        let path = match &self.postcode {
            None => "/intensity".to_owned(),
            Some(postcode) => format!("/regional/postcode/{postcode}"),
        };
        let slots = self.slots(&path, moment)?;
        current(slots, self.zone(), moment)?.fresh(moment)
    }

    fn forecast(&mut self, moment: Timestamp) -> Result<Forecast, Failure> {
        let from = moment.strftime("%Y-%m-%dT%H:%MZ");
        let path = match &self.postcode {
            None => format!("/intensity/{from}/fw24h"),
            Some(postcode) => format!("/regional/intensity/{from}/fw24h/postcode/{postcode}"),
        };
        let slots = self.slots(&path, moment)?;
        forecast(slots, self.zone())
    }
}

fn slots(reply: &Reply, postcode: Option<&str>) -> Result<Vec<Slot>, Failure> {
    let Some(wanted) = postcode else {
        return expect::<Reported<Vec<Slot>>>(reply, "--carbon-url").map(|reported| reported.data);
    };
    let regions = expect::<Reported<Regions>>(reply, "--carbon-url")?.data;
    let region = match regions {
        Regions::One(region) => Some(region),
        Regions::Several(regions) => regions.into_iter().next(),
    };
    let region = region.ok_or_else(|| Failure::NoData(wanted.into()))?;
    same_zone(region.postcode.as_deref().ok_or(Failure::Malformed("postcode"))?, wanted)?;
    Ok(region.data)
}

/// The slot of a moment; else the newest one before it, else the first.
fn current(slots: Vec<Slot>, zone: String, moment: Timestamp) -> Result<Answer, Failure> {
    let distance = |slot: &Slot| {
        let before = moment.duration_since(slot.from);
        (before.is_negative(), before.abs())
    };
    let nearest = slots.into_iter().min_by_key(distance);
    let Slot { from, to, intensity } = nearest.ok_or_else(|| Failure::NoData(zone.clone()))?;
    let value = intensity.actual.or(intensity.forecast);
    let value = value.ok_or_else(|| Failure::NoData(zone.clone()))?;
    if to <= from {
        return Err(Failure::Malformed("from and to"));
    }
    Ok(Answer {
        value: sound(value)?,
        zone,
        at: from,
        until: to,
        scope: Scope::Direct,
        kind: Kind::Average,
        estimated: intensity.actual.is_none(),
    })
}

fn forecast(slots: Vec<Slot>, zone: String) -> Result<Forecast, Failure> {
    let points = slots.into_iter().filter_map(|slot| Some((slot.from, slot.intensity.forecast?)));
    let points = points.map(|(at, value)| Ok((at, sound(value)?)));
    Forecast::new(zone, points.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::reply, *};
    use crate::units::GramsPerKwh;

    /// As documented.
    const NOW: &str = r#"{"data": [{"from": "2026-01-01T12:00Z", "to": "2026-01-01T12:30Z",
        "intensity": {"forecast": 266, "actual": 263, "index": "moderate"}}]}"#;
    const REGION: &str = r#"{"regionid": 12, "shortname": "South England", "postcode": "RG10",
        "data": [{"from": "2026-01-01T12:00Z", "to": "2026-01-01T12:30Z", "intensity":
        {"forecast": 150, "index": "moderate"}, "generationmix": [{"fuel": "gas", "perc": 43.6}]}]}"#;

    fn moment() -> Timestamp {
        "2026-01-01T12:10:00Z".parse().unwrap()
    }

    fn answer(body: &str, postcode: Option<&str>) -> Result<Answer, Failure> {
        current(slots(&reply(200, body), postcode)?, "GB".into(), moment())
    }

    #[test]
    fn the_half_hour_of_now() {
        let found = answer(NOW, None).unwrap();
        assert_eq!((found.value, found.estimated), (GramsPerKwh(263.0), false));
        assert_eq!((found.scope, found.kind), (Scope::Direct, Kind::Average));
        assert_eq!(found.at.to_string(), "2026-01-01T12:00:00Z");
        assert_eq!(found.until.to_string(), "2026-01-01T12:30:00Z");
        // Its metered figure comes later than its forecast.
        let found = answer(&NOW.replace("263", "null"), None).unwrap();
        assert_eq!((found.value, found.estimated), (GramsPerKwh(266.0), true));
    }

    #[test]
    fn a_region_in_a_list_or_alone() {
        for body in [format!(r#"{{"data": [{REGION}]}}"#), format!(r#"{{"data": {REGION}}}"#)] {
            let found = answer(&body, Some("rg10")).unwrap();
            assert_eq!((found.value, found.estimated), (GramsPerKwh(150.0), true));
            let other = answer(&body, Some("SW1")).unwrap_err();
            assert_eq!(other, Failure::WrongZone { got: "RG10".into(), wanted: "SW1".into() });
        }
    }

    #[test]
    fn what_is_no_figure() {
        let null = NOW.replace("263", "null").replace("266", "null");
        assert_eq!(answer(&null, None), Err(Failure::NoData("GB".into())));
        assert_eq!(answer(r#"{"data": []}"#, None), Err(Failure::NoData("GB".into())));
        assert_eq!(answer(r#"{"data": []}"#, Some("SW1")), Err(Failure::NoData("SW1".into())));
        for bad in [&NOW.replace("263", "-4"), &NOW.replace("12:30Z", "11:30Z"), "{}", "", "[1]"] {
            assert!(matches!(answer(bad, None), Err(Failure::Malformed(_))), "{bad}");
        }
        let error = r#"{"error": {"code": "400 Bad Request", "message": "Please enter ..."}}"#;
        assert_eq!(slots(&reply(400, error), None).err(), Some(Failure::Status(400)));
        // A figure of yesterday is none of now.
        let old = NOW.replace("2026-01-01", "2025-12-31");
        let old = answer(&old, None).unwrap().fresh(moment());
        assert!(matches!(old, Err(Failure::Stale(_))), "{old:?}");
    }

    #[test]
    fn what_is_expected() {
        let body = r#"{"data": [
            {"from": "2026-01-01T12:00Z", "to": "2026-01-01T12:30Z",
             "intensity": {"forecast": 266, "actual": 263, "index": "moderate"}},
            {"from": "2026-01-01T12:30Z", "to": "2026-01-01T13:00Z",
             "intensity": {"forecast": 270, "actual": null, "index": "moderate"}}]}"#;
        let found = forecast(slots(&reply(200, body), None).unwrap(), "GB".into()).unwrap();
        let values: Vec<_> = found.points.iter().map(|(_, value)| value.0).collect();
        assert_eq!(values, [266.0, 270.0]);
    }
}
