//! The settings: what they show, what a change does at once, and what is to be saved.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jouletop::{
    config::{
        Config, Effective, Origin, Own, Screen,
        place::{Place, Whose},
        screen::{Panels, Theme as Name},
    },
    present::figure::Units,
    tui::{
        App, Theme,
        action::{self, Action},
        app::{Hands, Mode, Request},
        column::Column,
        setting::Setting,
        settings::Palette,
        tab::Tab,
    },
};
use toml::Value;

use crate::{
    STEP,
    bench::{Bench, Meters, afternoon},
    draw, text,
};

const FILE: &str = "/home/ada/.config/jouletop/config.toml";

/// The afternoon of a user with a file, and with `--theme`.
fn app() -> App {
    let palette = Palette::of(|name| (name == "COLORTERM").then(|| "truecolor".into()));
    let screen = Screen { theme: Name::Dark, units: Units::WattHours, ..Screen::default() };
    let file = |name: &str, line| Effective {
        name: name.into(),
        value: None,
        origin: Origin::File(FILE.into(), line),
    };
    let machines = Effective {
        name: "screen.reverse".into(),
        value: None,
        origin: Origin::File("/etc/jouletop/config.toml".into(), 3),
    };
    let place = Place { path: FILE.into(), whose: Whose::User };
    let config = Config {
        effective: vec![file("screen.theme", 7), file("screen.units", 12), machines],
        own: Own::new(place, None, &[0]),
        ..Config::default()
    };
    let mut bench = Bench::new(Meters::Measured);
    let app = App::new(bench.describe(), Duration::from_secs(2), Theme::plain());
    let mut app = app.with_screen(&screen, palette).with_hands(Hands::Free);
    for minute in 0..20 {
        app.tick(bench.tick(STEP, &afternoon(minute)));
    }
    app.with_origins(&config, &[("screen.theme", "theme")])
}

fn press(app: &mut App, code: KeyCode) -> Option<Request> {
    let action = action::action(KeyEvent::new(code, KeyModifiers::NONE), app);
    action.and_then(|action| app.update(action))
}

/// Opens the settings at one of them.
fn at(app: &mut App, name: &str) {
    if app.mode() == Mode::Browse {
        press(app, KeyCode::F(2));
    }
    press(app, KeyCode::Home);
    let index = Setting::all().position(|setting| setting.short() == name).unwrap();
    (0..index).for_each(|_| drop(press(app, KeyCode::Down)));
    assert_eq!(app.mode(), Mode::Settings { index });
}

fn to_save(app: &mut App) -> Vec<(String, Value)> {
    match press(app, KeyCode::Char('s')) {
        Some(Request::Save(keys)) => keys,
        None => Vec::new(),
        other => panic!("{other:?}"),
    }
}

fn value(text: &str) -> Value {
    toml::from_str::<toml::Table>(&format!("it = {text}")).unwrap()["it"].clone()
}

#[test]
fn they_show_each_value_and_who_said_it() {
    let mut app = app();
    press(&mut app, KeyCode::Char('S'));
    insta::assert_snapshot!("settings_usual", text(&mut app, 80, 24));
    at(&mut app, "columns");
    insta::assert_snapshot!("settings_small", text(&mut app, 40, 12));
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Char(' '));
    insta::assert_snapshot!("settings_columns", text(&mut app, 80, 24));
    insta::assert_snapshot!("settings_columns_small", text(&mut app, 40, 12));
    press(&mut app, KeyCode::Esc);
    at(&mut app, "theme");
    press(&mut app, KeyCode::Right);
    insta::assert_snapshot!("settings_changed", text(&mut app, 160, 50));
}

#[test]
fn a_change_holds_at_once_and_is_taken_back() {
    let mut app = app();
    let before = app.looks();
    at(&mut app, "theme");
    press(&mut app, KeyCode::Right);
    assert_eq!(app.settings().theme, Name::Light);
    assert_ne!(draw(&mut app, 80, 24)[(0, 0)].bg, ratatui::style::Color::Reset);
    press(&mut app, KeyCode::Left);
    press(&mut app, KeyCode::Left);
    assert_eq!(app.settings().theme, Name::Auto);
    press(&mut app, KeyCode::Backspace);
    assert_eq!(app.looks(), before);

    at(&mut app, "view");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.tab(), Tab::Tree);
    assert!(matches!(app.mode(), Mode::Settings { .. }), "it stays open");
    at(&mut app, "sort");
    press(&mut app, KeyCode::Char(' '));
    assert_ne!(app.sorted(), (Column::Watts, false));
    at(&mut app, "interval");
    press(&mut app, KeyCode::Left);
    assert_eq!(app.interval(), Duration::from_secs(1));
    at(&mut app, "panels.own");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.settings().panels, Panels { own: false, ..Panels::default() });
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.mode(), Mode::Browse);
}

#[test]
fn only_what_was_changed_is_saved_and_then_it_is_no_change() {
    let mut app = app();
    press(&mut app, KeyCode::F(2));
    assert_eq!(to_save(&mut app), []);
    assert!(text(&mut app, 80, 24).contains("nothing has changed, so nothing is saved"));
    at(&mut app, "theme");
    press(&mut app, KeyCode::Right);
    at(&mut app, "panels.graph");
    press(&mut app, KeyCode::Enter);
    let keys = to_save(&mut app);
    let expected = [("screen.theme", "\"light\""), ("screen.panels.graph", "false")];
    assert_eq!(keys, expected.map(|(name, text)| (name.into(), value(text))));

    // It could not be saved: it is still to be.
    app.saved(&keys, Err("config.toml: the disk is full; make room, and save again".into()));
    let shown = text(&mut app, 80, 24);
    assert!(shown.contains("not saved: config.toml: the disk is full; make room"), "{shown}");
    assert_eq!(to_save(&mut app), keys);
    let lines = BTreeMap::from([("screen.panels.graph".into(), 9), ("screen.units".into(), 13)]);
    app.saved(&keys, Ok(lines.into_iter().chain([("screen.theme".into(), 7)]).collect()));
    let shown = text(&mut app, 80, 24);
    assert!(shown.contains(&format!("saved theme, panels.graph to {FILE}")), "{shown}");
    let line = |name: &str| {
        let line = shown.lines().find(|line| line.contains(name)).unwrap();
        line.trim_end_matches(['|', ' ']).to_owned()
    };
    assert!(line(" theme ").ends_with("your file, line 7"), "{shown}");
    assert!(line(" panels.graph ").ends_with("your file, line 9"), "{shown}");
    assert!(line(" units ").ends_with("your file, line 13"), "others have moved\n{shown}");
    assert!(line(" reverse ").ends_with("/etc/jouletop/config.toml:3"), "{shown}");
    assert_eq!(to_save(&mut app), []);
}

/// What a user changed by a key of the table is a change too.
#[test]
fn keys_of_the_table_change_settings_too() {
    let mut app = app();
    app.update(Action::Units);
    app.update(Action::Sort(Column::Joules));
    press(&mut app, KeyCode::F(2));
    assert!(text(&mut app, 80, 24).contains("2 changes (*) not saved; s saves to"));
    at(&mut app, "sort");
    press(&mut app, KeyCode::Backspace);
    assert_eq!(app.sorted(), (Column::Watts, false));
    assert_eq!(to_save(&mut app), [("screen.units".into(), value("\"mJ\""))]);
}

#[test]
fn columns_come_go_and_move() {
    let mut app = app();
    let names = |app: &App| app.looks().screen.columns;
    at(&mut app, "columns");
    press(&mut app, KeyCode::Right);
    assert_eq!(names(&app), [""; 0]);
    let shown: Vec<_> = app.listed().iter().filter(|one| one.on).map(|one| one.column).collect();
    assert_eq!(shown.first(), Some(&Column::Pid));
    assert_eq!(app.listed().len(), Column::ALL.len());
    // The first one goes, and the next one moves behind its neighbour.
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.settings().columns.chosen(), &shown[1..]);
    press(&mut app, KeyCode::Right);
    assert_eq!(app.mode(), Mode::Columns { index: 1 });
    assert_eq!(app.settings().columns.chosen()[..2], [shown[2], shown[1]]);
    press(&mut app, KeyCode::Left);
    press(&mut app, KeyCode::Left);
    assert_eq!(app.settings().columns.chosen(), &shown[1..], "the first stays the first");
    // One that was not there comes behind all others, and is followed.
    press(&mut app, KeyCode::End);
    let last = app.listed().last().unwrap();
    assert!(!last.on);
    let column = last.column.name().to_owned();
    press(&mut app, KeyCode::Char(' '));
    assert_eq!(app.mode(), Mode::Columns { index: shown.len() - 1 });
    assert_eq!(names(&app).last(), Some(&column));
    let expected = names(&app).into_iter().map(Value::String).collect();
    assert_eq!(to_save(&mut app), [("screen.columns".into(), Value::Array(expected))]);
    // Without any, the screen chooses again.
    press(&mut app, KeyCode::Backspace);
    assert_eq!((names(&app).len(), app.listed()[0].column), (0, Column::Pid));
    press(&mut app, KeyCode::Esc);
    let index = Setting::all().position(Setting::is_columns).unwrap();
    assert_eq!(app.mode(), Mode::Settings { index });
}

#[test]
fn a_screen_that_only_looks_saves_nothing() {
    let mut app = app().with_hands(Hands::None);
    at(&mut app, "ascii");
    press(&mut app, KeyCode::Enter);
    assert!(app.settings().ascii, "how it looks is no act");
    assert_eq!(to_save(&mut app), []);
    let shown = text(&mut app, 80, 24);
    assert!(shown.contains("this screen only looks (readonly), so it saves nothing"), "{shown}");
    assert!(!shown.contains("s save"), "{shown}");
    let homeless = app.with_origins(&Config::default(), &[]).with_hands(Hands::Free);
    let mut homeless = homeless;
    let shown = text(&mut homeless, 80, 24);
    assert!(shown.contains("no HOME, so nothing is saved; name a file with --config"), "{shown}");
    assert_eq!(homeless.settings_file().map(PathBuf::from), None);
}

#[test]
fn the_pace_of_a_recording_and_a_look_into_a_group_are_no_settings() {
    let mut app = app().of_a_recording();
    press(&mut app, KeyCode::Char('-'));
    press(&mut app, KeyCode::F(2));
    let shown = text(&mut app, 80, 24);
    assert!(
        shown.lines().any(|line| line.contains("interval") && line.contains("the recording")),
        "{shown}"
    );
    assert_eq!(to_save(&mut app), []);
    press(&mut app, KeyCode::Esc);

    press(&mut app, KeyCode::Char('4'));
    let is_group = |app: &App| {
        let selected = app.rows().iter().find(|row| app.selected() == Some(row.key));
        selected.is_some_and(|row| row.members > 0)
    };
    while !is_group(&app) {
        press(&mut app, KeyCode::Down);
    }
    press(&mut app, KeyCode::Char('z'));
    assert!(app.zoomed().is_some());
    at(&mut app, "theme");
    press(&mut app, KeyCode::Right);
    assert!(app.zoomed().is_some(), "another colour leads nowhere else");
    let names: Vec<String> = to_save(&mut app).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["screen.theme", "screen.view"]);
    assert_eq!(app.looks().screen.view, Tab::Users);
}

#[test]
fn columns_chosen_in_one_tab_leave_those_of_the_others() {
    let mut app = app();
    press(&mut app, KeyCode::Char('4'));
    at(&mut app, "columns");
    press(&mut app, KeyCode::Enter);
    let shown = |app: &App| -> Vec<Column> {
        app.listed().iter().filter(|one| one.on).map(|one| one.column).collect()
    };
    assert!(shown(&app).contains(&Column::Pid) && shown(&app).contains(&Column::User));
    press(&mut app, KeyCode::Char(' '));
    assert!(app.settings().columns.chosen().len() > 5);
}

#[test]
fn one_line_shows_what_is_changed() {
    let mut app = app();
    at(&mut app, "ascii");
    assert!(text(&mut app, 60, 3).contains("ascii"), "{}", text(&mut app, 60, 3));
}
