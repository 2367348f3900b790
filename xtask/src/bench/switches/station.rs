//! What a process of the ring does: hands on the token until somebody is gone.
//!
//! Whoever finds an end closed ends too and so closes its own. In this way the end of
//! one process, of whichever, is the end of all, and nobody is left behind.

use std::{
    io::{self, PipeReader, PipeWriter, Read as _, Write as _, pipe},
    os::fd::{AsRawFd as _, RawFd},
    thread,
};

/// How far a token goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Lap {
    /// Around the hot processes.
    Hot,
    /// Around everybody.
    All,
}

/// Where a process gets the token from.
pub enum Entrance {
    /// From itself when it is told to; the token returns on `hot` or `all`.
    Leader { orders: PipeReader, reports: PipeWriter, hot: PipeReader, all: PipeReader },
    /// From the process before it.
    Follower(PipeReader),
}

/// Where the token goes on.
pub struct Way {
    pub to: PipeWriter,
    /// Back to the leader; only the last of the hot has it.
    pub shortcut: Option<PipeWriter>,
}

impl Way {
    fn pass(&mut self, token: [u8; 1]) -> io::Result<()> {
        match &mut self.shortcut {
            Some(shortcut) if token == [Lap::Hot as u8] => shortcut.write_all(&token),
            _ => self.to.write_all(&token),
        }
    }
}

/// What the leader is sent: a lap, and how often.
pub fn order(lap: Lap, laps: u64) -> [u8; 9] {
    let mut order = [lap as u8; 9];
    order[1..].copy_from_slice(&laps.to_ne_bytes());
    order
}

/// The life of a forked process.
pub fn live(entrance: Entrance, way: Way, threads: u32) -> ! {
    let ended = close_others(&entrance, &way).and_then(|()| play(entrance, way, threads));
    leave(ended.is_err())
}

/// Ends the process at once. It was forked from one of several threads, whose locks it may have
/// inherited locked: what `exit` would tidy up might wait for them for ever.
fn leave(failed: bool) -> ! {
    // SAFETY: it takes a number and does not return.
    unsafe { libc::_exit(i32::from(failed)) }
}

/// Closes all but the standard streams and the process's own ends.
fn close_others(entrance: &Entrance, way: &Way) -> io::Result<()> {
    let mut kept = vec![2, way.to.as_raw_fd()];
    kept.extend(way.shortcut.as_ref().map(PipeWriter::as_raw_fd));
    match entrance {
        Entrance::Leader { orders, reports, hot, all } => {
            kept.extend([orders, hot, all].map(PipeReader::as_raw_fd));
            kept.push(reports.as_raw_fd());
        }
        Entrance::Follower(from) => kept.push(from.as_raw_fd()),
    }
    kept.sort_unstable();
    kept.push(RawFd::MAX);
    for pair in kept.windows(2) {
        let (first, last) = (pair[0] + 1, pair[1] - 1);
        // SAFETY: nothing in this process uses what was its parent's, down to the exit.
        if first <= last && unsafe { libc::close_range(first as u32, last as u32, 0) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Strings the process's threads between its two ends, the last first.
fn play(entrance: Entrance, mut way: Way, threads: u32) -> io::Result<()> {
    for _ in 1..threads {
        let (from, to) = pipe()?;
        thread::Builder::new().spawn(move || leave(pass_on(from, way).is_err()))?;
        way = Way { to, shortcut: None };
    }
    match entrance {
        Entrance::Leader { orders, reports, hot, all } => lead(orders, reports, hot, all, way),
        Entrance::Follower(from) => pass_on(from, way),
    }
}

fn lead(
    mut orders: PipeReader,
    mut reports: PipeWriter,
    mut hot: PipeReader,
    mut all: PipeReader,
    mut way: Way,
) -> io::Result<()> {
    let mut order = [0; 9];
    loop {
        orders.read_exact(&mut order)?;
        let [token, laps @ ..] = order;
        let back = if token == Lap::Hot as u8 { &mut hot } else { &mut all };
        for _ in 0..u64::from_ne_bytes(laps) {
            way.pass([token])?;
            back.read_exact(&mut [0])?;
        }
        reports.write_all(&[token])?;
    }
}

fn pass_on(mut from: PipeReader, mut way: Way) -> io::Result<()> {
    let mut token = [0];
    loop {
        from.read_exact(&mut token)?;
        way.pass(token)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_the_hot_sends_only_hot_tokens_back() {
        let (mut on, to) = pipe().unwrap();
        let (mut back, shortcut) = pipe().unwrap();
        let mut way = Way { to, shortcut: Some(shortcut) };
        let (hot, all) = ([Lap::Hot as u8], [Lap::All as u8]);
        way.pass(hot).unwrap();
        way.pass(all).unwrap();
        drop(way);
        let (mut went_on, mut came_back) = (Vec::new(), Vec::new());
        on.read_to_end(&mut went_on).unwrap();
        back.read_to_end(&mut came_back).unwrap();
        assert_eq!((went_on.as_slice(), came_back.as_slice()), (&all[..], &hot[..]));
    }

    #[test]
    fn a_closed_end_ends_the_station() {
        let ((from, sender), (receiver, to)) = (pipe().unwrap(), pipe().unwrap());
        drop((sender, receiver));
        assert!(pass_on(from, Way { to, shortcut: None }).is_err());
    }
}
