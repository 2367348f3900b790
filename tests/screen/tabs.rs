//! The same energy as processes, as a tree, as jobs, users, units, and what of it is waste.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jouletop::{
    job::Kind,
    ledger::{RowKey, Tick},
    sample::ProcessId,
    tui::{
        App, Theme,
        action::{self, Action},
        app::{Mode, Shown},
        tab::Tab,
    },
    waste::{Evidence, Figure, Finding, Rule, Severity, Subject, SubjectKind},
};

use crate::{
    STEP,
    bench::{Bench, Meters, Work, work},
    gpus::{demo, following},
    screen,
    state::adds_up,
    text,
};

fn press(app: &mut App, code: KeyCode) {
    let action = action::action(KeyEvent::new(code, KeyModifiers::NONE), app);
    assert_eq!(app.update(action.unwrap()), None);
}

fn names(app: &App) -> Vec<&str> {
    app.rows().iter().map(|row| row.identity.name.as_str()).collect()
}

#[test]
fn every_tab_adds_up_to_the_header() {
    let mut app = demo();
    for (digit, tab) in ('1'..).zip(Tab::ALL) {
        press(&mut app, KeyCode::Char(digit));
        assert_eq!(app.tab(), tab);
        adds_up(&app);
        app.update(Action::Pause);
        adds_up(&app);
        app.update(Action::Pause);
    }
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.tab(), Tab::Processes);
    press(&mut app, KeyCode::BackTab);
    assert_eq!(app.tab(), Tab::Findings);
}

#[test]
fn jobs_and_users_are_sums_of_their_processes() {
    let mut app = demo();
    let process = |app: &App, pid: u32| {
        let is_it = |key: RowKey| matches!(key, RowKey::Process(id) if id.pid == pid);
        app.rows().iter().find(|row| is_it(row.key)).unwrap().row.clone()
    };
    let parts: Vec<_> = [4001, 4011, 4012].map(|pid| process(&app, pid)).into();
    let energy = parts.iter().filter_map(|row| row.energy).reduce(|a, b| a + b);
    press(&mut app, KeyCode::Char('3'));
    let job = app.rows().iter().find(|row| row.identity.name == "4711").unwrap();
    assert_eq!((job.energy, job.members), (energy, 3));
    assert_eq!(job.identity.user.as_deref(), Some("anna"));
    assert_eq!(job.gpu.memory, parts[0].gpu.memory);
    press(&mut app, KeyCode::Char('4'));
    let anna = app.rows().iter().find(|row| row.identity.name == "anna").unwrap();
    assert_eq!((anna.energy, anna.members), (energy, 3));
    assert!(text(&mut app, 80, 24).contains(" 4 user "));
}

#[test]
fn a_folded_tree_keeps_the_sum_of_what_hangs_on_it() {
    let mut app = demo();
    press(&mut app, KeyCode::Char('2'));
    let open = names(&app).join(" ");
    let place = |app: &App, name: &str| names(app).iter().position(|n| *n == name).unwrap();
    assert_eq!(place(&app, "pt_data_worker"), place(&app, "systemd") + 2, "{open}");
    app.update(Action::First);
    while app.rows().iter().find(|row| Some(row.key) == app.selected()).unwrap().identity.name
        != "pt_data_worker"
    {
        press(&mut app, KeyCode::Down);
    }
    // The leaf has nothing to fold: the first key goes to whom it hangs on.
    press(&mut app, KeyCode::Left);
    press(&mut app, KeyCode::Left);
    let job = app.rows().iter().find(|row| row.members == 3).unwrap();
    assert_eq!(job.twig.as_ref().unwrap().hidden, 2);
    assert!(!names(&app).contains(&"pt_data_worker"));
    adds_up(&app);
    assert!(text(&mut app, 100, 30).contains("├─+2 python3"));
    press(&mut app, KeyCode::Right);
    assert_eq!(names(&app).join(" "), open);
    press(&mut app, KeyCode::Char('*'));
    assert!(names(&app).contains(&"systemd") && !names(&app).contains(&"python3"));
    adds_up(&app);
    press(&mut app, KeyCode::Char('*'));
    assert_eq!(names(&app).join(" "), open);
}

#[test]
fn rows_of_another_kind_have_no_past_and_neither_has_their_sum() {
    let mut app = demo();
    let known = |app: &App| -> Vec<usize> {
        let recent = |row: &Shown| row.pace.recent.iter().flatten().count();
        app.rows().iter().chain([&app.sum()]).map(recent).collect()
    };
    assert_eq!(known(&app).last(), Some(&8));
    for digit in ['3', '1'] {
        press(&mut app, KeyCode::Char(digit));
        // A sum of (idle) alone would take the others for zero.
        let known = known(&app);
        assert!(known.iter().all(|known| *known <= 1), "{known:?}");
        assert_eq!(known.last(), Some(&1));
    }
}

#[test]
fn a_title_says_command_only_where_there_is_one() {
    let mut app = demo();
    for (digit, title) in [('1', " COMMAND"), ('2', " COMMAND"), ('3', " NAME"), ('4', " NAME")] {
        press(&mut app, KeyCode::Char(digit));
        let shown = text(&mut app, 160, 40);
        let head = shown.lines().find(|line| line.contains("CPU%")).unwrap();
        assert!(head.contains(title), "{digit}: {head}");
        assert_eq!(app.columns().1, title == " COMMAND");
    }
}

#[test]
fn what_looks_like_waste_is_not_filtered_and_offers_no_filter() {
    let mut app = following("waste_held_gpu", 420, Theme::colour());
    press(&mut app, KeyCode::Char('/'));
    for letter in "emit".chars() {
        press(&mut app, KeyCode::Char(letter));
    }
    press(&mut app, KeyCode::Enter);
    assert!(text(&mut app, 80, 24).contains("/emit"));
    press(&mut app, KeyCode::Char('8'));
    let shown = text(&mut app, 80, 24);
    assert!(!shown.contains("/emit") && !shown.contains("filter") && !shown.contains("u user"));
    for key in ['/', 'u'] {
        let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
        assert_eq!(action::action(key, &app), None);
    }
    press(&mut app, KeyCode::Char('1'));
    assert!(text(&mut app, 80, 24).contains("/emit"));
}

#[test]
fn how_many_findings_there_are_stays_where_it_is_narrow() {
    let mut app = following("waste_held_gpu", 420, Theme::colour());
    for width in [40, 48, 56, 60, 64] {
        let shown = text(&mut app, width, 24);
        assert!(shown.contains("8 (1)") || shown.contains("8 findings 1"), "{width}:\n{shown}");
    }
    assert!(text(&mut app, 48, 24).contains("8 (1)"));
}

#[test]
fn the_sum_of_no_rows_is_no_figure() {
    let mut app = demo();
    press(&mut app, KeyCode::Char('/'));
    for letter in "nobody at all".chars() {
        press(&mut app, KeyCode::Char(letter));
    }
    let shown = text(&mut app, 100, 24);
    let sum = shown.lines().find(|line| line.contains(" 0 of ")).unwrap();
    let words = sum.trim_matches('|').trim();
    assert!(words.starts_with("0 of ") && words.ends_with(" rows"), "{sum}");
}

#[test]
fn a_finding_is_a_line_and_opens_with_its_evidence() {
    let mut app = following("waste_held_gpu", 420, Theme::colour());
    assert!(text(&mut app, 80, 24).contains("8 findings 1"));
    assert!(text(&mut app, 80, 14).contains("1 finding"));
    press(&mut app, KeyCode::Char('8'));
    insta::assert_snapshot!(text(&mut app, 80, 24));
    press(&mut app, KeyCode::Enter);
    assert!(matches!(app.mode(), Mode::Finding { .. }));
    insta::assert_snapshot!(text(&mut app, 60, 16));
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.mode(), Mode::Browse);
    adds_up(&app);
}

#[test]
fn a_filter_knows_fields_and_keeps_the_last_good_one_while_it_is_typed() {
    let mut app = demo();
    let typed = |app: &mut App, text: &str| {
        app.update(Action::Filter);
        for letter in text.chars() {
            app.update(Action::Type(letter));
        }
    };
    typed(&mut app, "w > 100 job ~ 4711");
    assert_eq!(names(&app), ["python3"]);
    typed(&mut app, " !cpu >");
    assert_eq!(names(&app), ["python3"], "not done yet: the last that was understood holds");
    assert!(app.filter().error().is_some());
    // Enter keeps nothing that is not understood.
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.mode(), Mode::Filter);
    insta::assert_snapshot!(text(&mut app, 80, 24));
    typed(&mut app, " 10000%");
    press(&mut app, KeyCode::Enter);
    assert_eq!((names(&app), app.mode()), (vec!["python3"], Mode::Browse));
    assert!(app.sum().identity.name.starts_with("1 of "));
    press(&mut app, KeyCode::Esc);
    assert!(names(&app).len() > 5);
    adds_up(&app);
}

#[test]
fn a_user_is_picked_from_a_list() {
    let mut app = demo();
    press(&mut app, KeyCode::Char('u'));
    insta::assert_snapshot!(text(&mut app, 60, 16));
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Enter);
    assert_eq!((app.filter().text(), app.mode()), ("user = \"anna\"", Mode::Browse));
    assert_eq!(app.rows().len(), 3);
    press(&mut app, KeyCode::Char('u'));
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.rows().len(), 3, "nothing was picked");
    press(&mut app, KeyCode::Char('u'));
    press(&mut app, KeyCode::Enter);
    assert!(app.filter().is_empty() && app.rows().len() > 5);
}

/// An interval in which processes of one job spin, the worst first.
pub fn found(bench: &mut Bench, pids: &[u32]) -> Tick {
    let mut tick = bench.tick(STEP, &[work(1, "rank", 0.5), work(2, "rank", 0.5)]);
    let finding = |pid: &u32| Finding {
        rule: Rule::Spinning,
        subject: Subject {
            kind: SubjectKind::Job(Kind::Slurm),
            id: "slurm 4711".into(),
            name: format!("rank {pid}"),
            processes: vec![ProcessId { pid: *pid, start: u64::from(*pid) * 1_000_000 }],
        },
        since: tick.frame.time,
        evidence: vec![Evidence::new("cpu", Figure::Part(0.5), "of a CPU")],
        charges: Vec::new(),
        remedy: "Look what it waits for.".into(),
        severity: Severity::Low,
    };
    tick.findings = pids.iter().map(finding).collect();
    tick
}

#[test]
fn an_opened_finding_is_itself_or_over() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    let open = |app: &App| app.finding().map(|finding| finding.subject.name.clone());
    let rank = |pid: u32| Some(format!("rank {pid}"));
    app.tick(found(&mut bench, &[1, 2]));
    press(&mut app, KeyCode::Char('8'));
    // Nobody moved: what is opened is the first, and stays that one when another gets worse.
    press(&mut app, KeyCode::Enter);
    app.tick(found(&mut bench, &[2, 1]));
    assert_eq!(open(&app), rank(1));
    app.tick(found(&mut bench, &[2]));
    assert_eq!(open(&app), None);
    assert!(text(&mut app, 80, 24).contains("It is over"));
    app.tick(found(&mut bench, &[2, 1]));
    assert_eq!(open(&app), rank(1));
    press(&mut app, KeyCode::Esc);
    // Two processes of one job are two, and the selection follows its own.
    press(&mut app, KeyCode::Up);
    assert_eq!(open(&app), rank(2));
    app.tick(found(&mut bench, &[1, 2]));
    assert_eq!((open(&app), app.finding_index()), (rank(2), 1));
    // In the list, where one is over, its place is the next one's.
    app.tick(found(&mut bench, &[1]));
    assert_eq!(open(&app), rank(1));
}

#[test]
fn who_is_picked_is_who_was_seen() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    let bob = |load| Work { user: Some("bob"), ..work(2, "cc1", load) };
    app.tick(bench.tick(STEP, &[work(1, "make", 0.9), bob(0.1)]));
    press(&mut app, KeyCode::Char('u'));
    press(&mut app, KeyCode::Down);
    app.tick(bench.tick(STEP, &[work(1, "make", 0.1), bob(0.9)]));
    let users: Vec<_> = app.users().iter().map(|choice| choice.user.as_deref()).collect();
    assert_eq!(users, [None, Some("alice"), Some("bob")]);
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.filter().text(), "user = \"alice\"");
    // Opened again, whoever draws most now is first.
    press(&mut app, KeyCode::Char('u'));
    assert_eq!(app.users()[1].user.as_deref(), Some("bob"));
}
