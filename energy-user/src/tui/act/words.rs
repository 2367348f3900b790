//! What came of orders, in a sentence: first what was done, then what was not, and the remedy.

use nix::errno::Errno;

use super::{Done, Refusal};
use crate::{
    present::figure::printable,
    tui::app::{Notice, Order, Target},
};

/// Processes that are named one by one.
const NAMED: usize = 3;

/// What came of each process.
pub(super) struct Report<'a> {
    order: Order,
    done: Vec<(&'a Target, Done)>,
    refused: Vec<(&'a Target, Refusal)>,
}

impl<'a> Report<'a> {
    pub fn of(
        order: Order,
        all: impl Iterator<Item = (&'a Target, Result<Done, Refusal>)>,
    ) -> Self {
        let mut report = Self { order, done: Vec::new(), refused: Vec::new() };
        for (target, came) in all {
            match came {
                Ok(done) => report.done.push((target, done)),
                Err(refusal) => report.refused.push((target, refusal)),
            }
        }
        report
    }

    pub fn notice(&self) -> Notice {
        let mut parts = Vec::new();
        if !self.done.is_empty() {
            parts.push(self.success());
        }
        let mut kinds: Vec<Refusal> = Vec::new();
        for (_, refusal) in &self.refused {
            if !kinds.contains(refusal) {
                kinds.push(*refusal);
            }
        }
        parts.extend(kinds.into_iter().map(|kind| self.failure(kind)));
        Notice { words: parts.join("; "), bad: !self.refused.is_empty() }
    }

    fn success(&self) -> String {
        let whom = match self.done.as_slice() {
            [(one, _)] => named(one),
            several => format!("{} processes", several.len()),
        };
        match self.order {
            Order::Signal(signal) => format!("{} sent to {whom}", signal.as_str()),
            Order::Io(io) => format!("{whom}: ionice {}", io.words()),
            Order::Nice { by } => {
                let mut changes = self.done.iter().filter_map(|(_, done)| match done {
                    Done::Nice(before, after) => Some((*before, *after)),
                    Done::Told => None,
                });
                let first = changes.next();
                match first.filter(|first| changes.all(|other| other == *first)) {
                    Some((before, after)) if before == after => {
                        format!("{whom}: nice stays {after}, there is no more")
                    }
                    Some((before, after)) => format!("{whom}: nice {before} → {after}"),
                    None => format!("{whom}: nice {by:+}"),
                }
            }
        }
    }

    fn failure(&self, kind: Refusal) -> String {
        let all: Vec<&Target> = self
            .refused
            .iter()
            .filter(|(_, refusal)| *refusal == kind)
            .map(|(target, _)| *target)
            .collect();
        let pids = pids(&all);
        let one = all.len() == 1;
        match kind {
            Refusal::Gone if one => format!("{pids} had ended"),
            Refusal::Gone => format!("{} had ended", all.len()),
            Refusal::Reused => format!("{pids}: the number is another's by now, left alone"),
            Refusal::First => format!("{pids}: all others hang on it, left alone"),
            Refusal::Thread => format!("{pids}: a thread; act on its process, without --threads"),
            Refusal::Own => "jouletop itself was left alone: q quits it".into(),
            Refusal::NotPermitted => {
                let is = if one { "is" } else { "are" };
                format!("not permitted: {pids} {is} {}; run as root", owners(&all))
            }
            Refusal::OnlyRoot => format!("not permitted: {pids} less nice; run as root"),
            Refusal::Failed(Errno::ENOSYS) => {
                "this kernel has no descriptors of processes: use kill(1), or Linux 5.3".into()
            }
            Refusal::Failed(errno) => format!("{pids}: {}", errno.desc()),
        }
    }
}

fn named(target: &Target) -> String {
    format!("{} (pid {})", printable(&target.name), target.id.pid)
}

/// `pid 4001`, `pids 4001, 4011 and 7 more`.
fn pids(all: &[&Target]) -> String {
    let some: Vec<String> = all.iter().take(NAMED).map(|one| one.id.pid.to_string()).collect();
    let some = some.join(", ");
    match all.len() {
        1 => format!("pid {some}"),
        count if count > NAMED => format!("pids {some} and {} more", count - NAMED),
        _ => format!("pids {some}"),
    }
}

/// `anna's`, or `not yours` where they are of several or of nobody who is known.
fn owners(all: &[&Target]) -> String {
    let first = all.first().and_then(|target| target.user.as_deref());
    match first.filter(|first| all.iter().all(|target| target.user.as_deref() == Some(*first))) {
        Some(user) => format!("{}'s", printable(user)),
        None => "not yours".into(),
    }
}
