//! The mouse in tmux: what a terminal sends for it (SGR, mode 1006), at places that are looked up
//! on the picture.

use std::{thread, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{SCENARIO, Shot, Tmux};

impl Shot {
    /// The first place of a text below some lines, from 0 on.
    fn find(&self, text: &str, below: usize) -> Option<(usize, usize)> {
        self.text.lines().enumerate().skip(below).find_map(|(y, line)| {
            let at = line.find(text)?;
            Some((ratatui::text::Span::raw(&line[..at]).width(), y))
        })
    }

    fn head(&self) -> usize {
        self.text.lines().position(|line| line.contains("USER")).unwrap()
    }
}

impl Tmux {
    /// A mouse event: a number of xterm's for what happens, a place, and whether a button goes up.
    fn mouse(&self, event: u8, (x, y): (usize, usize), up: bool) {
        let end = if up { 'm' } else { 'M' };
        let bytes = format!("\x1b[<{event};{};{}{end}", x + 1, y + 1);
        assert!(self.ask(&["send-keys", "-l", "--", &bytes]).status.success());
        thread::sleep(super::PAUSE);
    }

    fn click(&self, at: (usize, usize)) {
        self.mouse(0, at, false);
        self.mouse(0, at, true);
    }

    /// Clicks on a text, once it is there.
    fn click_on(&self, text: &str, below: usize) {
        let shot = self.until(text, |shot| shot.find(text, below).is_some());
        self.click(shot.find(text, below).unwrap());
    }

    fn wheel(&self, down: bool, at: (usize, usize)) {
        self.mouse(if down { 65 } else { 64 }, at, false);
    }

    /// Which mouse modes are on: any, with a button held, every move, places as numbers.
    fn modes(&self) -> String {
        let flags = ["any", "button", "all", "sgr"].map(|flag| format!("#{{mouse_{flag}_flag}}"));
        let output = self.ask(&["display-message", "-p", &flags.concat()]);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn until_modes(&self, modes: &str, when: &str) {
        self.until(&format!("mouse modes {modes} {when}"), |_| self.modes() == modes);
    }
}

#[test]
fn what_the_mouse_can_do_it_does() {
    let tmux = Tmux::start("mouse");
    tmux.run();
    let head = tmux.shot().head();

    tmux.click_on("PID", head);
    tmux.until("sorted", |shot| shot.text.contains("▲PID") || shot.text.contains("▼PID"));
    let before = tmux.shot().text.contains("▲PID");
    tmux.click_on("PID", head);
    tmux.until("turned round", |shot| shot.text.contains(if before { "▼PID" } else { "▲PID" }));
    tmux.click_on("PID", head);

    // By number, rows hold still.
    let row = |shot: &Shot| shot.find("/sbin/init", head).unwrap();
    let shot = tmux.until("init", |shot| shot.find("/sbin/init", head).is_some());
    tmux.click(row(&shot));
    tmux.until("selected", |shot| shot.is_selected("/sbin/init"));
    tmux.wheel(true, (5, head + 3));
    tmux.until("scrolled", |shot| shot.find("/sbin/init", head).is_none());
    tmux.wheel(false, (5, head + 3));
    tmux.until("scrolled back", |shot| shot.is_selected("/sbin/init"));

    // On the selected row: opened beside the table, which is so wide.
    tmux.click(row(&tmux.shot()));
    let shot = tmux.until("opened", |shot| shot.text.contains("since start"));
    let line = shot.find("│ ", head).unwrap();
    tmux.mouse(0, line, false);
    tmux.mouse(32, (line.0 - 8, line.1), false);
    tmux.mouse(0, (line.0 - 8, line.1), true);
    tmux.until("a wider row in detail", |shot| {
        shot.find("│ ", head).is_some_and(|(x, _)| x == line.0 - 8)
    });
    let pane = (line.0 + 5, line.1 + 5);
    let top = tmux.shot().text.lines().nth(line.1 + 1).map(ToOwned::to_owned);
    tmux.wheel(true, pane);
    tmux.until("it scrolls", |shot| {
        shot.text.lines().nth(line.1 + 1).map(ToOwned::to_owned) != top
    });
    tmux.click_on("Esc", 49);
    tmux.until("closed", |shot| !shot.text.contains("since start"));

    for (tab, words) in [("3 job", "slurm 4711"), ("8 findings", "WHAT LOOKS LIKE WASTE")] {
        tmux.click_on(tab, 0);
        tmux.until(tab, |shot| shot.text.contains(words));
    }
    // Waste takes its time to be called so.
    tmux.until("findings", |shot| shot.text.contains("findings; Enter"));
    tmux.click((30, head + 2));
    tmux.click((30, head + 2));
    tmux.until("a finding", |shot| !shot.text.contains("WHAT LOOKS LIKE WASTE"));
    tmux.click_on("Esc", 49);
    tmux.click_on("1 process", 0);

    tmux.click_on("? help", 49);
    let shot = tmux.until("help", |shot| shot.text.contains("Shift-drag"));
    tmux.wheel(true, (5, 5));
    assert!(shot.text.contains("Marks"));
    // Where one key was, the other is: sooner, it would be the second half of a double click.
    thread::sleep(Duration::from_millis(500));
    tmux.click_on("Esc", 49);
    tmux.until("rows", |shot| shot.text.contains("USER") && !shot.text.contains("Marks"));

    tmux.press("u");
    tmux.click_on("chloé", 2);
    tmux.until("picked", |shot| shot.text.contains("user = \"chloé\""));
    tmux.press("Escape");

    tmux.press("x");
    tmux.click_on("JSON to a file", 0);
    tmux.until("chosen", |shot| {
        shot.text.contains("▸ JSON to a file") && shot.text.contains(".json")
    });
    tmux.click_on("Esc cancel", 49);
    tmux.until("nothing written", |shot| !shot.text.contains("JSON to a file"));

    tmux.click_on("q quit", 49);
    tmux.left_as_it_was("a click on q");
    assert_eq!(tmux.modes(), "0000");
}

#[test]
fn the_help_scrolls_by_the_wheel_and_a_double_click_opens_a_row() {
    let tmux = Tmux::start("wheel");
    tmux.ask(&["resize-window", "-x", "80", "-y", "24"]);
    tmux.run();
    tmux.press("?");
    tmux.until("its first line", |shot| shot.text.contains("Rows") && shot.text.contains("more"));
    tmux.wheel(true, (5, 5));
    tmux.until("further down", |shot| !shot.text.contains("Rows"));
    tmux.wheel(false, (5, 5));
    tmux.until("its first line", |shot| shot.text.contains("Rows"));
    tmux.press("?");
    tmux.press("P");
    let shot = tmux.until("by number", |shot| shot.text.contains("0 systemd"));
    let at = shot.find("0 systemd", shot.head()).unwrap();
    tmux.click(at);
    tmux.click(at);
    tmux.until("opened", |shot| shot.text.contains("since start"));
    tmux.press("q");
    tmux.press("q");
    tmux.left_as_it_was("q");
}

#[test]
fn the_terminal_has_its_mouse_back_on_every_road() {
    let tmux = Tmux::start("modes");
    assert_eq!(tmux.modes(), "0000", "tmux itself asks for none");
    tmux.type_line(&format!("{} --simulate {SCENARIO}", env!("CARGO_BIN_EXE_jouletop")));
    tmux.until("rows", |shot| shot.text.contains("(idle)"));
    // With a button held and by numbers, and not every move.
    tmux.until_modes("1101", "on the screen");
    tmux.press("C-z");
    tmux.until("the shell", |shot| shot.text.contains("Stopped"));
    assert_eq!(tmux.modes(), "0000", "suspended");
    tmux.type_line("fg");
    tmux.until_modes("1101", "back on the screen");
    tmux.press("q");
    tmux.until("the shell", |shot| !shot.text.contains("(idle)"));
    assert_eq!(tmux.modes(), "0000", "after q");
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let tmux = Tmux::start(signal.as_str());
        tmux.run();
        tmux.until_modes("1101", "on the screen");
        kill(Pid::from_raw(tmux.pid()), signal).unwrap();
        tmux.left_as_it_was(signal.as_str());
        assert_eq!(tmux.modes(), "0000", "{signal}");
    }
    let tmux = Tmux::start("without");
    tmux.run_with("--no-mouse");
    assert_eq!(tmux.modes(), "0000", "--no-mouse");
    tmux.click((5, 20));
    assert!(tmux.shot().selected.is_none());
    tmux.press("q");
    tmux.left_as_it_was("q");
}
