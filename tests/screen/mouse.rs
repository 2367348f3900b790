//! The mouse, on pictures as they are drawn.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jouletop::{
    config::Screen,
    tui::{
        App, Theme,
        action::{self, Action},
        app::{Hands, Mode, Request},
        column::Column,
        mouse::Mouse,
        settings::Palette,
        spots::Spots,
        tab::Tab,
    },
};
use ratatui::{
    buffer::{Buffer, Cell},
    layout::Position,
};

use crate::{
    bench::{Bench, Meters},
    drawn, screen,
    state::states,
    tabs::found,
};

const DOWN: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
const UP: MouseEventKind = MouseEventKind::Up(MouseButton::Left);
const DRAG: MouseEventKind = MouseEventKind::Drag(MouseButton::Left);

/// A screen of a size, and the mouse on it.
struct Desk {
    app: App,
    mouse: Mouse,
    size: (u16, u16),
}

impl Desk {
    fn new(app: App, width: u16, height: u16) -> Self {
        Self { app, mouse: Mouse::default(), size: (width, height) }
    }

    fn usual() -> Self {
        Self::new(screen(Meters::Measured, 40).with_hands(Hands::Free), 80, 24)
    }

    fn picture(&mut self) -> (Buffer, Spots) {
        drawn(&mut self.app, self.size.0, self.size.1)
    }

    /// Where a text stands, seen from the top; each cell of a wide letter is one.
    fn find(&mut self, text: &str) -> Position {
        let (buffer, _) = self.picture();
        for y in 0..self.size.1 {
            let row: Vec<&str> = (0..self.size.0).map(|x| buffer[(x, y)].symbol()).collect();
            let here = |x: &usize| row[*x..].concat().starts_with(text);
            if let Some(x) = (0..row.len()).find(here) {
                return Position::new(x as u16, y);
            }
        }
        panic!("there is no {text:?}")
    }

    fn event(&mut self, kind: MouseEventKind, at: Position) -> Option<Action> {
        let (_, spots) = self.picture();
        let event = MouseEvent { kind, column: at.x, row: at.y, modifiers: KeyModifiers::NONE };
        self.mouse.action(event, &spots, &self.app)
    }

    fn at(&mut self, kind: MouseEventKind, at: Position) -> Option<Request> {
        self.event(kind, at).and_then(|action| self.app.update(action))
    }

    fn click(&mut self, text: &str) -> Option<Request> {
        let at = self.find(text);
        let request = self.at(DOWN, at);
        assert_eq!(self.event(UP, at), None);
        request
    }

    fn wheel(&mut self, kind: MouseEventKind, x: u16, y: u16) {
        self.at(kind, Position::new(x, y));
    }

    fn selected(&self) -> Option<String> {
        let key = self.app.selected()?;
        let row = self.app.rows().iter().find(|row| row.key == key)?;
        Some(row.identity.name.clone())
    }
}

#[test]
fn a_title_sorts_by_its_column_and_again_turns_the_order_round() {
    let mut desk = Desk::usual();
    for (title, column) in [
        ("PID", Column::Pid),
        ("USER", Column::User),
        ("gCO2e ", Column::Grams),
        ("CPU%", Column::Cpu),
        ("NAME", Column::Name),
        ("W ", Column::Watts),
    ] {
        // Below the summary, where the titles are.
        let line = desk.find("PID").y;
        let (buffer, _) = desk.picture();
        let row: Vec<&str> = (0..80).map(|x| buffer[(x, line)].symbol()).collect();
        let x = (0..80).find(|x| row[*x..].concat().starts_with(title)).unwrap() as u16;
        let at = Position::new(x, line);
        let before = desk.app.sorted();
        desk.at(DOWN, at);
        let reverse = before.0 == column && !before.1;
        assert_eq!(desk.app.sorted(), (column, reverse), "{title}");
        desk.at(DOWN, at);
        assert_eq!(desk.app.sorted(), (column, !reverse), "{title}");
    }
}

#[test]
fn a_row_is_selected_by_a_click_and_opened_by_the_next() {
    let mut desk = Desk::usual();
    desk.click("firefox");
    assert_eq!((desk.selected().as_deref(), desk.app.mode()), (Some("firefox"), Mode::Browse));
    desk.click("postgres");
    assert_eq!((desk.selected().as_deref(), desk.app.mode()), (Some("postgres"), Mode::Browse));
    desk.click("postgres");
    assert!(desk.app.detail().is_some_and(|detail| detail.title.starts_with("postgres")));
    // Rows that cannot be seen answer nothing; the last line does.
    assert_eq!(desk.event(DOWN, Position::new(20, 12)), None);
    desk.click("Esc close");
    assert_eq!(desk.app.mode(), Mode::Browse);
    assert_eq!(desk.click("q quit"), Some(Request::Quit));
}

#[test]
fn only_the_left_button_means_something_and_only_while_its_picture_is_that_of_the_state() {
    let mut desk = Desk::usual();
    let at = desk.find("firefox");
    for kind in [
        MouseEventKind::Down(MouseButton::Right),
        MouseEventKind::Down(MouseButton::Middle),
        UP,
        DRAG,
        MouseEventKind::Moved,
        MouseEventKind::ScrollLeft,
    ] {
        assert_eq!(desk.event(kind, at), None, "{kind:?}");
    }
    let (_, spots) = desk.picture();
    let event = MouseEvent { kind: DOWN, column: at.x, row: at.y, modifiers: KeyModifiers::NONE };
    assert!(desk.mouse.action(event, &spots, &desk.app).is_some());
    desk.app.update(Action::Help);
    assert_eq!(desk.mouse.action(event, &spots, &desk.app), None, "a picture of before");
    assert_eq!(Mouse::default().action(event, &Spots::default(), &desk.app), None, "none");

    let off = Screen { mouse: false, ..Screen::default() };
    let app = screen(Meters::Measured, 40).with_screen(&off, Palette::only(Theme::plain()));
    let mut desk = Desk::new(app, 80, 24);
    let at = desk.find("firefox");
    assert_eq!(desk.event(DOWN, at), None, "who wants no mouse has none");
}

#[test]
fn a_row_that_went_since_it_was_drawn_is_not_selected() {
    let mut desk = Desk::usual();
    let at = desk.find("firefox");
    let action = desk.event(DOWN, at).unwrap();
    desk.app.update(Action::Filter);
    "postgres".chars().for_each(|letter| drop(desk.app.update(Action::Type(letter))));
    desk.app.update(action);
    assert_eq!(desk.app.selected(), None);
}

#[test]
fn while_a_filter_is_typed_a_row_can_be_selected_and_nothing_is_opened() {
    let mut desk = Desk::usual();
    desk.app.update(Action::Filter);
    desk.app.update(Action::Type('f'));
    desk.click("firefox");
    desk.click("firefox");
    assert_eq!((desk.selected().as_deref(), desk.app.mode()), (Some("firefox"), Mode::Filter));
    let order = desk.app.sorted();
    desk.click("PID");
    desk.click("3 job");
    assert_eq!((desk.app.sorted(), desk.app.tab()), (order, Tab::Processes));
    desk.click("Enter keep");
    assert_eq!((desk.app.mode(), desk.app.filter().text()), (Mode::Browse, "f"));
}

#[test]
fn the_wheel_scrolls_the_table_and_what_is_selected_stays_so() {
    let mut desk = Desk::usual();
    desk.app.update(Action::First);
    let first = desk.app.selected();
    desk.wheel(MouseEventKind::ScrollDown, 5, 15);
    assert_eq!((desk.app.top(), desk.app.selected()), (3, first));
    let mut bench = Bench::new(Meters::Measured);
    let _ = desk.picture();
    assert_eq!(desk.app.top(), 3, "also in the next picture");
    for _ in 0..100 {
        desk.wheel(MouseEventKind::ScrollDown, 5, 15);
    }
    let rows = desk.app.rows().len();
    assert!(desk.app.top() + 5 < rows, "the page stays full");
    desk.wheel(MouseEventKind::ScrollUp, 5, 15);
    desk.app.update(Action::Down);
    assert_eq!(desk.app.selected(), Some(desk.app.rows()[1].key));
    assert_eq!(desk.app.top(), 1, "a key comes back to it");
    desk.wheel(MouseEventKind::ScrollDown, 5, 0);
    assert_eq!(desk.app.top(), 1, "not over the title");
    desk.app.tick(bench.tick(crate::STEP, &[]));
    let _ = desk.picture();
    assert!(desk.app.selected().is_some());
}

#[test]
fn the_wheel_scrolls_what_lies_over_the_table() {
    let mut desk = Desk::usual();
    desk.size = (40, 12);
    desk.app.update(Action::Help);
    desk.wheel(MouseEventKind::ScrollDown, 3, 3);
    assert_eq!(desk.app.mode(), Mode::Help { scroll: 3 });
    for _ in 0..200 {
        desk.wheel(MouseEventKind::ScrollDown, 3, 3);
    }
    let Mode::Help { scroll } = desk.app.mode() else { panic!() };
    desk.app.update(Action::Last);
    assert_eq!(desk.app.mode(), Mode::Help { scroll });
    desk.wheel(MouseEventKind::ScrollUp, 3, 3);
    assert_eq!(desk.app.mode(), Mode::Help { scroll: scroll - 3 });
    desk.app.update(Action::Help);

    desk.app.update(Action::Detail);
    desk.wheel(MouseEventKind::ScrollDown, 3, 3);
    assert!(matches!(desk.app.mode(), Mode::Detail { scroll: 3, .. }));
}

#[test]
fn a_click_on_a_tab_goes_there() {
    let mut desk = Desk::usual();
    for tab in Tab::ALL.into_iter().rev() {
        desk.click(&format!(
            "{} {}",
            Tab::ALL.iter().position(|one| *one == tab).unwrap() + 1,
            tab.title()
        ));
        assert_eq!(desk.app.tab(), tab);
    }
}

#[test]
fn a_hint_of_the_last_line_does_what_its_key_does_in_every_state() {
    let mut clicked = 0;
    for app in states() {
        let mut desk = Desk::new(app, 200, 50);
        let (buffer, spots) = desk.picture();
        let row: Vec<&str> = (0..200).map(|x| buffer[(x, 49)].symbol()).collect();
        let mut from = 0;
        for hint in action::hints(&desk.app) {
            for (index, (key, action)) in hint.keys.iter().enumerate() {
                let words =
                    format!("{key} {}", if index + 1 == hint.keys.len() { hint.word } else { "" });
                let here = |x: &usize| row[*x..].concat().starts_with(&words);
                let Some(x) = (from..200).find(here) else { break };
                let at = Position::new(x as u16, 49);
                assert_eq!(spots.clicked(at), Some(*action), "{key} {}", hint.word);
                from = x + key.chars().count();
                clicked += 1;
                if index + 1 == hint.keys.len() {
                    let word = Position::new(from as u16 + 1, 49);
                    assert_eq!(spots.clicked(word), Some(*action), "{}", hint.word);
                }
            }
        }
    }
    assert!(clicked > 100, "{clicked}");
}

#[test]
fn a_user_is_picked_by_a_click() {
    let mut desk = Desk::usual();
    desk.app.update(Action::Users);
    let name = desk.app.users()[2].user.clone().unwrap();
    desk.wheel(MouseEventKind::ScrollDown, 3, 3);
    assert_eq!(desk.app.mode(), Mode::Users { index: 1 });
    assert_eq!(desk.event(DOWN, Position::new(3, 1)), None, "the head is nobody");
    desk.click(&name);
    assert_eq!(desk.app.mode(), Mode::Browse);
    assert_eq!(desk.app.filter().text(), format!("user = \"{name}\""));
}

#[test]
fn a_click_chooses_an_answer_and_gives_none() {
    let mut desk = Desk::usual();
    desk.click("firefox");
    desk.app.update(Action::Signal);
    for _ in 0..2 {
        assert_eq!(desk.click("KILL  ends it"), None);
        let asks = desk.app.asks().unwrap();
        assert!(asks.question().starts_with("send SIGKILL to"), "{}", asks.question());
    }
    let answer = desk.find("Enter do it");
    assert_eq!(desk.event(DOWN, answer), None, "nothing is done to a process by a click");
    desk.wheel(MouseEventKind::ScrollUp, 3, 20);
    assert!(desk.app.asks().unwrap().question().starts_with("send SIGTERM to"));
    assert_eq!(desk.event(DOWN, Position::new(3, 10)), None, "the table waits");
    desk.click("Esc cancel");
    assert!(desk.app.asks().is_none());

    desk.app.update(Action::Export);
    desk.click("JSON to a file");
    assert_eq!(desk.app.draft().unwrap().list().1, 1);
    let file = Path::new(desk.app.draft().unwrap().file().unwrap());
    assert_eq!(file.extension().unwrap(), "json");
    desk.click("copy text");
    let Some(Request::Export(_)) = desk.click("Enter do it") else { panic!() };
}

#[test]
#[expect(clippy::disallowed_methods, reason = "any time will do, and one comes from nowhere else")]
fn the_second_half_of_a_double_click_means_nothing_once_the_first_has_opened_something() {
    let mut mouse = Mouse::default();
    let at = |x| MouseEvent { kind: DOWN, column: x, row: 23, modifiers: KeyModifiers::NONE };
    let start = Instant::now();
    let (help, none) = (Mode::Help { scroll: 0 }, Mode::Browse);
    let later = |millis| start + Duration::from_millis(millis);
    assert!(!mouse.repeats(at(9), help, start));
    assert!(mouse.repeats(at(9), none, later(150)), "it was closed");
    assert!(!mouse.repeats(at(9), none, later(200)), "nothing was opened or closed");
    assert!(!mouse.repeats(at(8), help, later(300)), "elsewhere");
    assert!(!mouse.repeats(at(8), none, later(900)), "some time later");
    let up = MouseEvent { kind: UP, ..at(8) };
    assert!(!mouse.repeats(up, help, later(950)));
}

#[test]
fn a_finding_is_selected_and_opened() {
    let mut desk = Desk::usual();
    desk.app.tick(found(&mut Bench::new(Meters::Measured), &[1, 2, 3]));
    desk.app.update(Action::Tab(Tab::Findings));
    let first = desk.find("WHAT LOOKS LIKE WASTE");
    let row = Position::new(12, first.y + 3);
    desk.at(DOWN, row);
    assert_eq!((desk.app.finding_index(), desk.app.mode()), (2, Mode::Browse));
    desk.wheel(MouseEventKind::ScrollUp, 12, first.y + 1);
    assert_eq!(desk.app.finding_index(), 1);
    desk.at(DOWN, row);
    desk.at(DOWN, row);
    assert_eq!(desk.app.mode(), Mode::Finding { scroll: 0 });
}

#[test]
fn the_divider_moves_within_bounds_and_its_share_is_kept() {
    for (size, beside) in [((160, 50), true), ((100, 60), false)] {
        let mut desk = Desk::new(screen(Meters::Measured, 120), size.0, size.1);
        let _ = desk.picture();
        desk.app.update(Action::Detail);
        assert!(desk.app.is_beside());
        let on = |desk: &mut Desk| {
            let (_, spots) = desk.picture();
            let all = (0..size.1).flat_map(|y| (0..size.0).map(move |x| Position::new(x, y)));
            all.into_iter().filter(|at| spots.is_divider(*at)).collect::<Vec<_>>()
        };
        let length = |at: Position| if beside { at.x } else { at.y };
        let to = |at: Position, there: u16| {
            if beside { Position::new(there, at.y) } else { Position::new(at.x, there) }
        };
        let start = on(&mut desk)[0];
        assert_eq!(desk.event(DRAG, to(start, 50)), None, "nothing is held");
        desk.at(DOWN, start);
        let mut there = length(start);
        for _ in 0..3 {
            there -= 1;
            desk.at(DRAG, to(start, there));
            assert_eq!(length(on(&mut desk)[0]), there, "cell by cell");
        }
        desk.at(UP, start);
        assert_eq!(desk.event(DRAG, to(start, 50)), None, "it was let go");
        desk.app.update(Action::Detail);
        desk.app.update(Action::Detail);
        assert_eq!(length(on(&mut desk)[0]), there, "kept");

        for edge in [0, u16::MAX] {
            let start = on(&mut desk)[0];
            desk.at(DOWN, start);
            desk.at(DRAG, to(start, edge));
            desk.at(UP, start);
            let (buffer, spots) = desk.picture();
            let shown: String = buffer.content.iter().map(Cell::symbol).collect();
            assert!(shown.contains("PID") && shown.contains("all "), "{edge}: {shown}");
            let all = (0..size.1).flat_map(|y| (0..size.0).map(move |x| Position::new(x, y)));
            let scrolls = |at: &Position| spots.wheeled(*at, true) == Some(Action::Scroll(3));
            assert!(all.filter(scrolls).count() >= 400, "the row in detail at {edge}");
            let rows = desk.app.rows().iter().map(|row| Action::Select(row.key));
            let places = (0..size.1).map(|y| spots.clicked(Position::new(1, y)));
            let seen: Vec<_> = places.flatten().collect();
            assert!(rows.filter(|row| seen.contains(row)).count() > 1, "rows at {edge}");
        }
    }
}

#[test]
fn beside_the_table_the_wheel_scrolls_what_it_is_over_and_a_click_shows_another_row() {
    let mut desk = Desk::new(screen(Meters::Measured, 120), 160, 40);
    let _ = desk.picture();
    desk.app.update(Action::First);
    desk.app.update(Action::Detail);
    desk.wheel(MouseEventKind::ScrollDown, 150, 30);
    assert!(matches!(desk.app.mode(), Mode::Detail { scroll: 3, .. }));
    desk.click("postgres");
    assert!(matches!(desk.app.mode(), Mode::Detail { scroll: 0, .. }));
    assert!(desk.app.detail().unwrap().title.starts_with("postgres"));
    desk.click("postgres");
    assert!(desk.app.is_beside(), "what is open stays so");
    let top = desk.app.top();
    desk.wheel(MouseEventKind::ScrollDown, 5, 30);
    assert!(desk.app.top() > top && matches!(desk.app.mode(), Mode::Detail { scroll: 0, .. }));
}
