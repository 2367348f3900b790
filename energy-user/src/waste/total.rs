//! What findings waste together: no joule of a process is counted twice.
//!
//! A notebook may be idle and hold a GPU for nothing. Of two findings on the same energy of the
//! same process, the larger counts; none claims more than the process was charged with, so the
//! sum is never above that of the processes.

use std::collections::BTreeMap;

use super::finding::{Finding, Pool};
use crate::{sample::ProcessId, units::Microjoules};

/// The energy of all findings; none where none of them knows any.
pub fn total(findings: &[Finding]) -> Option<Microjoules> {
    let mut most: BTreeMap<(ProcessId, &Pool), Microjoules> = BTreeMap::new();
    for finding in findings {
        // One finding may charge a process twice on a pool: that is its own sum.
        let mut own: BTreeMap<(ProcessId, &Pool), Microjoules> = BTreeMap::new();
        for charge in &finding.charges {
            *own.entry((charge.process, &charge.pool)).or_default() += charge.energy;
        }
        for (key, energy) in own {
            let larger = most.entry(key).or_default();
            *larger = (*larger).max(energy);
        }
    }
    most.into_values().reduce(|a, b| a + b)
}
