//! The network: one question, one bounded reply, or why there is none.
//!
//! A key goes to the address that was named and nowhere else: no redirect is followed, and there
//! is no plain HTTP but within this machine.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use ureq::{Agent, Proxy, http::Uri};

use super::Failure;
use crate::web;

/// No reply that we want is longer.
const MOST: u64 = 1024 * 1024;

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Status of HTTP.
    pub status: u16,
    /// How long to wait before the next question, if it said so.
    pub retry_after: Option<Duration>,
    /// The text.
    pub body: String,
}

/// A service's address, and how it is reached.
pub struct Client {
    base: String,
    timeout: Duration,
    /// Made with the first question: the system's certificates take a moment to read.
    agent: Option<Agent>,
}

impl Client {
    /// Nothing is asked yet.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, String> {
        Ok(Self { base: base(url)?, timeout, agent: None })
    }

    /// Asks for a path, with headers that may prove who asks.
    pub fn get(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        moment: Timestamp,
    ) -> Result<Reply, Failure> {
        let url = format!("{}{path}", self.base);
        let agent = self.agent.get_or_insert_with(|| agent(&self.base, self.timeout));
        let mut request = agent.get(&url).header("Accept", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.call().map_err(explain)?;
        let retry_after = response.headers().get("Retry-After").and_then(|it| it.to_str().ok());
        let retry_after = retry_after.and_then(|text| wait(text, moment));
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(MOST).read_to_string();
        let body = body.map_err(explain)?;
        Ok(Reply { status, retry_after, body })
    }
}

fn agent(base: &str, timeout: Duration) -> Agent {
    let host = base.parse::<Uri>().ok().and_then(|uri| uri.host().map(web::is_this_machine));
    // What is on this machine is not asked for through another one.
    let proxy = if host == Some(true) { None } else { Proxy::try_from_env() };
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(proxy)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(timeout))
        .tls_config(web::tls(false))
        .user_agent("jouletop")
        .build()
        .into()
}

fn explain(error: ureq::Error) -> Failure {
    if let Some(error) = web::distrust(&error) {
        return Failure::Certificate(error);
    }
    match error {
        ureq::Error::Timeout(_) => Failure::Timeout,
        ureq::Error::BodyExceedsLimit(_) => Failure::Malformed("its length"),
        error => Failure::Unreachable(error.to_string()),
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
fn wait(text: &str, moment: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(date.duration_since(moment)).ok()
}

/// The address that paths are appended to; of a proxy it may have a path of its own.
pub fn base(url: &str) -> Result<String, String> {
    let shown = web::without_user(url);
    let wrong = |why: &str| Err(format!("the address {shown:?} of --carbon-url {why}"));
    let uri = url.parse::<Uri>().ok();
    let whole = uri.as_ref().and_then(|uri| Some((uri, uri.scheme_str()?, uri.authority()?)));
    let Some((uri, scheme, authority)) = whole else {
        return wrong("is not whole; write: https://api.example");
    };
    if authority.as_str().contains('@') {
        return wrong("has a user in it; keys are read from the environment");
    }
    if uri.query().is_some() {
        return wrong("has a query; write: https://api.example");
    }
    match scheme {
        "https" => {}
        "http" if web::is_this_machine(authority.host()) => {}
        "http" => return wrong("would show the key to the network; write https://"),
        _ => return wrong("is no web address; write: https://api.example"),
    }
    Ok(format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(base("https://api.example/"), Ok("https://api.example".into()));
        assert_eq!(base("https://a.example/maps/v3/"), Ok("https://a.example/maps/v3".into()));
        assert_eq!(base("http://127.0.0.1:80"), Ok("http://127.0.0.1:80".into()));
        for (url, why) in [
            ("http://api.example", "show the key"),
            ("http://127.0.0.1.example", "show the key"),
            ("ftp://api.example", "no web address"),
            ("api.example", "not whole"),
            ("https://a:hush@api.example", "has a user"),
            ("https://api.example/?key=hush", "has a query"),
            ("", "not whole"),
        ] {
            let error = base(url).unwrap_err();
            assert!(error.contains(why) && !error.contains("hush"), "{url}: {error}");
        }
    }

    #[test]
    fn how_long_to_wait_in_seconds_or_until_a_date() {
        let now: Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
        assert_eq!(wait("120", now), Some(Duration::from_mins(2)));
        assert_eq!(wait("Thu, 01 Jan 2026 10:05:00 GMT", now), Some(Duration::from_mins(5)));
        assert_eq!(wait("Thu, 01 Jan 2026 09:05:00 GMT", now), None);
        assert_eq!(wait("soon", now), None);
        assert_eq!(wait("-5", now), None);
    }
}
