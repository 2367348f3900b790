//! What somebody looks for among rows: a filter's text, and whether a row meets it.
//!
//! Plain text comes first, so that nobody has to learn anything to find a name; fields with
//! comparisons come after. It knows rows only by [`Facts`], so that screens, tables and tests
//! can give any rows to it, and it reads nothing else.
//!
//! # Grammar
//!
//! ```text
//! query      = [ any ]                       an empty one meets every row
//! any        = all { ( "or" | "|" | "||" ) all }
//! all        = term { [ "and" | "&" | "&&" ] term }
//! term       = "!" term | "(" any ")" | mark | comparison | text
//! mark       = "ended" | "held"
//! comparison = field operator value          with or without spaces between them
//! operator   = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~"
//! value      = number [ unit ] | text
//! text       = word | '"' any letters '"'    in quotes \" is a quote and \\ a backslash
//! ```
//!
//! `!` binds more than `and`, and `and` more than `or`. A word ends at a space or at one of
//! `( ) | &`.
//!
//! - **Text** meets a row that has it within its name, command line, user, PID or job, upper
//!   and lower case being the same. What is in quotes is always text.
//! - Only the name of a **field** ([`FIELDS`], upper or lower case) with an operator behind it
//!   is a comparison: `a>b`, `foo=bar` and `-k=v` are text. An operator that stands alone,
//!   with a space behind it, needs a field before it, so `wats > 5` is a mistake and tells
//!   the nearest name.
//! - Where a term has to come, `or` and `and` are words as others are.
//! - **Words** are compared by `=` and `!=` (the whole) and `~` and `!~` (within), upper and
//!   lower case being the same; **numbers** by all but `~` and `!~`. Without a unit a number
//!   has the field's own. The numbers that are compared are those that were measured, not
//!   those that a column rounds: `w = 5` meets 5 W and not 5.004 W.
//! - **What is absent meets no comparison**, `!=` and `!~` included: of a row without a user
//!   nobody knows that it is not root's. `!` is plain logic and not a comparison, so that
//!   `!user = root` meets this row. `job ~ ""` meets whatever has a job.
//! - At most [`LONGEST`] letters, and no deeper than [`DEEPEST`].
//!
//! A mistake tells where it is, and whether more letters can mend it ([`Kind`]), so that the
//! last good filter stays while somebody types.

mod error;
mod field;
mod needle;
mod node;
mod parse;
mod quantity;
mod scan;

#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

pub use error::{Kind, QueryError};
pub use field::{FIELDS, Field, Figure, Mark, Of, Unit, Word};
use node::Node;

/// Letters of a query; nobody types more, and a pasted file should not slow a screen.
pub const LONGEST: usize = 200;

/// How deep parentheses and `!` go into each other.
pub const DEEPEST: usize = 16;

/// What is known of a row. What is not known is none, and never zero or an empty text.
pub trait Facts {
    /// A text.
    fn word(&self, word: Word) -> Option<&str>;

    /// A number in the base unit that [`Figure`] tells.
    fn figure(&self, figure: Figure) -> Option<f64>;

    /// What is so or is not.
    fn is(&self, mark: Mark) -> bool;
}

/// A filter that was understood.
///
/// It prints as a text that is understood as the same query, with units and with the
/// parentheses that it needs.
///
/// ```
/// use jouletop::query::{Kind, Query};
///
/// let query = Query::parse("train W>1.5kw or user=root")?;
/// assert_eq!(query.to_string(), "train w > 1.5kW | user = root");
/// assert_eq!(Query::parse("w >").unwrap_err().kind, Kind::Incomplete);
/// # Ok::<(), jouletop::query::QueryError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    root: Option<Node>,
}

impl Query {
    /// Understands a text, or tells where and why not.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Ok(Self { root: parse::parse(text)? })
    }

    /// Nothing is asked for, and every row meets it.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Whether a row meets it. The time is linear in the row's texts, and nothing is
    /// allocated.
    pub fn matches(&self, facts: &impl Facts) -> bool {
        self.root.as_ref().is_none_or(|node| node.matches(facts))
    }
}

impl FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::parse(text)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.as_ref().map_or(Ok(()), |node| node.fmt(f))
    }
}
