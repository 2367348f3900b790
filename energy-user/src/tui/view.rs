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
//! What goes first on a small screen is written in `plan` (lines) and in
//! [`Column::GIVEN_UP`](super::column::Column::GIVEN_UP).

mod findings;
mod footer;
mod gpus;
mod graph;
mod help;
mod measuring;
mod meters;
mod overlay;
mod own;
mod panel;
mod picker;
mod plan;
mod strip;
mod sums;
mod table;
mod tabs;
mod title;

use plan::Plan;
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::{Color, Style},
};

use super::{
    app::{App, Mode},
    tab::Tab,
};

/// Draws the whole screen.
pub fn view(app: &App, frame: &mut Frame) {
    let area = frame.area();
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
        tabs::draw(app, plan.tabs, buffer);
        match app.tab() {
            Tab::Findings => findings::draw(app, &plan, buffer),
            _ => table::draw(app, &plan, buffer),
        }
    } else {
        measuring::draw(app, area, buffer);
    }
    match app.mode() {
        Mode::Help { scroll } => help::draw(app, scroll, overlay::area(area), buffer),
        Mode::Explain { scroll, .. } => panel::draw(app, scroll, overlay::area(area), buffer),
        Mode::Users { index } => picker::draw(app, index, overlay::area(area), buffer),
        Mode::Finding { scroll } => findings::open(app, scroll, overlay::area(area), buffer),
        Mode::Browse | Mode::Filter => {}
    }
    footer::draw(app, plan.footer, buffer);
    ground(app, buffer);
}

/// What nobody gave a colour has the theme's own: letters for a light ground cannot be read on
/// a dark one.
fn ground(app: &App, buffer: &mut Buffer) {
    let Style { fg, bg, .. } = app.theme().ground();
    for cell in &mut buffer.content {
        if cell.fg == Color::Reset {
            cell.fg = fg.unwrap_or(Color::Reset);
        }
        if cell.bg == Color::Reset {
            cell.bg = bg.unwrap_or(Color::Reset);
        }
    }
}

/// Rows of the table that fit on a screen.
pub(super) fn page(app: &App, area: Rect) -> usize {
    Plan::of(app, area).rows.height.into()
}

/// How far what lies over the table can be scrolled on a screen.
pub(super) fn last_scroll(app: &App, screen: Rect) -> usize {
    let area = overlay::area(screen);
    match app.mode() {
        Mode::Help { .. } => help::last_scroll(app, area),
        Mode::Explain { .. } => panel::last_scroll(app, area),
        Mode::Finding { .. } => findings::last_scroll(app, area),
        Mode::Browse | Mode::Filter | Mode::Users { .. } => 0,
    }
}
