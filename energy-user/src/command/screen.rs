//! The live screen, if there is a terminal to show it on.

use std::{io::IsTerminal as _, process::ExitCode};

use anyhow::bail;

use crate::{cli::Global, tui};

/// Shows the screen until the user quits.
pub async fn screen(global: &Global) -> anyhow::Result<ExitCode> {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if dumb || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        bail!("the screen needs a terminal; without one, use --once, --json or --csv");
    }
    if let Some(path) = &global.output {
        bail!("the screen writes no file; to fill {}, add --json or --csv", path.display());
    }
    let session = global.session(true)?;
    let interval = session.interval().unwrap_or(global.interval);
    let theme = tui::Theme::from_env(|name| std::env::var_os(name));
    tui::run(session, interval, theme).await?;
    Ok(ExitCode::SUCCESS)
}
