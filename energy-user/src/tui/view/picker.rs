//! The list of users to pick from.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use super::overlay;
use crate::{
    present::{figure, text},
    tui::{
        action::Action,
        app::{App, Choice},
        column::marked,
        spots::Spots,
    },
};

/// Cells of a name, and of a figure.
const NAME: usize = 24;
const FIGURE: usize = 9;

pub(super) fn draw(app: &App, index: usize, area: Rect, buffer: &mut Buffer, spots: &mut Spots) {
    let units = app.units();
    let now = app.look(false).now;
    let head = format!(
        "{} {} {} {}",
        text::left("WHOSE ROWS", NAME),
        text::right(units.power_symbol(), FIGURE),
        text::right(units.energy_symbol(), FIGURE),
        text::right("PROCS", FIGURE),
    );
    let line = |(at, choice): (usize, &Choice)| {
        let name = choice.user.as_deref().map_or_else(|| "everybody's".into(), figure::printable);
        let name = text::left(&name, NAME);
        let words = choice.row.as_ref().map_or(name.clone(), |row| {
            let watts = marked(now, units.power(row.watts));
            let energy = marked(row.quality, units.energy(row.energy));
            let figures = [watts, energy, row.members.to_string()];
            let figures = figures.map(|figure| text::right(&figure, FIGURE));
            format!("{name} {}", figures.join(" "))
        });
        let style = if at == index { app.theme().selected() } else { ratatui::style::Style::new() };
        Line::styled(words, style)
    };
    let mut lines = vec![Line::styled(head, app.theme().title())];
    lines.extend(app.users().iter().enumerate().map(line));
    // The choice stays visible.
    let scroll = (index + 2).saturating_sub(area.height.into());
    let seen = overlay::draw(&[&lines], area.width, scroll, area, buffer);
    spots.wheel(area, Action::Up, Action::Down);
    for (line, place) in seen {
        // The first one is the head.
        if let Some(entry) = line.checked_sub(1).filter(|entry| *entry < app.users().len()) {
            spots.click(place, Action::Choose(entry));
        }
    }
}
