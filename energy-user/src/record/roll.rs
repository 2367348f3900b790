//! Who is known by which number of a file.
//!
//! A name is told once; whoever ended, or was not named for a while, is forgotten on both
//! sides, so that a month of short processes fits into memory.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{MOST_PEOPLE, MOST_TEXT, form::Person};
use crate::sample::{Identity, ProcessId};

/// Samples after which one that was not named is forgotten.
const PATIENCE: u64 = 64;

/// Whoever gives numbers.
pub(super) trait Numbers {
    /// The number of a process that is called so.
    fn number(&mut self, id: ProcessId, identity: &Arc<Identity>) -> u64;
}

/// Whoever knows names.
pub(super) trait Names {
    /// Who has a number.
    fn named(&self, number: u64) -> Option<(ProcessId, Arc<Identity>)>;
}

/// The writer's.
#[derive(Debug, Default)]
pub(super) struct Told {
    people: FxHashMap<ProcessId, Entry>,
    next: u64,
    now: u64,
    fresh: Vec<Person>,
    forget: Vec<u64>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    identity: Arc<Identity>,
    named: u64,
}

impl Told {
    /// Who was not told of yet.
    pub fn fresh(&mut self) -> Vec<Person> {
        std::mem::take(&mut self.fresh)
    }

    /// A sample is over, in which these ended: whose numbers are not named again.
    pub fn turn(&mut self, ended: impl Iterator<Item = ProcessId>) -> Vec<u64> {
        let Self { people, now, forget, .. } = self;
        forget.extend(ended.filter_map(|id| people.remove(&id)).map(|entry| entry.number));
        if now.is_multiple_of(PATIENCE) {
            people.retain(|_, entry| {
                let kept = entry.named + PATIENCE > *now;
                if !kept {
                    forget.push(entry.number);
                }
                kept
            });
            // The order of a table is that of its hashes; a file's shall be its own.
            forget.sort_unstable();
        }
        *now += 1;
        std::mem::take(forget)
    }
}

impl Numbers for Told {
    fn number(&mut self, id: ProcessId, identity: &Arc<Identity>) -> u64 {
        if let Some(entry) = self.people.get_mut(&id) {
            entry.named = self.now;
            if Arc::ptr_eq(&entry.identity, identity) || entry.identity == *identity {
                return entry.number;
            }
        }
        let number = self.next;
        self.next += 1;
        self.fresh.push(Person::new(number, id, identity));
        let entry = Entry { number, identity: Arc::clone(identity), named: self.now };
        if let Some(former) = self.people.insert(id, entry) {
            self.forget.push(former.number);
        }
        number
    }
}

/// The reader's.
#[derive(Debug, Default)]
pub(super) struct Known {
    people: FxHashMap<u64, (ProcessId, Arc<Identity>)>,
    text: usize,
}

impl Known {
    /// Takes in who is told of; false if there are more than any recording has.
    pub fn meet(&mut self, people: Vec<Person>) -> bool {
        for person in people {
            let who = person.who;
            let known = person.meet();
            self.text += length(&known.1);
            if let Some((_, former)) = self.people.insert(who, known) {
                self.text -= length(&former);
            }
            if self.people.len() > MOST_PEOPLE || self.text > MOST_TEXT {
                return false;
            }
        }
        true
    }

    /// Nobody names these again.
    pub fn forget(&mut self, numbers: &[u64]) {
        for number in numbers {
            if let Some((_, identity)) = self.people.remove(number) {
                self.text -= length(&identity);
            }
        }
    }
}

impl Names for Known {
    fn named(&self, number: u64) -> Option<(ProcessId, Arc<Identity>)> {
        self.people.get(&number).cloned()
    }
}

/// Bytes that an identity holds.
fn length(identity: &Identity) -> usize {
    let Identity { name, cmdline, user, cgroup, groups, env, .. } = identity;
    let some = [cmdline, user, cgroup].into_iter().flatten().map(String::len);
    // A string without text costs something too.
    let groups = groups.iter().map(|group| group.len() + size_of::<String>());
    let env = env.iter().map(|(name, value)| name.len() + value.len() + 2 * size_of::<String>());
    name.len() + some.chain(groups).chain(env).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_once_and_forgotten_when_it_is_over() {
        let id = |pid| ProcessId { pid, start: 7 };
        let called = |name: &str| Arc::new(Identity { name: name.into(), ..Identity::default() });
        let (mut told, mut known) = (Told::default(), Known::default());
        let (shell, make) = (called("sh"), called("make"));
        let first = told.number(id(1), &shell);
        assert_eq!(told.number(id(1), &called("sh")), first, "the same words");
        assert!(known.meet(told.fresh()));
        assert!(told.turn([].into_iter()).is_empty());
        let second = told.number(id(1), &make);
        assert_ne!(first, second, "it is called otherwise after exec");
        assert!(known.meet(told.fresh()));
        assert_eq!(known.named(first), Some((id(1), shell)));
        assert_eq!(known.named(second), Some((id(1), make)));
        let over = told.turn([id(1)].into_iter());
        assert_eq!(over, [first, second]);
        known.forget(&over);
        assert_eq!((known.named(second), known.text), (None, 0));
    }

    #[test]
    fn whoever_is_not_named_for_long_is_forgotten_and_told_again() {
        let id = ProcessId { pid: 1, start: 7 };
        let identity = Arc::new(Identity::default());
        let mut told = Told::default();
        let first = told.number(id, &identity);
        assert_eq!(told.fresh().len(), 1);
        let forgotten: Vec<u64> =
            (0..3 * PATIENCE).flat_map(|_| told.turn([].into_iter())).collect();
        assert_eq!(forgotten, [first]);
        assert_ne!(told.number(id, &identity), first);
        assert_eq!(told.fresh().len(), 1);
    }
}
