use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    attribute::{Method, attribute},
    carbon::Intensity,
    frame::{Energy, Frame, ProcessFrame, Share},
    sample::{Activity, Identity, Machine, ProbeKind, ProcessId, Sample},
    units::Microjoules,
};

/// A process of an interval: number, command, microjoules, and whether it ended.
pub(crate) type Ran = (u32, u32, u64, bool);

pub(crate) fn tick(second: u64, ran: &[Ran], idle: u64) -> Tick {
    let sample = |at: u64| Sample {
        time: Timestamp::UNIX_EPOCH,
        monotonic: Duration::from_secs(at),
        boottime: Duration::from_secs(at),
        machine: Arc::new(Machine::of_packages("box".into(), Vec::new())),
        probe: ProbeKind::Simulated,
        meters: Vec::new(),
        clocks: None,
        gpus: Vec::new(),
        activity: Activity::default(),
    };
    let frame = attribute(&sample(second), &sample(second + 1), &Method::default());
    let energy = |microjoules| Energy { cpu: Some(Microjoules(microjoules)), ..Energy::default() };
    let process = |&(pid, command, microjoules, ended): &Ran| ProcessFrame {
        id: ProcessId { pid, start: u64::from(pid) },
        identity: Arc::new(Identity { name: format!("c{command}"), ..Identity::default() }),
        ended,
        share: Share {
            cpu_time: Duration::from_nanos(microjoules),
            energy: energy(microjoules),
            ..Share::default()
        },
        work: None,
        progress: None,
        parts: crate::frame::Parts::new(),
        intensity: 1.0,
        gpus: Vec::new(),
        threads: Vec::new(),
    };
    let total = ran.iter().map(|one| one.2).sum::<u64>() + idle;
    // The time nobody ran is as long as its energy is large.
    let idle =
        Share { cpu_time: Duration::from_nanos(idle), energy: energy(idle), ..Share::default() };
    let processes = ran.iter().map(process).collect();
    let frame = Frame { processes, total: energy(total), idle, ..frame };
    let intensity = Arc::new(Intensity::world());
    Tick { frame, intensity, placed: Vec::new(), findings: Vec::new() }
}

fn energies(totals: &Totals) -> Vec<(String, u64)> {
    let energy = |sum: &Sum| sum.share.energy.total().map_or(0, |energy| energy.0);
    totals.rows().map(|(key, sum)| (key.label, energy(sum))).collect()
}

#[test]
fn a_process_stays_where_it_was_and_what_ended_stays_counted() {
    let mut totals = Totals::new(Grouping::Command);
    totals.push(&tick(0, &[(1, 1, 10, false), (2, 2, 5, true)], 3));
    // The first has become another command.
    totals.push(&tick(1, &[(1, 2, 7, false)], 2));
    assert_eq!(energies(&totals), [("c1".into(), 10), ("c2".into(), 12)]);
    assert_eq!(totals.whole().share.energy.total(), Some(Microjoules(27)));
    assert_eq!(totals.other_rows()[0].share.energy.total(), Some(Microjoules(5)));
    assert_eq!(totals.elapsed(), Duration::from_secs(2));
}

#[test]
fn the_smallest_that_nobody_lives_in_are_folded_first() {
    let mut totals = Totals::new(Grouping::Command);
    let ran = [(1, 1, 1, false), (2, 2, 9, true), (3, 3, 8, true), (4, 4, 7, true)];
    totals.push_within(&tick(0, &ran, 0), 3);
    // One more than must be goes, so that not every interval sorts.
    let kept = [("c1".into(), 1), ("c2".into(), 9), ("(2 others)".into(), 15)];
    assert_eq!(energies(&totals), kept);
    // Its number was given again: the first is no more, though nobody told.
    let mut again = tick(1, &[(1, 5, 6, false), (6, 6, 7, false)], 0);
    again.frame.processes[0].id.start = 77;
    totals.push_within(&again, 3);
    let kept = [("c5".into(), 6), ("c6".into(), 7), ("(4 others)".into(), 25)];
    assert_eq!(energies(&totals), kept);
}

proptest! {
    /// Whoever comes, goes and changes, groups and the other rows are the machine.
    #[test]
    fn sums_are_the_total_to_the_microjoule_and_bounded(
        intervals in proptest::collection::vec(
            (proptest::collection::btree_map(1..40_u32, (0..30_u32, 0..1_000_000_u64, any::<bool>()), 0..12),
             0..1_000_000_u64),
            1..30,
        ),
        most in 1..20_usize,
    ) {
        let mut totals = Totals::new(Grouping::Command);
        let (mut energy, mut time, mut nobody_ran) = (0, 0, 0);
        let mut living = BTreeMap::new();
        for (second, (ran, idle)) in intervals.iter().enumerate() {
            let ran: Vec<Ran> =
                ran.iter().map(|(pid, (command, used, ended))| (*pid, *command, *used, *ended)).collect();
            energy += ran.iter().map(|one| one.2).sum::<u64>() + idle;
            time += ran.iter().map(|one| one.2).sum::<u64>();
            nobody_ran += idle;
            living.extend(ran.iter().map(|(pid, _, _, ended)| (*pid, !ended)));
            totals.push_within(&tick(second as u64, &ran, *idle), most);
            prop_assert!(totals.rows.len() <= most);
            let known: BTreeSet<u32> = totals.living.keys().copied().collect();
            let alive = living.iter().filter(|(_, lives)| **lives).map(|(pid, _)| *pid);
            prop_assert_eq!(known, alive.collect::<BTreeSet<u32>>(), "whoever ended is gone");
        }
        let mut sum = Sum::default();
        for row in totals.rows().map(|(_, row)| row).chain(totals.other_rows()) {
            sum.merge(row);
        }
        prop_assert_eq!(sum.share.energy.total(), Some(Microjoules(energy)));
        prop_assert_eq!(sum.share.energy.total(), totals.whole().share.energy.total());
        prop_assert_eq!(sum.share.cpu_time, Duration::from_nanos(time + nobody_ran));
        prop_assert_eq!(totals.whole().share.cpu_time, Duration::from_nanos(time));
        prop_assert!((sum.grams.0 - totals.whole().grams.0).abs() < 1e-9);
    }
}
