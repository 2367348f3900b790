//! Keeps what is measured in a file, until a time is over or somebody says so.

mod file;

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use file::{Whole, create};

use super::{
    Ingredients, Usage,
    output::Output,
    print::{render, wait},
    stop::Stop,
};
use crate::{
    cli::{Format, Global},
    group::{Grouping, totals::Totals},
    present::figure::printable,
    record::{Setting, Tee, WriteError},
    session::Session,
};

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
    let stop = Stop::new().context("signals cannot be heard")?;
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
    let to = Whole::new(create(path, force)?);
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
    let path = printable(&path.display().to_string());
    let goes = "can be replayed as far as it goes";
    let words = match error.downcast_ref() {
        Some(WriteError::Io(_)) => format!(
            "{path} cannot be written, and {goes}; free some space, or record to another file with \
             -o"
        ),
        // It has a remedy of its own.
        _ => format!("{path} {goes}"),
    };
    error.context(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_own_remedy() {
        let full = WriteError::Io(io::ErrorKind::StorageFull.into());
        let words = |error: WriteError| format!("{:#}", told(error.into(), Path::new("f")));
        assert!(words(full).starts_with("f cannot be written, and can be replayed"));
        let large = words(WriteError::TooLarge);
        assert!(large.starts_with("f can be replayed as far as it goes: a sample holds more"));
        assert!(large.ends_with("leave out --threads") && !large.contains("space"), "{large}");
    }
}
