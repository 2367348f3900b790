//! What the tool itself costs, from where static power is known, what was lost, and what would
//! make it better.

use ratatui::{buffer::Buffer, layout::Rect};

use super::strip::{self, Piece};
use crate::{
    present::{figure, fixed::Static, text},
    sample::{Books, Lost},
    tui::{
        app::App,
        column::{marked, percent},
    },
};

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let (theme, units) = (app.theme(), app.units());
    let mut left = Vec::new();
    if let Some(own) = app.own() {
        let cpu = percent(own.cpu_percent);
        let watts = marked(app.look(false).now, units.power(own.watts));
        let watts = format!("{watts} {}", units.power_symbol());
        let long = format!("own cost {cpu}% of a CPU, {watts}");
        left.push(Piece::new(8, long, theme.dim()).or(3, format!("own {cpu}%, {watts}")));
    }
    if let Some(known) = app.ledger().latest().and_then(|tick| Static::of(&tick.frame)) {
        let [long, short] = known.words(units);
        // How much it is, is worth more than which meters; long words for the unknown are not.
        let rank = if known.is_known() { 5 } else { 9 };
        left.push(Piece::new(rank, long, theme.dim()).or(4, short));
    }
    let Lost { events, slices, malformed } = app.ledger().totals().lost;
    let all = [
        (events, ["event", "events"]),
        (slices, ["slice", "slices"]),
        (malformed, ["malformed"; 2]),
    ];
    let lost: Vec<String> = all
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, [one, many])| format!("{count} {}", if *count == 1 { one } else { many }))
        .collect();
    if !lost.is_empty() {
        let sum: u64 = all.iter().fold(0, |sum, (count, _)| sum.saturating_add(*count));
        let lost = Piece::new(1, format!("lost: {}", lost.join(", ")), theme.warning());
        left.push(lost.or(1, format!("lost {sum}")));
    }
    if let Some(off) = app.ledger().latest().and_then(|tick| off_by(tick.frame.books.as_ref()?)) {
        left.push(Piece::new(2, off, theme.warning()));
    }
    let meters = figure::printable(&app.description().meters);
    strip::draw(left, vec![Piece::new(5, meters, theme.dim())], area, buffer);
}

/// By how much the time of the worst CPU does not add up, if that is worth a word.
fn off_by(books: &Books) -> Option<String> {
    /// Switches that fall between two looks are told with the next sample, and are less.
    const LEAST_NS: u64 = 10_000_000;
    let off = books.worst_ns;
    (off.unsigned_abs() > LEAST_NS)
        .then(|| format!("a CPU's time is off by {} ms", off / 1_000_000))
}

/// What is to be said in at most so many lines.
pub(super) fn remedy_lines(app: &App, width: u16, most: usize) -> Vec<String> {
    let remedy = app.description().remedies.first().map(|remedy| format!("! {remedy}"));
    remedy
        .map_or_else(Vec::new, |remedy| text::wrap(&figure::printable(&remedy), width.into(), most))
}

/// The most important thing that is missing; `doctor` tells the rest.
pub(super) fn remedy(app: &App, area: Rect, buffer: &mut Buffer) {
    let lines = remedy_lines(app, area.width, area.height.into());
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        buffer.set_string(area.x, y, line, app.theme().warning());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_more_than_a_look_between_is_told() {
        let off = |worst_ns| off_by(&Books { worst_ns, ..Books::default() });
        assert_eq!(off(9_000_000), None);
        assert_eq!(off(-25_400_000).as_deref(), Some("a CPU's time is off by -25 ms"));
    }
}
