//! The filter: what is typed, and the last of it that could be understood.
//!
//! While somebody types `w >`, the table stays as it was; only what is wrong for good is told
//! as wrong.

use crate::query::{LONGEST, Query, QueryError};

/// A filter's text and its meaning.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    text: String,
    query: Query,
    error: Option<QueryError>,
}

impl Filter {
    /// What is typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What holds.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// What is the matter with the text, if it is not what holds.
    pub fn error(&self) -> Option<&QueryError> {
        self.error.as_ref()
    }

    /// Another text.
    pub fn set(&mut self, text: impl Into<String>) {
        self.text = text.into();
        match Query::parse(&self.text) {
            Ok(query) => (self.query, self.error) = (query, None),
            Err(error) => self.error = Some(error),
        }
    }

    /// Adds a letter.
    pub fn push(&mut self, letter: char) {
        if self.text.chars().count() < LONGEST && !letter.is_control() {
            self.set(format!("{}{letter}", self.text));
        }
    }

    /// Takes the last letter away.
    pub fn pop(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        text.pop();
        self.set(text);
    }

    /// Nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}
