//! What the board's management controller says that the machine draws, over the network.
//!
//! Redfish (DMTF DSP0266, schemas DSP2046): a chassis has a `Power` with `PowerControl`, or on
//! newer firmware `EnvironmentMetrics` with `PowerWatts`. Its energy counter (`EnergykWh`) is
//! not used: it has steps of watt-hours, and anybody may reset it. The controller is asked
//! seldom, for it is slow, and on a thread of its own.

mod client;
mod reply;

use std::time::Duration;

use serde::Deserialize;

use crate::{
    meter::{
        instrument::{Facts, Instrument, Place, Route},
        poller::{Pace, Polled},
    },
    sample::Domain,
};

pub use crate::web::Secret;

/// Controllers renew the figure about each 10 seconds, and have little time.
const PACE: Pace = Pace {
    every: Duration::from_secs(10),
    most: Duration::from_mins(5),
    stale: Duration::from_mins(1),
};

/// An answer that takes longer is none.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where the controller is and who asks it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redfish {
    /// `https://controller.example`, without a path.
    pub url: String,
    /// Somebody who may read.
    pub user: String,
    /// Their password.
    pub password: Secret,
    /// Take the controller at its word that it is the right one: its certificate is its own.
    #[serde(default)]
    pub insecure_tls: bool,
}

/// Whether an address can be one of a controller; if not, why.
pub fn check(url: &str) -> Result<(), String> {
    client::base(url).map(drop)
}

/// The controller, even if it cannot be reached now.
pub fn find(config: Redfish) -> Vec<Box<dyn Instrument>> {
    vec![Box::new(start(config, PACE, TIMEOUT))]
}

fn start(config: Redfish, pace: Pace, timeout: Duration) -> Polled {
    let facts = Facts {
        id: "redfish".into(),
        domain: Domain::Machine,
        place: Place::default(),
        route: Route::Redfish,
        includes: "the whole machine as its management controller measures it",
        at: client::without_user(&config.url),
    };
    // Made on its own thread: the system's certificates take a moment to read.
    let mut client = None;
    Polled::start(facts, pace, move || {
        let mut ready = match client.take() {
            Some(ready) => ready,
            None => client::Client::new(&config, timeout)?,
        };
        let watts = ready.power();
        client = Some(ready);
        watts.map_err(|error| error.to_string())
    })
}

#[cfg(test)]
mod tests;
