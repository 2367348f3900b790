//! The last line: what is being typed, and the keys that do something now.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::{place, time};
use crate::{
    present::{figure, text},
    query::Kind,
    tui::{
        action,
        app::{App, Mode},
        spots::Spots,
    },
};

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer, spots: &mut Spots) {
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
    for hint in action::hints(app) {
        let gap = if line.spans.is_empty() { "" } else { "  " };
        let word = format!(" {}", hint.word);
        let keys: usize = hint.keys.iter().map(|(key, _)| text::width(key) + 1).sum();
        // Whole hints only; the help has them all.
        if line.width() + gap.len() + keys + text::width(hint.word) > room {
            break;
        }
        line.push_span(gap);
        let last = hint.keys.len() - 1;
        for (index, (key, action)) in hint.keys.into_iter().enumerate() {
            let key = if index > 0 { format!(" {key}") } else { key };
            // The word goes with the key before it.
            let word = if index == last { text::width(&word) } else { 0 };
            spots.click(place(area, line.width(), text::width(&key) + word), action);
            line.push_span(Span::styled(key, app.theme().key()));
        }
        line.push_span(Span::styled(word, app.theme().dim()));
    }
    // The keys stay below the help, over whatever the table has there.
    buffer.set_stringn(area.x, area.y, " ".repeat(room), room, ratatui::style::Style::reset());
    buffer.set_line(area.x, area.y, &line, area.width);
}
