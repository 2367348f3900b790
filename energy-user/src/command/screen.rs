//! The live screen, if there is a terminal to show it on.

use std::{io::IsTerminal as _, path::Path, process::ExitCode};

use anyhow::bail;

use crate::{
    cli::{Global, screen::ScreenArgs},
    tui::{self, app::Hands, life::Watch},
};

/// Shows the screen until the user quits.
pub async fn screen(global: &Global, args: &ScreenArgs) -> anyhow::Result<ExitCode> {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if dumb || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        bail!("the screen needs a terminal; without one, use --once, --json or --csv");
    }
    if let Some(path) = &global.output {
        bail!("the screen writes no file; to fill {}, add --json or --csv", path.display());
    }
    // Whoever looks at rows wants to know whose they are.
    let session = global.session(true)?.with_jobs();
    let interval = session.interval().unwrap_or(global.interval);
    let palette = tui::settings::Palette::of(|name| std::env::var_os(name));
    let screen = args.over(global.config.screen.clone());
    let hands = match global {
        _ if screen.readonly => Hands::None,
        Global { replay: Some(_), .. } => Hands::RECORDED,
        Global { simulate: Some(_), .. } => Hands::MADE_UP,
        Global { proc_root, .. } if proc_root != Path::new("/proc") => Hands::ELSEWHERE,
        _ => Hands::Free,
    };
    let made_up = global.simulate.is_some() || global.replay.is_some();
    let watch = Watch::new(Some(global.proc_root.as_path()).filter(|_| !made_up));
    let look = (&screen, palette);
    let config = (&global.config, args.said());
    let config = (config.0, &*config.1);
    tui::run(session, interval, look, config, global.carbon.tariff, hands, &watch).await?;
    Ok(ExitCode::SUCCESS)
}
