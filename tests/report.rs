//! The report of a run in every format, when it ends and from a file later.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use jouletop::present::report::CODECARBON;
use serde_json::Value;
use support::jouletop;

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
