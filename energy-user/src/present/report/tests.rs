use super::*;
use crate::{
    attribute::IdlePolicy,
    carbon::footprint::Factors,
    frame::{Confidence, Energy, Held, Share},
    present::finding::SubjectRecord,
    sample::ProcessId,
    units::GramsPerKwh,
    waste::{Charge, Evidence, Figure, Pool as Charged, Rule, Severity, SubjectKind},
};

/// A day's training with a hostile name, in numbers that can be checked by hand.
fn report() -> Report {
    let kwh = |kwh: f64| Some(Microjoules::from_joules(kwh * 3.6e6));
    let energy = Energy { cpu: kwh(1.0), dram: kwh(0.1), gpu: kwh(2.0), rest: None };
    let share = Share {
        cpu_time: Duration::from_hours(10),
        gpu_time: Some(Duration::from_hours(4)),
        energy,
        held: Held { time: Duration::from_mins(30), energy: Microjoules(36_000_000_000) },
    };
    let factors = Factors { pue: 1.2, overhead: 1.0 };
    let intensity = Intensity { factors, ..Intensity::zone("FR").unwrap() };
    // 3.1 kWh x 56 g/kWh x 1.2
    let grams = intensity.grams(energy.total().unwrap());
    let pool = |pool: &str, source: &str, split: &str, confidence| Pool {
        pool: pool.into(),
        quality: Quality::Attributed,
        sources: vec![source.into()],
        split_by: vec![split.into()],
        confidence,
    };
    Report {
        command: ["python", "train_|`x`\n$(rm).py", "--lr=1e-3", "\\input{a}%"]
            .map(Into::into)
            .into(),
        exit_code: Some(0),
        signal: None,
        watched: None,
        wall: Duration::from_mins(252),
        sum: Sum { share, grams, ..Sum::default() },
        range: None,
        idle_policy: IdlePolicy::None,
        basis: Some(Basis::Learned),
        fixed: Some(Microjoules::ZERO),
        pools: vec![
            pool("cpu", "perf", "time", Confidence::Medium),
            pool("dram", "perf", "misses", Confidence::Medium),
            pool("gpu", "nvml", "utilization", Confidence::Medium),
        ],
        place: Place {
            run_id: Some("0f2e".into()),
            started: Some("2026-03-02T09:00:00Z".parse().unwrap()),
            ended: Some("2026-03-02T13:12:00Z".parse().unwrap()),
            host: Some("node7".into()),
            kernel: Some("6.12.0".into()),
            cpu_model: Some("Some CPU @ 2.0GHz".into()),
            cpus: Some(64),
            memory_bytes: Some(128 << 30),
            gpus: vec![Gpus { model: "Some GPU".into(), count: 2 }],
        },
        budget: None,
        phases: vec![
            Phase::of(None, Duration::from_mins(12), &Sum::default()),
            Phase::of(
                Some("epoch | 1".into()),
                Duration::from_hours(4),
                &Sum { share, grams, ..Sum::default() },
            ),
        ],
        findings: Vec::new(),
        machine: kwh(4.0),
        peak: Some(Watts(900.0)),
        processes: 12,
        probe: ProbeKind::Bpf,
        quality: Quality::Measured,
        meters: "RAPL through perf, NVML".into(),
        intensity,
        footprint: Footprint::default(),
        lost: Lost::default(),
        missed: Duration::from_millis(1500),
        warnings: vec!["1 | gap".into()],
    }
}

/// An estimate without a grid, a GPU or a place.
fn estimate() -> Report {
    let whole = report();
    let energy = Energy { cpu: Some(Microjoules(90_000_000)), ..Energy::default() };
    let share = Share { energy, gpu_time: None, held: Held::default(), ..whole.sum.share };
    let intensity = Intensity::world();
    let grams = intensity.grams(Microjoules(90_000_000));
    Report {
        sum: Sum { share, grams, ..Sum::default() },
        range: Some((Microjoules(45_000_000), Microjoules(180_000_000))),
        basis: None,
        fixed: None,
        pools: Vec::new(),
        place: Place::default(),
        machine: None,
        peak: None,
        probe: ProbeKind::Proc,
        quality: Quality::Estimated,
        meters: "estimate from the CPU model".into(),
        footprint: Footprint {
            range: Some((GramsCo2e(grams.0 / 2.0), GramsCo2e(grams.0 * 2.0))),
            intensities: Some((GramsPerKwh(400.0), GramsPerKwh(500.0))),
            ..Footprint::default()
        },
        intensity,
        signal: Some(15),
        exit_code: Some(143),
        ..whole
    }
}

/// The day's training, of which a part looks like waste.
fn found() -> Report {
    let process = ProcessId { pid: 42, start: 1 };
    let charge = |pool: Charged, joules: u64| Charge {
        process,
        pool,
        energy: Microjoules(joules * 1_000_000),
    };
    let finding = |rule: Rule, charges: Vec<Charge>| Finding {
        rule,
        subject: waste::Subject {
            kind: SubjectKind::Process,
            id: "process 42".into(),
            name: "load|er\n".into(),
            processes: vec![process],
        },
        since: "2026-03-02T09:05:00Z".parse().unwrap(),
        evidence: vec![
            Evidence::new("cpu", Figure::Part(0.97), "CPU time; 100 % is one CPU"),
            Evidence::new("lasted", Figure::Time(Duration::from_mins(9)), "it has been so for"),
        ],
        charges,
        remedy: "have it wait until something is ready; `poll(0)` looks the same".into(),
        severity: Severity::Medium,
    };
    let findings = vec![
        finding(Rule::HeldGpu, vec![charge(Charged::Gpu("gpu-0".into()), 1_200_000)]),
        finding(Rule::Spinning, vec![charge(Charged::Cpu, 36_000)]),
        finding(Rule::Oversubscribed, Vec::new()),
    ];
    Report { findings, ..report() }
}

/// A job of somebody else, for as long as it was watched.
fn watched() -> Report {
    let job = SubjectRecord {
        kind: "tag".into(),
        id: "tag alice/be|rt\u{1b}[2J".into(),
        name: "be|rt\u{fffd}[2J".into(),
        pids: vec![42, 43],
    };
    let from = "2026-03-02T09:00:00Z".parse().unwrap();
    let to = "2026-03-02T13:12:00Z".parse().unwrap();
    let unknown = vec!["its exit code".into(), "what it used before".into()];
    let watched = Watched { job, from, to, ending: Ending::Time, unknown };
    Report { command: Vec::new(), exit_code: None, watched: Some(watched), ..found() }
}

fn shown(report: &Report, format: Format) -> String {
    let text = String::from_utf8(report.document().render(format, true).unwrap()).unwrap();
    text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn the_same_report_in_every_format() {
    for (name, format) in [
        ("text", Format::Text),
        ("json", Format::Json),
        ("csv", Format::Csv),
        ("markdown", Format::Markdown),
        ("latex", Format::Latex),
        ("codecarbon", Format::Codecarbon),
    ] {
        insta::assert_snapshot!(name, shown(&report(), format));
        insta::assert_snapshot!(format!("{name}_of_an_estimate"), shown(&estimate(), format));
        insta::assert_snapshot!(format!("{name}_with_findings"), shown(&found(), format));
        insta::assert_snapshot!(format!("{name}_of_a_job"), shown(&watched(), format));
    }
}

#[test]
fn a_report_that_is_read_again_is_the_same_in_every_format() {
    for report in [report(), estimate(), found(), watched()] {
        let document = report.document();
        let json = document.render(Format::Json, true).unwrap();
        assert_eq!(Document::parse(&json).unwrap(), document);
    }
}

#[test]
fn what_is_not_known_is_absent_and_never_zero() {
    let mut unknown = estimate();
    unknown.sum.share.energy = Energy::default();
    unknown.quality = Quality::Absent;
    unknown.range = None;
    unknown.footprint.range = None;
    for format in [Format::Markdown, Format::Latex] {
        let text = shown(&unknown, format);
        assert!(text.contains("used n/a (energy is not known"), "{text}");
        assert!(text.contains("emitted n/a"), "{text}");
    }
    let rows = shown(&unknown, Format::Codecarbon);
    let mut rows = csv::Reader::from_reader(rows.as_bytes());
    let names = rows.headers().unwrap().clone();
    let row = rows.records().next().unwrap().unwrap();
    for name in ["emissions", "cpu_energy", "energy_consumed", "gpu_count", "timestamp"] {
        let at = names.iter().position(|it| it == name).unwrap();
        assert_eq!(&row[at], "", "{name}");
    }
}

#[test]
fn codecarbons_energy_has_the_pue_in_it() {
    let text = shown(&report(), Format::Codecarbon);
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let names = rows.headers().unwrap().clone();
    let row = rows.records().next().unwrap().unwrap();
    let number = |name: &str| -> f64 {
        row[names.iter().position(|it| it == name).unwrap()].parse().unwrap()
    };
    for (name, expected) in [
        // 3.1 kWh x 1.2; x 56 g/kWh; 4.2 h
        ("energy_consumed", 3.72),
        ("cpu_energy", 1.2),
        ("emissions", 0.208_32),
        ("duration", 15_120.0),
        ("emissions_rate", 0.208_32 / 15_120.0),
        ("gpu_power", 2400.0 / 4.2),
        ("ram_total_size", 128.0),
        ("gpu_count", 2.0),
    ] {
        assert!((number(name) - expected).abs() < expected * 1e-9, "{name}: {}", number(name));
    }
}

#[test]
fn what_is_no_report_is_told_with_the_remedy() {
    for (text, said) in [
        ("", "is no JSON"),
        ("{\"schema\":1}{", "is no JSON"),
        ("[1]", "it has no schema"),
        ("{\"schema\":1,\"processes\":[]}", "is no report of a run"),
        ("{\"schema\":2}", "newer jouletop (schema 2)"),
    ] {
        let error = Document::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn a_figure_that_cannot_be_is_refused_and_no_zero() {
    let whole = serde_json::to_value(found().document()).unwrap();
    assert!(Document::parse(whole.to_string().as_bytes()).is_ok());
    for (field, figure) in [
        ("energy_joules", serde_json::json!(-5)),
        ("energy_joules", serde_json::json!(1e300)),
        ("energy_joules_range", serde_json::json!([-1.0, 2.0])),
        ("co2e_grams", serde_json::json!(-1)),
        ("wall_seconds", serde_json::json!(-1)),
        ("gpu_held_idle_seconds", serde_json::json!(-1)),
        ("missed_cpu_seconds", serde_json::json!(-0.5)),
        ("cost", serde_json::json!({"amount": -1.0, "currency": "EUR"})),
        ("embodied_co2e_grams", serde_json::json!(-1)),
        ("embodied_co2e_grams_range", serde_json::json!([1.0, 1e300])),
        ("embodied_lifetime_seconds", serde_json::json!(-1)),
        ("findings.joules", serde_json::json!(-1)),
        ("phases.wall_seconds", serde_json::json!(-1)),
        ("phases.cpu_seconds", serde_json::json!(1e300)),
        ("phases.energy_joules", serde_json::json!(-1)),
        ("phases.cpu_energy_joules", serde_json::json!(-1)),
        ("phases.dram_energy_joules", serde_json::json!(-1)),
        ("phases.gpu_energy_joules", serde_json::json!(-1)),
        ("phases.rest_energy_joules", serde_json::json!(-1)),
        ("phases.gpu_seconds", serde_json::json!(-1)),
        ("phases.co2e_grams", serde_json::json!(-1)),
    ] {
        let mut changed = whole.clone();
        // Of a list, the last.
        match field.split_once('.') {
            Some((list, field)) => {
                changed[list].as_array_mut().unwrap().last_mut().unwrap()[field] = figure;
            }
            None => changed[field] = figure,
        }
        let error = Document::parse(changed.to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.contains(&format!("(its `{field}` cannot be); name a file")), "{error}");
    }
}
