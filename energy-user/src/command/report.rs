//! `report`: a run that was kept as JSON, in any format.

use std::{fs::File, io::Read as _, path::Path, process::ExitCode};

use anyhow::Context as _;

use super::run;
use crate::{
    cli::{Format, Global},
    present::report::Document,
};

/// No report is longer.
const MOST: u64 = 64 << 20;

/// Shows it.
pub fn report(global: &Global, file: &Path) -> anyhow::Result<ExitCode> {
    let document = read(file)?;
    // Only now, so that a wrong file costs nobody the one of `-o`.
    let (mut output, header) = run::open(global)?;
    let format = global.format().unwrap_or(Format::Text);
    output.write(&document.render(format, header)?)?;
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Document> {
    let name = file.display();
    let cannot =
        || format!("{name} cannot be read; name a file that `jouletop run --json -o FILE` wrote");
    let mut text = Vec::new();
    File::open(file).and_then(|it| it.take(MOST).read_to_end(&mut text)).with_context(cannot)?;
    Document::parse(&text).with_context(|| name.to_string())
}
