//! A file's text as a layer of values, each checked, each with its line.
//!
//! All that is wrong is told at once, so that a file is mended once.

use std::{collections::BTreeMap, ops::Range};

use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue},
};

use super::{
    check::{binding, check, nearest},
    key::{self, KEYS, KEYS_SECTION},
    layers::RIVALS,
    names::Names,
};
use crate::present::figure::printable;

/// A value and its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// What was said.
    pub value: Value,
    /// Where, counted from 1.
    pub line: usize,
}

/// The keys of one file.
pub type Layer = BTreeMap<String, Given>;

/// What is wrong, and at which line.
pub type Wrong = (Option<usize>, String);

/// No configuration is longer.
pub const MOST_BYTES: usize = 60 * 1024;

/// The keys of a file, or everything that is wrong with it.
pub fn parse(text: &str, names: &Names) -> Result<Layer, Vec<Wrong>> {
    if text.len() > MOST_BYTES {
        return Err(vec![(None, "it is far too long for a configuration; shorten it".into())]);
    }
    let line = |span: Range<usize>| {
        1 + text.as_bytes().iter().take(span.start).filter(|&&it| it == b'\n').count()
    };
    let malformed = |error: toml::de::Error| {
        let said = error.message().lines().collect::<Vec<_>>().join(", ");
        vec![(
            error.span().map(&line),
            format!("it is no TOML: {}; mend that line", printable(&said)),
        )]
    };
    let spans = DeTable::parse(text).map_err(malformed)?;
    let values: Table = toml::from_str(text).map_err(malformed)?;
    let mut reader = Reader { names, layer: Layer::new(), wrong: Vec::new(), line: &line };
    reader.table("", spans.get_ref(), &values);
    let Reader { layer, mut wrong, .. } = reader;
    for (one, other) in RIVALS {
        if let (Some(one_of), Some(other_of)) = (layer.get(*one), layer.get(*other)) {
            let words = format!(
                "{one} and {other} (line {}) exclude each other; leave out one",
                other_of.line
            );
            wrong.push((Some(one_of.line), words));
        }
    }
    wrong.sort();
    if wrong.is_empty() { Ok(layer) } else { Err(wrong) }
}

struct Reader<'a> {
    names: &'a Names,
    layer: Layer,
    wrong: Vec<Wrong>,
    line: &'a dyn Fn(Range<usize>) -> usize,
}

impl Reader<'_> {
    fn table(&mut self, section: &str, spans: &DeTable<'_>, values: &Table) {
        for (spanned, inner) in spans {
            let last: &str = spanned.get_ref();
            let Some(value) = values.get(last) else { continue };
            let name = if section.is_empty() { last.into() } else { format!("{section}.{last}") };
            let line = (self.line)(spanned.span());
            self.entry(section, last, &name, line, inner, value);
        }
    }

    fn entry(
        &mut self,
        section: &str,
        last: &str,
        name: &str,
        line: usize,
        inner: &Spanned<DeValue<'_>>,
        value: &Value,
    ) {
        // A name with a point in it is quoted, and stands for no section.
        let known = !last.contains('.');
        let checked = if section == KEYS_SECTION {
            binding(last, value, self.names)
        } else if known && key::find(name).is_some() {
            check(name, value, self.names)
        } else if known && is_section(name) {
            match (inner.get_ref(), value) {
                (DeValue::Table(spans), Value::Table(values)) => {
                    return self.table(name, spans, values);
                }
                _ => Err(format!("{name} is a section; write [{name}] on a line of its own")),
            }
        } else {
            Err(unknown(section, last))
        };
        match checked {
            Ok(()) => drop(self.layer.insert(name.into(), Given { value: value.clone(), line })),
            Err(words) => self.wrong.push((Some(line), words)),
        }
    }
}

fn is_section(name: &str) -> bool {
    let below = |key: &str| key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    name == KEYS_SECTION || KEYS.iter().any(|key| below(key.name))
}

/// Of a key that is not known: the nearest one, or one of the same name elsewhere.
fn unknown(section: &str, last: &str) -> String {
    let at = if section.is_empty() { String::new() } else { format!(" in [{section}]") };
    let wrong = format!("there is no key {:?}{at}", printable(last));
    if last.contains('.') && key::find(last).is_some() {
        return format!("{wrong}; write it without quotes");
    }
    let prefix = if section.is_empty() { String::new() } else { format!("{section}.") };
    let mut here: Vec<&str> = KEYS
        .iter()
        .filter_map(|key| key.name.strip_prefix(&prefix)?.split('.').next())
        .chain(section.is_empty().then_some(KEYS_SECTION))
        .collect();
    here.dedup();
    if let Some(near) = nearest(&last.replace('-', "_"), here.into_iter()) {
        return format!("{wrong}; did you mean {near}?");
    }
    let elsewhere = KEYS.iter().find(|key| {
        let (of, name) = key::split(key.name);
        name == last || of.ends_with(&format!(".{last}"))
    });
    if let Some(key) = elsewhere {
        return match key::split(key.name) {
            ("", name) => format!("{wrong}; write {name} above the first section"),
            (of, name) if name == last => format!("{wrong}; {name} belongs into [{of}]"),
            (of, _) => format!("{wrong}; write [{of}]"),
        };
    }
    format!("{wrong}; jouletop config --default shows all")
}
