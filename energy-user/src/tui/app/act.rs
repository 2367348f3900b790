//! What a user asks to be done to a row: a signal, another nice value, another I/O class.
//!
//! Here it is only asked for, and confirmed: the answer is a [`Request`] with the processes that
//! are meant, each with its number and its start, and the loop carries it out.

mod choice;
mod whom;

use choice::Choices;
pub use choice::{Io, Order};
pub(super) use whom::Leaders;
use whom::Whom;
pub use whom::{Hands, Orders, Target};

use super::{App, Mode, Request};
use crate::tui::tab::Tab;

/// Letters that are typed to choose; nothing to choose is longer.
const LONGEST: usize = 12;

/// What is being asked, to whom, and how far the answer is.
#[derive(Clone, Debug)]
pub struct Dialog {
    whom: Whom,
    choices: Choices,
    /// Where it was asked, and where the user comes back to.
    from: Mode,
}

impl Dialog {
    /// What is about to be done, and to whom: `send SIGTERM to python3 (pid 4001, anna)?`
    pub fn question(&self) -> String {
        match self.choices.order() {
            Some(order) => format!("{} {}?", order.begins(), self.whom.words),
            None => format!("no such {}: choose one of the list", self.choices.noun()),
        }
    }

    /// Who is meant, one by one, where that is more than one.
    pub fn members(&self) -> Option<String> {
        self.whom.members()
    }

    /// The list to choose from, and which is chosen.
    pub fn list(&self) -> (Vec<String>, Option<usize>) {
        self.choices.list()
    }

    /// What has been typed to choose.
    pub fn typed(&self) -> &str {
        self.choices.typed()
    }
}

impl App {
    /// What is being asked before it is done.
    pub fn asks(&self) -> Option<&Dialog> {
        self.desk.dialog.as_ref().filter(|_| self.mode == Mode::Act)
    }

    /// It is asked by how much a process shall be nicer.
    pub fn asks_nice(&self) -> bool {
        self.asks().is_some_and(|dialog| dialog.choices.is_nice())
    }

    /// This screen can act on processes, or can at least say why it does not.
    pub fn has_hands(&self) -> bool {
        self.desk.hands != Hands::None
    }

    /// Asks what signal to send.
    pub(super) fn ask_signal(&mut self) {
        self.ask(Choices::signals());
    }

    /// Asks for another I/O class.
    pub(super) fn ask_io(&mut self) {
        self.ask(Choices::io());
    }

    /// Asks for another nice value, or changes what is asked for.
    pub(super) fn ask_nice(&mut self, by: i8) {
        match self.desk.dialog.as_mut().filter(|dialog| dialog.choices.is_nice()) {
            Some(dialog) if self.mode == Mode::Act => dialog.choices.step(by.into()),
            _ => self.ask(Choices::nice(by)),
        }
    }

    fn ask(&mut self, choices: Choices) {
        if self.tab == Tab::Findings || !(self.mode == Mode::Browse || self.is_beside()) {
            return;
        }
        self.hush();
        match self.whom() {
            Ok(whom) => {
                self.desk.dialog = Some(Dialog { whom, choices, from: self.mode });
                self.mode = Mode::Act;
            }
            Err(words) => self.notify(words, true),
        }
    }

    pub(super) fn choose(&mut self, by: isize) {
        if let Some(dialog) = &mut self.desk.dialog {
            dialog.choices.step(by);
        }
    }

    /// Takes a line of the list as what is chosen.
    pub(super) fn choose_line(&mut self, line: usize) {
        if let Some(dialog) = &mut self.desk.dialog {
            dialog.choices.go_to(line);
        }
    }

    pub(super) fn type_choice(&mut self, letter: Option<char>) {
        if let Some(dialog) = &mut self.desk.dialog {
            dialog.choices.type_in(letter, LONGEST);
        }
    }

    /// Back from the question to where it was asked; nothing is done.
    pub(super) fn drop_dialog(&mut self) {
        self.mode = self.desk.dialog.take().map_or(Mode::Browse, |dialog| dialog.from);
    }

    /// The user confirms.
    pub(super) fn confirm(&mut self) -> Option<Request> {
        let dialog = self.desk.dialog.as_ref()?;
        // What is not understood is not done.
        let order = dialog.choices.order()?;
        let targets = dialog.whom.targets.clone();
        self.drop_dialog();
        Some(Request::Act(Orders { order, targets }))
    }
}
