//! The help: every action of the table by sections, and what the marks mean.
//!
//! In as many columns as there is room for; a section stays in one. Where it does not fit, it
//! scrolls.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::overlay;
use crate::{
    present::text,
    tui::{
        app::App,
        help::{Entry, Section, entries},
        theme::Theme,
    },
};

/// A column is at least so wide, and there are at most so many.
const COLUMN: u16 = 40;
const COLUMNS: u16 = 3;
/// Cells between the keys and their words, and between two columns.
const GAP: usize = 2;
/// How to read the screen.
const LEGEND: [&str; 6] = [
    "~ estimated (least-most)   - not known",
    "? low confidence in who used it",
    "static: power with nobody running",
    "W, CPU%: now    J, gCO2e: since start",
    "a full bar is the highest total so far",
    "dim rows: ended, or not a process",
];
/// What the mouse does.
const MOUSE: [&str; 4] = [
    "click: sorts, selects, goes to a tab",
    "again: turns the order round, opens",
    "wheel: scrolls; drag: moves the divider",
    "Shift-drag: selects text, as usual",
];
/// The same, of GPUs.
const LEGEND_OF_GPUS: [&str; 3] = [
    "GPU%: of one GPU; blank: is on none",
    "held: holds a GPU that nobody uses",
    "a GPU's bar is full at its power limit",
];

/// The furthest first line.
pub(super) fn last_scroll(app: &App, area: Rect) -> usize {
    overlay::last_scroll(columns(app, area).iter().map(Vec::len).max().unwrap_or(0), area)
}

pub(super) fn draw(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let columns = columns(app, area);
    let shown: Vec<&[Line]> = columns.iter().map(Vec::as_slice).collect();
    overlay::draw(&shown, column(area.width), scroll, area, buffer);
}

/// Cells of a column.
fn column(width: u16) -> u16 {
    (width / (width / COLUMN).clamp(1, COLUMNS)).min(60)
}

/// All sections in columns that are as low as they can be; with a free line between two
/// sections if they fit so.
fn columns(app: &App, area: Rect) -> Vec<Vec<Line<'static>>> {
    let count = usize::from((area.width / COLUMN).clamp(1, COLUMNS));
    let sections = sections(app, column(area.width).into());
    let lowest = |free: usize| {
        let lines: usize = sections.iter().map(|lines| lines.len() + free).sum();
        (1..=lines).find_map(|height| pack(&sections, count, free, height))
    };
    let height = |columns: &Vec<Vec<Line>>| columns.iter().map(Vec::len).max().unwrap_or(0);
    let airy = lowest(1).filter(|columns| height(columns) <= area.height.into());
    airy.or_else(|| lowest(0)).unwrap_or_default()
}

/// Sections in columns of this height, if that is high enough.
fn pack(
    sections: &[Vec<Line<'static>>],
    count: usize,
    free: usize,
    height: usize,
) -> Option<Vec<Vec<Line<'static>>>> {
    let mut columns: Vec<Vec<Line>> = vec![Vec::new()];
    for section in sections {
        let last = columns.last_mut()?;
        let gap = if last.is_empty() { 0 } else { free };
        if last.len() + gap + section.len() <= height {
            last.extend(std::iter::repeat_n(Line::default(), gap));
            last.extend(section.iter().cloned());
        } else if columns.len() < count && section.len() <= height {
            columns.push(section.clone());
        } else {
            return None;
        }
    }
    Some(columns)
}

/// The lines of each section, its title first.
fn sections(app: &App, width: usize) -> Vec<Vec<Line<'static>>> {
    let theme = app.theme();
    let all: Vec<_> = Section::ALL.map(|section| (section, entries(section, app))).into();
    let keys = |entry: &Entry| match entry {
        Entry::Keys(keys, _) => text::width(keys),
        Entry::Word(..) => 0,
    };
    let keys = all.iter().flat_map(|(_, entries)| entries.iter().map(keys)).max().unwrap_or(0);
    let mut sections: Vec<Vec<Line>> = all
        .iter()
        .filter(|(_, entries)| !entries.is_empty())
        .map(|(section, entries)| {
            let mut lines = vec![Line::styled(section.title(), theme.title())];
            lines.extend(set(entries, keys, width, theme));
            lines
        })
        .collect();
    let words = |title: &'static str, lines: &mut dyn Iterator<Item = &'static &'static str>| {
        let lines = lines.map(|line| Line::styled(*line, theme.dim()));
        std::iter::once(Line::styled(title, theme.title())).chain(lines).collect::<Vec<_>>()
    };
    if app.settings().mouse {
        sections.push(words("Mouse", &mut MOUSE.iter()));
    }
    let of_gpus: &[&str] = if app.has_gpus() { &LEGEND_OF_GPUS } else { &[] };
    sections.push(words("Marks", &mut LEGEND.iter().chain(of_gpus)));
    sections
}

/// Keys in a column of their own; single words side by side, as many as there is room for.
fn set(entries: &[Entry], keys: usize, width: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut words = Line::default();
    for entry in entries {
        match entry {
            Entry::Keys(label, help) => {
                lines.extend(take(&mut words));
                let label = Span::styled(text::left(label, keys), theme.key());
                let room = width.saturating_sub(keys + 2 * GAP);
                lines.push(Line::from_iter([
                    label,
                    Span::raw(" ".repeat(GAP)),
                    Span::raw(text::cut(help, room)),
                ]));
            }
            Entry::Word(label, word) => {
                let needs = text::width(label) + 1 + text::width(word);
                if words.width() > 0 && words.width() + GAP + needs + GAP > width {
                    lines.extend(take(&mut words));
                }
                let gap = if words.width() > 0 { GAP } else { 0 };
                words.push_span(" ".repeat(gap));
                words.push_span(Span::styled(label.clone(), theme.key()));
                words.push_span(format!(" {word}"));
            }
        }
    }
    lines.extend(take(&mut words));
    lines
}

fn take(line: &mut Line<'static>) -> Option<Line<'static>> {
    (line.width() > 0).then(|| std::mem::take(line))
}
