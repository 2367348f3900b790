//! Other values in the text of a configuration, and nothing else of it.
//!
//! People write these files, with comments and in their own order; whatever is not changed stays
//! as it is, to the letter.

use toml::Value;
use toml_edit::{Document, DocumentMut, Item, Table, TableLike};

use super::{names::Names, parse::parse};

/// The text with these keys, by their whole names, or why that cannot be.
pub fn edit(text: &str, keys: &[(String, Value)]) -> Result<String, String> {
    let by_hand = "change the file by hand";
    let (changed, new) = change(text, keys).map_err(|words| format!("{words}; {by_hand}"))?;
    let mut edited = changed;
    if !new.is_empty() {
        let mut document: DocumentMut =
            edited.parse().map_err(|_| format!("it is no TOML any more; {by_hand}"))?;
        for (name, value) in new {
            let value: toml_edit::Value = value
                .to_string()
                .parse()
                .map_err(|_| format!("{name} has no value that a file can hold; {by_hand}"))?;
            put(&mut document, name, value)
                .ok_or(format!("{name} does not fit into it; {by_hand}"))?;
        }
        let more = document.to_string();
        if !keeps(&edited, &more) {
            return Err(format!("its other lines would not stay as they are; {by_hand}"));
        }
        edited = more;
    }
    // What is written shall be read as it was meant, whatever the text around it does.
    let read = parse(&edited, &Names::of_screen());
    let holds = read.is_ok_and(|layer| {
        keys.iter().all(|(name, value)| layer.get(name).is_some_and(|it| it.value == *value))
    });
    if holds { Ok(edited) } else { Err(format!("it would not say what is meant; {by_hand}")) }
}

/// A text, and the keys that it has not.
type Changed<'a> = (String, Vec<&'a (String, Value)>);

/// The text with those of the keys that it has already, each value changed where it stands and not a
/// letter beside it, and the keys that it has not.
fn change<'a>(text: &str, keys: &'a [(String, Value)]) -> Result<Changed<'a>, String> {
    let document = Document::parse(text).map_err(|_| "it is no TOML any more")?;
    let (mut spans, mut new) = (Vec::new(), Vec::new());
    for key in keys {
        let mut item = Some(document.as_item());
        for part in key.0.split('.') {
            item = item.and_then(|item| item.get(part));
        }
        match item.filter(|item| !item.is_none()) {
            None => new.push(key),
            Some(item) => {
                let span = item.as_value().and_then(toml_edit::Value::span);
                let span = span.ok_or(format!("{} does not fit into it", key.0))?;
                let old = text.get(span.clone()).ok_or("it is no TOML any more")?;
                if item.is_array() && old.contains('#') {
                    return Err(format!("the comments within {} would go", key.0));
                }
                spans.push((span, key.1.to_string()));
            }
        }
    }
    let mut text = text.to_owned();
    spans.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    for (span, new) in spans {
        text.replace_range(span, &new);
    }
    Ok((text, new))
}

/// Every line still stands, in its order; a lost carriage return counts.
fn keeps(old: &str, new: &str) -> bool {
    let mut lines = new.split('\n');
    old.split('\n').filter(|line| !line.is_empty()).all(|line| lines.any(|it| it == line))
}

/// Adds a key to its section.
fn put(document: &mut DocumentMut, name: &str, new: toml_edit::Value) -> Option<()> {
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
    fn nothing_else_moves_or_the_file_is_left_alone() {
        let theme = [("screen.theme".to_owned(), Value::String("light".into()))];
        let dotted = "screen.theme = \"dark\"\n# of the site\npue = 1.1\nscreen.ascii = false\n";
        assert_eq!(edit(dotted, &theme).unwrap(), dotted.replace("dark", "light"));
        let lines = "# mine\r\n[screen]\r\ntheme = \"dark\" # at night\r\n";
        assert_eq!(edit(lines, &theme).unwrap(), lines.replace("dark", "light"));
        for other in [
            "pue = 1.1\r\n[screen]\r\nascii = true\r\n",
            "[waste.orphans]\nafter = \"1m\"\n[keys]\n# B\n[waste.spinning]\nafter = \"1m\"\n# the end\n",
        ] {
            let words = edit(other, &theme).unwrap_err();
            assert!(words.contains("stay as they are"), "{words}");
        }
        let columns = Value::Array(vec![Value::String("pid".into())]);
        let columns = [("screen.columns".to_owned(), columns)];
        let list = "[screen]\ncolumns = [\n  \"pid\", # to kill\n  \"watts\",\n]\n";
        assert!(edit(list, &columns).unwrap_err().contains("comments"));
        let list = list.replace(" # to kill", "");
        assert_eq!(edit(&list, &columns).unwrap(), "[screen]\ncolumns = [\"pid\"]\n");
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
