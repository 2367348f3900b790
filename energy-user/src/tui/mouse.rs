//! What the mouse means: an event and the places of the picture become an action.
//!
//! A click on what is selected opens it, so a double click does so without a clock: its first half
//! selects. What happens between the two halves can at most select another row.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{action::Action, app::App, spots::Spots};

/// What is held between two events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mouse {
    /// The divider.
    drags: bool,
}

impl Mouse {
    /// What an event means on a picture; none where it means nothing.
    pub fn action(&mut self, event: MouseEvent, spots: &Spots, app: &App) -> Option<Action> {
        let at = Position::new(event.column, event.row);
        let fits = app.settings().mouse && spots.are_of(app);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.drags = fits && spots.is_divider(at);
                spots.clicked(at).filter(|_| fits && !self.drags)
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
