//! GPUs on the screen: their lines, their columns, and who holds one for nothing.

use std::{path::Path, sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jouletop::{
    attribute::Method,
    learn::Learner,
    sample::{GpuState, Told},
    session::{Session, Source as _},
    sim::Simulation,
    tui::{
        App, Theme,
        action::{self, Action},
        column::{Column, Stage},
        tab::Tab,
    },
    units::Watts,
};
use ratatui::style::Color;

use crate::{
    STEP,
    bench::{Bench, Meters, afternoon, intensity},
    detail::open,
    draw, screen,
    state::adds_up,
    text,
};

/// A screen that has followed a scenario for some seconds.
pub fn following(name: &str, seconds: u32, theme: Theme) -> App {
    let path = format!("{}/../tests/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let machine = Simulation::load(Path::new(&path)).unwrap();
    let learner = Learner::new(Method::default(), machine.calibrated(), false);
    let session = Session::new(Box::new(machine), Box::new(Arc::new(intensity())), learner);
    let mut session = session.with_jobs();
    let mut app = App::new(session.describe().clone(), Duration::from_secs(1), theme);
    for _ in 0..=seconds {
        if let Some(tick) = session.tick().unwrap() {
            app.tick(tick);
        }
        session.pass(Duration::from_secs(1));
    }
    app
}

pub fn demo() -> App {
    following("gpu_demo", 13, Theme::colour())
}

fn press(app: &mut App, code: KeyCode) {
    let action = action::action(KeyEvent::new(code, KeyModifiers::NONE), app);
    assert_eq!(app.update(action.unwrap()), None);
}

fn line<'a>(screen: &'a str, word: &str) -> &'a str {
    screen.lines().find(|line| line.contains(word)).unwrap_or_else(|| panic!("{word}: {screen}"))
}

#[test]
fn gpus_without_colours_still_say_what_is_held() {
    let mut app = following("gpu_demo", 13, Theme::plain());
    let buffer = draw(&mut app, 80, 24);
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let plain = text(&mut app, 80, 24);
    assert!(line(&plain, "gpu-3").contains("held idle"), "{plain}");
    assert!(line(&plain, "7300 lina").contains("python3 (held)"), "{plain}");
    assert_eq!(plain, text(&mut demo(), 80, 24), "the same words, with colours or without");
}

#[test]
fn four_gpus_leave_room_for_eight_rows_and_a_small_screen_sums_them_up() {
    let mut app = demo();
    let rows = |app: &mut App, width, height| {
        let screen = text(app, width, height);
        let lines: Vec<_> = screen.lines().collect();
        let head = lines.iter().position(|line| line.contains("NAME")).unwrap();
        let last = lines.iter().position(|line| line.contains("all ")).unwrap();
        last - head - 1
    };
    assert!(rows(&mut app, 80, 24) >= 8);
    assert!(rows(&mut app, 40, 12) >= 4);
    for (width, height) in [(80, 24), (120, 30), (160, 50)] {
        let screen = text(&mut app, width, height);
        for gpu in ["gpu-0", "gpu-1", "gpu-2", "gpu-3"] {
            assert_eq!(screen.matches(gpu).count(), 1, "{gpu}: {screen}");
        }
    }
    let small = text(&mut app, 40, 12);
    // 642 and 607 of the training, 547 shared, and 118 W for nothing.
    assert!(line(&small, "4 GPUs").contains("1906 W"), "{small}");
    assert!(line(&small, "4 GPUs").contains("1 held idle"), "{small}");
    let pairs = text(&mut app, 80, 16);
    assert!(line(&pairs, "gpu-0").contains("gpu-2"), "{pairs}");
    assert!(line(&pairs, "gpu-3").contains("held idle"), "{pairs}");
}

#[test]
fn a_key_hides_the_gpus_and_their_meters_stay() {
    let mut app = demo();
    assert!(line(&text(&mut app, 80, 24), "gpu-3").contains("38°C"));
    press(&mut app, KeyCode::Char('d'));
    let hidden = text(&mut app, 80, 50);
    assert!(!hidden.contains("38°C"), "{hidden}");
    assert!(line(&hidden, "gpu-3").contains("118.0 W"), "{hidden}");
    press(&mut app, KeyCode::Char('d'));
    assert!(text(&mut app, 80, 24).contains("38°C"));
    // Where there are none, the key means nothing.
    let app = screen(Meters::Measured, 3);
    let key = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::NONE);
    assert_eq!(action::action(key, &app), None);
}

#[test]
fn who_holds_a_gpu_without_a_cpu_has_a_row_that_says_so() {
    let mut app = demo();
    let row = app.rows().iter().find(|row| row.identity.user.as_deref() == Some("lina")).unwrap();
    assert!(row.cpu_percent < f64::EPSILON, "she is at lunch");
    let gpu = row.gpu;
    assert!(gpu.held_idle && gpu.seats == Some(1));
    assert_eq!(gpu.memory, Some(30 << 30));
    assert_eq!(gpu.percent, Some(0.0), "told, and nothing");
    assert!((gpu.watts.unwrap().0 - 118.0).abs() < 1e-9);
    assert_eq!(gpu.energy.unwrap().joules().round() as u64, 13 * 118);
    let screen = text(&mut app, 120, 30);
    let row = line(&screen, "   7300 lina");
    assert!(row.contains(" 30.00 ") && row.contains("(held idle)"), "{row}");
    // Who is on no GPU has nothing to tell of one.
    let other = app.rows().iter().find(|row| row.identity.name == "pt_data_worker").unwrap().gpu;
    assert_eq!((other.seats, other.percent, other.memory), (Some(0), None, None));
    assert_eq!(other.watts.unwrap().0.to_bits(), 0.0_f64.to_bits(), "measured, and nothing");
    // When her timer fires, the mark goes.
    let mut later = following("gpu_demo", 32, Theme::colour());
    assert!(!text(&mut later, 120, 30).contains("held"));
    adds_up(&app);
}

#[test]
fn columns_of_gpus_sort_and_are_there_only_with_gpus() {
    let mut app = demo();
    for (key, column) in [
        ('c', Column::GpuPercent),
        ('M', Column::GpuMemory),
        ('w', Column::GpuWatts),
        ('E', Column::GpuJoules),
    ] {
        press(&mut app, KeyCode::Char(key));
        assert_eq!(app.sorted(), (column, false));
        let (first, memory) = (&app.rows()[0], column == Column::GpuMemory);
        assert_eq!(
            first.identity.cmdline.as_deref(),
            Some("python3 train.py --gpus 2 --batch 256")
        );
        if memory {
            assert_eq!(first.gpu.memory, Some((71 << 30) + (71_168 << 20)));
        }
        press(&mut app, KeyCode::Char('I'));
        assert_eq!(app.sorted(), (column, true));
    }
    let titles = |width, gpus| -> Vec<Column> {
        let stage = Stage { tab: Tab::Processes, gpus, tariff: false, jobs: false };
        Column::fitting(width, stage)
    };
    assert!(titles(200, false).iter().all(|column| !column.is_gpu()));
    assert!(titles(200, true).contains(&Column::GpuJoules));
    assert!(!titles(80, true).contains(&Column::GpuJoules));
    assert!(titles(80, true).contains(&Column::User));
    assert_eq!(titles(20, true), [Column::Watts, Column::Name]);
    // From the last number to the name there is one step without GPUs, and five with them.
    let mut without = screen(Meters::Measured, 3);
    without.update(Action::Sort(Column::Cpu));
    without.update(Action::SortRight);
    assert_eq!(without.sorted().0, Column::Name);
    app.update(Action::Sort(Column::Cpu));
    app.update(Action::SortRight);
    assert_eq!(app.sorted().0, Column::GpuPercent);
}

#[test]
fn a_gpu_that_comes_later_is_shown_from_then_on() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    app.tick(bench.tick(STEP, &afternoon(0)));
    assert!(!text(&mut app, 80, 24).contains("GPU"));
    bench.gpus = vec![crate::bench::gpu(0, Err("asleep; it wakes when it is used".into()))];
    app.tick(bench.tick(STEP, &afternoon(1)));
    let screen = text(&mut app, 80, 24);
    assert!(line(&screen, "gpu-0").contains("- asleep; it wakes when it is used"), "{screen}");
    // It does not tell who is on it: that is not the same as nobody.
    let of = |app: &App| app.rows().iter().find(|row| row.identity.name == "firefox").unwrap().gpu;
    assert_eq!(of(&app).seats, None);
    assert!(line(&screen, " firefox").contains(" - "), "{screen}");
    let mut awake = crate::bench::gpu(0, Ok(GpuState::NOTHING));
    awake.activity.told = Told::Process;
    bench.gpus = vec![awake];
    app.tick(bench.tick(STEP, &afternoon(2)));
    assert_eq!(of(&app).seats, Some(0));
}

#[test]
fn what_strangers_used_is_explained_where_it_stands() {
    let mut app = demo();
    open(&mut app, "(unattributed)");
    let screen = text(&mut app, 80, 24);
    assert!(screen.contains("processes of another PID namespace"), "{screen}");
}

#[test]
fn eight_gpus_share_lines_and_say_why_a_clock_is_held_down() {
    let mut bench = Bench::new(Meters::Measured);
    let mut app = screen(Meters::Measured, 0);
    let shown = GpuState {
        limit: Some(Watts(200.0)),
        utilization: Some(100),
        memory_used: Some(20 << 30),
        memory_total: Some(24 << 30),
        temperature: Some(88),
        ..GpuState::NOTHING
    };
    let hot = GpuState { throttle: vec!["power cap".into(), "heat".into()], ..shown.clone() };
    let mut all: Vec<_> = (0..8).map(|gpu| crate::bench::gpu(gpu, Ok(shown.clone()))).collect();
    all[5] = crate::bench::gpu(5, Ok(hot));
    all[6] = crate::bench::gpu(6, Err("it fell off the bus; start the machine again".into()));
    bench.gpus = all;
    for minute in 0..2 {
        app.tick(bench.tick(STEP, &afternoon(minute)));
    }
    let pairs = text(&mut app, 80, 24);
    assert!(line(&pairs, "gpu-1").contains("gpu-5"), "{pairs}");
    assert!(line(&pairs, "gpu-5").contains("throttled|"), "{pairs}");
    assert!(line(&pairs, "gpu-6").contains("it fell off the bus"), "{pairs}");
    let wide = text(&mut app, 160, 50);
    assert!(line(&wide, "gpu-5").contains("throttled: power cap, heat"), "{wide}");
    assert!(line(&wide, "gpu-5").contains("of 200 W  100%  20/24 GiB  88°C"), "{wide}");
    let small = text(&mut app, 60, 16);
    assert!(line(&small, "8 GPUs").contains("gpu-6 silent"), "{small}");
}
