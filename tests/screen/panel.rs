//! The explanation of a row, and what the screen says of how far its figures can be believed.

use std::collections::HashMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jouletop::{
    attribute::{Floor, IdlePolicy, Method},
    frame::Basis,
    ledger::RowKey,
    tui::{App, Theme, action, action::Action, app::Mode},
    units::Watts,
};
use ratatui::layout::Rect;

use crate::{
    STEP,
    bench::{Bench, Meters, afternoon, work},
    screen, text,
};

fn press(app: &mut App, code: KeyCode) {
    let action = action::action(KeyEvent::new(code, KeyModifiers::NONE), app);
    assert_eq!(app.update(action.unwrap()), None);
}

/// A screen on which the first process is explained.
pub fn explained(meters: Meters) -> App {
    let mut app = screen(meters, 40);
    press(&mut app, KeyCode::Enter);
    app
}

/// A screen on which the row of this name is explained.
pub fn explain(app: &mut App, name: &str) {
    app.fit(Rect::new(0, 0, 80, 24));
    let place = app.rows().iter().position(|row| row.identity.name == name).unwrap();
    app.update(Action::First);
    for _ in 0..=place {
        app.update(Action::Down);
    }
    while app.selected() != Some(app.rows()[place].key) {
        app.update(Action::Up);
    }
    app.update(Action::Explain);
}

/// An afternoon with static power known.
pub fn with_static_power(basis: Basis, policy: IdlePolicy) -> App {
    let mut bench = Bench::new(Meters::Measured);
    let floor = |watts| Floor { watts: Watts(watts), basis };
    bench.method = Method {
        idle_policy: policy,
        floors: HashMap::from([("package-0".into(), floor(9.3)), ("dram-0".into(), floor(2.2))]),
        ..Method::default()
    };
    let mut app = App::new(bench.describe(), STEP, Theme::colour());
    for minute in 0..40 {
        app.tick(bench.tick(STEP, &afternoon(minute)));
    }
    app
}

#[test]
fn who_did_not_run_is_charged_nothing_and_keeps_its_sums() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    app.tick(bench.tick(STEP, &[work(1, "early", 0.5), work(2, "late", 0.1)]));
    app.tick(bench.tick(STEP, &[work(2, "late", 0.1)]));
    explain(&mut app, "early");
    let screen = text(&mut app, 80, 24);
    assert!(screen.contains("|early (pid 1, alice)"), "{screen}");
    assert!(screen.contains("did not run in the last interval: it is charged nothing for running"));
    assert!(screen.contains("since start  2.") && screen.contains("1.0s of CPU time"), "{screen}");
}

#[test]
fn every_row_that_is_no_process_says_what_it_is() {
    let mut app = screen(Meters::Measured, 40);
    for (name, words) in [
        ("(idle)", "No process is charged for it."),
        ("(kernel)", "Kernel threads"),
        ("(unattributed)", "whose process was not seen"),
        ("(jouletop)", "what this measurement costs"),
    ] {
        explain(&mut app, name);
        let screen = text(&mut app, 80, 24);
        assert!(screen.contains(words) && screen.contains("since start"), "{screen}");
        app.update(Action::Explain);
    }
}

#[test]
fn enter_opens_and_escape_enter_or_q_close() {
    let mut app = screen(Meters::Measured, 40);
    for close in [KeyCode::Esc, KeyCode::Enter, KeyCode::Char('q')] {
        press(&mut app, KeyCode::Enter);
        let key = app.selected().unwrap();
        assert!(matches!(key, RowKey::Process(_)), "the first process, not (idle)");
        assert_eq!(app.mode(), Mode::Explain { row: key, scroll: 0 });
        press(&mut app, close);
        assert_eq!((app.mode(), app.selected()), (Mode::Browse, Some(key)));
    }
}

#[test]
fn it_scrolls_to_its_end_and_no_further() {
    let mut app = explained(Meters::Measured);
    app.fit(Rect::new(0, 0, 40, 12));
    let end = "gCO2e, ";
    assert!(!text(&mut app, 40, 12).contains(end));
    for _ in 0..50 {
        press(&mut app, KeyCode::Down);
    }
    let last = text(&mut app, 40, 12);
    assert!(last.contains(end) && !last.contains("more"), "{last}");
    press(&mut app, KeyCode::Up);
    assert!(text(&mut app, 40, 12).contains("↓ more"));
}

#[test]
fn it_follows_the_figures_and_stands_still_in_a_pause() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    let mut tick = |app: &mut App, load| app.tick(bench.tick(STEP, &[work(1, "one", load)]));
    tick(&mut app, 0.5);
    press(&mut app, KeyCode::Enter);
    let first = text(&mut app, 80, 24);
    assert!(first.contains("1.0000 of 1.0200 seconds of CPU time"), "{first}");
    tick(&mut app, 0.9);
    let second = text(&mut app, 80, 24);
    assert!(second.contains("1.8000 of 1.8200 seconds of CPU time"), "{second}");
    press(&mut app, KeyCode::Char(' '));
    let paused = text(&mut app, 80, 24);
    tick(&mut app, 0.2);
    assert_eq!(text(&mut app, 80, 24), paused);
}

#[test]
fn a_gap_is_explained_as_one() {
    let mut bench = Bench::new(Meters::None);
    let mut app = screen(Meters::None, 0);
    app.tick(bench.tick(STEP, &[work(1, "one", 0.5)]));
    press(&mut app, KeyCode::Enter);
    let screen = text(&mut app, 80, 24);
    assert!(screen.contains("no meter counted in this interval"), "{screen}");
    assert!(!screen.contains(" 0 J"), "absent, and not zero: {screen}");
}

#[test]
fn the_basis_of_static_power_is_on_the_screen() {
    let says = |app: &mut App, width, words: &str| {
        let screen = text(app, width, 24);
        assert!(screen.contains(words), "{words}: {screen}");
    };
    let mut calibrated = with_static_power(Basis::Calibrated, IdlePolicy::None);
    says(&mut calibrated, 80, "static 11.50 W calibrated");
    says(&mut calibrated, 40, "static calibrated");
    let mut learned = with_static_power(Basis::Learned, IdlePolicy::None);
    says(&mut learned, 80, "static ~11.50 W learned");
    let mut unknown = screen(Meters::Measured, 3);
    says(&mut unknown, 110, "static not known (share of unused capacity)");
    says(&mut unknown, 80, "static not known");
}

#[test]
fn an_estimate_shows_its_range_and_a_weak_split_its_mark() {
    let screen_of = |meters, width| text(&mut screen(meters, 3), width, 24);
    let line = |screen: &str, name: &str| {
        screen.lines().find(|line| line.contains(name)).unwrap().to_owned()
    };
    let wide = screen_of(Meters::Estimated, 100);
    assert!(line(&wide, "package-0").contains(" W (17-67)"), "{wide}");
    let narrow = screen_of(Meters::Estimated, 40);
    assert!(!line(&narrow, "package-0").contains('('), "{narrow}");
    for width in [40, 80] {
        let measured = screen_of(Meters::Measured, width);
        assert!(line(&measured, "dram-0").contains(" W ?"), "{measured}");
        assert!(!line(&measured, "package-0").contains('?'), "{measured}");
    }
}

#[test]
fn the_range_of_a_share_is_its_part_of_the_range_of_all() {
    let app = screen(Meters::Estimated, 3);
    let frame = &app.ledger().latest().unwrap().frame;
    let total = frame.total.total().unwrap();
    let (least, most) = frame.range_of(total);
    assert_eq!(Some((least, most)), frame.range());
    assert!(least < total && total < most);
    let row = frame.processes[0].share.energy.total().unwrap();
    let (low, high) = frame.range_of(row);
    assert!(low < row && row < high);
    let measured = screen(Meters::Measured, 3);
    let frame = &measured.ledger().latest().unwrap().frame;
    assert_eq!(frame.range_of(row), (row, row), "what is measured has none");
}
