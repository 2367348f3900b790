//! Which processes a row stands for, and which it must not stand for.

use std::collections::HashMap;

use super::{super::App, Order};
use crate::{frame::ProcessFrame, ledger::RowKey, present::figure::printable, sample::ProcessId};

/// Whether this screen may act on processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hands {
    /// It may: its rows are processes of this machine, by the numbers that they have here.
    Free,
    /// It may not, and says why.
    Tied(&'static str),
    /// It may not, and there are no keys for it.
    None,
}

impl Default for Hands {
    /// Until somebody says that the rows are processes of this machine.
    fn default() -> Self {
        Self::MADE_UP
    }
}

impl Hands {
    /// Of rows that are made up.
    pub const MADE_UP: Self = Self::Tied("these rows are made up: there is no process to act on");
    /// Of rows that were recorded.
    pub const RECORDED: Self =
        Self::Tied("these rows were recorded: there is no process to act on");
    /// Of rows from elsewhere.
    pub const ELSEWHERE: Self =
        Self::Tied("--proc-root names another machine's processes: there is none to act on");

    fn check(self) -> Result<(), String> {
        match self {
            Self::Free => Ok(()),
            Self::Tied(why) => Err(why.into()),
            Self::None => Err("this screen only looks: leave out --readonly".into()),
        }
    }
}

/// A process that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its number, and when it began: another with the same number is not meant.
    pub id: ProcessId,
    /// What it is called.
    pub name: String,
    /// Whose it is.
    pub user: Option<String>,
}

/// What to do, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orders {
    /// What.
    pub order: Order,
    /// To whom, by number.
    pub targets: Vec<Target>,
}

/// Who is meant, and what to call them.
#[derive(Clone, Debug)]
pub(super) struct Whom {
    pub words: String,
    pub targets: Vec<Target>,
}

impl Whom {
    /// Each with its number, where there are several.
    pub fn members(&self) -> Option<String> {
        let one = |target: &Target| format!("{} {}", printable(&target.name), target.id.pid);
        let all = || self.targets.iter().map(one).collect::<Vec<_>>().join(", ");
        (self.targets.len() > 1).then(all)
    }
}

impl App {
    /// Whom the selected row stands for, or why it stands for nobody.
    pub(super) fn whom(&self) -> Result<Whom, String> {
        self.desk.hands.check()?;
        let selected = |key: RowKey| self.rows().iter().find(|row| row.key == key);
        let Some(row) = self.selected().and_then(selected) else {
            return Err("select a row first: ↑ ↓".into());
        };
        let name = self.named(row);
        match row.key {
            RowKey::Process(_) | RowKey::Group(..) if row.ended => {
                Err(format!("{name} has ended: there is nobody to act on"))
            }
            RowKey::Process(id) => {
                let id = self.leaders().get(&id).copied().unwrap_or(id);
                let target =
                    Target { id, name: row.identity.name.clone(), user: row.identity.user.clone() };
                check(&target)?;
                let mut words = named(&target);
                if let Some(hidden) = row.twig.as_ref().map(|twig| twig.hidden).filter(|n| *n > 0) {
                    words = format!("{words}, not the {hidden} folded below it");
                }
                Ok(Whom { words, targets: vec![target] })
            }
            RowKey::Group(..) if row.key.is_of_none() => {
                Err(format!("{name} are many that have nothing in common: z shows them one by one"))
            }
            RowKey::Group(..) => self.group(row.key, &name),
            RowKey::Tool => Err("this is jouletop itself: q quits it".into()),
            _ => Err(format!("{name} is no process: there is nobody to act on")),
        }
    }

    fn group(&self, key: RowKey, name: &str) -> Result<Whom, String> {
        let leaders = self.leaders();
        let living = self.ledger().members(key).filter(|(_, account)| !account.ended);
        let mut targets: Vec<Target> = living
            .map(|(id, account)| Target {
                id: leaders.get(&id).copied().unwrap_or(id),
                name: account.identity.name.clone(),
                user: account.identity.user.clone(),
            })
            .collect();
        targets.sort_unstable_by_key(|target| target.id);
        targets.dedup_by_key(|target| target.id);
        for target in &targets {
            check(target).map_err(|why| format!("{name}: {why}"))?;
        }
        let words = match targets.as_slice() {
            [] => return Err(format!("{name} has ended: there is nobody to act on")),
            [one] => format!("{name}: {}", named(one)),
            several => format!("{name}: {} processes", several.len()),
        };
        Ok(Whom { words, targets })
    }

    /// The process of each thread that is a row; none where they are not told apart.
    fn leaders(&self) -> HashMap<ProcessId, ProcessId> {
        let frame = self.ledger().latest().map(|tick| &tick.frame);
        let processes = frame.into_iter().flat_map(|frame| &frame.processes);
        let threads = |process: &ProcessFrame| {
            let leader = process.id;
            process.threads.iter().map(|thread| (thread.id, leader)).collect::<Vec<_>>()
        };
        processes.flat_map(threads).collect()
    }
}

/// Whom nobody should end by a slip of the finger.
fn check(target: &Target) -> Result<(), String> {
    if target.id.pid <= 1 {
        return Err(format!(
            "pid {} is {}, on which all others hang: jouletop never acts on it",
            target.id.pid,
            printable(&target.name)
        ));
    }
    Ok(())
}

fn named(target: &Target) -> String {
    let user = target.user.as_deref().map_or_else(String::new, |user| format!(", {user}"));
    printable(&format!("{} (pid {}{user})", target.name, target.id.pid))
}
