//! The signals that the screen has to answer, even while the terminal does not.
//!
//! A terminal that is stopped (Ctrl-S, a dead line) blocks whoever writes to it, and
//! with it the loop that would hear a signal. So a thread of its own listens for
//! those that end us, and leaves without a word if the loop does not.

use std::{io, process::exit, thread, time::Duration};

use nix::sys::signal::Signal;
use tokio::{
    runtime,
    signal::unix::{self, SignalKind, signal},
    sync::mpsc,
};

use super::terminal;

/// Time for the loop to leave in order.
const PATIENCE: Duration = Duration::from_secs(2);

/// Signals, as the loop hears them.
pub(super) struct Signals {
    end: mpsc::Receiver<()>,
    resumed: unix::Signal,
    stopped: unix::Signal,
}

/// What a signal means.
pub(super) enum Told {
    /// Leave.
    End,
    /// Somebody wants us to stop for a while.
    Stopped,
    /// We had been stopped, and somebody else had the terminal meanwhile.
    Resumed,
}

impl Signals {
    /// Begins to listen.
    pub fn new() -> io::Result<Self> {
        let (tell, end) = mpsc::channel(1);
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("signals".into()).spawn(move || {
            let Ok(number) = runtime.block_on(ending()) else { return };
            // A loop that is gone has heard enough.
            if tell.blocking_send(()).is_ok() {
                thread::sleep(PATIENCE);
                terminal::abandon();
                exit(128 + number);
            }
        })?;
        let job = |of: Signal| signal(SignalKind::from_raw(of as i32));
        Ok(Self { end, resumed: job(Signal::SIGCONT)?, stopped: job(Signal::SIGTSTP)? })
    }

    /// The next one.
    pub async fn next(&mut self) -> Told {
        tokio::select! {
            Some(()) = self.end.recv() => Told::End,
            _ = self.resumed.recv() => Told::Resumed,
            _ = self.stopped.recv() => Told::Stopped,
        }
    }
}

/// Waits for a signal that ends us, and gives its number.
async fn ending() -> io::Result<i32> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut quit = signal(SignalKind::quit())?;
    let ended = tokio::select! {
        _ = terminate.recv() => Signal::SIGTERM,
        _ = interrupt.recv() => Signal::SIGINT,
        _ = hangup.recv() => Signal::SIGHUP,
        _ = quit.recv() => Signal::SIGQUIT,
    };
    Ok(ended as i32)
}
