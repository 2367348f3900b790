//! A frame as CSV: a line for each row, with the figures of JSON's.

use ::csv::{Writer, WriterBuilder};

use super::record::Figures;
use crate::{frame::Share, ledger::Tick};

/// The columns, in order.
pub const COLUMNS: [&str; 24] = [
    "time",
    "interval_seconds",
    "host",
    "row",
    "pid",
    "start_time",
    "ended",
    "name",
    "cmdline",
    "user",
    "cgroup",
    "cpu_seconds",
    "cpu_energy_joules",
    "dram_energy_joules",
    "gpu_energy_joules",
    "rest_energy_joules",
    "energy_joules",
    "power_watts",
    "co2e_grams",
    "quality",
    "probe",
    "gpu_seconds",
    "gpu_held_idle_joules",
    "gpu_held_idle_seconds",
];

/// The line that names the columns.
pub fn header() -> anyhow::Result<Vec<u8>> {
    let mut writer = writer();
    writer.write_record(COLUMNS)?;
    Ok(writer.into_inner()?)
}

/// The lines of one frame; an absent figure is an empty field.
pub fn lines(tick: &Tick) -> anyhow::Result<Vec<u8>> {
    let Tick { frame, intensity, .. } = tick;
    let mut writer = writer();
    let mut write = |row: &str, who: [String; 7], share: &Share| {
        let figures = Figures::of(share, frame.interval, intensity);
        let head = [
            frame.time.to_string(),
            frame.interval.as_secs_f64().to_string(),
            frame.machine.host.clone(),
            row.into(),
        ];
        let how = [frame.row_quality().as_str().to_string(), frame.probe.as_str().into()];
        let row = head.into_iter().chain(who).chain(numbers(&figures)).chain(how);
        writer.write_record(row.chain(gpu(&figures)))
    };
    for process in &frame.processes {
        let identity = &process.identity;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let who = [
            process.id.pid.to_string(),
            (process.id.start as f64 / 1e9).to_string(),
            process.ended.to_string(),
            identity.name.clone(),
            text(&identity.cmdline),
            text(&identity.user),
            text(&identity.cgroup),
        ];
        write("process", who, &process.share)?;
    }
    for (row, share) in frame.other_rows() {
        if let Some(share) = share {
            write(row, Default::default(), share)?;
        }
    }
    Ok(writer.into_inner()?)
}

fn text(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

/// Columns that came later stand behind the others, so that a script finds its own by place.
fn gpu(figures: &Figures) -> [String; 3] {
    [figures.gpu_seconds, figures.gpu_held_idle_joules, figures.gpu_held_idle_seconds].map(text)
}

fn numbers(figures: &Figures) -> [String; 8] {
    [
        figures.cpu_seconds.to_string(),
        text(figures.cpu_energy_joules),
        text(figures.dram_energy_joules),
        text(figures.gpu_energy_joules),
        text(figures.rest_energy_joules),
        text(figures.energy_joules),
        text(figures.power_watts),
        text(figures.co2e_grams),
    ]
}

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new().from_writer(Vec::new())
}
