//! The configuration: what a user or a machine always wants, so that nobody has to type it.
//!
//! Keys of the first level are options of the command line, and a file becomes the *defaults* of
//! that command line: [`settle()`] reads it once, finds the files, and reads it again with what
//! they say. So a value of a file is checked by the option's own parser and refused in its words,
//! an option that was given wins, and everything that the program does is still told by
//! [`Global`](crate::cli::Global) alone. The sections (`[waste]`, `[screen]`, `[keys]`) have no
//! options; they are in [`Config`], which `Global` carries.
//!
//! ```text
//! command line -> place -> parse -> layers -> command line with defaults -> Global { config }
//!    (clap)       (I/O)    (pure)   (pure)             (clap)
//! ```
//!
//! Later wins, key by key: built in < `/etc/jouletop/config.toml` < the user's own, or the one of
//! `--config` < the environment < the command line.

mod check;
mod edit;
pub mod key;
mod keys;
pub mod layers;
pub mod names;
pub mod own;
pub mod parse;
pub mod place;
pub mod screen;
mod settle;
pub mod show;
#[cfg(test)]
mod tests;
mod waste;

use std::{fmt, path::PathBuf};

pub use own::Own;
pub use screen::Screen;
pub use settle::{Refused, settle};
pub use waste::Waste;

use crate::{present::figure::printable, tui::keymap::Keymap};

/// What files say beyond options of the command line, and where every value is from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// From when on something counts as waste, where a file says so.
    pub waste: Waste,
    /// How the screen looks at its start.
    pub screen: Screen,
    /// The keys of the screen.
    pub keys: Keymap,
    /// The file that is the user's own.
    pub own: Own,
    /// Every key of a configuration, in the order of the table.
    pub effective: Vec<Effective>,
}

/// A key as it is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// Its name with that of its section: `waste.held_gpu.after`.
    pub name: String,
    /// None where nobody said anything, and nothing is built in.
    pub value: Option<toml::Value>,
    /// Who said it.
    pub origin: Origin,
}

/// Where a value is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is built in.
    Default,
    /// A file, and its line.
    File(PathBuf, usize),
    /// A variable of the environment.
    Environment(String),
    /// An option.
    CommandLine(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => {
                write!(f, "{}:{line}", printable(&path.display().to_string()))
            }
            Self::Environment(name) => write!(f, "environment, {name}"),
            Self::CommandLine(option) => write!(f, "command line, --{option}"),
        }
    }
}

/// What is wrong with a file, at a line if it is at one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// Counted from 1.
    pub line: Option<usize>,
    /// What is wrong, and the remedy.
    pub words: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = printable(&self.path.display().to_string());
        let line = self.line.map_or_else(String::new, |line| format!(":{line}"));
        write!(f, "{path}{line}: {}", self.words)
    }
}

/// Everything that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

/// Of more, a user would read no more.
const MOST_SHOWN: usize = 10;

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().take(MOST_SHOWN).map(ToString::to_string);
        f.write_str(&shown.collect::<Vec<_>>().join("\n"))?;
        match self.0.len().saturating_sub(MOST_SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more; mend these first"),
        }
    }
}
