//! What the mouse means: an event and the places of the picture become an action.
//!
//! A click on what is selected opens it, so a double click does so without a clock: its first half
//! selects. What happens between the two halves can at most select another row.

use std::{
    mem::{Discriminant, discriminant},
    time::{Duration, Instant},
};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{
    action::Action,
    app::{App, Mode},
    spots::Spots,
};

/// What is held between two events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mouse {
    /// The divider.
    drags: bool,
    /// When and where was clicked last, and what was open then.
    last: Option<(Instant, Position, Discriminant<Mode>)>,
}

/// The two halves of a double click are nearer to each other.
const TWICE: Duration = Duration::from_millis(400);

impl Mouse {
    /// The second half of a double click whose first half opened or closed something: it was not meant
    /// for what lies there now.
    pub fn repeats(&mut self, event: MouseEvent, mode: Mode, now: Instant) -> bool {
        if event.kind != MouseEventKind::Down(MouseButton::Left) {
            return false;
        }
        let (at, mode) = (Position::new(event.column, event.row), discriminant(&mode));
        let last = self.last.replace((now, at, mode));
        last.is_some_and(|(then, there, before)| {
            there == at && before != mode && now.saturating_duration_since(then) < TWICE
        })
    }

    /// What an event means on a picture; none where it means nothing.
    pub fn action(&mut self, event: MouseEvent, spots: &Spots, app: &App) -> Option<Action> {
        let at = Position::new(event.column, event.row);
        let fits = app.settings().mouse && spots.are_of(app);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.drags = fits && spots.is_divider(at);
                // Signals and priorities are answered by a key: a click may have been meant for what
                // was there a moment ago.
                let answers =
                    |action: &Action| *action == Action::Accept && app.mode() == Mode::Act;
                spots.clicked(at).filter(|action| fits && !self.drags && !answers(action))
            }
            MouseEventKind::Drag(MouseButton::Left) if self.drags && fits => spots.divided(at),
            MouseEventKind::Up(_) => {
                self.drags = false;
                None
            }
            MouseEventKind::ScrollUp => spots.wheeled(at, false).filter(|_| fits),
            MouseEventKind::ScrollDown => spots.wheeled(at, true).filter(|_| fits),
            _ => None,
        }
    }
}
