//! Marks of a running command: lines that it appends to a file, each of which begins a phase.
//!
//! A file, as appending to it never waits: a FIFO would hold the command for ever if jouletop
//! were killed, and a socket needs more than a shell has. The kernel says at once when it grows.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{Read as _, Seek as _, SeekFrom},
    os::{
        fd::{AsFd as _, AsRawFd, RawFd},
        unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tempfile::TempDir;
use tokio::io::unix::AsyncFd;

use crate::present::figure;

/// Where the command finds the file.
pub const VARIABLE: &str = "JOULETOP_MARKS";

/// No name is longer, in bytes.
const LONGEST: usize = 200;

/// So much is read at once, bytes.
const MOST: u64 = 1 << 20;

/// The file and what was read of it.
pub struct Marks {
    file: File,
    path: PathBuf,
    /// None where the kernel has no more of them: then the file is looked at now and then.
    watch: Option<AsyncFd<Watch>>,
    /// A line without its end yet.
    rest: Vec<u8>,
    /// Removed with everything in it at the end.
    _dir: TempDir,
}

impl Marks {
    /// A new file in a folder that only this user may enter.
    pub fn new() -> anyhow::Result<Self> {
        let remedy = "marks cannot be taken; set TMPDIR to a folder that can be written";
        let mut builder = tempfile::Builder::new();
        builder.prefix("jouletop-").permissions(Permissions::from_mode(0o700));
        let dir = builder.tempdir().context(remedy)?;
        let path = dir.path().join("marks");
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true).mode(0o600);
        let file = options.open(&path).context(remedy)?;
        let watch = watch(&path);
        Ok(Self { file, path, watch, rest: Vec::new(), _dir: dir })
    }

    /// For the command's environment.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the file has changed; for ever where the kernel does not say so.
    pub async fn changed(&mut self) {
        let Some(watch) = &mut self.watch else { return std::future::pending().await };
        if let Ok(mut ready) = watch.readable_mut().await {
            // What happened is in the file; here is only that something did.
            while ready.get_inner().0.read_events().is_ok() {}
            ready.clear_ready();
        } else {
            self.watch = None;
        }
    }

    /// The names of new marks, in order. A line without its end is none yet, unless it is the
    /// `last` look.
    pub fn read(&mut self, last: bool) -> Vec<String> {
        // `echo >` in place of `>>` begins the file anew.
        let length = self.file.metadata().map_or(0, |it| it.len());
        if self.file.stream_position().is_ok_and(|at| at > length) {
            let _ = self.file.seek(SeekFrom::Start(0));
            self.rest.clear();
        }
        if let Err(error) = (&self.file).take(MOST).read_to_end(&mut self.rest) {
            tracing::debug!(%error, "marks could not be read");
        }
        let ended = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // What has no end in so much is no name either.
        let all = last || self.rest.len() > 64 * LONGEST && ended == 0;
        let lines: Vec<u8> = self.rest.drain(..if all { self.rest.len() } else { ended }).collect();
        let names =
            lines.split(|byte| *byte == b'\n').map(|line| name(&String::from_utf8_lossy(line)));
        names.filter(|name| !name.is_empty()).collect()
    }
}

/// What the kernel tells of the file.
struct Watch(Inotify);

impl AsRawFd for Watch {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

fn watch(path: &Path) -> Option<AsyncFd<Watch>> {
    let watch = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok()?;
    watch.add_watch(path, AddWatchFlags::IN_MODIFY).ok()?;
    // SAFETY: the `Inotify` owns its descriptor and keeps it open as long as it lives.
    unsafe { AsyncFd::register(Watch(watch)).ok() }
}

/// A name that can be shown: no control characters, and not too long.
pub fn name(text: &str) -> String {
    let mut name = figure::printable(text.trim());
    name.truncate(name.floor_char_boundary(LONGEST));
    name
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::*;

    #[tokio::test]
    async fn lines_are_marks_once_they_end() {
        let mut marks = Marks::new().unwrap();
        let append = |text: &str| {
            let mut file = OpenOptions::new().append(true).open(marks.path()).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append("epoch 1\n\n  epoch 2\r\nepo");
        let path = marks.path().to_owned();
        assert_eq!(marks.read(false), ["epoch 1", "epoch 2"]);
        let append = |text: &str| {
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append("ch 3\na\u{1b}[2Jb\n");
        marks.changed().await;
        assert_eq!(marks.read(false), ["epoch 3", "a?[2Jb"]);
        fs::write(&path, "anew").unwrap();
        assert!(marks.read(false).is_empty());
        assert_eq!(marks.read(true), ["anew"]);
        assert_eq!(name(&"é".repeat(150)), "é".repeat(100));
        let folder = path.parent().unwrap().to_owned();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        drop(marks);
        assert!(!folder.exists());
    }
}
