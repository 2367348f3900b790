//! What every question over the network needs: trust, addresses that may be shown, secrets.
//!
//! A password goes to the host that it is for, over TLS or within this machine, and is shown
//! nowhere.

use std::{fmt, net::IpAddr, sync::Arc};

use rustls::crypto::ring;
use serde::Deserialize;
use ureq::{
    http::Uri,
    tls::{Certificate, RootCerts, TlsConfig},
};

/// A text that is never shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes charge of a password.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The password itself, for whom it is meant.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// TLS as this system trusts it; `insecure` takes everybody at their word.
pub fn tls(insecure: bool) -> TlsConfig {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .disable_verification(insecure);
    if insecure {
        return tls.build();
    }
    let system = rustls_native_certs::load_native_certs().certs;
    let certificates = system.iter().map(|der| Certificate::from_der(der).to_owned());
    tls.root_certs(RootCerts::Specific(Arc::new(certificates.collect()))).build()
}

/// The certificate that was not to be trusted, if that is what went wrong.
pub fn distrust(error: &ureq::Error) -> Option<String> {
    match error {
        ureq::Error::Rustls(error) => Some(error.to_string()),
        // How rustls tells of a bad certificate in the middle of a connection.
        ureq::Error::Io(error) => {
            error.get_ref()?.downcast_ref::<rustls::Error>().map(ToString::to_string)
        }
        _ => None,
    }
}

/// The host is this machine itself.
pub fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// An address as it may be shown: a password that somebody wrote into it is left out.
pub fn without_user(url: &str) -> String {
    let uri = url.parse::<Uri>().ok();
    let shown = uri.as_ref().and_then(|uri| {
        let port = uri.port().map_or_else(String::new, |port| format!(":{port}"));
        Some(format!("{}://{}{port}", uri.scheme_str()?, uri.host()?))
    });
    // Anything else may hold a password in an odd place.
    shown.unwrap_or_else(|| "(not shown)".into())
}
