//! Emissions as the whole program tells them: by schedule, by service, with what lies beyond.
//!
//! Services are stubs on this machine's loopback; nothing here asks anybody else.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use jiff::Timestamp;
use jouletop::clock;
use serde_json::Value;
use support::jouletop;

/// 100 W for two hours, of which one process uses a half; the grid changes each half hour.
const TWO_HOURS: &str = r#"
    name = "two hours on a grid that changes each half hour"
    cpus = 2
    intensity = ["0s 100", "30m 400", "1h 50", "1h30m 250"]
    [method]
    static_watts = { package-0 = 0 }
    [[process]]
    pid = 10
    name = "job"
    runs = ["cpu0 0s.."]
    [[process]]
    pid = 11
    name = "other"
    runs = ["cpu1 0s.."]
    [[meter]]
    id = "package-0"
    domain = "package"
    package = 0
    static_watts = 100
    watts_per_busy_cpu = 0
"#;

/// A command that sees no key and no proxy of whoever runs the tests.
fn command() -> Command {
    let mut command = jouletop();
    for name in ["ELECTRICITY_MAPS_KEY", "WATTTIME_USER", "WATTTIME_PASSWORD", "CARBON_URL"] {
        command.env_remove(format!("JOULETOP_{name}"));
    }
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
    {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Sums over all lines of the two hours: of the machine, and of one of its two processes.
fn two_hours(args: &[&str], lines: usize) -> (f64, f64) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("two_hours.toml");
    fs::write(&file, TWO_HOURS).unwrap();
    let output = command().args(args).arg("--json").arg("--simulate").arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), lines);
    let frames = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    frames.fold((0.0, 0.0), |(all, one), frame| {
        let process = &frame["processes"][0];
        assert_eq!(process["name"], "job");
        let all = all + frame["total"]["co2e_grams"].as_f64().unwrap();
        (all, one + process["co2e_grams"].as_f64().unwrap())
    })
}

#[test]
fn two_hours_on_a_grid_that_changes_are_the_integral() {
    // 100 W for half an hour are 0.05 kWh: 0.05 x (100 + 400 + 50 + 250) = 40 g.
    let minutes = ["--interval", "1m", "--samples", "120"];
    // Of 150 intervals of 48 s, two lie across a change: half before it, half behind.
    let across = ["--interval", "48s", "--samples", "150"];
    for (args, lines) in [(minutes, 120), (across, 150)] {
        let (all, one) = two_hours(&args, lines);
        assert!((all - 40.0).abs() < 1e-6, "{all}");
        assert!((one - 20.0).abs() < 1e-6, "{one}");
    }
    // What was said holds above what is made up: 0.2 kWh x 100 g.
    let (all, _) = two_hours(&[&minutes[..], &["--carbon-intensity", "100"]].concat(), 120);
    assert!((all - 20.0).abs() < 1e-6, "{all}");
    // 40 g x 1.5 x 1.2
    let beyond = ["--pue", "1.5", "--overhead", "1.2"];
    let (all, one) = two_hours(&[&minutes[..], &beyond].concat(), 120);
    assert!((all - 72.0).abs() < 1e-6 && (one - 36.0).abs() < 1e-6, "{all} {one}");
}

#[test]
fn overhead_is_not_counted_twice_where_the_whole_machine_is_metered() {
    let rest = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/rest_of_machine.toml");
    let args =
        ["--once", "--json", "--carbon-intensity", "100", "--overhead", "1.2", "--pue", "1.5"];
    let output = command().args(args).args(["--simulate", rest]).output().unwrap();
    let frame: Value = serde_json::from_slice(&output.stdout).unwrap();
    let joules = frame["total"]["energy_joules"].as_f64().unwrap();
    let grams = frame["total"]["co2e_grams"].as_f64().unwrap();
    assert!(joules > 0.0 && (grams - joules / 3.6e6 * 100.0 * 1.5).abs() < 1e-9, "{frame}");
    assert_eq!((&frame["carbon"]["overhead"], &frame["carbon"]["pue"]), (&1.0.into(), &1.5.into()));
    let warnings = frame["warnings"].to_string();
    assert!(warnings.contains("--overhead is left out"), "{warnings}");
}

/// A service that answers everything the same until the test ends; what it was asked.
fn stub(status: u16, body: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let theirs = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(length) => request.extend_from_slice(&buffer[..length]),
                }
            }
            theirs.lock().unwrap().push(String::from_utf8(request).unwrap());
            let length = body.len();
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n");
            let _ = write!(stream, "{head}Connection: close\r\n\r\n{body}");
        }
    });
    (url, asked)
}

/// This half hour in Britain, as NESO tells it.
fn britain() -> String {
    let now = clock::now().time;
    let show = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%MZ").to_string();
    let (from, to) = (show(now - Duration::from_mins(10)), show(now + Duration::from_mins(20)));
    format!(
        r#"{{"data": [{{"from": "{from}", "to": "{to}",
        "intensity": {{"forecast": 266, "actual": 263, "index": "moderate"}}}}]}}"#
    )
}

/// One short interval of this machine, priced by a service.
fn once(source: &str, url: &str, more: &[&str]) -> Command {
    let mut command = command();
    command.args(["--once", "--json", "--probe", "proc", "--interval", "50ms"]);
    command.args(["--carbon-source", source, "--carbon-url", url]).args(more);
    command
}

#[test]
fn a_service_prices_what_is_measured() {
    let (url, asked) = stub(200, britain());
    let output = once("neso", &url, &[]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let frame: Value = serde_json::from_slice(&output.stdout).unwrap();
    let carbon = &frame["carbon"];
    assert_eq!((&carbon["basis"], &carbon["source"]), (&"live".into(), &"NESO".into()));
    assert_eq!(carbon["grams_per_kwh"], 263.0);
    assert_eq!((&carbon["scope"], &carbon["type"]), (&"direct".into(), &"average".into()));
    assert_eq!((&carbon["zone"], &carbon["fall_back"]), (&"GB".into(), &Value::Null));
    assert!(asked.lock().unwrap()[0].starts_with("GET /intensity HTTP/1.1"));
}

#[test]
fn a_service_that_fails_leaves_the_table_and_says_so() {
    let (url, asked) = stub(401, r#"{"status": "error", "message": "Invalid"}"#.into());
    let output = once("electricity-maps", &url, &["--zone", "FR"])
        .env("JOULETOP_ELECTRICITY_MAPS_KEY", "hush")
        .output()
        .unwrap();
    let frame: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(frame["carbon"]["basis"], "table");
    assert_eq!(frame["carbon"]["grams_per_kwh"], 56.0);
    let why = frame["carbon"]["fall_back"].as_str().unwrap();
    assert!(why.contains("401") && why.contains("JOULETOP_ELECTRICITY_MAPS_KEY"), "{why}");
    assert!(!(frame.to_string() + &said(&output)).contains("hush"));
    let asked = asked.lock().unwrap();
    assert!(asked[0].contains("zone=FR") && asked[0].contains("disableCallerLookup=true"));
    assert!(asked[0].to_lowercase().contains("auth-token: hush"));
}

#[test]
fn doctor_tells_the_source_its_age_or_what_stands_in() {
    let doctor = |url: &str, more: &[&str]| {
        let args = ["doctor", "--carbon-source", "neso", "--carbon-url", url];
        let output = command().args(args).args(more).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (url, _) = stub(200, britain());
    let text = doctor(&url, &[]);
    assert!(text.contains("263 g/kWh, GB") && text.contains("NESO, direct"), "{text}");
    // It began ten minutes ago, and a minute may have ended since.
    assert!(text.contains("it began 10m") || text.contains("it began 11m"), "{text}");
    let json: Value = serde_json::from_str(&doctor(&url, &["--json"])).unwrap();
    let age = json["intensity_age_seconds"].as_f64().unwrap();
    assert!((600.0..720.0).contains(&age), "{age}");
    assert!(text.contains("the metered components alone (PUE 1, overhead 1"), "{text}");
    let (url, _) = stub(200, "<html>".into());
    let text = doctor(&url, &[]);
    assert!(text.contains("Kingdom 2023, fall-back"), "{text}");
    assert!(text.contains("missing   the intensity of now: NESO sends no reply as documented"));
}

#[test]
fn what_a_service_lacks_is_a_wrong_command_line() {
    let refused = |args: &[&str], words: &str| {
        let output = command().args(["--once", "--probe", "proc"]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", said(&output));
        assert!(said(&output).contains(words), "{args:?}: {}", said(&output));
    };
    let nobody = "http://127.0.0.1:9";
    refused(&["--carbon-source", "electricity-maps"], "--zone FR");
    refused(
        &["--carbon-source", "electricity-maps", "--zone", "FR"],
        "JOULETOP_ELECTRICITY_MAPS_KEY",
    );
    refused(&["--carbon-source", "watttime", "--carbon-zone", "PJM"], "JOULETOP_WATTTIME_USER");
    refused(&["--carbon-source", "neso", "--zone", "FR", "--carbon-url", nobody], "--zone GB");
    refused(&["--carbon-source", "energi-data-service", "--carbon-url", nobody], "DK1");
    refused(&["--carbon-source", "neso", "--carbon-url", "http://api.example"], "https://");
    refused(&["--carbon-source", "neso", "--carbon-intensity", "5"], "cannot be used with");
    refused(&["--carbon-source", "oracle"], "electricity-maps");
    refused(&["--carbon-source", "neso", "--carbon-zone", "a&b=c"], "RG10");
    refused(&["--pue", "0.5"], "from 1");
    refused(&["--tariff", "0.32"], "0.32 EUR");
    refused(&["--lifetime", "4"], "4y");
    refused(&["--simulate", "none.toml", "--carbon-source", "neso"], "leave out one of them");
}

#[test]
fn a_runs_report_has_money_hardware_and_other_words() {
    let run = |args: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("report.json");
        let script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
        let mut command = command();
        command.args(["run", "--json", "--carbon-intensity", "100", "-o"]);
        command.arg(&file).args(args).args(["--", "sh", "-c", script]);
        assert!(command.output().unwrap().status.success());
        serde_json::from_str::<Value>(&fs::read_to_string(&file).unwrap()).unwrap()
    };
    let plain = run(&[]);
    assert_eq!((&plain["pue"], &plain["overhead"]), (&1.0.into(), &1.0.into()));
    for absent in ["cost", "embodied_co2e_grams", "embodied_co2e_grams_range", "intensity_range"] {
        assert_eq!(plain[absent], Value::Null, "{absent}");
    }
    let report = run(&[
        "--pue=1.5",
        "--overhead=1.2",
        "--tariff=0.32 EUR",
        "--embodied=server",
        "--lifetime=1y",
    ]);
    let number = |field: &str| report[field].as_f64().unwrap_or_else(|| panic!("{field}"));
    let near = |found: f64, wanted: f64| {
        assert!(wanted > 0.0 && (found - wanted).abs() < wanted * 1e-9, "{found} {wanted}");
    };
    // The whole machine may be metered here; then there is nothing beyond it but the building.
    let factor = 1.5 * if report["rest_energy_joules"].is_null() { 1.2 } else { 1.0 };
    let kwh = number("energy_joules") / 3.6e6 * factor;
    near(number("co2e_grams"), kwh * 100.0);
    near(report["cost"]["amount"].as_f64().unwrap(), kwh * 0.32);
    assert_eq!(report["cost"]["currency"], "EUR");
    let car = &report["equivalents"][0];
    near(car["value"].as_f64().unwrap(), kwh * 100.0 / 106.8);
    assert!(car["source"].as_str().unwrap().starts_with("EEA"));
    if let Some(range) = report["energy_joules_range"].as_array() {
        let grams = report["co2e_grams_range"].as_array().unwrap();
        for (joules, grams) in range.iter().zip(grams) {
            near(grams.as_f64().unwrap(), joules.as_f64().unwrap() / 3.6e6 * factor * 100.0);
        }
    } else {
        assert_eq!(report["co2e_grams_range"], Value::Null);
    }
    let range = report["embodied_co2e_grams_range"].as_array().unwrap();
    let likely = number("embodied_co2e_grams");
    assert!(range[0].as_f64().unwrap() < likely && likely < range[1].as_f64().unwrap());
    assert_eq!(report["embodied_hardware"], "server");
    near(number("embodied_lifetime_seconds"), 8760.0 * 3600.0);
}
