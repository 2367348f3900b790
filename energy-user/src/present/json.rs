//! A frame as JSON, schema 1: a contract with scripts outside this repository.
//!
//! Energies are whole microjoules underneath, so six decimals are exact, and the
//! rows add up to `total`. Fields may be added; none changes its meaning.

use serde::Serialize;

use super::{
    finding::FindingRecord,
    gpu::GpuRecord,
    group::{GroupRecord, SinceStart},
    record::{Figures, Record, ThreadRecord},
};
use crate::{
    carbon::{Intensity, Kind, Scope, footprint::Factors},
    frame::{CheckFrame, Frame, Share},
    group::{Grouping, totals::Totals},
    ledger::Tick,
    sample::{Books, Lost},
    units::Microjoules,
};

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    time: String,
    interval_seconds: f64,
    host: &'a str,
    probe: &'static str,
    quality: &'static str,
    meters: Vec<Meter<'a>>,
    checks: Vec<Check<'a>>,
    gpus: Vec<GpuRecord<'a>>,
    total: Total,
    weight: &'static str,
    idle_policy: &'static str,
    learned_intensity: bool,
    processes: Vec<Record<'a>>,
    /// Only if they are told apart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    threads: Vec<ThreadRecord<'a>>,
    /// What was asked to be added up, by what; processes and groups are two views of one sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Grouping>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<GroupRecord>,
    /// Of the machine and of all groups, since the start of the stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    since_start: Option<SinceStart>,
    idle: Figures,
    /// Kernel threads and interrupts.
    kernel: Figures,
    /// Of `kernel`, the interrupts; null where they cannot be told apart.
    irq: Option<Figures>,
    /// What nobody can be named for, and the rest of the machine.
    unattributed: Figures,
    /// Of `unattributed`, what is in no metered part; null where the whole is not metered.
    rest: Option<Figures>,
    #[serde(rename = "self")]
    tool: Figures,
    /// What looks like waste, worst first.
    findings: Vec<FindingRecord>,
    carbon: Carbon<'a>,
    lost: Lost,
    books: Option<Balance>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Meter<'a> {
    id: &'a str,
    domain: &'static str,
    source: &'a str,
    quality: &'static str,
    energy_joules: Option<f64>,
    power_watts: Option<f64>,
    /// Of an estimate: the least and the most that its sources allow.
    energy_joules_range: Option<[f64; 2]>,
    /// Power with nobody running, and from where it is known.
    static_power_watts: Option<f64>,
    static_basis: Option<&'static str>,
    /// What its energy was split by, and how much that can be believed.
    split_by: Option<&'static str>,
    confidence: Option<&'static str>,
    note: Option<&'a str>,
}

/// A meter that is shown beside the total, and not counted.
#[derive(Serialize)]
struct Check<'a> {
    id: &'a str,
    domain: &'static str,
    source: &'a str,
    includes: &'a str,
    energy_joules: Option<f64>,
    power_watts: Option<f64>,
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct Total {
    energy_joules: Option<f64>,
    power_watts: Option<f64>,
    co2e_grams: Option<f64>,
    cpu_energy_joules: Option<f64>,
    dram_energy_joules: Option<f64>,
    gpu_energy_joules: Option<f64>,
    rest_energy_joules: Option<f64>,
    /// Where a part is estimated: the least and the most that the sources allow.
    energy_joules_range: Option<[f64; 2]>,
}

#[derive(Serialize)]
struct Carbon<'a> {
    grams_per_kwh: f64,
    zone: Option<&'a str>,
    #[serde(flatten)]
    basis: &'a crate::carbon::Basis,
    scope: Option<Scope>,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    estimated: bool,
    /// Why this stands in for what a service did not tell.
    fall_back: Option<&'a str>,
    /// `co2e_grams` has both of these in it.
    #[serde(flatten)]
    factors: Factors,
}

/// Where the time of all CPUs went; `elapsed` is the sum of the others but the last.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names in JSON carry their unit")]
struct Balance {
    elapsed_seconds: f64,
    task_seconds: f64,
    idle_seconds: f64,
    scheduler_seconds: f64,
    missed_seconds: f64,
    irq_seconds: f64,
    stolen_seconds: f64,
    residue_seconds: f64,
    worst_residue_seconds: f64,
}

impl Balance {
    fn of(books: &Books) -> Self {
        let seconds = |ns: i64| ns as f64 / 1e9;
        Self {
            elapsed_seconds: seconds(books.elapsed_ns),
            task_seconds: seconds(books.tasks_ns.cast_signed()),
            idle_seconds: seconds(books.idle_ns),
            scheduler_seconds: seconds(books.scheduler_ns),
            missed_seconds: seconds(books.missed_ns.cast_signed()),
            irq_seconds: seconds(books.irq_ns.cast_signed()),
            stolen_seconds: seconds(books.stolen_ns.cast_signed()),
            residue_seconds: seconds(books.residue_ns),
            worst_residue_seconds: seconds(books.worst_ns),
        }
    }
}

/// One line of JSON; `totals` has what groups used until then, this interval included.
pub fn line(
    tick: &Tick,
    totals: &Totals,
    by: Grouping,
    warnings: &[String],
) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(&document(tick, totals, by, warnings))?;
    line.push(b'\n');
    Ok(line)
}

fn document<'a>(
    tick: &'a Tick,
    totals: &Totals,
    by: Grouping,
    warnings: &'a [String],
) -> Document<'a> {
    let Tick { frame, intensity, placed, findings, .. } = tick;
    let figures = |share: &Share| Figures::of(share, frame.interval, intensity);
    let mut kernel = frame.kernel;
    kernel.add(&frame.irq.unwrap_or_default());
    let mut unattributed = frame.unattributed;
    unattributed.add(&frame.rest.unwrap_or_default());
    Document {
        schema: 1,
        time: frame.time.to_string(),
        interval_seconds: frame.interval.as_secs_f64(),
        host: &frame.machine.host,
        probe: frame.probe.as_str(),
        quality: frame.quality.as_str(),
        meters: meters(frame),
        checks: checks(frame),
        gpus: GpuRecord::all(frame),
        total: total(frame, intensity),
        processes: frame
            .processes
            .iter()
            .enumerate()
            .map(|(at, process)| Record::of(frame, process, placed.get(at), intensity))
            .collect(),
        weight: frame.weight.as_str(),
        idle_policy: frame.idle_policy.as_str(),
        learned_intensity: frame.learned,
        threads: frame
            .processes
            .iter()
            .flat_map(|process| ThreadRecord::all(frame, process, intensity))
            .collect(),
        by: (by != Grouping::Process).then_some(by),
        groups: GroupRecord::all(tick, totals, by),
        since_start: (by != Grouping::Process).then(|| SinceStart::of(totals)),
        idle: figures(&frame.idle),
        kernel: figures(&kernel),
        irq: frame.irq.as_ref().map(figures),
        unattributed: figures(&unattributed),
        rest: frame.rest.as_ref().map(figures),
        tool: figures(&frame.tool),
        findings: findings.iter().map(FindingRecord::of).collect(),
        carbon: Carbon {
            grams_per_kwh: intensity.value.0,
            zone: intensity.zone.as_deref(),
            basis: &intensity.basis,
            scope: intensity.scope,
            kind: intensity.kind,
            estimated: intensity.estimated,
            fall_back: intensity.fall_back.as_deref(),
            factors: intensity.factors,
        },
        lost: frame.lost,
        books: frame.books.as_ref().map(Balance::of),
        warnings,
    }
}

fn meters(frame: &Frame) -> Vec<Meter<'_>> {
    frame
        .meters
        .iter()
        .map(|meter| (meter, frame.pool(&meter.id)))
        .map(|(meter, pool)| Meter {
            id: &meter.id,
            domain: meter.domain.as_str(),
            source: &meter.source,
            quality: meter.quality.as_str(),
            energy_joules: meter.energy.map(Microjoules::joules),
            power_watts: meter.energy.and_then(|e| e.over(frame.interval)).map(|watts| watts.0),
            energy_joules_range: range(meter.range),
            static_power_watts: pool.and_then(|pool| pool.floor).map(|watts| watts.0),
            static_basis: pool.map(|pool| pool.basis.as_str()),
            split_by: pool.map(|pool| pool.signal.as_str()),
            confidence: pool.map(|pool| pool.confidence().as_str()),
            note: meter.note.as_deref(),
        })
        .collect()
}

fn checks(frame: &Frame) -> Vec<Check<'_>> {
    frame.checks.iter().map(|check| Check::of(check, frame)).collect()
}

impl<'a> Check<'a> {
    fn of(check: &'a CheckFrame, frame: &Frame) -> Self {
        let CheckFrame { id, domain, source, includes, energy, note } = check;
        Self {
            id,
            domain: domain.as_str(),
            source,
            includes,
            energy_joules: energy.map(Microjoules::joules),
            power_watts: energy.and_then(|e| e.over(frame.interval)).map(|watts| watts.0),
            note: note.as_deref(),
        }
    }
}

fn range(range: Option<(Microjoules, Microjoules)>) -> Option<[f64; 2]> {
    range.map(|(least, most)| [least.joules(), most.joules()])
}

fn total(frame: &Frame, intensity: &Intensity) -> Total {
    let whole = Share { energy: frame.total, ..Share::default() };
    let figures = Figures::of(&whole, frame.interval, intensity);
    Total {
        energy_joules: figures.energy_joules,
        power_watts: figures.power_watts,
        co2e_grams: figures.co2e_grams,
        cpu_energy_joules: figures.cpu_energy_joules,
        dram_energy_joules: figures.dram_energy_joules,
        gpu_energy_joules: figures.gpu_energy_joules,
        rest_energy_joules: figures.rest_energy_joules,
        energy_joules_range: range(frame.range()),
    }
}
