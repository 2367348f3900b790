//! The last line: what is being typed, and the keys that do something now.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::time;
use crate::{
    present::{figure, text},
    query::Kind,
    tui::{
        action,
        app::{App, Mode},
    },
};

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let room = usize::from(area.width);
    let mut line = Line::default();
    if app.mode() == Mode::Filter {
        let typed = format!("filter: {}▏", figure::printable(app.filter().text()));
        line.push_span(Span::styled(text::cut(&typed, room), app.theme().strong()));
        if let Some(error) = app.filter().error() {
            // Who is still typing is told what can come, who is wrong that it is wrong.
            let theme = app.theme();
            let wrong = error.kind == Kind::Wrong;
            let style = if wrong { theme.error() } else { theme.dim() };
            let room = room.saturating_sub(line.width() + 2);
            let words = text::cut(&figure::printable(&error.words), room);
            line.push_span(Span::styled(format!("  {words}"), style));
        }
    }
    time::ask(app, room, &mut line);
    if let Some(notice) = app.notice() {
        let theme = app.theme();
        let style = if notice.bad { theme.warning() } else { theme.strong() };
        let gap = if line.spans.is_empty() { "" } else { "  " };
        let room = room.saturating_sub(line.width() + gap.len());
        let words = text::cut(&figure::printable(&notice.words), room);
        line.push_span(gap);
        line.push_span(Span::styled(words, style));
    }
    for (keys, word) in action::hints(app) {
        let gap = if line.spans.is_empty() { "" } else { "  " };
        let width = gap.len() + text::width(&keys) + 1 + text::width(word);
        // Whole hints only; the help has them all.
        if line.width() + width > room {
            break;
        }
        line.push_span(gap);
        line.push_span(Span::styled(keys, app.theme().key()));
        line.push_span(Span::styled(format!(" {word}"), app.theme().dim()));
    }
    // The keys stay below the help, over whatever the table has there.
    buffer.set_stringn(area.x, area.y, " ".repeat(room), room, ratatui::style::Style::reset());
    buffer.set_line(area.x, area.y, &line, area.width);
}
