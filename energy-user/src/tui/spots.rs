//! The places of a picture that answer to the mouse, and with which action.
//!
//! Whoever draws something says here where it stands: geometry has one home. A picture that is not
//! that of the state any more answers nothing, so that nobody does what was not to be seen.

use std::mem::{Discriminant, discriminant};

use ratatui::layout::{Position, Rect};

use super::{
    action::Action,
    app::{App, Mode},
    tab::Tab,
};

/// Lines that the wheel goes at once.
const WHEEL: i8 = 3;

/// What answers on one picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spots {
    /// What the picture is of; none before the first.
    of: Option<(Discriminant<Mode>, Tab)>,
    clicks: Vec<(Rect, Action)>,
    wheels: Vec<(Rect, [Action; 2])>,
    divider: Option<Divider>,
}

/// What stands between the table and a row in detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Divider {
    /// Itself.
    pub area: Rect,
    /// The room that both share, with it.
    pub shared: Rect,
    /// The row stands beside the table, and not below it.
    pub beside: bool,
}

impl Spots {
    /// Those of a picture that is about to be drawn.
    pub(super) fn of(app: &App) -> Self {
        Self { of: Some((discriminant(&app.mode()), app.tab())), ..Self::default() }
    }

    /// The state still has what the picture shows.
    pub fn are_of(&self, app: &App) -> bool {
        self.of == Some((discriminant(&app.mode()), app.tab()))
    }

    /// A place that can be clicked.
    pub(super) fn click(&mut self, area: Rect, action: Action) {
        if !area.is_empty() {
            self.clicks.push((area, action));
        }
    }

    /// A place over which the wheel goes up and down.
    pub(super) fn wheel(&mut self, area: Rect, up: Action, down: Action) {
        if !area.is_empty() {
            self.wheels.push((area, [up, down]));
        }
    }

    /// A place over which the wheel scrolls what is read.
    pub(super) fn scroll(&mut self, area: Rect) {
        self.wheel(area, Action::Scroll(-WHEEL), Action::Scroll(WHEEL));
    }

    /// The same, of the table.
    pub(super) fn scroll_rows(&mut self, area: Rect) {
        self.wheel(area, Action::ScrollRows(-WHEEL), Action::ScrollRows(WHEEL));
    }

    /// What can be moved between two parts.
    pub(super) fn divide(&mut self, divider: Divider) {
        self.divider = Some(divider).filter(|divider| !divider.area.is_empty());
    }

    /// What lies over the table is all that answers.
    pub(super) fn cover(&mut self) {
        self.clicks.clear();
        self.wheels.clear();
        self.divider = None;
    }

    /// What a click there does.
    pub fn clicked(&self, at: Position) -> Option<Action> {
        self.clicks.iter().find(|(area, _)| area.contains(at)).map(|(_, action)| *action)
    }

    /// What the wheel does there.
    pub fn wheeled(&self, at: Position, down: bool) -> Option<Action> {
        let (_, actions) = self.wheels.iter().find(|(area, _)| area.contains(at))?;
        Some(actions[usize::from(down)])
    }

    /// The divider is there.
    pub fn is_divider(&self, at: Position) -> bool {
        self.divider.is_some_and(|divider| divider.area.contains(at))
    }

    /// What moving the divider to there does.
    pub fn divided(&self, at: Position) -> Option<Action> {
        let Divider { area, shared, beside } = self.divider?;
        let (length, end, thickness, at) = if beside {
            (shared.width, shared.right(), area.width, at.x)
        } else {
            (shared.height, shared.bottom(), area.height, at.y)
        };
        let cells = u32::from(end.saturating_sub(at).saturating_sub(thickness).min(length));
        // Upwards, so that as many cells come of it again.
        let share = (cells * 1000).div_ceil(u32::from(length).max(1));
        Some(Action::Divide(share as u16))
    }
}
