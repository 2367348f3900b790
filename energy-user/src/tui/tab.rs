//! What a row of the table is: a process, a job, a user, a finding.

use serde::{Deserialize, Serialize};

use crate::group::Grouping;

/// One way to look at the same energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tab {
    /// A process a row.
    #[default]
    #[serde(rename = "process")]
    Processes,
    /// The same, below the process that began it.
    #[serde(rename = "tree")]
    Tree,
    /// A job a row.
    #[serde(rename = "job")]
    Jobs,
    /// A user a row.
    #[serde(rename = "user")]
    Users,
    /// A container a row.
    #[serde(rename = "container")]
    Containers,
    /// A unit of systemd a row.
    #[serde(rename = "unit")]
    Units,
    /// A command a row, whoever runs it.
    #[serde(rename = "command")]
    Commands,
    /// What looks like waste.
    #[serde(rename = "findings")]
    Findings,
}

impl Tab {
    /// In the order of their digits, from 1 on.
    pub const ALL: [Self; 8] = [
        Self::Processes,
        Self::Tree,
        Self::Jobs,
        Self::Users,
        Self::Containers,
        Self::Units,
        Self::Commands,
        Self::Findings,
    ];

    /// What people call it, which is also its name in a configuration.
    pub fn title(self) -> &'static str {
        match self {
            Self::Processes => "process",
            Self::Tree => "tree",
            Self::Jobs => "job",
            Self::Users => "user",
            Self::Containers => "container",
            Self::Units => "unit",
            Self::Commands => "command",
            Self::Findings => "findings",
        }
    }

    /// What its rows are made of.
    pub fn grouping(self) -> Grouping {
        match self {
            Self::Processes | Self::Tree | Self::Findings => Grouping::Process,
            Self::Jobs => Grouping::Job,
            Self::Users => Grouping::User,
            Self::Containers => Grouping::Container,
            Self::Units => Grouping::Unit,
            Self::Commands => Grouping::Command,
        }
    }

    /// Its names are of several words, or hang on branches.
    pub fn has_long_names(self) -> bool {
        !matches!(self, Self::Processes | Self::Users | Self::Findings)
    }

    /// Its rows are processes, not sums of them.
    pub fn of_processes(self) -> bool {
        self.grouping() == Grouping::Process
    }

    /// The next one, or the one before; after the last comes the first.
    pub fn step(self, back: bool) -> Self {
        let here = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        let by = if back { Self::ALL.len() - 1 } else { 1 };
        Self::ALL[(here + by) % Self::ALL.len()]
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::*;
    use crate::tui::action::{Action, BINDINGS};

    #[test]
    fn each_has_its_digit_and_the_circle_has_them_all() {
        let mut tab = Tab::default();
        for (digit, expected) in ('1'..).zip(Tab::ALL) {
            assert_eq!(tab, expected);
            let binding = BINDINGS.iter().find(|one| one.action == Action::Tab(tab)).unwrap();
            let codes: Vec<KeyCode> = binding.keys.iter().map(|key| key.code).collect();
            assert_eq!(codes, [KeyCode::Char(digit)]);
            assert_eq!(tab.step(false).step(true), tab);
            tab = tab.step(false);
        }
        assert_eq!(tab, Tab::default());
    }
}
