//! How things look: the terminal's own sixteen colours, or none.
//!
//! Whoever starts the screen decides (`NO_COLOR`, `--color`) and passes the theme
//! in. No meaning hangs on colour alone: each has a word or a mark as well.

use std::ffi::OsString;

use ratatui::style::{Color, Modifier, Style};

/// Colours or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    colour: bool,
}

#[expect(clippy::unused_self, reason = "a theme answers for every look, coloured or not")]
impl Theme {
    /// What the environment asks for: no colours where `NO_COLOR` is set to
    /// something, or where the terminal says that it has none.
    pub fn from_env(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let no_color = get("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = get("TERM").is_some_and(|term| term == "dumb" || term == "vt100");
        if no_color || dumb { Self::plain() } else { Self::colour() }
    }

    /// The terminal's own palette.
    pub const fn colour() -> Self {
        Self { colour: true }
    }

    /// Bold, dim and reverse only.
    pub const fn plain() -> Self {
        Self { colour: false }
    }

    fn foreground(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// The number that matters most.
    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is beside the point, ended, or not a process.
    pub(super) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Bars and graph.
    pub(super) fn bar(self) -> Style {
        self.foreground(Color::Cyan)
    }

    /// Something is missing or lost.
    pub(super) fn warning(self) -> Style {
        self.foreground(Color::Yellow)
    }

    /// A state that is on: paused, filtered.
    pub(super) fn chip(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The selected row.
    pub(super) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Column titles.
    pub(super) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }

    /// The column that sorts.
    pub(super) fn sorted(self) -> Style {
        self.title().add_modifier(Modifier::BOLD)
    }

    /// A key in the footer and the help.
    pub(super) fn key(self) -> Style {
        self.foreground(Color::Cyan).add_modifier(Modifier::BOLD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_can_say_no_to_colours() {
        let theme = |name: &'static str, value: &'static str| {
            Theme::from_env(|asked| (asked == name).then(|| value.into()))
        };
        assert_eq!(theme("NO_COLOR", "1"), Theme::plain());
        assert_eq!(theme("NO_COLOR", ""), Theme::colour());
        assert_eq!(theme("TERM", "dumb"), Theme::plain());
        assert_eq!(theme("TERM", "xterm"), Theme::colour());
    }
}
