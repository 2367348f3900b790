//! `run`: a command's whole tree, from before it begins until it ends.
//!
//! The measurement starts before the command does, so that its first nanosecond
//! counts. Signals are passed on, and the exit code is the command's own.

mod signals;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, Write as _},
    os::unix::process::ExitStatusExt as _,
    process::{ExitCode, ExitStatus},
    time::Duration,
};

use signals::Forwarder;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep_until},
};

use super::output::{NobodyReads, Output};
use crate::{
    attribute::IdlePolicy,
    cli::{Format, Global},
    clock,
    frame::{Basis, Energy, Quality, Tenancy},
    ledger::{Sum, Tick},
    present::{figure, report::Report},
    sample::{Domain, Lost},
    session::{DRAIN, Session},
    tree::Tree,
    units::{Microjoules, Watts},
};

/// Runs a command, reports, and gives its exit code.
pub async fn run(global: &Global, command: Vec<OsString>) -> anyhow::Result<ExitCode> {
    if global.simulate.is_some() {
        anyhow::bail!("run measures a real command; leave out --simulate");
    }
    let mut output = Output::open(global.output.as_deref())?;
    let mut session = global.session(false)?;
    // Before the command is born, so that no signal falls between.
    let mut forwarder = Forwarder::new()?;
    session.tick()?;
    let since = clock::now();
    let Some((program, arguments)) = command.split_first() else {
        anyhow::bail!("run needs a command, such as: jouletop run -- make");
    };
    let mut child = Command::new(program);
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
    let tree = Tree::new(pid, since.boottime.as_nanos() as u64);
    let mut tally = Tally::new(tree, global.interval, global.method.idle_policy);
    let status = follow(&mut session, &mut child, &mut forwarder, global.interval, &mut tally);
    let status = status.await?;
    let wall = clock::now().monotonic.saturating_sub(since.monotonic);
    let report = tally.report(&session, &command, status, wall);
    let code = report.exit_code;
    let written = deliver(global, &report, &mut output);
    match written {
        Ok(()) => Ok(ExitCode::from(code)),
        Err(error) if error.is::<NobodyReads>() => Ok(ExitCode::from(code)),
        Err(error) => {
            // The run may have taken days: the report is not lost with its file.
            let _ = write!(io::stderr(), "jouletop: {error:#}\n{}", report.text());
            Ok(ExitCode::from(if code == 0 { 1 } else { code }))
        }
    }
}

/// Samples until the command has ended, and once more.
async fn follow(
    session: &mut Session,
    child: &mut Child,
    forwarder: &mut Forwarder,
    interval: Duration,
    tally: &mut Tally,
) -> anyhow::Result<ExitStatus> {
    let pid = child.id();
    let mut next = Instant::from_std(clock::instant()) + interval;
    let mut drain = tokio::time::interval(DRAIN);
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            () = sleep_until(next) => {
                next += interval;
                tally.add(session.tick()?);
            }
            _ = drain.tick() => session.drain()?,
            signal = forwarder.next() => {
                if let Some(pid) = pid {
                    signals::send(pid, signal?);
                }
            }
        }
    };
    tally.add(session.tick()?);
    Ok(status)
}

/// Writes the report where it belongs: words to stderr, data to stdout or the file.
fn deliver(global: &Global, report: &Report, output: &mut Output) -> anyhow::Result<()> {
    match global.format() {
        Some(Format::Json) => output.write((report.json()? + "\n").as_bytes()),
        Some(Format::Csv) => output.write(&report.csv()?),
        Some(Format::Text) | None if global.output.is_some() => {
            output.write(report.text().as_bytes())
        }
        Some(Format::Text) | None => {
            let _ = write!(io::stderr(), "{}", report.text());
            Ok(())
        }
    }
}

/// What adds up over the run.
struct Tally {
    tree: Tree,
    nominal: Duration,
    sum: Sum,
    machine: Energy,
    /// The least and the most that the energy can be.
    range: (Microjoules, Microjoules),
    idle_policy: IdlePolicy,
    basis: Option<Basis>,
    peak: Option<Watts>,
    quality: Option<Quality>,
    lost: Lost,
    missed: Duration,
    /// Time without any reading of power.
    gap: Duration,
    /// The same of each meter, and whether it counted at all.
    gaps: BTreeMap<String, (Duration, bool)>,
}

impl Tally {
    fn new(tree: Tree, nominal: Duration, idle_policy: IdlePolicy) -> Self {
        Self {
            tree,
            nominal,
            sum: Sum::default(),
            machine: Energy::default(),
            range: (Microjoules::ZERO, Microjoules::ZERO),
            idle_policy,
            basis: None,
            peak: None,
            quality: None,
            lost: Lost::default(),
            missed: Duration::ZERO,
            gap: Duration::ZERO,
            gaps: BTreeMap::new(),
        }
    }

    fn add(&mut self, tick: Option<Tick>) {
        let Some(Tick { frame, intensity, .. }) = tick else { return };
        let mut share = self.tree.observe(&frame);
        // Where it did not run, its energy is zero, which is a measurement.
        share.energy.add_all(&frame.total.zeroed());
        self.sum.add(&share, &intensity);
        self.machine.add_all(&frame.total);
        let (least, most) = frame.range_of(share.energy.total().unwrap_or_default());
        self.range = (self.range.0 + least, self.range.1 + most);
        // That of a core is in its package's, and nothing tells who uses the rest.
        let own = |domain| !matches!(domain, Domain::Core | Domain::Rest);
        let pools = frame.pools.iter().filter(|pool| own(pool.domain));
        // What a free GPU draws is static by itself.
        let pools = pools.filter(|pool| !pool.tenancy.is_some_and(Tenancy::free));
        self.basis = self.basis.max(pools.map(|pool| pool.basis).max());
        for meter in &frame.meters {
            let (gap, counted) = self.gaps.entry(meter.id.clone()).or_default();
            match meter.energy {
                Some(_) => *counted = true,
                None => *gap += frame.interval,
            }
        }
        if frame.quality == Quality::Absent {
            self.gap += frame.interval;
        } else {
            // One gap does not make the rest unknown; it is told beside it.
            self.quality = self.quality.max(Some(frame.quality));
        }
        self.lost.add(&frame.lost);
        self.missed += frame.unattributed.cpu_time;
        // A sliver of an interval says little about power.
        if frame.interval * 2 >= self.nominal {
            let watts = share.energy.total().and_then(|energy| energy.over(frame.interval));
            let higher = |watts: &Watts| self.peak.is_none_or(|peak| watts.0 > peak.0);
            self.peak = watts.filter(higher).or(self.peak);
        }
    }

    fn report(
        self,
        session: &Session,
        command: &[OsString],
        status: ExitStatus,
        wall: Duration,
    ) -> Report {
        let description = session.describe();
        let mut warnings = description.remedies.clone();
        if !self.gap.is_zero() {
            let gap = figure::duration(self.gap);
            warnings.push(format!("{gap} without a reading of power are not in the energy"));
        }
        for (meter, (gap, counted)) in &self.gaps {
            // What was missing all the time is told by the remedies.
            if *counted && *gap > self.gap {
                let gap = figure::duration(*gap);
                warnings
                    .push(format!("{gap} of {meter} had no reading, and are not in the energy"));
            }
        }
        if self.lost.events > 0 {
            let lost = self.lost.events;
            warnings.push(format!(
                "{lost} births, names or ends were lost: part of the tree may be missing; use a \
                 shorter --interval"
            ));
        }
        let mean = self.sum.share.energy.total().and_then(|energy| energy.over(wall));
        Report {
            command: command.iter().map(|arg| arg.to_string_lossy().into_owned()).collect(),
            exit_code: exit_code(status),
            signal: status.signal(),
            wall,
            sum: self.sum,
            range: Some(self.range).filter(|(least, most)| least != most),
            idle_policy: self.idle_policy,
            basis: self.basis,
            machine: self.machine.total(),
            // One that was shorter than an interval has only its mean.
            peak: self.peak.or(mean),
            processes: self.tree.len(),
            probe: description.probe,
            quality: self.quality.unwrap_or(Quality::Absent),
            meters: description.meters.clone(),
            intensity: (**session.intensity()).clone(),
            lost: self.lost,
            missed: self.missed,
            warnings,
        }
    }
}

/// The command's own code, or 128 and the signal, as a shell gives it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
