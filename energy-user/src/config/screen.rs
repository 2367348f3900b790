//! `[screen]`: how the live screen looks when it starts.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{present::figure::Units, tui::tab::Tab};

/// How the screen looks at its start; the user changes it from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file, to be said or not")]
pub struct Screen {
    /// Its colours.
    pub theme: Theme,
    /// Letters and marks of ASCII alone.
    pub ascii: bool,
    /// How energy and power are scaled.
    pub units: Units,
    /// What makes a row.
    pub view: Tab,
    /// Columns from left to right, each with a width if need be (`name:30`); none: those that the
    /// screen chooses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The column that sorts; none: the one that the screen chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// The order is turned round.
    pub reverse: bool,
    /// Ended processes are one row.
    pub fold_ended: bool,
    /// Listens to the mouse.
    pub mouse: bool,
    /// Nothing can be done to a process from the screen.
    pub readonly: bool,
    /// What is shown above the table.
    pub panels: Panels,
}

/// Which parts are shown, where there is room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file, to be said or not")]
pub struct Panels {
    /// A line for each meter.
    pub meters: bool,
    /// Power over time.
    pub graph: bool,
    /// A line for each GPU.
    pub gpus: bool,
    /// What this program uses itself.
    pub own: bool,
}

/// Colours of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// What suits the terminal.
    #[default]
    Auto,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// The terminal's own sixteen colours.
    #[serde(rename = "16")]
    #[value(name = "16")]
    Sixteen,
    /// The strongest contrast.
    HighContrast,
    /// Hues that are told apart without red and green.
    ColourBlind,
    /// Bold, dim and reverse only.
    None,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Auto,
        Self::Dark,
        Self::Light,
        Self::Sixteen,
        Self::HighContrast,
        Self::ColourBlind,
        Self::None,
    ];

    /// Its name in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Sixteen => "16",
            Self::HighContrast => "high-contrast",
            Self::ColourBlind => "colour-blind",
            Self::None => "none",
        }
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            ascii: false,
            units: Units::default(),
            view: Tab::default(),
            columns: Vec::new(),
            sort: None,
            reverse: false,
            fold_ended: false,
            mouse: true,
            readonly: false,
            panels: Panels::default(),
        }
    }
}

impl Default for Panels {
    fn default() -> Self {
        Self { meters: true, graph: true, gpus: true, own: true }
    }
}
