//! Which line of the screen is whose.
//!
//! As the height shrinks, lines go in this order: the graph's extra height, the
//! meters, the GPUs (one by one, then in pairs, then all in one line), the tabs, the remedy, the
//! tool's own cost, the sum line, the totals, the footer, all rows but one, the column
//! titles. The total power stays to the last. On a narrow screen the graph goes first,
//! then the meters, then columns.

use ratatui::layout::Rect;

use super::{divider, gpus, meters, own};
use crate::tui::{app::App, spots::Divider};

/// Narrower than this there is no graph.
const GRAPH_NEEDS: u16 = 60;
/// Narrower than this there are no meters.
const METERS_NEED: u16 = 30;
/// Lower than this there is no line for the tabs; the title says which one is shown.
const TABS_NEED: u16 = 20;
/// Rows that the table has before anything but the essentials gets a line.
const ROWS: u16 = 5;
/// The same before GPUs get more than one line, or meters one beside them.
const ROWS_BELOW_GPUS: u16 = 8;

/// The place of each part; those without room are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub title: Rect,
    pub meters: Rect,
    pub graph: Rect,
    pub gpus: Rect,
    pub sums: Rect,
    pub own: Rect,
    pub remedy: Rect,
    pub tabs: Rect,
    pub head: Rect,
    pub rows: Rect,
    /// A row in detail, beside the table or below it.
    pub detail: Rect,
    /// What stands between that and the table.
    pub divider: Option<Divider>,
    pub total: Rect,
    pub footer: Rect,
}

/// Lines that are not given away yet.
struct Lines(u16);

impl Lines {
    /// Takes lines if so many others remain.
    fn take(&mut self, lines: u16, keep: u16) -> u16 {
        if self.0 < lines.saturating_add(keep) {
            return 0;
        }
        self.0 -= lines;
        lines
    }
}

impl Plan {
    /// The plan for a state and a size.
    pub fn of(app: &App, area: Rect) -> Self {
        let panels = &app.settings().panels;
        let graph = panels.graph
            && area.width >= GRAPH_NEEDS
            && app.ledger().history().iter().any(Option::is_some);
        let latest = app.ledger().latest().map(|tick| &tick.frame);
        let remedy = own::remedy_lines(app, area.width, if area.height < 20 { 1 } else { 2 });

        let mut lines = Lines(area.height);
        let title = lines.take(1, 0);
        let head = lines.take(1, 1);
        let footer = lines.take(1, 3);
        let sums = lines.take(1, ROWS - 1);
        let total = lines.take(1, ROWS - 1);
        let own = if panels.own { lines.take(1, ROWS) } else { 0 };
        let remedy = lines.take(remedy.len() as u16, ROWS);
        let tabs = if area.height >= TABS_NEED { lines.take(1, ROWS) } else { 0 };
        let count = if app.shows_gpus() { latest.map_or(0, |frame| frame.gpus.len()) } else { 0 };
        let gpus = gpus::lines(count, area, |few| {
            lines.0 >= few.saturating_add(if few > 1 { ROWS_BELOW_GPUS } else { ROWS })
        });
        let gpus = lines.take(gpus, 0);
        let meters = latest.map_or(0, |frame| meters::shown(frame, gpus > 0).count());
        let bars = match u16::try_from(meters).unwrap_or(u16::MAX).min(area.height / 4) {
            _ if !panels.meters || area.width < METERS_NEED => 0,
            // One line for several meters would only say that there are some.
            bars if gpus > 0 => match bars.min(lines.0.saturating_sub(ROWS_BELOW_GPUS)) {
                1 if meters > 1 => 0,
                bars => lines.take(bars, ROWS),
            },
            bars => lines.take(bars, ROWS),
        };
        // Without meters the graph has the whole width.
        let alone = !panels.meters && gpus == 0;
        let extra =
            if graph && (bars > 0 || alone) { (area.height / 6).saturating_sub(bars) } else { 0 };
        let block = bars + lines.take(extra, 2 * ROWS);

        let mut rest = area;
        let mut cut = |height: u16| {
            let part = Rect { height, ..rest };
            rest.y += height;
            rest.height -= height;
            part
        };
        let title = cut(title);
        let block = cut(block);
        let left = match graph {
            true if panels.meters => block.width * 9 / 16,
            true => 0,
            false => block.width,
        };
        let (gpus, sums, own) = (cut(gpus), cut(sums), cut(own));
        let (remedy, tabs) = (cut(remedy), cut(tabs));
        let table = cut(head + lines.0 + total);
        let (table, detail, divider) = if app.is_beside() {
            let (table, detail, divider) = divider::split(app, area, table);
            (table, detail, Some(divider))
        } else {
            (table, Rect::default(), None)
        };
        let footer = cut(footer);
        let rows = table.height.saturating_sub(head + total);
        Self {
            title,
            meters: Rect { width: left, ..block },
            graph: Rect { x: block.x + left, width: block.width - left, ..block },
            gpus,
            sums,
            own,
            remedy,
            tabs,
            head: Rect { height: head, ..table },
            rows: Rect { y: table.y + head, height: rows, ..table },
            detail,
            divider,
            total: Rect { y: table.y + head + rows, height: total, ..table },
            footer,
        }
    }
}
