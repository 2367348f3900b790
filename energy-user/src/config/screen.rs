//! `[screen]`: how the live screen looks when it starts.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{group::Grouping, present::figure::Units};

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
    /// What makes a row; [`VIEWS`] has all.
    #[serde(deserialize_with = "view")]
    pub view: Grouping,
    /// Columns from left to right; none: those that the screen chooses.
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

/// What is shown above the table, where there is room.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    Sixteen,
    /// The strongest contrast.
    HighContrast,
    /// Hues that are told apart without red and green.
    ColourBlind,
    /// Bold, dim and reverse only.
    None,
}

/// What can make a row of the screen. The machine as one row is its header already.
pub const VIEWS: [Grouping; 7] = [
    Grouping::Process,
    Grouping::Tree,
    Grouping::Job,
    Grouping::User,
    Grouping::Container,
    Grouping::Unit,
    Grouping::Command,
];

fn view<'de, D: Deserializer<'de>>(from: D) -> Result<Grouping, D::Error> {
    let said = String::deserialize(from)?;
    VIEWS.into_iter().find(|view| view.as_str() == said).ok_or_else(|| {
        let all = VIEWS.map(Grouping::as_str).join(", ");
        D::Error::custom(format!("{said:?} is no view; use one of {all}"))
    })
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            ascii: false,
            units: Units::default(),
            view: Grouping::default(),
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
