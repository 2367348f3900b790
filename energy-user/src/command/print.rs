//! `--once`, `--samples`, `--json`, `--csv`: intervals as lines, without a screen.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use super::{Usage, output::Output};
use crate::{
    cli::{Format, Global, Print},
    group::{Grouping, totals::Totals},
    ledger::{Ledger, Tick},
    present::{csv, json, table},
    session::{DRAIN, Over, Session},
};

/// Prints intervals until the asked number is reached, or until interrupted.
pub async fn print(global: &Global, print: &Print) -> anyhow::Result<ExitCode> {
    let format = global.format().unwrap_or(Format::Text);
    if !matches!(format, Format::Text | Format::Json | Format::Csv) {
        let text = "intervals are printed as text, json or csv";
        return Err(Usage(format!("{text}; markdown, latex and codecarbon are of run")).into());
    }
    let mut output = Output::open(global.output.as_deref())?;
    let mut session = global.session(false)?;
    if format == Format::Json || print.by != Grouping::Process {
        session = session.with_jobs();
    }
    let wanted = if print.once { Some(1) } else { print.samples };
    if format == Format::Csv {
        output.write(&csv::header()?)?;
    }
    session.tick()?;
    let mut totals = Totals::new(print.by);
    let mut done = 0;
    while wanted.is_none_or(|wanted| done < wanted) {
        wait(&mut session, global.interval).await?;
        if let Some(tick) = session.tick()? {
            // Processes for themselves have no groups.
            if print.by != Grouping::Process {
                totals.push(&tick);
            }
            output.write(&render(format, tick, &totals, &session, print.by)?)?;
            done += 1;
        } else if let Some(over) = session.over() {
            let missing = done == 0 || wanted.is_some();
            return ended(over, missing);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A recording has no more intervals, though more were asked for if some are `missing`.
fn ended(over: &Over, missing: bool) -> anyhow::Result<ExitCode> {
    if over.damaged {
        anyhow::bail!("{}", over.words);
    }
    if over.cut || missing {
        let _ = writeln!(io::stderr(), "jouletop: {}", over.words);
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn render(
    format: Format,
    tick: Tick,
    totals: &Totals,
    session: &Session,
    by: Grouping,
) -> anyhow::Result<Vec<u8>> {
    let description = session.describe();
    Ok(match format {
        Format::Json => json::line(&tick, totals, by, &description.remedies)?,
        Format::Csv => csv::lines(&tick)?,
        _ => {
            let mut ledger = Ledger::default();
            ledger.push(tick);
            table::table(&ledger, totals, by, description).into_bytes()
        }
    })
}

/// Lets an interval pass, emptying the kernel's buffer meanwhile.
pub async fn wait(session: &mut Session, interval: Duration) -> anyhow::Result<()> {
    if !session.pass(interval) {
        return Ok(());
    }
    let mut left = interval;
    while !left.is_zero() {
        let step = left.min(DRAIN);
        tokio::time::sleep(step).await;
        session.drain()?;
        left -= step;
    }
    Ok(())
}
