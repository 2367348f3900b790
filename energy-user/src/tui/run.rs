//! The loop around the pure screen: keys, timers, signals, drawing.

use std::{path::Path, time::Duration};

use anyhow::Context;
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt;
use jiff::tz::TimeZone;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use super::{
    act::Hand,
    action::{Action, action},
    app::{App, Hands, Request},
    life::Watch,
    mouse::Mouse,
    settings::Palette,
    signals::{Signals, Told},
    spots::Spots,
    terminal::Screen as Terminal,
    theme::Theme,
    view::view,
    write,
};
use crate::{
    config::{Config, Own, Screen},
    session::{DRAIN, Session},
    units::Tariff,
};

/// Nobody reads figures that change faster: shorter intervals are measured, and not all drawn.
const LEGIBLE: Duration = Duration::from_millis(250);
/// What came of something is told for so long.
const TOLD: Duration = Duration::from_secs(8);

/// Shows a session until the user leaves or a signal asks to end.
///
/// The terminal is as it was when this returns, with or without an error.
pub async fn run(
    mut session: Session,
    interval: Duration,
    look: (&Screen, Palette),
    (config, said): (&Config, &[(&str, &str)]),
    tariff: Option<Tariff>,
    hands: Hands,
    watch: &Watch,
) -> anyhow::Result<()> {
    let mut app = App::new(session.describe().clone(), interval, Theme::plain())
        .with_tariff(tariff)
        .with_screen(look.0, look.1)
        .with_keys(config.keys.clone())
        .with_hands(hands)
        .with_zone(TimeZone::system())
        .with_origins(config, said);
    let mut own = config.own.clone();
    if session.is_replay() {
        app = app.of_a_recording();
        app.tell("REPLAY".into(), "REPLAY");
    }
    let mut signals = Signals::new().context("cannot listen to signals")?;
    // The first sample marks the start; its errors are for a terminal in order.
    if let Some(tick) = session.tick()? {
        app.tick(tick);
    }
    let mut screen = Terminal::enter().context("cannot use the terminal for the screen")?;
    follow(&mut session, &mut app, &mut screen, &mut signals, (&mut own, watch)).await
}

async fn follow(
    session: &mut Session,
    app: &mut App,
    screen: &mut Terminal,
    signals: &mut Signals,
    (own, watch): (&mut Own, &Watch),
) -> anyhow::Result<()> {
    let mut events = EventStream::new();
    let mut drain = interval_at(Instant::now() + DRAIN, DRAIN);
    drain.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    let mut changed = true;
    let mut shown = last;
    let hand = Hand::new(Path::new("/proc"));
    let mut hush: Option<(u64, Instant)> = None;
    let (mut mouse, mut spots) = (Mouse::default(), Spots::default());
    // Those of a frame that is on its way: what is not to be seen yet is not clicked.
    let mut coming = None;
    loop {
        // While the terminal is slow, the next frame waits and has all that came meanwhile.
        if changed && !screen.is_busy() {
            let places = draw(screen, app, watch)?;
            if screen.is_busy() {
                coming = Some(places);
            } else {
                spots = places;
            }
            shown = Instant::now();
            changed = false;
        }
        hush = until(hush, app.notice_number(), Instant::now());
        changed |= tokio::select! {
            told = signals.next() => match told {
                Told::End => return Ok(()),
                Told::Stopped => {
                    screen.suspend().context("cannot suspend")?;
                    true
                }
                Told::Resumed => {
                    screen.resume().context("cannot take the terminal back")?;
                    true
                }
            },
            event = events.next() => {
                let event = event.context("the terminal is gone")?;
                let event = event.context("cannot read keys")?;
                let action = meaning(&event, app, &mut mouse, &spots);
                let changed = action.is_some() || matches!(event, Event::Resize(..));
                match action.and_then(|action| app.update(action)) {
                    Some(Request::Quit) => return Ok(()),
                    Some(Request::Suspend) => screen.suspend().context("cannot suspend")?,
                    Some(Request::Act(orders)) => {
                        let notice = hand.carry_out(&orders);
                        app.notify(notice.words, notice.bad);
                    }
                    Some(Request::Export(export)) => {
                        let notice = write::write(&export, screen.terminal().backend_mut());
                        app.notify(notice.words, notice.bad);
                    }
                    Some(Request::Save(keys)) => {
                        let saved = own.save(&keys);
                        app.saved(&keys, saved);
                    }
                    None => {}
                }
                changed
            }
            () = sleep_until(last + app.interval()) => {
                // Whoever was late (suspended, a slow machine) does not catch up in a burst.
                last = Instant::now();
                session.pass(app.interval());
                match session.tick()? {
                    Some(tick) => {
                        app.count(tick);
                        app.interval() >= LEGIBLE || shown.elapsed() >= LEGIBLE
                    }
                    // A recording has an end; its last picture stays.
                    None => session.over().is_some_and(|over| app.tell(over.words.clone(), over.word())),
                }
            }
            () = sleep_until(hush.as_ref().map_or(last, |(_, at)| *at)), if hush.is_some() => {
                app.hush();
                true
            }
            written = screen.written(), if screen.is_busy() => {
                written.context("cannot draw on the terminal")?;
                spots = coming.take().unwrap_or(spots);
                false
            }
            _ = drain.tick() => {
                session.drain()?;
                false
            }
        };
    }
}

/// The number of the notice that is told, and until when: each has its full time, also one with
/// the words of the one before.
fn until(
    before: Option<(u64, Instant)>,
    told: Option<u64>,
    now: Instant,
) -> Option<(u64, Instant)> {
    let told = told?;
    before.filter(|(number, _)| *number == told).or(Some((told, now + TOLD)))
}

/// What the user wants by a key or by the mouse.
fn meaning(event: &Event, app: &App, mouse: &mut Mouse, spots: &Spots) -> Option<Action> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => action(*key, app),
        Event::Mouse(event) if mouse.repeats(*event, app.mode(), Instant::now().into_std()) => None,
        Event::Mouse(event) => mouse.action(*event, spots, app),
        _ => None,
    }
}

fn draw(screen: &mut Terminal, app: &mut App, watch: &Watch) -> anyhow::Result<Spots> {
    let mut spots = Spots::default();
    screen.listen(app.settings().mouse).context("cannot tell the terminal of the mouse")?;
    let draw = |frame: &mut ratatui::Frame| {
        app.fit(frame.area());
        app.observe(watch.look(&app.in_sight(), app.in_detail()));
        spots = view(app, frame);
    };
    screen.terminal().draw(draw).context("cannot draw on the terminal")?;
    screen.send().context("cannot draw on the terminal")?;
    Ok(spots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_notice_is_told_for_its_full_time() {
        let start = Instant::now();
        let later = start + TOLD / 2;
        let first = until(None, Some(1), start);
        assert_eq!(first, Some((1, start + TOLD)));
        assert_eq!(until(first, Some(1), later), first);
        assert_eq!(until(first, Some(2), later), Some((2, later + TOLD)));
        assert_eq!(until(first, None, later), None);
    }
}
