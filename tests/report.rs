//! The report of a run in every format, when it ends and from a file later.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStderr, Command, Output, Stdio},
    time::Duration,
};

use jouletop::present::report::CODECARBON;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use support::{
    jouletop,
    kernel::{alone, waited},
    stream::Stream,
    workload,
};

fn ran(args: &[&str]) -> Output {
    jouletop().args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_report_that_was_kept_is_shown_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("run.json");
    let file = file.to_str().unwrap();
    let output = ran(&["run", "--json", "--zone", "FR", "-o", file, "--", "true", "a|b"]);
    assert!(output.status.success());
    let json = fs::read(file).unwrap();
    let report = |format: &str| {
        let output = ran(&["report", file, "--format", format]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(report("json"), text(&json));
    let kept: Value = serde_json::from_slice(&json).unwrap();
    assert!(kept["cpus"].as_u64().unwrap() > 0, "{kept}");
    assert!(kept["pools"].as_array().is_some_and(|pools| !pools.is_empty()), "{kept}");
    assert!(report("text").starts_with("jouletop: true a|b\n  energy "));
    let markdown = report("markdown");
    assert!(markdown.contains("The run of ` true a|b ` used "), "{markdown}");
    assert!(markdown.contains("zone FR, 56 g/kWh, yearly mean 2023, life-cycle"), "{markdown}");
    assert!(report("latex").contains("\\texttt{true a\\textbar{}b}"));
    assert!(report("codecarbon").starts_with("timestamp,project_name,"));
    assert_eq!(report("csv").lines().count(), 2);
}

#[test]
fn what_is_no_report_leaves_the_output_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (bad, out) = (dir.path().join("bad.json"), dir.path().join("out"));
    let (bad, out) = (bad.to_str().unwrap(), out.to_str().unwrap());
    fs::write(out, "mine").unwrap();
    for (content, said) in [
        (None, "cannot be read; name a file that"),
        (Some("garbage"), "is no JSON"),
        (Some("{\"schema\":1}"), "is no report of a run"),
        (Some("{\"schema\":7}"), "newer jouletop (schema 7); render it with that version"),
    ] {
        if let Some(content) = content {
            fs::write(bad, content).unwrap();
        }
        let output = ran(&["report", bad, "--format", "latex", "-o", out]);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let words = text(&output.stderr);
        assert!(words.contains(said) && words.contains(bad), "{words}");
        assert_eq!(fs::read(out).unwrap(), b"mine");
    }
}

#[test]
fn codecarbons_file_gets_a_row_and_a_foreign_one_none() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("emissions.csv");
    let name = file.to_str().unwrap();
    let run = || ran(&["run", "--format", "codecarbon", "-o", name, "--", "true"]);
    for rows in 1..=3 {
        // As an editor may leave it.
        if rows == 3 {
            let content = fs::read_to_string(&file).unwrap();
            fs::write(&file, content.trim_end()).unwrap();
        }
        assert!(run().status.success());
        let mut table = csv::Reader::from_path(&file).unwrap();
        assert_eq!(table.headers().unwrap(), CODECARBON.as_slice());
        let ids: Vec<_> = table.records().map(|row| row.unwrap()[2].to_owned()).collect();
        assert_eq!(ids.len(), rows);
        assert!(ids.iter().all(|id| id.len() == 36), "{ids:?}");
    }
    fs::write(&file, "timestamp,other\n1,2\n").unwrap();
    let output = ran(&["run", "--format", "codecarbon", "-o", name, "--", "echo", "ran"]);
    assert_eq!(output.status.code(), Some(1));
    let words = text(&output.stderr);
    assert!(words.contains("another header") && words.contains("name a new file"), "{words}");
    assert!(output.stdout.is_empty(), "it ran");
    assert_eq!(fs::read(&file).unwrap(), b"timestamp,other\n1,2\n");
}

#[test]
fn intervals_have_no_format_of_reports() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/demo.toml");
    for format in ["markdown", "latex", "codecarbon"] {
        let output = ran(&["--simulate", demo, "--once", "--format", format]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("are of run"));
    }
}

/// Two jobs with children that come and go, one without a parent in the end, and somebody else.
const JOBS: &str = r#"
name = "two jobs"
cpus = 4
[method]
static_watts = { package-0 = 3 }
[[process]]
pid = 10
name = "main"
user = "alice"
ends = "7300ms"
env = { JOULETOP_JOB = "bert" }
runs = ["cpu0 0s..7s 37%"]
[[process]]
pid = 11
name = "loader"
user = "alice"
parent = 10
starts = "1100ms"
ends = "2700ms"
env = { JOULETOP_JOB = "bert" }
runs = ["cpu1 1100ms..2700ms 91%"]
[[process]]
pid = 12
name = "orphan"
user = "alice"
parent = 10
starts = "3s"
ends = "9700ms"
env = { JOULETOP_JOB = "bert" }
runs = ["cpu1 3s..9s 13%"]
[[process]]
pid = 20
name = "other"
user = "bob"
env = { JOULETOP_JOB = "bert" }
runs = ["cpu2 0s.. 71%"]
[[process]]
pid = 30
name = "nobody"
runs = ["cpu3 0s.. 29%"]
[[meter]]
id = "package-0"
domain = "package"
package = 0
static_watts = 3
watts_per_busy_cpu = 7.3
"#;

/// Whole microjoules of a figure in joules.
fn microjoules(joules: &Value) -> u64 {
    let micro = joules.as_f64().unwrap() * 1e6;
    assert!((micro - micro.round()).abs() < 1e-3, "{joules}");
    micro.round() as u64
}

#[test]
fn a_jobs_report_is_its_row_to_the_microjoule() {
    let dir = tempfile::tempdir().unwrap();
    let scenario = dir.path().join("jobs.toml");
    fs::write(&scenario, JOBS).unwrap();
    let scenario = scenario.to_str().unwrap();
    let args = ["--simulate", scenario, "--interval", "700ms", "--json"];
    let with = |more: &[&str]| {
        let output = ran(&[&args, more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    // 14 intervals are 9.8 s, by when the first job has ended.
    let lines = with(&["--samples", "14", "--by", "job"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sum = |id: &str| -> u64 {
        let rows = lines.iter().flat_map(|line| line["groups"].as_array().unwrap());
        rows.filter(|row| row["id"] == id).map(|row| microjoules(&row["energy_joules"])).sum()
    };
    let row = |id: &str| {
        let rows = lines[13]["groups"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == id).unwrap()["since_start"].clone()
    };
    for (id, more) in [("tag alice/bert", None), ("tag bob/bert", Some("9800ms"))] {
        let mut command = vec!["report", id];
        command.extend(more.iter().flat_map(|time| ["--for", time]));
        let report: Value = serde_json::from_str(&with(&command)).unwrap();
        assert!(sum(id) > 0);
        assert_eq!(microjoules(&report["energy_joules"]), sum(id), "{id}");
        assert_eq!(microjoules(&row(id)["energy_joules"]), sum(id), "{id}");
        assert_eq!(report["cpu_seconds"], row(id)["cpu_seconds"], "{id}");
        assert_eq!(report["exit_code"], Value::Null);
        let watched = &report["watched"];
        assert_eq!(watched["ending"], if more.is_none() { "ended" } else { "time" });
        assert_eq!(report["started"], watched["from"]);
        assert_eq!(watched["id"], id);
        assert_eq!(report["wall_seconds"], 9.8);
        assert_eq!(report["processes"], if more.is_none() { 3 } else { 1 });
    }
    // Since the start, groups and the rows that are no processes are the machine.
    for line in 0..lines.len() {
        let since = &lines[line]["since_start"];
        let before = &lines[..=line];
        let total: u64 =
            before.iter().map(|line| microjoules(&line["total"]["energy_joules"])).sum();
        assert_eq!(microjoules(&since["energy_joules"]), total);
        let rows = lines[line]["groups"].as_array().unwrap();
        let groups: u64 =
            rows.iter().map(|row| microjoules(&row["since_start"]["energy_joules"])).sum();
        assert_eq!(microjoules(&since["groups"]["energy_joules"]), groups);
        let others = ["idle", "kernel", "unattributed", "self"];
        let others: u64 = before
            .iter()
            .flat_map(|line| others.map(|row| microjoules(&line[row]["energy_joules"])))
            .sum();
        assert_eq!(groups + others, total);
    }
    // By name there are two; by a process, one.
    let output = ran(&[&args[..], &["report", "bert"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let words = text(&output.stderr);
    assert!(words.contains("tag alice/bert") && words.contains("tag bob/bert"), "{words}");
    let by_pid = with(&["report", "pid:10"]);
    assert_eq!(by_pid, with(&["report", "tag alice/bert"]));
    let tree: Value = serde_json::from_str(&with(&["report", "pid:30", "--for", "2s"])).unwrap();
    assert_eq!(
        (&tree["watched"]["kind"], &tree["watched"]["id"]),
        (&"tree".into(), &"tree 30".into())
    );
    assert_eq!(tree["wall_seconds"], 2.0);
}

#[test]
fn a_jobs_report_is_kept_and_shown_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/waste_spinning.toml");
    let file = dir.path().join("job.json");
    let file = file.to_str().unwrap();
    let args = ["report", "pid:11", "--for", "1m", "--json", "-o", file, "--simulate", scenario];
    assert!(ran(&args).status.success());
    let kept: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert_eq!(kept["waste_joules"], 600.0);
    assert_eq!(kept["findings"][0]["rule"], "spinning");
    assert_eq!(kept["findings"].as_array().unwrap().len(), 1, "that of its own process");
    for (format, says) in [
        ("text", "  of which   waste: 600.0 J (100 %), by 1 finding\n"),
        ("markdown", "| Of which waste | 600.0 J (100 %), by 1 finding |"),
        ("latex", "Of which waste & 600.0 J (100 \\%), by 1 finding \\\\"),
        ("csv", "waste_joules"),
        ("json", "\"waste_joules\":600.0"),
        ("codecarbon", "poller (tree 11)"),
    ] {
        let output = ran(&["report", file, "--format", format]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let shown = text(&output.stdout);
        assert!(shown.contains(says), "{format}: {shown}");
    }
}

#[test]
fn a_wrong_job_ends_with_what_is_right() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/demo.toml");
    let long = "n".repeat(10_000);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    fs::write(&out, "mine").unwrap();
    for (name, code, said) in [
        ("", 2, "an empty name is no job"),
        ("  ", 2, "an empty name is no job"),
        ("job:", 2, "needs a name behind it"),
        ("pid:many", 2, "many is no number of a process"),
        ("pid:99999", 1, "no process 99999 is there"),
        ("\u{1b}]0;x\u{7}\n", 1, "no job ?]0;x?? is there"),
        (long.as_str(), 1, "nnn… is there"),
    ] {
        let output = ran(&["--simulate", demo, "report", name, "-o", out.to_str().unwrap()]);
        let words = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words}");
        assert!(words.contains(said), "{words}");
        assert!(code == 2 || words.contains("\n  slurm 4711  (5 processes)\n"), "{words}");
        assert!(words.len() < 1500 && !words.contains('\u{1b}'), "{words}");
        assert_eq!(fs::read(&out).unwrap(), b"mine");
    }
}

/// `report` of a job of real processes, from when it says that it watches.
struct Watching(Child, BufReader<ChildStderr>);

impl Watching {
    fn start(args: &[&str]) -> Self {
        let mut command = jouletop();
        command.args(["--interval", "500ms", "--json", "report"]).args(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut words = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        words.read_line(&mut line).unwrap();
        assert!(line.contains("watching "), "{line}");
        Self(child, words)
    }

    fn report(self) -> Value {
        // The other end of its words stays open until then.
        let output = self.0.wait_with_output().unwrap();
        assert!(output.status.success());
        drop(self.1);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[test]
fn a_real_job_is_watched_until_it_ends_or_as_long_as_asked() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let gate = dir.path().join("go");
    let duty = workload();
    let program = duty.get_program().to_str().unwrap();
    let script = format!(
        "while [ ! -e {} ]; do sleep 0.05; done; {program} busy 1; {program} busy 0.5 & wait",
        gate.display()
    );
    let child = Command::new("sh")
        .args(["-c", &script])
        .env("JOULETOP_JOB", "report of a tree")
        .spawn()
        .unwrap();
    let stream = Stream::start(&["--interval", "500ms", "--by", "job"]);
    let brief = Watching::start(&["report of a tree", "--for", "1s"]);
    let brief = brief.report();
    assert_eq!(brief["watched"]["ending"], "time");
    assert!((brief["wall_seconds"].as_f64().unwrap() - 1.0).abs() < 0.3, "{brief}");
    assert!(brief["watched"]["pids"].as_array().unwrap().contains(&child.id().into()), "{brief}");
    let whole = Watching::start(&["job:report of a tree"]);
    stream.next();
    // What the shell and those that it has waited for had before: the more, the slower the machine.
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let times = stat.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(4);
    let before: f64 = times.map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum();
    fs::write(&gate, "").unwrap();
    let (truth, status) = waited(child);
    assert!(status.success());
    let whole = whole.report();
    let watched = &whole["watched"];
    assert_eq!(watched["ending"], "ended", "{whole}");
    assert_eq!((&watched["kind"], &watched["name"]), (&"tag".into(), &"report of a tree".into()));
    assert_eq!(watched["pids"], serde_json::json!([]));
    assert_eq!(whole["exit_code"], Value::Null);
    // The shell, two workloads, and what slept.
    assert!(whole["processes"].as_u64().unwrap() >= 3, "{whole}");
    let lines = stream.finish();
    let last = lines.last().unwrap()["groups"].as_array().unwrap();
    let row = last.iter().find(|row| row["id"] == watched["id"]).unwrap();
    let seconds = |it: &Value| it["cpu_seconds"].as_f64().unwrap();
    let (report, row) = (seconds(&whole), seconds(&row["since_start"]));
    println!("{report:.4} s in the report, {row:.4} s in the row, {truth:.4} s by the kernel");
    // The row and the kernel have what the shell did before the report began, too.
    assert!(report <= row + 1e-6 && row <= truth * 1.01, "{report} {row} {truth}");
    let meanwhile = truth - before;
    assert!(meanwhile - report < 0.1 * meanwhile, "{report} s of {meanwhile} s, {before} s before");
    for line in &lines {
        let since = &line["since_start"];
        let rows = line["groups"].as_array().unwrap().iter();
        let groups: u64 = rows.map(|row| microjoules(&row["since_start"]["energy_joules"])).sum();
        assert_eq!(groups, microjoules(&since["groups"]["energy_joules"]));
    }
}

#[test]
fn ctrl_c_ends_a_watch_with_its_report() {
    let _alone = alone();
    let mut child =
        workload().args(["duty", "60", "5"]).env("JOULETOP_JOB", "goes on").spawn().unwrap();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let watching = Watching::start(&[&format!("pid:{}", child.id())]);
        std::thread::sleep(Duration::from_millis(700));
        kill(Pid::from_raw(watching.0.id().cast_signed()), signal).unwrap();
        let report = watching.report();
        assert_eq!(report["watched"]["ending"], "interrupted");
        assert_eq!(report["watched"]["name"], "goes on");
        assert!(report["cpu_seconds"].as_f64().unwrap() > 0.0);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_report_of_a_run_names_who_spins_in_it_and_not_who_works() {
    let _alone = alone();
    let duty = workload();
    let program = duty.get_program().to_str().unwrap();
    // Others build on this machine: what is found depends on how much of a CPU it has.
    let script = format!(
        "exec 0</dev/null 1>/dev/null 2>/dev/null; nice -n -20 {program} poll 48 & spins=$!; \
         {program} touch 48 1 & wait"
    );
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("run.json");
    let output = jouletop()
        .args(["run", "--json", "-o", file.to_str().unwrap(), "--", "sh", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let spinning: Vec<_> = findings.iter().filter(|it| it["rule"] == "spinning").collect();
    assert_eq!(spinning.len(), 1, "{findings:#?}");
    let pids = spinning[0]["subject"]["pids"].as_array().unwrap();
    assert_eq!(pids.len(), 1);
    let facts = spinning[0]["evidence"].as_array().unwrap();
    let fact = |name: &str| facts.iter().find(|it| it["name"] == name).unwrap();
    assert!(fact("system")["value"].as_f64().unwrap() > 0.4, "{facts:#?}");
    let joules = |it: &Value| it.as_f64().unwrap();
    let (waste, energy) = (joules(&report["waste_joules"]), joules(&report["energy_joules"]));
    println!("{waste} J of {energy} J");
    assert!(waste > 0.0 && waste < energy, "{waste} J of {energy} J");
}

/// Names of the fields of a dataclass in a wheel, read without importing anything.
const FIELDS: &str = "
import ast, sys, zipfile
source = zipfile.ZipFile(sys.argv[1]).read('codecarbon/output_methods/emissions_data.py')
for node in ast.parse(source).body:
    if isinstance(node, ast.ClassDef) and node.name == 'EmissionsData':
        for field in node.body:
            if isinstance(field, ast.AnnAssign):
                print(field.target.id)
";

#[test]
fn the_columns_are_those_of_codecarbon() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let wheel = root.join("target/python/wheels/codecarbon-3.3.2-py3-none-any.whl");
    assert!(wheel.exists(), "{} is not there; cargo xtask python", wheel.display());
    let output = Command::new("python3").args(["-c", FIELDS]).arg(&wheel).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let names = text(&output.stdout);
    assert_eq!(names.lines().collect::<Vec<_>>(), CODECARBON);
}
