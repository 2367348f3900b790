//! What lies over the table and scrolls: the help, and the explanation of a row.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::Line,
    widgets::{Clear, Widget},
};

use crate::present::text;

/// There are lines below.
const MORE: &str = " ↓ more";

/// Where it stands: below the title, above the footer.
pub(super) fn area(screen: Rect) -> Rect {
    Rect { y: screen.y + 1, height: screen.height.saturating_sub(2), ..screen }
}

/// The furthest first line.
pub(super) fn last_scroll(lines: usize, area: Rect) -> usize {
    lines.saturating_sub(area.height.into())
}

/// Draws columns of lines side by side, each so many cells wide, over whatever was there. The
/// lines that can be seen, each with its place.
pub(super) fn draw(
    columns: &[&[Line]],
    width: u16,
    scroll: usize,
    area: Rect,
    buffer: &mut Buffer,
) -> Vec<(usize, Rect)> {
    if area.is_empty() {
        return Vec::new();
    }
    Clear.render(area, buffer);
    let last = last_scroll(columns.iter().map(|lines| lines.len()).max().unwrap_or(0), area);
    let scroll = scroll.min(last);
    for (column, lines) in columns.iter().enumerate() {
        let x = area.x + column as u16 * width;
        let width = area.right().saturating_sub(x).min(width);
        for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(scroll)) {
            buffer.set_line(x, y, line, width);
        }
    }
    let places = (area.y..area.bottom()).map(|y| Rect { y, height: 1, ..area });
    let mut seen: Vec<(usize, Rect)> = (scroll..).zip(places).collect();
    if scroll < last {
        let width = area.width.min(text::width(MORE) as u16);
        let (x, y) = (area.right() - width, area.bottom() - 1);
        if (x..area.right()).any(|x| buffer[(x, y)].symbol() != " ") {
            // No line is cut without a sign; the whole of it follows below.
            Clear.render(Rect { y, height: 1, ..area }, buffer);
            seen.pop();
        }
        buffer.set_stringn(x, y, MORE, width.into(), Style::new());
    }
    seen
}
