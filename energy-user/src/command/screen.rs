//! The live screen, if there is a terminal to show it on.

use std::{io::IsTerminal as _, path::Path, process::ExitCode};

use anyhow::bail;

use crate::{
    cli::Global,
    tui::{self, app::Hands},
};

/// Shows the screen until the user quits.
pub async fn screen(global: &Global, readonly: bool) -> anyhow::Result<ExitCode> {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if dumb || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        bail!("the screen needs a terminal; without one, use --once, --json or --csv");
    }
    if let Some(path) = &global.output {
        bail!("the screen writes no file; to fill {}, add --json or --csv", path.display());
    }
    // Whoever looks at rows wants to know whose they are.
    let session = global.session(true)?.with_jobs();
    let hands = match global {
        _ if readonly => Hands::None,
        Global { simulate: Some(_), .. } => Hands::MADE_UP,
        Global { proc_root, .. } if proc_root != Path::new("/proc") => Hands::ELSEWHERE,
        _ => Hands::Free,
    };
    let theme = tui::Theme::from_env(|name| std::env::var_os(name));
    tui::run(session, global.interval, theme, global.carbon.tariff, hands).await?;
    Ok(ExitCode::SUCCESS)
}
