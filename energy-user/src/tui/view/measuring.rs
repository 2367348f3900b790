//! Before the first interval is over there is nothing to show, and no zeros.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Text},
    widgets::Widget,
};

use crate::{
    present::{figure, text},
    tui::app::App,
};

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let (theme, description) = (app.theme(), app.description());
    let room = usize::from(area.width);
    let cut = |words: String| text::cut(&words, room);
    let source = format!("{} · {}", description.probe.title(), description.meters);
    let interval = figure::duration(app.interval());
    let mut lines = vec![
        Line::styled(cut("measuring…".into()), theme.strong()),
        Line::raw(cut(format!("the first figures come after {interval}"))),
        Line::styled(cut(figure::printable(&source)), theme.dim()),
    ];
    for remedy in &description.remedies {
        let words = format!("! {}", figure::printable(remedy));
        let wrapped = text::wrap(&words, room, 3);
        lines.extend(wrapped.into_iter().map(|words| Line::styled(words, theme.warning())));
    }
    Text::from(lines).render(area, buffer);
}
