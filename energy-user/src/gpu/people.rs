//! Who a process is that a GPU's driver names by its number.
//!
//! A number alone is nobody: it is used again, and of another PID namespace it is somebody
//! else's. Who ran in the interval is known, whoever ended in it included; whoever holds a GPU
//! without running is asked of `/proc`, once. What `/proc` tells of a start is rounded to
//! ticks: a process that was first met so keeps that name when the probe meets it later.

use std::{collections::hash_map::Entry, sync::Arc, time::Duration};

use rustc_hash::FxHashMap;

use crate::{
    probe::{Probe, TICK_NS},
    sample::{Activity, Identity, Name, ProcessActivity, ProcessId},
};

/// How long a number that was asked of `/proc` is believed to be the same process's, if nobody
/// tells of its end. The probe does, unless the kernel had no room for that.
const BELIEVED: Duration = Duration::from_mins(1);

/// Somebody: which process, and what is known of it.
pub type Person = (ProcessId, Arc<Identity>);

/// Who has a number now.
pub trait Directory {
    /// The process that has this number, if there is one that can be seen.
    fn who(&mut self, pid: u32) -> Option<Person>;
}

impl Directory for Box<dyn Probe> {
    fn who(&mut self, pid: u32) -> Option<Person> {
        (**self).who(pid)
    }
}

/// Everybody whom a GPU's driver has named and who still lives.
#[derive(Debug, Default)]
pub struct Acquaintances {
    by_pid: FxHashMap<u32, (Person, Duration)>,
}

impl Acquaintances {
    /// Gives a process in an activity the name under which it is known here.
    pub fn rename(&self, activity: &mut Activity) {
        if self.by_pid.is_empty() {
            return;
        }
        let known = |id: ProcessId| {
            let ((known, _), _) = self.by_pid.get(&id.pid)?;
            same(*known, id).then_some(*known)
        };
        for process in &mut activity.processes {
            process.id = known(process.id).unwrap_or(process.id);
        }
        for birth in &mut activity.births {
            birth.parent = known(birth.parent).unwrap_or(birth.parent);
            birth.child = known(birth.child).unwrap_or(birth.child);
        }
    }
}

/// The same process, told exactly and to a tick.
fn same(a: ProcessId, b: ProcessId) -> bool {
    Name::from(a) == Name::from(b)
}

/// Everybody who can be named in one interval.
pub struct People<'a> {
    acquaintances: &'a mut Acquaintances,
    directory: &'a mut dyn Directory,
    /// Who ran or ended, by number; the last to begin comes last.
    ran: FxHashMap<u32, Vec<(Person, bool)>>,
    at: Duration,
}

impl<'a> People<'a> {
    /// With those who ran or ended since the last sample.
    pub fn new(
        acquaintances: &'a mut Acquaintances,
        directory: &'a mut dyn Directory,
        activity: &[ProcessActivity],
        at: Duration,
    ) -> Self {
        let mut ran: FxHashMap<u32, Vec<(Person, bool)>> = FxHashMap::default();
        for process in activity {
            let person = (process.id, Arc::clone(&process.identity));
            ran.entry(process.id.pid).or_default().push((person, process.ended));
        }
        for all in ran.values_mut() {
            all.sort_by_key(|((id, _), _)| id.start);
        }
        Self { acquaintances, directory, ran, at }
    }

    /// The numbers of those who ran and still live, with the start of each, nanoseconds from
    /// boot.
    pub fn ran(&self) -> impl Iterator<Item = (u32, u64)> {
        let alive = self.ran.values().filter_map(|all| all.iter().rfind(|(_, ended)| !ended));
        alive.map(|((id, _), _)| (id.pid, id.start))
    }

    /// Who has a number now: of a process that a driver lists.
    pub fn holder(&mut self, pid: u32) -> Option<Person> {
        let ran = self.ran.get(&pid);
        let alive = ran.and_then(|all| all.iter().rfind(|(_, ended)| !ended));
        if let Some((person, _)) = alive {
            let known = (person.clone(), self.at);
            self.acquaintances.by_pid.insert(pid, known);
            return Some(person.clone());
        }
        let ended = |id: ProcessId| {
            ran.is_some_and(|all| all.iter().any(|((other, _), ended)| *ended && same(*other, id)))
        };
        match self.acquaintances.by_pid.entry(pid) {
            Entry::Occupied(known) => {
                let (person, asked) = known.get();
                if !ended(person.0) && self.at.saturating_sub(*asked) < BELIEVED {
                    return Some(person.clone());
                }
                let before = known.remove().0;
                let now = self.directory.who(pid)?;
                // Whoever was met before keeps that name.
                let now = if same(before.0, now.0) { (before.0, now.1) } else { now };
                self.acquaintances.by_pid.insert(pid, (now.clone(), self.at));
                Some(now)
            }
            Entry::Vacant(place) => {
                let now = self.directory.who(pid)?;
                place.insert((now.clone(), self.at));
                Some(now)
            }
        }
    }

    /// Who had a number at a moment on the clock that counts from boot: of a process that a
    /// driver saw at work then, and that may have ended since.
    pub fn worker(&mut self, pid: u32, boottime: Duration) -> Option<Person> {
        let then = boottime.as_nanos() as u64;
        let ran = self.ran.get(&pid);
        // The driver's clock and the kernel's are read apart.
        let begun = |id: ProcessId| id.start <= then.saturating_add(TICK_NS);
        if let Some((person, _)) = ran.and_then(|all| all.iter().rfind(|((id, _), _)| begun(*id))) {
            return Some(person.clone());
        }
        self.holder(pid).filter(|(id, _)| begun(*id))
    }

    /// Forgets whoever has ended, after the sample in which that was told.
    pub fn bury(self) {
        let Self { acquaintances, ran, .. } = self;
        for ((id, _), ended) in ran.into_values().flatten() {
            let known = acquaintances.by_pid.get(&id.pid);
            if ended && known.is_some_and(|((known, _), _)| same(*known, id)) {
                acquaintances.by_pid.remove(&id.pid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::sample::{Birth, CpuTime, Lost};

    struct Book(HashMap<u32, u64>);

    impl Directory for Book {
        fn who(&mut self, pid: u32) -> Option<Person> {
            let start = *self.0.get(&pid)?;
            Some((ProcessId { pid, start }, Arc::new(Identity::default())))
        }
    }

    fn ran(pid: u32, start: u64, ended: bool) -> ProcessActivity {
        let id = ProcessId { pid, start };
        ProcessActivity::new(id, Arc::new(Identity::default()), ended, CpuTime::default())
    }

    const TICK: u64 = TICK_NS;

    #[test]
    fn one_who_never_ran_keeps_its_name_when_it_runs() {
        let mut known = Acquaintances::default();
        let mut book = Book(HashMap::from([(7, 3 * TICK)]));
        let mut people = People::new(&mut known, &mut book, &[], Duration::ZERO);
        let first = people.holder(7).unwrap().0;
        assert_eq!(first, ProcessId { pid: 7, start: 3 * TICK });
        people.bury();
        let processes = vec![ran(7, 3 * TICK + 5, false), ran(8, 1, false)];
        let child = ProcessId { pid: 7, start: 3 * TICK + 5 };
        let births = vec![Birth { child, parent: ProcessId { pid: 8, start: 1 } }];
        let lost = Lost::default();
        let mut activity = Activity { processes, births, lost, ..Activity::default() };
        known.rename(&mut activity);
        assert_eq!(activity.births[0].child, first, "it was met before its birth was told");
        assert_eq!(activity.processes[0].id, first);
        assert_eq!(activity.processes[1].id.start, 1);
    }

    #[test]
    fn a_number_that_is_used_again_is_somebody_else() {
        let mut known = Acquaintances::default();
        let mut book = Book(HashMap::from([(7, 9 * TICK)]));
        let activity = [ran(7, TICK, true), ran(7, 9 * TICK, false)];
        let mut people = People::new(&mut known, &mut book, &activity, Duration::ZERO);
        let at = |ticks: u64| Duration::from_nanos(ticks * TICK);
        assert_eq!(people.worker(7, at(5)).unwrap().0.start, TICK, "the first was at work then");
        assert_eq!(people.worker(7, at(10)).unwrap().0.start, 9 * TICK);
        assert_eq!(people.holder(7).unwrap().0.start, 9 * TICK, "the second lives");
        assert!(people.holder(8).is_none() && people.worker(8, at(5)).is_none());
        // It began after the driver saw a process of that number at work: that was another.
        assert!(
            People::new(&mut Acquaintances::default(), &mut book, &[], Duration::ZERO)
                .worker(7, at(5))
                .is_none()
        );
    }

    #[test]
    fn whoever_ended_is_forgotten_and_old_knowledge_is_asked_again() {
        let mut known = Acquaintances::default();
        let mut book = Book(HashMap::from([(7, TICK)]));
        let mut people = People::new(&mut known, &mut book, &[], Duration::ZERO);
        assert!(people.holder(7).is_some());
        people.bury();
        let mut nobody = Book(HashMap::new());
        let early = Duration::from_secs(5);
        assert!(People::new(&mut known, &mut nobody, &[], early).holder(7).is_some());
        let ended = [ran(7, TICK + 3, true)];
        let mut people = People::new(&mut known, &mut nobody, &ended, early);
        assert!(people.holder(7).is_none(), "it has ended");
        assert!(people.worker(7, Duration::from_secs(1)).is_some(), "it was at work before");
        people.bury();
        assert!(known.by_pid.is_empty());
        let mut people = People::new(&mut known, &mut book, &[], Duration::ZERO);
        people.holder(7);
        let late = Duration::from_secs(61);
        assert!(People::new(&mut known, &mut nobody, &[], late).holder(7).is_none());
    }
}
