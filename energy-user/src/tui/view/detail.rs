//! A row in detail: over the table, or beside or below it where there is room.
//!
//! Its lines have the width of the place, as far as words are easily read, and scroll as one
//! below the title.

mod chart;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{divider::WIDEST, findings, overlay, plan::Plan};
use crate::{
    present::{columns, text},
    tui::{
        app::{App, Body, Detail, Entry, Stress},
        spots::Spots,
        theme::Theme,
    },
};

/// Cells of a figure.
const FIGURE: usize = 8;

/// Where it stands on a screen: its title, and what scrolls below that.
fn places(app: &App, screen: Rect) -> (Rect, Rect) {
    let area = if app.is_beside() { Plan::of(app, screen).detail } else { overlay::area(screen) };
    let head = area.height.min(1);
    let body = Rect { y: area.y + head, height: area.height - head, ..area };
    (Rect { height: head, ..area }, body)
}

/// Lines of it that a screen shows at once.
pub(super) fn height(app: &App, screen: Rect) -> u16 {
    places(app, screen).1.height
}

pub(super) fn last_scroll(app: &App, screen: Rect) -> usize {
    let (_, body) = places(app, screen);
    overlay::last_scroll(lines(app, body).len(), body)
}

pub(super) fn draw(app: &App, scroll: usize, screen: Rect, buffer: &mut Buffer, spots: &mut Spots) {
    let Some(detail) = app.detail() else { return };
    let (title, body) = places(app, screen);
    // Whose figures these are is to be seen on every page.
    let line = head(detail, app.theme(), title.width.min(WIDEST).into());
    overlay::draw(&[&[line]], title.width, 0, title, buffer);
    overlay::draw(&[&lines(app, body)], body.width, scroll, body, buffer);
    spots.scroll(title.union(body));
}

fn lines(app: &App, area: Rect) -> Vec<Line<'static>> {
    let Some(detail) = app.detail() else { return Vec::new() };
    let (theme, units) = (app.theme(), app.units());
    let room = usize::from(area.width.min(WIDEST));
    let mut lines = Vec::new();
    for section in &detail.sections {
        lines.push(Line::default());
        if !section.title.is_empty() {
            let title = text::wrap(&section.title, room, 3);
            lines.extend(title.into_iter().map(|words| Line::styled(words, theme.key())));
        }
        match &section.body {
            Body::Lines(body) => lines.extend(columns::set(body, room).into_iter().map(|set| {
                let style = if set.strong { theme.strong() } else { Style::new() };
                Line::from_iter([Span::styled(set.left, style), Span::raw(set.words)])
            })),
            Body::Chart(history) => {
                let quality = app.look(false).now;
                let chart = chart::Chart { units, quality, room, height: area.height };
                lines.extend(chart.lines(history, theme));
            }
            Body::Findings(findings) => {
                for (index, finding) in findings.iter().enumerate() {
                    if index > 0 {
                        lines.push(Line::default());
                    }
                    lines.extend(findings::set(finding, theme, room));
                }
            }
            Body::Entries(entries) => {
                let energy = entries.iter().any(|entry| !entry.energy.is_empty());
                let title = Entry {
                    watts: units.power_symbol().into(),
                    energy: units.energy_symbol().into(),
                    name: String::new(),
                    stress: Stress::Dim,
                };
                let all = std::iter::once(&title).chain(entries);
                lines.extend(all.map(|entry| of_entry(entry, energy, theme, room)));
            }
        }
    }
    lines
}

/// Who at the left, how much at the right; who is cut first.
fn head(detail: &Detail, theme: Theme, room: usize) -> Line<'static> {
    let sum = text::cut(&detail.sum, room);
    let left = room.saturating_sub(text::width(&sum) + 2);
    let title = if left > 0 { text::left(&detail.title, left) + "  " } else { String::new() };
    Line::styled(title + &sum, theme.title())
}

fn of_entry(entry: &Entry, energy: bool, theme: Theme, room: usize) -> Line<'static> {
    let Entry { watts, energy: joules, name, stress } = entry;
    let joules = if energy { format!(" {}", text::right(joules, FIGURE)) } else { String::new() };
    let figures = format!("{}{joules}  ", text::right(watts, FIGURE));
    let style = match stress {
        Stress::Plain => Style::new(),
        Stress::Strong => theme.strong(),
        Stress::Dim => theme.dim(),
    };
    Line::styled(text::cut(&format!("{figures}{name}"), room), style)
}
