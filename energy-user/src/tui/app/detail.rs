//! A row in detail: who it is, its past, its kin, its GPUs, and how its figures came to be.
//!
//! A pure function of the books. Its sections stand in one order, and one that has nothing to
//! say is left out:
//!
//! 1. who it is, its sums, and its pace
//! 2. its watts by pool over the last minutes
//! 3. what of it looks like waste
//! 4. a process's tree, or its threads where they are told apart; a group's members
//! 5. where threads have no rows: those of a process that ran longest
//! 6. the GPUs that it is on
//! 7. the arithmetic of its joules
//! 8. what measured, and by which rules
//! 9. its command line, where that is so long that the first section has but its beginning
//!
//! Members, threads and pools add up to the row, to the microjoule.

mod arithmetic;
mod gpus;
mod head;
mod kin;
mod members;
mod open;

use super::{
    books::Books,
    trail::{History, Whose},
};
use crate::{
    frame::{Frame, ProcessFrame},
    ledger::{Row, RowKey, Tick},
    present::{
        columns::Line,
        environment,
        figure::{self, Units, printable},
        finding,
    },
    sample::ProcessId,
    tui::{
        column::marked,
        life::{Life, Threads},
    },
    units::{Microjoules, Tariff, Watts},
};

/// A row, looked at closely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Which row.
    pub key: RowKey,
    /// Who it is.
    pub title: String,
    /// Its power now.
    pub sum: String,
    /// The rest, in order.
    pub sections: Vec<Section>,
}

/// What is said of one matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it is about; empty where that needs no words.
    pub title: String,
    /// What is said.
    pub body: Body,
}

impl Section {
    /// Lines under a title, which may be empty; none without lines.
    fn of_lines(title: &str, lines: Vec<Line>) -> Option<Self> {
        if lines.is_empty() {
            return None;
        }
        let body = Body::Lines(lines);
        Some(Self { title: title.into(), body })
    }
}

/// What a section has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Names, figures and words.
    Lines(Vec<Line>),
    /// Power over time, pool by pool.
    Chart(History),
    /// Findings, each in lines of which the first is its title.
    Findings(Vec<Vec<String>>),
    /// Rows, each with its power and energy.
    Entries(Vec<Entry>),
}

/// A row in a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Power over the last interval, without its unit.
    pub watts: String,
    /// Energy since the start, without its unit; empty where that is not told apart.
    pub energy: String,
    /// What it hangs on, and its name.
    pub name: String,
    /// How it stands among the others.
    pub stress: Stress,
}

/// How a line stands among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stress {
    /// As any.
    Plain,
    /// The row itself, or the sum.
    Strong,
    /// Ended, or beside the point.
    Dim,
}

/// Why a group has neither a chart nor a pace.
const UNTOLD: &str = "Not shown, and no pace: some of its processes ended and are counted as one, \
                      so what it drew in the last minutes is not known in full.";

/// What a row's detail is made of.
struct Subject<'a> {
    books: &'a Books,
    tick: &'a Tick,
    row: &'a Row,
    /// Of a group, the processes of it that are told apart.
    members: Vec<Row>,
    /// What it has of the last interval's frame.
    processes: Vec<&'a ProcessFrame>,
    history: History,
    /// Of a group, all of its processes are told apart.
    told: bool,
    /// What its process is at, where that was read.
    life: Option<Life>,
    /// Its threads, where they were read.
    threads: Option<&'a Threads>,
    units: Units,
    tariff: Option<Tariff>,
}

impl Detail {
    /// Of a row, as of the last interval; the row is none of one that is no more.
    fn of(
        books: &Books,
        key: RowKey,
        row: Option<&Row>,
        (life, threads): (Option<Life>, Option<&Threads>),
        scale: (Units, Option<Tariff>),
    ) -> Option<Self> {
        let tick = books.ledger.latest()?;
        let Some(row) = row else {
            let gone = "This row is not there: it has yet to begin, or has ended and is counted with \
                        others.";
            let sections = Section::of_lines("", vec![Line::words(gone)]);
            return Some(Self {
                key,
                title: "(gone)".into(),
                sum: figure::ABSENT.into(),
                sections: sections.into_iter().collect(),
            });
        };
        let subject = Subject { life, threads, ..Subject::new(books, tick, row, scale) };
        let sections = [
            subject.who(),
            subject.sums(),
            subject.chart(),
            subject.findings(),
            subject.kin(),
            subject.busiest(),
            subject.on_gpus(),
            subject.arithmetic(),
            subject.environment(),
            subject.command(),
        ];
        Some(Self {
            key,
            title: subject.title(),
            sum: subject.now(),
            sections: sections.into_iter().flatten().collect(),
        })
    }
}

impl<'a> Subject<'a> {
    fn new(
        books: &'a Books,
        tick: &'a Tick,
        row: &'a Row,
        (units, tariff): (Units, Option<Tariff>),
    ) -> Self {
        let members = match row.key {
            RowKey::Group(..) => books.ledger.member_rows(row.key),
            _ => Vec::new(),
        };
        let ids = members.iter().filter_map(|member| match member.key {
            RowKey::Process(id) => Some(id),
            _ => None,
        });
        let group = matches!(row.key, RowKey::Group(..)).then(|| Whose::Group(ids.collect()));
        let whose = group.or_else(|| Whose::of(row.key));
        let processes = whose.as_ref().map_or_else(Vec::new, |whose| {
            let frame = tick.frame.processes.iter();
            frame.filter(|process| is_of(process, whose)).collect()
        });
        // Of members that are told apart no more, the past is not known: a chart of the others
        // would be too low.
        let told = !matches!(row.key, RowKey::Group(..)) || members.len() >= row.members;
        let history = whose
            .filter(|_| told)
            .map_or_else(History::default, |whose| books.trail.history(&whose, row.energy));
        Self {
            books,
            tick,
            row,
            members,
            processes,
            history,
            told,
            life: None,
            threads: None,
            units,
            tariff,
        }
    }

    fn frame(&self) -> &'a Frame {
        &self.tick.frame
    }

    /// The process that the row is, or whose thread it is.
    fn process(&self) -> Option<&'a ProcessFrame> {
        match self.row.key {
            RowKey::Process(_) => self.processes.first().copied(),
            _ => None,
        }
    }

    /// Power over the last interval, with its unit.
    fn now(&self) -> String {
        self.with_unit(self.power(self.row.watts), self.units.power_symbol())
    }

    /// The same of anybody, without it.
    fn power(&self, watts: Option<Watts>) -> String {
        marked(self.frame().row_quality(), self.units.power(watts))
    }

    /// Energy since the start, without its unit.
    fn energy(&self, energy: Option<Microjoules>) -> String {
        marked(self.row.quality, self.units.energy(energy))
    }

    /// Energy of the last interval, with its unit.
    fn lately(&self, energy: Microjoules) -> String {
        let energy = marked(self.frame().row_quality(), self.units.energy(Some(energy)));
        self.with_unit(energy, self.units.energy_symbol())
    }

    #[expect(clippy::unused_self, reason = "it reads better beside the others")]
    fn with_unit(&self, number: String, symbol: &str) -> String {
        if number == figure::ABSENT { number } else { format!("{number} {symbol}") }
    }

    fn entry(&self, row: &Row, drawn: &str, stress: Stress) -> Entry {
        let ended = if row.ended { " (ended)" } else { "" };
        let name = match row.key {
            RowKey::Process(id) => format!("{} {}", row.identity.name, id.pid),
            _ => row.identity.name.clone(),
        };
        Entry {
            watts: self.power(row.watts),
            energy: self.energy(row.energy),
            name: printable(&format!("{drawn}{name}{ended}")),
            stress: if row.ended && stress == Stress::Plain { Stress::Dim } else { stress },
        }
    }

    fn chart(&self) -> Option<Section> {
        if !self.told {
            let line = Line::words(UNTOLD);
            return Section::of_lines("Watts by pool", vec![line])
                .filter(|_| self.row.energy.is_some());
        }
        let known = self.history.mean().is_some();
        let span = self.history.intervals.iter().sum();
        let title = format!("Watts by pool, the last {}", figure::duration(span));
        known.then(|| Section { title, body: Body::Chart(self.history.clone()) })
    }

    fn findings(&self) -> Option<Section> {
        let about = |id: &ProcessId| match self.row.key {
            RowKey::Process(own) => own == *id || self.processes.iter().any(|one| one.id == *id),
            _ => self.members.iter().any(|member| member.key == RowKey::Process(*id)),
        };
        let findings = self.tick.findings.iter();
        let own = findings.filter(|finding| finding.subject.processes.iter().any(about));
        let lines: Vec<_> = own.map(finding::lines).collect();
        let title = "What looks like waste".into();
        (!lines.is_empty()).then_some(Section { title, body: Body::Findings(lines) })
    }

    /// What hangs on it, or what it is made of.
    fn kin(&self) -> Option<Section> {
        match self.row.key {
            RowKey::Process(_) => self.threads().or_else(|| self.tree()),
            RowKey::Group(..) => self.told_apart(),
            _ => None,
        }
    }

    fn environment(&self) -> Option<Section> {
        let lines = environment::lines(self.frame(), &self.tick.intensity, self.units);
        Section::of_lines("What measured, in the last interval", lines)
    }
}

fn is_of(process: &ProcessFrame, whose: &Whose) -> bool {
    let is_it = |id: ProcessId| match whose {
        Whose::Process(own) => *own == id,
        Whose::Group(ids) => ids.contains(&id),
        Whose::Other(_) => false,
    };
    is_it(process.id) || process.threads.iter().any(|thread| is_it(thread.id))
}
