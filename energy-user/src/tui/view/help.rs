//! The help: every action of the table, and what the marks mean.
//!
//! In two columns where there is room; where it does not fit, it scrolls.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Clear, Widget},
};

use crate::{
    present::text,
    tui::{action, app::App},
};

/// Cells of one column of keys and words.
const COLUMN: u16 = 39;
/// Cells of the keys.
const KEYS: usize = 12;
/// How to read the screen.
const LEGEND: [&str; 4] = [
    "~ estimated    - not known",
    "W, CPU%: now    J, gCO2e: since start",
    "a full bar is the highest total so far",
    "dim rows: ended, or not a process",
];

/// Where the help stands: below the title, above the footer.
pub(super) fn area(screen: Rect) -> Rect {
    Rect { y: screen.y + 1, height: screen.height.saturating_sub(2), ..screen }
}

/// The furthest first line.
pub(super) fn last_scroll(area: Rect) -> usize {
    lines(area.width).saturating_sub(area.height.into())
}

fn columns(width: u16) -> usize {
    if width >= 2 * COLUMN { 2 } else { 1 }
}

fn lines(width: u16) -> usize {
    (action::help().len() + 1 + LEGEND.len()).div_ceil(columns(width))
}

pub(super) fn draw(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    Clear.render(area, buffer);
    let theme = app.theme();
    let mut all: Vec<Line> = action::help()
        .into_iter()
        .map(|(keys, words)| {
            let keys = Span::styled(text::left(&keys, KEYS), theme.key());
            Line::from_iter([keys, Span::raw(" "), Span::raw(words)])
        })
        .collect();
    all.push(Line::default());
    all.extend(LEGEND.iter().map(|line| Line::styled(*line, theme.dim())));

    let lines = lines(area.width);
    let scroll = scroll.min(last_scroll(area));
    for (column, part) in all.chunks(lines).enumerate() {
        let x = area.x + column as u16 * COLUMN;
        let width = area.right().saturating_sub(x).min(COLUMN);
        for (y, line) in (area.y..area.bottom()).zip(part.iter().skip(scroll)) {
            buffer.set_line(x, y, line, width);
        }
    }
    if scroll < last_scroll(area) {
        let more = "↓ more";
        let width = area.width.min(6);
        let x = area.right() - width;
        buffer.set_stringn(x, area.bottom() - 1, more, width.into(), Style::new());
    }
}
