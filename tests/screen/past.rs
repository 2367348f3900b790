//! Looking back: the screen is what it was, a gap is a gap, and what goes on is counted.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::{TimeZone, offset};
use jouletop::{
    ledger::RowKey,
    tui::{
        App, Theme,
        action::{self, Action},
        app::Mode,
        tab::Tab,
    },
};
use ratatui::layout::Rect;

use crate::{
    STEP,
    bench::{Bench, Meters, Work, afternoon, work},
    draw,
    gpus::following,
    screen,
    state::adds_up,
    text,
};

fn press(app: &mut App, key: char) {
    let action = action::action(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE), app);
    assert_eq!(app.update(action.unwrap_or_else(|| panic!("{key}"))), None);
}

fn type_time(app: &mut App, time: &str) {
    press(app, 't');
    for letter in time.chars() {
        press(app, letter);
    }
    app.update(Action::Accept);
}

/// All but the title, which tells the moment, the footer, which tells the keys, and the graph,
/// which shows what came after too.
fn below(app: &mut App, width: u16, height: u16) -> String {
    let screen = text(app, width, height);
    let lines: Vec<&str> = screen.lines().collect();
    let graph = if width < 60 { 0 } else { height.min(24) / 6 + 1 };
    let line = |(index, line): (usize, &&str)| -> String {
        let left = usize::from(width) * 9 / 16;
        let cells = if index < usize::from(graph) { left } else { usize::MAX };
        line.chars().take(cells).collect::<String>() + "\n"
    };
    lines[2..lines.len() - 2].iter().enumerate().map(line).collect()
}

fn title(app: &mut App) -> String {
    text(app, 100, 24).lines().nth(1).unwrap().into()
}

fn names(app: &App) -> Vec<&str> {
    app.rows().iter().map(|row| row.identity.name.as_str()).collect()
}

#[test]
fn each_moment_looks_as_it_did_then_in_either_direction() {
    for (tab, width, height) in [
        (Tab::Processes, 80, 24),
        (Tab::Tree, 50, 20),
        (Tab::Users, 160, 24),
        (Tab::Processes, 40, 12),
    ] {
        let mut bench = Bench::new(Meters::Measured);
        let mut app = App::new(bench.describe(), STEP, Theme::colour());
        let mut then = Vec::new();
        for minute in 0..80 {
            bench.gap = minute % 30 == 20;
            app.tick(bench.tick(STEP, &afternoon(minute)));
            // Rows of another kind begin with what they do when they are first looked at.
            app.update(Action::Tab(tab));
            then.push(below(&mut app, width, height));
        }
        for (back, then) in then.iter().rev().enumerate().skip(1).take(60) {
            press(&mut app, ',');
            adds_up(&app);
            assert_eq!(below(&mut app, width, height), *then, "{tab:?}, {back} back");
        }
        for (forth, then) in then.iter().enumerate().skip(20) {
            press(&mut app, '.');
            adds_up(&app);
            assert_eq!(below(&mut app, width, height), *then, "{tab:?}, {forth} forth");
        }
        assert!(app.is_paused());
        press(&mut app, '.');
        assert!(!app.is_paused(), "after the newest one, it goes on");
        assert_eq!(below(&mut app, width, height), then[79]);
    }
}

#[test]
fn the_title_tells_the_moment_and_the_graph_its_place() {
    let zone = TimeZone::fixed(offset(1));
    let mut app = screen(Meters::Measured, 120).with_zone(zone);
    for _ in 0..9 {
        press(&mut app, ',');
    }
    insta::assert_snapshot!(text(&mut app, 80, 24));
    press(&mut app, '{');
    insta::assert_snapshot!(text(&mut app, 160, 50));
    for _ in 0..4 {
        press(&mut app, '{');
    }
    insta::assert_snapshot!(text(&mut app, 40, 12));
}

#[test]
fn a_gap_is_a_gap_and_not_its_neighbour() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    for minute in 0..9 {
        bench.gap = minute == 5;
        app.tick(bench.tick(STEP, &[work(1, "first", 0.5)]));
    }
    for _ in 0..3 {
        press(&mut app, ',');
    }
    let screen = text(&mut app, 80, 24);
    assert!(screen.contains("|- W "), "{screen}");
    assert!(screen.contains("- went away while it was read"), "{screen}");
    assert!(app.rows().iter().all(|row| row.watts.is_none()), "absent, and not zero");
    let sum = app.sum().energy;
    press(&mut app, ',');
    assert!(app.rows().iter().all(|row| row.watts.is_some()));
    assert_eq!(app.sum().energy, sum, "a gap adds nothing");
}

#[test]
fn what_goes_on_is_counted_while_somebody_looks_back() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    for pid in 1..6 {
        app.tick(bench.tick(STEP, &[work(pid, "then", 0.5)]));
    }
    press(&mut app, ',');
    press(&mut app, ',');
    let before = below(&mut app, 80, 24);
    assert!(title(&mut app).contains(", 4.0s ago"), "{}", title(&mut app));
    app.tick(bench.tick(STEP, &[work(9, "now", 0.5)]));
    assert_eq!(below(&mut app, 80, 24), before);
    assert!(title(&mut app).contains(", 6.0s ago"), "{}", title(&mut app));
    for _ in 0..3 {
        press(&mut app, '.');
    }
    assert!(app.is_paused() && names(&app).contains(&"now"), "it can be stepped to");
    app.update(Action::Back);
    assert!(!app.is_paused() && names(&app).contains(&"now"));
    assert_eq!(app.ledger().totals().elapsed, 6 * STEP);
    adds_up(&app);
}

#[test]
fn escape_comes_back_to_now_before_it_clears_anything_else() {
    let mut app = screen(Meters::Measured, 20);
    app.update(Action::Filter);
    app.update(Action::Type('r'));
    app.update(Action::Accept);
    app.update(Action::Down);
    press(&mut app, ',');
    assert!(app.is_back());
    app.update(Action::Back);
    assert!(!app.is_paused() && app.selected().is_some());
    assert_eq!(app.filter().text(), "r");
    app.update(Action::Back);
    assert_eq!(app.filter().text(), "");
    // A pause alone is Space's.
    press(&mut app, ' ');
    app.update(Action::Back);
    assert!(app.is_paused() && !app.is_back());
    press(&mut app, ',');
    press(&mut app, ' ');
    assert!(!app.is_paused());
}

#[test]
fn there_is_nothing_before_the_oldest_and_nothing_after_the_newest() {
    let mut app = screen(Meters::Measured, 3);
    for _ in 0..5 {
        press(&mut app, ',');
    }
    assert!(title(&mut app).contains("4.0s ago, oldest"), "{}", title(&mut app));
    assert_eq!(app.ledger().totals().elapsed, STEP);
    press(&mut app, '{');
    assert_eq!(app.ledger().totals().elapsed, STEP);
    press(&mut app, '}');
    assert!(!app.is_paused(), "less than a minute away");
    // Before anything is measured there is nothing to go to, and nothing breaks.
    let mut app = screen(Meters::Measured, 0);
    for action in [
        Action::Earlier,
        Action::Later,
        Action::MinuteEarlier,
        Action::MinuteLater,
        Action::AskTime,
        Action::Accept,
    ] {
        app.update(action);
        draw(&mut app, 80, 24);
    }
    assert_eq!(app.mode(), Mode::Time);
    assert!(text(&mut app, 80, 24).contains("nothing was measured yet"));
}

#[test]
fn a_minute_is_a_minute_whatever_the_intervals() {
    let mut app = screen(Meters::Measured, 100);
    let elapsed = |app: &App| app.ledger().totals().elapsed;
    press(&mut app, '{');
    assert_eq!(elapsed(&app), 70 * STEP);
    press(&mut app, '{');
    press(&mut app, ',');
    press(&mut app, '}');
    assert_eq!(elapsed(&app), 69 * STEP);
    // Where intervals are longer, it is one of them.
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    let long = Duration::from_mins(5);
    for _ in 0..3 {
        app.tick(bench.tick(long, &[work(1, "slow", 0.5)]));
    }
    press(&mut app, '{');
    assert_eq!(elapsed(&app), 2 * long);
}

#[test]
fn a_time_is_jumped_to_and_a_wrong_one_is_told_in_place() {
    // 14:13:20 to 14:16:40, of 2026-09-21.
    let mut app = screen(Meters::Measured, 100);
    let moment = |app: &App| app.moment().unwrap().clock;
    type_time(&mut app, "14:15");
    assert_eq!((moment(&app).as_str(), app.mode()), ("14:15:00", Mode::Browse));
    type_time(&mut app, "14:15:31");
    assert_eq!(moment(&app), "14:15:32", "the interval that it is in");
    type_time(&mut app, "-1m");
    assert_eq!(moment(&app), "14:15:40");
    type_time(&mut app, "2026-09-21 14:14");
    assert_eq!(moment(&app), "14:14:00");
    adds_up(&app);
    for (wrong, told) in [
        ("noon", "no such time; try 14:05, 14:05:30, -5m"),
        ("14:17", "only 14:13:20 to 14:16:40 is kept"),
        ("-1h", "only 14:13:20 to 14:16:40 is kept"),
        ("", "no such time"),
    ] {
        type_time(&mut app, wrong);
        assert_eq!(app.mode(), Mode::Time, "{wrong}");
        let screen = text(&mut app, 80, 24);
        assert!(screen.contains(told) && screen.contains(&format!("time: {wrong}▏")), "{screen}");
        assert_eq!(moment(&app), "14:14:00", "it stays where it was");
        press(&mut app, '1');
        assert!(!text(&mut app, 80, 24).contains(told), "typing mends");
        app.update(Action::Back);
        assert_eq!(app.mode(), Mode::Browse);
    }
    type_time(&mut app, "14:17");
    insta::assert_snapshot!(text(&mut app, 80, 24));
    app.update(Action::Erase);
    insta::assert_snapshot!(text(&mut app, 40, 12));
}

#[test]
fn the_selection_follows_its_row_through_time() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    app.fit(Rect::new(0, 0, 80, 24));
    app.tick(bench.tick(STEP, &[work(1, "old", 0.5)]));
    for load in [0.2, 0.4, 0.9, 0.1] {
        app.tick(bench.tick(STEP, &[work(1, "old", 0.5), work(2, "young", load)]));
    }
    app.update(Action::First);
    while app
        .rows()
        .iter()
        .any(|row| row.identity.name == "young" && app.selected() != Some(row.key))
    {
        app.update(Action::Down);
    }
    app.update(Action::Detail);
    for load in [0.9, 0.4, 0.2] {
        press(&mut app, ',');
        let screen = text(&mut app, 80, 24);
        let cpu = format!("{:.1} % of one CPU", load * 100.0);
        assert!(screen.contains("young (pid 2") && screen.contains(&cpu), "{cpu}: {screen}");
    }
    press(&mut app, ',');
    let screen = text(&mut app, 80, 24);
    assert!(screen.contains("it has yet to begin"), "{screen}");
    let live = |key| app.rows().iter().any(|row| row.key == key);
    assert!(app.selected().is_none_or(live));
    assert!(!names(&app).contains(&"young"));
}

#[test]
fn filter_tab_and_folding_hold_at_every_moment() {
    let mut app = screen(Meters::Measured, 40);
    app.update(Action::Ended);
    app.update(Action::Filter);
    for letter in "rust".chars() {
        app.update(Action::Type(letter));
    }
    app.update(Action::Accept);
    press(&mut app, ',');
    press(&mut app, ',');
    assert_eq!(names(&app).len(), 4, "{:?}", names(&app));
    assert!(names(&app).iter().all(|name| name.contains("rust")));
    app.update(Action::Back);
    app.update(Action::Back);
    press(&mut app, ',');
    // Going to another kind of rows and back changes nothing at a moment.
    let before = text(&mut app, 80, 24);
    app.update(Action::Tab(Tab::Users));
    assert!(names(&app).contains(&"postgres"));
    adds_up(&app);
    app.update(Action::Tab(Tab::Processes));
    assert_eq!(text(&mut app, 80, 24), before);
}

#[test]
fn findings_are_those_of_the_moment() {
    let mut app = following("waste_held_gpu", 420, Theme::colour());
    let now = app.findings().len();
    assert!(now > 0);
    type_time(&mut app, "-6m50s");
    assert_eq!(app.ledger().totals().elapsed, Duration::from_secs(10));
    adds_up(&app);
    assert_eq!(app.findings().len(), 0);
    app.update(Action::Tab(Tab::Findings));
    draw(&mut app, 80, 24);
    app.update(Action::Back);
    assert_eq!(app.findings().len(), now);
}

#[test]
fn thousands_of_processes_leave_a_shorter_past_and_every_sum_of_it() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    let mut then = Vec::new();
    for round in 0..14_u32 {
        let short = |job: u32| Work { ended: true, ..work(9000 * round + job, "sh", 0.0001) };
        let all: Vec<Work> = (1..9000).map(short).collect();
        app.count(bench.tick(STEP, &all));
        then.push(app.ledger().totals().sum.share);
    }
    let kept = 100_000 / 8999;
    for share in then.iter().rev().skip(1).take(kept - 1) {
        press(&mut app, ',');
        assert_eq!(app.ledger().totals().sum.share, *share);
        adds_up(&app);
    }
    assert!(app.rows().iter().any(|row| row.key == RowKey::Folded));
    assert!(title(&mut app).contains("oldest"), "{}", title(&mut app));
    press(&mut app, ',');
    assert_eq!(app.ledger().totals().sum.share, then[14 - kept], "no further");
    // What is looked at goes out of what is kept: it stays, and forth goes to what is kept.
    let before = app.ledger().totals().elapsed;
    let all: Vec<Work> = (0..9000).map(|job| work(job, "x", 0.0001)).collect();
    for _ in 0..3 {
        app.count(bench.tick(STEP, &all));
    }
    press(&mut app, ',');
    assert_eq!(app.ledger().totals().elapsed, before);
    press(&mut app, '.');
    assert_eq!(app.ledger().totals().elapsed, before + 3 * STEP);
    adds_up(&app);
}
