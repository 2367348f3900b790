//! What the help says: the table of actions, in sections, each key once.
//!
//! Keys and words are those of [`BINDINGS`]; only the order of reading is decided here. What
//! has no words there is left out: the footer shows it while it can be done.

use super::{
    action::{Action, BINDINGS, Binding, Key},
    app::App,
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

    /// Where a binding stands; none where the footer is enough.
    fn of(binding: &Binding) -> Option<Self> {
        if binding.help.is_empty() {
            return None;
        }
        Some(match binding.action {
            Action::Accept
            | Action::Pick
            | Action::Type(_)
            | Action::Erase
            | Action::Card
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
            Action::Gpus | Action::Units | Action::Ended => Self::Look,
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
    let mut entries: Vec<Entry> = Vec::new();
    let here =
        |binding: &&Binding| Section::of(binding) == Some(section) && binding.action.exists(app);
    for binding in BINDINGS.iter().filter(here) {
        let keys = labels(binding.keys);
        let word = match binding.action {
            Action::Tab(tab) => Some(tab.title()),
            Action::Sort(_) => binding.help.strip_prefix("sort by "),
            _ => None,
        };
        if let Some(word) = word {
            entries.push(Entry::Word(keys, word));
            continue;
        }
        let same = entries.iter_mut().find_map(|entry| match entry {
            Entry::Keys(before, help) if *help == binding.help => Some(before),
            _ => None,
        });
        match same {
            // What stands in two places of the footer is told once.
            Some(before) if before.split(' ').any(|before| before == keys) => {}
            Some(before) => {
                before.push(' ');
                before.push_str(&keys);
            }
            None => entries.push(Entry::Keys(keys, binding.help)),
        }
    }
    entries
}

fn labels(keys: &[Key]) -> String {
    keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
}
