//! What a measurement came to, over the table.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::overlay;
use crate::{
    present::{columns, figure},
    tui::app::App,
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
    let Some(card) = app.card() else { return Vec::new() };
    let set = columns::set(&card.lines(app.units()), width.min(WIDEST).into());
    set.into_iter()
        .map(|set| {
            let style = if set.strong { app.theme().strong() } else { Style::new() };
            let words = Span::styled(figure::printable(&set.words), style);
            Line::from_iter([Span::styled(set.left, style), words])
        })
        .collect()
}
