//! A configuration as text: with all its words, as it is in force, and by origin.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use serde_json::json;
use toml::{Table, Value};

use super::{
    Effective, Origin,
    key::{KEYS, KEYS_EXAMPLE, KEYS_SECTION, KEYS_WORDS, split},
    names::Names,
};
use crate::{
    cli::Cli,
    present::{figure::printable, text::wrap},
};

/// Width of the comments.
const WIDTH: usize = 90;

/// The value that a text of TOML stands for.
pub fn literal(text: &str) -> Option<Value> {
    let table: Table = toml::from_str(&format!("it = {text}")).ok()?;
    table.get("it").cloned()
}

/// A whole configuration that changes nothing: every key stands behind a `#`, with its words, and
/// with the value that holds without it, or an example where none does.
pub fn template(names: &Names) -> String {
    let command = Cli::command();
    let mut text = String::new();
    comment(
        &mut text,
        "Configuration of jouletop. Each key below is commented out and shows what holds without \
         it; take away its # to change it. A file of the machine is /etc/jouletop/config.toml, \
         your own is ~/.config/jouletop/config.toml; key by key, yours wins, then the environment, \
         then the command line.",
    );
    let mut section = "";
    for key in KEYS {
        let (of, name) = split(key.name);
        if of != section {
            section = of;
            let _ = write!(text, "\n[{section}]\n");
        }
        text.push('\n');
        comment(&mut text, &key.explanation(&command));
        match (key.built_in(&command), key.example) {
            (Some(value), _) => drop(writeln!(text, "#{name} = {value}")),
            (None, Some(example)) => {
                comment(&mut text, "Not set; for example:");
                let _ = writeln!(text, "#{name} = {example}");
            }
            (None, None) => {}
        }
    }
    let _ = write!(text, "\n[{KEYS_SECTION}]\n\n");
    comment(&mut text, KEYS_WORDS);
    comment(&mut text, &format!("What they do: {}.", names.actions.join(", ")));
    comment(&mut text, "None is set; for example:");
    let _ = writeln!(text, "#{} = {}", KEYS_EXAMPLE.0, KEYS_EXAMPLE.1);
    text
}

fn comment(to: &mut String, words: &str) {
    for line in wrap(words, WIDTH, usize::MAX) {
        let _ = writeln!(to, "# {line}");
    }
}

/// All keys that have a value, as a configuration.
pub fn in_force(effective: &[Effective]) -> String {
    let mut text = String::new();
    let mut section = "";
    for Effective { name, value, .. } in effective {
        let Some(value) = value else { continue };
        let (of, name) = split(name);
        if of != section {
            section = of;
            let _ = write!(text, "\n[{section}]\n");
        }
        let _ = writeln!(text, "{name} = {value}");
    }
    text
}

/// Each key, its value and who said it, in columns.
pub fn origins(effective: &[Effective]) -> String {
    let shown = |value: &Option<Value>| {
        printable(&value.as_ref().map_or_else(|| "-".into(), ToString::to_string))
    };
    let width =
        |width: &dyn Fn(&Effective) -> usize| effective.iter().map(width).max().unwrap_or(0);
    let names = width(&|one| one.name.chars().count());
    // A long address pushes nobody else's origin off the screen.
    let values = width(&|one| shown(&one.value).chars().count()).min(30);
    effective.iter().fold(String::new(), |mut text, Effective { name, value, origin }| {
        let _ = writeln!(text, "{name:names$}  {:values$}  {origin}", shown(value));
        text
    })
}

/// The same for scripts.
pub fn json(effective: &[Effective]) -> serde_json::Value {
    let keys: Vec<_> = effective
        .iter()
        .map(|Effective { name, value, origin }| {
            let (from, at) = match origin {
                Origin::Default => ("default", json!(null)),
                Origin::File(path, line) => ("file", json!({ "path": path, "line": line })),
                Origin::Environment(name) => ("environment", json!({ "name": name })),
                Origin::CommandLine(name) => ("command_line", json!({ "name": name })),
            };
            json!({ "key": name, "value": value, "origin": from, "at": at })
        })
        .collect();
    json!({ "schema": 1, "keys": keys })
}
