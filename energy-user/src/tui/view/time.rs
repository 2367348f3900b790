//! Time on the screen: the moment that is looked at, its place in the graph, and the question
//! for another one.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::strip::Piece;
use crate::{
    present::{figure, text},
    tui::{app::App, when},
};

/// The line that marks a place in the graph.
const HERE: &str = "│";

/// The moment at which the picture stands still.
pub(super) fn chip(app: &App) -> Option<Piece> {
    let moment = app.moment()?;
    let (clock, style) = (&moment.clock, app.theme().chip());
    if !moment.went {
        // It stays as it is, so that whoever stopped the picture sees nothing move.
        return Some(Piece::new(4, format!(" PAUSED {clock} "), style).or(1, " PAUSED "));
    }
    let ago = format!("{} ago", figure::duration(moment.ago));
    let piece = if moment.oldest {
        Piece::new(4, format!(" {clock}, {ago}, oldest "), style).or(2, format!(" {clock}, {ago} "))
    } else {
        Piece::new(2, format!(" {clock}, {ago} "), style)
    };
    Some(piece.or(1, format!(" {ago} ")))
}

/// How many points at the right of a graph are left out, so that the place can be seen.
pub(super) fn window(after: Option<usize>, width: usize) -> usize {
    match after {
        Some(after) if after >= width => after - width / 2,
        _ => 0,
    }
}

/// Marks the column of a graph that is so many columns from the right.
pub(super) fn mark(app: &App, from_right: usize, plot: Rect, buffer: &mut Buffer) {
    let from_right = u16::try_from(from_right).unwrap_or(u16::MAX);
    if from_right >= plot.width {
        return;
    }
    let x = plot.right() - 1 - from_right;
    for y in plot.y..plot.bottom() {
        let cell = &mut buffer[(x, y)];
        match cell.symbol() {
            " " => cell.set_symbol(HERE).set_style(app.theme().strong()),
            // A dark line on what is full; the colours change places.
            "█" => cell.set_symbol(HERE).set_style(app.theme().chip()),
            _ => cell.set_style(app.theme().chip()),
        };
    }
}

/// The question for a time, with what is wrong with the answer, or examples of one.
pub(super) fn ask(app: &App, room: usize, line: &mut Line) {
    let Some((typed, wrong)) = app.asked_time() else { return };
    let theme = app.theme();
    let question = text::cut(&format!("time: {}▏", figure::printable(typed)), room);
    let left = room.saturating_sub(text::width(&question) + 2);
    line.push_span(Span::styled(question, theme.strong()));
    let (words, style) = match wrong {
        Some(wrong) => (wrong, theme.warning()),
        None => (when::EXAMPLES, theme.dim()),
    };
    if left > 0 {
        line.push_span("  ");
        line.push_span(Span::styled(text::cut(words, left), style));
    }
}
