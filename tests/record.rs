//! Recordings: what is replayed is what was seen, and what is broken is told.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    cell::RefCell,
    fs,
    io::{self, BufRead, BufReader, Read as _, Write},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    rc::Rc,
    sync::Arc,
    thread,
    time::Duration,
};

use jouletop::{
    attribute::IdlePolicy,
    carbon::{Intensity, footprint::Factors},
    learn::Learner,
    ledger::Tick,
    record::{RecordingError, Replay, Setting, Tee},
    sample::GpuShare,
    session::{Chosen, Over, Session, Source},
    sim::Simulation,
    units::GramsPerKwh,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use proptest::prelude::*;
use serde_json::Value;
use support::{jouletop, kernel::alone, workload};

const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios");
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/demo.toml");
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/recordings");

/// A file in memory that several hold.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn session(source: Box<dyn Source>, chosen: Chosen) -> Session {
    let Chosen { idle_policy, gpu_share, learn, factors } = chosen;
    let method = jouletop::attribute::Method { idle_policy, gpu_share, ..Default::default() };
    let learner = Learner::new(method, source.calibrated(), learn);
    let fixed = || Box::new(Arc::new(Intensity::given(GramsPerKwh::of_grams_per_kwh(100.0))));
    let prices = source.grid().unwrap_or_else(|| fixed());
    Session::new(source, prices, learner).with_factors(factors).with_jobs()
}

fn ticks(session: &mut Session, count: usize, step: Duration) -> Vec<Tick> {
    assert!(session.tick().unwrap().is_none(), "the first marks the start");
    let one = |_| {
        session.pass(step);
        session.tick().unwrap()
    };
    (0..count).map_while(one).collect()
}

/// So many intervals of a scenario as they were live, and their recording.
fn recorded(scenario: &Path, count: usize, step: Duration, chosen: Chosen) -> (Vec<Tick>, Vec<u8>) {
    let live = Simulation::load(scenario).unwrap();
    let live = ticks(&mut session(Box::new(live), chosen), count, step);

    let source: Box<dyn Source> = Box::new(Simulation::load(scenario).unwrap());
    let fixed = || Box::new(Arc::new(Intensity::given(GramsPerKwh::of_grams_per_kwh(100.0))));
    let prices = source.grid().unwrap_or_else(|| fixed());
    let floors = source.calibrated();
    let thresholds = source.thresholds();
    let setting = Setting { chosen, floors, thresholds, interval: step, ..Setting::default() };
    let memory = Memory::default();
    let (mut tee, keeping) = Tee::begin(source, prices, setting, memory.clone()).unwrap();
    tee.sample().unwrap();
    for _ in 0..count {
        tee.pass(step);
        tee.sample().unwrap();
    }
    keeping.end().unwrap();
    let bytes = memory.0.take();
    assert_eq!(keeping.written(), bytes.len() as u64);
    (live, bytes)
}

fn open(bytes: &[u8]) -> Result<Replay, RecordingError> {
    let bytes: Box<dyn io::Read> = Box::new(io::Cursor::new(bytes.to_vec()));
    Replay::read(bytes, Path::new("hour.jtr"))
}

/// All intervals of a recording, and how it ended.
fn replayed(bytes: &[u8]) -> Result<(Vec<Tick>, Over), RecordingError> {
    let source = open(bytes)?;
    let chosen = source.chosen();
    let mut session = session(Box::new(source), chosen);
    let ticks = ticks(&mut session, usize::MAX, Duration::ZERO);
    let over = session.over().unwrap().clone();
    Ok((ticks, over))
}

/// The first intervals of what was live are these, in every respect.
fn same(live: &[Tick], replayed: &[Tick], what: &str) {
    assert!(replayed.len() <= live.len(), "{what}");
    for (index, (live, replayed)) in live.iter().zip(replayed).enumerate() {
        assert!(live.frame == replayed.frame, "{what}, frame {index}");
        assert_eq!(live.intensity, replayed.intensity, "{what}, {index}");
        assert_eq!(live.placed, replayed.placed, "{what}, {index}");
        assert_eq!(live.findings, replayed.findings, "{what}, {index}");
    }
}

fn scenarios() -> Vec<PathBuf> {
    let all = fs::read_dir(SCENARIOS).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> =
        all.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    all.sort();
    assert!(all.len() > 30);
    all
}

#[test]
fn an_hour_is_replayed_frame_by_frame() {
    for scenario in ["demo.toml", "gpu_demo.toml"] {
        let path = Path::new(SCENARIOS).join(scenario);
        let (live, bytes) = recorded(&path, 3600, Duration::from_secs(1), Chosen::default());
        let (replayed, over) = replayed(&bytes).unwrap();
        assert_eq!(replayed.len(), 3600);
        same(&live, &replayed, scenario);
        assert_eq!((over.cut, over.damaged), (false, false));
        assert!(over.words.contains("ends here after 20"), "{}", over.words);
    }
}

#[test]
fn every_scenario_is_replayed_as_it_was_whatever_was_chosen() {
    let policies = [IdlePolicy::None, IdlePolicy::Proportional, IdlePolicy::Equal];
    for (index, path) in scenarios().iter().enumerate() {
        let chosen = Chosen {
            idle_policy: policies[index % 3],
            gpu_share: if index % 2 == 0 { GpuShare::Equal } else { GpuShare::Memory },
            learn: index % 5 == 0,
            factors: Factors { pue: 1.0 + index as f64 / 100.0, overhead: 1.1 },
        };
        for step in [Duration::from_millis(730), Duration::from_secs(10)] {
            let (live, bytes) = recorded(path, 60, step, chosen);
            let (replayed, _) = replayed(&bytes).unwrap();
            assert_eq!(replayed.len(), live.len());
            same(&live, &replayed, &path.display().to_string());
        }
    }
}

#[test]
fn what_was_cut_off_is_replayed_up_to_the_cut_and_told() {
    let (live, bytes) = recorded(Path::new(DEMO), 600, Duration::from_secs(1), Chosen::default());
    // Any places, the same in each run.
    let mut seed = 1_u64;
    let mut shortened = 0;
    for _ in 0..100 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = (seed >> 33) as usize % bytes.len();
        match replayed(&bytes[..length]) {
            Ok((replayed, over)) => {
                same(&live, &replayed, &format!("{length} bytes"));
                assert!(over.cut && !over.damaged, "{over:?}");
                let last = replayed.last().unwrap().frame.time;
                let words = last.strftime("cut off after %Y-%m-%d %H:%M:%SZ").to_string();
                assert!(over.words.contains(&words), "{} lacks {words}", over.words);
                shortened += 1;
            }
            Err(RecordingError::Empty { .. } | RecordingError::Foreign { .. }) => {
                assert!(length < 2500, "{length} bytes hold an interval");
            }
            Err(error) => panic!("{length} bytes: {error}"),
        }
    }
    assert!(shortened > 90);
    // Each whole block is used: one byte less costs but the last interval.
    let (all, over) = replayed(&bytes[..bytes.len() - 1]).unwrap();
    assert_eq!((all.len(), over.cut), (600, true));
}

#[test]
fn a_single_byte_that_changed_is_told_and_nothing_behind_it_believed() {
    let (live, good) = recorded(Path::new(DEMO), 6, Duration::from_secs(1), Chosen::default());
    for at in 0..good.len() {
        for flip in [1_u8 << (at % 8), 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            match replayed(&bad) {
                Ok((replayed, over)) => {
                    assert!(over.cut || over.damaged, "byte {at}: {over:?}");
                    same(&live, &replayed, &format!("byte {at}"));
                    // What lies before it is not lost.
                    let before = self::replayed(&good[..at]).unwrap().0.len();
                    assert_eq!(replayed.len(), before, "byte {at}");
                }
                Err(error) => {
                    let told = error.to_string();
                    let remedies = ["make one", "newer version", "record anew", "another copy"];
                    assert!(remedies.iter().any(|remedy| told.contains(remedy)), "{told}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_or_end(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        begins in any::<bool>(),
    ) {
        let magic: &[u8] = if begins { b"jouletop recording 1\n" } else { b"" };
        prop_assert!(replayed(&[magic, &bytes].concat()).is_err());
    }
}

#[test]
fn what_is_no_recording_of_ours_is_refused_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f");
    let refused = |bytes: &[u8], words: &[&str]| {
        fs::write(&file, bytes).unwrap();
        let output = run(&["replay", file.to_str().unwrap(), "--json"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(output.stdout.is_empty());
        for word in words {
            assert!(said.contains(word), "{said:?} lacks {word:?}");
        }
    };
    refused(b"", &["is no recording", "jouletop record -o"]);
    refused(b"{\"schema\": 1}\n", &["is no recording"]);
    refused(b"jouletop recording 1", &["is no recording"]);
    refused(b"jouletop recording 2\nwhatever", &["form 2", "reads up to 1", "newer version"]);
    refused(b"jouletop recording 0\n", &["is no recording"]);
    refused(b"jouletop recording 1\n", &["ends before its first interval", "record anew"]);
    for (args, code, words) in [
        (vec!["replay", "/no/such", "--json"], 1, "/no/such: No such file"),
        (vec!["replay", "/", "--json"], 1, "name a file of jouletop record"),
        (vec!["replay", "/dev/zero", "--json"], 1, "is no recording"),
        (vec!["replay", "x", "--json", "--threads"], 2, "leave out --threads"),
        (vec!["replay", "x", "--json", "--whole", "none"], 2, "leave out --whole"),
        (vec!["replay", "x", "--json", "--probe", "proc"], 2, "leave out --probe"),
        (vec!["replay", "x", "--json", "--nvml-lib", "/x"], 2, "leave out --nvml-lib"),
        (vec!["--once", "replay", "x"], 2, "--once stands before replay; write it behind"),
        (vec!["--samples", "2", "replay", "x"], 2, "--samples stands before replay"),
        (vec!["--by", "user", "replay", "x", "--json"], 2, "--by stands before replay"),
        (vec!["--once", "doctor"], 2, "--once is of the screen and of replay; leave it out"),
        (vec!["--readonly", "record", "-o", "x"], 2, "--readonly is of the screen"),
        (vec!["--theme", "dark", "doctor"], 2, "--theme is of the screen"),
        (vec!["replay", "x", "--ascii", "--theme", "dark", "--readonly"], 1, "needs a terminal"),
        (vec!["--theme", "dark", "replay", "x"], 1, "needs a terminal"),
        (vec!["replay", "x", "--json", "--simulate", DEMO], 2, "leave out --simulate"),
        (vec!["replay", "x", "--json", "--carbon-source", "neso"], 2, "a recording has its own"),
        (vec!["replay", "x", "--speed", "0"], 2, "from 0.01 to 1000"),
        (vec!["replay", "x"], 1, "needs a terminal"),
        (vec!["record"], 2, "-o FILE"),
        (vec!["record", "-o", "x", "--csv"], 2, "use --json"),
        (vec!["record", "-o", "x", "--for", "soon"], 2, "such as 90s or 8h"),
        (vec!["record", "-o", "/no/such/x"], 1, "name another file with -o"),
    ] {
        let output = run(&args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(words), "{args:?} says {said:?}");
    }
}

/// For ever: a file of form 1 that was made when form 1 was new.
#[test]
fn a_recording_of_form_1_is_read() {
    let file = Path::new(FIXTURES).join("v1.jtr");
    let output = run(&["replay", file.to_str().unwrap(), "--json"]);
    assert_eq!(text(&output.stderr), "");
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    insta::assert_json_snapshot!(lines);
}

fn run(args: &[&str]) -> Output {
    jouletop().args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_was_chosen_holds_unless_somebody_says_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f");
    let file = file.to_str().unwrap();
    let chosen = ["--idle-policy", "equal", "--zone", "FR", "--pue", "1.5"];
    let record = ["record", "--simulate", DEMO, "-o", file, "--for", "2500ms", "--json"];
    let live = run(&[&record[..], &chosen].concat());
    assert!(text(&live.stderr).contains("3 intervals"), "{}", text(&live.stderr));
    let replay = |args: &[&str]| {
        let output = run(&[&["replay", file, "--json"], args].concat());
        assert!(output.status.success() && output.stderr.is_empty());
        output.stdout
    };
    assert_eq!(text(&replay(&[])), text(&live.stdout));
    // The last is half as long, as it was.
    let lines = text(&live.stdout);
    assert!(lines.lines().last().unwrap().contains("\"interval_seconds\":0.5"), "{lines}");

    // What was learned can be left out: as if it had not been asked for.
    let learned = dir.path().join("learned");
    let learned = learned.to_str().unwrap();
    let say = |args: &[&str]| text(&run(&[&["--simulate", DEMO, "--json"], args].concat()).stdout);
    let with = say(&["record", "-o", learned, "--for", "300s", "--learn"]);
    let without = say(&["--samples", "300"]);
    assert!(with != without && !without.is_empty());
    let replay_learned =
        |args: &[&str]| text(&run(&[&["replay", learned, "--json"], args].concat()).stdout);
    assert!(replay_learned(&[]) == with && replay_learned(&["--learn=false"]) == without);

    let other = ["--idle-policy", "none", "--zone", "PL", "--pue", "1"];
    let direct = run(&[&["--simulate", DEMO, "--json", "--samples", "2"], &other[..]].concat());
    let replayed = replay(&other);
    assert!(text(&replayed).starts_with(&text(&direct.stdout)));
    let by = run(&["replay", file, "--by", "user", "--once"]);
    let said = text(&by.stdout);
    assert!(said.contains("anna") && said.contains("56 g/kWh, France 2023"), "{said}");
}

#[test]
fn thresholds_that_were_in_force_are_those_of_the_recording() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (file, config) = (path("f"), path("config.toml"));
    let scenario = format!("{SCENARIOS}/waste_held_gpu.toml");
    let record = |file: &str, config: &str| {
        let args = ["record", "--simulate", &scenario, "-o", file, "--for", "120s", "--json"];
        let output = run(&[&args[..], &["--config", config]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    fs::write(&config, "[waste.held_gpu]\nafter = \"30s\"\n").unwrap();
    let live = record(&file, &config);
    let usual = record(&path("usual"), "/dev/null");
    let found = |text: &str| text.contains("\"rule\":\"held_gpu\"");
    assert!(found(&live) && !found(&usual), "the configuration makes the difference");
    assert_eq!(text(&run(&["replay", &file, "--json"]).stdout), live);
}

#[test]
fn a_configuration_of_whoever_replays_changes_no_finding() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (file, config) = (path("f"), path("config.toml"));
    let scenario = format!("{SCENARIOS}/waste_held_gpu.toml");
    let live = run(&["record", "--simulate", &scenario, "-o", &file, "--for", "600s", "--json"]);
    let live = text(&live.stdout);
    assert!(live.contains("\"rule\":\"held_gpu\""));
    let theirs = "pue = 2\nwhole = \"none\"\n[waste.held_gpu]\nafter = \"9h\"\n[waste]\nspinning.after = \"1s\"\n";
    fs::write(&config, theirs).unwrap();
    let output = run(&["replay", &file, "--json", "--config", &config]);
    assert_eq!((text(&output.stderr), text(&output.stdout) == live), (String::new(), true));
}

#[test]
fn only_its_owner_reads_it_and_nothing_is_overwritten_by_chance() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = path.to_str().unwrap();
    let args = ["record", "--simulate", DEMO, "-o", file, "--for", "1s"];
    assert!(run(&args).status.success());
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    let before = fs::read(&path).unwrap();
    let refused = run(&args);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("is there already; name another file"));
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(run(&[&args[..], &["--force"]].concat()).status.success());
    assert_eq!((mode(), fs::read(&path).unwrap().len()), (0o600, before.len()));
    // Nor what a link in somebody's directory leads to.
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let link = ["record", "--simulate", DEMO, "-o", link.to_str().unwrap(), "--for", "1s"];
    for force in [&[][..], &["--force"]] {
        assert_eq!(run(&[&link[..], force].concat()).status.code(), Some(1));
    }
    assert_eq!(fs::read(&path).unwrap().len(), before.len());
}

/// Starts a recording of a made-up machine that takes its time, with every interval printed.
fn recording(file: &str) -> std::process::Child {
    let args = ["record", "--simulate", DEMO, "-o", file, "--json", "--interval", "50ms"];
    let mut command = jouletop();
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The first lines that are told, however long they take.
fn lines(from: &mut impl BufRead, count: usize) -> String {
    let mut told = String::new();
    for _ in 0..count {
        assert_ne!(from.read_line(&mut told).unwrap(), 0, "it ended early: {told}");
    }
    told
}

#[test]
fn killed_at_any_moment_it_loses_nothing_that_was_told() {
    let dir = tempfile::tempdir().unwrap();
    for turn in 0..6 {
        let path = dir.path().join(turn.to_string());
        let file = path.to_str().unwrap();
        let mut child = recording(file);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut told = lines(&mut stdout, 3);
        // At another moment of an interval each time.
        thread::sleep(Duration::from_millis(7 * turn));
        child.kill().unwrap();
        child.wait().unwrap();
        stdout.read_to_string(&mut told).unwrap();
        let output = run(&["replay", file, "--json"]);
        let replayed = text(&output.stdout);
        assert!(output.status.success());
        assert!(
            text(&output.stderr).contains("was cut off after 2026"),
            "{}",
            text(&output.stderr)
        );
        assert!(told.lines().count() > 2 && replayed.starts_with(&told), "{told}\n{replayed}");
        // It is in the file before it is told: at most that one interval is more.
        assert!(replayed.lines().count() <= told.lines().count() + 1);
    }
}

#[test]
fn asked_to_end_it_ends_in_order() {
    let dir = tempfile::tempdir().unwrap();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let path = dir.path().join(signal.as_str());
        let file = path.to_str().unwrap();
        let mut child = recording(file);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut told = lines(&mut stdout, 3);
        kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        stdout.read_to_string(&mut told).unwrap();
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
        assert!(text(&ended.stderr).contains("jouletop replay"), "{}", text(&ended.stderr));
        let output = run(&["replay", file, "--json"]);
        assert_eq!((text(&output.stderr), text(&output.stdout)), (String::new(), told));
    }
}

#[test]
fn a_full_disk_is_told_and_what_was_written_is_whole() {
    support::require_root();
    let dir = tempfile::tempdir().unwrap();
    // A file system of its own, which goes with its namespace.
    let script = "mount -t tmpfs -o size=16k tmpfs \"$1\" || exit 99
        \"$0\" record --simulate \"$2\" -o \"$1/f\" --for 1h; echo \"code $?\" >&2
        \"$0\" replay \"$1/f\" --json";
    let output = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", script, env!("CARGO_BIN_EXE_jouletop")])
        .args([dir.path().as_os_str(), DEMO.as_ref()])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    for words in ["cannot be written", "free some space", "No space left", "code 1", "was cut off"]
    {
        assert!(said.contains(words), "{said}");
    }
    assert!(output.status.success(), "{said}");
    let direct = run(&["--simulate", DEMO, "--json", "--samples", "200"]);
    let (replayed, direct) = (text(&output.stdout), text(&direct.stdout));
    assert!(replayed.lines().count() > 20 && direct.starts_with(&replayed));
    let full = run(&["record", "--simulate", DEMO, "-o", "/dev/full", "--for", "1s"]);
    assert_eq!(full.status.code(), Some(1));
}

/// This machine with the kernel probe: short processes, names, threads, whatever there is.
#[test]
fn the_real_machine_is_replayed_as_it_was() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = path.to_str().unwrap();
    let counted = ["--weight", "cycles", "--cycles-from", "software", "--threads"];
    for more in [&[][..], &counted] {
        let mut busy = workload().args(["busy", "60"]).spawn().unwrap();
        let args = ["record", "-o", file, "--json", "--for", "3s", "--probe", "bpf", "--force"];
        let live = run(&[&args[..], more].concat());
        busy.kill().unwrap();
        busy.wait().unwrap();
        let said = text(&live.stderr);
        assert!(live.status.success() && said.contains("3 intervals"), "{more:?}: {said}");
        let replayed = run(&["replay", file, "--json"]);
        assert_eq!(text(&replayed.stderr), "");
        assert!(text(&live.stdout) == text(&replayed.stdout), "{more:?}");
        let seen = text(&live.stdout);
        assert!(seen.lines().count() == 3 && seen.contains("workload"), "{seen}");
        assert_eq!(!more.is_empty(), seen.contains("\"threads\":["));
    }
}
