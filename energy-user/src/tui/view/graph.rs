//! The recent past of the total power, newest at the right.
//!
//! Its scale is the highest point that is visible. An interval without a reading
//! is a column of dots: a gap, not a zero. Whoever looks back sees what came after, too, and a
//! line at the place.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{RenderDirection, Sparkline, Widget},
};

use super::time;
use crate::{
    present::text,
    tui::{app::App, column::marked},
    units::Watts,
};

/// Cells of the scale at the right: a gap, a figure, a unit.
const SCALE: u16 = 11;
/// Steps of a column of the graph: eight a cell, and no screen is that high.
const STEPS: f64 = 8000.0;

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.width <= SCALE || area.height == 0 {
        return;
    }
    let plot = Rect { width: area.width - SCALE, ..area };
    let (history, after) = app.power();
    let window = time::window(after, plot.width.into());
    let points = history.iter().rev().skip(window).take(plot.width.into());
    let highest = points.clone().flatten().map(|watts| watts.0).fold(0.0, f64::max);
    let lowest_mark = STEPS / (8.0 * f64::from(plot.height));
    let height = |watts: &Watts| {
        let part = if highest > 0.0 { watts.0 / highest } else { 0.0 };
        // A measured point is never invisible.
        (part * STEPS).max(lowest_mark).ceil() as u64
    };
    Sparkline::default()
        .data(points.map(|point| point.as_ref().map(height)).collect::<Vec<_>>())
        .max(STEPS as u64)
        .direction(RenderDirection::RightToLeft)
        .style(app.theme().bar())
        .absent_value_symbol("·")
        .absent_value_style(app.theme().dim())
        .render(plot, buffer);
    if let Some(after) = after.filter(|after| *after < history.len()) {
        time::mark(app, after - window, plot, buffer);
    }

    let (units, scale) = (app.units(), usize::from(SCALE) - 1);
    let top = marked(app.ledger().quality(), units.power(Some(Watts(highest))));
    let top = text::cut(&format!("{top} {}", units.power_symbol()), scale);
    buffer.set_string(plot.right() + 1, plot.y, top, app.theme().dim());
    if plot.height > 1 {
        let zero = format!("0 {}", units.power_symbol());
        buffer.set_string(plot.right() + 1, plot.bottom() - 1, zero, app.theme().dim());
    }
}
