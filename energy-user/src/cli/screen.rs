//! Options of the live screen, which win over `[screen]` of a configuration.

use clap::Args;

use crate::config::{Screen, screen::Theme};

/// How the screen looks and behaves.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Screen")]
pub struct ScreenArgs {
    /// Colours of the screen
    #[arg(long, value_enum, value_name = "NAME")]
    pub theme: Option<Theme>,

    /// Draw with letters and marks of ASCII alone
    #[arg(long)]
    pub ascii: bool,

    /// Leave the mouse to the terminal
    #[arg(long)]
    pub no_mouse: bool,

    /// The screen only looks: no keys that end or renice processes, none that write files
    #[arg(long)]
    pub readonly: bool,
}

impl ScreenArgs {
    /// These, and where they say nothing those that stood before the subcommand.
    pub fn or(self, before: &Self) -> Self {
        Self {
            theme: self.theme.or(before.theme),
            ascii: self.ascii || before.ascii,
            no_mouse: self.no_mouse || before.no_mouse,
            readonly: self.readonly || before.readonly,
        }
    }

    /// The keys of a configuration that these stand for, with the option of each.
    pub fn said(&self) -> Vec<(&'static str, &'static str)> {
        let all = [
            (self.theme.is_some(), ("screen.theme", "theme")),
            (self.ascii, ("screen.ascii", "ascii")),
            (self.no_mouse, ("screen.mouse", "no-mouse")),
            (self.readonly, ("screen.readonly", "readonly")),
        ];
        all.into_iter().filter(|(said, _)| *said).map(|(_, names)| names).collect()
    }

    /// What was asked for, over what is configured.
    pub fn over(&self, screen: Screen) -> Screen {
        Screen {
            theme: self.theme.unwrap_or(screen.theme),
            ascii: self.ascii || screen.ascii,
            mouse: screen.mouse && !self.no_mouse,
            readonly: self.readonly || screen.readonly,
            ..screen
        }
    }
}
