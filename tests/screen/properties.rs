//! Whatever the user presses, at any size: no panic, and the sums hold.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jouletop::{
    ledger::RowKey,
    sample::{
        Context, GpuActivity, GpuClient, GpuReading, GpuState, Identity, Instance, ProcessId, Told,
    },
    tui::{
        App,
        action::{Action, BINDINGS},
        app::Hands,
        keymap::Keymap,
        mouse::Mouse,
        scene::Scene,
        spots::Spots,
    },
    units::Watts,
};
use proptest::{prelude::*, strategy::ValueTree as _};

use crate::{
    STEP,
    act::within,
    bench::{Bench, Meters, afternoon, gpu},
    drawn,
    state::{adds_up, states},
};

#[derive(Clone, Debug)]
enum Event {
    Act(Action),
    Tick {
        gap: bool,
        gpus: Vec<GpuReading>,
    },
    Draw(u16, u16),
    /// On the last picture.
    Point(MouseEventKind, u16, u16),
}

fn event() -> impl Strategy<Value = Event> {
    let bound = (0..BINDINGS.len()).prop_map(|index| Event::Act(BINDINGS[index].action));
    let letter = any::<char>().prop_map(|letter| Event::Act(Action::Type(letter)));
    let kind = prop_oneof![
        4 => Just(MouseEventKind::Down(MouseButton::Left)),
        2 => Just(MouseEventKind::Drag(MouseButton::Left)),
        1 => Just(MouseEventKind::Up(MouseButton::Left)),
        1 => Just(MouseEventKind::Down(MouseButton::Right)),
        1 => Just(MouseEventKind::Moved),
        2 => Just(MouseEventKind::ScrollUp),
        2 => Just(MouseEventKind::ScrollDown),
    ];
    let place = prop_oneof![4 => 0..200_u16, 1 => any::<u16>()];
    let point = (kind, place, prop_oneof![4 => 0..60_u16, 1 => any::<u16>()])
        .prop_map(|(kind, x, y)| Event::Point(kind, x, y));
    let pointed = prop_oneof![
        (-128..=127_i8).prop_map(Action::Scroll),
        (-128..=127_i8).prop_map(Action::ScrollRows),
        any::<usize>().prop_map(Action::Choose),
        (0..12_usize).prop_map(Action::Choose),
        any::<u16>().prop_map(Action::Divide),
        Just(Action::Select(RowKey::Idle)),
        Just(Action::Select(RowKey::Folded)),
    ];
    prop_oneof![
        4 => bound,
        3 => point,
        1 => pointed.prop_map(Event::Act),
        1 => letter,
        2 => (any::<bool>(), gpus()).prop_map(|(gap, gpus)| Event::Tick { gap, gpus }),
        2 => (1..=250_u16, 1..=80_u16).prop_map(|(width, height)| Event::Draw(width, height)),
        1 => (1..=12_u16, 1..=5_u16).prop_map(|(width, height)| Event::Draw(width, height)),
    ]
}

/// Somebody on a GPU: of the afternoon, of nobody's, or of another PID namespace.
fn client() -> impl Strategy<Value = GpuClient> {
    let pid = prop_oneof![Just(2101_u32), Just(911), 1..100_u32];
    let context = prop_oneof![
        Just(None),
        Just(Some(Context::Compute)),
        Just(Some(Context::Graphics)),
        Just(Some(Context::Mps)),
    ];
    let busy = prop::option::of((0..4_000_u64).prop_map(Duration::from_millis));
    let memory = prop::option::of(any::<u64>());
    (pid, any::<bool>(), context, prop::option::of(0..3_usize), memory, busy).prop_map(
        |(pid, known, context, instance, memory, busy)| {
            let id = ProcessId { pid, start: u64::from(pid) * 1_000_000 };
            let identity = Identity { name: format!("p{pid}"), ..Identity::default() };
            let process = known.then(|| (id, Arc::new(identity)));
            GpuClient { pid, process, context, instance, memory, busy }
        },
    )
}

fn state() -> impl Strategy<Value = Result<GpuState, String>> {
    let watts = || prop::option::of(prop_oneof![Just(0.0), 1.0..2000.0_f64].prop_map(Watts));
    let shown = (
        (watts(), prop::option::of(any::<u8>()), prop::option::of(any::<u32>())),
        (prop::option::of(any::<u64>()), prop::option::of(any::<u64>())),
        prop::collection::vec("[ -~é日]{0,30}", 0..3),
    );
    let shown = shown.prop_map(|((limit, utilization, temperature), memory, throttle)| GpuState {
        limit,
        utilization,
        temperature,
        memory_used: memory.0,
        memory_total: memory.1,
        throttle,
        ..GpuState::NOTHING
    });
    prop_oneof![4 => shown.prop_map(Ok), 1 => "[ -~é日]{0,60}".prop_map(Err)]
}

fn gpus() -> impl Strategy<Value = Vec<GpuReading>> {
    let told = prop_oneof![
        Just(Told::Process),
        Just(Told::Engine),
        Just(Told::Instance),
        Just(Told::Holders("it is a test".into())),
        Just(Told::Nothing),
    ];
    let busy = || prop::option::of((0..4_000_u64).prop_map(Duration::from_millis));
    let one = (
        (state(), "[ -~é日]{0,40}", 0..3_u32),
        (told, busy(), prop::collection::vec(busy(), 0..4)),
        prop::collection::vec(client(), 0..4),
    );
    prop::collection::vec(one, 0..12).prop_map(|all| {
        let reading = |(number, ((state, name, divided), (told, busy, instances), clients))| {
            let mut reading = gpu(number, state);
            let mut made = (*reading.gpu).clone();
            made.name = name;
            made.instances = (0..divided)
                .map(|number| Instance { number, name: "1g.10gb".into(), slices: 1 + number })
                .collect();
            reading.gpu = Arc::new(made);
            reading.activity = GpuActivity { told, busy, instances, clients };
            reading
        };
        all.into_iter().enumerate().map(reading).collect()
    })
}

fn meters() -> impl Strategy<Value = Meters> {
    prop_oneof![Just(Meters::Measured), Just(Meters::Estimated), Just(Meters::None)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_use_at_any_size(
        meters in meters(),
        explained in any::<bool>(),
        hands in prop_oneof![Just(Hands::Free), Just(Hands::None), Just(Hands::MADE_UP)],
        events in prop::collection::vec(event(), 0..60),
    ) {
        let mut bench = Bench::new(meters);
        let mut app = App::new(bench.describe(), STEP, jouletop::tui::Theme::colour());
        app = app.with_hands(hands);
        let (mut mouse, mut spots) = (Mouse::default(), Spots::default());
        let mut minute = 0;
        if explained {
            // Half of the time a row is open in detail when all that follows begins.
            app.tick(bench.tick(STEP, &afternoon(minute)));
            minute += 1;
            app.update(Action::Detail);
        }
        for event in events {
            match event {
                Event::Act(action) => {
                    app.update(action);
                }
                Event::Tick { gap, gpus } => {
                    bench.gap = gap;
                    bench.gpus = gpus;
                    app.tick(bench.tick(STEP, &afternoon(minute)));
                    minute += 1;
                }
                Event::Draw(width, height) => {
                    spots = drawn(&mut app, width, height).1;
                }
                Event::Point(kind, column, row) => {
                    let modifiers = KeyModifiers::NONE;
                    let event = MouseEvent { kind, column, row, modifiers };
                    if let Some(action) = mouse.action(event, &spots, &app) {
                        app.update(action);
                    }
                }
            }
            let live = |key| app.rows().iter().any(|row| row.key == key);
            prop_assert!(app.selected().is_none_or(live));
            if let Some(key) = app.zoom_key() {
                within(&app, key);
            } else if app.filter().is_empty() {
                adds_up(&app);
            }
        }
    }
}

/// Keys that a user may give to some actions: usual ones of any action, and others.
fn given() -> impl Strategy<Value = BTreeMap<String, Vec<String>>> {
    let usual: Vec<String> =
        BINDINGS.iter().flat_map(|binding| binding.keys).map(|key| key.label()).collect();
    let names: Vec<String> = BINDINGS
        .iter()
        .filter(|binding| !matches!(binding.action, Action::Type(_)))
        .map(|binding| binding.action.name())
        .collect();
    let new = ["F3", "F4", "F5", "F12", "Ctrl-A", "Insert", "Q", "9"].map(String::from);
    let key = prop_oneof![
        1 => prop::sample::select(usual),
        3 => prop::sample::select(new.to_vec()),
    ];
    prop::collection::btree_map(prop::sample::select(names), prop::collection::vec(key, 0..3), 1..4)
}

/// What is accepted is true in every state: no key means two things there, every action that was
/// named has the keys that were given to it and no other ones, and Ctrl-C quits.
#[test]
fn keys_that_are_accepted_mean_one_thing_each() {
    let states = states();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..400 {
        let given = given().new_tree(&mut runner).unwrap().current();
        let keymap = match Keymap::of(&given) {
            Ok(keymap) => keymap,
            Err(clashes) => {
                assert!(!clashes.is_empty());
                refused += 1;
                continue;
            }
        };
        accepted += 1;
        for (binding, keys) in keymap.bound() {
            let Some(given) = given.get(&binding.action.name()) else {
                assert_eq!(keys, binding.keys);
                continue;
            };
            let known = |label: &String| label == "Ctrl-C" || given.contains(label);
            assert!(keys.iter().all(|key| known(&key.label())), "{given:?}: {keys:?}");
        }
        for app in &states {
            let scene = Scene::of(app);
            let valid = keymap.bound().filter(|(binding, _)| binding.when.holds(app));
            let mut seen = BTreeMap::new();
            for (binding, keys) in valid {
                for key in keys.iter().filter(|key| !(key.is_text() && scene.is_typed())) {
                    let before = *seen.entry(key.label()).or_insert(binding.action);
                    assert_eq!(before, binding.action, "{} {scene:?} {given:?}", key.label());
                }
            }
            assert_eq!(seen.get("Ctrl-C"), Some(&Action::Quit), "{given:?}");
        }
    }
    assert!(accepted > 50 && refused > 50, "{accepted} accepted, {refused} refused");
}
