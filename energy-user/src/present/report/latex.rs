//! The report for a paper: a sentence and a table in LaTeX, without any package.
//!
//! A command's name is anybody's text: nothing of it may become a macro, and what pdfLaTeX has
//! no letter for becomes `?` instead of an error in somebody's paper.

use std::fmt::Write as _;

use super::{document::Document, facts};
use crate::present::figure;

/// A sentence, an empty line, a table.
pub fn latex(document: &Document) -> String {
    let (before, after) = facts::sentence(document);
    let command = document.title();
    let mut text = format!("{before}\\texttt{{{}}}{}\n\n", escape(&command), escape(&after));
    text.push_str("\\begin{tabular}{lp{0.7\\linewidth}}\n\\hline\n");
    let name = if document.watched.is_some() { "Job" } else { "Command" };
    let command = (name, command);
    for (name, value) in [command].into_iter().chain(facts::rows(document)) {
        let _ = writeln!(text, "{name} & {} \\\\", escape(&value));
    }
    text.push_str("\\hline\n\\end{tabular}\n");
    text
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in figure::printable(text).chars() {
        match c {
            '{' | '}' | '$' | '&' | '#' | '_' | '%' => escaped.extend(['\\', c]),
            '\\' => escaped.push_str("\\textbackslash{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '`' => escaped.push_str("\\textasciigrave{}"),
            '"' => escaped.push_str("\\char34{}"),
            // Two in a row would become a longer dash, or one mark.
            '-' | '\'' | ',' if escaped.ends_with(c) => {
                escaped.push_str("{}");
                escaped.push(c);
            }
            'µ' => escaped.push_str("\\textmu{}"),
            '\u{20}'..='\u{7e}' | '\u{c0}'..='\u{ff}' => escaped.push(c),
            _ => escaped.push('?'),
        }
    }
    escaped.replace("CO2e", "CO\\textsubscript{2}e")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_becomes_a_macro() {
        assert_eq!(
            escape("\\input{x}%$&#_^~"),
            "\\textbackslash{}input\\{x\\}\\%\\$\\&\\#\\_\\textasciicircum{}\\textasciitilde{}"
        );
        assert_eq!(escape("run --zone |\n名é"), "run -{}-zone \\textbar{}??é");
        assert_eq!(escape("2 µg CO2e"), "2 \\textmu{}g CO\\textsubscript{2}e");
    }
}
