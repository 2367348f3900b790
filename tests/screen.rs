//! The live screen as a user sees it, at several sizes and in several states.
//!
//! Snapshots are the symbols of the buffer; styles have a test of their own.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]
#![allow(missing_docs, reason = "a test explains itself by its name")]

#[path = "screen/act.rs"]
mod act;
#[path = "screen/bench.rs"]
mod bench;
#[path = "screen/detail.rs"]
mod detail;
#[path = "screen/document.rs"]
mod document;
#[path = "screen/gpus.rs"]
mod gpus;
#[path = "screen/lives.rs"]
mod lives;
#[path = "screen/matrix.rs"]
mod matrix;
#[path = "screen/moments.rs"]
mod moments;
#[path = "screen/mouse.rs"]
mod mouse;
#[path = "screen/past.rs"]
mod past;
#[path = "screen/properties.rs"]
mod properties;
#[path = "screen/settings.rs"]
mod settings;
#[path = "screen/setup.rs"]
mod setup;
#[path = "screen/state.rs"]
mod state;
#[path = "screen/tabs.rs"]
mod tabs;

use std::time::Duration;

use bench::{Bench, Meters, afternoon};
use detail::{open, opened, with_static_power};
use gpus::{demo, following};
use jouletop::{
    attribute::IdlePolicy,
    frame::Basis,
    sample::Lost,
    tui::{App, Theme, action::Action, spots::Spots, view},
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    style::{Color, Modifier},
};

const STEP: Duration = Duration::from_secs(2);

/// A screen that has followed the afternoon for a while.
fn screen(meters: Meters, ticks: usize) -> App {
    let mut bench = Bench::new(meters);
    let mut app = App::new(bench.describe(), STEP, Theme::colour());
    for minute in 0..ticks {
        bench.gap = minute == 30;
        if minute == 7 {
            bench.lost = Lost { events: 3, ..Lost::default() };
        }
        app.tick(bench.tick(STEP, &afternoon(minute)));
    }
    app
}

fn draw(app: &mut App, width: u16, height: u16) -> Buffer {
    drawn(app, width, height).0
}

/// The picture, and what of it answers to the mouse.
fn drawn(app: &mut App, width: u16, height: u16) -> (Buffer, Spots) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut spots = Spots::default();
    let draw = |frame: &mut ratatui::Frame| {
        app.fit(frame.area());
        spots = view(app, frame);
    };
    terminal.draw(draw).unwrap();
    (terminal.backend().buffer().clone(), spots)
}

/// The symbols, with a frame that shows where the screen ends.
fn text(app: &mut App, width: u16, height: u16) -> String {
    let buffer = draw(app, width, height);
    let edge = format!("+{}+\n", "-".repeat(width.into()));
    let mut text = edge.clone();
    for y in 0..height {
        text.push('|');
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            text.push_str(symbol);
            x += ratatui::text::Span::raw(symbol).width().max(1) as u16;
        }
        text.push_str("|\n");
    }
    text + &edge
}

#[test]
fn small() {
    insta::assert_snapshot!(text(&mut screen(Meters::Measured, 40), 40, 12));
}

#[test]
fn usual() {
    insta::assert_snapshot!(text(&mut screen(Meters::Measured, 40), 80, 24));
}

#[test]
fn large() {
    insta::assert_snapshot!(text(&mut screen(Meters::Measured, 120), 160, 50));
}

#[test]
fn tiny() {
    insta::assert_snapshot!(text(&mut screen(Meters::Measured, 40), 10, 3));
}

#[test]
fn estimated() {
    insta::assert_snapshot!(text(&mut screen(Meters::Estimated, 40), 80, 24));
}

#[test]
fn no_meter() {
    insta::assert_snapshot!(text(&mut screen(Meters::None, 40), 80, 24));
}

#[test]
fn measuring() {
    let mut app = screen(Meters::Estimated, 0);
    insta::assert_snapshot!(text(&mut app, 80, 24));
}

#[test]
fn help() {
    let mut app = screen(Meters::Measured, 40);
    app.update(Action::Help);
    insta::assert_snapshot!(text(&mut app, 80, 24));
}

#[test]
fn help_on_a_small_screen_scrolls() {
    let mut app = screen(Meters::Measured, 40);
    app.fit(ratatui::layout::Rect::new(0, 0, 40, 12));
    app.update(Action::Help);
    app.update(Action::Down);
    insta::assert_snapshot!(text(&mut app, 40, 12));
}

#[test]
fn open_by_an_estimate() {
    insta::assert_snapshot!(text(&mut opened(Meters::Estimated), 80, 24));
}

#[test]
fn open_with_static_power_paid() {
    let mut app = with_static_power(Basis::Learned, IdlePolicy::Proportional);
    open(&mut app, "rustc");
    insta::assert_snapshot!(text(&mut app, 80, 24));
}

#[test]
fn paused_with_a_filter() {
    let mut app = screen(Meters::Measured, 40);
    app.update(Action::Pause);
    app.update(Action::Filter);
    for letter in "rust".chars() {
        app.update(Action::Type(letter));
    }
    insta::assert_snapshot!(text(&mut app, 80, 24));
}

#[test]
fn in_milliwatts_with_ended_rows_folded() {
    let mut app = screen(Meters::Measured, 40);
    app.update(Action::Units);
    app.update(Action::Units);
    app.update(Action::Ended);
    insta::assert_snapshot!(text(&mut app, 80, 24));
}

#[test]
fn gpus_usual() {
    insta::assert_snapshot!(text(&mut demo(), 80, 24));
}

#[test]
fn gpus_wide() {
    insta::assert_snapshot!(text(&mut demo(), 120, 30));
}

#[test]
fn gpus_large() {
    insta::assert_snapshot!(text(&mut demo(), 160, 50));
}

#[test]
fn gpus_small() {
    insta::assert_snapshot!(text(&mut demo(), 40, 12));
}

#[test]
fn gpus_help() {
    let mut app = demo();
    app.update(Action::Help);
    insta::assert_snapshot!(text(&mut app, 80, 30));
}

#[test]
fn gpus_held_idle_open() {
    let mut app = demo();
    app.update(Action::Filter);
    for letter in "lina".chars() {
        app.update(Action::Type(letter));
    }
    app.update(Action::Accept);
    open(&mut app, "python3");
    insta::assert_snapshot!(text(&mut app, 80, 24));
}

#[test]
fn gpus_shared_open() {
    let mut app = demo();
    open(&mut app, "vllm");
    insta::assert_snapshot!(text(&mut app, 80, 30));
}

#[test]
fn gpus_divided() {
    insta::assert_snapshot!(text(&mut following("gpu_mig", 1, Theme::colour()), 80, 24));
}

#[test]
fn gpus_lost() {
    insta::assert_snapshot!(text(&mut following("gpu_reset", 3, Theme::colour()), 80, 24));
}

/// The line of a screen that has this text.
fn line(buffer: &Buffer, text: &str) -> u16 {
    let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..buffer.area.height).find(|&y| row(y).contains(text)).unwrap()
}

#[test]
fn styles_say_what_is_selected_and_what_is_beside_the_point() {
    let mut app = screen(Meters::Measured, 40);
    app.update(Action::Sort(jouletop::tui::column::Column::Name));
    app.fit(ratatui::layout::Rect::new(0, 0, 80, 50));
    app.update(Action::Down);
    let buffer = draw(&mut app, 80, 50);
    let modifier = |text: &str| buffer[(70, line(&buffer, text))].modifier;
    assert!(modifier("(idle)").contains(Modifier::REVERSED), "the first row is selected");
    assert!(modifier("(kernel)").contains(Modifier::DIM), "not a process");
    assert!(modifier("cc1 (ended)").contains(Modifier::DIM), "ended");
    assert!(modifier("firefox").is_empty(), "a live process is plain");
}

#[test]
fn without_colours_there_are_none() {
    let bench = Bench::new(Meters::Estimated);
    let mut app = App::new(bench.describe(), STEP, Theme::plain());
    let mut bench = bench;
    for minute in 0..10 {
        app.tick(bench.tick(STEP, &afternoon(minute)));
    }
    let buffer = draw(&mut app, 160, 50);
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
}
