//! Rows and cards as CSV and JSON: the fields of the columns that are shown, in full precision.
//!
//! Names carry SI units, as in the data that other commands print. What is absent is empty in CSV
//! and null in JSON; names are those of the screen, without control characters.

use ::csv::WriterBuilder;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::super::{App, Shown, measure::Card};
use crate::{
    ledger::RowKey,
    present::{
        columns,
        figure::{Units, printable},
        finding::FindingRecord,
    },
    tui::{
        column::{Column, Look, pid},
        tab::Tab,
    },
    units::Microjoules,
};

/// A figure or a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Cell {
    Text(Option<String>),
    Number(Option<f64>),
    Whole(Option<u64>),
    Flag(bool),
    /// Of the last pictures, the newest last.
    Numbers(Vec<Option<f64>>),
}

impl Cell {
    fn csv(&self) -> String {
        let number = |number: Option<f64>| number.map_or_else(String::new, |n| n.to_string());
        match self {
            Self::Text(text) => text.clone().unwrap_or_default(),
            Self::Number(one) => number(*one),
            Self::Whole(one) => one.map_or_else(String::new, |n| n.to_string()),
            Self::Flag(flag) => flag.to_string(),
            Self::Numbers(all) => all.iter().map(|one| number(*one)).collect::<Vec<_>>().join(" "),
        }
    }
}

/// The fields of a row, in the order of the columns.
struct Fields(Vec<(String, Cell)>);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, cell) in &self.0 {
            map.serialize_entry(name, cell)?;
        }
        map.end()
    }
}

/// A view as JSON.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema: u32,
    time: Option<String>,
    interval_seconds: Option<f64>,
    host: &'a str,
    /// What a row is.
    rows_are: &'static str,
    /// Only rows that this filter lets through.
    filter: Option<&'a str>,
    /// Only rows of this group.
    within: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<Fields>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sum: Option<Fields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<FindingRecord>>,
}

impl<'a> Document<'a> {
    pub fn of(app: &'a App) -> Self {
        let frame = app.ledger().latest().map(|tick| &tick.frame);
        let findings = app.tab() == Tab::Findings;
        let writer = Writer::of(app);
        let rows = || app.rows().iter().map(|row| writer.fields(row)).collect();
        Self {
            schema: 1,
            time: frame.map(|frame| frame.time.to_string()),
            interval_seconds: frame.map(|frame| frame.interval.as_secs_f64()),
            host: frame.map_or("", |frame| frame.machine.host.as_str()),
            rows_are: app.tab().title(),
            filter: Some(app.filter().text()).filter(|filter| !filter.is_empty()),
            within: app.zoomed(),
            rows: (!findings).then(rows),
            sum: (!findings).then(|| writer.fields(&app.sum())),
            findings: findings.then(|| app.findings().iter().map(FindingRecord::of).collect()),
        }
    }
}

/// Text as JSON, for people and programs.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// The rows as CSV; their sum is left to whoever adds them up.
pub(super) fn csv(app: &App) -> anyhow::Result<String> {
    let writer = Writer::of(app);
    let names = writer.fields(&app.sum()).0.into_iter().map(|(name, _)| name).collect();
    let rows = app.rows().iter().map(|row| writer.fields(row).0);
    lines(names, rows.map(|row| row.into_iter().map(|(_, cell)| cell.csv()).collect()))
}

/// The findings as CSV.
pub(super) fn findings_csv(app: &App) -> anyhow::Result<String> {
    let names = ["rule", "subject_kind", "subject_id", "subject_name", "pids", "since"];
    let names = names.into_iter().chain(["severity", "energy_joules", "remedy"]);
    let row = |finding| {
        let FindingRecord { rule, subject, since, severity, joules, remedy, .. } =
            FindingRecord::of(finding);
        let pids: Vec<_> = subject.pids.iter().map(u32::to_string).collect();
        let joules = Cell::Number(joules).csv();
        let (id, name) = (printable(&subject.id), printable(&subject.name));
        let pids = pids.join(" ");
        vec![
            rule.as_str().into(),
            subject.kind,
            id,
            name,
            pids,
            since,
            severity.as_str().into(),
            joules,
            printable(&remedy),
        ]
    };
    lines(names.map(String::from).collect(), app.findings().iter().map(row))
}

/// A card as CSV: a line of names and one of figures.
pub(super) fn card_csv(card: &Card) -> anyhow::Result<String> {
    let record = card.record();
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let cost = record.cost;
    let named = |name: &str, cell: Cell| (name.to_string(), cell);
    let mut fields = vec![
        named("name", Cell::Text(Some(printable(&record.name)))),
        named("from", Cell::Text(Some(record.from))),
        named("to", Cell::Text(Some(record.to))),
        named("elapsed_seconds", Cell::Number(Some(record.elapsed_seconds))),
        named("metered_seconds", Cell::Number(Some(record.metered_seconds))),
        named("energy_joules", Cell::Number(record.energy_joules)),
        named("cpu_energy_joules", Cell::Number(record.cpu_energy_joules)),
        named("dram_energy_joules", Cell::Number(record.dram_energy_joules)),
        named("gpu_energy_joules", Cell::Number(record.gpu_energy_joules)),
        named("rest_energy_joules", Cell::Number(record.rest_energy_joules)),
        named("mean_power_watts", Cell::Number(record.mean_power_watts)),
        named("peak_power_watts", Cell::Number(record.peak_power_watts)),
        named("co2e_grams", Cell::Number(record.co2e_grams)),
        named("cpu_seconds", Cell::Number(Some(record.cpu_seconds))),
        named("gpu_seconds", Cell::Number(record.gpu_seconds)),
        named("quality", Cell::Text(Some(record.quality.into()))),
        named("partial", Cell::Flag(record.partial)),
    ];
    if let Some(cost) = cost {
        fields.push((money(cost.currency.code()), Cell::Number(Some(cost.amount))));
    }
    writer.write_record(fields.iter().map(|(name, _)| name))?;
    writer.write_record(fields.iter().map(|(_, cell)| cell.csv()))?;
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A card as it stands on the screen.
pub(super) fn card_text(card: &Card, units: Units) -> String {
    let lines = columns::set(&card.lines(units), columns::WIDTH);
    lines.iter().map(|line| line.text() + "\n").collect()
}

fn lines(names: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> anyhow::Result<String> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(names)?;
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn money(code: &str) -> String {
    format!("cost_{}", code.to_ascii_lowercase())
}

/// Makes fields of rows.
struct Writer {
    columns: Vec<Column>,
    look: Look,
}

impl Writer {
    fn of(app: &App) -> Self {
        let (columns, commands) = app.columns();
        Self { columns, look: app.look(commands) }
    }

    fn fields(&self, row: &Shown) -> Fields {
        let kind = match row.key {
            RowKey::Process(_) => "process",
            RowKey::Group(by, _) => by.as_str(),
            RowKey::Idle => "idle",
            RowKey::Kernel => "kernel",
            RowKey::Irq => "irq",
            RowKey::Unattributed => "unattributed",
            RowKey::Rest => "rest",
            RowKey::Tool => "self",
            RowKey::Folded => "folded",
        };
        let mut fields = vec![("row".into(), Cell::Text(Some(kind.into())))];
        for column in &self.columns {
            fields.extend(self.of_column(*column, row));
        }
        fields.push(("ended".into(), Cell::Flag(row.ended)));
        fields.push(("quality".into(), Cell::Text(Some(row.quality.as_str().into()))));
        Fields(fields)
    }

    fn of_column(&self, column: Column, row: &Shown) -> Vec<(String, Cell)> {
        let safe = |text: &Option<String>| Cell::Text(text.as_deref().map(printable));
        let one = |name: &str, cell: Cell| vec![(name.to_string(), cell)];
        let number = |name: &str, value: Option<f64>| one(name, Cell::Number(value));
        match column {
            Column::Pid => {
                let start = match row.key {
                    RowKey::Process(id) => Some(id.start as f64 / 1e9),
                    _ => None,
                };
                let mut fields = one("pid", Cell::Whole(pid(row).map(u64::from)));
                fields.push(("start_time".into(), Cell::Number(start)));
                fields
            }
            Column::Count => one("processes", Cell::Whole(Some(row.members as u64))),
            Column::User => one("user", safe(&row.identity.user)),
            Column::Job => one("job", Cell::Text(row.job.as_ref().map(|job| printable(&job.name)))),
            Column::State => {
                let life = row.life.map(|life| life.state.to_string());
                one("state", Cell::Text(life))
            }
            Column::Threads => {
                let alone = row.twig.as_ref().is_none_or(|twig| twig.hidden == 0);
                let life = row.life.filter(|_| alone);
                one("threads", Cell::Whole(life.map(|life| life.threads.into())))
            }
            Column::Age => number("age_seconds", row.age.map(|age| age.as_secs_f64())),
            Column::Watts => number("power_watts", row.watts.map(|watts| watts.0)),
            Column::Smooth => number("smoothed_power_watts", row.pace.watts),
            Column::Share => {
                let share = row.watts.zip(self.look.whole).map(|(part, whole)| part.0 / whole.0);
                number("power_share", share.filter(|share| share.is_finite()))
            }
            Column::Recent => {
                let recent = row.pace.recent.iter().map(|watts| watts.map(f64::from)).collect();
                one("recent_power_watts", Cell::Numbers(recent))
            }
            Column::Joules => number("energy_joules", row.energy.map(Microjoules::joules)),
            Column::Grams => number("co2e_grams", row.grams.map(|grams| grams.0)),
            Column::Money => {
                let Some(tariff) = self.look.tariff else { return Vec::new() };
                let cost = row.bought.map(|bought| tariff.of_joules(bought).amount);
                number(&money(tariff.per_kwh.currency.code()), cost)
            }
            Column::Cpu => number("cpu_percent", Some(row.cpu_percent)),
            Column::GpuPercent => number("gpu_percent", row.gpu.percent),
            Column::GpuMemory => one("gpu_memory_bytes", Cell::Whole(row.gpu.memory)),
            Column::GpuWatts => number("gpu_power_watts", row.gpu.watts.map(|watts| watts.0)),
            Column::GpuJoules => {
                number("gpu_energy_joules", row.gpu.energy.map(Microjoules::joules))
            }
            Column::Command => one("cmdline", safe(&row.identity.cmdline)),
            Column::Name => {
                let mut fields = one("name", Cell::Text(Some(printable(&row.identity.name))));
                if self.look.command {
                    fields.push(("cmdline".into(), safe(&row.identity.cmdline)));
                }
                fields
            }
        }
    }
}
