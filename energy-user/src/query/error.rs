//! Why a text is no query, and where.
//!
//! Somebody who is still typing has made no mistake yet. The two are told apart, so that a
//! screen can keep the last good filter and be quiet about what is only not done.

/// Whether more letters can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is the beginning of a query: letters at its end can make it one.
    Incomplete,
    /// It is a mistake, whatever comes after.
    Wrong,
}

/// What is the matter with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct QueryError {
    /// Whether more letters can mend it.
    pub kind: Kind,
    /// Where it is: a byte of the text at which a letter begins, or the text's length. What
    /// is before it (`&text[..at]`) was understood.
    pub at: usize,
    /// What is the matter and what to do, in one line. It may repeat what was typed.
    pub words: String,
}

impl QueryError {
    /// More letters can mend it.
    pub(super) fn incomplete(at: usize, words: impl Into<String>) -> Self {
        Self { kind: Kind::Incomplete, at, words: words.into() }
    }

    /// A mistake.
    pub(super) fn wrong(at: usize, words: impl Into<String>) -> Self {
        Self { kind: Kind::Wrong, at, words: words.into() }
    }
}
