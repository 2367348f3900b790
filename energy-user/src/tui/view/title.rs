//! The first line: total power now, what is on, and how good the numbers are.
//!
//! Power stands first, so that a screen of ten cells still answers the question.

use ratatui::buffer::Buffer;

use super::{
    plan::Plan,
    strip::{self, Piece},
    time,
};
use crate::{
    frame::Quality,
    ledger::Tick,
    present::figure,
    tui::{action::Action, app::App, column::marked, tab::Tab},
};

pub(super) fn draw(app: &App, tick: &Tick, plan: &Plan, buffer: &mut Buffer) {
    let (theme, units, frame) = (app.theme(), app.units(), &tick.frame);
    let watts = marked(frame.quality, units.power(frame.watts()));
    let mut left = vec![Piece::new(0, format!("{watts} {}", units.power_symbol()), theme.strong())];
    if app.tab() != Tab::default() && plan.tabs.height == 0 {
        left.push(Piece::new(1, format!(" {} ", app.tab().title()), theme.chip()));
    }
    left.extend(time::chip(app));
    if let Some((words, word)) = app.told() {
        let words = format!(" {} ", figure::printable(words));
        left.push(Piece::new(8, words, theme.chip()).or(1, format!(" {word} ")));
    }
    // What looks like waste is not filtered.
    if !app.filter().is_empty() && app.tab() != Tab::Findings {
        let filter = figure::printable(app.filter().text());
        left.push(Piece::new(2, format!(" /{filter} "), theme.chip()).or(2, " / "));
    }
    if let Some(name) = app.zoomed() {
        left.push(Piece::new(1, format!(" {name} "), theme.chip()));
    }
    if let Some(measurement) = app.measurement() {
        let time = figure::duration(measurement.elapsed());
        let energy = units.energy(measurement.sum().share.energy.total());
        let energy = marked(measurement.quality(), energy);
        let symbol = if energy == figure::ABSENT { "" } else { units.energy_symbol() };
        let sums = format!("{time} {energy} {symbol}");
        let sums = sums.trim_end();
        // A mark, as long as no key ends it.
        let key = app.key(Action::Measure).unwrap_or_else(|| "m".into());
        let long = format!(" {key} {} {sums} ", measurement.name());
        let short = format!(" {key} {sums} ");
        left.push(Piece::new(5, long, theme.chip()).or(2, short).or(1, format!(" {key} ")));
    }
    let found = app.findings().len();
    if found > 0 && plan.tabs.height == 0 {
        let words = if found == 1 { "1 finding".into() } else { format!("{found} findings") };
        left.push(Piece::new(4, words, theme.warning()));
    }
    if let Some(peak) = app.ledger().totals().peak {
        let peak = marked(app.ledger().quality(), units.power(Some(peak)));
        left.push(Piece::new(6, format!("peak {peak} {}", units.power_symbol()), theme.dim()));
    }
    let probe = frame.probe.title();
    let partial = if app.ledger().is_partial() { ", partial" } else { "" };
    let right = vec![
        Piece::new(7, figure::printable(&frame.machine.host), theme.dim()),
        Piece::new(3, format!("{probe} · {}{partial}", quality(frame.quality)), theme.dim()),
        Piece::new(5, format!("every {}", figure::duration(app.interval())), theme.dim()),
    ];
    strip::draw(left, right, plan.title, buffer);
}

/// The quality of the total in a word for people.
fn quality(quality: Quality) -> &'static str {
    match quality {
        Quality::Absent => "no power reading",
        known => known.as_str(),
    }
}
