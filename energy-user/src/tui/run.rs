//! The loop around the pure screen: keys, timers, signals, drawing.

use std::time::Duration;

use anyhow::Context;
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use super::{
    action::action,
    app::{App, Request},
    settings::Palette,
    signals::{Signals, Told},
    terminal::Screen as Terminal,
    theme::Theme,
    view::view,
};
use crate::{
    config::Screen,
    session::{DRAIN, Session},
    units::Tariff,
};

/// Nobody reads figures that change faster: shorter intervals are measured, and not all drawn.
const LEGIBLE: Duration = Duration::from_millis(250);

/// Shows a session until the user leaves or a signal asks to end.
///
/// The terminal is as it was when this returns, with or without an error.
pub async fn run(
    mut session: Session,
    interval: Duration,
    look: (&Screen, Palette),
    tariff: Option<Tariff>,
) -> anyhow::Result<()> {
    let mut app = App::new(session.describe().clone(), interval, Theme::plain())
        .with_tariff(tariff)
        .with_screen(look.0, look.1);
    let mut signals = Signals::new().context("cannot listen to signals")?;
    // The first sample marks the start; its errors are for a terminal in order.
    if let Some(tick) = session.tick()? {
        app.tick(tick);
    }
    let mut screen = Terminal::enter().context("cannot use the terminal for the screen")?;
    follow(&mut session, &mut app, &mut screen, &mut signals).await
}

async fn follow(
    session: &mut Session,
    app: &mut App,
    screen: &mut Terminal,
    signals: &mut Signals,
) -> anyhow::Result<()> {
    let mut events = EventStream::new();
    let mut drain = interval_at(Instant::now() + DRAIN, DRAIN);
    drain.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    let mut changed = true;
    let mut shown = last;
    loop {
        if changed {
            draw(screen, app)?;
            shown = Instant::now();
        }
        changed = tokio::select! {
            told = signals.next() => match told {
                Told::End => return Ok(()),
                Told::Resumed => {
                    screen.resume().context("cannot take the terminal back")?;
                    true
                }
            },
            event = events.next() => {
                let event = event.context("the terminal is gone")?;
                match handle(&event.context("cannot read keys")?, app) {
                    Some(Request::Quit) => return Ok(()),
                    Some(Request::Suspend) => screen.suspend().context("cannot suspend")?,
                    None => {}
                }
                true
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
                    None => false,
                }
            }
            _ = drain.tick() => {
                session.drain()?;
                false
            }
        };
    }
}

fn handle(event: &Event, app: &mut App) -> Option<Request> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            action(*key, app).and_then(|action| app.update(action))
        }
        _ => None,
    }
}

fn draw(screen: &mut Terminal, app: &mut App) -> anyhow::Result<()> {
    let draw = |frame: &mut ratatui::Frame| {
        app.fit(frame.area());
        view(app, frame);
    };
    screen.terminal().draw(draw).context("cannot draw on the terminal")?;
    Ok(())
}
