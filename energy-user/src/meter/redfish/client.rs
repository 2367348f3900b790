//! Asks a controller over HTTP, finds where its figure stands, and keeps to that.
//!
//! The password goes to that host only: no plain HTTP but on this machine, no proxy, and none
//! along with a redirect elsewhere.

use std::time::Duration;

use base64::Engine as _;
use serde_json::Value;
use ureq::{Agent, config::RedirectAuthHeaders, http::Uri};

use super::{
    Redfish,
    reply::{self, Kind},
};
pub use crate::web::without_user;
use crate::{
    units::Watts,
    web::{self, is_this_machine},
};

/// No reply that we want is longer.
const MOST: u64 = 1024 * 1024;

const CHASSIS: &str = "/redfish/v1/Chassis";

/// Why there is no power, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{base} refuses {user:?} (status {status}): check user, password and their role")]
    Refused { base: String, user: String, status: u16 },
    #[error("{url} answers with status {status}; check the address and the firmware")]
    Status { url: String, status: u16 },
    #[error("{0} does not answer within its time; check that it is reachable")]
    Timeout(String),
    #[error(
        "{base}: its certificate is not to be trusted: {error}; install its authority on this \
         system, or add --redfish-insecure"
    )]
    Certificate { base: String, error: String },
    #[error("{url}: {error}; check the address and the network")]
    Transport { url: String, error: String },
    #[error("{0} sends no JSON; check that it is a Redfish service")]
    Garbage(String),
    #[error("no chassis of {0} tells its power; update the firmware, or try IPMI")]
    Nothing(String),
    #[error("{0} does not tell its power now; it is asked again")]
    Silent(String),
}

/// A controller.
pub struct Client {
    agent: Agent,
    base: String,
    user: String,
    /// The header that proves who asks.
    authorization: String,
    /// Where the figure stands, once it is found.
    place: Option<(String, Kind)>,
}

impl Client {
    /// Nothing is asked yet.
    pub fn new(config: &Redfish, timeout: Duration) -> Result<Self, String> {
        let base = base(&config.url)?;
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(3)
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .timeout_global(Some(timeout))
            .tls_config(web::tls(config.insecure_tls))
            .user_agent("jouletop")
            .build()
            .into();
        let who = format!("{}:{}", config.user, config.password.reveal());
        let who = base64::engine::general_purpose::STANDARD.encode(who);
        let authorization = format!("Basic {who}");
        Ok(Self { agent, base, user: config.user.clone(), authorization, place: None })
    }

    /// The power now.
    pub fn power(&mut self) -> Result<Watts, Error> {
        if let Some((path, kind)) = self.place.clone() {
            let reply = match self.get(&path) {
                Err(Error::Status { status: 404, .. }) => {
                    // The firmware was updated, or the chassis swapped.
                    self.place = None;
                    return self.discover();
                }
                reply => reply?,
            };
            return kind.watts(&reply).ok_or_else(|| Error::Silent(self.url(&path)));
        }
        self.discover()
    }

    /// Asks every chassis. One contains the others, so that it is the one that draws most.
    fn discover(&mut self) -> Result<Watts, Error> {
        let mut best: Option<(Watts, String, Kind)> = None;
        for chassis in reply::members(&self.get(CHASSIS)?) {
            for kind in Kind::ALL {
                let path = format!("{chassis}/{}", kind.name());
                let watts = match self.get(&path) {
                    Ok(reply) => kind.watts(&reply),
                    // This firmware has no such thing, or not now.
                    Err(Error::Status { .. } | Error::Garbage(_)) => None,
                    Err(error) => return Err(error),
                };
                let Some(watts) = watts else { continue };
                if best.as_ref().is_none_or(|(most, ..)| watts > *most) {
                    best = Some((watts, path, kind));
                }
                break;
            }
        }
        let (watts, path, kind) = best.ok_or_else(|| Error::Nothing(self.base.clone()))?;
        self.place = Some((path, kind));
        Ok(watts)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn get(&self, path: &str) -> Result<Value, Error> {
        let url = self.url(path);
        let request = self.agent.get(&url);
        let request = request.header("Accept", "application/json");
        let request = request.header("Authorization", &self.authorization);
        let mut response = request.call().map_err(|error| self.explain(&url, error))?;
        let status = response.status().as_u16();
        match status {
            200 => {}
            401 | 403 => {
                let (base, user) = (self.base.clone(), self.user.clone());
                return Err(Error::Refused { base, user, status });
            }
            _ => return Err(Error::Status { url, status }),
        }
        let body = response.body_mut().with_config().limit(MOST).read_to_string();
        let body = body.map_err(|error| self.explain(&url, error))?;
        serde_json::from_str(&body).map_err(|_| Error::Garbage(url))
    }

    fn explain(&self, url: &str, error: ureq::Error) -> Error {
        if let Some(error) = web::distrust(&error) {
            return Error::Certificate { base: self.base.clone(), error };
        }
        match error {
            ureq::Error::Timeout(_) => Error::Timeout(self.base.clone()),
            error => Error::Transport { url: url.into(), error: error.to_string() },
        }
    }
}

/// The address that paths are appended to.
pub fn base(url: &str) -> Result<String, String> {
    let shown = without_user(url);
    let wrong = |why: &str| Err(format!("the address {shown:?} {why}"));
    let Ok(uri) = url.parse::<Uri>() else {
        return wrong("is none; write: https://controller.example");
    };
    let (Some(scheme), Some(authority), Some(host)) =
        (uri.scheme_str(), uri.authority(), uri.host())
    else {
        return wrong("is not whole; write: https://controller.example");
    };
    if authority.as_str().contains('@') {
        return wrong(
            "has a user in it; put the account into JOULETOP_REDFISH_USER and JOULETOP_REDFISH_PASSWORD",
        );
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return wrong("has a path; write: https://controller.example");
    }
    match scheme {
        "https" => {}
        "http" if is_this_machine(host) => {}
        "http" => return wrong("would show the password to the network; write https://"),
        _ => return wrong("is no web address; write: https://controller.example"),
    }
    Ok(format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(base("https://bmc.example/"), Ok("https://bmc.example".into()));
        assert_eq!(base("https://[fe80::1]:8443"), Ok("https://[fe80::1]:8443".into()));
        assert_eq!(base("http://127.0.0.1:80"), Ok("http://127.0.0.1:80".into()));
        assert_eq!(base("http://[::1]:80"), Ok("http://[::1]:80".into()));
        let cases = [
            ("http://bmc.example", "show the password"),
            ("http://127.0.0.1.example", "show the password"),
            ("bmc.example", "not whole"),
            ("ftp://bmc.example", "no web address"),
            ("https://bmc.example/redfish/v1", "has a path"),
            ("https://a:hush@bmc.example", "has a user"),
            ("https://", "write: https"),
            ("", "write: https"),
        ];
        for (url, why) in cases {
            let error = base(url).unwrap_err();
            assert!(error.contains(why), "{url}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
        assert_eq!(without_user("https://a:b@c.example:8443/x?y=z"), "https://c.example:8443");
        assert_eq!(without_user("a:b@c"), "(not shown)");
        assert_eq!(without_user("b:hush"), "(not shown)");
    }
}
