//! `report`: a run that was kept as JSON, in any format; or a job that runs now, watched.

mod name;
mod watch;

use std::{fs::File, io::Read as _, path::Path, process::ExitCode};

use anyhow::Context as _;

use self::name::Wanted;
use super::{Usage, run};
use crate::{
    cli::{Format, Global, run::ReportArgs},
    present::report::Document,
};

/// No report is longer.
const MOST: u64 = 64 << 20;

/// Shows it.
pub async fn report(global: &Global, args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let file = match Wanted::of(&args.what, Path::is_file).map_err(Usage)? {
        Wanted::File(file) => file,
        wanted => return watch::watch(global, &wanted, args.length).await,
    };
    if args.length.is_some() {
        let text = "--for is how long a job is watched, and a file is not watched; leave it out, \
                    or name a job as job:NAME";
        return Err(Usage(text.into()).into());
    }
    let document = read(&file)?;
    // Only now, so that a wrong file costs nobody the one of `-o`.
    let (mut output, header) = run::open(global)?;
    let format = global.format().unwrap_or(Format::Text);
    output.write(&document.render(format, header)?)?;
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Document> {
    let name = file.display();
    let cannot = || {
        format!(
            "{name} cannot be read; name a file that `jouletop run --json -o FILE` wrote, or a \
             job as job:NAME"
        )
    };
    let mut text = Vec::new();
    File::open(file).and_then(|it| it.take(MOST).read_to_end(&mut text)).with_context(cannot)?;
    Document::parse(&text).with_context(|| name.to_string())
}
