//! Signals that jouletop gets while it runs a command, and passes on.
//!
//! What is typed at the terminal reaches the command by itself, as it is in the
//! same process group; only what somebody sent to jouletop alone is forwarded.

use std::io;

use anyhow::Context as _;
use nix::{
    errno::Errno,
    sys::{
        signal::{SigSet, SigmaskHow, Signal, kill},
        signalfd::{SfdFlags, SignalFd},
    },
    unistd::Pid,
};
use tokio::{io::unix::AsyncFd, process::Command};

/// `siginfo_t.si_code` of a signal that the kernel raised, as the terminal's are.
const SI_KERNEL: i32 = 0x80;

const PASSED_ON: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// Catches signals instead of dying from them.
pub struct Forwarder {
    fd: AsyncFd<SignalFd>,
    /// What was held back before: what the command is to begin with.
    before: SigSet,
}

impl Forwarder {
    /// Takes over the signals of this process; a child must be given back [`Self::release`].
    pub fn new() -> anyhow::Result<Self> {
        let mut set = SigSet::empty();
        for signal in PASSED_ON {
            set.add(signal);
        }
        let before =
            set.thread_swap_mask(SigmaskHow::SIG_BLOCK).context("signals cannot be held back")?;
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            .context("signals cannot be read")?;
        // SAFETY: the `SignalFd` owns its descriptor and keeps it open as long as it lives.
        let fd = unsafe { AsyncFd::register(fd)? };
        Ok(Self { fd, before })
    }

    /// Makes the command begin with the signals that jouletop itself began with.
    pub fn release(&self, command: &mut Command) {
        let before = self.before;
        // SAFETY: between fork and exec only this one async-signal-safe call is made.
        unsafe { command.pre_exec(move || Ok(before.thread_set_mask()?)) };
    }

    /// The next signal that the command does not get by itself.
    pub async fn next(&mut self) -> io::Result<Signal> {
        loop {
            let mut ready = self.fd.readable_mut().await?;
            match ready.get_inner_mut().read_signal() {
                Ok(Some(info)) => {
                    let number = info.ssi_signo.cast_signed();
                    if info.ssi_code != SI_KERNEL
                        && let Ok(signal) = Signal::try_from(number)
                    {
                        return Ok(signal);
                    }
                }
                Ok(None) | Err(Errno::EAGAIN) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Sends a signal to the command; one that has just ended needs none.
pub fn send(pid: u32, signal: Signal) {
    if let Err(error) = kill(Pid::from_raw(pid.cast_signed()), signal) {
        tracing::debug!(%error, %signal, "the command could not be signalled");
    }
}
