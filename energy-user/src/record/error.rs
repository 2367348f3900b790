//! Why a file cannot be replayed at all.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::VERSION;
use crate::present::figure::printable;

/// Why a recording cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It cannot be read.
    #[error("{}: {error}; name a file of jouletop record -o FILE", shown(.path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It begins otherwise.
    #[error("{} is no recording; make one with jouletop record -o FILE", shown(.path))]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later version made it.
    #[error(
        "{} has form {form}, and this jouletop reads up to {VERSION}; replay it with the newer \
         version that recorded it", shown(.path)
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        form: u32,
    },
    /// There is no interval in it.
    #[error("{} ends before its first interval was over; record anew", shown(.path))]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Its beginning is not what was written.
    #[error(
        "{} is damaged {at} bytes from its beginning, before its first interval was over: {why}; get another \
         copy, or record anew", shown(.path)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        at: u64,
        /// What is wrong.
        why: String,
    },
}

/// A path that is safe to print.
fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}
