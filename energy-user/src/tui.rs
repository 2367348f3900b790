//! The live screen.

use std::{ffi::OsString, time::Duration};

use crate::session::Session;

/// Colours.
pub struct Theme;

impl Theme {
    /// From the environment.
    pub fn from_env(_get: impl Fn(&str) -> Option<OsString>) -> Self {
        Self
    }
}

/// Shows the screen.
#[expect(clippy::unused_async, reason = "the loop lands with the screen")]
pub async fn run(_session: Session, _interval: Duration, _theme: Theme) -> anyhow::Result<()> {
    anyhow::bail!("the screen is not built yet; use --once or --json")
}
