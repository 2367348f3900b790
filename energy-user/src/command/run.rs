//! `run`: a command's whole tree, from before it begins until it ends.
//!
//! The measurement starts before the command does, so that its first nanosecond
//! counts. Signals are passed on, and the exit code is the command's own.

mod grid;
pub mod marks;
mod phases;
mod pools;
mod signals;
mod stop;
pub mod tally;

use std::{
    io::{self, Write as _},
    os::unix::process::ExitStatusExt as _,
    process::{ExitCode, ExitStatus},
    time::Duration,
};

use marks::Marks;
use signals::Forwarder;
use stop::{LOOK, Stop};
use tally::{About, Tally};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep_until},
};

use super::{
    Usage,
    output::{NobodyReads, Output},
};
use crate::{
    budget::Purse,
    carbon::embodied::Hardware,
    cli::{Format, Global, run::RunArgs},
    clock, files,
    present::report::{CODECARBON, Document, Place},
    session::{DRAIN, Session},
    subject::Subject,
};

/// Runs a command, reports, and gives its exit code.
pub async fn run(global: &Global, args: RunArgs) -> anyhow::Result<ExitCode> {
    let RunArgs { budget, on_budget, budget_grace, command } = args;
    if let Some(budget) = &budget {
        budget.check(global.carbon.tariff).map_err(Usage)?;
    }
    if global.simulate.is_some() {
        anyhow::bail!("run measures a real command; leave out --simulate");
    }
    let (mut output, header) = open(global)?;
    let mut session = global.session(false)?.with_jobs();
    // Before the command is born, so that no signal falls between.
    let mut forwarder = Forwarder::new()?;
    session.tick()?;
    let since = clock::now();
    let Some((program, arguments)) = command.split_first() else {
        anyhow::bail!("run needs a command, such as: jouletop run -- make");
    };
    let (mut marks, no_marks) = match Marks::new() {
        Ok(marks) => (Some(marks), None),
        Err(error) => (None, Some(format!("{error:#}"))),
    };
    let mut child = Command::new(program);
    match &marks {
        Some(marks) => child.env(marks::VARIABLE, marks.path()),
        // That of a run around this one would be no place for its marks.
        None => child.env_remove(marks::VARIABLE),
    };
    forwarder.release(child.args(arguments));
    let mut child = match child.spawn() {
        Ok(child) => child,
        Err(error) => {
            let _ = writeln!(
                io::stderr(),
                "jouletop: {} cannot be run: {error}",
                program.to_string_lossy()
            );
            // As a shell does.
            let missing = error.kind() == io::ErrorKind::NotFound;
            return Ok(ExitCode::from(if missing { 127 } else { 126 }));
        }
    };
    let pid = child.id().unwrap_or_default();
    let tree = Subject::tree(pid, since.boottime.as_nanos() as u64);
    let mut tally =
        Tally::new(tree, global.interval, global.method.idle_policy.unwrap_or_default());
    tally.tariff = global.carbon.tariff;
    tally.assumed = global.carbon.assumed(|| Hardware::look(&global.sysfs_root));
    tally.purse = budget.map(|budget| Purse::new(budget, on_budget));
    tally.place = place(global);
    tally.place.started = Some(since.time);
    let run = Run { global, grace: budget_grace, since: since.monotonic };
    session.remark(no_marks);
    let following = run.follow(&mut session, &mut child, &mut forwarder, &mut marks, &mut tally);
    let status = following.await?;
    let until = clock::now();
    let wall = until.monotonic.saturating_sub(since.monotonic);
    tally.place.ended = Some(until.time);
    let code = exit_code(status);
    let about = About {
        command: command.iter().map(|arg| arg.to_string_lossy().into_owned()).collect(),
        exit_code: Some(code),
        signal: status.signal(),
        watched: None,
    };
    let report = tally.report(&session, about, wall).document();
    if global.format().unwrap_or(Format::Text) == Format::Text && global.output.is_none() {
        // stdout is the command's.
        let _ = write!(io::stderr(), "{}", report.text());
        return Ok(ExitCode::from(code));
    }
    Ok(ExitCode::from(deliver(global, &report, header, &mut output, code)))
}

/// What holds all the time that a command runs.
struct Run<'a> {
    global: &'a Global,
    grace: Duration,
    since: Duration,
}

impl Run<'_> {
    /// Samples until the command has ended, and once more; ends it if its budget is used up.
    async fn follow(
        &self,
        session: &mut Session,
        child: &mut Child,
        forwarder: &mut Forwarder,
        marks: &mut Option<Marks>,
        tally: &mut Tally,
    ) -> anyhow::Result<ExitStatus> {
        let pid = child.id();
        let interval = self.global.interval;
        let mut next = Instant::from_std(clock::instant()) + interval;
        let mut drain = tokio::time::interval(DRAIN);
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                () = sleep_until(next) => {
                    next += interval;
                    self.sample(session, tally)?;
                    if tally.purse.as_ref().is_some_and(Purse::must_stop) {
                        break self.stop(session, child, tally).await?;
                    }
                }
                () = changed(marks) => self.mark(session, marks, tally)?,
                _ = drain.tick() => {
                    session.drain()?;
                    self.mark(session, marks, tally)?;
                }
                signal = forwarder.next() => {
                    if let Some(pid) = pid {
                        signals::send(pid, signal?);
                    }
                }
            }
        };
        let late = marks.as_mut().map_or_else(Vec::new, |marks| marks.read(true));
        self.sample(session, tally)?;
        tally.mark(late, clock::now().monotonic.saturating_sub(self.since));
        Ok(status)
    }

    /// Samples at new marks, so that their phases have what was used until now and no more.
    fn mark(
        &self,
        session: &mut Session,
        marks: &mut Option<Marks>,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let names = marks.as_mut().map_or_else(Vec::new, |marks| marks.read(false));
        if names.is_empty() {
            return Ok(());
        }
        let now = clock::now().monotonic;
        self.sample(session, tally)?;
        if !tally.mark(names, now.saturating_sub(self.since)) {
            // No more of them are told apart.
            *marks = None;
        }
        Ok(())
    }

    fn sample(&self, session: &mut Session, tally: &mut Tally) -> anyhow::Result<()> {
        tally.add(session.tick()?);
        let now = clock::now();
        if let Some(words) = tally.watch(now.monotonic.saturating_sub(self.since), now.time) {
            let _ = writeln!(io::stderr(), "jouletop: {words}");
        }
        Ok(())
    }

    /// Ends everybody; samples meanwhile, so that whoever is born is seen.
    async fn stop(
        &self,
        session: &mut Session,
        child: &mut Child,
        tally: &mut Tally,
    ) -> anyhow::Result<ExitStatus> {
        let now = || clock::now().monotonic;
        let mut stop = Stop::new(&self.global.proc_root, self.grace, now());
        let status = loop {
            let ended = child.try_wait()?;
            let alive = stop.look(tally.subject(), child.id(), now());
            match ended {
                Some(status) if !alive || stop.in_vain(now()) => break status,
                _ => {}
            }
            tokio::time::sleep(LOOK).await;
            self.sample(session, tally)?;
        };
        tally.stopped = Some(stop.killed());
        Ok(status)
    }
}

/// Waits for a mark.
async fn changed(marks: &mut Option<Marks>) {
    match marks {
        Some(marks) => marks.changed().await,
        None => std::future::pending().await,
    }
}

/// Opens where the report goes to; true if it still needs CodeCarbon's header.
pub fn open(global: &Global) -> anyhow::Result<(Output, bool)> {
    match (&global.output, global.format()) {
        (Some(path), Some(Format::Codecarbon)) => Output::append(path, &CODECARBON),
        (path, _) => Ok((Output::open(path.as_deref())?, true)),
    }
}

/// Writes a report to stdout or its file, and gives the exit code: what it would be, if all is
/// well.
pub fn deliver(
    global: &Global,
    report: &Document,
    header: bool,
    output: &mut Output,
    code: u8,
) -> u8 {
    let format = global.format().unwrap_or(Format::Text);
    let written = report.render(format, header).and_then(|data| output.write(&data));
    match written {
        Ok(()) => code,
        Err(error) if error.is::<NobodyReads>() => code,
        Err(error) => {
            // It may have taken days: the report is not lost with its file.
            let _ = write!(io::stderr(), "jouletop: {error:#}\n{}", report.text());
            if code == 0 { 1 } else { code }
        }
    }
}

/// This machine; what it does not tell stays unknown.
pub fn place(global: &Global) -> Place {
    let proc = |file: &str| files::read(&global.proc_root.join(file)).ok();
    let line = |text: String| text.lines().next().map(|line| line.trim().to_owned());
    let said = |text: Option<String>| text.and_then(line).filter(|text| !text.is_empty());
    let memory = proc("meminfo").and_then(|text| {
        let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kib = total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?;
        kib.checked_mul(1024)
    });
    Place {
        run_id: said(proc("sys/kernel/random/uuid")),
        kernel: said(proc("sys/kernel/osrelease")),
        cpu_model: Some(global.cpu_name()).filter(|name| !name.is_empty()),
        memory_bytes: memory,
        ..Place::default()
    }
}

/// The command's own code, or 128 and the signal, as a shell gives it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
