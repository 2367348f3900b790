//! Services that tell the grid's intensity of now, each behind one small trait.
//!
//! A service is asked on a thread of its own, seldom, and what it said is kept for as long as it
//! holds. Where it says nothing the last answer or the bundled table stands in, and says so. Each
//! service's module is what it is asked and what its replies say; `client` is the network,
//! `cache` what follows from answers and failures, `watch` the thread.

pub mod cache;
mod client;
pub mod config;
pub mod electricity_maps;
pub mod energi_data_service;
pub mod neso;
pub mod watch;
pub mod watttime;

use std::time::Duration;

pub use client::base;
use jiff::Timestamp;
use serde::Serialize;

use super::{Basis, Intensity, Kind, Scope};
use crate::units::GramsPerKwh;

/// An answer that takes longer is none.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A newest figure that is older than this tells nothing of now.
const STALE: Duration = Duration::from_hours(2);

/// Whoever can be asked for the intensity of the grid. It may take its time.
pub trait CarbonIntensity: Send {
    /// Its name.
    fn title(&self) -> &'static str;

    /// The intensity at a moment, which is now.
    fn at(&mut self, moment: Timestamp) -> Result<Answer, Failure>;

    /// What it expects from a moment on.
    fn forecast(&mut self, moment: Timestamp) -> Result<Forecast, Failure> {
        let _ = moment;
        Err(Failure::NoForecast)
    }
}

/// What a service said of a stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Grams for each kilowatt hour.
    pub value: GramsPerKwh,
    /// The place, in the service's own words.
    pub zone: String,
    /// From when it holds.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What is counted.
    pub scope: Scope,
    /// Of which plants.
    pub kind: Kind,
    /// It was computed or forecast.
    pub estimated: bool,
}

impl Answer {
    /// With its origin.
    pub fn intensity(&self, source: &'static str) -> Intensity {
        Intensity {
            zone: Some(self.zone.clone()),
            scope: Some(self.scope),
            kind: Some(self.kind),
            estimated: self.estimated,
            ..Intensity::life_cycle(
                self.value,
                Basis::Live { source: source.into(), at: self.at, until: self.until },
            )
        }
    }

    /// Refuses a figure that is too old to tell of now.
    fn fresh(self, moment: Timestamp) -> Result<Self, Failure> {
        let since = Duration::try_from(moment.duration_since(self.until)).unwrap_or_default();
        if since > STALE { Err(Failure::Stale(self.at)) } else { Ok(self) }
    }
}

/// What is expected: each intensity holds from its moment until the next.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// The place, in the service's own words.
    pub zone: String,
    /// Moments, ascending, and grams for each kilowatt hour.
    pub points: Vec<(Timestamp, GramsPerKwh)>,
}

impl Forecast {
    /// More than two weeks of five minutes are not kept.
    const MOST: usize = 4096;

    /// Points in any order; none of them is no forecast.
    fn new(zone: String, mut points: Vec<(Timestamp, GramsPerKwh)>) -> Result<Self, Failure> {
        points.sort_by_key(|(at, _)| *at);
        points.truncate(Self::MOST);
        if points.is_empty() { Err(Failure::NoData(zone)) } else { Ok(Self { zone, points }) }
    }
}

/// Why a service tells nothing, in few words, with the remedy.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// A key is missing, wrong or not enough for that place.
    #[error("refuses the account (status {status}); check {check}")]
    Refused {
        /// Status of HTTP.
        status: u16,
        /// Where the key is from.
        check: &'static str,
    },
    /// Too many questions; how long to wait, if it said so.
    #[error("was asked too often (status 429); it is asked again later")]
    Busy(Option<Duration>),
    /// It knows the place, but has no figure.
    #[error("has no figure for {0} now; it is asked again")]
    NoData(String),
    /// It tells no forecast.
    #[error("tells no forecast for this place")]
    NoForecast,
    /// The reply is none of those that are documented.
    #[error("sends no reply as documented ({0}); check --carbon-url")]
    Malformed(&'static str),
    /// A figure of another place.
    #[error("answers for {got}, not {wanted}; check --carbon-zone")]
    WrongZone {
        /// Whose figure came.
        got: String,
        /// Whose was asked for.
        wanted: String,
    },
    /// A figure of long ago.
    #[error("has nothing newer than {0}; it is asked again")]
    Stale(Timestamp),
    /// Any other status of HTTP.
    #[error("answers with status {0}; check --carbon-zone and --carbon-url")]
    Status(u16),
    /// It took too long.
    #[error("does not answer within its time; check the network")]
    Timeout,
    /// Its certificate does not lead to somebody whom this system trusts.
    #[error("has a certificate that is not to be trusted ({0}); check --carbon-url")]
    Certificate(String),
    /// The network, or an address.
    #[error("cannot be reached ({0}); check the network")]
    Unreachable(String),
}

/// A figure that a grid can have; anything else is not what was documented.
fn sound(value: f64) -> Result<GramsPerKwh, Failure> {
    // No fuel emits more than two kilograms; negative is not a grid's.
    let possible = (0.0..=5000.0).contains(&value);
    possible.then_some(GramsPerKwh(value)).ok_or(Failure::Malformed("the figure"))
}

/// The figure's JSON, if the status says that there is one.
fn expect<T: serde::de::DeserializeOwned>(
    reply: &client::Reply,
    check: &'static str,
) -> Result<T, Failure> {
    match reply.status {
        200 => serde_json::from_str(&reply.body).map_err(|_| Failure::Malformed("its JSON")),
        status @ (401 | 403) => Err(Failure::Refused { status, check }),
        429 => Err(Failure::Busy(reply.retry_after)),
        status => Err(Failure::Status(status)),
    }
}

/// Compares places as services write them, in any case.
fn same_zone(got: &str, wanted: &str) -> Result<(), Failure> {
    if got.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    // It goes to a terminal: only what a zone can be.
    let got = got.chars().filter(char::is_ascii_graphic).take(40).collect();
    Err(Failure::WrongZone { got, wanted: wanted.into() })
}

#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;
