//! The picture: a pure function of the state and the size.
//!
//! ```text
//! 62.13 W  PAUSED  /chip         host   eBPF · measured     title
//! package-0 ━━━━━━───── 48.1 W   ▁▂▅▇█▆▅▃ ▁▂▃▅▇█ 71.2 W     meters | graph
//! dram-0    - not readable       ██████████████  0
//! gpu-0 H100 ━━━━── 412 W  95%   71/80 GiB  64°C  mark      gpus
//! 1204 J   0.158 gCO2e   1m05s   473 g/kWh, world ave…     sums
//! own cost 0.4% of a CPU, 0.02 W          RAPL, powercap   own
//! ! what is missing, and what would mend it                remedy
//!  1 process  2 tree  3 job  4 user  5 container  …         tabs
//!     PID USER        ▼W       J   gCO2e   CPU% NAME       head
//!     812 alice    12.34   432.1   0.043   99.8 cc1        rows
//!                  62.13    1204   0.158  400.0 all 9 rows total
//! ? help  q quit  / filter …                               footer
//! ```
//!
//! A row in detail lies over all but the title; on a large screen it stands beside the table,
//! or below it, and the table stays in use.
//!
//! What goes first on a small screen is written in `plan` (lines) and in
//! [`Column::GIVEN_UP`](super::column::Column::GIVEN_UP).

mod card;
mod detail;
mod dialog;
mod divider;
mod findings;
mod footer;
mod gpus;
mod graph;
mod help;
mod measuring;
mod meters;
mod overlay;
mod own;
mod picker;
mod plan;
mod settings;
mod strip;
mod sums;
mod table;
mod tabs;
mod time;
mod title;

use plan::Plan;
use ratatui::{Frame, buffer::Buffer, layout::Rect, style::Color};

use super::{
    app::{App, Mode},
    glyph,
    spots::Spots,
    tab::Tab,
};

/// Draws the whole screen; what of it answers to the mouse.
pub fn view(app: &App, frame: &mut Frame) -> Spots {
    let area = frame.area();
    let mut spots = Spots::of(app);
    let buffer = frame.buffer_mut();
    let plan = Plan::of(app, area);
    if let Some(tick) = app.ledger().latest() {
        title::draw(app, tick, &plan, buffer);
        meters::draw(app, tick, plan.gpus.height > 0, plan.meters, buffer);
        graph::draw(app, plan.graph, buffer);
        gpus::draw(app, tick, plan.gpus, buffer);
        sums::draw(app, tick, plan.sums, buffer);
        own::draw(app, plan.own, buffer);
        own::remedy(app, plan.remedy, buffer);
        tabs::draw(app, plan.tabs, buffer, &mut spots);
        match app.tab() {
            Tab::Findings => findings::draw(app, &plan, buffer, &mut spots),
            _ => table::draw(app, &plan, buffer, &mut spots),
        }
    } else {
        measuring::draw(app, area, buffer);
    }
    divider::draw(app, &plan, buffer, &mut spots);
    let over = overlay::area(area);
    if !uses_table(app) {
        spots.cover();
    }
    match app.mode() {
        Mode::Help { scroll } => help::draw(app, scroll, over, buffer),
        Mode::Detail { scroll, .. } => detail::draw(app, scroll, area, buffer, &mut spots),
        Mode::Users { index } => picker::draw(app, index, over, buffer, &mut spots),
        Mode::Finding { scroll } => findings::open(app, scroll, over, buffer),
        Mode::Settings { index } => settings::draw(app, index, over, buffer),
        Mode::Columns { index } => settings::columns(app, index, over, buffer),
        Mode::Card { scroll } => card::draw(app, scroll, over, buffer),
        Mode::Act | Mode::Export => dialog::draw(app, over, buffer, &mut spots),
        Mode::Browse | Mode::Filter | Mode::Time => {}
    }
    if matches!(app.mode(), Mode::Help { .. } | Mode::Finding { .. } | Mode::Card { .. }) {
        spots.scroll(over);
    }
    footer::draw(app, plan.footer, buffer, &mut spots);
    finish(app, buffer);
    spots
}

/// So many cells of a line, behind so many others; what does not fit is cut.
fn place(line: Rect, behind: usize, cells: usize) -> Rect {
    let behind = u16::try_from(behind).unwrap_or(u16::MAX).min(line.width);
    let cells = u16::try_from(cells).unwrap_or(u16::MAX).min(line.width - behind);
    Rect { x: line.x + behind, width: cells, height: line.height.min(1), ..line }
}

/// The table is in use, also while something is typed or stands beside it.
fn uses_table(app: &App) -> bool {
    matches!(app.mode(), Mode::Browse | Mode::Filter | Mode::Time) || app.is_beside()
}

/// No letters are typed: all that the table does is at hand.
fn is_free(app: &App) -> bool {
    app.mode() == Mode::Browse || app.is_beside()
}

/// What holds for the whole picture: what is behind everything, and which letters there are.
fn finish(app: &App, buffer: &mut Buffer) {
    let ground = app.theme().ground();
    let fill = |colour: &mut Color, with: Option<Color>| {
        if let (Color::Reset, Some(with)) = (*colour, with) {
            *colour = with;
        }
    };
    for cell in &mut buffer.content {
        fill(&mut cell.fg, ground.fg);
        fill(&mut cell.bg, ground.bg);
    }
    if app.settings().ascii {
        glyph::to_ascii(buffer);
    }
}

/// All that the table has, as text; of a screen so wide.
pub(super) fn plain(app: &App, screen: Rect) -> String {
    match app.tab() {
        Tab::Findings => findings::plain(app),
        _ => table::plain(app, screen.width),
    }
}

/// A screen so wide shows command lines in the place of names, where rows have one.
pub(super) fn shows_commands(app: &App, width: u16) -> bool {
    table::shows_commands(app, width)
}

/// Rows of the table that fit on a screen.
pub(super) fn page(app: &App, area: Rect) -> usize {
    Plan::of(app, area).rows.height.into()
}

/// Lines that a page up or down goes: all of the table, and of what is read all but one.
pub(super) fn leaf(app: &App, area: Rect) -> usize {
    let height = match app.mode() {
        Mode::Detail { .. } => detail::height(app, area),
        Mode::Help { .. } | Mode::Finding { .. } | Mode::Card { .. } => overlay::area(area).height,
        Mode::Browse
        | Mode::Filter
        | Mode::Time
        | Mode::Act
        | Mode::Export
        | Mode::Settings { .. }
        | Mode::Columns { .. }
        | Mode::Users { .. } => {
            return page(app, area).max(1);
        }
    };
    usize::from(height).saturating_sub(1).max(1)
}

/// A screen has room for a row in detail beside the table, or below it.
pub(super) fn has_room_beside(area: Rect) -> bool {
    divider::has_room(area)
}

/// The width of the table.
pub(super) fn table_width(app: &App, area: Rect) -> u16 {
    Plan::of(app, area).rows.width
}

/// How far what lies over the table can be scrolled on a screen.
pub(super) fn last_scroll(app: &App, screen: Rect) -> usize {
    let area = overlay::area(screen);
    match app.mode() {
        Mode::Help { .. } => help::last_scroll(app, area),
        Mode::Detail { .. } => detail::last_scroll(app, screen),
        Mode::Finding { .. } => findings::last_scroll(app, area),
        Mode::Card { .. } => card::last_scroll(app, area),
        Mode::Browse
        | Mode::Filter
        | Mode::Time
        | Mode::Act
        | Mode::Export
        | Mode::Settings { .. }
        | Mode::Columns { .. }
        | Mode::Users { .. } => 0,
    }
}
