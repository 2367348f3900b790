//! Configurations through the real program: what is taken, what is refused, and in which words.
//!
//! Each file of `configs/ok` says in its first lines what `jouletop config` is to show of it, each
//! of `configs/bad` what is to be said against it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use nix::unistd::geteuid;
use serde_json::Value;
use tempfile::TempDir;

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests");

/// A machine and a user, each with a place for a configuration.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        // For other users too.
        fs::set_permissions(home.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for path in [home.system(), home.user()] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        home
    }

    fn system(&self) -> PathBuf {
        self.0.path().join("etc/jouletop/config.toml")
    }

    fn user(&self) -> PathBuf {
        self.0.path().join("xdg/jouletop/config.toml")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jouletop"));
        command.env_remove("RUST_LOG").env_remove("NO_COLOR").env_remove("JOULETOP_CARBON_URL");
        command.env("XDG_CONFIG_HOME", self.0.path().join("xdg")).stdin(Stdio::null());
        command.arg("--etc-root").arg(self.0.path().join("etc")).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What is printed where all is well.
    fn shown(&self, args: &[&str]) -> String {
        told(self.run(args))
    }

    /// What is said where the configuration is refused.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(output.stdout.is_empty(), "{args:?} printed data");
        assert!(!said.contains("panicked"), "{said}");
        said
    }
}

fn told(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said, "");
    String::from_utf8(output.stdout).unwrap()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(TESTS).join("configs").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5);
    files
}

/// What a file's first lines expect.
fn expected(file: &Path, word: &str) -> Vec<String> {
    let text = fs::read(file).unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text.lines().map_while(|line| line.strip_prefix(word)).map(String::from);
    let lines: Vec<String> = lines.collect();
    assert!(!lines.is_empty(), "{} expects nothing", file.display());
    lines
}

#[test]
fn each_good_file_is_shown_as_it_says() {
    let home = Home::new();
    for file in files("ok") {
        let path = file.to_str().unwrap();
        let shown = home.shown(&["--config", path, "config"]);
        for line in expected(&file, "# shows: ") {
            assert!(shown.lines().any(|it| it == line), "{path}: no {line:?} in\n{shown}");
        }
        // What is shown is a configuration that shows the same.
        fs::write(home.user(), &shown).unwrap();
        assert_eq!(home.shown(&["config"]), shown, "{path}");
        fs::remove_file(home.user()).unwrap();
    }
}

#[test]
fn each_bad_file_is_refused_with_its_line_and_the_remedy() {
    let home = Home::new();
    for file in files("bad") {
        let path = file.to_str().unwrap();
        let said = home.refused(&["--config", path, "--once"]);
        for words in expected(&file, "# says: ") {
            assert!(said.contains(&words), "{path}: {said:?} without {words:?}");
        }
        assert!(said.starts_with(&format!("jouletop: {path}:")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[test]
fn the_template_is_what_the_documents_have_and_changes_nothing() {
    let home = Home::new();
    let plain = home.shown(&["config"]);
    let template = home.shown(&["config", "--default"]);
    fs::write(home.user(), &template).unwrap();
    fs::write(home.system(), &template).unwrap();
    assert_eq!(home.shown(&["config"]), plain);
    // Also where the values are said.
    let said = |line: &str| match line.strip_prefix('#') {
        Some(said) if !said.starts_with(' ') => said.to_string(),
        _ => line.to_string(),
    };
    let lines: Vec<&str> = template.lines().collect();
    let aloud = lines.iter().enumerate().map(|(place, line)| {
        let example = place > 0 && lines[place - 1].ends_with("for example:");
        if example { (*line).to_string() } else { said(line) }
    });
    let aloud: Vec<String> = aloud.collect();
    fs::write(home.user(), aloud.join("\n")).unwrap();
    assert_eq!(home.shown(&["config"]), plain);

    let document = fs::read_to_string(Path::new(TESTS).join("../docs/config.md")).unwrap();
    let block = format!("```toml\n{template}```\n");
    assert!(
        document.contains(&block),
        "docs/config.md: put in what `jouletop config --default` prints"
    );
}

#[test]
fn every_value_has_its_origin() {
    let home = Home::new();
    fs::write(home.system(), "pue = 1.5\ncarbon_source = \"neso\"\n").unwrap();
    fs::write(home.user(), "\ninterval = \"2s\"\n[waste.orphans]\nafter = \"9m\"\n").unwrap();
    let mut command = home.command(&["config", "--show-origin", "--overhead=1.1"]);
    let shown = told(command.env("JOULETOP_CARBON_URL", "https://proxy.example").output().unwrap());
    let (system, user) = (home.system(), home.user());
    for (key, value, origin) in [
        ("pue", "1.5", format!("{}:1", system.display())),
        ("carbon_source", "\"neso\"", format!("{}:2", system.display())),
        ("interval", "\"2s\"", format!("{}:2", user.display())),
        ("waste.orphans.after", "\"9m\"", format!("{}:4", user.display())),
        ("carbon_url", "\"https://proxy.example\"", "environment, JOULETOP_CARBON_URL".into()),
        ("overhead", "1.1", "command line, --overhead".into()),
        ("lifetime", "\"4y\"", "default".into()),
        ("tariff", "-", "default".into()),
    ] {
        let line = shown.lines().find(|line| line.split_whitespace().next() == Some(key)).unwrap();
        let rest = line.strip_prefix(key).unwrap().trim_start();
        assert_eq!(rest.strip_prefix(value).map(str::trim), Some(origin.as_str()), "{line}");
    }
    // A variable that is empty is one that is not set.
    fs::write(home.user(), "carbon_url = \"https://mine.example\"\n").unwrap();
    let mut command = home.command(&["config"]);
    let shown = told(command.env("JOULETOP_CARBON_URL", "").output().unwrap());
    assert!(shown.contains("https://mine.example"), "{shown}");

    let json = home.shown(&["config", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let keys = json["keys"].as_array().unwrap();
    let pue = keys.iter().find(|one| one["key"] == "pue").unwrap();
    assert_eq!(
        (&pue["value"], &pue["origin"], &pue["at"]["line"]),
        (&1.5.into(), &"file".into(), &1.into())
    );
    let paths = home.shown(&["config", "--path"]);
    assert_eq!(paths, format!("{}\n{}\n", system.display(), user.display()));
}

#[test]
fn what_a_file_says_is_what_is_done() {
    let home = Home::new();
    let demo = format!("{TESTS}/scenarios/demo.toml");
    fs::write(home.system(), "interval = \"3s\"\nzone = \"FR\"\npue = 2\n").unwrap();
    let once = |args: &[&str]| -> Value {
        let shown = home.shown(&[&["--simulate", &demo, "--once", "--json"], args].concat());
        serde_json::from_str(&shown).unwrap()
    };
    let said = once(&[]);
    assert_eq!(said["interval_seconds"], 3.0);
    assert_eq!((&said["carbon"]["zone"], &said["carbon"]["pue"]), (&"FR".into(), &2.0.into()));
    let given = once(&["--interval", "1s", "--carbon-intensity", "5"]);
    assert_eq!(given["interval_seconds"], 1.0);
    assert_eq!((&given["carbon"]["zone"], &given["carbon"]["pue"]), (&Value::Null, &2.0.into()));
}

/// The rule fires a minute later, or not at all, where a file says so; a scenario's own thresholds
/// stand for what no file says.
#[test]
fn thresholds_of_a_file_are_those_that_count() {
    let home = Home::new();
    let scenario = format!("{TESTS}/scenarios/waste_held_gpu.toml");
    let first = || {
        let args = ["--simulate", &scenario, "--json", "--samples", "400"];
        let shown = home.shown(&args);
        shown.lines().position(|line| {
            let frame: Value = serde_json::from_str(line).unwrap();
            let findings = frame["findings"].as_array().unwrap();
            findings.iter().any(|finding| finding["rule"] == "held_gpu")
        })
    };
    let usual = first().unwrap();
    fs::write(home.system(), "[waste.held_gpu]\nafter = \"30s\"\n").unwrap();
    let early = first().unwrap();
    assert!(early < usual && (85..=105).contains(&early), "{early} {usual}");
    fs::write(home.system(), "[waste.held_gpu]\nafter = \"9h\"\n").unwrap();
    assert_eq!(first(), None);
    fs::write(home.system(), "[waste.orphans]\nafter = \"30s\"\n").unwrap();
    assert_eq!(first(), Some(usual));
}

#[test]
fn files_that_cannot_be_believed_or_read_are_refused_with_the_remedy() {
    let home = Home::new();
    let user = home.user();
    assert!(home.shown(&["config"]).contains("pue = 1\n"), "no file is none");
    let said = home.refused(&["--config", "/no/such.toml", "--once"]);
    assert!(
        said.contains("/no/such.toml: it cannot be read") && said.contains("--config"),
        "{said}"
    );
    assert!(home.refused(&["--config", "/", "config"]).contains("no regular file"));

    fs::write(home.system(), "pue = 2\n").unwrap();
    fs::set_permissions(home.system(), fs::Permissions::from_mode(0o666)).unwrap();
    let said = home.refused(&["config"]);
    let remedy = format!("chmod o-w {}\n", home.system().display());
    assert!(said.contains("anybody may write it") && said.ends_with(&remedy), "{said}");
    fs::remove_file(home.system()).unwrap();

    fs::write(&user, "# long\n".repeat(10_000)).unwrap();
    assert!(home.refused(&["config"]).contains("far too long"));
    fs::write(&user, "pue = 2\n").unwrap();
    assert!(geteuid().is_root(), "run the tests as root: sudo -E env PATH=$PATH cargo test");
    chown(&user, Some(4711), Some(4711)).unwrap();
    let said = home.refused(&["config"]);
    assert!(said.contains("(user 4711)") && said.contains("name it: --config"), "{said}");
    assert!(home.shown(&["--config", user.to_str().unwrap(), "config"]).contains("pue = 2"));
    // Through sudo, it is still the same user's.
    let mut command = home.command(&["config"]);
    assert!(told(command.env("SUDO_UID", "4711").output().unwrap()).contains("pue = 2"));

    // That user may not choose what root loads, unless root names the file.
    fs::write(&user, "pue = 2\nnvml_lib = \"/tmp/evil.so\"\n").unwrap();
    chown(&user, Some(4711), Some(4711)).unwrap();
    let mut command = home.command(&["config"]);
    let output = command.env("SUDO_UID", "4711").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    let begins = format!("jouletop: {}:2: nvml_lib: root loads a library only", user.display());
    assert!(said.starts_with(&begins) && said.contains("user 4711"), "{said}");
    assert!(home.shown(&["--config", user.to_str().unwrap(), "config"]).contains("evil.so"));
    fs::write(&user, "pue = 2\n").unwrap();

    // Of somebody without rights: a folder that they may not enter holds nothing of theirs, a
    // file that they may not read is told, and so is one of the machine.
    let program = home.0.path().join("program");
    fs::copy(env!("CARGO_BIN_EXE_jouletop"), &program).unwrap();
    let stranger = |args: &[&str]| {
        let mut command = Command::new(&program);
        command.arg("--etc-root").arg(home.0.path().join("etc")).args(args);
        command.env("XDG_CONFIG_HOME", home.0.path().join("xdg")).stdin(Stdio::null());
        command.env_remove("JOULETOP_CARBON_URL").uid(4711).gid(4711).output().unwrap()
    };
    assert!(told(stranger(&["config"])).contains("pue = 2"));
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    chown(&user, Some(0), Some(0)).unwrap();
    mode(&user, 0o600);
    let output = stranger(&["config"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("Permission denied") && said.contains("make it yours"), "{said}");
    mode(user.parent().unwrap(), 0o700);
    assert!(told(stranger(&["config"])).contains("pue = 1\n"));
    fs::write(home.system(), "pue = 2\n").unwrap();
    mode(&home.system(), 0o600);
    let output = stranger(&["config"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("let everybody read it: chmod a+rX"), "{said}");
}
