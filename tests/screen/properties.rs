//! Whatever the user presses, at any size: no panic, and the sums hold.

use jouletop::tui::{
    App,
    action::{Action, BINDINGS},
};
use proptest::prelude::*;

use crate::{
    STEP,
    bench::{Bench, Meters, afternoon},
    draw,
    state::adds_up,
};

#[derive(Clone, Debug)]
enum Event {
    Act(Action),
    Tick { gap: bool },
    Draw(u16, u16),
}

fn event() -> impl Strategy<Value = Event> {
    let bound = (0..BINDINGS.len()).prop_map(|index| Event::Act(BINDINGS[index].action));
    let letter = any::<char>().prop_map(|letter| Event::Act(Action::Type(letter)));
    prop_oneof![
        4 => bound,
        1 => letter,
        2 => any::<bool>().prop_map(|gap| Event::Tick { gap }),
        2 => (1..=200_u16, 1..=60_u16).prop_map(|(width, height)| Event::Draw(width, height)),
        1 => (1..=12_u16, 1..=5_u16).prop_map(|(width, height)| Event::Draw(width, height)),
    ]
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
        events in prop::collection::vec(event(), 0..60),
    ) {
        let mut bench = Bench::new(meters);
        let mut app = App::new(bench.describe(), STEP, jouletop::tui::Theme::colour());
        let mut minute = 0;
        if explained {
            // Half of the time the explanation of a row lies over all that follows.
            app.tick(bench.tick(STEP, &afternoon(minute)));
            minute += 1;
            app.update(Action::Explain);
        }
        for event in events {
            match event {
                Event::Act(action) => {
                    app.update(action);
                }
                Event::Tick { gap } => {
                    bench.gap = gap;
                    app.tick(bench.tick(STEP, &afternoon(minute)));
                    minute += 1;
                }
                Event::Draw(width, height) => {
                    draw(&mut app, width, height);
                }
            }
            let live = |key| app.rows().iter().any(|row| row.key == key);
            prop_assert!(app.selected().is_none_or(live));
            if app.filter().is_empty() {
                adds_up(&app);
            }
        }
    }
}
