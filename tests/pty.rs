//! The real screen in a real terminal: keys typed, sizes changed, roads out.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    num::NonZeroU16,
    os::{fd::AsRawFd as _, unix::process::CommandExt as _},
    process::{Child, ExitStatus, Stdio},
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

/// jouletop in a terminal that remembers what it shows.
struct Terminal {
    child: Child,
    keyboard: File,
    /// Our own hold on the terminal's far side, to see how it was left.
    line: File,
    before: Termios,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    fn start(args: &[&str]) -> Self {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let OpenptyResult { master, slave } = openpty(&size, None).unwrap();
        let line = File::from(slave);
        let before = tcgetattr(&line).unwrap();
        let end = || Stdio::from(line.try_clone().unwrap());
        let mut command = jouletop();
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
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..count]);
            }
        });
        Self { child, keyboard, line, before, screen }
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
        assert_eq!(tcgetattr(&self.line).unwrap(), self.before);
        let screen = self.screen.lock().unwrap();
        assert!(!screen.screen().alternate_screen() && !screen.screen().hide_cursor());
        status
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
fn enter_explains_a_row_and_escape_comes_back() {
    let mut terminal = Terminal::start(&["--simulate", DEMO, "--interval", "100ms"]);
    terminal.until("rows", |text| text.contains("python3") && text.contains("(idle)"));
    assert!(terminal.text().contains("static 69.90 W calibrated"));
    terminal.type_keys("\r");
    terminal.until("an explanation", |text| {
        let words =
            ["python3 (pid 4001, anna)", "- static", "= charged", "since start", "Esc close"];
        words.iter().all(|word| text.contains(word)) && !text.contains("(idle)")
    });
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
    assert_eq!(tcgetattr(&terminal.line).unwrap(), terminal.before);
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
