//! Which processes a row stands for, and which it must not stand for.

use rustc_hash::FxHashMap;

use super::{super::App, Order};
use crate::{
    frame::Frame,
    ledger::{Account, RowKey},
    present::figure::printable,
    sample::ProcessId,
    tui::action::Action,
};

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

/// The process of each thread that is a row and lives, also of those that rest: only who ran is in
/// an interval. Empty where threads are not told apart.
#[derive(Clone, Debug, Default)]
pub(in crate::tui::app) struct Leaders(FxHashMap<ProcessId, ProcessId>);

impl Leaders {
    /// Takes in an interval.
    pub fn learn(&mut self, frame: &Frame) {
        for process in &frame.processes {
            for thread in &process.threads {
                if process.ended || thread.ended {
                    self.0.remove(&thread.id);
                } else {
                    self.0.insert(thread.id, process.id);
                }
            }
        }
    }

    /// The process that acts for a thread; a process is its own.
    fn of(&self, id: ProcessId) -> ProcessId {
        self.0.get(&id).copied().unwrap_or(id)
    }
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
        if self.is_back() {
            let back = self
                .key(Action::Back)
                .map_or_else(String::new, |key| format!(": {key} goes back to now"));
            return Err(format!("this is an earlier moment{back}"));
        }
        let selected = |key: RowKey| self.rows().iter().find(|row| row.key == key);
        let Some(row) = self.selected().and_then(selected) else {
            let keys = [Action::Up, Action::Down].into_iter().filter_map(|action| self.key(action));
            let keys = keys.collect::<Vec<_>>().join(" ");
            let how = if keys.is_empty() { keys } else { format!(": {keys}") };
            return Err(format!("select a row first{how}"));
        };
        let name = self.named(row);
        match row.key {
            RowKey::Process(_) | RowKey::Group(..) if !self.lives(row.key) => {
                Err(format!("{name} has ended: there is nobody to act on"))
            }
            RowKey::Process(id) => {
                let id = self.desk.leaders.of(id);
                let target =
                    Target { id, name: row.identity.name.clone(), user: row.identity.user.clone() };
                check(&target)?;
                let words = format!("{}{}", named(&target), row.alone());
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
        let mut targets: Vec<Target> = self
            .living(key)
            .map(|(id, account)| Target {
                id: self.desk.leaders.of(id),
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

    /// The processes of a row that live now, also while the picture stands still.
    fn living(&self, key: RowKey) -> impl Iterator<Item = (ProcessId, &Account)> {
        self.live.ledger.members(key).filter(|(_, account)| !account.ended)
    }

    /// Some of a row lives now, also while the picture stands still.
    pub(in crate::tui::app) fn lives(&self, key: RowKey) -> bool {
        self.living(key).next().is_some()
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
