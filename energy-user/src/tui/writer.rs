//! Writes frames to the terminal, one at a time, from a thread of its own.
//!
//! A terminal that takes nothing (a thin line, Ctrl-S) blocks whoever writes to it. It shall not
//! block who measures. While one frame is on its way no other is made: the next one has all that
//! changed since, so a slow terminal is shown fewer frames and nothing piles up.

use std::{
    io::{self, Write as _, stdout},
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

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
            for frame in todo {
                if tell.blocking_send(write(&frame)).is_err() {
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
                    thread::sleep(std::time::Duration::from_millis(1));
                }
                // What went wrong will go wrong again, and be told then.
                _ => self.busy = false,
            }
        }
    }
}

fn write(frame: &[u8]) -> io::Result<()> {
    // Whoever gives the terminal back waits for this lock, and a frame that comes after is none.
    let mut terminal = stdout().lock();
    if !terminal::is_ours() {
        return Ok(());
    }
    terminal.write_all(frame)?;
    terminal.flush()
}
