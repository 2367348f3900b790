//! The words of the screen that a configuration may use: columns, actions, keys of the keyboard.
//!
//! They come in as values: whoever reads a file does not know the screen.

use crossterm::event::KeyCode;

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

fn named(name: &str) -> Option<KeyCode> {
    Some(match name {
        "Space" => KeyCode::Char(' '),
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Shift-Tab" => KeyCode::BackTab,
        "Backspace" => KeyCode::Backspace,
        "Insert" => KeyCode::Insert,
        "Delete" => KeyCode::Delete,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        _ => {
            let number = (1..=12).find(|number| name == format!("F{number}"))?;
            KeyCode::F(number)
        }
    })
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
    fn names_are_those_of_the_tables() {
        let Names { columns, orders, actions } = Names::of_screen();
        assert!(columns.contains(&"gpu_watts".to_string()), "{columns:?}");
        assert!(columns.contains(&"state".to_string()) && !orders.contains(&"state".to_string()));
        assert!(actions.contains(&"sort_gpu_watts".to_string()), "{actions:?}");
        assert!(actions.contains(&"quit".to_string()), "{actions:?}");
    }
}
