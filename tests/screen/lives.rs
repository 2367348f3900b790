//! State and threads of processes, which no sample has: they come in beside the intervals.

use std::time::Duration;

use jouletop::{
    config::Screen,
    ledger::RowKey,
    tui::{
        App,
        action::Action,
        app::{Export, Request},
        column::Column,
        life::{Life, Lives, Thread, Threads},
        tab::Tab,
    },
};

use crate::{
    bench::Meters,
    detail::{open, read},
    screen, text,
};

fn wanting(names: &[&str]) -> App {
    let columns = names.iter().map(ToString::to_string).collect();
    let screen_of = Screen { columns, ..Screen::default() };
    let palette = jouletop::tui::settings::Palette::only(jouletop::tui::Theme::plain());
    screen(Meters::Measured, 40).with_screen(&screen_of, palette)
}

/// All that are asked for are found asleep, with as many threads as their number has digits.
fn observe(app: &mut App) -> usize {
    let ids = app.in_sight();
    let life = |pid: u32| Life { state: 'S', threads: pid.to_string().len() as u32 };
    let found: Lives = ids.iter().map(|id| (*id, Some(life(id.pid)))).collect();
    app.observe(found);
    ids.len()
}

const COLUMNS: [&str; 5] = ["pid", "state", "threads", "watts", "name"];

#[test]
fn only_rows_in_sight_are_read_and_what_was_not_is_not_known() {
    let mut app = wanting(&COLUMNS);
    let before = text(&mut app, 80, 16);
    assert!(before.contains("S  THR"), "{before}");
    let read = observe(&mut app);
    let live = |line: &&str| line.contains(" - ") && !line.contains("(ended)");
    let in_sight = before.lines().filter(live).count();
    assert!(read > 2 && read == in_sight, "{read}:\n{before}");
    insta::assert_snapshot!(text(&mut app, 80, 16));
    // Nothing is read for a screen that does not show it.
    let mut plain = wanting(&["pid", "watts", "name"]);
    text(&mut plain, 80, 16);
    assert_eq!(observe(&mut plain), 0);
}

#[test]
fn a_pause_keeps_them_and_an_earlier_moment_has_none() {
    let mut app = wanting(&COLUMNS);
    text(&mut app, 80, 16);
    observe(&mut app);
    let seen =
        |app: &mut App| text(app, 80, 16).lines().filter(|line| line.contains(" S ")).count();
    let all = seen(&mut app);
    assert!(all > 2);
    app.update(Action::Pause);
    assert_eq!((seen(&mut app), observe(&mut app)), (all, 0));
    assert_eq!(seen(&mut app), all);
    app.update(Action::Earlier);
    // The title of the column alone.
    assert_eq!((seen(&mut app), observe(&mut app)), (1, 0));
}

#[test]
fn no_order_is_made_of_what_few_rows_have() {
    let mut app = wanting(&COLUMNS);
    text(&mut app, 80, 16);
    let before = app.sorted();
    app.update(Action::Sort(Column::State));
    app.update(Action::Sort(Column::Threads));
    assert_eq!(app.sorted(), before);
    app.update(Action::Sort(Column::Pid));
    app.update(Action::SortRight);
    assert_eq!(app.sorted().0, Column::Watts, "they are stepped over");
}

#[test]
fn all_rows_are_read_once_before_they_are_exported() {
    let mut app = wanting(&COLUMNS);
    text(&mut app, 80, 12);
    let few = observe(&mut app);
    app.update(Action::Export);
    text(&mut app, 80, 12);
    let rest = observe(&mut app);
    assert!(rest > 0, "more rows than in sight");
    assert_eq!(observe(&mut app), 0);
    let Some(Request::Export(Export { text, .. })) = app.update(Action::Accept) else { panic!() };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let place = |name: &str| head.iter().position(|one| one == name).unwrap();
    let (mut known, mut unknown) = (0, 0);
    for row in reader.records().map(Result::unwrap) {
        let threads = row[place("pid")].len().to_string();
        match (&row[place("state")], &row[place("threads")]) {
            ("S", count) if *count == threads => known += 1,
            ("", "") => unknown += 1,
            other => panic!("{other:?}"),
        }
    }
    let live =
        |row: &&jouletop::tui::app::Shown| matches!(row.key, RowKey::Process(_)) && !row.ended;
    assert_eq!(known, few + rest);
    assert_eq!(known, app.rows().iter().filter(live).count());
    assert_eq!(unknown, app.rows().len() - known, "ended, or no process");
}

#[test]
fn a_row_in_detail_tells_them_without_a_column() {
    let mut app = screen(Meters::Measured, 40);
    open(&mut app, "rustc");
    text(&mut app, 80, 24);
    assert!(!read(&mut app).contains("threads"), "nobody has looked");
    assert_eq!(observe(&mut app), 1);
    let said = read(&mut app);
    assert!(!said.contains("Its threads"));
    assert!(said.contains("S (sleeping)") && said.contains("threads"), "{said}");
}

#[test]
fn the_threads_of_the_row_in_detail_stand_by_their_cpu_time() {
    let mut app = screen(Meters::Measured, 40);
    open(&mut app, "rustc");
    text(&mut app, 80, 24);
    let id = app.in_detail().unwrap();
    let thread = |id: u32, name: &str, state, ran| Thread {
        id,
        name: name.into(),
        state,
        ran: Duration::from_secs(ran),
    };
    let busiest = vec![thread(7, "codegen", 'R', 90), thread(8, "bad\u{1b}name", 'S', 2)];
    let seen = |busiest: &[Thread], all| {
        let found: Lives = [(id, Some(Life { state: 'R', threads: 5 }))].into_iter().collect();
        found.with_threads(id, Threads { busiest: busiest.to_vec(), all })
    };
    app.observe(seen(&busiest, 5));
    app.update(Action::Last);
    let shown = text(&mut app, 80, 44);
    let lines: Vec<&str> = shown.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("|Its threads, by")).unwrap();
    insta::assert_snapshot!(lines[at..at + 4].join("\n"));
    app.observe(seen(&[], 9000));
    assert!(read(&mut app).contains("9000 threads are too many"));
    app.update(Action::Pause);
    app.update(Action::Earlier);
    assert!(!read(&mut app).contains("9000 threads"), "of an earlier moment nobody knows");
}

#[test]
fn command_lines_have_a_column_of_their_own_on_any_screen() {
    let mut app = wanting(&["watts", "command", "name:12"]);
    insta::assert_snapshot!(text(&mut app, 80, 16));
    let mut wide = wanting(&["command", "watts"]);
    let shown = text(&mut wide, 130, 16);
    let head = shown.lines().find(|line| line.contains("COMMAND")).unwrap();
    assert!(
        head.starts_with("|COMMAND   ") && head.trim_end_matches('|').ends_with("▼W"),
        "{head}"
    );
    assert!(shown.contains("|(idle) ") && shown.contains("|all 28 rows "), "{shown}");
    // Users have no command line, and are named all the same.
    wide.update(Action::Tab(Tab::Users));
    let shown = text(&mut wide, 130, 16);
    assert!(shown.contains("|alice ") && shown.contains("|all "), "{shown}");
}
