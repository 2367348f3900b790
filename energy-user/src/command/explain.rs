//! `explain PID`: the arithmetic of one process's joules in one interval.

use std::{fmt::Write as _, process::ExitCode};

use super::{output::Output, print::wait};
use crate::{
    cli::Global,
    present::{
        columns::{self, WIDTH},
        explain::Explanation,
        figure::Units,
    },
    sample::Kind,
};

/// Measures one interval, and shows where a process's energy in it is from.
pub async fn explain(global: &Global, pid: u32) -> anyhow::Result<ExitCode> {
    let json = global.wants_json("explain")?;
    let mut output = Output::open(global.output.as_deref())?;
    let mut session = global.session(false)?;
    session.tick()?;
    wait(&mut session, global.interval).await?;
    let tick = session.tick()?;
    let frame = tick.as_ref().map(|tick| &tick.frame);
    let processes = frame.into_iter().flat_map(|frame| &frame.processes);
    // Of several with one number, the last is the one that lives.
    let found = processes.filter(|process| process.id.pid == pid).max_by_key(|process| process.id);
    let (Some(frame), Some(process)) = (frame, found) else {
        let lives = global.simulate.is_none() && global.proc_root.join(pid.to_string()).exists();
        anyhow::ensure!(lives, "there is no process {pid} here; ps -e lists those there are");
        anyhow::bail!(
            "process {pid} neither ran in the interval nor was on a GPU, or it is a kernel thread \
             or jouletop itself, so there is nothing to explain; a longer --interval may catch it"
        );
    };
    debug_assert_eq!(process.identity.kind, Kind::Process);
    let explanation = Explanation::of(frame, process);
    let text = if json { serde_json::to_string(&explanation)? + "\n" } else { text(&explanation) };
    output.write(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn text(explanation: &Explanation) -> String {
    let mut text = format!("{}\n\n", explanation.title());
    for line in columns::set(&explanation.lines(Units::Joules), WIDTH) {
        let _ = writeln!(text, "{}", line.text());
    }
    text
}
