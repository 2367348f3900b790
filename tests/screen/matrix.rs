//! Every view of one rich machine at five sizes, and the styles of every kind of theme.
//!
//! A snapshot has all sizes of a view, so that what a small screen gives up stands below what
//! a large one shows.

use std::{fmt::Write as _, sync::OnceLock};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jouletop::{
    config::screen::Theme as Name,
    tui::{App, Theme, action, tab::Tab},
};
use ratatui::{
    buffer::Cell,
    style::{Color, Modifier},
};

use crate::{draw, gpus::following, text};

const SIZES: [(u16, u16); 5] = [(40, 12), (60, 20), (80, 24), (120, 40), (250, 80)];
/// Long enough for what looks like waste to be found, and for some processes to end.
const SECONDS: u32 = 44;

fn press(app: &mut App, code: KeyCode) {
    let action = action::action(KeyEvent::new(code, KeyModifiers::NONE), app);
    app.update(action.unwrap());
}

fn type_in(app: &mut App, words: &str) {
    press(app, KeyCode::Char('/'));
    for letter in words.chars() {
        press(app, KeyCode::Char(letter));
    }
}

fn theme(name: Name) -> Theme {
    let colours = |name: &str| (name == "COLORTERM").then(|| "truecolor".into());
    Theme::of(name, colours)
}

/// The machine after a while.
fn server(theme: Theme) -> App {
    following("server", SECONDS, theme)
}

/// A view at every size.
fn sizes(app: &mut App) -> String {
    SIZES.iter().fold(String::new(), |mut all, &(width, height)| {
        let _ = write!(all, "{width}x{height}\n{}\n", text(app, width, height));
        all
    })
}

#[test]
fn every_tab() {
    let mut app = server(Theme::colour());
    for (digit, tab) in ('1'..).zip(Tab::ALL) {
        press(&mut app, KeyCode::Char(digit));
        insta::assert_snapshot!(format!("server_{}", tab.title()), sizes(&mut app));
    }
}

#[test]
fn help() {
    let mut app = server(Theme::colour());
    press(&mut app, KeyCode::Char('?'));
    let all = sizes(&mut app);
    assert!(!all.contains('…'), "keys and their words are short enough to be whole:\n{all}");
    insta::assert_snapshot!("server_help", all);
}

#[test]
fn detail() {
    let mut app = server(Theme::colour());
    type_in(&mut app, "pid = 4001");
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Enter);
    insta::assert_snapshot!("server_detail", sizes(&mut app));
}

#[test]
fn a_filter_that_is_typed() {
    let mut app = server(Theme::colour());
    type_in(&mut app, "user = 李雷 wats > 5");
    insta::assert_snapshot!("server_filter", sizes(&mut app));
}

#[test]
fn paused() {
    let mut app = server(Theme::colour());
    type_in(&mut app, "python");
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Char(' '));
    press(&mut app, KeyCode::Down);
    insta::assert_snapshot!("server_paused", sizes(&mut app));
}

/// The runs of cells that are not plain text, line by line: what they say and how they look.
fn styles(app: &mut App) -> String {
    let buffer = draw(app, 80, 24);
    let mut all = String::new();
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let look = look(&buffer[(x, y)]);
            let from = x;
            let mut words = String::new();
            while x < buffer.area.width && self::look(&buffer[(x, y)]) == look {
                let symbol = buffer[(x, y)].symbol();
                words.push_str(symbol);
                x += ratatui::text::Span::raw(symbol).width().max(1) as u16;
            }
            if look != "plain" {
                let _ = writeln!(all, "{y:>2}:{from:<2} {look:<24} {}", words.trim_end());
            }
        }
    }
    all
}

fn look(cell: &Cell) -> String {
    let colour = |mark: &str, colour: Color| match colour {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some(format!("{mark}{r:02x}{g:02x}{b:02x}")),
        named => Some(format!("{mark}{named}").to_lowercase()),
    };
    let marks = [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::UNDERLINED, "line"),
        (Modifier::REVERSED, "turned"),
    ];
    let marks = marks.into_iter().filter(|(mark, _)| cell.modifier.contains(*mark));
    let marks = marks.map(|(_, name)| name.to_owned());
    let all: Vec<_> = marks.chain(colour("", cell.fg)).chain(colour("on ", cell.bg)).collect();
    if all.is_empty() { "plain".into() } else { all.join(" ") }
}

#[test]
fn styles_of_themes() {
    let plain = OnceLock::new();
    for (name, theme) in [
        ("dark", theme(Name::Dark)),
        ("light", theme(Name::Light)),
        ("colour-blind", theme(Name::ColourBlind)),
        ("no_color", Theme::plain()),
    ] {
        let mut app = server(theme);
        press(&mut app, KeyCode::Down);
        press(&mut app, KeyCode::Down);
        let words = text(&mut app, 80, 24);
        assert_eq!(&words, plain.get_or_init(|| words.clone()), "{name}: the words are the same");
        insta::assert_snapshot!(format!("server_styles_{name}"), styles(&mut app));
    }
}
