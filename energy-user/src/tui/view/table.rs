//! The table: column titles, the rows that fit, and the sum of all of them.
//!
//! Ended processes and rows that are not processes are dim; the former say so in
//! words as well.

use std::fmt::Write as _;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{place, plan::Plan};
use crate::{
    ledger::{Row, RowKey},
    present::text,
    tui::{
        action::Action,
        app::{App, Mode, Shown, Twig},
        column::{Column, Look},
        small,
        spots::Spots,
        theme::Theme,
    },
};

/// Cells between two columns.
const GAP: usize = 1;
/// A screen so wide has room for command lines.
const COMMANDS_NEED: u16 = 120;
/// A name so narrow has no room to say that its process ended.
const ENDED_NEEDS: usize = 14;
/// How a row says that its process is no more.
const ENDED: &str = " (ended)";
/// How it says that its process holds a GPU that nobody uses, and where there is little room.
const HELD: &str = " (held idle)";
const HELD_SHORT: &str = " (held)";
/// A name so wide has room for the longer one.
const LONG_NEEDS: usize = 34;

pub(super) fn draw(app: &App, plan: &Plan, buffer: &mut Buffer, spots: &mut Spots) {
    let grid = Grid::of(app, plan.rows.width);
    if plan.head.height > 0 {
        buffer.set_line(plan.head.x, plan.head.y, &grid.head(app), plan.head.width);
        if super::is_free(app) {
            grid.titles(app, plan.head, spots);
        }
    }
    spots.scroll_rows(plan.head.union(plan.rows).union(plan.total));
    let rows = app.rows().iter().skip(app.top());
    for (y, row) in (plan.rows.y..plan.rows.bottom()).zip(rows) {
        let mut line = grid.line(row, app.theme());
        if app.selected() == Some(row.key) {
            // Turned round, a colour of its own would be a patch in the bar.
            line = Line::raw(line.to_string());
        }
        buffer.set_line(plan.rows.x, y, &line, plan.rows.width);
        let place = Rect { y, height: 1, ..plan.rows };
        buffer.set_style(place, style(app, row));
        let opens = app.selected() == Some(row.key) && app.mode() == Mode::Browse;
        spots.click(place, if opens { Action::Detail } else { Action::Select(row.key) });
    }
    if plan.total.height > 0 {
        buffer.set_line(plan.total.x, plan.total.y, &grid.total(app), plan.total.width);
        buffer.set_style(plan.total, app.theme().sum());
    }
}

/// Titles, all rows and their sum, as text as wide as the screen.
pub(super) fn plain(app: &App, width: u16) -> String {
    let grid = Grid::of(app, if width == 0 { COMMANDS_NEED } else { width });
    let head = grid.head(app).to_string();
    let rows = app.rows().iter().map(|row| grid.line(row, app.theme()).to_string());
    let sum = grid.total(app).to_string();
    let lines = std::iter::once(head).chain(rows).chain([sum]);
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// There is room for command lines, and rows have one: a job has a name.
pub(super) fn shows_commands(app: &App, width: u16) -> bool {
    let own = app.settings().columns.has_commands();
    width >= COMMANDS_NEED && app.tab().of_processes() && !own
}

fn style(app: &App, row: &Row) -> Style {
    if app.selected() == Some(row.key) {
        app.theme().selected()
    } else if row.ended {
        app.theme().fading()
    } else if !matches!(row.key, RowKey::Process(_) | RowKey::Group(..)) {
        app.theme().dim()
    } else {
        Style::new()
    }
}

/// The columns that fit, with their widths.
struct Grid {
    columns: Vec<(Column, usize)>,
    look: Look,
}

impl Grid {
    fn of(app: &App, width: u16) -> Self {
        let columns = app.settings().columns.fitting(width, app.stage());
        let columns = columns.into_iter().map(|(column, cells)| (column, cells.into())).collect();
        Self { columns, look: app.look(shows_commands(app, width)) }
    }

    fn head(&self, app: &App) -> Line<'static> {
        let theme = app.theme();
        let (sorted, reverse) = app.sorted();
        let mut line = Line::default();
        for &(column, width) in &self.columns {
            if !line.spans.is_empty() {
                line.push_span(Span::styled(" ".repeat(GAP), theme.title()));
            }
            let title = column.title(&self.look);
            let (title, style) = if column == sorted {
                // Large numbers first and A first are the natural orders.
                let arrow = if column.is_descending() == reverse { "▲" } else { "▼" };
                let title = if column.is_number() {
                    format!("{arrow}{title}")
                } else {
                    format!("{title}{arrow}")
                };
                (title, theme.sorted())
            } else {
                (title, theme.title())
            };
            line.push_span(Span::styled(pad(column, &title, width), style));
        }
        line
    }

    /// A title sorts by its column; that of the sorted one turns the order round.
    fn titles(&self, app: &App, head: Rect, spots: &mut Spots) {
        let mut behind = 0;
        for &(column, width) in &self.columns {
            let area = place(head, behind, width);
            behind += width + GAP;
            if column == app.sorted().0 {
                spots.click(area, Action::Reverse);
            } else if column.has_order() {
                spots.click(area, Action::Sort(column));
            }
        }
    }

    fn line(&self, row: &Shown, theme: Theme) -> Line<'static> {
        self.cells(|column, width| {
            let cell = match column {
                Column::Share => small::share(row.watts, self.look.whole, width),
                _ => column.cell(row, &self.look),
            };
            let style = match column {
                Column::Share => theme.share(),
                Column::Recent => theme.spark(),
                _ => Style::new(),
            };
            let cell = match column {
                _ if self.is_name(column) => named(row, &cell, width),
                _ => pad(column, &cell, width),
            };
            Span::styled(cell, style)
        })
    }

    /// The sum of all rows; of no rows there is none, not even zero.
    fn total(&self, app: &App) -> Line<'static> {
        let sum = app.sum();
        if !app.rows().is_empty() {
            return self.line(&sum, app.theme());
        }
        self.cells(|column, width| {
            let cell = match column {
                _ if self.is_name(column) => column.cell(&sum, &self.look),
                _ => String::new(),
            };
            Span::raw(pad(column, &cell, width))
        })
    }

    /// The column that tells whose a row is.
    fn is_name(&self, column: Column) -> bool {
        column == Column::Name || column == Column::Command && !self.look.names
    }

    /// A cell for each column, with a gap between two.
    fn cells(&self, cell: impl Fn(Column, usize) -> Span<'static>) -> Line<'static> {
        let mut line = Line::default();
        for &(column, width) in &self.columns {
            if !line.spans.is_empty() {
                line.push_span(" ".repeat(GAP));
            }
            line.push_span(cell(column, width));
        }
        line
    }
}

/// The name, on its twig of the tree, with what is said of it in words.
fn named(row: &Shown, cell: &str, width: usize) -> String {
    let cell = format!("{}{cell}", row.twig.as_ref().map_or_else(String::new, twig));
    let Some(mark) = mark(row, width) else { return text::left(&cell, width) };
    text::left(&(text::cut(&cell, width - mark.len()) + mark), width)
}

/// Levels that are drawn; deeper ones say so.
const LEVELS: usize = 12;

/// What a row hangs on: `│ └─`, and how many rows it keeps to itself.
fn twig(twig: &Twig) -> String {
    let mut drawn = String::new();
    // The roots hang on nothing.
    let above = twig.above.get(1..).unwrap_or_default();
    let from = above.len().saturating_sub(LEVELS);
    if from > 0 {
        drawn.push('…');
    }
    let last = above.len().saturating_sub(1);
    for (level, more) in above.iter().enumerate().skip(from) {
        drawn.push_str(match (level == last, more) {
            (true, true) => "├─",
            (true, false) => "└─",
            (false, true) => "│ ",
            (false, false) => "  ",
        });
    }
    if twig.hidden > 0 {
        let _ = write!(drawn, "+{} ", twig.hidden);
    }
    drawn
}

/// What a row says in words behind its name, where there is room.
fn mark(row: &Row, width: usize) -> Option<&'static str> {
    let process = matches!(row.key, RowKey::Process(_) | RowKey::Group(..)) && width >= ENDED_NEEDS;
    match (row.ended, row.gpu.held_idle) {
        _ if !process => None,
        (true, _) => Some(ENDED),
        (false, true) if width >= LONG_NEEDS => Some(HELD),
        (false, true) => Some(HELD_SHORT),
        (false, false) => None,
    }
}

fn pad(column: Column, cell: &str, width: usize) -> String {
    if column.is_number() { text::right(cell, width) } else { text::left(cell, width) }
}
