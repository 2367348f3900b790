//! The terminal, borrowed: raw mode and the alternate screen, and back whatever happens.
//!
//! The guard gives it back when it is dropped, and a hook does so before the words
//! of a panic are printed, so that nobody is left with a dead terminal.

use std::{
    io::{self, Write as _, stdout},
    panic, process,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crossterm::{
    cursor, execute, queue,
    style::Print,
    terminal::{
        Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
        enable_raw_mode,
    },
};
use nix::sys::{
    signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction},
    termios::{FlushArg, tcflush},
};
use ratatui::Terminal;

use super::{
    thin::{self, Thin},
    writer::{self, Writer},
};

/// What a program ends with that panicked, as the standard library has it.
const PANICKED: i32 = 101;

/// Whether the terminal is ours at the moment.
static OURS: AtomicBool = AtomicBool::new(false);

/// It has something of ours yet: what gives it back may not have come through.
static OWED: AtomicBool = AtomicBool::new(false);
/// It takes nothing, and we leave without waiting for it.
static ABANDONED: AtomicBool = AtomicBool::new(false);
/// The terminal tells of the mouse.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Presses, releases, and moves with a button held; places as numbers of any size. Moves without
/// a button, which crossterm's own command asks for as well, would cost bytes and time for
/// nothing.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// The terminal while it is ours.
pub(super) struct Screen {
    terminal: Terminal<Thin>,
    writer: Writer,
}

impl Screen {
    /// Takes the terminal.
    pub fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let print = panic::take_hook();
            // The loop's: without it, or without one of those that it hears and writes by, there is
            // no screen.
            let own = thread::current().id();
            panic::set_hook(Box::new(move |info| {
                give_back();
                print(info);
                if thread::current().id() != own {
                    process::exit(PANICKED);
                }
            }));
        });
        take()?;
        let made =
            || Ok(Self { terminal: Terminal::new(Thin::default())?, writer: Writer::new()? });
        made().inspect_err(|_| give_back())
    }

    /// The terminal to draw on.
    pub fn terminal(&mut self) -> &mut Terminal<Thin> {
        &mut self.terminal
    }

    /// A frame is on its way still; another one has to wait.
    pub fn is_busy(&self) -> bool {
        self.writer.is_busy()
    }

    /// Sends what was drawn on its way.
    pub fn send(&mut self) -> io::Result<()> {
        match self.terminal.backend_mut().frame() {
            Some(frame) => self.writer.send(frame),
            None => Ok(()),
        }
    }

    /// Waits until the frame that is on its way is on the terminal.
    pub async fn written(&mut self) -> io::Result<()> {
        self.writer.written().await
    }

    /// Lets the terminal tell of the mouse, or not, from the next frame on.
    pub fn listen(&mut self, mouse: bool) -> io::Result<()> {
        if MOUSE.swap(mouse, Ordering::SeqCst) == mouse {
            return Ok(());
        }
        queue!(self.terminal.backend_mut(), Print(if mouse { MOUSE_ON } else { MOUSE_OFF }))
    }

    /// Gives the terminal to the shell and stops, until `fg`.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.writer.settle();
        give_back();
        stop()?;
        self.resume()
    }

    /// Takes the terminal again, whatever somebody else has done to it.
    pub fn resume(&mut self) -> io::Result<()> {
        // A frame of before would be drawn over the new ones.
        self.writer.settle();
        give_back();
        take()?;
        // A new one knows that nothing is drawn. `Terminal::clear` would ask the
        // terminal where its cursor is, and the answer goes to the event stream.
        self.terminal = Terminal::new(Thin::default())?;
        Ok(())
    }
}

/// The terminal is ours at the moment.
pub(super) fn is_ours() -> bool {
    OURS.load(Ordering::SeqCst)
}

/// Nothing is written any more.
pub(super) fn is_abandoned() -> bool {
    ABANDONED.load(Ordering::SeqCst)
}

/// Puts a terminal in order that takes nothing: what it has not taken yet is thrown away, which
/// makes room for the few bytes that matter. Whoever was about to write does so no more.
pub(super) fn abandon() {
    ABANDONED.store(true, Ordering::SeqCst);
    if OWED.swap(false, Ordering::SeqCst)
        && let Ok(mut terminal) = writer::open()
    {
        let _ = tcflush(&terminal, FlushArg::TCOFLUSH);
        // The first one also ends what may be half of something.
        let order = [thin::END, MOUSE_OFF.as_bytes(), b"\x1b[0m"].concat();
        let _ = terminal.write_all(&order);
        let _ = execute!(terminal, LeaveAlternateScreen, cursor::Show);
    }
    let _ = disable_raw_mode();
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Half a frame is no picture, and no way to leave.
        self.writer.settle();
        give_back();
    }
}

fn take() -> io::Result<()> {
    // Without a terminal this fails, and nothing must be written where one is not.
    enable_raw_mode()?;
    OURS.store(true, Ordering::SeqCst);
    OWED.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, Clear(ClearType::All), cursor::Hide)
        .inspect_err(|_| give_back())
}

/// Stops, as if nobody listened to the signal for that; where there is no shell to go on from, it
/// does nothing, as ever.
fn stop() -> io::Result<()> {
    let usual = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the usual answer is no handler of ours, and the one of before is put back.
    let before = unsafe { sigaction(Signal::SIGTSTP, &usual) }?;
    let stopped = raise(Signal::SIGTSTP);
    // SAFETY: the same that was there.
    unsafe { sigaction(Signal::SIGTSTP, &before) }?;
    Ok(stopped?)
}

/// Errors are of no use here: either the terminal is gone, or we did what we could.
fn give_back() {
    if OURS.swap(false, Ordering::SeqCst) {
        // A frame after will ask again.
        if MOUSE.swap(false, Ordering::SeqCst) {
            let _ = queue!(stdout(), Print(MOUSE_OFF));
        }
        let _ = execute!(stdout(), LeaveAlternateScreen, cursor::Show);
        OWED.store(false, Ordering::SeqCst);
        let _ = disable_raw_mode();
    }
}
