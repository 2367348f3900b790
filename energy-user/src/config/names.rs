//! The words of the screen that a configuration may use: columns, actions, keys of the keyboard.
//!
//! They come in as values: whoever reads a file does not know the screen.

use crossterm::event::KeyCode;

use super::check::nearest;
use crate::tui::{
    action::{Action, BINDINGS, Key},
    column::Column,
};

/// What a configuration may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Columns of the table.
    pub columns: Vec<String>,
    /// Those that can sort.
    pub orders: Vec<String>,
    /// What keys can do.
    pub actions: Vec<String>,
}

impl Names {
    /// Those of the live screen.
    pub fn of_screen() -> Self {
        let columns = Column::ALL.iter().map(|column| column.name().into()).collect();
        let sorting = Column::ALL.iter().filter(|column| !column.is_read_late());
        let orders = sorting.map(|column| column.name().into()).collect();
        let mut actions: Vec<String> = Vec::new();
        for binding in BINDINGS {
            // Letters that are typed into a filter are not bound one by one.
            if matches!(binding.action, Action::Type(_)) {
                continue;
            }
            let action = binding.action.name();
            if !actions.contains(&action) {
                actions.push(action);
            }
        }
        Self { columns, orders, actions }
    }
}

/// A key as the help writes it: `q`, `F10`, `Ctrl-C`, `PgUp`; arrows by name too.
pub fn key(text: &str) -> Option<Key> {
    let (ctrl, name) = match text.strip_prefix("Ctrl-") {
        Some(name) => (true, name),
        None => (false, text),
    };
    let mut letters = name.chars();
    let code = match (letters.next(), letters.next()) {
        (Some('↑'), None) => KeyCode::Up,
        (Some('↓'), None) => KeyCode::Down,
        (Some('←'), None) => KeyCode::Left,
        (Some('→'), None) => KeyCode::Right,
        (Some(letter), None) if !letter.is_control() && letter != ' ' => {
            // Terminals tell no capital letters with Ctrl.
            KeyCode::Char(if ctrl { letter.to_ascii_lowercase() } else { letter })
        }
        _ => named(name)?,
    };
    Some(Key { code, ctrl })
}

/// Keys that are no letters, by name.
const NAMED: [(&str, KeyCode); 16] = [
    ("Space", KeyCode::Char(' ')),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Insert", KeyCode::Insert),
    ("Delete", KeyCode::Delete),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
];

/// Other names that people and programs have for some of them.
const OTHERS: [(&str, &str); 5] = [
    ("return", "Enter"),
    ("escape", "Esc"),
    ("del", "Delete"),
    ("pageup", "PgUp"),
    ("pagedown", "PgDn"),
];

fn named(name: &str) -> Option<KeyCode> {
    let function = || (1..=12).find(|number| name == format!("F{number}")).map(KeyCode::F);
    let known = NAMED.into_iter().find(|(known, _)| *known == name);
    known.map(|(_, code)| code).or_else(function)
}

/// The name of a key that was meant, if it is like one.
pub fn nearest_key(text: &str) -> Option<String> {
    let lower = text.to_lowercase().replace(' ', "");
    let (ctrl, name) = match lower.strip_prefix("ctrl") {
        Some(name) => ("Ctrl-", name.trim_start_matches(['-', '+'])),
        None => ("", lower.as_str()),
    };
    let functions = (1..=12).map(|number| format!("F{number}"));
    let names = NAMED.into_iter().map(|(name, _)| name.into()).chain(functions);
    let names: Vec<String> = names.collect();
    let same = names.iter().find(|one| one.to_lowercase() == name).cloned();
    let letter = || (name.chars().count() == 1).then(|| name.to_uppercase());
    let other = || OTHERS.into_iter().find(|(one, _)| *one == name).map(|(_, name)| name.into());
    let of_letters = name.chars().all(char::is_alphabetic);
    let like = || nearest(name, names.iter().map(String::as_str).filter(|_| of_letters));
    let found = same.or_else(letter).or_else(other).or_else(|| like().map(Into::into));
    found.map(|name| format!("{ctrl}{name}")).filter(|name| key(name).is_some())
}

/// Why no terminal tells that this key was pressed, and the remedy; none where it does.
pub fn untold(key: Key) -> Option<&'static str> {
    let KeyCode::Char(letter) = key.code else {
        use KeyCode::{BackTab, Backspace, Enter, Esc, Tab};
        let alike = matches!(key.code, Enter | Esc | Tab | BackTab | Backspace);
        return (key.ctrl && alike)
            .then_some("terminals do not tell it from the key without Ctrl; use another key");
    };
    match letter {
        _ if !key.ctrl => None,
        'i' => Some("terminals do not tell it from Tab; write Tab, or use another key"),
        'm' => Some("terminals do not tell it from Enter; write Enter, or use another key"),
        ' ' | 'a'..='z' => None,
        _ => Some("terminals do not tell it; with Ctrl, use a letter from A to Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_the_screen_has_is_read_as_the_help_writes_it() {
        let keys: Vec<Key> = BINDINGS.iter().flat_map(|binding| binding.keys).copied().collect();
        assert!(keys.len() > 20);
        for it in keys {
            assert_eq!(key(&it.label()), Some(it), "{}", it.label());
        }
        for bad in ["", " ", "qq", "F0", "F13", "F+1", "F01", "Ctrl-", "Ctrl", "enter", "\u{1b}"] {
            assert_eq!(key(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_key_that_is_written_otherwise_is_guessed() {
        for (text, meant) in [
            ("enter", Some("Enter")),
            ("ctrl-c", Some("Ctrl-C")),
            ("Ctrl+x", Some("Ctrl-X")),
            ("f5", Some("F5")),
            ("Page Up", Some("PgUp")),
            ("pagedown", Some("PgDn")),
            ("escape", Some("Esc")),
            ("Backspce", Some("Backspace")),
            ("qq", None),
            ("", None),
            ("F13", None),
        ] {
            assert_eq!(nearest_key(text).as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn keys_that_no_terminal_tells_are_known() {
        for binding in BINDINGS {
            assert!(binding.keys.iter().all(|key| untold(*key).is_none()), "{:?}", binding.action);
        }
        for bad in ["Ctrl-I", "Ctrl-M", "Ctrl-[", "Ctrl-1", "Ctrl-é"] {
            assert!(untold(key(bad).unwrap()).is_some(), "{bad}");
        }
        for good in ["Ctrl-A", "Ctrl-Space", "Ctrl-Up", "i", "M"] {
            assert!(untold(key(good).unwrap()).is_none(), "{good}");
        }
    }

    #[test]
    fn names_are_those_of_the_tables() {
        let Names { columns, orders, actions } = Names::of_screen();
        assert!(columns.contains(&"gpu_watts".to_string()), "{columns:?}");
        assert!(columns.contains(&"state".to_string()) && !orders.contains(&"state".to_string()));
        assert!(actions.contains(&"sort_gpu_watts".to_string()), "{actions:?}");
        assert!(actions.contains(&"quit".to_string()), "{actions:?}");
    }
}
