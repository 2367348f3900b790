//! The report for a README or a model card: a sentence and a table in Markdown.
//!
//! A command's name is anybody's text: nothing of it may become markup.

use std::fmt::Write as _;

use super::{document::Document, facts};
use crate::present::figure;

/// A sentence, an empty line, a table.
pub fn markdown(document: &Document) -> String {
    let (before, after) = facts::sentence(document);
    let command = document.title();
    let mut text = format!("{before}{}{}\n\n", code(&command), escape(&after));
    text.push_str("| | |\n|---|---|\n");
    let name = if document.watched.is_some() { "Job" } else { "Command" };
    let command = (name, command);
    for (name, value) in [command].into_iter().chain(facts::rows(document)) {
        let _ = writeln!(text, "| {name} | {} |", escape(&value));
    }
    text
}

/// Text that stays text: CommonMark lets every ASCII punctuation mark be escaped.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in figure::printable(text).chars() {
        if matches!(
            c,
            '\\' | '`'
                | '*'
                | '_'
                | '{'
                | '}'
                | '['
                | ']'
                | '<'
                | '>'
                | '#'
                | '|'
                | '~'
                | '&'
                | '$'
                | '!'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A span of code. Its fence is longer than any run of backticks in it.
fn code(text: &str) -> String {
    let text = figure::printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // The spaces are taken away again, and keep a backtick at an edge from the fence.
    if text.is_empty() { "``".into() } else { format!("{fence} {text} {fence}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        assert_eq!(escape("a|b`c`\n<i>~~_*"), "a\\|b\\`c\\`?\\<i\\>\\~\\~\\_\\*");
        assert_eq!(code("a``b"), "``` a``b ```");
        assert_eq!(code("`\n"), "`` `? ``");
        assert_eq!(code("make"), "` make `");
    }
}
