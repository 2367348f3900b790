//! What the screen does beyond looking: it asks before it acts, measures, exports and zooms.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jouletop::tui::help::{Entry, Section, entries};
use jouletop::{
    ledger::{RowKey, Sum},
    tui::{
        App, Theme,
        action::{self, Action},
        app::{Export, Hands, Io, Mode, Order, Orders, Place, Request},
        tab::Tab,
    },
    units::{Microjoules, Tariff},
};
use nix::sys::signal::Signal;
use proptest::prelude::*;

use crate::{
    STEP,
    bench::{Bench, Meters, Work, afternoon, work},
    gpus::demo,
    screen,
    state::adds_up,
    text,
};

fn free() -> App {
    demo().with_hands(Hands::Free)
}

fn press(app: &mut App, code: KeyCode) -> Option<Request> {
    action::action(KeyEvent::new(code, KeyModifiers::NONE), app).and_then(|key| app.update(key))
}

fn keys(app: &mut App, keys: &str) {
    for key in keys.chars() {
        assert_eq!(press(app, KeyCode::Char(key)), None);
    }
}

/// Selects the row with a name, by the keys.
fn select(app: &mut App, name: &str) -> RowKey {
    let place = |app: &App| app.rows().iter().position(|row| row.identity.name == name);
    app.update(Action::First);
    let down = place(app).unwrap_or_else(|| panic!("no row {name}"));
    for _ in 0..down {
        app.update(Action::Down);
    }
    let key = app.selected().unwrap();
    assert_eq!(app.rows().iter().find(|row| row.key == key).unwrap().identity.name, name);
    key
}

fn told(app: &App) -> &str {
    &app.notice().unwrap().words
}

fn orders(request: Option<Request>) -> (Order, Vec<u32>) {
    let Some(Request::Act(Orders { order, targets })) = request else { panic!("{request:?}") };
    (order, targets.iter().map(|target| target.id.pid).collect())
}

/// While a group is looked into, the sum line is the group's row.
pub fn within(app: &App, key: RowKey) {
    let RowKey::Group(by, _) = key else { panic!("{key:?} is no group") };
    let groups = app.ledger().groups(by);
    let group = groups.iter().find(|row| row.key == key);
    if let (Some(group), true) = (group, app.filter().is_empty()) {
        let sum = app.sum();
        assert_eq!((sum.energy, sum.members), (group.energy, group.members));
        assert_eq!(sum.cpu_time, group.cpu_time);
    }
}

#[test]
fn a_signal_is_asked_for_and_only_enter_sends_it() {
    let mut app = free();
    let RowKey::Process(id) = select(&mut app, "python3") else { panic!("a process") };
    assert_eq!(press(&mut app, KeyCode::Char('K')), None);
    insta::assert_snapshot!(text(&mut app, 80, 24));
    assert_eq!(press(&mut app, KeyCode::Esc), None);
    assert_eq!((app.mode(), app.selected()), (Mode::Browse, Some(RowKey::Process(id))));
    press(&mut app, KeyCode::F(9));
    let request = press(&mut app, KeyCode::Enter);
    assert_eq!(orders(request.clone()), (Order::Signal(Signal::SIGTERM), vec![id.pid]));
    let Some(Request::Act(orders)) = request else { panic!("it acts") };
    assert_eq!(orders.targets[0].id, id, "with its start");
    assert_eq!(app.mode(), Mode::Browse);
}

#[test]
fn a_signal_is_chosen_by_arrows_number_or_name() {
    let chosen = |keys: &[KeyCode]| {
        let mut app = free();
        select(&mut app, "python3");
        press(&mut app, KeyCode::Char('K'));
        for key in keys {
            assert_eq!(press(&mut app, *key), None);
        }
        press(&mut app, KeyCode::Enter).map(|request| orders(Some(request)).0)
    };
    let signal = |signal| Some(Order::Signal(signal));
    assert_eq!(chosen(&[KeyCode::Down]), signal(Signal::SIGKILL));
    assert_eq!(chosen(&[KeyCode::End]), signal(Signal::SIGUSR2));
    assert_eq!(chosen(&[KeyCode::Char('9')]), signal(Signal::SIGKILL));
    assert_eq!(chosen(&['h', 'u', 'p'].map(KeyCode::Char)), signal(Signal::SIGHUP));
    // Letters that mean something elsewhere are letters here.
    assert_eq!(chosen(&['q', 'k'].map(KeyCode::Char)), None, "no such signal");
    let mended = [KeyCode::Char('q'), KeyCode::Backspace, KeyCode::Char('k')];
    assert_eq!(chosen(&mended), signal(Signal::SIGKILL));
}

#[test]
fn what_is_no_signal_is_said_and_nothing_is_sent() {
    let mut app = free();
    select(&mut app, "python3");
    press(&mut app, KeyCode::Char('K'));
    keys(&mut app, "nonsense");
    assert_eq!(press(&mut app, KeyCode::Enter), None);
    assert_eq!(app.mode(), Mode::Act);
    assert!(text(&mut app, 80, 24).contains("no such signal: choose one of the list"));
}

#[test]
fn a_group_is_all_of_its_living_members() {
    let mut app = free();
    press(&mut app, KeyCode::Char('3'));
    select(&mut app, "4711");
    press(&mut app, KeyCode::Char('K'));
    insta::assert_snapshot!(text(&mut app, 80, 24));
    insta::assert_snapshot!("a_group_on_a_small_screen", text(&mut app, 40, 12));
    let request = press(&mut app, KeyCode::Enter);
    assert_eq!(orders(request), (Order::Signal(Signal::SIGTERM), vec![4001, 4011, 4012]));

    let mut bench = Bench::new(Meters::Measured);
    let mut app = App::new(bench.describe(), STEP, Theme::colour()).with_hands(Hands::Free);
    let ended = Work { ended: true, ..work(8, "cc1", 0.5) };
    app.tick(bench.tick(STEP, &[work(7, "make", 0.1), ended, work(9, "cc1", 0.5)]));
    app.update(Action::Tab(Tab::Users));
    select(&mut app, "alice");
    press(&mut app, KeyCode::Char('K'));
    assert_eq!(orders(press(&mut app, KeyCode::Enter)).1, [7, 9]);
}

#[test]
fn nobody_is_acted_on_by_a_slip_of_the_finger() {
    let mut app = screen(Meters::Measured, 40).with_hands(Hands::Free);
    press(&mut app, KeyCode::Char('K'));
    assert_eq!(told(&app), "select a row first: ↑ ↓");
    let mut refused = |name: &str| {
        select(&mut app, name);
        assert_eq!(press(&mut app, KeyCode::Char('K')), None);
        assert_eq!(app.mode(), Mode::Browse);
        told(&app).to_string()
    };
    assert!(refused("systemd").starts_with("pid 1 is systemd"));
    assert_eq!(refused("(jouletop)"), "this is jouletop itself: q quits it");
    assert_eq!(refused("(idle)"), "(idle) is no process: there is nobody to act on");
    assert_eq!(refused("cc1"), "cc1 has ended: there is nobody to act on");
    press(&mut app, KeyCode::Char('3'));
    select(&mut app, "(no job)");
    press(&mut app, KeyCode::Char('K'));
    assert!(told(&app).starts_with("(no job) are many that have nothing in common"));
    press(&mut app, KeyCode::Char('4'));
    select(&mut app, "root");
    press(&mut app, KeyCode::Char('K'));
    assert!(told(&app).starts_with("user root: pid 1 is systemd"), "{}", told(&app));
}

#[test]
fn a_made_up_machine_is_not_acted_on() {
    let mut app = demo();
    select(&mut app, "python3");
    for key in [KeyCode::Char('K'), KeyCode::F(7), KeyCode::Char('i')] {
        assert_eq!(press(&mut app, key), None);
        assert_eq!(told(&app), "these rows are made up: there is no process to act on");
        assert_eq!(app.mode(), Mode::Browse);
    }
    assert!(text(&mut app, 80, 24).contains("these rows are made up"));
    app.hush();
    assert!(!text(&mut app, 80, 24).contains("these rows are made up"));
}

#[test]
fn a_screen_that_only_looks_has_no_keys_to_act() {
    let mut app = demo().with_hands(Hands::None);
    select(&mut app, "python3");
    let words = ["send a signal", "renice", "ionice"];
    let help = |app: &App| {
        let entries = Section::ALL.into_iter().flat_map(|section| entries(section, app));
        let words = entries.map(|entry| match entry {
            Entry::Keys(_, words) | Entry::Word(_, words) => words,
        });
        words.collect::<String>()
    };
    assert!(words.iter().all(|word| !help(&app).contains(word)));
    assert!(words.iter().all(|word| help(&free()).contains(word)));
    assert!(action::hints(&app).iter().all(|hint| hint.word != "kill"));
    for key in [KeyCode::Char('K'), KeyCode::F(7), KeyCode::F(8), KeyCode::F(9), KeyCode::Char('i')]
    {
        assert_eq!(press(&mut app, key), None);
        assert_eq!((app.mode(), app.notice()), (Mode::Browse, None));
    }
    press(&mut app, KeyCode::Char('x'));
    let (ways, _) = app.draft().unwrap().list();
    assert!(ways.iter().all(|way| way.starts_with("copy")), "{ways:?}");
}

#[test]
fn niceness_is_changed_step_by_step_and_confirmed_once() {
    let mut app = free();
    select(&mut app, "python3");
    press(&mut app, KeyCode::F(8));
    press(&mut app, KeyCode::F(8));
    insta::assert_snapshot!(text(&mut app, 80, 12));
    press(&mut app, KeyCode::Down);
    assert_eq!(orders(press(&mut app, KeyCode::Enter)), (Order::Nice { by: 3 }, vec![4001]));
    press(&mut app, KeyCode::F(8));
    press(&mut app, KeyCode::F(7));
    assert_eq!(orders(press(&mut app, KeyCode::Enter)).0, Order::Nice { by: -1 });
}

#[test]
fn an_io_class_is_chosen_from_a_list() {
    let mut app = free();
    select(&mut app, "python3");
    press(&mut app, KeyCode::Char('i'));
    assert!(text(&mut app, 80, 24).contains("ionice best-effort 4: python3 (pid 4001, anna)?"));
    press(&mut app, KeyCode::End);
    assert_eq!(orders(press(&mut app, KeyCode::Enter)), (Order::Io(Io::Idle), vec![4001]));
}

#[test]
fn a_zoom_shows_a_group_alone_and_escape_comes_back() {
    let mut app = free();
    press(&mut app, KeyCode::Char('3'));
    app.update(Action::Filter);
    keys(&mut app, "4711");
    app.update(Action::Accept);
    let key = select(&mut app, "4711");
    press(&mut app, KeyCode::Char('z'));
    assert_eq!((app.tab(), app.zoom_key()), (Tab::Processes, Some(key)));
    let mut names: Vec<_> = app.rows().iter().map(|row| row.identity.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["pt_data_worker", "pt_data_worker", "python3"]);
    within(&app, key);
    let back = action::Hint { keys: vec![("Esc".into(), Action::Back)], word: "back" };
    assert!(action::hints(&app).contains(&back));
    insta::assert_snapshot!(text(&mut app, 80, 24));
    press(&mut app, KeyCode::Char('2'));
    within(&app, key);
    select(&mut app, "python3");
    press(&mut app, KeyCode::Esc);
    assert_eq!((app.tab(), app.selected(), app.filter().text()), (Tab::Jobs, Some(key), "4711"));
    press(&mut app, KeyCode::Esc);
    adds_up(&app);
}

#[test]
fn a_zoom_has_what_ended_and_is_told_apart_no_more() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = App::new(bench.describe(), STEP, Theme::colour());
    for round in 0..5_u32 {
        let short = |job: u32| Work { ended: true, ..work(1000 * round + job, "sh", 0.001) };
        let all: Vec<Work> = (1..1000).map(short).chain([work(9999, "make", 0.1)]).collect();
        app.tick(bench.tick(STEP, &all));
    }
    app.update(Action::Tab(Tab::Commands));
    let key = select(&mut app, "sh");
    press(&mut app, KeyCode::Char('z'));
    assert!(app.rows().iter().any(|row| row.key == RowKey::Folded));
    assert!(app.rows().iter().all(|row| row.identity.name != "make"));
    within(&app, key);
}

#[test]
fn a_measurement_begins_ends_and_shows_its_card() {
    let mut bench = Bench::new(Meters::Measured);
    let tariff = Tariff::parse("0.32 EUR").unwrap();
    let mut app = App::new(bench.describe(), STEP, Theme::colour()).with_tariff(Some(tariff));
    for minute in 0..3 {
        app.tick(bench.tick(STEP, &afternoon(minute)));
    }
    press(&mut app, KeyCode::Char('7'));
    select(&mut app, "rustc");
    press(&mut app, KeyCode::Char('m'));
    assert_eq!(told(&app), "measuring command rustc; m stops");
    press(&mut app, KeyCode::Char('m'));
    assert_eq!(told(&app), "nothing was measured: no interval has ended meanwhile");
    app.hush();
    press(&mut app, KeyCode::Char('m'));
    app.hush();
    // What the user looks at meanwhile changes nothing.
    press(&mut app, KeyCode::Char('1'));
    press(&mut app, KeyCode::Char(' '));
    for minute in 3..8 {
        bench.gap = minute == 5;
        app.tick(bench.tick(STEP, &afternoon(minute)));
    }
    assert!(text(&mut app, 120, 24).contains(" m command rustc 10.0s"));
    press(&mut app, KeyCode::Char('m'));
    assert!(matches!(app.mode(), Mode::Card { .. }));
    insta::assert_snapshot!(text(&mut app, 80, 24));
    let record = app.card().unwrap().record();
    // A reading that failed is missed by the interval before it and the one behind it.
    assert_eq!(
        (record.elapsed_seconds, record.metered_seconds, record.partial),
        (10.0, 6.0, false)
    );
    let joules = record.energy_joules.unwrap();
    assert!((record.mean_power_watts.unwrap() - joules / 6.0).abs() < 1e-9);
    press(&mut app, KeyCode::Char('x'));
    assert_eq!(app.draft().unwrap().file(), Some("jouletop-measurement-2026-09-21-141336.csv"));
    let (export, _) = exported(&mut app, 0);
    assert!(export.starts_with("name,from,to,"));
    assert!(export.contains(&format!(",{joules},")), "{export}");
    assert!(matches!(app.mode(), Mode::Card { .. }), "back to the card");
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.mode(), Mode::Browse);
}

fn exported(app: &mut App, down: usize) -> (String, Place) {
    if app.mode() != Mode::Export {
        press(app, KeyCode::Char('x'));
    }
    for _ in 0..down {
        press(app, KeyCode::Down);
    }
    match press(app, KeyCode::Enter) {
        Some(Request::Export(Export { text, to })) => (text, to),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_shown_is_exported_in_full() {
    let mut app = free();
    text(&mut app, 160, 40);
    press(&mut app, KeyCode::Char('x'));
    insta::assert_snapshot!(text(&mut app, 80, 24));
    text(&mut app, 160, 40);
    let (csv, to) = exported(&mut app, 0);
    let Place::File(path) = to else { panic!("a file") };
    let name = path.to_str().unwrap();
    assert!(
        name.starts_with("jouletop-20") && path.extension().is_some_and(|end| end == "csv"),
        "{name}"
    );
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let head = reader.headers().unwrap().clone();
    for field in ["row", "pid", "user", "power_watts", "energy_joules", "gpu_memory_bytes"] {
        assert!(head.iter().any(|name| name == field), "{field}: {head:?}");
    }
    let energy = head.iter().position(|name| name == "energy_joules").unwrap();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), app.rows().len());
    let sum = records.iter().map(|row| Microjoules::from_joules(row[energy].parse().unwrap()));
    assert_eq!(Some(sum.fold(Microjoules::ZERO, |a, b| a + b)), app.sum().energy);

    let (json, to) = exported(&mut app, 1);
    assert!(matches!(to, Place::File(path) if path.extension().is_some_and(|end| end == "json")));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), app.rows().len());
    assert_eq!(json["sum"]["energy_joules"].as_f64(), app.sum().energy.map(Microjoules::joules));
    let idle = json["rows"].as_array().unwrap().iter().find(|row| row["row"] == "idle").unwrap();
    assert!(idle["pid"].is_null() && idle["gpu_memory_bytes"].is_null());

    let (plain, to) = exported(&mut app, 3);
    assert_eq!(to, Place::Clipboard);
    assert_eq!(plain.lines().count(), app.rows().len() + 2);
    assert!(plain.contains("python3") && plain.lines().last().unwrap().contains("all "));
}

#[test]
fn a_filter_a_zoom_and_a_tab_are_what_is_exported() {
    let mut app = free();
    press(&mut app, KeyCode::Char('3'));
    select(&mut app, "4711");
    press(&mut app, KeyCode::Char('z'));
    let (csv, _) = exported(&mut app, 0);
    assert_eq!(csv.lines().count(), 1 + 3, "{csv}");
    let (json, _) = exported(&mut app, 1);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["rows_are"], json["rows"][0]["row"].as_str()),
        (&"process".into(), Some("process"))
    );
    assert!(json["within"].as_str().unwrap().contains("4711"));
    press(&mut app, KeyCode::Char('8'));
    let (json, _) = exported(&mut app, 1);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), app.findings().len());
    let (csv, _) = exported(&mut app, 0);
    assert_eq!(csv.lines().count(), 1 + app.findings().len());
}

#[test]
fn the_name_of_a_file_is_typed_and_keeps_its_ending() {
    let mut app = free();
    press(&mut app, KeyCode::Char('x'));
    for _ in 0.."2026-03-02-090013.csv".len() {
        press(&mut app, KeyCode::Backspace);
    }
    keys(&mut app, "mine.csv");
    press(&mut app, KeyCode::Down);
    assert_eq!(app.draft().unwrap().file(), Some("jouletop-mine.json"));
    for _ in 0..40 {
        press(&mut app, KeyCode::Backspace);
    }
    assert_eq!(press(&mut app, KeyCode::Enter), None);
    assert_eq!(told(&app), "a file needs a name");
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.mode(), Mode::Browse);
}

fn whose(pid: u32) -> &'static str {
    if pid.is_multiple_of(2) { "alice" } else { "bob" }
}

fn people() -> impl Strategy<Value = Vec<Work>> {
    let one = (1..12_u32, 0.0..2.0_f64, any::<bool>());
    prop::collection::vec(one, 0..8).prop_map(|mut all| {
        all.sort_by_key(|(pid, ..)| *pid);
        all.dedup_by_key(|(pid, ..)| *pid);
        let names = ["make", "cc1", "python3"];
        let one = |(pid, load, ended): (u32, f64, bool)| Work {
            user: Some(whose(pid)),
            ended,
            ..work(pid, names[pid as usize % 3], load)
        };
        all.into_iter().map(one).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// What is measured of a row is what the ledger's sums of it grew by, to the microjoule,
    /// whoever ends, comes or has a gap meanwhile.
    #[test]
    fn a_measurement_is_what_the_sums_grew_by(
        before in prop::collection::vec(people(), 1..5),
        during in prop::collection::vec((people(), any::<bool>()), 1..12),
        tab in 0..Tab::ALL.len() - 1,
        place in 0..20_usize,
    ) {
        let mut bench = Bench::new(Meters::Measured);
        let mut app = App::new(bench.describe(), STEP, Theme::colour());
        for work in &before {
            app.tick(bench.tick(STEP, work));
        }
        let tab = Tab::ALL[tab];
        app.update(Action::Tab(tab));
        // One further than the last row is none: all rows.
        let place = place % (app.rows().len() + 1);
        let chosen = app.rows().get(place).map(|row| row.key);
        if chosen.is_some() {
            app.update(Action::First);
            for _ in 0..place {
                app.update(Action::Down);
            }
        }
        prop_assert_eq!(app.selected(), chosen);
        let sum = |app: &App| {
            let rows = app.ledger().groups(tab.grouping());
            let of = rows.iter().filter(|row| chosen.is_none_or(|key| key == row.key));
            // Who was there only while no meter counted adds nothing.
            for row in of.clone() {
                assert_eq!(row.energy.is_some(), row.grams.is_some());
            }
            let energy = app.ledger().totals().sum.share.energy.total();
            energy.map(|_| of.clone().filter_map(|row| row.energy).fold(Microjoules::ZERO, |a, b| a + b))
                .zip(Some(of.clone().map(|row| row.cpu_time).sum::<std::time::Duration>()))
                .zip(Some(of.filter_map(|row| row.grams).fold(0.0, |sum, grams| sum + grams.0)))
        };
        let start = sum(&app);
        let row = app.rows().get(place).filter(|_| chosen.is_some());
        let over = row.is_some_and(|row| row.ended && matches!(row.key, RowKey::Process(_)));
        app.update(Action::Measure);
        // Who has ended uses nothing more.
        prop_assert_eq!(app.measurement().is_none(), over);
        if over {
            return Ok(());
        }
        let mut metered = false;
        for (work, gap) in &during {
            bench.gap = *gap;
            app.tick(bench.tick(STEP, work));
            metered |= app.ledger().latest().is_some_and(|tick| tick.frame.watts().is_some());
        }
        let measured: Sum = *app.measurement().unwrap().sum();
        let ((begun, began), first) = start.unwrap();
        let ((energy, time), last) = sum(&app).unwrap();
        let grew = Some(energy.0 - begun.0).filter(|_| metered);
        prop_assert_eq!(measured.share.energy.total().map(|energy| energy.0), grew);
        prop_assert_eq!(measured.share.cpu_time + began, time);
        let grams = last - first;
        prop_assert!((measured.grams.0 - grams).abs() <= 1e-9 * (1.0 + grams));
        app.update(Action::Measure);
        let record = app.card().unwrap().record();
        prop_assert_eq!(record.energy_joules, grew.map(|grew| Microjoules(grew).joules()));
        if let (Some(mean), Some(peak)) = (record.mean_power_watts, record.peak_power_watts) {
            prop_assert!(mean <= peak * (1.0 + 1e-9));
        }
    }
}
