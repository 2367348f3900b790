//! A program in a terminal of its own whose output is read and thrown away: what its screen
//! costs it, in CPU time and in bytes.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use nix::{
    pty::{OpenptyResult, Winsize, openpty},
    unistd::setsid,
};

/// The kernel's clock tick in `/proc`.
const TICK: Duration = Duration::from_millis(10);

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A program at work in a terminal; it ends with this value.
pub struct Terminal {
    child: Child,
    keys: File,
    bytes: Arc<AtomicU64>,
}

/// What a program has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// CPU time of all its threads.
    pub cpu: Duration,
    /// Bytes written to its terminal.
    pub bytes: u64,
}

impl Terminal {
    /// Starts a program in a terminal of so many rows and columns.
    pub fn start(mut command: Command, rows: u16, columns: u16) -> anyhow::Result<Self> {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let OpenptyResult { master, slave } = openpty(&size, None)?;
        let line = File::from(slave);
        // Some ask for UTF-8 before they draw.
        command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::from(line.try_clone()?));
        command.stdout(Stdio::from(line.try_clone()?)).stderr(Stdio::from(line));
        // SAFETY: only async-signal-safe calls between fork and exec.
        unsafe {
            command.pre_exec(|| {
                setsid()?;
                if libc::ioctl(0, libc::TIOCSCTTY, 0) != 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().with_context(|| format!("{command:?} cannot be run"))?;
        // The far side is the child's alone from here on: its end is the end of the output.
        drop(command);
        let bytes = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&bytes);
        let mut output = File::from(master);
        let keys = output.try_clone()?;
        thread::spawn(move || {
            let mut buffer = [0; 1 << 13];
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                count.fetch_add(read as u64, Ordering::Relaxed);
            }
        });
        Ok(Self { child, keys, bytes })
    }

    /// What it has used so far; an error if it has ended.
    pub fn used(&mut self) -> anyhow::Result<Used> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "it ended by itself: {ended:?}");
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(") ").context("no name in its stat")?;
        // Fields 14 and 15 of proc_pid_stat(5), of which two stand before the others.
        let ticks: u32 = fields.split(' ').skip(11).take(2).flat_map(str::parse::<u32>).sum();
        Ok(Used { cpu: TICK * ticks, bytes: self.bytes.load(Ordering::Relaxed) })
    }

    /// Presses a key; how long until something is drawn.
    #[expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
    pub fn press(&mut self, key: &[u8]) -> anyhow::Result<Duration> {
        let before = self.bytes.load(Ordering::Relaxed);
        let since = Instant::now();
        self.keys.write_all(key)?;
        while self.bytes.load(Ordering::Relaxed) == before {
            ensure!(since.elapsed() < PATIENCE, "a key changes nothing");
            thread::sleep(Duration::from_micros(200));
        }
        Ok(since.elapsed())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
