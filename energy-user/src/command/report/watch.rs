//! A job that runs now, from now until it has ended, or as long as somebody likes.
//!
//! What it used before is not known and never guessed: the report says from when to when it is.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use jiff::Timestamp;

use super::name::{self, Found, Wanted};
use crate::{
    carbon::embodied::Hardware,
    cli::Global,
    command::{
        print::wait,
        run::{
            self,
            tally::{About, Tally},
        },
        stop::Stop,
    },
    ledger::Tick,
    present::{
        figure::printable,
        finding::SubjectRecord,
        report::{Ending, Place, Watched},
    },
    session::Session,
};

/// How often everybody is counted, so that an end that was not told does not go unseen.
const CENSUS: Duration = Duration::from_secs(10);

/// Watches a job, and reports.
pub async fn watch(
    global: &Global,
    wanted: &Wanted,
    length: Option<Duration>,
) -> anyhow::Result<ExitCode> {
    let mut signals = Stop::new().context("signals cannot be heard")?;
    let mut session = global.session(false)?.with_jobs();
    session.tick()?;
    let present = session.census();
    let Found { kind, id, name, mut subject } = name::find(wanted, &present)?;
    // Only now, so that a wrong name costs nobody the file of `-o`.
    let (mut output, header) = run::open(global)?;
    subject.meet(&present);
    let mut job = SubjectRecord { kind: kind.as_str().into(), id, name, pids: Vec::new() };
    let until = if length.is_some() { "for the time of --for" } else { "until it has ended" };
    let now = subject.living().count();
    let s = if now == 1 { "" } else { "es" };
    let _ = writeln!(
        io::stderr(),
        "jouletop: watching {} ({now} process{s} now) {until}; Ctrl-C ends that and reports",
        printable(&job.whose()),
    );
    let mut tally =
        Tally::new(subject, global.interval, global.method.idle_policy.unwrap_or_default());
    tally.tariff = global.carbon.tariff;
    tally.assumed = global.carbon.assumed(|| Hardware::look(&global.sysfs_root));
    // A made-up machine is not this one.
    tally.place = if global.simulate.is_some() { Place::default() } else { run::place(global) };
    let watch = Watch { interval: global.interval, length, span: None, counted: Duration::ZERO };
    let (span, ending) = watch.follow(&mut session, &mut signals, &mut tally).await?;
    let Some((from, to, wall)) = span else { anyhow::bail!("no interval was measured; try again") };
    tally.place.started = Some(from);
    tally.place.ended = Some(to);
    job.pids = tally.subject().living().map(|id| id.pid).collect();
    job.pids.sort_unstable();
    let mut unknown = vec!["its exit code", "what it used before", "who had ended before"];
    if ending != Ending::Ended {
        unknown.push("what it uses afterwards");
    }
    let unknown = unknown.into_iter().map(Into::into).collect();
    let watched = Some(Watched { job, from, to, ending, unknown });
    let report = tally.report(&session, About { watched, ..About::default() }, wall).document();
    Ok(ExitCode::from(run::deliver(global, &report, header, &mut output, 0)))
}

/// From when to when, and the time that was measured between.
type Span = (Timestamp, Timestamp, Duration);

struct Watch {
    interval: Duration,
    length: Option<Duration>,
    span: Option<Span>,
    /// Time measured since everybody was counted.
    counted: Duration,
}

impl Watch {
    async fn follow(
        mut self,
        session: &mut Session,
        signals: &mut Stop,
        tally: &mut Tally,
    ) -> anyhow::Result<(Option<Span>, Ending)> {
        loop {
            let left = self.left();
            let step = left.map_or(self.interval, |left| left.min(self.interval));
            let interrupted = tokio::select! {
                () = signals.next() => true,
                waited = wait(session, step) => waited.map(|()| false)?,
            };
            let lost = self.add(session.tick()?, tally);
            // A made-up machine waits for nobody: signals are to be heard all the same.
            tokio::task::yield_now().await;
            let nobody = tally.subject().living().next().is_none();
            if nobody || lost || self.counted >= CENSUS {
                self.counted = Duration::ZERO;
                tally.subject_mut().meet(&session.census());
            }
            if tally.subject().living().next().is_none() {
                // Somebody may have ended since the sample.
                if session.pass(Duration::ZERO) {
                    self.add(session.tick()?, tally);
                }
                return Ok((self.span, Ending::Ended));
            }
            if interrupted {
                return Ok((self.span, Ending::Interrupted));
            }
            if self.left().is_some_and(|left| left.is_zero()) {
                return Ok((self.span, Ending::Time));
            }
        }
    }

    /// Adds an interval; true if an end may have been lost in it.
    fn add(&mut self, tick: Option<Tick>, tally: &mut Tally) -> bool {
        let Some(tick) = tick else { return false };
        let (time, interval) = (tick.frame.time, tick.frame.interval);
        let lost = tick.frame.lost.events > 0;
        let (from, wall) = self.span.map_or((time - interval, Duration::ZERO), |it| (it.0, it.2));
        self.span = Some((from, time, wall + interval));
        self.counted += interval;
        tally.add(Some(tick));
        lost
    }

    /// What is left of the time that was asked for.
    fn left(&self) -> Option<Duration> {
        let gone = self.span.map_or(Duration::ZERO, |(.., wall)| wall);
        Some(self.length?.saturating_sub(gone))
    }
}
