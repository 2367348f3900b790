//! The command line as scripts meet it: codes, messages, and what goes where.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    os::unix::process::ExitStatusExt as _,
    process::{Output, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use support::jouletop;

/// A made-up machine, so that these tests need no right.
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/demo.toml");

fn run(args: &[&str]) -> Output {
    jouletop().args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A failure with this code whose words, on stderr alone, hold all of these.
fn refused(args: &[&str], code: i32, words: &[&str]) {
    let output = run(args);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    assert!(output.stdout.is_empty(), "{args:?} printed data");
    for word in words {
        assert!(said.contains(word), "{args:?} says {said:?}, without {word:?}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn wrong_values_are_usage_errors_that_say_what_is_right() {
    refused(&["--zone", "france"], 2, &["did you mean FR (France)", "ISO 3166"]);
    refused(&["--zone", ""], 2, &["unknown zone", "--carbon-intensity"]);
    refused(&["--carbon-intensity", "-5"], 2, &["0 to 10000"]);
    refused(&["--carbon-intensity", "NaN"], 2, &["0 to 10000"]);
    refused(&["--interval", "1h"], 2, &["between 50ms and 60s"]);
    refused(&["--samples", "0"], 2, &["1.."]);
    refused(&["--json", "--csv"], 2, &["cannot be used with"]);
    refused(&["--frobnicate"], 2, &["--help"]);
    refused(&["--zone", "FR", "--carbon-intensity", "5"], 2, &["cannot be used with"]);
    refused(&["run"], 2, &["CMD"]);
}

#[test]
fn what_cannot_be_opened_is_named_with_the_remedy() {
    refused(&["--simulate", "/no/such.toml", "--once"], 1, &["/no/such.toml"]);
    refused(&["--simulate", "/", "--once"], 1, &["jouletop: /"]);
    let bad = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/bad/not_toml.toml");
    fs::metadata(bad).unwrap();
    refused(&["--simulate", DEMO, "--threads", "--once"], 1, &["leave out --threads"]);
    refused(&["--simulate", bad, "--json", "--once"], 1, &["not_toml.toml"]);
    refused(&["--once", "-o", "/no/such/file"], 1, &["/no/such/file", "name another file"]);
    refused(&["run", "-o", "/no/such/file", "--", "true"], 1, &["/no/such/file"]);
    refused(&["--once", "--probe", "proc", "--proc-root", "/no/proc"], 1, &["mount proc there"]);
    refused(&["run", "--simulate", DEMO, "--", "true"], 1, &["leave out --simulate"]);
}

#[test]
fn without_a_terminal_the_screen_says_what_to_use_instead() {
    refused(&[], 1, &["needs a terminal", "--once", "--json"]);
    refused(&["--simulate", DEMO], 1, &["needs a terminal"]);
}

#[test]
fn a_full_disk_is_told() {
    let full = ["--simulate", DEMO, "--json", "--once", "-o", "/dev/full"];
    refused(&full, 1, &["/dev/full cannot be written; free some space"]);
    for format in ["--json", "--csv"] {
        let output = jouletop()
            .args(["--simulate", DEMO, "--once", format])
            .stdout(File::create("/dev/full").unwrap())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("stdout cannot be written"));
    }
}

#[test]
fn a_report_that_cannot_be_written_is_not_lost() {
    let output = run(&["run", "--json", "-o", "/dev/full", "--", "sh", "-c", "exit 0"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("free some space") && said.contains("energy"), "{said}");
    // The command's own failure is the greater news.
    let output = run(&["run", "--json", "-o", "/dev/full", "--", "sh", "-c", "exit 9"]);
    assert_eq!(output.status.code(), Some(9));
}

#[test]
fn a_reader_that_goes_away_ends_the_stream_in_silence() {
    let mut child = jouletop()
        .args(["--simulate", DEMO, "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    drop(stdout);
    assert!(child.wait().unwrap().success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn closed_descriptors_do_not_crash_it() {
    for closed in ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"] {
        let script = format!("\"$0\" --simulate \"$1\" --once --json {closed}");
        let status = std::process::Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_jouletop"), DEMO])
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.signal().is_none() && status.code() != Some(101), "{closed}: {status}");
    }
}

#[test]
fn run_exits_as_the_command_did() {
    let code = |args: &[&str]| run(&[&["run", "--"], args].concat()).status.code();
    assert_eq!(code(&["true"]), Some(0));
    assert_eq!(code(&["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(code(&["does-not-exist"]), Some(127));
    assert_eq!(code(&["/etc/passwd"]), Some(126));
    assert_eq!(code(&["sh", "-c", "kill -TERM $$"]), Some(128 + 15));
    assert_eq!(code(&["sh", "-c", "kill -KILL $$"]), Some(128 + 9));
}

#[test]
fn run_leaves_the_commands_output_alone() {
    let output = run(&["run", "--", "sh", "-c", "echo data; echo words >&2"]);
    assert_eq!(text(&output.stdout), "data\n");
    let said = text(&output.stderr);
    assert!(said.starts_with("words\njouletop: sh -c"), "{said}");
    assert!(said.contains("exit code 0"), "{said}");
}

#[test]
fn runs_report_has_what_a_paper_needs() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("report.json");
    let output = jouletop()
        .args(["run", "--json", "--zone", "FR", "-o"])
        .arg(&file)
        .args(["--", "sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(text(&output.stdout), "");
    let report: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["command"][0], "sh");
    assert_eq!(report["exit_code"], 0);
    assert_eq!(report["signal"], Value::Null);
    assert_eq!(report["zone"], "FR");
    assert_eq!(report["intensity"], 56.0);
    assert_eq!(report["pue"], 1.0);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert!(["attributed", "estimated"].contains(&report["quality"].as_str().unwrap()));
    let number = |field: &str| report[field].as_f64().unwrap_or_else(|| panic!("{field}"));
    assert!(number("cpu_seconds") > 0.0 && number("cpu_seconds") <= number("wall_seconds") * 1.5);
    let grams = number("energy_joules") / 3.6e6 * 56.0;
    assert!((number("co2e_grams") - grams).abs() < grams * 1e-9);
    assert!(number("energy_joules") <= number("machine_energy_joules"));
    assert_eq!(report["idle_policy"], "none");
    assert!(report["static_basis"].is_string());
    // Only an estimate has a range, and it is within.
    let range = report["energy_joules_range"].as_array();
    assert_eq!(range.is_some(), report["quality"] == "estimated");
    if let Some([least, most]) = range.map(Vec::as_slice) {
        let (least, most) = (least.as_f64().unwrap(), most.as_f64().unwrap());
        assert!(least <= number("energy_joules") && number("energy_joules") <= most);
    }
}

#[test]
fn signals_reach_the_command_and_the_report_still_comes() {
    for (signal, trapped, code) in [
        (Signal::SIGTERM, false, 128 + 15),
        (Signal::SIGINT, false, 128 + 2),
        (Signal::SIGINT, true, 5),
        (Signal::SIGUSR1, true, 5),
    ] {
        let trap = if trapped { "trap 'exit 5' INT USR1;" } else { "" };
        let script = format!("{trap} echo ready; while :; do sleep 0.05; done");
        let mut child = jouletop()
            .args(["run", "--json", "-o", "/dev/stderr", "--", "sh", "-c", &script])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{signal}");
        let said = text(&output.stderr);
        let report: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        assert_eq!(report["exit_code"], code);
    }
}

#[test]
fn once_prints_rows_that_add_up_in_every_format() {
    let json: Value =
        serde_json::from_slice(&run(&["--simulate", DEMO, "--once", "--json"]).stdout).unwrap();
    let micro = |value: &Value| (value.as_f64().unwrap() * 1e6).round() as u64;
    let named =
        ["idle", "kernel", "unattributed", "self"].map(|row| micro(&json[row]["energy_joules"]));
    let processes = json["processes"].as_array().unwrap();
    let rows: u64 = processes.iter().map(|row| micro(&row["energy_joules"])).sum();
    assert_eq!(rows + named.iter().sum::<u64>(), micro(&json["total"]["energy_joules"]));
    let csv = run(&["--simulate", DEMO, "--once", "--csv"]).stdout;
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let energy = reader.headers().unwrap().iter().position(|name| name == "energy_joules").unwrap();
    let sum: u64 = reader
        .records()
        .map(|record| (record.unwrap()[energy].parse::<f64>().unwrap() * 1e6).round() as u64)
        .sum();
    assert_eq!(sum, micro(&json["total"]["energy_joules"]));
}

#[test]
fn samples_prints_so_many_intervals() {
    let output = run(&["--simulate", DEMO, "--samples", "3", "--json", "--interval", "2s"]);
    let lines = text(&output.stdout);
    assert_eq!(lines.lines().count(), 3);
    for line in lines.lines() {
        let frame: Value = serde_json::from_str(line).unwrap();
        assert_eq!(frame["interval_seconds"], 2.0);
    }
}

#[test]
fn a_machine_at_rest_is_calibrated_and_the_file_is_used() {
    let rest = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/at_rest.toml");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("static.toml");
    let file = file.to_str().unwrap();
    let json = |args: &[&str]| -> Value {
        let output = run(&[&["--simulate", rest, "--calibration", file, "--json"], args].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    refused(&["--simulate", rest, "--calibration", file, "--once"], 1, &["--calibration"]);
    let calibration = json(&["calibrate"]);
    // 20 W and 3 W are drawn anyway, and cron uses 3 % of a CPU at 5 W; two intervals in ten
    // are busy, and do not count.
    assert_eq!(calibration["static_watts"]["package-0"], 20.15);
    assert_eq!(calibration["static_watts"]["dram-0"], 3.0);
    assert_eq!(calibration["seconds"], 30.0);
    let frame = json(&["--once"]);
    assert_eq!(frame["meters"][0]["static_basis"], "calibrated");
    assert_eq!(frame["meters"][0]["static_power_watts"], 20.15);
    assert_eq!(frame["idle"]["energy_joules"], 23.15);
    refused(&["--simulate", DEMO, "calibrate", "--calibration", file], 1, &["not idle enough"]);
    refused(&["--simulate", DEMO, "calibrate"], 2, &["name a file with --calibration"]);
    refused(&["--simulate", DEMO, "--once", "--calibration", file], 1, &["measured on simulated"]);
    fs::write(file, "schema = 1\ngarbage = 2\n").unwrap();
    let anew = "make it anew: jouletop calibrate";
    refused(&["--simulate", rest, "--once", "--calibration", file], 1, &[anew]);
    assert_eq!(json(&["calibrate"])["load"], calibration["load"], "a bad one is replaced");
    // What is no calibration is somebody's, and is told before anything is measured.
    fs::write(file, "milk, eggs").unwrap();
    let busy = ["--simulate", DEMO, "calibrate", "--calibration", file];
    refused(&busy, 1, &["it holds something else, which is kept"]);
    assert_eq!(fs::read_to_string(file).unwrap(), "milk, eggs");
}

#[test]
fn a_controllers_password_is_never_shown_and_a_wrong_address_is_refused_at_once() {
    let said = |args: &[&str], url: &str, account: bool| {
        let mut command = jouletop();
        command.args(args).env("JOULETOP_REDFISH", url).stdin(Stdio::null());
        if account {
            command.env("JOULETOP_REDFISH_USER", "bob").env("JOULETOP_REDFISH_PASSWORD", "hush");
        }
        let output = command.output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!said.contains("hush"), "{said}");
        (output.status.code(), said)
    };
    let proc = ["--once", "--probe", "proc", "--interval", "50ms"];
    assert_eq!(said(&["--help"], "https://bob:hush@bmc.example", false).0, Some(0));
    for url in ["https://bob:hush@bmc.example", "bob:hush", "https://x/?password=hush"] {
        assert_eq!(said(&proc, url, true).0, Some(2), "{url}");
    }
    let (code, words) = said(&proc, "https://bmc.example", false);
    assert!(code == Some(2) && words.contains("JOULETOP_REDFISH_PASSWORD"), "{words}");
    // A variable that is empty is one that is not set.
    assert_eq!(said(&proc, "", false).0, Some(0));
    // Nobody listens there: the meter is absent, and the rest goes on.
    let (code, words) = said(&["doctor"], "http://127.0.0.1:9", true);
    assert!(code == Some(0) && words.contains("redfish absent"), "{words}");
}

#[test]
fn formats_that_make_no_sense_spoil_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("precious.json");
    fs::write(&file, "precious").unwrap();
    let file = file.to_str().unwrap();
    for command in [&["explain", "1"][..], &["doctor"], &["calibrate"]] {
        let args = [command, &["--csv", "-o", file]].concat();
        refused(&args, 2, &["prints text or JSON; use --json"]);
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "precious");
}

#[test]
fn explain_shows_terms_that_add_up_to_the_row() {
    let json = |args: &[&str]| -> Value {
        let output = run(&[&["--simulate", DEMO, "--json"], args].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let explained = json(&["explain", "4001"]);
    let frame = json(&["--once"]);
    let processes = frame["processes"].as_array().unwrap();
    let row = processes.iter().find(|process| process["pid"] == 4001).unwrap();
    let micro = |value: &Value| (value.as_f64().unwrap() * 1e6).round() as u64;
    assert_eq!(micro(&explained["energy_joules"]), micro(&row["energy_joules"]));
    let terms = explained["terms"].as_array().unwrap();
    let charged =
        |term: &Value| micro(&term["charged_joules"]) + micro(&term["charged_static_joules"]);
    assert_eq!(terms.iter().map(charged).sum::<u64>(), micro(&row["energy_joules"]));
    for term in terms {
        let number = |name: &str| term[name].as_f64().unwrap();
        let due = number("moving_joules") * number("weight") / number("weight_of_all");
        assert!((due - number("charged_joules")).abs() < 2e-6, "{term}");
        assert!(
            (number("energy_joules") - number("static_joules") - number("moving_joules")).abs()
                < 1e-6
        );
    }
    let said = text(&run(&["--simulate", DEMO, "explain", "4001"]).stdout);
    assert!(said.contains("low confidence: CPU time says little of memory traffic"), "{said}");
    refused(&["--simulate", DEMO, "explain", "4242"], 1, &["no process 4242"]);
    refused(&["--simulate", DEMO, "explain", "none"], 2, &["none"]);
}

/// The terms of a process of a scenario with GPUs, and its explanation in words.
fn explained(scenario: &str, pid: &str) -> (Value, String) {
    let path = format!("{}/../tests/scenarios/{scenario}.toml", env!("CARGO_MANIFEST_DIR"));
    let said = |more: &[&str]| {
        let output = run(&[&["--simulate", &path, "explain", pid], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let words = said(&[]).split_whitespace().collect::<Vec<_>>().join(" ");
    (serde_json::from_str(&said(&["--json"])).unwrap(), words)
}

#[test]
fn explain_tells_of_gpus_who_was_on_them_and_by_what_they_are_divided() {
    let says = |scenario, pid, all: &[&str]| {
        let (_, words) = explained(scenario, pid);
        for some in all {
            assert!(words.contains(some), "{scenario}: {some:?} is not in {words}");
        }
        assert!(!words.contains("by the none policy"), "{words}");
    };
    // It holds a GPU without a CPU, and nobody uses it: 69 J are static, and 49 above.
    let held = "the GPU was held and nobody used it: all of its energy is its holders'";
    let parts = ["- static 69.00 J", "= above 49.00 J", "+ static 69.00 J", held, "alone"];
    says("gpu_demo", "7300", &parts);
    let of_three = "3 processes, this one among them, 1 of them of another PID namespace";
    says("gpu_demo", "5200", &["* share 80.00 %", "busy 50 % of the time", of_three]);
    // It only held a GPU that others used.
    let nothing =
        "gpu-2 nothing it held the GPU and did not use it, and others did; it holds 6 GiB";
    says("gpu_demo", "6100", &[nothing]);
    let why = "who used it is not told: the scenario says so";
    says("gpu_untold", "10", &["0.5000 of 1.0000 seconds, the same for each on the GPU", why]);
    let slices = "4.0000 of 5.0000 seconds of activity times slices of the GPU";
    says("gpu_mig", "11", &[slices, "on instance 4g.40gb, which weighs 4 slices"]);
    says("gpu_mps", "10", &["the multi-process service did is shared by its clients"]);
    let (json, _) = explained("gpu_demo", "7300");
    let gpu = &json["terms"][0]["gpu"];
    assert_eq!(gpu["held_idle"], true);
    assert_eq!((&gpu["clients"], &gpu["strangers"]), (&1.into(), &0.into()));
    assert_eq!(json["energy_joules"], 118.0);
    let (json, _) = explained("gpu_demo", "6100");
    assert_eq!(json["idle_gpus"][0]["memory_bytes"], 6_u64 << 30);
    assert_eq!(json["terms"].as_array().unwrap().len(), 2, "package and memory");
}

#[test]
fn a_gpu_is_calibrated_while_nobody_is_on_it_and_one_that_is_held_is_not() {
    let rest = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/gpu_at_rest.toml");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("static.toml");
    let args = ["--simulate", rest, "--calibration", file.to_str().unwrap(), "calibrate"];
    let said = text(&run(&args).stdout);
    let line = |id: &str| said.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(line("gpu-0").contains(" 25.00 W static"), "{said}");
    assert!(line("gpu-1").contains(" 26.00 W static"), "{said}");
    assert!(line("gpu-2").contains("was held by somebody: calibrate while nobody is on it"));
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept.contains("gpu-1") && !kept.contains("gpu-2"), "{kept}");
}

#[test]
fn the_text_of_once_with_gpus() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/gpu_demo.toml");
    insta::assert_snapshot!(text(&run(&["--simulate", demo, "--once"]).stdout));
}

#[test]
fn the_text_of_once() {
    insta::assert_snapshot!(text(&run(&["--simulate", DEMO, "--once"]).stdout));
}

#[test]
fn the_json_of_once() {
    let output = run(&["--simulate", DEMO, "--once", "--json"]);
    let frame: Value = serde_json::from_slice(&output.stdout).unwrap();
    insta::assert_json_snapshot!(frame);
}

#[test]
fn the_help() {
    let help = text(&run(&["--help"]).stdout);
    insta::assert_snapshot!(help);
}

#[test]
fn explain_is_aligned_and_no_wider_than_a_page() {
    let output = text(&run(&["--simulate", DEMO, "explain", "4001"]).stdout);
    assert!(output.lines().all(|line| line.chars().count() <= 100), "{output}");
    insta::assert_snapshot!(output);
}

#[test]
fn doctor_says_what_can_be_measured() {
    let tree = support::powercap::Tree::two_packages();
    let output =
        jouletop().args(["doctor", "--json", "--sysfs-root", tree.path()]).output().unwrap();
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let meters = findings["meters"].as_array().unwrap();
    let ids: Vec<_> = meters.iter().map(|meter| meter["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["package-0", "package-1", "dram-0", "dram-1"]);
    assert_eq!(findings["checks"][0]["id"], "psys");
    let left = findings["left_out"][0]["why"].as_str().unwrap();
    assert_eq!(left, "the same counter as package-0 through powercap");
    assert!(meters.iter().all(|meter| meter["state"] == "measured"));
    // None is no failure: it is said, and there is nothing to mend.
    assert!(findings["gpus"].as_array().unwrap().is_empty());
    assert!(findings["gpu_notes"].is_array());
    let text = text(&jouletop().arg("doctor").output().unwrap().stdout);
    assert!(text.contains("CPU time") && text.contains("carbon"), "{text}");
}

#[test]
fn what_an_installation_needs_is_printed_whatever_is_configured() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("jouletop")).unwrap();
    fs::write(home.path().join("jouletop/config.toml"), "nonsense").unwrap();
    let of = |args: &[&str]| {
        let output = jouletop().args(args).env("XDG_CONFIG_HOME", home.path()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        text(&output.stdout)
    };
    assert!(of(&["man"]).contains("\n.TH JOULETOP 1 "));
    assert!(of(&["completions", "bash"]).contains("complete -F _jouletop"));
    assert!(of(&["completions", "zsh"]).starts_with("#compdef jouletop\n"));
    assert!(of(&["completions", "fish"]).contains("complete -c jouletop"));
    let page = home.path().join("jouletop.1");
    of(&["man", "-o", page.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(page).unwrap(), of(&["man"]));
    // They are no part of what people use every day.
    let help = of(&["--help"]);
    assert!(!help.lines().any(|line| line.trim_start().starts_with("man ")), "{help}");
    assert!(!help.contains("completions"), "{help}");
    assert_eq!(run(&["completions", "tcsh"]).status.code(), Some(2));
}
