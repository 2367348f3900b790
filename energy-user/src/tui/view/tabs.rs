//! The kinds of rows that there are, with their keys; the one that is shown stands out.
//!
//! Where it is narrow, those far from the one that is shown have their key alone; how many
//! findings there are stays.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::place;
use crate::{
    present::text,
    tui::{action::Action, app::App, spots::Spots, tab::Tab},
};

/// Cells between two.
const GAP: usize = 2;

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer, spots: &mut Spots) {
    if area.is_empty() {
        return;
    }
    let here = Tab::ALL.iter().position(|tab| *tab == app.tab()).unwrap_or(0);
    let (mut words, short): (Vec<_>, Vec<_>) =
        Tab::ALL.into_iter().map(|tab| (word(app, tab), short(app, tab))).unzip();
    let mut farthest: Vec<usize> = (0..words.len()).collect();
    farthest.sort_by_key(|index| std::cmp::Reverse(index.abs_diff(here)));
    for index in farthest {
        if width(&words) <= usize::from(area.width) {
            break;
        }
        if index != here {
            words[index].0.clone_from(&short[index]);
        }
    }
    let mut line = Line::default();
    for (tab, (word, style)) in Tab::ALL.into_iter().zip(words) {
        let gap = if line.spans.is_empty() { 0 } else { GAP };
        line.push_span(" ".repeat(gap));
        if super::is_free(app) {
            spots.click(place(area, line.width(), text::width(&word)), Action::Tab(tab));
        }
        line.push_span(Span::styled(word, style));
    }
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Its key, and what must not be lost with its name. Without a key, its name is all there is.
fn short(app: &App, tab: Tab) -> String {
    let key = app.key(Action::Tab(tab)).unwrap_or_else(|| tab.title().into());
    match found(app, tab) {
        0 => key,
        found => format!("{key} ({found})"),
    }
}

/// How many findings are in it.
fn found(app: &App, tab: Tab) -> usize {
    if tab == Tab::Findings { app.findings().len() } else { 0 }
}

fn word(app: &App, tab: Tab) -> (String, Style) {
    let found = found(app, tab);
    let key = app.key(Action::Tab(tab)).map_or_else(String::new, |key| format!("{key} "));
    let mut word = format!("{key}{}", tab.title());
    if found > 0 {
        word = format!("{word} {found}");
    }
    let theme = app.theme();
    match tab == app.tab() {
        true => (word, theme.chip()),
        false if found > 0 => (word, theme.warning()),
        false => (word, theme.dim()),
    }
}

fn width(words: &[(String, Style)]) -> usize {
    let cells: usize = words.iter().map(|(word, _)| text::width(word)).sum();
    cells + GAP * words.len().saturating_sub(1)
}
