//! The help: every action of the table, and what the marks mean.
//!
//! In two columns where there is room; where it does not fit, it scrolls.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::overlay;
use crate::{
    present::text,
    tui::{action, app::App},
};

/// Cells of one column of keys and words.
const COLUMN: u16 = 39;
/// Cells of the keys.
const KEYS: usize = 12;
/// How to read the screen.
const LEGEND: [&str; 6] = [
    "~ estimated (least-most)   - not known",
    "? low confidence in who used it",
    "static: power with nobody running",
    "W, CPU%: now    J, gCO2e: since start",
    "a full bar is the highest total so far",
    "dim rows: ended, or not a process",
];
/// The same, of GPUs.
const LEGEND_OF_GPUS: [&str; 3] = [
    "GPU%: of one GPU; blank: is on none",
    "held: holds a GPU that nobody uses",
    "a GPU's bar is full at its power limit",
];

/// The furthest first line.
pub(super) fn last_scroll(app: &App, area: Rect) -> usize {
    overlay::last_scroll(lines(app, area.width), area)
}

fn legend(app: &App) -> impl Iterator<Item = &'static str> {
    let gpus: &[_] = if app.has_gpus() { &LEGEND_OF_GPUS } else { &[] };
    LEGEND.iter().chain(gpus).copied()
}

fn columns(width: u16) -> usize {
    if width >= 2 * COLUMN { 2 } else { 1 }
}

fn lines(app: &App, width: u16) -> usize {
    (action::help(app).len() + 1 + legend(app).count()).div_ceil(columns(width))
}

pub(super) fn draw(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let theme = app.theme();
    let mut all: Vec<Line> = action::help(app)
        .into_iter()
        .map(|(keys, words)| {
            let keys = Span::styled(text::left(&keys, KEYS), theme.key());
            Line::from_iter([keys, Span::raw(" "), Span::raw(words)])
        })
        .collect();
    all.push(Line::default());
    all.extend(legend(app).map(|line| Line::styled(line, theme.dim())));

    let columns: Vec<_> = all.chunks(lines(app, area.width)).collect();
    overlay::draw(&columns, COLUMN, scroll, area, buffer);
}
