//! How a row's joules of the last interval came to be.

use super::{Section, Subject};
use crate::{
    frame::Part,
    ledger::RowKey,
    present::{about, columns::Line, explain::Explanation, figure::printable},
    units::Microjoules,
};

impl Subject<'_> {
    /// Term by term of a process, pool by pool of a group, and what `(idle)` has of each meter.
    pub(super) fn arithmetic(&self) -> Option<Section> {
        let lines = match self.row.key {
            RowKey::Process(_) => match self.process() {
                Some(process) => {
                    let explanation = Explanation::of(self.frame(), process);
                    let mut lines = explanation.lines(self.units);
                    if !process.threads.is_empty() {
                        let words =
                            format!("All of {}, which the thread is of:", explanation.title());
                        lines.splice(0..0, [Line::words(words), Line::default()]);
                    }
                    lines
                }
                None => vec![Line::words(RESTED)],
            },
            RowKey::Group(..) => self.by_pool(),
            RowKey::Idle => about::pools(self.frame(), self.units),
            _ => return None,
        };
        Section::of_lines("How its joules came to be, in the last interval", lines)
    }

    /// What its processes were charged of each pool.
    fn by_pool(&self) -> Vec<Line> {
        if self.processes.is_empty() {
            return vec![Line::words(RESTED)];
        }
        if self.frame().total.total().is_none() {
            return vec![Line::words(UNMETERED)];
        }
        let pools = self.frame().pools.iter().enumerate();
        let mut lines: Vec<Line> = pools
            .filter_map(|(index, pool)| {
                let parts = || {
                    let parts = self.processes.iter().flat_map(|process| &process.parts);
                    parts.filter(move |part| part.pool == index)
                };
                let charged = |part: &Part| part.moving + part.fixed;
                let sum: Microjoules = parts().map(charged).sum();
                let words = format!(
                    "of {}, {}; by {} of them",
                    self.lately(pool.energy),
                    pool.quality.as_str(),
                    parts().count(),
                );
                (parts().count() > 0)
                    .then(|| Line::new(printable(&pool.id), self.lately(sum), words))
            })
            .collect();
        let sum = self.processes.iter().filter_map(|process| process.share.energy.total()).sum();
        let words = "each process explains its part: open it, or jouletop explain PID";
        lines.push(Line::new("sum", self.lately(sum), words).strong());
        lines
    }
}

const RESTED: &str = "It did not run in the last interval: it is charged nothing for running.";
const UNMETERED: &str = "No meter counted in this interval, so its energy is not known.";
