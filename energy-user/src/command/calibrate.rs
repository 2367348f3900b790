//! `calibrate`: measures what the machine draws with nobody running, and keeps it.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use serde::Serialize;

use super::{Usage, output::Output, print::wait};
use crate::{
    calibration::{self, Calibration, Place},
    cli::Global,
    learn::{
        Learner,
        calibrate::{Unfit, Watch},
    },
    present::figure::{Units, printable},
    session::Session,
};

/// What was measured, as data.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    calibration: &'a Calibration,
    file: String,
}

/// Watches for a while, then writes what was seen; a machine that was busy is not calibrated.
pub async fn calibrate(global: &Global, length: Duration) -> anyhow::Result<ExitCode> {
    let json = global.wants_json("calibrate")?;
    let file = file(global)?;
    // Before anything is measured, so that a wrong path costs nobody half a minute.
    let place = Place::open(&file)?;
    let mut output = Output::open(global.output.as_deref())?;
    let grid = Box::new(Arc::new(global.intensity()));
    // What was calibrated before is no help here, and may be what is to be replaced.
    let mut session = Session::new(global.source(false)?, grid, Learner::default());
    let mut watch = Watch::default();
    session.tick()?;
    let mut time = None;
    while watch.length() < length {
        wait(&mut session, global.interval).await?;
        if let Some(tick) = session.tick()? {
            watch.add(&tick.frame);
            time = Some(tick.frame.time);
            if !watch.has_meter() {
                return Err(Unfit::NoMeter.into());
            }
        }
    }
    let rest = watch.result()?;
    let time = time.context("nothing was measured; use a longer --for")?;
    let mut calibration = Calibration::new(&session.describe().host, &global.cpu_name(), time);
    calibration.seconds = watch.length().as_secs_f64();
    calibration.load = watch.load();
    // No meter tells static power to less than a milliwatt.
    let milliwatts = |watts: f64| (watts * 1e3).round() / 1e3;
    let rests = rest.iter();
    calibration.static_watts =
        rests.map(|(id, rest)| (id.clone(), milliwatts(rest.watts.0))).collect();
    place.keep(&calibration)?;
    let text = if json {
        let file = file.display().to_string();
        serde_json::to_string(&Document { calibration: &calibration, file })? + "\n"
    } else {
        let mut text = String::new();
        let watts = |watts| Units::Joules.power(Some(watts));
        for (id, rest) in &rest {
            let (low, high) = (watts(rest.watts), watts(rest.most));
            let _ = writeln!(text, "{:<12} {low} W static (at rest up to {high} W)", printable(id));
        }
        for id in watch.held().iter().filter(|id| !rest.contains_key(*id)) {
            let id = printable(id);
            let _ =
                writeln!(text, "{id:<12} was held by somebody: calibrate while nobody is on it");
        }
        let (load, seconds) = (watch.load() * 100.0, calibration.seconds);
        let _ = writeln!(text, "\n{load:.2} % of CPU time was used in {seconds:.0} s");
        let _ = writeln!(text, "kept in {}; every jouletop here uses it now", file.display());
        let first = global.calibration_places().into_iter().find(|place| place.exists());
        if let Some(first) = first.filter(|first| global.is_this_machine() && *first != file) {
            let _ = writeln!(text, "but yours comes first: {}; remove it", first.display());
        }
        text
    };
    output.write(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The file that is written.
fn file(global: &Global) -> anyhow::Result<PathBuf> {
    if let Some(file) = &global.method.calibration {
        return Ok(file.clone());
    }
    if !global.is_this_machine() {
        let what = "what is calibrated is not this machine; name a file with --calibration";
        return Err(Usage(what.into()).into());
    }
    let root = nix::unistd::geteuid().is_root();
    let places = global.calibration_places();
    calibration::home(&places, root)
        .cloned()
        .context("there is no home directory to keep it in; name a file with --calibration")
}
