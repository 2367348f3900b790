//! What a group is made of: its processes by power, and the rest of it as a sum.

use super::{
    Body, Entry, Section, Stress, Subject,
    kin::{by_power, few, named},
};
use crate::ledger::Row;

/// Members that have a line of their own.
const MOST: usize = 10;

impl Subject<'_> {
    /// Its processes, largest first, what is left of them, and those that are told apart no
    /// more; together they are the row.
    pub(super) fn told_apart(&self) -> Option<Section> {
        let mut members: Vec<&Row> = self.members.iter().collect();
        by_power(&mut members);
        let few = few(members.len(), MOST);
        let mut entries: Vec<Entry> =
            members[..few].iter().map(|row| self.entry(row, "", Stress::Plain)).collect();
        if few < members.len() {
            let name = format!("and {} more", members.len() - few);
            let rest = named(self.sum(&members[few..]), name);
            entries.push(self.entry(&rest, "", Stress::Dim));
        }
        let untold = self.row.members.saturating_sub(members.len());
        if untold > 0 {
            let told = self.sum(&members);
            let mut row = named(told.clone(), format!("{untold} more that ended, as one"));
            row.watts = self.row.watts.map(|_| crate::units::Watts(0.0));
            row.energy = self.row.energy.map(|all| all - told.energy.unwrap_or_default());
            entries.push(self.entry(&row, "", Stress::Dim));
        }
        if entries.is_empty() {
            return None;
        }
        let all = named(self.row.clone(), "all of it".into());
        entries.push(self.entry(&all, "", Stress::Strong));
        Some(Section { title: "Its processes, by power".into(), body: Body::Entries(entries) })
    }
}
