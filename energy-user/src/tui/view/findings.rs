//! What looks like waste: a line for each finding, and one that is opened as a whole.
//!
//! Where the list leaves room, the evidence of the one that is selected stands below it.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{overlay, plan::Plan};
use crate::{
    present::{figure, finding, text},
    tui::{
        action::Action,
        app::{App, Mode},
        spots::Spots,
        theme::Theme,
    },
    waste::{Finding, Severity},
};

/// Longer lines are hard to read.
const WIDEST: u16 = 100;
/// Lines that one sentence may take.
const MOST_LINES: usize = 50;
/// Cells of the joules, of how long, of whose it is.
const JOULES: usize = 8;
const WHOSE: usize = 24;
/// Free lines that are worth being used.
const MUCH: u16 = 8;
/// Narrower than this there is no room to say whose.
const WHOSE_NEEDS: usize = 60;

/// All of them, as text.
pub(super) fn plain(app: &App) -> String {
    let lines = app.findings().iter().flat_map(finding::lines);
    lines.map(|line| line + "\n").collect()
}

pub(super) fn draw(app: &App, plan: &Plan, buffer: &mut Buffer, spots: &mut Spots) {
    let (theme, units) = (app.theme(), app.units());
    let room = usize::from(plan.rows.width);
    let whose = if room >= WHOSE_NEEDS { WHOSE } else { 0 };
    let line = |joules: &str, who: &str, what: &str| {
        let who = if whose > 0 { format!(" {}", text::left(who, whose)) } else { String::new() };
        let line = format!("{}{who} {what}", text::right(joules, JOULES));
        text::left(&text::cut(&line, room), room)
    };
    if plan.head.height > 0 {
        let head = line(units.energy_symbol(), "WHOSE", "WHAT LOOKS LIKE WASTE");
        buffer.set_line(
            plan.head.x,
            plan.head.y,
            &Line::styled(head, theme.title()),
            plan.head.width,
        );
    }
    let findings = app.findings();
    if findings.is_empty() && plan.rows.height > 0 {
        let words = "Nothing looks like waste. What is looked for: see docs/waste.md";
        let line = Line::styled(text::cut(words, room), theme.dim());
        buffer.set_line(plan.rows.x, plan.rows.y, &line, plan.rows.width);
    }
    let here = app.finding_index();
    let page = usize::from(plan.rows.height);
    let top = (here + 1).saturating_sub(page);
    for (y, (index, finding)) in
        (plan.rows.y..plan.rows.bottom()).zip(findings.iter().enumerate().skip(top))
    {
        let joules = units.energy(finding.joules());
        // The head says that it only looks like it.
        let title = finding.rule.title();
        let title = title.strip_prefix("looks like ").unwrap_or(title);
        let title = format!("{title}{}", lone(finding, whose));
        let text = line(&joules, &figure::printable(&finding.subject.name), &title);
        let style = if index == here { theme.selected() } else { severity(app, finding) };
        buffer.set_line(plan.rows.x, y, &Line::styled(text, style), plan.rows.width);
        let opens = index == here && app.mode() == Mode::Browse;
        let action = if opens { Action::Detail } else { Action::Choose(index) };
        spots.click(Rect { y, height: 1, ..plan.rows }, action);
    }
    spots.wheel(plan.head.union(plan.rows).union(plan.total), Action::Up, Action::Down);
    below(app, findings.len() as u16, plan.rows, buffer);
    if plan.total.height > 0 {
        let open = app.key(Action::Detail).filter(|_| !findings.is_empty());
        let open = open.map_or_else(String::new, |key| format!("; {key}: evidence, a remedy"));
        let count = match findings.len() {
            0 => "no findings".into(),
            1 => format!("1 finding{open}"),
            count => format!("{count} findings{open}"),
        };
        let line = Line::styled(text::cut(&count, room), theme.strong());
        buffer.set_line(plan.total.x, plan.total.y, &line, plan.total.width);
    }
}

/// The finding that is selected as a whole, below the list; as far as it goes.
fn below(app: &App, list: u16, rows: Rect, buffer: &mut Buffer) {
    let skipped = list.saturating_add(1);
    if list == 0 || rows.height < skipped + MUCH {
        return;
    }
    let area = Rect { y: rows.y + skipped, height: rows.height - skipped, ..rows };
    let lines = lines(app, area.width);
    overlay::draw(&[&lines], area.width, 0, area, buffer);
}

/// Whose it is, where that has no column of its own.
fn lone(finding: &Finding, whose: usize) -> String {
    if whose > 0 {
        String::new()
    } else {
        format!(": {}", figure::printable(&finding.subject.name))
    }
}

fn severity(app: &App, finding: &Finding) -> Style {
    match finding.severity {
        Severity::High => app.theme().warning(),
        Severity::Medium => Style::new(),
        Severity::Low => app.theme().dim(),
    }
}

/// The lines of the finding that is opened, no wider than the room.
fn lines(app: &App, width: u16) -> Vec<Line<'static>> {
    let Some(finding) = app.finding() else {
        return vec![Line::raw("It is over: this does not look like waste any more.")];
    };
    set(&finding::lines(finding), app.theme(), width.min(WIDEST).into())
}

/// A finding's lines in so many cells: the title stands out, the rest is set in.
pub(super) fn set(finding: &[String], theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (index, words) in finding.iter().enumerate() {
        let style = if index == 0 { theme.strong() } else { Style::new() };
        let indent = words.chars().take_while(|c| *c == ' ').count();
        for part in text::wrap(words.trim_start(), room.saturating_sub(indent), MOST_LINES) {
            let part = format!("{}{part}", " ".repeat(indent));
            lines.push(Line::from(Span::styled(part, style)));
        }
    }
    lines
}

/// The furthest first line.
pub(super) fn last_scroll(app: &App, area: Rect) -> usize {
    overlay::last_scroll(lines(app, area.width).len(), area)
}

/// Draws the finding that is opened.
pub(super) fn open(app: &App, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let lines = lines(app, area.width);
    overlay::draw(&[&lines], area.width, scroll, area, buffer);
}
