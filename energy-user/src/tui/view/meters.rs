//! A line for each meter: its name, a bar, its power; or why it says nothing.
//!
//! All bars have one scale, and a full one is the highest total so far: so they
//! can be compared with each other and over time.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    frame::{Confidence, Frame, MeterFrame},
    ledger::Tick,
    present::{figure, text},
    tui::{app::App, column::marked},
    units::Watts,
};

/// Cells of the longest name.
const LONGEST_ID: usize = 12;
/// Cells of a figure with its mark.
const FIGURE: usize = 7;
/// Cells between bar and figure, figure and unit, and at the end.
const MARGIN: usize = 4;
/// A bar with fewer cells says nothing; what is said behind it goes first.
const SHORTEST_BAR: usize = 12;

/// The meters that have a line here: those of GPUs stand beside what their GPUs show, if these
/// are shown.
pub(super) fn shown(frame: &Frame, gpus: bool) -> impl Iterator<Item = &MeterFrame> {
    let elsewhere =
        move |meter: &MeterFrame| gpus && frame.gpus.iter().any(|device| device.gpu.id == meter.id);
    frame.meters.iter().filter(move |meter| !elsewhere(meter))
}

pub(super) fn draw(app: &App, tick: &Tick, gpus: bool, area: Rect, buffer: &mut Buffer) {
    let meters: Vec<&MeterFrame> = shown(&tick.frame, gpus).collect();
    let lines = usize::from(area.height).min(meters.len());
    // The last line is for those that have none.
    let hidden = if meters.len() > lines { meters.len() + 1 - lines } else { 0 };
    let id = meters.iter().map(|meter| text::width(&meter.id)).max().unwrap_or(0).min(LONGEST_ID);
    let room = usize::from(area.width).saturating_sub(id + 1);
    let remarks = Remarks::of(app, &tick.frame, &meters, room);
    for ((index, meter), y) in meters.iter().copied().enumerate().zip(area.y..area.bottom()) {
        let line = if hidden > 0 && y + 1 == area.bottom() {
            Line::styled(format!("and {hidden} more meters"), app.theme().dim())
        } else {
            let watts = meter.energy.and_then(|energy| energy.over(tick.frame.interval));
            let mut line = Line::raw(text::left(&figure::printable(&meter.id), id));
            line.push_span(" ");
            match watts {
                Some(watts) => {
                    extend_with_bar(&mut line, app, meter, watts, room - remarks.width);
                    line.push_span(Span::styled(remarks.of_meter(index), app.theme().dim()));
                }
                None => extend_with_reason(&mut line, app, meter, room),
            }
            line
        };
        buffer.set_line(area.x, y, &line, area.width);
    }
}

/// What stands behind the figures: the range of an estimate, `?` where it is little known who
/// used it. All bars give up the same room for it, so that they can still be compared.
struct Remarks {
    all: Vec<String>,
    width: usize,
}

impl Remarks {
    fn of(app: &App, frame: &Frame, meters: &[&MeterFrame], room: usize) -> Self {
        let room = room.saturating_sub(FIGURE + app.units().power_symbol().len() + MARGIN);
        let all = |with_range| -> Vec<String> {
            meters.iter().map(|meter| remark(app, frame, meter, with_range)).collect()
        };
        let width = |all: &[String]| all.iter().map(|one| text::width(one)).max().unwrap_or(0);
        let sets = [all(true), all(false)].into_iter().map(|all| (width(&all), all));
        let mut fitting = sets.filter(|(width, _)| room >= width + SHORTEST_BAR);
        let (width, all) = fitting.next().unwrap_or_default();
        Self { all, width }
    }

    fn of_meter(&self, index: usize) -> String {
        self.all.get(index).cloned().unwrap_or_default()
    }
}

fn remark(app: &App, frame: &Frame, meter: &MeterFrame, with_range: bool) -> String {
    let range = meter.power_range(frame.interval).filter(|_| with_range);
    let range = range.map_or_else(String::new, |(least, most)| {
        format!(" ({})", figure::range(app.units(), least, most))
    });
    let low = frame.pool(&meter.id).is_some_and(|pool| pool.confidence() == Confidence::Low);
    if low { range + " ?" } else { range }
}

fn extend_with_bar(line: &mut Line, app: &App, meter: &MeterFrame, watts: Watts, room: usize) {
    let symbol = app.units().power_symbol();
    let figure = text::right(&marked(meter.quality, app.units().power(Some(watts))), FIGURE);
    let cells = room.saturating_sub(FIGURE + symbol.len() + MARGIN);
    let full = app.ledger().totals().peak.map_or(0.0, |peak| peak.0);
    let part = if full > 0.0 { (watts.0 / full).clamp(0.0, 1.0) } else { 0.0 };
    // Half a cell is the finest step.
    let halves = (part * (2 * cells) as f64).round() as usize;
    let half = if halves % 2 == 1 { "╸" } else { "" };
    line.push_span(Span::styled(format!("{}{half}", "━".repeat(halves / 2)), app.theme().bar()));
    let rest = cells.saturating_sub(halves.div_ceil(2));
    line.push_span(Span::styled("─".repeat(rest), app.theme().dim()));
    line.push_span(format!(" {figure} {symbol}"));
}

fn extend_with_reason(line: &mut Line, app: &App, meter: &MeterFrame, room: usize) {
    let reason = meter.note.as_deref().unwrap_or("no reading");
    let reason = format!("{} {}", figure::ABSENT, figure::printable(reason));
    let reason = text::cut(&reason, room.saturating_sub(2));
    line.push_span(Span::styled(reason, app.theme().dim()));
}
