//! One interval as a table for people: `--once` without a format.

use std::fmt::Write as _;

use super::{
    columns::{self, Line, WIDTH},
    device::{self, Device},
    figure::{self, Units, printable},
    fixed, group, text,
};
use crate::{
    frame::{Confidence, Frame, MeterFrame},
    group::{Grouping, totals::Totals},
    ledger::{Ledger, Row, RowKey},
    session::Description,
};

/// Cells of a command line; JSON and CSV have all of it.
const LONGEST_COMMAND: usize = 80;

/// A header of a few lines, then every row by power; the rows add up to the first figure.
/// `totals` has what groups used since the start.
pub fn table(ledger: &Ledger, totals: &Totals, by: Grouping, description: &Description) -> String {
    let units = Units::Joules;
    let mut table = String::new();
    let Some(tick) = ledger.latest() else { return table };
    let frame = &tick.frame;
    let sums = ledger.totals();
    let mark = ledger.quality().mark();
    let energy = sums.sum.share.energy.total();
    let with = |number: String, unit: &str| {
        if number == figure::ABSENT { number } else { format!("{mark}{number} {unit}") }
    };
    let mass = figure::mass(energy.map(|_| sums.sum.grams));
    let mass = if energy.is_some() { format!("{mark}{mass}") } else { mass };
    let _ = writeln!(
        table,
        "{}  {}  {}  over {}",
        with(units.power(frame.watts()), "W"),
        with(units.energy(energy), "J"),
        mass,
        figure::duration(frame.interval),
    );
    let _ = writeln!(
        table,
        "{}; CPU time by {}; {}",
        printable(&description.meters),
        frame.probe.title(),
        printable(&tick.intensity.label())
    );
    for line in columns::set(&meters(frame, units), WIDTH) {
        let _ = writeln!(table, "{}", line.text());
    }
    for remedy in &description.remedies {
        let _ = writeln!(table, "note: {}", printable(remedy));
    }
    if by != Grouping::Process {
        table.push_str(&group::table(tick, totals, by));
        return table;
    }
    let gpus = !frame.gpus.is_empty();
    let of_gpus = if gpus { format!(" {:>6} {:>7}", "GPU%", "GPU GiB") } else { String::new() };
    let _ = writeln!(
        table,
        "\n{:>8} {:<10} {:>7} {:>7} {:>7} {:>6}{of_gpus} COMMAND",
        "PID", "USER", "W", "J", "gCO2e", "CPU%"
    );
    let mut rows = ledger.rows();
    rows.sort_by(|a, b| {
        let watts = |row: &Row| row.watts.map_or(0.0, |watts| watts.0);
        watts(b).total_cmp(&watts(a)).then(a.key.cmp(&b.key))
    });
    for row in rows {
        table.push_str(&line(&row, units, gpus));
    }
    table
}

/// Each meter: its power, its range, and what is known of the static part; or why it is absent.
/// A GPU shows more than its meter does, and may have none.
fn meters(frame: &Frame, units: Units) -> Vec<Line> {
    let of_gpu = |id: &str| frame.gpus.iter().any(|gpu| gpu.gpu.id == id);
    let line = |meter: &MeterFrame| {
        let watts = meter.energy.and_then(|energy| energy.over(frame.interval));
        let figure = match watts {
            Some(_) => format!("{}{} W", meter.quality.mark(), units.power(watts)),
            None => figure::ABSENT.into(),
        };
        let mut words: Vec<String> = meter.note.iter().map(|note| printable(note)).collect();
        if let Some((least, most)) = meter.power_range(frame.interval) {
            words.push(format!("({})", figure::range(units, least, most)));
        }
        if let Some(pool) = frame.pool(&meter.id) {
            let static_power = fixed::words(pool, units);
            let low = pool.confidence() == Confidence::Low
                && !pool.tenancy.is_some_and(|tenancy| tenancy.held_idle || tenancy.free);
            words.push(if low {
                static_power + "; low confidence in who used it"
            } else {
                static_power
            });
        }
        Line::new(printable(&meter.id), figure, words.join("  "))
    };
    let gpus = Device::all(frame).map(|device| {
        let shown = self::device(&device);
        match device.meter {
            Some(meter) => {
                let of_meter = line(meter);
                Line::new(of_meter.name, of_meter.figure, format!("{shown}; {}", of_meter.words))
            }
            None => Line::new(device.id(), figure::ABSENT.into(), shown + "; it has no meter"),
        }
    });
    let others = frame.meters.iter().filter(|meter| !of_gpu(&meter.id)).map(line);
    others.chain(gpus).collect()
}

/// What a GPU shows, as far as it tells.
fn device(device: &Device) -> String {
    let limit = device.limit().map(|limit| format!(" of {:.0} W", limit.0));
    let mut words = vec![device.name() + &limit.unwrap_or_default()];
    if let Some(silence) = device.silence() {
        words.push(silence);
        return words.join(": ");
    }
    let busy = device.busy().map(|busy| format!("busy {}", device::percent(busy)));
    words.extend(if device.gpu.held_idle { Some("held idle".into()) } else { busy });
    words.extend(device.memory());
    words.extend(device.temperature());
    // The reason of a meter that says nothing stands behind, as of any other.
    let note = device.meter.and_then(|meter| meter.note.as_deref());
    let marks = device.marks().into_iter().map(|mark| mark.words).map(|[long, _]| long);
    words.extend(marks.filter(|mark| mark != "held idle" && Some(mark.as_str()) != note));
    words.join(", ")
}

fn line(row: &Row, units: Units, gpus: bool) -> String {
    let pid = match row.key {
        RowKey::Process(id) => id.pid.to_string(),
        _ => String::new(),
    };
    let user = printable(row.identity.user.as_deref().unwrap_or_default());
    let mark = |number: String| {
        let known = number != figure::ABSENT;
        format!("{}{number}", if known { row.quality.mark() } else { "" })
    };
    let command = row.identity.cmdline.as_ref().unwrap_or(&row.identity.name);
    let ended = match (row.ended, row.gpu.held_idle) {
        (true, _) => " (ended)",
        (false, true) => " (held idle)",
        (false, false) => "",
    };
    // Who is on no GPU has nothing to tell of one.
    let untold = if row.gpu.seats == Some(0) { "" } else { figure::ABSENT };
    let percent = row.gpu.percent.map_or(untold.into(), |percent| format!("{percent:.1}"));
    let memory = row.gpu.memory.map_or(untold.into(), |bytes| figure::gib(Some(bytes)));
    let of_gpus = if gpus { format!(" {percent:>6} {memory:>7}") } else { String::new() };
    format!(
        "{pid:>8} {user:<10.10} {:>7} {:>7} {:>7} {:>6.1}{of_gpus} {}{ended}\n",
        mark(units.power(row.watts)),
        mark(units.energy(row.energy)),
        mark(figure::grams(row.grams)),
        row.cpu_percent,
        text::cut(&printable(command), LONGEST_COMMAND),
    )
}
