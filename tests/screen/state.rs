//! How the screen answers to keys and ticks.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jouletop::{
    ledger::RowKey,
    tui::{
        App,
        action::{self, Action, BINDINGS},
        app::{Hands, Mode, Request},
        column::Column,
        setting::Setting,
        tab::Tab,
    },
};
use ratatui::layout::Rect;

use crate::{
    STEP,
    bench::{Bench, Meters, Work, work},
    screen,
    tabs::found,
    text,
};

const USUAL: Rect = Rect { x: 0, y: 0, width: 80, height: 24 };

fn names(app: &App) -> Vec<&str> {
    app.rows().iter().map(|row| row.identity.name.as_str()).collect()
}

fn type_in(app: &mut App, filter: &str) {
    app.update(Action::Filter);
    for letter in filter.chars() {
        app.update(Action::Type(letter));
    }
}

fn press(app: &mut App, code: KeyCode) -> Option<Request> {
    action::action(KeyEvent::new(code, KeyModifiers::NONE), app).and_then(|key| app.update(key))
}

/// The sum of the rows is the header, to the microjoule.
pub fn adds_up(app: &App) {
    let totals = app.ledger().totals();
    let sum = app.sum();
    assert_eq!(sum.energy, totals.sum.share.energy.total());
    let watts = app.ledger().latest().and_then(|tick| tick.frame.watts());
    assert_eq!(sum.watts, watts);
    if let Some(grams) = sum.grams {
        assert!((grams.0 - totals.sum.grams.0).abs() <= 1e-9 * grams.0);
    }
}

#[test]
fn rows_add_up_to_the_header_folded_or_not() {
    for meters in [Meters::Measured, Meters::Estimated, Meters::None] {
        let mut app = screen(meters, 40);
        adds_up(&app);
        app.update(Action::Ended);
        adds_up(&app);
        assert!(names(&app).contains(&"(ended)"));
        assert!(!names(&app).contains(&"cc1"));
    }
}

#[test]
fn thousands_of_ended_processes_still_add_up() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    for round in 0..5_u32 {
        let short = |job: u32| Work { ended: true, ..work(1000 * round + job, "sh", 0.001) };
        let all: Vec<Work> = (1..1000).map(short).collect();
        app.tick(bench.tick(STEP, &all));
    }
    assert!(app.rows().iter().any(|row| row.key == RowKey::Folded));
    adds_up(&app);
    app.update(Action::Ended);
    adds_up(&app);
    assert_eq!(app.rows().iter().filter(|row| row.ended).count(), 1);
}

#[test]
fn every_column_sorts_both_ways_with_the_unknown_last() {
    let mut app = screen(Meters::Measured, 40);
    // The known, and behind them those who were there only while no meter counted.
    let energies = |app: &App| {
        let all: Vec<_> = app.rows().iter().map(|row| row.energy).collect();
        let known: Vec<_> = all.iter().map_while(|energy| *energy).collect();
        assert!(known.len() < all.len() && all[known.len()..].iter().all(Option::is_none));
        known
    };
    app.update(Action::Sort(Column::Joules));
    assert!(energies(&app).is_sorted_by(|a, b| a >= b));
    app.update(Action::Reverse);
    assert!(energies(&app).is_sorted());
    app.update(Action::Sort(Column::Name));
    assert!(names(&app).is_sorted());
    app.update(Action::Sort(Column::Pid));
    assert_eq!(app.rows()[0].identity.name, "systemd");
    assert!(names(&app).last().unwrap().starts_with('('));
    app.update(Action::Reverse);
    assert_eq!(app.rows()[0].identity.name, "日本語の長い名前のプロセス");
    assert!(names(&app).last().unwrap().starts_with('('), "no PID is never first");
}

#[test]
fn the_sort_column_moves_and_stops_at_the_edges() {
    let mut app = screen(Meters::Measured, 1);
    app.update(Action::SortRight);
    assert_eq!(app.sorted(), (Column::Joules, false));
    for _ in 0..9 {
        app.update(Action::SortLeft);
    }
    assert_eq!(app.sorted(), (Column::Pid, false));
    for _ in 0..9 {
        app.update(Action::SortRight);
    }
    assert_eq!(app.sorted(), (Column::Name, false));
}

#[test]
fn a_short_burst_does_not_turn_the_order_round() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    for _ in 0..20 {
        app.tick(bench.tick(STEP, &[work(1, "steady", 0.9), work(2, "bursty", 0.5)]));
    }
    app.tick(bench.tick(STEP, &[work(1, "steady", 0.9), work(2, "bursty", 1.4)]));
    let place = |app: &App, name| names(app).iter().position(|row| *row == name);
    assert!(place(&app, "steady") < place(&app, "bursty"));
    for _ in 0..5 {
        app.tick(bench.tick(STEP, &[work(1, "steady", 0.9), work(2, "bursty", 1.4)]));
    }
    assert!(place(&app, "steady") > place(&app, "bursty"), "but a lasting change does");
}

#[test]
fn the_selection_follows_its_process() {
    let mut app = screen(Meters::Measured, 40);
    app.fit(USUAL);
    assert_eq!(app.selected(), None);
    app.update(Action::Down);
    app.update(Action::Down);
    let key = app.rows()[1].key;
    assert_eq!(app.selected(), Some(key));
    app.update(Action::Reverse);
    assert_eq!(app.selected(), Some(key));
    let place = app.rows().iter().position(|row| row.key == key).unwrap();
    assert_ne!(place, 1);
    assert!((app.top()..app.top() + 24).contains(&place), "and the table scrolls to it");
}

#[test]
fn the_selection_moves_by_rows_and_pages_and_stays_in_the_table() {
    let mut app = screen(Meters::Measured, 40);
    app.fit(USUAL);
    app.update(Action::Last);
    assert_eq!(app.selected(), app.rows().last().map(|row| row.key));
    app.update(Action::PageDown);
    assert_eq!(app.selected(), app.rows().last().map(|row| row.key));
    app.update(Action::First);
    app.update(Action::Up);
    assert_eq!(app.selected(), app.rows().first().map(|row| row.key));
    app.update(Action::PageDown);
    assert_ne!(app.selected(), app.rows().get(1).map(|row| row.key));
}

#[test]
fn a_filter_looks_at_name_command_user_and_pid() {
    let mut app = screen(Meters::Measured, 40);
    for (filter, name) in [
        ("FIREF", "firefox"),
        ("isforbrowser", "firefox"),
        ("postgres", "postgres"),
        ("30412", "rust-analyzer"),
        ("日本", "日本語の長い名前のプロセス"),
    ] {
        type_in(&mut app, filter);
        assert_eq!(names(&app), [name], "{filter}");
        app.update(Action::Back);
        assert_eq!((app.filter().text(), app.mode()), ("", Mode::Browse));
    }
    type_in(&mut app, "nobody has this name");
    app.update(Action::Down);
    assert_eq!((app.rows().len(), app.selected()), (0, None));
    assert_eq!(app.sum().energy, None, "no row, no number");
}

#[test]
fn keys_are_text_while_a_filter_is_typed() {
    let mut app = screen(Meters::Measured, 40);
    press(&mut app, KeyCode::Char('/'));
    assert_eq!(press(&mut app, KeyCode::Char('q')), None);
    press(&mut app, KeyCode::Char(' '));
    assert_eq!((app.filter().text(), app.is_paused()), ("q ", false));
    press(&mut app, KeyCode::Backspace);
    press(&mut app, KeyCode::Enter);
    assert_eq!((app.filter().text(), app.mode()), ("q", Mode::Browse), "Enter keeps the filter");
    assert_eq!(press(&mut app, KeyCode::Char('q')), Some(Request::Quit));
}

#[test]
fn a_pause_freezes_the_picture_but_not_the_measurement() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    app.tick(bench.tick(STEP, &[work(1, "first", 0.5)]));
    app.update(Action::Pause);
    let before = text(&mut app, 80, 24);
    assert!(before.contains("PAUSED"));
    app.tick(bench.tick(STEP, &[work(2, "second", 0.5)]));
    assert_eq!(text(&mut app, 80, 24), before);
    app.update(Action::Pause);
    assert!(names(&app).contains(&"second"));
    assert_eq!(app.ledger().totals().elapsed, 2 * STEP);
    adds_up(&app);
}

#[test]
fn a_gap_is_shown_as_one() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    app.tick(bench.tick(STEP, &[work(1, "first", 0.5)]));
    bench.gap = true;
    app.tick(bench.tick(STEP, &[work(1, "first", 0.5)]));
    let screen = text(&mut app, 80, 24);
    assert!(screen.contains("|- W "), "{screen}");
    assert!(screen.contains("- went away while it was read"), "{screen}");
    assert!(app.rows().iter().all(|row| row.watts.is_none()), "absent, and not zero");
    assert_eq!(app.ledger().history().iter().filter(|point| point.is_none()).count(), 1);
    adds_up(&app);
}

#[test]
fn the_interval_keeps_to_its_bounds() {
    let mut app = screen(Meters::Measured, 1);
    app.update(Action::Slower);
    assert_eq!(app.interval(), Duration::from_secs(5));
    for _ in 0..20 {
        app.update(Action::Slower);
    }
    assert_eq!(app.interval(), Duration::from_mins(1));
    for _ in 0..20 {
        app.update(Action::Faster);
    }
    assert_eq!(app.interval(), Duration::from_millis(100));
}

/// The states between which the meaning of keys differs.
pub fn states() -> Vec<App> {
    let mut states: Vec<App> =
        (0..21).map(|_| screen(Meters::Measured, 3).with_hands(Hands::Free)).collect();
    states[1].update(Action::Help);
    states[2].update(Action::Filter);
    states[3].update(Action::Down);
    states[4].update(Action::Detail);
    for (state, action) in [(5, Action::Signal), (6, Action::Nice(1)), (7, Action::Export)] {
        for _ in 0..3 {
            states[state].update(Action::Down);
        }
        states[state].update(action);
    }
    let mut bench = Bench::new(Meters::Measured);
    states[8].update(Action::Measure);
    states[8].tick(bench.tick(STEP, &[work(1, "x", 0.5)]));
    states[8].update(Action::Measure);
    states[9].update(Action::Tab(Tab::Users));
    states[9].update(Action::Zoom);
    states[9].update(Action::Down);
    assert!(states[9].zoomed().is_some());
    states[10].update(Action::AskTime);
    states[11].update(Action::Down);
    states[11].update(Action::Earlier);
    states[12].update(Action::Pause);
    states[13].update(Action::Users);
    states[14].tick(found(&mut Bench::new(Meters::Measured), &[1]));
    states[14].update(Action::Tab(Tab::Findings));
    states[14].update(Action::Detail);
    states[15].fit(Rect::new(0, 0, 160, 50));
    states[15].update(Action::Detail);
    assert!(states[15].is_beside());
    states[16].update(Action::Tab(Tab::Users));
    states[16].update(Action::Earlier);
    states[16].update(Action::Zoom);
    states[16].update(Action::Down);
    assert!(states[16].zoomed().is_some() && states[16].is_back());
    states[17].update(Action::Measure);
    states[17].tick(Bench::new(Meters::Measured).tick(STEP, &[work(1, "x", 0.5)]));
    states[17].update(Action::Earlier);
    states[17].update(Action::Measure);
    for _ in 0..3 {
        states[18].update(Action::Down);
    }
    states[18].update(Action::Io);
    states[19].update(Action::Settings);
    let mut columns = Setting::all().take_while(|setting| !setting.is_columns());
    states[20].update(Action::Settings);
    columns.by_ref().for_each(|_| drop(states[20].update(Action::Down)));
    states[20].update(Action::Pick);
    let modes = [19, 20].map(|state: usize| states[state].mode());
    assert_eq!(modes, [Mode::Settings { index: 0 }, Mode::Columns { index: 0 }]);
    let modes = [13, 14, 17, 18].map(|state: usize| states[state].mode());
    let card = Mode::Card { scroll: 0 };
    assert_eq!(modes, [Mode::Users { index: 0 }, Mode::Finding { scroll: 0 }, card, Mode::Act]);
    assert!(states[17].is_back());
    let modes: Vec<Mode> = states[5..9].iter().map(App::mode).collect();
    assert_eq!(modes, [Mode::Act, Mode::Act, Mode::Export, Mode::Card { scroll: 0 }]);
    states
}

#[test]
fn no_key_means_two_things() {
    for app in states() {
        let valid = BINDINGS.iter().filter(|binding| binding.when.holds(&app));
        let keys: Vec<_> = valid.flat_map(|binding| binding.keys).collect();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "{} in {:?}", key.label(), app.mode());
        }
    }
}

#[test]
fn every_action_is_in_the_table_and_documented() {
    // A new action fails to compile here until it is in the list.
    let all = |action| match action {
        Action::Help
        | Action::Detail
        | Action::Quit
        | Action::Suspend
        | Action::Back
        | Action::Pause
        | Action::Earlier
        | Action::Later
        | Action::MinuteEarlier
        | Action::MinuteLater
        | Action::AskTime
        | Action::Units
        | Action::Slower
        | Action::Faster
        | Action::Filter
        | Action::Users
        | Action::Pick
        | Action::Type(_)
        | Action::Erase
        | Action::Accept
        | Action::SortLeft
        | Action::SortRight
        | Action::Sort(_)
        | Action::Reverse
        | Action::Ended
        | Action::Tab(_)
        | Action::NextTab
        | Action::PreviousTab
        | Action::Fold
        | Action::Unfold
        | Action::FoldAll
        | Action::Gpus
        | Action::Signal
        | Action::Nice(_)
        | Action::Io
        | Action::Measure
        | Action::Card
        | Action::Export
        | Action::Zoom
        | Action::Settings
        | Action::PreviousValue
        | Action::NextValue
        | Action::Undo
        | Action::Save
        | Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::First
        | Action::Last
        // What the mouse alone can mean.
        | Action::Select(_)
        | Action::Choose(_)
        | Action::Scroll(_)
        | Action::ScrollRows(_)
        | Action::Divide(_) => (),
    };
    let mut kinds = Vec::new();
    for binding in BINDINGS {
        all(binding.action);
        // Words in the help, or at least in the footer while the key can be used.
        assert!(!binding.help.is_empty() || binding.hint.is_some(), "{:?}", binding.action);
        let kind = std::mem::discriminant(&binding.action);
        // What can be done without a question being open is in the help, by one key at least.
        let answers = matches!(
            binding.action,
            Action::Accept
                | Action::Pick
                | Action::Card
                | Action::PreviousValue
                | Action::NextValue
                | Action::Undo
                | Action::Save
        );
        let helps = BINDINGS
            .iter()
            .any(|other| std::mem::discriminant(&other.action) == kind && !other.help.is_empty());
        assert!(answers || helps, "{:?}", binding.action);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    assert_eq!(kinds.len(), 50);
    let extra = [
        Column::User,
        Column::Smooth,
        Column::Share,
        Column::Recent,
        Column::Count,
        Column::Money,
        Column::Age,
        Column::Command,
    ];
    for column in Column::ALL {
        assert!(
            column.is_read_late()
                || extra.contains(&column)
                || BINDINGS.iter().any(|binding| binding.action == Action::Sort(column))
        );
    }
}

#[test]
fn control_c_quits_from_everywhere() {
    for mut app in states() {
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        let action = action::action(key, &app).unwrap();
        assert_eq!(app.update(action), Some(Request::Quit));
    }
}
