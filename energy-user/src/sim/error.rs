//! Why a scenario cannot be used, in the words of its author.
//!
//! Each message names the file, the entry and the remedy, on one or two lines.

use std::io;

/// What is wrong with a scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Nothing has that name.
    #[error("{file}: there is no such file; check the path of the scenario")]
    Missing {
        /// As the user wrote it.
        file: String,
    },
    /// It is a directory.
    #[error("{file}: this is a directory; name one scenario file in it")]
    Directory {
        /// As the user wrote it.
        file: String,
    },
    /// The system refused.
    #[error("{file}: the scenario cannot be read ({source}); check who may read it")]
    Unreadable {
        /// As the user wrote it.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// Far larger than anybody writes.
    #[error("{file}: larger than 1 MiB, so it is no scenario; check the path")]
    TooLarge {
        /// As the user wrote it.
        file: String,
    },
    /// Not UTF-8.
    #[error("{file}: not UTF-8 text, so it is no scenario; save it as UTF-8")]
    NotText {
        /// As the user wrote it.
        file: String,
    },
    /// Nothing in it.
    #[error("{file}: the file is empty; a scenario needs at least `name` and `cpus`")]
    Empty {
        /// As the user wrote it.
        file: String,
    },
    /// Not TOML, or a field that is unknown, missing or of the wrong type.
    #[error("{file}, line {line}: {problem}\ndocs/scenarios.md describes the fields of a scenario")]
    Toml {
        /// As the user wrote it.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What the parser said, on one line.
        problem: String,
    },
    /// Well-formed, but it makes no sense.
    #[error("{file}: {entry}: {problem}")]
    Invalid {
        /// As the user wrote it.
        file: String,
        /// Which part: `process gcc (pid 11)`.
        entry: String,
        /// What is wrong, and the remedy.
        problem: String,
    },
}

impl ScenarioError {
    /// From what the TOML parser says about a text.
    pub(super) fn toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.get(..start).unwrap_or_default().split('\n').count();
        let lines: Vec<_> = error.message().lines().map(str::trim).collect();
        // The message may quote the file, and the file may hold anything.
        let problem = lines.join(", ").replace(char::is_control, "\u{fffd}");
        Self::Toml { file: file.into(), line, problem }
    }
}

/// What is wrong with one entry; the file's name is added where it is known.
#[derive(Debug)]
pub struct Problem {
    /// Which entry.
    pub entry: String,
    /// What is wrong, and the remedy.
    pub problem: String,
}

impl Problem {
    /// A problem of an entry.
    pub fn new(entry: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { entry: entry.into(), problem: problem.into() }
    }

    /// With the file's name.
    pub fn of(self, file: &str) -> ScenarioError {
        let Self { entry, problem } = self;
        ScenarioError::Invalid { file: file.into(), entry, problem }
    }
}
