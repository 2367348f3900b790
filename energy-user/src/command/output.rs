//! Where data goes: stdout, or the file of `-o`.
//!
//! The file is opened before anything is measured, so that a wrong path costs
//! nobody a run; each write is flushed, so that a full disk is told and not lost.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// An open destination.
pub struct Output {
    to: Box<dyn Write>,
    path: Option<PathBuf>,
}

/// No header is longer.
const MOST_HEADER: u64 = 64 * 1024;

/// The last line of a file is whole.
fn ends_its_line(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// The reader of our stdout went away: no failure, but nothing more to do.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub struct NobodyReads;

impl Output {
    /// Opens the file, or stdout.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let to: Box<dyn Write> = match path {
            None => Box::new(io::stdout()),
            Some(path) => Box::new(File::create(path).with_context(|| {
                format!("{} cannot be written; name another file with -o", path.display())
            })?),
        };
        Ok(Self { to, path: path.map(Into::into) })
    }

    /// Opens a table that may have rows already, to add one; true if it has no header yet.
    pub fn append(path: &Path, header: &[&str]) -> anyhow::Result<(Self, bool)> {
        let cannot = || format!("{} cannot be written; name another file with -o", path.display());
        let mut options = File::options();
        options.append(true).create(true);
        let mut to = options.open(path).with_context(cannot)?;
        let mut empty = true;
        if to.metadata().with_context(cannot)?.is_file() {
            let table = File::open(path).with_context(cannot)?;
            empty = table.metadata().with_context(cannot)?.len() == 0;
            if !empty {
                let mut table = BufReader::new(table.take(MOST_HEADER));
                let mut line = String::new();
                let read = table.read_line(&mut line);
                let names = line.trim_start_matches('\u{feff}').trim_end();
                let quoted = |name: &str| name.trim_matches('"').to_owned();
                if read.is_err() || !names.split(',').map(quoted).eq(header.iter().copied()) {
                    anyhow::bail!(
                        "{} begins with another header than CodeCarbon 3.3.2 writes; name a new \
                         file with -o, or move this one away",
                        path.display()
                    );
                }
                if !ends_its_line(path).with_context(cannot)? {
                    to.write_all(b"\n").with_context(cannot)?;
                }
            }
        }
        Ok((Self { to: Box::new(to), path: Some(path.into()) }, empty))
    }

    /// Writes all of it and makes sure that it is out.
    pub fn write(&mut self, data: &[u8]) -> anyhow::Result<()> {
        let written = self.to.write_all(data).and_then(|()| self.to.flush());
        written.map_err(|error| match (&self.path, error.kind()) {
            (None, io::ErrorKind::BrokenPipe) => NobodyReads.into(),
            (None, _) => {
                anyhow::Error::new(error).context("stdout cannot be written; name a file with -o")
            }
            (Some(path), _) => anyhow::Error::new(error).context(format!(
                "{} cannot be written; free some space, or name another file with -o",
                path.display()
            )),
        })
    }
}
