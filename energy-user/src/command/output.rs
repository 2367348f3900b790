//! Where data goes: stdout, or the file of `-o`.
//!
//! The file is opened before anything is measured, so that a wrong path costs
//! nobody a run; each write is flushed, so that a full disk is told and not lost.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// An open destination.
pub struct Output {
    to: Box<dyn Write>,
    path: Option<PathBuf>,
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
