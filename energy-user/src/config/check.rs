//! Whether a value is one that its key can have, and in which words it is refused.
//!
//! What is an option of the command line is asked of that; what is in a section, of its type.

use clap::{
    CommandFactory as _, Error,
    error::{ContextKind, ContextValue, ErrorKind},
};
use serde::Deserialize as _;
use toml::{Table, Value};

use super::{
    Screen,
    key::{self, KEYS_EXAMPLE},
    names::{self, Names},
};
use crate::{
    carbon::live,
    cli::Cli,
    present::figure::printable,
    tui::{
        action::{Action, Key},
        columns,
        keymap::Keymap,
    },
    waste::Thresholds,
};

/// A value of a known key.
pub fn check(name: &str, value: &Value, names: &Names) -> Result<(), String> {
    // An address may have a password in it.
    let shown = if name == "carbon_url" { "...".into() } else { printable(&value.to_string()) };
    let cannot = |why: &str| format!("{name} = {shown}: {why}");
    kind(name, value).map_err(|why| cannot(&why))?;
    match name {
        "screen.columns" => {
            let columns: Vec<&str> =
                value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let name = |column: &str| column.split(':').next().unwrap_or_default().to_owned();
            for (place, column) in columns.iter().enumerate() {
                let known = one_of(&name(column), &names.columns, "column");
                known.and_then(|()| width(column)).map_err(|why| cannot(&why))?;
                let column = name(column);
                if columns.iter().take(place).any(|before| name(before) == column) {
                    return Err(cannot(&format!("{column} stands there twice; leave out one")));
                }
            }
            Ok(())
        }
        "screen.sort" => {
            let column = value.as_str().unwrap_or_default();
            if names.columns.iter().any(|one| one == column)
                && !names.orders.contains(&column.into())
            {
                let others = names.orders.join(", ");
                return Err(cannot(&format!(
                    "{column} is read of the rows in sight only, and sorts nothing; use one of {others}"
                )));
            }
            one_of(column, &names.orders, "column").map_err(|why| cannot(&why))
        }
        _ => match name.split_once('.') {
            None => option(name, &text(value)),
            Some(("screen", rest)) => {
                Screen::deserialize(alone(rest, value)).map(drop).map_err(words)
            }
            Some((_, rest)) => Thresholds::deserialize(alone(rest, value)).map(drop).map_err(words),
        }
        .map_err(|why| cannot(&why)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where errors are mapped")]
fn words(error: toml::de::Error) -> String {
    let said = error.message().lines().next().unwrap_or_default();
    // Serde's words on the wrong name of a choice are those of a programmer.
    match said.split_once("expected one of ") {
        Some((before, names)) if before.starts_with("unknown variant") => {
            format!("use one of {}", names.replace('`', ""))
        }
        _ => printable(said),
    }
}

/// The value in tables of its own: `after` of `held_gpu`.
fn alone(name: &str, value: &Value) -> Table {
    match name.split_once('.') {
        None => Table::from_iter([(name.into(), value.clone())]),
        Some((section, rest)) => {
            Table::from_iter([(section.into(), Value::Table(alone(rest, value)))])
        }
    }
}

/// The text of a value, as an option has it.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// It is of the kind that this key has: text, a number, a switch, a list.
fn kind(name: &str, value: &Value) -> Result<(), String> {
    let model = key::find(name).and_then(|key| key.model(&Cli::command()));
    let Some(model) = model else { return Ok(()) };
    let number = |value: &Value| matches!(value, Value::Integer(_) | Value::Float(_));
    let list = |value: &Value| value.as_array().is_some_and(|all| all.iter().all(Value::is_str));
    let (right, what) = match &model {
        Value::Boolean(_) => (value.is_bool(), "write true or false, without quotes".into()),
        Value::Array(_) => (list(value), format!("write a list, such as {model}")),
        Value::Integer(_) | Value::Float(_) => {
            (number(value), format!("write a number without quotes, such as {model}"))
        }
        _ => (value.is_str(), format!("write it in quotes, such as {model}")),
    };
    if right { Ok(()) } else { Err(what) }
}

/// What the command line says to the same.
fn option(name: &str, text: &str) -> Result<(), String> {
    match name {
        // What a relative one begins at would change with each start.
        "calibration" | "nvml_lib" if !text.starts_with('/') => {
            return Err("write the whole path, which begins with /".into());
        }
        "carbon_url" => return live::base(text).map(drop),
        _ => {}
    }
    let argument = format!("--{}={text}", key::long(name));
    let parsed = Cli::command().try_get_matches_from(["jouletop", &argument]);
    parsed.map(drop).map_err(|error| in_words(&error, name))
}

fn in_words(error: &Error, name: &str) -> String {
    let listed = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => values.join(", "),
        _ => String::new(),
    };
    match (error.kind(), std::error::Error::source(error)) {
        (ErrorKind::ValueValidation, Some(source)) => printable(&source.to_string()),
        (ErrorKind::InvalidValue, _) if !listed.is_empty() => format!("use one of {listed}"),
        _ => {
            let model = key::find(name).and_then(|key| key.model(&Cli::command()));
            let model = model.map_or_else(String::new, |model| model.to_string());
            format!("use a value such as {model}")
        }
    }
}

/// The width behind a column's name, if there is one.
fn width(column: &str) -> Result<(), String> {
    match column.split_once(':') {
        Some((name, width)) if columns::width(width).is_none() => {
            Err(format!("a width has {} cells, such as {name}:30", columns::WIDTHS))
        }
        _ => Ok(()),
    }
}

/// One of some names.
fn one_of(wanted: &str, names: &[String], what: &str) -> Result<(), String> {
    if names.iter().any(|name| name == wanted) {
        return Ok(());
    }
    let wrong = format!("there is no {what} {:?}", printable(wanted));
    Err(match nearest(wanted, names.iter().map(String::as_str)) {
        Some(near) => format!("{wrong}; did you mean {near}?"),
        None => format!("{wrong}; use one of {}", names.join(", ")),
    })
}

/// An action and its keys.
pub fn binding(action: &str, value: &Value, names: &Names) -> Result<(), String> {
    one_of(action, &names.actions, "action")?;
    let cannot = |why: &str| format!("{action} = {}: {why}", printable(&value.to_string()));
    let list = value.as_array().filter(|all| all.iter().all(Value::is_str));
    let Some(keys) = list else {
        return Err(cannot(&format!("write a list of keys, such as {}", KEYS_EXAMPLE.1)));
    };
    let mut known: Vec<Key> = Vec::new();
    for one in keys.iter().filter_map(Value::as_str) {
        let Some(key) = names::key(one) else {
            let help = match names::nearest_key(one) {
                Some(near) => format!("did you mean {near}?"),
                None => "use a letter, F1 to F12, or a name such as Enter, PgUp or Ctrl-C".into(),
            };
            return Err(cannot(&format!("{:?} is no key; {help}", printable(one))));
        };
        if let Some(why) = names::untold(key) {
            return Err(cannot(&format!("{}: {why}", key.label())));
        }
        if key == Key::ALWAYS_QUITS && action != Action::Quit.name() {
            return Err(cannot(&format!("{} always quits; use another key", key.label())));
        }
        if known.contains(&key) {
            return Err(cannot(&format!("{} stands there twice; leave out one", key.label())));
        }
        known.push(key);
    }
    // Who cannot answer a question would be caught in it.
    let needed = [Action::Back, Action::Accept, Action::Card];
    if known.is_empty() && needed.iter().any(|needed| needed.name() == action) {
        return Err(cannot("without a key there is no way on; give it one"));
    }
    let usual = Keymap::usual_where_typed(action).filter(|_| !known.is_empty());
    if let Some(usual) = usual.filter(|_| known.iter().all(|key| key.is_text())) {
        let usual = usual.label();
        return Err(cannot(&format!(
            "letters are text where something is typed; add a key that is none, such as {usual}"
        )));
    }
    Ok(())
}

/// The name that is most like it, if any is.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = names.map(|name| (strsim::jaro_winkler(name, wanted), name));
    let best = likeness.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(likeness, _)| *likeness > 0.8).map(|(_, name)| name)
}
