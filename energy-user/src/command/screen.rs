//! The live screen, if there is a terminal to show it on.

use std::{ffi::OsString, io::IsTerminal as _, path::Path, process::ExitCode};

use anyhow::bail;

use crate::{
    cli::Global,
    config::screen::Theme,
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
    let interval = session.interval().unwrap_or(global.interval);
    let theme = theme(global.config.screen.theme, |name| std::env::var_os(name));
    let hands = match global {
        _ if readonly || global.config.screen.readonly => Hands::None,
        Global { replay: Some(_), .. } => Hands::MADE_UP,
        Global { simulate: Some(_), .. } => Hands::MADE_UP,
        Global { proc_root, .. } if proc_root != Path::new("/proc") => Hands::ELSEWHERE,
        _ => Hands::Free,
    };
    tui::run(session, interval, theme, global.carbon.tariff, hands).await?;
    Ok(ExitCode::SUCCESS)
}

/// The environment can only take colours away from what is configured.
fn theme(said: Theme, get: impl Fn(&str) -> Option<OsString>) -> tui::Theme {
    if said == Theme::None { tui::Theme::plain() } else { tui::Theme::from_env(get) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_there_unless_the_user_or_the_environment_says_no() {
        let (colour, plain) = (tui::Theme::colour(), tui::Theme::plain());
        let no_color = |name: &str| (name == "NO_COLOR").then(|| "1".into());
        assert_eq!(theme(Theme::Auto, |_| None), colour);
        assert_eq!(theme(Theme::None, |_| None), plain);
        assert_eq!(theme(Theme::Dark, no_color), plain);
    }
}
