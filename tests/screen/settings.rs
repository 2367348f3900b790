//! The screen as a configuration wants it.

use std::time::Duration;

use jouletop::{
    config::{
        Screen,
        screen::{Panels, Theme as Name},
    },
    present::figure::Units,
    tui::{App, Theme, settings::Palette, tab::Tab},
};
use ratatui::style::Color;

use crate::{
    bench::{Bench, Meters, afternoon},
    draw, text,
};

const STEP: Duration = Duration::from_secs(2);

fn palette() -> Palette {
    Palette::of(|name| (name == "COLORTERM").then(|| "truecolor".into()))
}

/// The afternoon, for a user who has said so.
fn wanted(screen: &Screen, palette: Palette) -> App {
    let mut bench = Bench::new(Meters::Measured);
    let app = App::new(bench.describe(), STEP, Theme::plain());
    let mut app = app.with_screen(screen, palette);
    for minute in 0..40 {
        bench.gap = minute == 30;
        app.tick(bench.tick(STEP, &afternoon(minute)));
    }
    app
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn columns_stand_as_they_were_chosen_and_sort_as_was_said() {
    let screen = Screen {
        columns: columns(&["name:20", "age", "joules", "watts"]),
        sort: Some("joules".into()),
        units: Units::Milli,
        reverse: true,
        ..Screen::default()
    };
    let shown = text(&mut wanted(&screen, palette()), 80, 24);
    let head = shown.lines().find(|line| line.contains("NAME")).unwrap();
    let words: Vec<&str> = head.trim_matches('|').split_whitespace().collect();
    assert_eq!(words, ["NAME", "AGE", "▲mJ", "mW"], "{shown}");
    assert!(head.starts_with(&format!("|{:20} {:>8}", "NAME", "AGE")), "{head}");
}

#[test]
fn the_view_and_the_folding_are_those_of_the_configuration() {
    let folded = Screen { fold_ended: true, ..Screen::default() };
    assert!(text(&mut wanted(&folded, palette()), 80, 50).contains("(ended)"));
    for view in Tab::ALL {
        let screen = Screen { view, ..Screen::default() };
        assert_eq!(wanted(&screen, palette()).tab(), view);
    }
}

#[test]
fn panels_that_are_not_wanted_leave_their_lines_to_the_table() {
    let all = text(&mut wanted(&Screen::default(), palette()), 80, 24);
    assert!(all.contains("package-0") && all.contains("own cost"), "{all}");
    let none = Panels { meters: false, graph: false, gpus: false, own: false };
    let none = Screen { panels: none, ..Screen::default() };
    let bare = text(&mut wanted(&none, palette()), 80, 24);
    assert!(!bare.contains("package-0") && !bare.contains("own cost"), "{bare}");
    assert!(!bare.contains('█'), "{bare}");
    let graph = Panels { graph: true, meters: false, ..Panels::default() };
    let graph = Screen { panels: graph, ..Screen::default() };
    let graph = text(&mut wanted(&graph, palette()), 80, 24);
    assert!(graph.contains('█') && !graph.contains("package-0"), "{graph}");
}

#[test]
fn in_ascii_there_is_nothing_else_at_any_size_in_any_view() {
    for view in Tab::ALL {
        let screen = Screen { ascii: true, view, ..Screen::default() };
        let mut app = wanted(&screen, palette());
        for (width, height) in [(10, 3), (40, 12), (80, 24), (250, 80)] {
            let shown = text(&mut app, width, height);
            assert!(shown.is_ascii(), "{shown}");
        }
    }
    let screen = Screen { ascii: true, ..Screen::default() };
    insta::assert_snapshot!(text(&mut wanted(&screen, palette()), 80, 24));
}

#[test]
fn a_theme_with_a_ground_covers_the_whole_screen_and_no_colour_is_none() {
    for theme in [Name::Dark, Name::Light, Name::HighContrast, Name::ColourBlind] {
        let screen = Screen { theme, ..Screen::default() };
        let buffer = draw(&mut wanted(&screen, palette()), 80, 24);
        let ground = palette().get(theme).ground();
        // A wide letter covers the next cell, which a terminal is not told of.
        let wide = |symbol: &str| ratatui::text::Span::raw(symbol).width() == 2;
        let covered = |index: usize| index > 0 && wide(buffer.content[index - 1].symbol());
        let cells = buffer.content.iter().enumerate().filter(|(index, _)| !covered(*index));
        for (index, cell) in cells {
            assert_eq!(Some(cell.bg), ground.bg, "{theme:?} {index}");
            assert_ne!(cell.fg, Color::Reset, "{theme:?} {index}");
        }
        let none = Palette::of(|name| (name == "NO_COLOR").then(|| "1".into()));
        let buffer = draw(&mut wanted(&screen, none), 80, 24);
        let plain = |colour| colour == Color::Reset;
        assert!(buffer.content.iter().all(|cell| plain(cell.bg) && plain(cell.fg)), "{theme:?}");
    }
}
