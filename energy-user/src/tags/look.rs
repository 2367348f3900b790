//! Looking for tags while something is measured: rarely, and only at what has changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Places, Tag,
    folder::{Folder, Stamp},
    person::Person,
};
use crate::{job::tag::Change, present::figure::printable, sample::ProcessId};

/// How long no directory is looked at again.
const PAUSE: Duration = Duration::from_secs(1);
/// Remarks that are made in all: whoever makes bad files makes many.
const MOST_REMARKS: usize = 8;

/// What is new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Of names.
    pub changes: Vec<Change>,
    /// What is wrong and what would mend it; each is said once.
    pub remarks: Vec<String>,
}

/// Whoever looks for tags.
#[derive(Debug)]
pub struct Looker {
    places: Places,
    proc_root: PathBuf,
    known: BTreeMap<ProcessId, String>,
    stamps: Vec<Option<Stamp>>,
    /// Nothing changed between the last two looks.
    settled: bool,
    told: BTreeSet<String>,
    next: Duration,
}

impl Looker {
    /// One that has not looked yet.
    pub fn new(places: Places, proc_root: PathBuf) -> Self {
        Self {
            places,
            proc_root,
            known: BTreeMap::new(),
            stamps: Vec::new(),
            settled: false,
            told: BTreeSet::new(),
            next: Duration::ZERO,
        }
    }

    /// What is new since the last call; nothing within a second of the last look.
    pub fn look(&mut self, now: Duration) -> News {
        if now < self.next {
            return News::default();
        }
        self.next = now + PAUSE;
        let mut wrong = Vec::new();
        let folders: Vec<_> =
            self.places.all().iter().map(|place| opened(Folder::open(place), &mut wrong)).collect();
        let stamps = folders.iter().map(|folder| folder.as_ref().map(Folder::stamp)).collect();
        // A change within the same tick of the clock has the same stamp: one more look sees it.
        let same = self.stamps == stamps;
        let settled = std::mem::replace(&mut self.settled, same);
        self.stamps = stamps;
        let mut changes = Vec::new();
        if !(same && settled) {
            let folders: Vec<_> = folders.into_iter().flatten().collect();
            let found = all(&folders, &self.proc_root, &mut wrong);
            changes = self.differences(found);
        }
        News { changes, remarks: self.remarks(&wrong) }
    }

    /// What changed to what was found.
    fn differences(&mut self, found: Vec<Tag>) -> Vec<Change> {
        let mut changes = Vec::new();
        let found: BTreeMap<_, _> = found.into_iter().map(|tag| (tag.id, tag.name)).collect();
        for id in self.known.keys().filter(|id| !found.contains_key(id)) {
            let lives = Person::look(&self.proc_root, id.pid).is_some_and(|one| one.id == *id);
            changes.push(if lives { Change::Taken(*id) } else { Change::Over(*id) });
        }
        for (id, name) in &found {
            if self.known.get(id) != Some(name) {
                changes.push(Change::Given(*id, name.clone()));
            }
        }
        self.known = found;
        changes
    }

    /// What has not been said yet.
    fn remarks(&mut self, wrong: &[String]) -> Vec<String> {
        let mut remarks = Vec::new();
        for text in wrong.iter().map(|text| printable(text)) {
            if self.told.len() < MOST_REMARKS && self.told.insert(text.clone()) {
                remarks.push(text);
            }
        }
        remarks
    }
}

/// All tags of some folders in the order of processes; of two for one process, the first.
pub fn all(folders: &[Folder], proc_root: &Path, wrong: &mut Vec<String>) -> Vec<Tag> {
    let mut found = BTreeMap::new();
    for folder in folders {
        let (tags, problems) = folder.read(proc_root);
        wrong.extend(problems);
        for tag in tags {
            found.entry(tag.id).or_insert(tag);
        }
    }
    found.into_values().collect()
}

/// A folder, if it is there and can be used.
pub fn opened(folder: Result<Option<Folder>, String>, wrong: &mut Vec<String>) -> Option<Folder> {
    folder.unwrap_or_else(|why| {
        wrong.push(format!("tags are left out: {why}"));
        None
    })
}
