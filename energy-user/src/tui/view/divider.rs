//! How the table and a row in detail share their room, and the line between them, which can be
//! dragged.

use ratatui::{buffer::Buffer, layout::Rect};

use super::plan::Plan;
use crate::tui::{
    app::App,
    spots::{Divider, Spots},
};

/// A row in detail has lines no longer than this: longer ones are hard to read.
pub(super) const WIDEST: u16 = 100;
/// A screen so wide and high has room for it beside the table.
const BESIDE_NEEDS: (u16, u16) = (140, 30);
/// One so wide and high has room for it below the table.
const BELOW_NEEDS: (u16, u16) = (60, 45);
/// Its part of the room, in thousandths, where nobody wants another: beside the table, and below.
const BESIDE: u16 = 450;
const BELOW: u16 = 600;
/// What the table keeps, and what a row in detail has at least, in cells; then in lines.
const LEAST_BESIDE: (u16, u16) = (40, 30);
const LEAST_BELOW: (u16, u16) = (4, 4);
/// Between them.
const GAP: (u16, u16) = (2, 1);

fn fits(screen: Rect, (width, height): (u16, u16)) -> bool {
    screen.width >= width && screen.height >= height
}

/// The screen has room for the table and a row in detail.
pub(super) fn has_room(screen: Rect) -> bool {
    fits(screen, BESIDE_NEEDS) || fits(screen, BELOW_NEEDS)
}

/// So much of a length as is wanted, with bounds that leave both parts usable.
fn part(length: u16, share: u16, gap: u16, (table, detail): (u16, u16), most: u16) -> u16 {
    let wanted = u32::from(length) * u32::from(share) / 1000;
    let most = length.saturating_sub(gap + table).min(most);
    u16::try_from(wanted).unwrap_or(u16::MAX).clamp(detail.min(most), most)
}

/// What is left to the table, what is given to a row in detail, and what divides them.
pub(super) fn split(app: &App, screen: Rect, shared: Rect) -> (Rect, Rect, Divider) {
    let beside = fits(screen, BESIDE_NEEDS);
    let (table, area, detail);
    if beside {
        let share = app.share().unwrap_or(BESIDE);
        let width = part(shared.width, share, GAP.0, LEAST_BESIDE, WIDEST);
        table = Rect { width: shared.width.saturating_sub(width + GAP.0), ..shared };
        area = Rect { x: table.right(), width: GAP.0.min(shared.width), ..shared };
        detail = Rect { x: area.right(), width, ..shared };
    } else {
        let share = app.share().unwrap_or(BELOW);
        let height = part(shared.height, share, GAP.1, LEAST_BELOW, u16::MAX);
        table = Rect { height: shared.height.saturating_sub(height + GAP.1), ..shared };
        area = Rect { y: table.bottom(), height: GAP.1.min(shared.height), ..shared };
        detail = Rect { y: area.bottom(), height, ..shared };
    }
    (table, detail, Divider { area, shared, beside })
}

/// Draws the line.
pub(super) fn draw(app: &App, plan: &Plan, buffer: &mut Buffer, spots: &mut Spots) {
    let Some(divider) = plan.divider else { return };
    let line = if divider.beside { "│" } else { "─" };
    let place = Rect { width: if divider.beside { 1 } else { divider.area.width }, ..divider.area };
    for position in place.positions() {
        buffer[position].set_symbol(line).set_style(app.theme().dim());
    }
    spots.divide(divider);
}
