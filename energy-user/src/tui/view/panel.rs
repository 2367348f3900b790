//! The explanation of a row: who, the sum, and how it came to be.
//!
//! Its lines have the width of the screen, as far as words are easily read.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::overlay;
use crate::{
    present::{columns, text},
    tui::app::{App, Panel},
};

/// Longer lines are hard to read.
const WIDEST: u16 = 100;

pub(super) fn last_scroll(app: &App, area: Rect) -> usize {
    overlay::last_scroll(lines(app, area.width).len(), area)
}

pub(super) fn draw(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let lines = lines(app, area.width);
    overlay::draw(&[&lines], area.width, scroll, area, buffer);
}

fn lines(app: &App, width: u16) -> Vec<Line<'static>> {
    let Some(panel) = app.panel() else { return Vec::new() };
    let room = usize::from(width.min(WIDEST));
    let mut lines = vec![head(app, &panel, room), Line::default()];
    lines.extend(columns::set(&panel.lines, room).into_iter().map(|set| {
        let style = if set.strong { app.theme().strong() } else { ratatui::style::Style::new() };
        Line::from_iter([Span::styled(set.left, style), Span::raw(set.words)])
    }));
    lines
}

/// Who at the left, how much at the right; who is cut first.
fn head(app: &App, panel: &Panel, room: usize) -> Line<'static> {
    let sum = text::cut(&panel.sum, room);
    let left = room.saturating_sub(text::width(&sum) + 2);
    let title = if left > 0 { text::left(&panel.title, left) + "  " } else { String::new() };
    Line::styled(title + &sum, app.theme().title())
}
