//! The real screen in a real terminal: keys typed, sizes changed, roads out.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    num::NonZeroU16,
    os::{
        fd::AsRawFd as _,
        unix::process::{CommandExt as _, ExitStatusExt as _},
    },
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use nix::{
    pty::{OpenptyResult, Winsize, openpty},
    sys::{
        signal::{Signal, kill},
        termios::{Termios, tcgetattr},
    },
    unistd::{Pid, setsid},
};
use support::jouletop;

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/demo.toml");
const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/server.toml");

/// jouletop in a terminal that remembers what it shows.
struct Terminal {
    child: Child,
    keyboard: File,
    /// Our own hold on the terminal's far side, to see how it was left.
    line: File,
    before: Termios,
    screen: Arc<Mutex<vt100::Parser>>,
    /// All that it was told, byte by byte.
    told: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    fn start(args: &[&str]) -> Self {
        Self::open(jouletop(), args)
    }

    /// As another user, who has none of root's rights.
    fn start_as(user: u32, program: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.uid(user).gid(user).current_dir("/");
        Self::open(command, args)
    }

    fn open(mut command: Command, args: &[&str]) -> Self {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let OpenptyResult { master, slave } = openpty(&size, None).unwrap();
        let line = File::from(slave);
        let before = tcgetattr(&line).unwrap();
        let end = || Stdio::from(line.try_clone().unwrap());
        command.args(args).env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
        // SAFETY: only async-signal-safe calls between fork and exec.
        unsafe {
            command.pre_exec(|| {
                setsid()?;
                if libc::ioctl(0, libc::TIOCSCTTY, 0) != 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().unwrap();
        let keyboard = File::from(master);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(24), cells(80), 0)));
        let (mut output, shown) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..count]);
                heard.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Self { child, keyboard, line, before, screen, told }
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen is as it should be.
    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        for _ in 0..500 {
            if holds(&self.text()) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("never: {what}\n{}", self.text());
    }

    fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        // The parser never ends a wide letter on one column; it may have two.
        let columns_shown = cells(columns.max(2));
        self.screen.lock().unwrap().screen_mut().set_size(cells(rows), columns_shown);
        // SAFETY: the descriptor is open, and the size is a whole `winsize`.
        let done = unsafe { libc::ioctl(self.keyboard.as_raw_fd(), libc::TIOCSWINSZ, &size) };
        assert_eq!(done, 0);
    }

    /// Waits for the end, but not for ever.
    fn ended(&mut self) -> ExitStatus {
        for _ in 0..200 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("it does not end within ten seconds");
    }

    /// Waits for the end; the terminal must be as it was before.
    fn left_as_it_was(&mut self) -> ExitStatus {
        let status = self.ended();
        thread::sleep(Duration::from_millis(100));
        self.is_as_it_was();
        status
    }

    fn is_as_it_was(&self) {
        assert_eq!(tcgetattr(&self.line).unwrap(), self.before);
        let screen = self.screen.lock().unwrap();
        assert!(!screen.screen().alternate_screen() && !screen.screen().hide_cursor());
        assert_eq!(screen.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Of a test that failed; one that went well has waited for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

#[test]
fn keys_do_what_the_help_says_and_q_leaves_the_terminal_as_it_was() {
    let mut terminal = Terminal::start(&["--simulate", DEMO, "--interval", "100ms"]);
    terminal.until("rows", |text| text.contains("python3") && text.contains("(idle)"));
    assert!(terminal.screen.lock().unwrap().screen().alternate_screen());
    let first = terminal.text();
    assert!(first.contains("▼W") && first.contains("gCO2e") && first.contains("package-0"));
    terminal.type_keys("?");
    terminal.until("help", |text| text.contains("W power") && !text.contains("(idle)"));
    terminal.type_keys("\x1b");
    terminal.until("no help", |text| text.contains("(idle)"));
    terminal.type_keys("/postgres\r");
    terminal.until("the filter", |text| {
        text.contains("/postgres") && text.contains("postgres") && !text.contains("(idle)")
    });
    terminal.type_keys("\x1b");
    terminal.until("no filter", |text| text.contains("(idle)"));
    terminal.type_keys("P");
    terminal.until("sorted by PID", |text| text.contains("▲PID") || text.contains("▼PID"));
    terminal.type_keys("U");
    terminal.until("watt hours", |text| text.contains("Wh"));
    terminal.type_keys(" ");
    terminal.until("pause", |text| text.contains("PAUSED"));
    let paused = terminal.text();
    thread::sleep(Duration::from_millis(400));
    assert_eq!(terminal.text(), paused);
    terminal.type_keys(" ");
    terminal.until("no pause", |text| !text.contains("PAUSED"));
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

#[test]
fn a_recording_is_the_same_screen_and_its_last_picture_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = path.to_str().unwrap();
    let record = ["record", "--simulate", DEMO, "-o", file, "--for", "4s"];
    assert!(jouletop().args(record).stderr(Stdio::null()).status().unwrap().success());
    let mut terminal = Terminal::start(&["replay", file, "--speed", "4"]);
    terminal.until("replay", |text| text.contains(" REPLAY ") && text.contains("python3"));
    terminal.until("the end", |text| text.contains(" END ") && !text.contains("REPLAY"));
    terminal.until("the last picture", |text| {
        text.contains("python3") && text.contains("package-0") && text.contains("(idle)")
    });
    terminal.type_keys("\r");
    terminal.until("what a row is", |text| !text.contains("▼W"));
    terminal.type_keys("\x1b");
    terminal.until("back", |text| text.contains("▼W") && text.contains(" END "));
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());

    // What was cut off says so.
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 30]).unwrap();
    let mut terminal = Terminal::start(&["replay", file, "--speed", "20"]);
    terminal.until("where it was cut", |text| text.contains("CUT OFF"));
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

#[test]
fn enter_opens_a_row_and_escape_comes_back() {
    let mut terminal = Terminal::start(&["--simulate", DEMO, "--interval", "100ms"]);
    terminal.until("rows", |text| text.contains("python3") && text.contains("(idle)"));
    assert!(terminal.text().contains("static 69.90 W calibrated"));
    terminal.type_keys("\r");
    terminal.until("a row in detail", |text| {
        let words = ["python3 (pid 4001, anna)", "since start", "at this pace", "Esc close"];
        words.iter().all(|word| text.contains(word)) && !text.contains("(idle)")
    });
    terminal.type_keys("\x1b[6~");
    terminal.until("its arithmetic", |text| {
        ["- static", "= charged"].iter().all(|word| text.contains(word))
    });
    terminal.resize(50, 150);
    terminal.until("the table beside it", |text| {
        ["(idle)", "python3 (pid 4001, anna)"].iter().all(|word| text.contains(word))
    });
    terminal.type_keys("j");
    terminal.until("of the next row", |text| !text.contains("python3 (pid 4001, anna)"));
    terminal.resize(24, 80);
    terminal.until("over the table", |text| !text.contains("all ") && text.contains("Esc close"));
    terminal.type_keys("\x1b");
    terminal.until("the table", |text| text.contains("(idle)") && !text.contains("= charged"));
    terminal.type_keys("\x1bOH\r");
    terminal.until("of the first row", |text| text.contains("No process is charged for it."));
    terminal.type_keys("q");
    terminal.until("the table", |text| text.contains("(kernel)"));
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

#[test]
fn any_size_is_survived_and_used() {
    let mut terminal = Terminal::start(&["--simulate", DEMO, "--interval", "100ms"]);
    terminal.until("rows", |text| text.contains("(idle)"));
    terminal.resize(3, 10);
    terminal.until("watts in ten cells", |text| text.contains(" W") && text.lines().count() <= 3);
    for (rows, columns) in [(1, 1), (60, 250), (2, 200), (50, 3), (12, 40)] {
        terminal.resize(rows, columns);
        thread::sleep(Duration::from_millis(50));
    }
    terminal.resize(24, 80);
    terminal.until("rows again", |text| text.contains("(idle)") && text.contains("gCO2e"));
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

#[test]
fn whoever_wants_no_mouse_has_none_and_the_terminal_is_told_nothing_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.toml");
    std::fs::write(&config, "[screen]\nmouse = false\n").unwrap();
    let config = format!("--config={}", config.display());
    // Modes 1000 to 1016 are all of the mouse (xterm's ctlseqs, Mouse Tracking).
    let of_mouse = |told: &[u8]| String::from_utf8_lossy(told).contains("\x1b[?10");
    for (option, wanted) in [("--no-mouse", false), (config.as_str(), false), ("--ascii", true)] {
        let args = ["--simulate", DEMO, "--interval", "100ms", option];
        let mut terminal = Terminal::start(&args);
        terminal.until("rows", |text| text.contains("(idle)"));
        terminal.type_keys("?");
        terminal.until("help", |text| text.contains("Marks"));
        assert_eq!(terminal.text().contains("Shift-drag"), wanted, "{option}");
        let mode = terminal.screen.lock().unwrap().screen().mouse_protocol_mode();
        assert_eq!(mode == vt100::MouseProtocolMode::ButtonMotion, wanted, "{option}: {mode:?}");
        terminal.type_keys("?q");
        assert!(terminal.left_as_it_was().success());
        // 1049 is the other screen.
        let told = String::from_utf8(terminal.told.lock().unwrap().clone()).unwrap();
        let told = told.replace("\x1b[?1049", "");
        assert_eq!(of_mouse(told.as_bytes()), wanted, "{option}");
        assert!(!told.contains("\x1b[?1003"), "moves alone are not asked for");
    }
}

#[test]
fn a_storm_of_sizes_is_survived() {
    let mut terminal = Terminal::start(&["--simulate", SERVER, "--interval", "100ms"]);
    terminal.until("rows", |text| text.contains("package-0"));
    let sizes = [(24, 80), (3, 10), (50, 200), (1, 1), (12, 40), (60, 150), (7, 300), (45, 61)];
    for (rows, columns) in sizes.into_iter().cycle().take(100) {
        terminal.resize(rows, columns);
        thread::sleep(Duration::from_millis(20));
    }
    terminal.resize(24, 80);
    terminal.until("rows again", |text| {
        text.contains("1 process") && text.contains("NAME") && text.contains("q quit")
    });
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

/// Letters of two cells, of none, from right to left, and commands to a terminal: as names.
#[test]
fn whatever_a_process_is_called_the_columns_stand() {
    let mut terminal = Terminal::start(&["--simulate", SERVER, "--interval", "100ms"]);
    terminal.resize(60, 80);
    terminal.until("rows", |text| text.contains("chloé") && text.contains("李雷"));
    terminal.type_keys("P");
    terminal.until("by number", |text| text.contains("▲PID"));
    // A row has its numbers where every other has them, cell by cell.
    let screen = terminal.screen.lock().unwrap();
    let screen = screen.screen();
    let cell = |y: u16, x: u16| screen.cell(y, x).map(vt100::Cell::contents).unwrap_or_default();
    let line = |y: u16| (0..80).map(|x| cell(y, x)).collect::<String>();
    let head = (0..60).find(|y| line(*y).contains("▲PID")).unwrap();
    let end_of = |title: &str| {
        let ends = |x: &u16| {
            let from = (*x + 1).saturating_sub(title.len() as u16);
            (from..=*x).map(|x| cell(head, x)).collect::<String>() == title
        };
        (0..80).find(ends).unwrap()
    };
    let (watts, cpu) = (end_of(" W"), end_of("CPU%"));
    let mut seen = 0;
    for name in ["李雷", "דנה", "chloé", "数据分析", "?[31mred?"] {
        for y in head + 1..58 {
            if line(y).contains(name) {
                let last = [watts, cpu].map(|x| cell(y, x).chars().next());
                let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
                assert!(last.into_iter().all(digit), "{name}: {:?}", line(y));
                assert_eq!([watts, cpu].map(|x| cell(y, x + 1).trim().len()), [0, 0], "{name}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 5, "{seen}: {}", screen.contents());
}

#[test]
fn a_picture_that_stands_still_costs_nothing_and_one_that_moves_comes_at_once() {
    let mut terminal = Terminal::start(&["--simulate", DEMO, "--interval", "100ms"]);
    terminal.until("rows", |text| text.contains("(idle)"));
    terminal.type_keys(" ");
    terminal.until("pause", |text| text.contains("PAUSED"));
    thread::sleep(Duration::from_millis(300));
    let before = terminal.told.lock().unwrap().len();
    // A dozen intervals, a key that means nothing here, a move of the mouse that nobody asked for.
    terminal.type_keys("y");
    terminal.type_keys("\x1b[<35;10;10M");
    thread::sleep(Duration::from_millis(1200));
    assert_eq!(terminal.told.lock().unwrap().len(), before);
    terminal.type_keys(" q");
    assert!(terminal.left_as_it_was().success());
    let told = String::from_utf8(terminal.told.lock().unwrap().clone()).unwrap();
    let (begun, ended) = (told.matches("\x1b[?2026h").count(), told.matches("\x1b[?2026l").count());
    assert!(begun > 2 && begun == ended, "{begun} frames begun, {ended} ended");
    assert_eq!(told.matches("\x1b[?25l").count(), 1, "the cursor is hidden once");
    assert_eq!(told.matches("\x1b[2J").count(), 1, "the screen is cleared once");
}

/// The thread that writes is waiting for the terminal to take something.
fn is_stuck(pid: u32) -> bool {
    std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten().any(|task| {
        let read = |name| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        // It waits for a frame by another call.
        let sleep = format!("{} ", libc::SYS_clock_nanosleep);
        read("comm").trim() == "writer" && read("syscall").starts_with(&sleep)
    })
}

/// For how long has been measured, as the screen says.
fn elapsed(text: &str) -> Option<f64> {
    let word = text.split("   in ").nth(1)?.split_whitespace().next()?;
    let (minutes, seconds) =
        word.strip_suffix('s')?.rsplit_once('m').unwrap_or(("0", &word[..word.len() - 1]));
    Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test watches the program from outside")]
fn a_terminal_that_takes_nothing_for_a_while_stops_no_measurement_and_catches_up() {
    let mut terminal = Terminal::start(&["--simulate", DEMO, "--interval", "100ms"]);
    terminal.until("rows", |text| text.contains("(idle)") && elapsed(text).is_some());
    let start = std::time::Instant::now();
    let before = elapsed(&terminal.text()).unwrap();
    let screen = Arc::clone(&terminal.screen);
    let held = screen.lock().unwrap();
    let pid = terminal.child.id();
    let mut stuck = 0;
    while start.elapsed() < Duration::from_secs(8) {
        if stuck == 0 {
            terminal.type_keys("??");
        }
        thread::sleep(Duration::from_millis(10));
        stuck += usize::from(is_stuck(pid));
    }
    assert!(stuck > 300, "it was to be stuck, and was so {stuck} times");
    let waited = start.elapsed().as_secs_f64();
    drop(held);
    terminal.until("the time that has passed", |text| {
        elapsed(text).is_some_and(|elapsed| elapsed >= before + waited * 0.8)
    });
    let late = start.elapsed().as_secs_f64() - waited;
    assert!(late < 3.0, "it catches up at once, not after {late} s");
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

#[test]
fn every_signal_that_ends_it_leaves_the_terminal_as_it_was() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let mut terminal = Terminal::start(&["--simulate", DEMO]);
        terminal.until("something", |text| text.contains("measuring") || text.contains("(idle)"));
        kill(Pid::from_raw(terminal.child.id().cast_signed()), signal).unwrap();
        assert!(terminal.left_as_it_was().success(), "{signal}");
    }
    let mut terminal = Terminal::start(&["--simulate", DEMO]);
    terminal.until("something", |text| text.contains("measuring") || text.contains("(idle)"));
    terminal.type_keys("\x03");
    assert!(terminal.left_as_it_was().success(), "Ctrl-C");
}

#[test]
fn a_terminal_that_takes_nothing_does_not_keep_it_alive() {
    let mut terminal = Terminal::start(&["--simulate", DEMO, "--interval", "100ms"]);
    terminal.until("rows", |text| text.contains("(idle)"));
    let screen = Arc::clone(&terminal.screen);
    // Nobody reads any more, and each key draws a screenful: its writes will block.
    let held = screen.lock().unwrap();
    terminal.type_keys(&"?".repeat(400));
    thread::sleep(Duration::from_secs(1));
    kill(Pid::from_raw(terminal.child.id().cast_signed()), Signal::SIGTERM).unwrap();
    let status = terminal.ended();
    drop(held);
    // Not the orderly way out, which would be success.
    assert_eq!(status.code(), Some(128 + 15));
    // And yet it has its shell, its cursor and its mouse back, once it takes something again.
    thread::sleep(Duration::from_millis(300));
    terminal.is_as_it_was();
}

#[test]
fn this_machine_is_on_the_screen() {
    let mut terminal = Terminal::start(&["--interval", "200ms"]);
    terminal.until("rows", |text| text.contains("(idle)") && text.contains("(jouletop)"));
    let text = terminal.text();
    // Root counts in the kernel; anybody else is told how to.
    assert!(text.contains("eBPF") || text.contains("/proc"), "{text}");
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

#[test]
fn state_and_threads_are_those_of_the_machine() {
    let burner = Burner::start("burner-state");
    let pid = burner.pid();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    let columns = "columns = [\"pid\", \"state\", \"threads\", \"cpu\", \"name\"]";
    std::fs::write(&file, format!("[screen]\n{columns}\n")).unwrap();
    let config = ["--interval", "200ms", "--config", file.to_str().unwrap()];
    let mut terminal = Terminal::start(&config);
    let row = |text: &str| {
        let mut rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.any(|row| row.get(..3) == Some(&[pid.to_string().as_str(), "R", "1"]))
    };
    terminal.until("a process that runs on one thread", row);
    terminal.type_keys(&format!("/{pid}\r\x1b[H\r"));
    let said = |text: &str| text.contains("R (running, or ready to)") && text.contains("threads");
    terminal.until("the same in detail", said);
    terminal.type_keys("qq");
    assert!(terminal.left_as_it_was().success());
}

/// The nice value: field 19 of proc(5).
fn nice(stat: &Path) -> i64 {
    let stat = std::fs::read_to_string(stat).unwrap();
    let rest = stat.rsplit_once(") ").unwrap().1;
    rest.split(' ').nth(16).unwrap().parse().unwrap()
}

/// A child of the test that burns CPU time, so that it is at the top of the table.
struct Burner(Child);

impl Burner {
    fn start(name: &str) -> Self {
        // The name of a program is that of its file.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::os::unix::fs::symlink("/bin/sh", &path).unwrap();
        let mut command = Command::new(path);
        Self(command.args(["-c", "while :; do :; done"]).spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    fn nice(&self) -> i64 {
        nice(Path::new(&format!("/proc/{}/stat", self.pid())))
    }
}

impl Drop for Burner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Selects a process, by its number.
fn select(terminal: &mut Terminal, pid: u32) {
    terminal.type_keys(&format!("/{pid}\r"));
    let row = format!("{pid} ");
    let is_there = |text: &str| text.lines().any(|line| line.trim_start().starts_with(&row));
    terminal.until("the row", is_there);
    terminal.type_keys("\x1b[H");
    // Only the selected row is turned round.
    let turned = |text: &str| {
        let screen = terminal.screen.lock().unwrap();
        text.lines().zip(0..).filter(|(line, _)| line.trim_start().starts_with(&row)).any(
            |(line, y)| {
                let x = line.len() - line.trim_start().len();
                screen.screen().cell(y, x as u16).is_some_and(vt100::Cell::inverse)
            },
        )
    };
    terminal.until("selected", turned);
}

#[test]
fn a_real_process_is_ended_only_once_it_was_confirmed() {
    let mut burner = Burner::start("burner-kill");
    let pid = burner.pid();
    let mut terminal = Terminal::start(&["--interval", "200ms"]);
    terminal.until("rows", |text| text.contains("(idle)"));
    select(&mut terminal, pid);
    terminal.type_keys("K");
    let question = format!("(pid {pid}, ");
    terminal
        .until("a question", |text| text.contains("send SIGTERM to") && text.contains(&question));
    terminal.type_keys("\x1b");
    terminal.until("no question", |text| !text.contains("send SIGTERM to"));
    thread::sleep(Duration::from_millis(300));
    assert!(burner.lives(), "Esc leaves it alive");

    // F8 twice: two steps nicer, asked once.
    let before = burner.nice();
    terminal.type_keys("\x1b[19~");
    terminal.until("nicer", |text| text.contains("nice +1, so nicer"));
    terminal.type_keys("\x1b[19~");
    terminal.until("nicer still", |text| text.contains("nice +2, so nicer"));
    assert_eq!(burner.nice(), before);
    terminal.type_keys("\r");
    let change = format!("nice {before} → {}", before + 2);
    terminal.until("what came of it", |text| text.contains(&change));
    assert_eq!(burner.nice(), before + 2);

    terminal.type_keys("K9");
    terminal.until("another signal", |text| text.contains("send SIGKILL to"));
    terminal.type_keys("\r");
    let sent = format!("SIGKILL sent to burner-kill (pid {pid})");
    terminal.until("what came of it", |text| text.contains(&sent));
    assert_eq!(burner.0.wait().unwrap().signal(), Some(Signal::SIGKILL as i32));
    terminal.until("its end", |text| text.contains("(ended)"));
    terminal.type_keys("K");
    terminal.until("nobody to act on", |text| text.contains("has ended: there is nobody"));
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

#[test]
fn all_threads_of_a_process_are_made_nicer() {
    let mut work = support::workload();
    let child = work.args(["threads", "30", "4"]).stdout(Stdio::null()).spawn().unwrap();
    let burner = Burner(child);
    let tasks = || {
        let folder = format!("/proc/{}/task", burner.pid());
        let tasks = std::fs::read_dir(folder).unwrap().map(|task| task.unwrap().path());
        tasks.map(|task| nice(&task.join("stat"))).collect::<Vec<_>>()
    };
    let before = burner.nice();
    let mut terminal = Terminal::start(&["--interval", "200ms"]);
    terminal.until("rows", |text| text.contains("(idle)"));
    assert_eq!(tasks(), [before; 5], "four threads and the first");
    select(&mut terminal, burner.pid());
    terminal.type_keys("\x1b[19~\r");
    let change = format!("nice {before} → {}", before + 1);
    terminal.until("what came of it", |text| text.contains(&change));
    assert_eq!(tasks(), [before + 1; 5]);
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

#[test]
fn only_looking_has_no_keys_to_act() {
    let burner = Burner::start("burner-look");
    let mut terminal = Terminal::start(&["--interval", "200ms", "--readonly"]);
    terminal.until("rows", |text| text.contains("(idle)"));
    select(&mut terminal, burner.pid());
    assert!(!terminal.text().contains("K kill"));
    terminal.type_keys("K\x1b[18~\x1b[19~i?");
    terminal.until("help", |text| text.contains("measure: start"));
    let help = terminal.text();
    assert!(!help.contains("send a signal") && !help.contains("nice"), "{help}");
    terminal.type_keys("?");
    terminal.until("the table", |text| !text.contains("measure: start"));
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

#[test]
fn who_may_not_is_told_why() {
    if !nix::unistd::geteuid().is_root() {
        // Who is not root meets no process of its own that it may not touch, but root's.
        return;
    }
    let mut burner = Burner::start("burner-other");
    let pid = burner.pid();
    // A program that anybody may read.
    let dir = tempfile::tempdir().unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(dir.path(), mode).unwrap();
    let copy = dir.path().join("jouletop");
    std::fs::copy(env!("CARGO_BIN_EXE_jouletop"), &copy).unwrap();
    let mut terminal = Terminal::start_as(65_534, &copy, &["--interval", "200ms"]);
    terminal.until("rows", |text| text.contains("(idle)"));
    select(&mut terminal, pid);
    terminal.type_keys("K\r");
    let words = format!("not permitted: pid {pid} is root's; run as root");
    terminal.until("why not", |text| text.contains(&words));
    assert!(burner.lives());
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}

#[test]
fn a_view_is_written_to_a_new_file_and_a_measurement_has_its_card() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("view.json");
    let mut terminal = Terminal::start(&["--simulate", DEMO, "--interval", "100ms"]);
    terminal.until("rows", |text| text.contains("(idle)"));
    let save = |terminal: &mut Terminal| {
        terminal.type_keys("x");
        terminal.until("a question", |text| text.contains("export what is shown?"));
        terminal.type_keys("\x1b[B");
        terminal.type_keys(&"\x7f".repeat(50));
        terminal.until("no name", |text| text.contains("file: ▏"));
        terminal.type_keys(path.to_str().unwrap());
        terminal.type_keys("\r");
    };
    save(&mut terminal);
    terminal.until("it is written", |text| text.contains("lines to"));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"rows_are\": \"process\"") && text.contains("python3"));
    save(&mut terminal);
    terminal.until("it is refused", |text| text.contains("it is there already"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

    terminal.type_keys("\x1b[Hm");
    terminal.until("a chip", |text| text.contains(" m ") && text.contains(" J "));
    thread::sleep(Duration::from_millis(400));
    terminal.type_keys("m");
    terminal.until("a card", |text| text.contains("Measured: ") && text.contains("peak power"));
    terminal.type_keys("q");
    terminal.until("the table", |text| text.contains("(idle)"));
    terminal.type_keys("q");
    assert!(terminal.left_as_it_was().success());
}
