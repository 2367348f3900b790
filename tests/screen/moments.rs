//! What can be done beside a row in detail, and while the picture is not that of now.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jouletop::{
    ledger::RowKey,
    tui::{
        App, Theme,
        action::{self, Action},
        app::{Body, Dialog, Hands, Mode, Request},
        tab::Tab,
    },
};
use ratatui::layout::Rect;

use crate::{
    STEP,
    act::within,
    bench::{Bench, Meters, Work, work},
    gpus::demo,
    screen,
    state::{adds_up, states},
    text,
};

const LARGE: Rect = Rect { x: 0, y: 0, width: 160, height: 50 };

fn press(app: &mut App, code: KeyCode) -> Option<Request> {
    action::action(KeyEvent::new(code, KeyModifiers::NONE), app).and_then(|key| app.update(key))
}

fn keys(app: &mut App, keys: &str) {
    for key in keys.chars() {
        assert_eq!(press(app, KeyCode::Char(key)), None);
    }
}

fn select(app: &mut App, name: &str) -> RowKey {
    let row = app.rows().iter().position(|row| row.identity.name == name);
    app.update(Action::First);
    for _ in 0..row.unwrap_or_else(|| panic!("no row {name}")) {
        app.update(Action::Down);
    }
    app.selected().unwrap()
}

fn told(app: &App) -> &str {
    app.notice().map_or("nothing", |notice| &notice.words)
}

fn targets(request: Option<Request>) -> Vec<u32> {
    let Some(Request::Act(orders)) = request else { panic!("{request:?}") };
    orders.targets.iter().map(|target| target.id.pid).collect()
}

fn empty() -> (Bench, App) {
    let bench = Bench::new(Meters::Measured);
    let app = App::new(bench.describe(), STEP, Theme::colour()).with_hands(Hands::Free);
    (bench, app)
}

#[test]
fn every_key_to_act_does_something_or_says_why_not() {
    let mut acted = 0;
    for code in
        [KeyCode::Char('K'), KeyCode::F(7), KeyCode::F(8), KeyCode::F(9), KeyCode::Char('i')]
    {
        for (index, mut app) in states().into_iter().enumerate() {
            let action = action::action(KeyEvent::new(code, KeyModifiers::NONE), &app);
            let acts = |action| matches!(action, Action::Signal | Action::Nice(_) | Action::Io);
            let Some(action) = action.filter(|action| acts(*action)) else { continue };
            app.hush();
            let asked = |app: &App| (app.mode(), app.asks().map(Dialog::question));
            let before = asked(&app);
            app.update(action);
            assert!(asked(&app) != before || app.notice().is_some(), "{action:?} in state {index}");
            acted += 1;
        }
    }
    // Seven states have a table in use; of the questions only that of niceness knows two of them.
    assert_eq!(acted, 7 * 5 + 2);
}

#[test]
fn a_row_beside_the_table_is_acted_on_and_stays_open() {
    let mut app = demo().with_hands(Hands::Free);
    app.fit(LARGE);
    let RowKey::Process(id) = select(&mut app, "python3") else { panic!("a process") };
    press(&mut app, KeyCode::Enter);
    let beside = app.mode();
    assert!(app.is_beside());
    press(&mut app, KeyCode::Char('K'));
    let screen = text(&mut app, 160, 50);
    assert!(screen.contains(&format!("send SIGTERM to python3 (pid {}, anna)?", id.pid)));
    assert_eq!(press(&mut app, KeyCode::Esc), None);
    assert_eq!((app.mode(), app.asks().is_none()), (beside, true));
    press(&mut app, KeyCode::F(8));
    assert_eq!(targets(press(&mut app, KeyCode::Enter)), [id.pid]);
    assert_eq!(app.mode(), beside);
    // What is exported is written from there, and the row stays too.
    keys(&mut app, "x");
    assert!(matches!(press(&mut app, KeyCode::Enter), Some(Request::Export(_))));
    assert_eq!(app.mode(), beside);
    keys(&mut app, "x");
    assert_eq!((press(&mut app, KeyCode::Esc), app.mode()), (None, beside));
}

#[test]
fn an_earlier_moment_is_not_acted_on() {
    let mut app = demo().with_hands(Hands::Free);
    select(&mut app, "python3");
    keys(&mut app, ",");
    for code in [KeyCode::Char('K'), KeyCode::F(7), KeyCode::F(8), KeyCode::Char('i')] {
        app.hush();
        assert_eq!(press(&mut app, code), None);
        assert_eq!(told(&app), "this is an earlier moment: Esc goes back to now");
        assert_eq!(app.mode(), Mode::Browse);
    }
    press(&mut app, KeyCode::Esc);
    keys(&mut app, "K");
    assert_eq!(targets(press(&mut app, KeyCode::Enter)), [4001]);
}

#[test]
fn in_a_pause_whoever_lives_now_is_acted_on() {
    let (mut bench, mut app) = empty();
    app.tick(bench.tick(STEP, &[work(7, "make", 0.1), work(9, "first", 0.5)]));
    keys(&mut app, " ");
    let ended = Work { ended: true, ..work(9, "first", 0.1) };
    app.tick(bench.tick(STEP, &[ended, work(11, "second", 0.5)]));
    select(&mut app, "first");
    keys(&mut app, "K");
    assert_eq!(told(&app), "first has ended: there is nobody to act on");
    keys(&mut app, "m");
    assert_eq!(told(&app), "first has ended: there is nothing to measure");
    assert!(app.measurement().is_none());
    keys(&mut app, "4");
    select(&mut app, "alice");
    keys(&mut app, "K");
    assert_eq!(targets(press(&mut app, KeyCode::Enter)), [7, 11]);
    // A measurement has nothing of what is shown: it begins now.
    keys(&mut app, "m");
    assert_eq!(told(&app), "measuring user alice from now on; m stops");
}

#[test]
fn a_measurement_in_the_past_says_that_it_begins_now() {
    let (mut bench, mut app) = empty();
    for _ in 0..3 {
        app.tick(bench.tick(STEP, &[work(7, "make", 0.1)]));
    }
    select(&mut app, "make");
    keys(&mut app, ",,m");
    assert_eq!(told(&app), "measuring make (pid 7) from now on; m stops");
    app.tick(bench.tick(STEP, &[work(7, "make", 0.1)]));
    assert_eq!(app.measurement().unwrap().elapsed(), STEP);
}

#[test]
fn a_folded_row_of_the_tree_is_measured_alone_and_says_so() {
    let mut app = demo();
    keys(&mut app, "2");
    select(&mut app, "python3");
    press(&mut app, KeyCode::Left);
    keys(&mut app, "m");
    assert_eq!(told(&app), "measuring python3 (pid 4001), not the 2 folded below it; m stops");
}

#[test]
fn threads_that_rest_are_of_their_process() {
    let (mut bench, mut app) = empty();
    let pool = |threads| Work { threads, ..work(100, "pool", 0.5) };
    app.tick(bench.tick(STEP, &[pool(&[(101, 0.25), (102, 0.25)])]));
    app.tick(bench.tick(STEP, &[pool(&[(101, 0.5)])]));
    select(&mut app, "t102");
    keys(&mut app, "K");
    assert_eq!(targets(press(&mut app, KeyCode::Enter)), [100]);
    keys(&mut app, "4");
    select(&mut app, "alice");
    keys(&mut app, "K");
    assert_eq!(targets(press(&mut app, KeyCode::Enter)), [100], "once, and not each thread");
}

#[test]
fn a_group_of_an_earlier_moment_is_looked_into() {
    let mut app = screen(Meters::Measured, 20);
    keys(&mut app, "4,,,");
    let key = select(&mut app, "alice");
    keys(&mut app, "z");
    assert_eq!((app.zoom_key(), app.tab(), app.is_back()), (Some(key), Tab::Processes, true));
    within(&app, key);
    keys(&mut app, ",");
    within(&app, key);
    keys(&mut app, "2");
    within(&app, key);
    keys(&mut app, "..");
    within(&app, key);
    // Rows of another kind have nothing of the group, and are of the same moment.
    let moment = app.moment();
    keys(&mut app, "3");
    assert_eq!((app.zoomed(), app.moment()), (None, moment));
    adds_up(&app);
    press(&mut app, KeyCode::Esc);
    assert!(!app.is_paused() && app.tab() == Tab::Jobs);
    adds_up(&app);
}

#[test]
fn a_filter_from_before_a_zoom_holds_again_behind_it() {
    let typed = |more: &str, tab: char| {
        let mut app = screen(Meters::Measured, 20);
        keys(&mut app, "4/ali");
        press(&mut app, KeyCode::Enter);
        select(&mut app, "alice");
        keys(&mut app, "z");
        assert!(app.filter().is_empty());
        if !more.is_empty() {
            keys(&mut app, &format!("/{more}"));
            press(&mut app, KeyCode::Enter);
        }
        press(&mut app, KeyCode::Char(tab));
        app.filter().text().to_string()
    };
    assert_eq!(typed("", '3'), "ali");
    assert_eq!(typed("", '2'), "", "still in the group");
    assert_eq!(typed("rust", '3'), "rust", "what was typed since stays");
}

#[test]
fn a_notice_that_is_told_again_is_another() {
    let mut app = demo();
    assert_eq!(app.notice_number(), None);
    keys(&mut app, "K");
    let first = app.notice_number();
    keys(&mut app, "K");
    assert!(first.is_some() && app.notice_number() > first);
    app.hush();
    assert_eq!(app.notice_number(), None);
}

#[test]
fn what_is_typed_and_what_is_told_are_two_things() {
    let mut app = demo().with_hands(Hands::Free);
    keys(&mut app, "K/py");
    let screen = text(&mut app, 120, 24);
    assert!(screen.contains("filter: py▏  select a row first: ↑ ↓"), "{screen}");
}

#[test]
fn far_back_a_chart_has_what_was_gone_through_again() {
    let (mut bench, mut app) = empty();
    for _ in 0..400 {
        app.count(bench.tick(STEP, &[work(7, "make", 0.1)]));
    }
    keys(&mut app, "t-9m50s");
    app.update(Action::Accept);
    select(&mut app, "make");
    app.update(Action::Detail);
    let chart = app.detail().unwrap().sections.iter().find_map(|section| match &section.body {
        Body::Chart(history) => Some(history),
        _ => None,
    });
    let history = chart.unwrap();
    let shown = history.intervals.len();
    // Of what is remembered of rows only a few intervals are that old.
    assert!(shown >= 50, "{shown}");
    assert_eq!(history.first + shown as u64, 400 - 295);
}
