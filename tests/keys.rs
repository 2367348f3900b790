//! Every key in a terminal that people use: tmux, with a shell in it.
//!
//! The table of keys says what there is to press while one browses; a key without an expectation
//! here fails, but for those that leave the screen, which have tests of their own. `pty.rs` has what
//! needs no terminal that people use, and what is done to real processes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "keys/mouse.rs"]
mod mouse;
mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    thread::sleep,
    time::Duration,
};

use crossterm::event::KeyCode;
use jouletop::{
    attribute::Method,
    carbon::Intensity,
    learn::Learner,
    session::{Session, Source as _},
    sim::Simulation,
    tui::{
        App, Theme,
        action::{Action, BINDINGS, Binding, Key},
        column::Column,
        setting::Setting,
        tab::Tab,
    },
};

const SCENARIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/server.toml");
/// Between two keys: what follows Esc at once would be Alt with it.
const PAUSE: Duration = Duration::from_millis(60);
/// How often one looks before one gives up, half a minute and more.
const LOOKS: usize = 1000;

/// A window of tmux with a shell, of a server that nobody else uses.
struct Tmux {
    socket: String,
    folder: tempfile::TempDir,
}

/// What a window shows.
struct Shot {
    text: String,
    /// The row that is turned round, and its line.
    selected: Option<(usize, String)>,
}

impl Shot {
    fn line(&self) -> Option<usize> {
        self.selected.as_ref().map(|(line, _)| *line)
    }

    fn is_selected(&self, word: &str) -> bool {
        self.selected.as_ref().is_some_and(|(_, row)| row.contains(word))
    }

    /// The selected row is no process; these come last in the order of numbers.
    fn is_no_process(&self) -> bool {
        let rows = ["(idle)", "(kernel)", "(irq)", "(unattributed)", "(rest)", "(jouletop)"];
        rows.into_iter().any(|row| self.is_selected(row))
    }

    /// Where the arrow of the sorted column stands among the titles.
    fn arrow(&self) -> Option<usize> {
        let head = self.text.lines().find(|line| line.contains("USER"))?;
        head.chars().position(|letter| ['▲', '▼'].contains(&letter))
    }
}

impl Tmux {
    fn start(name: &str) -> Self {
        let socket = format!("jouletop-{}-{name}", std::process::id());
        let tmux = Self { socket, folder: tempfile::tempdir().unwrap() };
        let size = ["-x", "200", "-y", "50"];
        let shell = "exec env -u NO_COLOR PS1='$ ' bash --norc --noprofile -i";
        let made = tmux.ask(&[&["new-session", "-d"], &size[..], &[shell]].concat());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        tmux.until("a prompt", |shot| shot.text.contains('$'));
        tmux
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.socket, "-f", "/dev/null"]).args(arguments);
        command.env("LC_ALL", "C.UTF-8").env("TERM", "xterm-256color").env_remove("TMUX");
        command.output().unwrap_or_else(|error| {
            panic!("tmux does not start ({error}); install it: apt-get install tmux")
        })
    }

    fn press(&self, key: &str) {
        let words: &[&str] = if key.chars().count() == 1 { &["-l", "--"] } else { &[] };
        let sent = self.ask(&[&["send-keys"], words, &[key]].concat());
        assert!(sent.status.success(), "{key}: {}", String::from_utf8_lossy(&sent.stderr));
        sleep(PAUSE);
    }

    fn type_line(&self, line: &str) {
        self.ask(&["send-keys", "-l", "--", line]);
        self.press("Enter");
    }

    fn shot(&self) -> Shot {
        let capture = |more: &[&str]| {
            let output = self.ask(&[&["capture-pane", "-p"], more].concat());
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let styled = capture(&["-e"]);
        // `ESC [ 7 m`, or the last of several such numbers.
        let turned = |line: &&str| {
            (line.contains("\x1b[7m") || line.contains(";7m")) && !line.contains(" tree")
        };
        let mut lines = styled.lines().enumerate();
        let selected = lines.find(|(_, line)| turned(line));
        Shot { text: capture(&[]), selected: selected.map(|(at, row)| (at, row.to_owned())) }
    }

    fn until(&self, what: &str, holds: impl Fn(&Shot) -> bool) -> Shot {
        for _ in 0..LOOKS {
            let shot = self.shot();
            if holds(&shot) {
                return shot;
            }
            sleep(Duration::from_millis(30));
        }
        panic!("never: {what}\n{}", self.shot().text);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts jouletop in the shell, which notes how the terminal was before and after.
    fn run(&self) {
        self.run_with("");
    }

    fn run_with(&self, options: &str) {
        self.run_as(env!("CARGO_BIN_EXE_jouletop"), SCENARIO, options);
    }

    fn run_as(&self, program: &str, scenario: &str, options: &str) {
        self.type_line("clear");
        let line = format!(
            "stty -a > {0}/before; sh -c 'echo $$ > {0}/pid; exec {1} --simulate {2} --interval \
             1s {options}'; echo status=$?; stty -a > {0}/after; echo noted",
            self.folder.path().display(),
            program,
            scenario,
        );
        self.type_line(&line);
        self.until("rows", |shot| shot.text.contains("all ") && shot.text.contains("(idle)"));
    }

    fn pid(&self) -> i32 {
        fs::read_to_string(self.file("pid")).unwrap().trim().parse().unwrap()
    }

    /// It has ended well, and the terminal is as it was.
    fn left_as_it_was(&self, road: &str) {
        self.until(&format!("the end by {road}"), |shot| {
            shot.text.contains("\nnoted\n") && !shot.text.contains("(idle)")
        });
        let shown = self.shot().text;
        assert!(shown.contains("status=0"), "{road}: {shown}");
        let [before, after] = ["before", "after"].map(|name| fs::read_to_string(self.file(name)));
        assert_eq!(before.unwrap(), after.unwrap(), "{road}");
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}

/// How tmux calls a key.
fn name(key: Key) -> String {
    match key.code {
        KeyCode::Char(letter) if key.ctrl => format!("C-{letter}"),
        KeyCode::Char(letter) => letter.to_string(),
        KeyCode::F(number) => format!("F{number}"),
        KeyCode::Esc => "Escape".into(),
        KeyCode::BackTab => "BTab".into(),
        KeyCode::PageUp => "PPage".into(),
        KeyCode::PageDown => "NPage".into(),
        KeyCode::Backspace => "BSpace".into(),
        other => format!("{other:?}"),
    }
}

type Holds = Box<dyn Fn(&Shot, &Shot) -> bool>;

/// What is pressed before a key, what it changes, and what takes that back.
struct Expected {
    before: Vec<&'static str>,
    holds: Holds,
    after: Vec<&'static str>,
}

fn shows(before: &[&'static str], word: &'static str, after: &[&'static str]) -> Expected {
    let holds: Holds = Box::new(move |_, shot| shot.text.contains(word));
    Expected { before: before.into(), holds, after: after.into() }
}

fn hides(before: &[&'static str], word: &'static str, after: &[&'static str]) -> Expected {
    let holds: Holds = Box::new(move |old, shot| {
        assert!(old.text.contains(word), "there is no {word:?} to begin with:\n{}", old.text);
        !shot.text.contains(word)
    });
    Expected { before: before.into(), holds, after: after.into() }
}

/// What was not said before.
fn says(before: &[&'static str], word: &'static str, after: &[&'static str]) -> Expected {
    let holds: Holds = Box::new(move |old, shot| {
        assert!(!old.text.contains(word), "there is {word:?} to begin with:\n{}", old.text);
        shot.text.contains(word)
    });
    Expected { before: before.into(), holds, after: after.into() }
}

/// Another row is selected, this one; rows in the order of their numbers hold still.
fn moves(before: &[&'static str], there: fn(&Shot, &Shot) -> bool) -> Expected {
    let holds: Holds = Box::new(move |old, shot| {
        shot.selected.is_some() && shot.selected != old.selected && there(old, shot)
    });
    Expected { before: [&["P"], before].concat(), holds, after: vec!["Escape", "W"] }
}

/// So many lines from one to the other.
fn lines(one: &Shot, other: &Shot) -> usize {
    one.line().zip(other.line()).map_or(0, |(one, other)| other.saturating_sub(one))
}

/// A row of the tree that others hang on keeps them to itself.
fn folds(before: &[&'static str], after: &[&'static str]) -> Expected {
    let folded = |text: &str| text.lines().any(|line| line.contains('+') && line.contains("/init"));
    let holds: Holds = Box::new(move |_, shot| folded(&shot.text));
    Expected { before: before.into(), holds, after: after.into() }
}

fn sorts(column: Column) -> Expected {
    let title = match column {
        Column::Watts => "W",
        Column::Joules => "J",
        Column::Grams => "gCO2e",
        Column::Cpu => "CPU%",
        Column::GpuPercent => "GPU%",
        Column::GpuMemory => "GPU GiB",
        Column::GpuWatts => "GPU W",
        Column::GpuJoules => "GPU J",
        Column::Pid => "PID",
        Column::Job => "JOB",
        Column::Name => "COMMAND",
        other => panic!("{other:?}: say in tests/keys.rs what its title is"),
    };
    let holds: Holds = Box::new(move |_, shot| {
        let head = shot.text.lines().find(|line| line.contains("USER")).unwrap_or_default();
        let arrows = ['▲', '▼'];
        arrows.iter().any(|arrow| {
            head.split("  ").any(|word| {
                let word = word.trim();
                word.contains(&format!("{arrow}{title}"))
                    || word.contains(&format!("{title}{arrow}"))
            })
        })
    });
    let other = if column == Column::Name { "W" } else { "N" };
    Expected { before: vec![other], holds, after: vec!["W"] }
}

/// What a binding does, on the tab of processes unless it says otherwise. None of those that
/// leave the screen, which have tests of their own below.
fn expected(binding: &Binding) -> Option<Expected> {
    let remedy = "say in tests/keys.rs what a user sees when this key is pressed";
    Some(match binding.action {
        Action::Quit | Action::Suspend => return None,
        // tests/pty.rs acts on real processes: a made-up machine has none. What is told goes
        // when something else is asked.
        Action::Signal | Action::Nice(_) | Action::Io => says(&[], "made up", &["x", "Escape"]),
        Action::Export => says(&[], "export what is shown?", &["Escape"]),
        // The second press shows the card, or tells that it was too soon for one.
        Action::Measure => says(&[], " m all rows ", &["m", "Escape", "x", "Escape"]),
        Action::Zoom => says(&["4"], " user anna ", &["Escape", "Escape", "1"]),
        Action::Earlier | Action::MinuteEarlier => shows(&[], " ago", &["Escape"]),
        Action::Later | Action::MinuteLater => hides(&[","], " ago", &[]),
        Action::AskTime => shows(&[], "time: ", &["Escape"]),
        Action::Help => shows(&[], "Marks", &["Escape"]),
        Action::Detail => shows(&["Home", "Down", "Down"], "since start", &["Escape", "Escape"]),
        Action::Back => hides(&["/", "z", "q", "z", "Enter"], "/zqz", &[]),
        Action::NextTab | Action::Tab(Tab::Tree) => shows(&[], "├─", &["1"]),
        Action::Tab(Tab::Processes) => hides(&["2"], "├─", &[]),
        Action::Tab(Tab::Jobs) => shows(&[], "slurm 4711 (llama-ft)", &["1"]),
        Action::Tab(Tab::Users) => shows(&[], " chloé\n", &["1"]),
        Action::Tab(Tab::Containers) => shows(&[], "(no container)", &["1"]),
        Action::Tab(Tab::Units) => shows(&[], " slurmstepd.scope", &["1"]),
        Action::Tab(Tab::Commands) => shows(&[], " python3 sweep.py\n", &["1"]),
        Action::PreviousTab | Action::Tab(Tab::Findings) => {
            shows(&[], "WHAT LOOKS LIKE WASTE", &["1"])
        }
        Action::Fold => folds(&["2", "Home"], &["Right", "Escape", "1"]),
        Action::Unfold => shows(&["2", "Home", "Left"], "├─torchrun", &["Escape", "1"]),
        Action::FoldAll => folds(&["2", "Home"], &["*", "Escape", "1"]),
        Action::Filter => shows(&[], "filter: ", &["Escape"]),
        Action::Users => shows(&[], "WHOSE ROWS", &["Escape"]),
        Action::SortLeft => Expected {
            holds: Box::new(|old, shot| shot.arrow().is_some() && shot.arrow() < old.arrow()),
            ..hides(&["W"], "▼W", &["W"])
        },
        Action::SortRight => Expected {
            holds: Box::new(|old, shot| old.arrow().is_some() && shot.arrow() > old.arrow()),
            ..hides(&["W"], "▼W", &["W"])
        },
        Action::Sort(column) => sorts(column),
        Action::Reverse => shows(&["W"], "▲W", &["I"]),
        Action::Pause => shows(&[], "PAUSED", &[" "]),
        Action::Ended => Expected {
            before: vec!["/", "e", "m", "i", "t", ".", "c", "c", "Enter", "until: (ended)"],
            ..hides(&[], "emit.cc (ended)", &["e", "Escape"])
        },
        Action::Gpus => hides(&[], "gpu-0 H100", &["d"]),
        Action::Units => shows(&[], " Wh ", &["U", "U"]),
        Action::Slower => shows(&[], "every 2.0s", &["-"]),
        Action::Faster => hides(&[], "every 1.0s", &["+"]),
        Action::Up => moves(&["Home", "Down", "Down"], |old, shot| lines(shot, old) == 1),
        Action::Down => moves(&["Home"], |old, shot| lines(old, shot) == 1),
        // The first and the last in the order of numbers: pid 1, and a row without one.
        Action::First => moves(&["End"], |_, shot| shot.is_selected("/sbin/init")),
        Action::Last => moves(&["Home"], |_, shot| shot.is_no_process()),
        Action::PageUp => {
            moves(&["End"], |old, shot| lines(shot, old) > 1 && !shot.is_selected("/sbin/init"))
        }
        Action::PageDown => {
            moves(&["Home"], |old, shot| lines(old, shot) > 1 && !shot.is_no_process())
        }
        Action::Settings => shows(&[], "SETTINGS", &["Escape"]),
        Action::Accept
        | Action::Pick
        | Action::Type(_)
        | Action::Erase
        | Action::Card
        | Action::PreviousValue
        | Action::NextValue
        | Action::Undo
        | Action::Save
        | Action::Select(_)
        | Action::Choose(_)
        | Action::Scroll(_)
        | Action::ScrollRows(_)
        | Action::Divide(_) => panic!("{:?} is valid while browsing: {remedy}", binding.action),
    })
}

/// The same machine as a value, to ask which keys are valid while one browses.
fn browsing() -> Vec<App> {
    let made = |actions: &[Action]| {
        let machine = Simulation::load(Path::new(SCENARIO)).unwrap();
        let learner = Learner::new(Method::default(), machine.calibrated(), false);
        let world = Box::new(Arc::new(Intensity::world()));
        let mut session = Session::new(Box::new(machine), world, learner);
        let interval = Duration::from_secs(1);
        let mut app = App::new(session.describe().clone(), interval, Theme::plain());
        for _ in 0..3 {
            if let Some(tick) = session.tick().unwrap() {
                app.tick(tick);
            }
            session.pass(interval);
        }
        for action in actions {
            app.update(*action);
        }
        app
    };
    let tree = made(&[Action::Tab(Tab::Tree), Action::Down]);
    vec![made(&[]), made(&[Action::Down]), tree, made(&[Action::Tab(Tab::Users)])]
}

#[test]
fn every_key_does_what_its_help_says() {
    let apps = browsing();
    let tmux = Tmux::start("every");
    tmux.run();
    let mut pressed = 0;
    for binding in BINDINGS.iter().filter(|binding| apps.iter().any(|app| binding.when.holds(app)))
    {
        for key in binding.keys {
            let Some(expected) = expected(binding) else { continue };
            for before in &expected.before {
                match before.strip_prefix("until: ") {
                    Some(word) => drop(tmux.until(word, |shot| shot.text.contains(word))),
                    None => tmux.press(before),
                }
            }
            sleep(PAUSE);
            let old = tmux.shot();
            tmux.press(&name(*key));
            let what = format!("{}: {}", key.label(), binding.help);
            tmux.until(&what, |shot| (expected.holds)(&old, shot));
            expected.after.iter().for_each(|after| tmux.press(after));
            pressed += 1;
        }
    }
    assert!(pressed >= 50, "only {pressed} keys");
    tmux.press("q");
    tmux.left_as_it_was("q");
}

#[test]
fn a_key_of_ones_own_does_what_it_says_and_its_old_one_no_more() {
    let tmux = Tmux::start("own");
    let config = tmux.file("config.toml");
    let keys = "[keys]\nfilter = [\"F4\"]\npause = [\"p\"]\nquit = [\"Q\"]\nexport = []\n\
                tab_user = [\"F5\"]\nup = [\"F6\", \"k\"]\n";
    fs::write(&config, keys).unwrap();
    tmux.run_with(&format!("--config {}", config.display()));
    let footer = |shot: &Shot| shot.text.trim_end().lines().last().unwrap_or_default().to_owned();
    let shot = tmux.until("its footer", |shot| footer(shot).contains("F4 filter"));
    assert!(footer(&shot).contains("Q quit") && footer(&shot).contains("p pause"), "{}", shot.text);
    assert!(!footer(&shot).contains("export"), "{}", shot.text);
    assert!(shot.text.contains(" F5 user ") && !shot.text.contains("4 user"), "{}", shot.text);

    // The old ones do nothing: what comes after them is what is seen.
    for old in ["/", " ", "x", "4", "q", "F10"] {
        tmux.press(old);
    }
    tmux.press("p");
    let shot = tmux.until("a pause", |shot| shot.text.contains("PAUSED"));
    for word in ["filter: ", "export what", " chloé\n"] {
        assert!(!shot.text.contains(word), "{word}\n{}", shot.text);
    }
    tmux.press("p");
    tmux.until("no pause", |shot| !shot.text.contains("PAUSED"));

    // Letters are text where something is typed.
    tmux.press("F4");
    tmux.press("p");
    tmux.press("Q");
    tmux.until("a filter", |shot| shot.text.contains("filter: pQ"));
    tmux.press("Escape");
    tmux.press("F5");
    tmux.until("users", |shot| shot.text.contains(" chloé\n"));
    tmux.press("1");

    tmux.press("?");
    let shot = tmux.until("the help", |shot| shot.text.contains("Marks"));
    let line = |words: &str| {
        let line = shot.text.lines().find(|line| line.contains(words)).unwrap_or_default();
        let before = line.split(words).next().unwrap_or_default();
        before.trim_end().rsplit("   ").next().unwrap_or_default().trim().to_owned()
    };
    assert_eq!(line("filter: text"), "F4", "{}", shot.text);
    assert_eq!(line("pause the picture"), "p", "{}", shot.text);
    assert_eq!(line("row above, below"), "F6 ↓ k j", "{}", shot.text);
    assert!(!shot.text.contains("export what is shown"), "{}", shot.text);
    tmux.press("Escape");
    tmux.until("no help", |shot| !shot.text.contains("Marks"));
    tmux.press("Q");
    tmux.left_as_it_was("Q");
}

/// Opens the settings at one of them, from the table.
fn open_setting(tmux: &Tmux, name: &str) {
    tmux.press("F2");
    tmux.until("the settings", |shot| shot.text.contains("SETTINGS"));
    tmux.press("Home");
    let index = Setting::all().position(|setting| setting.short() == name).unwrap();
    (0..index).for_each(|_| tmux.press("Down"));
    tmux.until(name, |shot| shot.is_selected(&format!(" {name} ")));
}

#[test]
fn settings_are_changed_saved_and_there_at_the_next_start() {
    let tmux = Tmux::start("settings");
    let config = tmux.file("config.toml");
    let before = "# Ada's own.\npue = 1.5   # measured in May\n\n[screen] # at night\n\
                  ascii = true # the old terminal\n\n# Waste.\n[waste.orphans]\nafter = \"9m\"\n";
    fs::write(&config, before).unwrap();
    let options = format!("--config {}", config.display());
    tmux.run_with(&options);
    open_setting(&tmux, "ascii");
    tmux.until("its origin", |shot| shot.text.contains("your file, line 5"));
    tmux.press("Right");
    tmux.press("Escape");
    open_setting(&tmux, "theme");
    tmux.press("Right");
    tmux.until("another theme", |shot| shot.text.contains("changed, was auto"));
    tmux.press("Escape");
    open_setting(&tmux, "columns");
    tmux.press("Enter");
    tmux.until("columns", |shot| shot.text.contains("[x] pid"));
    tmux.press(" ");
    tmux.until("no PID", |shot| shot.text.contains("[ ] pid"));
    assert_eq!(fs::read_to_string(&config).unwrap(), before, "nothing is written unasked");
    tmux.press("s");
    tmux.until("a word", |shot| shot.text.contains("saved theme, ascii, columns to "));

    let saved = fs::read_to_string(&config).unwrap();
    let columns = saved.lines().find(|line| line.starts_with("columns = [\"count\", ")).unwrap();
    let expected = before
        .replace("ascii = true", "ascii = false")
        .replace("terminal\n", &format!("terminal\ntheme = \"dark\"\n{columns}\n"));
    assert_eq!(saved, expected);
    tmux.press("Escape");
    tmux.press("Escape");
    tmux.press("q");
    tmux.left_as_it_was("q after saving");

    tmux.run_with(&options);
    let shot = tmux.until("the table", |shot| shot.text.contains("USER"));
    let head = shot.text.lines().find(|line| line.contains("USER")).unwrap();
    assert!(!head.contains("PID") && head.contains('▼'), "{}", shot.text);
    open_setting(&tmux, "theme");
    let line = saved.lines().position(|line| line.starts_with("theme")).unwrap() + 1;
    tmux.until("where it is from", |shot| {
        shot.selected.as_ref().is_some_and(|(_, row)| {
            row.contains(" dark ") && row.contains(&format!("your file, line {line}"))
        })
    });
    tmux.press("Escape");
    tmux.press("q");
    tmux.left_as_it_was("q");
}

#[test]
fn what_cannot_be_saved_is_told_and_nothing_is_lost() {
    let tmux = Tmux::start("unsaved");
    let config = tmux.file("config.toml");
    let save = |options: &str, words: &str| {
        open_setting(&tmux, "ascii");
        tmux.press("Enter");
        tmux.press("s");
        let shot = tmux.until(words, |shot| shot.text.contains("not saved"));
        let flat = shot.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{options}: {}", shot.text);
        tmux.press("Escape");
        tmux.press("q");
        tmux.left_as_it_was("q");
    };
    // Somebody has written it meanwhile.
    fs::write(&config, "pue = 1.5\n").unwrap();
    let options = format!("--config {}", config.display());
    tmux.run_with(&options);
    fs::write(&config, "pue = 1.6\n").unwrap();
    save(&options, "it has changed since it was read; start jouletop again");
    assert_eq!(fs::read_to_string(&config).unwrap(), "pue = 1.6\n");

    // Somebody without rights may not write into a folder of root's, nor replace root's file.
    let (program, scenario) = (tmux.file("jouletop"), tmux.file("scenario.toml"));
    fs::copy(env!("CARGO_BIN_EXE_jouletop"), &program).unwrap();
    fs::copy(SCENARIO, &scenario).unwrap();
    let theirs = tmux.file("theirs.toml");
    fs::write(&theirs, "pue = 1.5\n").unwrap();
    std::os::unix::fs::chown(&theirs, Some(65_534), Some(65_534)).unwrap();
    fs::set_permissions(tmux.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups";
    let program = format!("{nobody} {}", program.display());
    for (file, words) in [
        (&theirs, "you may not write there; name another file with --config"),
        (&config, "it belongs to user 0; name a file of yours with --config"),
    ] {
        let before = fs::read_to_string(file).unwrap();
        let options = format!("--config {}", file.display());
        tmux.run_as(&program, scenario.to_str().unwrap(), &options);
        save(&options, words);
        assert_eq!(fs::read_to_string(file).unwrap(), before);
    }
    // Nobody may, where the file system is read-only.
    let (folder, options) =
        (tmux.folder.path().display(), format!("--config {}", config.display()));
    let program = format!(
        "unshare -m sh -c \"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && \
         exec {} \\$*\" --",
        tmux.file("jouletop").display()
    );
    tmux.run_as(&program, scenario.to_str().unwrap(), &options);
    save(&options, "the file system is read-only; name another file with --config");
    let left = fs::read_dir(tmux.folder.path()).unwrap().map(|it| it.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with(".config")));
}

#[test]
fn a_terminal_of_ten_by_three_and_back() {
    let tmux = Tmux::start("resize");
    tmux.run();
    tmux.ask(&["resize-window", "-x", "10", "-y", "3"]);
    tmux.until("watts", |shot| shot.text.lines().count() <= 3 && shot.text.contains(" W"));
    tmux.ask(&["resize-window", "-x", "80", "-y", "24"]);
    tmux.until("rows", |shot| shot.text.contains("(idle)") && shot.text.contains("4 user"));
    tmux.ask(&["resize-window", "-x", "200", "-y", "50"]);
    tmux.until("all columns", |shot| shot.text.contains("RECENT"));
    tmux.press("q");
    tmux.left_as_it_was("q after small sizes");
}

#[test]
fn suspended_it_gives_the_shell_its_terminal_and_comes_back() {
    let tmux = Tmux::start("suspend");
    tmux.ask(&["send-keys", "-l", "--", &format!("stty -a > {}", tmux.file("before").display())]);
    tmux.press("Enter");
    let line = format!("{} --simulate {SCENARIO}", env!("CARGO_BIN_EXE_jouletop"));
    tmux.type_line(&line);
    tmux.until("rows", |shot| shot.text.contains("(idle)"));
    tmux.press("C-z");
    tmux.until("the shell", |shot| shot.text.contains("Stopped"));
    tmux.type_line(&format!("stty -a > {}; echo noted", tmux.file("after").display()));
    tmux.until("a note", |shot| shot.text.contains("\nnoted"));
    let [before, after] = ["before", "after"].map(|name| fs::read_to_string(tmux.file(name)));
    assert_eq!(before.unwrap(), after.unwrap(), "the shell has its terminal as it was");
    tmux.type_line("fg");
    tmux.until("rows again", |shot| shot.text.contains("(idle)") && shot.text.contains("q quit"));
    tmux.press("q");
    tmux.until("the shell", |shot| shot.text.contains("fg") && !shot.text.contains("(idle)"));
    tmux.type_line("echo alive");
    tmux.until("a shell that hears", |shot| shot.text.contains("\nalive"));
}

#[test]
fn by_each_road_out_the_terminal_is_as_it_was() {
    for road in ["q", "F10", "C-c", "SIGTERM"] {
        let tmux = Tmux::start(&format!("quit-{road}"));
        tmux.run();
        if road == "SIGTERM" {
            let pid = nix::unistd::Pid::from_raw(tmux.pid());
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        } else {
            tmux.press(road);
        }
        tmux.left_as_it_was(road);
    }
}

#[test]
fn it_ends_with_its_terminal() {
    let tmux = Tmux::start("close");
    tmux.run();
    let process = PathBuf::from(format!("/proc/{}", tmux.pid()));
    assert!(process.exists());
    tmux.ask(&["kill-session"]);
    let gone = (0..LOOKS).any(|_| {
        sleep(Duration::from_millis(30));
        !process.exists()
    });
    assert!(gone, "it lives on without a terminal");
}
