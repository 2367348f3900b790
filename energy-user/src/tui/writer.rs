//! Writes frames to the terminal, one at a time, from a thread of its own.
//!
//! A terminal that takes nothing (a thin line, Ctrl-S) blocks whoever writes to it. It shall not
//! block who measures. While one frame is on its way no other is made: the next one has all that
//! changed since, so a slow terminal is shown fewer frames and nothing piles up.

use std::{
    fs::{File, OpenOptions},
    io::{self, stdout},
    os::unix::fs::OpenOptionsExt as _,
    sync::mpsc::{SyncSender, sync_channel},
    thread,
    time::Duration,
};

use nix::fcntl::OFlag;
use tokio::sync::mpsc::{Receiver, channel};

use super::terminal;

/// The way to the terminal.
pub(super) struct Writer {
    frames: SyncSender<Vec<u8>>,
    written: Receiver<io::Result<()>>,
    busy: bool,
}

impl Writer {
    /// Begins to write what it is given.
    pub fn new() -> io::Result<Self> {
        let (frames, todo) = sync_channel::<Vec<u8>>(1);
        let (tell, written) = channel(1);
        thread::Builder::new().name("writer".into()).spawn(move || {
            let mut anew = open().ok();
            for frame in todo {
                if tell.blocking_send(write(&frame, anew.as_mut())).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { frames, written, busy: false })
    }

    /// A frame is on its way.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Sends a frame; only while none is on its way.
    pub fn send(&mut self, frame: Vec<u8>) -> io::Result<()> {
        self.busy = true;
        self.frames.send(frame).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Waits until the frame that is on its way is written.
    pub async fn written(&mut self) -> io::Result<()> {
        let result = self.written.recv().await;
        self.busy = false;
        result.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()))
    }

    /// The same, without letting anybody else go on: before the terminal changes hands.
    pub fn settle(&mut self) {
        while self.busy {
            match self.written.try_recv() {
                Err(tokio::sync::mpsc::error::TryRecvError::Empty) => {
                    thread::sleep(Duration::from_millis(1));
                }
                // What went wrong will go wrong again, and be told then.
                _ => self.busy = false,
            }
        }
    }
}

/// How long a terminal that takes nothing is left alone before it is tried again.
const PATIENCE: Duration = Duration::from_millis(20);

/// The terminal, opened anew, so that it can be told not to block without the shell, which has
/// it too, being told so as well. What cannot be opened anew blocks as it likes.
pub(super) fn open() -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    OpenOptions::new().write(true).custom_flags(flags.bits()).open("/dev/fd/1")
}

/// Writes all of it, unless the terminal is given up.
fn push(terminal: &mut impl io::Write, mut rest: &[u8]) -> io::Result<()> {
    while !rest.is_empty() {
        match terminal.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PATIENCE),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        while terminal::is_abandoned() {
            // Nothing may come after what puts the terminal in order.
            thread::park();
        }
    }
    terminal.flush()
}

fn write(frame: &[u8], anew: Option<&mut File>) -> io::Result<()> {
    // Whoever gives the terminal back waits for this lock, and a frame that comes after is none.
    let mut terminal = stdout().lock();
    if !terminal::is_ours() {
        return Ok(());
    }
    match anew {
        Some(anew) => push(anew, frame),
        None => push(&mut terminal, frame),
    }
}
