//! The findings, and which of them is selected.
//!
//! The selection follows a finding, by its rule and whose it is, while others come and go.

use super::App;
use crate::waste::{Finding, Rule};

/// The selected finding.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    /// None until the user moves.
    which: Option<(Rule, String)>,
    /// Where it was, for when it goes.
    index: usize,
}

impl App {
    /// What looks like waste, worst first.
    pub fn findings(&self) -> &[Finding] {
        self.ledger().latest().map_or(&[], |tick| &tick.findings)
    }

    /// The selected finding; the first, unless the user chose another.
    pub fn finding(&self) -> Option<&Finding> {
        self.findings().get(self.chosen.index)
    }

    /// Where the selected finding stands.
    pub fn finding_index(&self) -> usize {
        self.chosen.index
    }

    pub(super) fn step_findings(&mut self, by: isize) {
        let last = self.findings().len().saturating_sub(1);
        self.chosen.index = self.chosen.index.saturating_add_signed(by).min(last);
        self.chosen.which =
            self.finding().map(|finding| (finding.rule, finding.subject.id.clone()));
    }

    /// Finds the selected one again, after others came or went.
    pub(super) fn follow_finding(&mut self) {
        let is_it = |finding: &Finding| {
            let which = self.chosen.which.as_ref();
            which.is_some_and(|(rule, id)| *rule == finding.rule && *id == finding.subject.id)
        };
        let last = self.findings().len().saturating_sub(1);
        let found = self.findings().iter().position(is_it);
        self.chosen.index = found.unwrap_or(self.chosen.index).min(last);
    }
}
