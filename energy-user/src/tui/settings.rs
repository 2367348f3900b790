//! What the user wants of the screen beyond what is shown at the moment: a value of `[screen]`.
//!
//! Every theme is made at the start, from the environment: later the state can go from one to
//! another without asking anybody.

use std::ffi::OsString;

use super::{columns::Columns, keymap::Keymap, theme::Theme};
use crate::config::screen::{Panels, Screen, Theme as Name};

/// Each theme as this terminal can show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette([Theme; Name::ALL.len()]);

impl Palette {
    /// Those of a terminal; `get` reads the environment, which can only take colours away.
    pub fn of(get: impl Fn(&str) -> Option<OsString>) -> Self {
        Self(Name::ALL.map(|name| Theme::of(name, &get)))
    }

    /// The same whatever is wanted.
    pub const fn only(theme: Theme) -> Self {
        Self([theme; Name::ALL.len()])
    }

    /// The theme of a name.
    pub fn get(&self, name: Name) -> Theme {
        let named = Name::ALL.into_iter().zip(self.0).find(|(one, _)| *one == name);
        named.map_or(Theme::plain(), |(_, theme)| theme)
    }
}

/// How the screen is to look and to behave.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The colours that are wanted.
    pub theme: Name,
    /// What they are here.
    pub palette: Palette,
    /// Letters and marks of ASCII alone.
    pub ascii: bool,
    /// Listens to the mouse.
    pub mouse: bool,
    /// Which parts are shown.
    pub panels: Panels,
    /// The columns of the table.
    pub columns: Columns,
    /// Nothing is to be done to a process from the screen.
    pub readonly: bool,
    /// What keys do.
    pub keys: Keymap,
}

impl Settings {
    /// Those of a configuration.
    pub fn of(screen: &Screen, palette: Palette) -> Self {
        Self {
            theme: screen.theme,
            palette,
            ascii: screen.ascii,
            mouse: screen.mouse,
            panels: screen.panels.clone(),
            columns: Columns::of(&screen.columns),
            readonly: screen.readonly,
            keys: Keymap::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_is_what_was_named_and_the_environment_takes_colours_away() {
        let colours = |name: &str| (name == "COLORTERM").then(|| "truecolor".into());
        let none = |name: &str| (name == "NO_COLOR").then(|| "1".into());
        let dumb = |name: &str| (name == "TERM").then(|| "dumb".into());
        let all = Palette::of(colours);
        assert_eq!(all.get(Name::Auto), Theme::colour());
        assert_eq!(all.get(Name::Sixteen), Theme::colour());
        assert_eq!(all.get(Name::None), Theme::plain());
        for name in Name::ALL {
            assert_eq!(Palette::of(none).get(name), Theme::plain());
            assert_eq!(Palette::of(dumb).get(name), Theme::plain());
            if !matches!(name, Name::Auto | Name::Sixteen) {
                assert_eq!(all.get(name), Theme::of(name, colours));
            }
        }
    }
}
