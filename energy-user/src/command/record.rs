//! Keeps what is measured in a file, until a time is over or somebody says so.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};
use nix::fcntl::OFlag;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{
    Ingredients, Usage,
    output::Output,
    print::{render, wait},
};
use crate::{
    cli::{Format, Global},
    group::{Grouping, totals::Totals},
    record::{Setting, Tee, WriteError},
    session::Session,
};

/// Only its owner reads it: it has command lines in it.
const MODE: u32 = 0o600;

/// Records until the time is over, or until a signal.
pub async fn record(
    global: &Global,
    length: Option<Duration>,
    force: bool,
) -> anyhow::Result<ExitCode> {
    let Some(path) = &global.output else {
        return Err(Usage("record needs a file: -o FILE".into()).into());
    };
    let json = global.wants_json("record")?;
    let stop = Stop::new().context("cannot listen to signals")?;
    // A made-up machine would fill the disk, were it not told when to end.
    let Ingredients { source, prices, chosen, floors, thresholds, cpu, note } =
        global.ingredients(length.is_none())?;
    let setting = Setting {
        chosen,
        floors: floors.clone(),
        cpu: cpu.clone(),
        thresholds: thresholds.clone(),
        interval: global.interval,
        remark: note.clone(),
    };
    let to = Whole { file: create(path, force)?, whole: 0 };
    let begun = Tee::begin(source, prices, setting, to).map_err(|error| told(error.into(), path));
    let (tee, keeping) = begun?;
    let prices = crate::session::Source::grid(&tee).context("a recording has a grid")?;
    let source = Box::new(tee);
    let session = Ingredients { source, prices, chosen, floors, thresholds, cpu, note }.session();
    let mut output = if json { Some(Output::open(None)?) } else { None };
    let session = if json { session.with_jobs() } else { session };
    let left = length.unwrap_or(Duration::MAX);
    let followed = follow(session, global.interval, left, stop, output.as_mut()).await;
    let intervals = match followed {
        Err(error) if error.is::<WriteError>() => return Err(told(error, path)),
        // The recording is whole, whatever else failed.
        Err(error) => {
            keeping.end().map_err(|error| told(error.into(), path))?;
            return Err(error);
        }
        Ok(intervals) => intervals,
    };
    keeping.end().map_err(|error| told(error.into(), path))?;
    let (bytes, path) = (keeping.written(), path.display());
    let words = format!("{intervals} intervals, {bytes} bytes in {path}");
    let _ = writeln!(io::stderr(), "jouletop: {words}; show them with jouletop replay {path}");
    Ok(ExitCode::SUCCESS)
}

/// Ticks, and gives how many intervals there were.
async fn follow(
    mut session: Session,
    interval: Duration,
    mut left: Duration,
    mut stop: Stop,
    mut output: Option<&mut Output>,
) -> anyhow::Result<u64> {
    let mut intervals = 0;
    session.tick()?;
    while !left.is_zero() {
        let time = interval.min(left);
        tokio::select! {
            waited = wait(&mut session, time) => waited?,
            () = stop.next() => break,
        }
        left -= time;
        if let Some(tick) = session.tick()? {
            intervals += 1;
            if let Some(output) = &mut output {
                output.write(&render(
                    Format::Json,
                    tick,
                    &Totals::default(),
                    &session,
                    Grouping::Process,
                )?)?;
            }
        }
        // A made-up machine does not wait, and would hear no signal.
        tokio::task::yield_now().await;
    }
    Ok(intervals)
}

/// What went wrong, and the remedy.
fn told(error: anyhow::Error, path: &Path) -> anyhow::Error {
    let path = path.display();
    error.context(format!(
        "{path} cannot be written, and can be replayed as far as it goes; free some space, or \
         record to another file with -o"
    ))
}

/// Makes the file. An hour cannot be had again: nothing is overwritten by chance.
fn create(path: &Path, force: bool) -> anyhow::Result<File> {
    let cannot = || format!("{} cannot be written; name another file with -o", path.display());
    let mut options = OpenOptions::new();
    options.write(true).mode(MODE);
    // Devices and pipes are nobody's data.
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return options.open(path).with_context(cannot);
    }
    if force {
        // Whoever may make links in a directory shall not choose what root overwrites.
        options.create(true).truncate(true).custom_flags(OFlag::O_NOFOLLOW.bits());
    } else {
        options.create_new(true);
    }
    let file = match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!(
                "{} is there already; name another file with -o, or overwrite it with --force",
                path.display()
            )
        }
        opened => opened.with_context(cannot)?,
    };
    file.set_permissions(Permissions::from_mode(MODE)).with_context(cannot)?;
    Ok(file)
}

/// A file that has whole blocks only: what a full disk left of one is taken back.
struct Whole {
    file: File,
    whole: u64,
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes);
        match &written {
            Ok(()) => self.whole += bytes.len() as u64,
            // Where that fails too, a reader tells that it was cut.
            Err(_) => drop(self.file.set_len(self.whole)),
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The signals that end a recording in order.
struct Stop([Signal; 3]);

impl Stop {
    fn new() -> io::Result<Self> {
        let one = |kind| signal(kind);
        Ok(Self([
            one(SignalKind::interrupt())?,
            one(SignalKind::terminate())?,
            one(SignalKind::hangup())?,
        ]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
