//! The findings, and which of them is selected.
//!
//! The selection follows a finding, by its rule and whose it is, while others come and go. One that
//! is opened is itself or none: nobody reads of one and acts on another.

use super::{App, Mode};
use crate::{
    sample::ProcessId,
    waste::{Finding, Rule},
};

/// The selected finding.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    /// None until the user moves or opens one.
    which: Option<Which>,
    /// Where it was, for when it goes.
    index: usize,
}

/// Which finding, as long as it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Which {
    rule: Rule,
    subject: String,
    /// Of the rule that finds processes one by one, the process: a job may have several such.
    process: Option<ProcessId>,
}

impl Which {
    fn of(finding: &Finding) -> Self {
        let alone = finding.rule == Rule::Spinning;
        Self {
            rule: finding.rule,
            subject: finding.subject.id.clone(),
            process: finding.subject.processes.first().copied().filter(|_| alone),
        }
    }
}

impl App {
    /// What looks like waste, worst first.
    pub fn findings(&self) -> &[Finding] {
        self.ledger().latest().map_or(&[], |tick| &tick.findings)
    }

    /// The selected finding; the first, unless the user chose another. While one is opened, that
    /// one, and none once it is over.
    pub fn finding(&self) -> Option<&Finding> {
        match self.mode {
            Mode::Finding { .. } => self.findings().get(self.place()?),
            _ => self.findings().get(self.chosen.index),
        }
    }

    /// Where the one that was chosen is now.
    fn place(&self) -> Option<usize> {
        let which = self.chosen.which.as_ref()?;
        self.findings().iter().position(|finding| Which::of(finding) == *which)
    }

    /// Where the selected finding stands.
    pub fn finding_index(&self) -> usize {
        self.chosen.index
    }

    pub(super) fn step_findings(&mut self, by: isize) {
        let last = self.findings().len().saturating_sub(1);
        self.chosen.index = self.chosen.index.saturating_add_signed(by).min(last);
        self.choose_finding();
    }

    pub(super) fn go_to_finding(&mut self, index: usize) {
        self.step_findings(index.cast_signed().saturating_sub(self.chosen.index.cast_signed()));
    }

    /// Holds on to the selected one; false where there is none.
    pub(super) fn choose_finding(&mut self) -> bool {
        self.chosen.which = self.finding().map(Which::of);
        self.chosen.which.is_some()
    }

    /// Finds the selected one again, after others came or went.
    pub(super) fn follow_finding(&mut self) {
        let last = self.findings().len().saturating_sub(1);
        self.chosen.index = self.place().unwrap_or(self.chosen.index).min(last);
    }
}
