//! What the help says: the table of actions, in sections, each key once.
//!
//! Keys are those in force, words those of the table; only the order of reading is decided here. What
//! has no words there is left out: the footer shows it while it can be done.

use super::{
    action::{Action, Binding},
    app::App,
    keymap::Keymap,
};

/// A part of the help, in the order in which they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Which rows there are, and where one is among them.
    Rows,
    /// In which order they are.
    Order,
    /// Which of them are shown.
    Find,
    /// When.
    Time,
    /// What is done with them.
    Act,
    /// How they are shown.
    Look,
    /// The ways out.
    Leave,
}

impl Section {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Rows, Self::Order, Self::Find, Self::Time, Self::Act, Self::Look, Self::Leave];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Rows => "Rows",
            Self::Order => "Order",
            Self::Find => "Find",
            Self::Time => "Time",
            Self::Act => "Act",
            Self::Look => "Look",
            Self::Leave => "Leave",
        }
    }

    /// What the words of its line are about, where there is one.
    pub fn lead(self) -> &'static str {
        match self {
            Self::Rows => "the tab",
            Self::Order => "sort by",
            _ => "",
        }
    }

    /// Where a binding stands; none where the footer is enough.
    pub fn of(binding: &Binding) -> Option<Self> {
        if binding.help.is_empty() {
            return None;
        }
        Some(match binding.action {
            Action::Accept
            | Action::Pick
            | Action::Type(_)
            | Action::Erase
            | Action::Card
            | Action::PreviousValue
            | Action::NextValue
            | Action::Undo
            | Action::Save
            | Action::Select(_)
            | Action::Choose(_)
            | Action::Scroll(_)
            | Action::ScrollRows(_)
            | Action::Divide(_) => return None,
            Action::Sort(_) | Action::SortLeft | Action::SortRight | Action::Reverse => Self::Order,
            Action::Back | Action::Filter | Action::Users => Self::Find,
            Action::Pause
            | Action::Slower
            | Action::Faster
            | Action::Earlier
            | Action::Later
            | Action::MinuteEarlier
            | Action::MinuteLater
            | Action::AskTime => Self::Time,
            Action::Signal | Action::Nice(_) | Action::Io | Action::Measure | Action::Export => {
                Self::Act
            }
            Action::Gpus | Action::Units | Action::Ended | Action::Settings => Self::Look,
            Action::Help | Action::Quit | Action::Suspend => Self::Leave,
            Action::Detail
            | Action::Zoom
            | Action::Tab(_)
            | Action::NextTab
            | Action::PreviousTab
            | Action::Fold
            | Action::Unfold
            | Action::FoldAll
            | Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::First
            | Action::Last => Self::Rows,
        })
    }
}

/// One thing of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Keys, and what they do.
    Keys(String, &'static str),
    /// A key with a word, many of which make a line.
    Word(String, &'static str),
}

/// Every key of a section that could do something here.
pub fn entries(section: Section, app: &App) -> Vec<Entry> {
    gather(section, &app.settings().keys, |binding| binding.action.exists(app))
}

/// Every usual key of a section, for a text that is of no machine.
pub fn all(section: Section) -> Vec<Entry> {
    gather(section, &Keymap::default(), |_| true)
}

fn gather(section: Section, keymap: &Keymap, exists: impl Fn(&Binding) -> bool) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let here = |binding: &Binding| Section::of(binding) == Some(section) && exists(binding);
    for (binding, keys) in keymap.bound().filter(|(binding, _)| here(binding)) {
        if keys.is_empty() {
            continue;
        }
        let keys: Vec<String> = keys.iter().map(|key| key.label()).collect();
        let word = match binding.action {
            Action::Tab(tab) => Some(tab.title()),
            Action::Sort(_) => binding.help.strip_prefix("sort by "),
            _ => None,
        };
        if let Some(word) = word {
            entries.push(Entry::Word(keys.join(" "), word));
            continue;
        }
        let same = entries.iter_mut().find_map(|entry| match entry {
            Entry::Keys(before, help) if *help == binding.help => Some(before),
            _ => None,
        });
        match same {
            Some(before) => {
                for key in keys {
                    // What stands in two places of the footer is told once.
                    if before.split(' ').all(|before| before != key) {
                        before.push(' ');
                        before.push_str(&key);
                    }
                }
            }
            None => entries.push(Entry::Keys(keys.join(" "), binding.help)),
        }
    }
    entries
}
