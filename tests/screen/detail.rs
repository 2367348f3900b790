//! A row in detail, and what the screen says of how far its figures can be believed.

use std::collections::HashMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jouletop::{
    attribute::{Floor, IdlePolicy, Method},
    frame::Basis,
    ledger::RowKey,
    tui::{
        App, Theme, action,
        action::Action,
        app::{Body, Mode, Point},
        tab::Tab,
    },
    units::{Microjoules, Tariff, Watts},
};
use ratatui::layout::Rect;

use crate::{
    STEP,
    bench::{Bench, Meters, Work, afternoon, work},
    gpus::{demo, following},
    screen, text,
};

fn press(app: &mut App, code: KeyCode) {
    let action = action::action(KeyEvent::new(code, KeyModifiers::NONE), app);
    assert_eq!(app.update(action.unwrap()), None);
}

/// A screen on which the first process is open.
pub fn opened(meters: Meters) -> App {
    let mut app = screen(meters, 40);
    press(&mut app, KeyCode::Enter);
    app
}

/// Opens the row of this name.
pub fn open(app: &mut App, name: &str) {
    app.fit(Rect::new(0, 0, 80, 24));
    let place = app.rows().iter().position(|row| row.identity.name == name).unwrap();
    app.update(Action::First);
    for _ in 0..=place {
        app.update(Action::Down);
    }
    while app.selected() != Some(app.rows()[place].key) {
        app.update(Action::Up);
    }
    app.update(Action::Detail);
}

/// All that is said of the open row, page by page, on a screen of eighty columns.
pub fn read(app: &mut App) -> String {
    app.update(Action::First);
    let mut pages = vec![text(app, 80, 24)];
    loop {
        app.update(Action::PageDown);
        let page = text(app, 80, 24);
        if pages.last() == Some(&page) {
            return pages.concat();
        }
        pages.push(page);
    }
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
fn a_process_at_three_sizes() {
    insta::assert_snapshot!("process_small", text(&mut opened(Meters::Measured), 40, 12));
    insta::assert_snapshot!("process_usual", text(&mut opened(Meters::Measured), 80, 24));
    insta::assert_snapshot!("process_large", text(&mut opened(Meters::Measured), 160, 50));
    insta::assert_snapshot!("process_high", text(&mut opened(Meters::Measured), 80, 50));
    insta::assert_snapshot!("process_read", read(&mut opened(Meters::Measured)));
}

/// A job that holds a GPU and does nothing with it.
fn notebook() -> App {
    let mut app = following("waste_idle_notebook", 1200, Theme::colour());
    press(&mut app, KeyCode::Char('3'));
    open(&mut app, "notebook analysis");
    app
}

#[test]
fn a_job_with_a_gpu_and_findings_at_three_sizes() {
    insta::assert_snapshot!("job_small", text(&mut notebook(), 40, 12));
    insta::assert_snapshot!("job_usual", text(&mut notebook(), 80, 24));
    insta::assert_snapshot!("job_large", text(&mut notebook(), 160, 50));
    insta::assert_snapshot!("job_read", read(&mut notebook()));
}

#[test]
fn what_is_no_process_at_three_sizes() {
    let idle = || {
        let mut app = with_static_power(Basis::Calibrated, IdlePolicy::None);
        open(&mut app, "(idle)");
        app
    };
    insta::assert_snapshot!("idle_small", text(&mut idle(), 40, 12));
    insta::assert_snapshot!("idle_usual", text(&mut idle(), 80, 24));
    insta::assert_snapshot!("idle_large", text(&mut idle(), 160, 50));
}

#[test]
fn without_meters_at_three_sizes() {
    insta::assert_snapshot!("no_meter_small", text(&mut opened(Meters::None), 40, 12));
    insta::assert_snapshot!("no_meter_usual", text(&mut opened(Meters::None), 80, 24));
    insta::assert_snapshot!("no_meter_large", text(&mut opened(Meters::None), 160, 50));
}

#[test]
fn a_job_of_several_processes_and_gpus() {
    let mut app = demo();
    press(&mut app, KeyCode::Char('3'));
    open(&mut app, "4711");
    insta::assert_snapshot!(read(&mut app));
}

/// What the figures of a section's rows add up to, but for those that are sums themselves.
fn sum_of(app: &App, title: &str, sums: &[&str]) -> (f64, f64) {
    let number = |text: &str| match text.trim_start_matches('~') {
        "<.001" | "" => 0.0,
        text => text.parse::<f64>().unwrap(),
    };
    let detail = app.detail().unwrap();
    let section = detail.sections.iter().find(|section| section.title.starts_with(title)).unwrap();
    let Body::Entries(entries) = &section.body else { panic!("{title} has no rows") };
    let own = entries.iter().filter(|entry| !sums.contains(&entry.name.as_str()));
    own.fold((0.0, 0.0), |(watts, joules), entry| {
        (watts + number(&entry.watts), joules + number(&entry.energy))
    })
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-3 * b.abs() + 0.01
}

#[test]
fn members_add_up_to_their_group_also_where_many_have_ended() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    for round in 0..5_u32 {
        let short = |job: u32| Work { ended: true, ..work(1000 * round + job, "sh", 0.001) };
        let long = |pid: u32| work(90_000 + pid, "long", 0.01 * f64::from(pid));
        let all: Vec<Work> = (1..900).map(short).chain((1..20).map(long)).collect();
        app.tick(bench.tick(STEP, &all));
    }
    press(&mut app, KeyCode::Char('4'));
    open(&mut app, "alice");
    let alice = app.rows().iter().find(|row| row.identity.name == "alice").unwrap().row.clone();
    let (watts, joules) = sum_of(&app, "Its processes", &["all of it"]);
    assert!(near(watts, alice.watts.unwrap().0), "{watts} {alice:?}");
    assert!(near(joules, alice.energy.unwrap().joules()), "{joules} {alice:?}");
    let members = read(&mut app);
    assert!(members.contains("more that ended, as one"), "{members}");
    assert!(members.contains("and 2") && members.contains("all of it"), "{members}");
    // To the microjoule: those that are told apart, and the rest.
    let RowKey::Group(by, number) = alice.key else { panic!("{alice:?}") };
    let told: Microjoules = app
        .ledger()
        .member_rows(RowKey::Group(by, number))
        .iter()
        .filter_map(|member| member.energy)
        .sum();
    let folded = app.ledger().rows().into_iter().find(|row| row.key == RowKey::Folded).unwrap();
    assert_eq!(told + folded.energy.unwrap(), alice.energy.unwrap());
}

#[test]
fn the_past_of_a_row_is_its_energy_pool_by_pool() {
    let mut app = screen(Meters::Measured, 40);
    for name in ["rustc", "firefox", "(idle)", "(jouletop)", "(kernel)"] {
        open(&mut app, name);
        let key = app.selected().unwrap();
        let row = app.rows().iter().find(|row| row.key == key).unwrap().row.clone();
        let sections = &app.detail().unwrap().sections;
        let history = sections.iter().find_map(|section| match &section.body {
            Body::Chart(history) => Some(history),
            _ => None,
        });
        let history = history.unwrap();
        assert_eq!(history.pools.len(), 2, "package and memory");
        let points = || history.pools.iter().flat_map(|(_, points)| points);
        let energy: Microjoules = points()
            .filter_map(|point| match point {
                Point::Energy(energy) => Some(*energy),
                _ => None,
            })
            .sum();
        assert_eq!(Some(energy), row.energy, "{name}");
        assert_eq!(points().filter(|point| **point == Point::Gap).count(), 4, "two intervals");
        app.update(Action::Detail);
    }
}

#[test]
fn a_tree_names_parents_and_children_and_adds_up() {
    let mut app = demo();
    open(&mut app, "python3");
    let detail = read(&mut app);
    assert!(detail.contains("systemd 1") && detail.contains("└─ python3 4001"), "{detail}");
    assert!(detail.contains("  └─ pt_data_worker 4012"), "{detail}");
    let sums = ["with all 2 below it", "systemd 1"];
    let (watts, joules) = sum_of(&app, "Its tree", &sums);
    app.update(Action::Detail);
    press(&mut app, KeyCode::Char('3'));
    let job = app.rows().iter().find(|row| row.identity.name == "4711").unwrap();
    assert!(near(watts, job.watts.unwrap().0) && near(joules, job.energy.unwrap().joules()));
}

#[test]
fn beside_the_table_it_follows_the_selection_and_the_table_stays_in_use() {
    let mut app = demo();
    app.fit(Rect::new(0, 0, 160, 50));
    press(&mut app, KeyCode::Enter);
    assert!(app.is_beside());
    let title = |app: &App| app.detail().unwrap().title.clone();
    assert_eq!(title(&app), "python3 (pid 4001, anna)");
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Down);
    assert_eq!(title(&app), "vllm (pid 5200, svc-llm)");
    assert_eq!(app.selected(), app.detail().map(|detail| detail.key));
    press(&mut app, KeyCode::PageDown);
    assert!(matches!(app.mode(), Mode::Detail { scroll: 1.., .. }), "pages are its own");
    press(&mut app, KeyCode::Char('N'));
    assert_eq!(title(&app), "vllm (pid 5200, svc-llm)", "the order changes, and not the row");
    press(&mut app, KeyCode::Char('4'));
    assert_eq!((title(&app).as_str(), app.tab()), ("user anna", Tab::Users));
    // Where there is less room it lies over the table, and the keys are its own.
    app.fit(Rect::new(0, 0, 80, 24));
    assert!(!app.is_beside());
    press(&mut app, KeyCode::Down);
    assert_eq!(title(&app), "user anna");
    let key = KeyEvent::new(KeyCode::Char('N'), KeyModifiers::NONE);
    assert_eq!(action::action(key, &app), None);
    app.fit(Rect::new(0, 0, 160, 50));
    press(&mut app, KeyCode::Char('8'));
    assert_eq!((app.mode(), app.detail()), (Mode::Browse, None));
}

#[test]
fn a_tariff_and_a_pace_say_what_a_day_costs() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0).with_tariff(Some(Tariff::parse("0.5 EUR").unwrap()));
    for _ in 0..10 {
        app.tick(bench.tick(STEP, &[work(1, "one", 1.0)]));
    }
    open(&mut app, "one");
    let row = app.rows().iter().find(|row| row.identity.name == "one").unwrap();
    // It has used the same all the time, so a day is so many times what it has used.
    let watt_hours = row.energy.unwrap().joules() / 20.0 * 24.0;
    let said = read(&mut app);
    let line = said.lines().find(|line| line.contains("at this pace")).unwrap();
    assert!(line.contains(&format!("{watt_hours:.2} Wh")), "{watt_hours}: {line}");
    assert!(said.contains(" EUR a day") && said.contains("the last 20.0s"), "{said}");
}

#[test]
fn who_did_not_run_is_charged_nothing_and_keeps_its_sums() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    app.tick(bench.tick(STEP, &[work(1, "early", 0.5), work(2, "late", 0.1)]));
    app.tick(bench.tick(STEP, &[work(2, "late", 0.1)]));
    open(&mut app, "early");
    let said = read(&mut app);
    assert!(said.contains("|early (pid 1, alice)"), "{said}");
    assert!(said.contains("did not run in the last interval: it is charged nothing for running"));
    let line = |name: &str| said.lines().find(|line| line.contains(name)).unwrap();
    assert!(line("since start").contains("  2."), "{said}");
    assert!(line("CPU time").contains("1.0s"), "{said}");
    assert!(said.contains("now 0, mean 0.424"), "at rest is a zero, and no gap: {said}");
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
        open(&mut app, name);
        let screen = text(&mut app, 80, 24);
        assert!(screen.contains(words) && screen.contains("since start"), "{screen}");
        app.update(Action::Detail);
    }
}

#[test]
fn enter_opens_and_escape_enter_or_q_close() {
    let mut app = screen(Meters::Measured, 40);
    for size in [Rect::new(0, 0, 80, 24), Rect::new(0, 0, 160, 50), Rect::new(0, 0, 80, 50)] {
        app.fit(size);
        for close in [KeyCode::Esc, KeyCode::Enter, KeyCode::Char('q')] {
            press(&mut app, KeyCode::Enter);
            let key = app.selected().unwrap();
            assert!(matches!(key, RowKey::Process(_)), "the first process, not (idle)");
            assert_eq!(app.mode(), Mode::Detail { row: key, scroll: 0 });
            press(&mut app, close);
            assert_eq!((app.mode(), app.selected()), (Mode::Browse, Some(key)));
        }
    }
}

#[test]
fn it_scrolls_to_its_end_and_no_further() {
    let mut app = opened(Meters::Measured);
    app.fit(Rect::new(0, 0, 40, 12));
    let end = "whole life";
    assert!(!text(&mut app, 40, 12).contains(end));
    for _ in 0..200 {
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
    let first = read(&mut app);
    assert!(first.contains("1.0000 of 1.0200 seconds of CPU time"), "{first}");
    tick(&mut app, 0.9);
    let second = read(&mut app);
    assert!(second.contains("1.8000 of 1.8200 seconds of CPU time"), "{second}");
    press(&mut app, KeyCode::Char(' '));
    let paused = read(&mut app);
    tick(&mut app, 0.2);
    assert_eq!(read(&mut app), paused);
}

#[test]
fn a_gap_is_explained_as_one() {
    let mut bench = Bench::new(Meters::None);
    let mut app = screen(Meters::None, 0);
    app.tick(bench.tick(STEP, &[work(1, "one", 0.5)]));
    press(&mut app, KeyCode::Enter);
    let screen = read(&mut app);
    assert!(screen.contains("no meter counted in this interval"), "{screen}");
    assert!(!screen.contains(" 0 J") && !screen.contains(" 0 W"), "absent, not zero: {screen}");
    assert!(!screen.contains("Watts by pool") && !screen.contains("at this pace"), "{screen}");
}

#[test]
fn a_row_that_went_says_so() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    app.tick(bench.tick(STEP, &[Work { ended: true, ..work(1, "early", 0.001) }]));
    open(&mut app, "early");
    for round in 1..4_u32 {
        let short = |job: u32| Work { ended: true, ..work(2000 * round + job, "sh", 0.002) };
        app.tick(bench.tick(STEP, &(0..1900).map(short).collect::<Vec<_>>()));
    }
    let screen = text(&mut app, 80, 24);
    assert!(screen.contains("(gone)") && screen.contains("counted with"), "{screen}");
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
#[test]
fn a_long_command_line_stands_whole_at_the_end() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    let command: &'static str = String::leak("java ".to_owned() + &"-Da=b ".repeat(90) + "Main");
    app.tick(bench.tick(STEP, &[Work { command: Some(command), ..work(1, "java", 0.5) }]));
    open(&mut app, "java");
    let said = read(&mut app);
    let first = said.find("now  ").unwrap();
    assert!(said[..first].contains('…') && !said[..first].contains("Main"), "{said}");
    assert!(said.contains("Its whole command line") && said.contains("Main"), "{said}");
}

#[test]
fn threads_add_up_to_their_process() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    let threads = &[(7, 0.5), (8, 0.3), (9, 0.1)];
    app.tick(bench.tick(STEP, &[Work { threads, ..work(7, "many", 0.9) }, work(1, "one", 0.1)]));
    open(&mut app, "t8");
    let said = read(&mut app);
    assert!(said.contains("A thread of many (pid 7).") && !said.contains("Its tree"), "{said}");
    let (watts, _) = sum_of(&app, "The threads", &["many (pid 7)"]);
    let process = &app.ledger().latest().unwrap().frame.processes;
    let process = process.iter().find(|process| process.id.pid == 7).unwrap();
    let whole = process.share.energy.total().unwrap();
    assert!(near(watts, whole.over(STEP).unwrap().0), "{watts} {whole:?}");
    let own: Microjoules =
        process.threads.iter().filter_map(|thread| thread.share.energy.total()).sum();
    assert_eq!(own, whole, "to the microjoule");
}

/// Thousands that ended, too many to be told apart, and one that lives.
fn many_ended() -> App {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = App::new(bench.describe(), STEP, Theme::colour());
    for round in 0..5_u32 {
        let short = |job: u32| Work { ended: true, ..work(1000 * round + job, "sh", 0.001) };
        let all: Vec<Work> = (1..1000).map(short).chain([work(9999, "make", 0.1)]).collect();
        app.tick(bench.tick(STEP, &all));
    }
    app
}

#[test]
fn the_row_of_those_that_ended_is_opened_as_it_stands_in_the_table() {
    let mut app = many_ended();
    app.update(Action::Ended);
    let row = app.rows().iter().find(|row| row.key == RowKey::Folded).unwrap().row.clone();
    open(&mut app, "(ended)");
    let screen = text(&mut app, 80, 24);
    let energy = app.units().energy(row.energy);
    let since = screen.lines().find(|line| line.contains("since start")).unwrap();
    assert!(since.contains(&format!(" {energy} J")), "{energy}: {screen}");
    assert_eq!(row.members, 5 * 999);
}

#[test]
fn a_group_that_is_not_told_in_full_has_no_chart_and_no_pace() {
    let mut app = many_ended();
    app.update(Action::Tab(Tab::Commands));
    let has_chart = |app: &App| {
        let sections = &app.detail().unwrap().sections;
        sections.iter().any(|section| matches!(section.body, Body::Chart(_)))
    };
    open(&mut app, "make");
    assert!(has_chart(&app) && read(&mut app).contains("at this pace"));
    app.update(Action::Detail);
    open(&mut app, "sh");
    let words = read(&mut app);
    assert!(!has_chart(&app) && !words.contains("at this pace"), "{words}");
    assert!(words.contains("Not shown, and no pace"), "{words}");
    // Nor has the user whose they were, though another process of theirs lives.
    app.update(Action::Detail);
    app.update(Action::Tab(Tab::Users));
    open(&mut app, "alice");
    let words = read(&mut app);
    assert!(!has_chart(&app) && words.contains("Not shown, and no pace"), "{words}");
}
