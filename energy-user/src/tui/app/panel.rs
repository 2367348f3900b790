//! What the explanation of a row says, as a function of the books.

use super::books::Books;
use crate::{
    frame::{Frame, ProcessFrame},
    ledger::{Row, RowKey},
    present::{
        about,
        columns::Line,
        explain::Explanation,
        figure::{self, Units, printable},
    },
    tui::column::{marked, percent},
};

/// A row, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// Who it is.
    pub title: String,
    /// Its energy over the interval, and its power.
    pub sum: String,
    /// The rest.
    pub lines: Vec<Line>,
}

impl Panel {
    /// Of the row with a key, as of the last interval.
    pub(super) fn of(books: &Books, key: RowKey, row: Option<&Row>, units: Units) -> Option<Self> {
        let tick = books.ledger.latest()?;
        let frame = &tick.frame;
        let Some(row) = row else {
            let gone = "This row is not there: it has yet to begin, or it has ended and is counted \
                        with others.";
            return Some(Self {
                title: "(gone)".into(),
                sum: figure::ABSENT.into(),
                lines: vec![Line::words(gone)],
            });
        };
        let since = since_start(row, units);
        if let RowKey::Group(..) = key {
            return Some(Self::of_group(row, units));
        }
        let mut panel = match (process(frame, key), about::paragraph(key, frame)) {
            (Some(process), _) => Self::of_process(frame, process, row, units),
            (None, Some(paragraph)) => Self::of_other(frame, row, paragraph, units),
            (None, None) => Self::of_resting(row, units),
        };
        panel.lines.extend(since);
        Some(panel)
    }

    fn of_process(frame: &Frame, process: &ProcessFrame, row: &Row, units: Units) -> Self {
        let explanation = Explanation::of(frame, process);
        let [energy, watts] = explanation.sum(units);
        let mut lines = explanation.lines(units);
        let mut sum = format!("{energy}, {watts}");
        if !process.threads.is_empty() {
            // The terms are those of the whole process; the row is not.
            let words = format!("A thread of {}, which is explained:", explanation.title());
            lines.splice(0..0, [Line::words(words), Line::default()]);
            sum = now(row, units);
        }
        Self { title: title(row), sum, lines }
    }

    fn of_group(row: &Row, units: Units) -> Self {
        let processes = if row.members == 1 { "process" } else { "processes" };
        let words = format!("The sum of {} {processes}, ended ones too.", row.members);
        let cpu = format!("{} % of one CPU in the last interval", percent(row.cpu_percent));
        let mut lines =
            vec![Line::words(words), Line::default(), Line::new("now", now(row, units), cpu)];
        lines.extend(since_start(row, units));
        Self { title: title(row), sum: now(row, units), lines }
    }

    fn of_resting(row: &Row, units: Units) -> Self {
        let words = "It did not run in the last interval: it is charged nothing for running.";
        Self {
            title: title(row),
            sum: now(row, units),
            lines: vec![Line::words(words), Line::default()],
        }
    }

    fn of_other(frame: &Frame, row: &Row, paragraph: String, units: Units) -> Self {
        let mut lines = vec![Line::words(paragraph), Line::default()];
        if row.key == RowKey::Idle {
            let pools = about::pools(frame, units);
            if !pools.is_empty() {
                lines.push(Line::words("Of each meter, in the last interval:"));
                lines.extend(pools);
                lines.push(Line::default());
            }
        }
        let cpu = format!("{} % of one CPU in the last interval", percent(row.cpu_percent));
        lines.push(Line::new("now", now(row, units), cpu));
        Self { title: title(row), sum: now(row, units), lines }
    }
}

/// The process of a row, or the one whose thread it is.
fn process(frame: &Frame, key: RowKey) -> Option<&ProcessFrame> {
    let RowKey::Process(id) = key else { return None };
    frame
        .processes
        .iter()
        .find(|process| process.id == id || process.threads.iter().any(|thread| thread.id == id))
}

fn title(row: &Row) -> String {
    let name = printable(&row.identity.name);
    let ended = if row.ended { ", ended" } else { "" };
    let RowKey::Process(id) = row.key else { return name };
    let user = row.identity.user.as_deref().map_or_else(String::new, |user| format!(", {user}"));
    format!("{name} (pid {}{}{ended})", id.pid, printable(&user))
}

fn now(row: &Row, units: Units) -> String {
    let watts = marked(row.quality, units.power(row.watts));
    with(watts, units.power_symbol())
}

/// Its sums, which no process loses when it rests or ends.
fn since_start(row: &Row, units: Units) -> [Line; 1] {
    let energy = with(marked(row.quality, units.energy(row.energy)), units.energy_symbol());
    let grams = with(marked(row.quality, figure::grams(row.grams)), "gCO2e");
    let words = format!("{grams}, {} of CPU time", figure::duration(row.cpu_time));
    [Line::new("since start", energy, words)]
}

fn with(number: String, symbol: &str) -> String {
    if number == figure::ABSENT { number } else { format!("{number} {symbol}") }
}
