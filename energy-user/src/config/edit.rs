//! Other values in the text of a configuration, and nothing else of it.
//!
//! People write these files, with comments and in their own order; whatever is not changed stays
//! as it is, to the letter.

use toml::Value;
use toml_edit::{DocumentMut, Item, Table, TableLike};

use super::{names::Names, parse::parse};

/// The text with these keys, by their whole names, or why that cannot be.
pub fn edit(text: &str, keys: &[(String, Value)]) -> Result<String, String> {
    let by_hand = "change the file by hand";
    let mut document: DocumentMut =
        text.parse().map_err(|_| format!("it is no TOML any more; {by_hand}"))?;
    for (name, value) in keys {
        let new: toml_edit::Value = value
            .to_string()
            .parse()
            .map_err(|_| format!("{name} has no value that a file can hold; {by_hand}"))?;
        put(&mut document, name, new).ok_or(format!("{name} does not fit into it; {by_hand}"))?;
    }
    let edited = document.to_string();
    // What is written shall be read as it was meant, whatever the text around it does.
    let read = parse(&edited, &Names::of_screen());
    let holds = read.is_ok_and(|layer| {
        keys.iter().all(|(name, value)| layer.get(name).is_some_and(|it| it.value == *value))
    });
    if holds { Ok(edited) } else { Err(format!("it would not say what is meant; {by_hand}")) }
}

/// Sets a key where it is, or adds it to its section.
fn put(document: &mut DocumentMut, name: &str, mut new: toml_edit::Value) -> Option<()> {
    let (section, last) = super::key::split(name);
    let at_top = section.is_empty() && !document.contains_key(last);
    let new_section = !section.is_empty() && !has(document, section);
    // A section below one that is there stands behind that, wherever it is.
    let below = new_section && document.contains_key(section.split('.').next()?);
    let comments = match (at_top, new_section) {
        (false, true) if below => Some("\n".into()),
        (false, false) => None,
        _ => take_comments(document, at_top),
    };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for part in section.split('.').filter(|part| !part.is_empty()) {
        let made = || {
            let mut made = Table::new();
            made.set_implicit(true);
            Item::Table(made)
        };
        table = table.entry(part).or_insert_with(made).as_table_like_mut()?;
    }
    if let Some(old) = table.get_mut(last) {
        *new.decor_mut() = old.as_value()?.decor().clone();
        *old = Item::Value(new);
        return Some(());
    }
    table.insert(last, Item::Value(new));
    if let Some(comments) = comments {
        if at_top {
            table.key_mut(last)?.leaf_decor_mut().set_prefix(comments);
        } else {
            let item = document.get_mut(section.split('.').next()?)?;
            innermost(item, section)?.decor_mut().set_prefix(comments);
        }
    }
    Some(())
}

fn has(document: &DocumentMut, section: &str) -> bool {
    let mut table: &dyn TableLike = document.as_table();
    for part in section.split('.') {
        let Some(inner) = table.get(part).and_then(Item::as_table_like) else { return false };
        table = inner;
    }
    true
}

/// The table of a section, below the item of its first part.
fn innermost<'a>(item: &'a mut Item, section: &str) -> Option<&'a mut Table> {
    section.split('.').skip(1).try_fold(item, |item, part| item.get_mut(part))?.as_table_mut()
}

/// Comments that would stand behind what is new, though people wrote them before it: at the end
/// of the text, or, where there is no key above the first section, above that.
fn take_comments(document: &mut DocumentMut, at_top: bool) -> Option<String> {
    let values = document.iter().any(|(_, item)| item.is_value());
    if at_top && values {
        return None;
    }
    if at_top && let Some((_, first)) = document.as_table_mut().iter_mut().next() {
        let first = first.as_table_mut()?;
        let before = first.decor().prefix()?.as_str()?.to_owned();
        first.decor_mut().set_prefix("\n");
        return Some(before);
    }
    let end = document.trailing().as_str()?.to_owned();
    document.set_trailing("");
    let gap = if at_top || (end.is_empty() && document.is_empty()) { "" } else { "\n" };
    Some(format!("{end}{gap}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, keys: &[(&str, &str)]) -> String {
        let value = |text: &str| super::super::show::literal(text).unwrap();
        let keys: Vec<_> = keys.iter().map(|(name, text)| ((*name).into(), value(text))).collect();
        edit(text, &keys).unwrap()
    }

    #[test]
    fn a_value_changes_where_it_stands_with_its_comment() {
        let text = "# mine\npue = 1.5 # measured\n\n[screen]   # looks\n  theme  =  \"dark\"   # at night\n\
                    ascii=false\n\n# the end\n";
        assert_eq!(
            edited(text, &[("screen.theme", "\"light\""), ("screen.ascii", "true")]),
            text.replace("\"dark\"", "\"light\"").replace("false", "true")
        );
        let dotted = "screen.theme = \"dark\" # a\nscreen.panels = { own = true } # b\n";
        assert_eq!(
            edited(dotted, &[("screen.theme", "\"16\""), ("screen.panels.own", "false")]),
            "screen.theme = \"16\" # a\nscreen.panels = { own = false } # b\n"
        );
    }

    #[test]
    fn a_new_key_stands_in_its_section() {
        let text = "[screen]\ntheme = \"dark\"\n\n# of waste\n[waste.orphans]\nafter = \"1m\"\n";
        assert_eq!(
            edited(text, &[("screen.ascii", "true")]),
            "[screen]\ntheme = \"dark\"\nascii = true\n\n# of waste\n[waste.orphans]\nafter = \"1m\"\n"
        );
        assert_eq!(
            edited(text, &[("screen.panels.own", "false")]),
            "[screen]\ntheme = \"dark\"\n\n[screen.panels]\nown = false\n\n# of waste\n[waste.orphans]\n\
             after = \"1m\"\n"
        );
        assert_eq!(edited("", &[("screen.ascii", "true")]), "[screen]\nascii = true\n");
        assert_eq!(edited("", &[("interval", "\"2s\"")]), "interval = \"2s\"\n");
        assert_eq!(
            edited("pue = 2", &[("screen.ascii", "true")]),
            "pue = 2\n\n[screen]\nascii = true\n"
        );
        assert_eq!(
            edited(
                "",
                &[("interval", "\"2s\""), ("screen.panels.own", "false"), ("screen.ascii", "true")]
            ),
            "interval = \"2s\"\n\n[screen]\nascii = true\n\n[screen.panels]\nown = false\n"
        );
    }

    #[test]
    fn comments_stay_before_what_is_added_behind_them() {
        assert_eq!(
            edited("# mine\n#pue = 2\n", &[("interval", "\"2s\"")]),
            "# mine\n#pue = 2\ninterval = \"2s\"\n"
        );
        assert_eq!(
            edited("# mine\n\n[screen]\nascii = true\n", &[("interval", "\"2s\"")]),
            "# mine\n\ninterval = \"2s\"\n\n[screen]\nascii = true\n"
        );
        assert_eq!(
            edited("pue = 2\n# the end\n", &[("screen.ascii", "true")]),
            "pue = 2\n# the end\n\n[screen]\nascii = true\n"
        );
    }

    /// The template that people begin their own file with: every line of it stays.
    #[test]
    fn the_template_keeps_every_line() {
        let template = super::super::show::template(&Names::of_screen());
        let keys = [
            ("screen.theme", "\"dark\""),
            ("screen.columns", "[\"pid\", \"name:30\"]"),
            ("interval", "\"2s\""),
            ("screen.panels.own", "false"),
        ];
        let edited = edited(&template, &keys);
        let mut lines = edited.lines();
        for line in template.lines() {
            assert!(lines.any(|it| it == line), "{line:?} is lost, or moved\n{edited}");
        }
        assert_eq!(
            edited.lines().filter(|line| !line.is_empty()).count(),
            template.lines().filter(|line| !line.is_empty()).count() + 4
        );
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let ascii = [("screen.ascii".to_owned(), Value::Boolean(true))];
        for text in ["screen = 1\n", "[screen\n", "nonsense = 1\n"] {
            let words = edit(text, &ascii).unwrap_err();
            assert!(words.ends_with("change the file by hand"), "{words}");
        }
    }
}
