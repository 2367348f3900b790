use proptest::prelude::*;

use super::*;
use crate::{
    frame::Energy,
    group::totals::tests::{Ran, tick},
};

/// Exact microjoules of a figure.
fn microjoules(joules: Option<f64>) -> u64 {
    (joules.unwrap_or_default() * 1e6).round() as u64
}

proptest! {
    /// However many groups are folded, and though that happens in the interval itself.
    #[test]
    fn the_rows_of_an_interval_have_all_of_its_processes(
        intervals in prop::collection::vec(
            prop::collection::btree_map(1..40_u32, (0..30_u32, 0..1_000_000_u64, any::<bool>()), 0..12),
            1..12,
        ),
        most in 1..20_usize,
    ) {
        let by = Grouping::Command;
        let mut totals = Totals::new(by);
        for (second, ran) in intervals.iter().enumerate() {
            let ran: Vec<Ran> =
                ran.iter().map(|(pid, (command, used, ended))| (*pid, *command, *used, *ended)).collect();
            let tick = tick(second as u64, &ran, 7);
            totals.push_within(&tick, most);
            let rows = GroupRecord::all(&tick, &totals, by);
            let processes: usize = rows.iter().map(|row| row.processes).sum();
            prop_assert_eq!(processes, ran.len());
            let energy: u64 = rows.iter().map(|row| microjoules(row.figures.energy_joules)).sum();
            prop_assert_eq!(energy, ran.iter().map(|one| one.2).sum::<u64>());
            let since: u64 =
                rows.iter().map(|row| microjoules(row.since_start.energy_joules)).sum();
            let groups = SinceStart::of(&totals).groups;
            prop_assert_eq!(since, microjoules(groups.energy_joules));
            // The table's first column says how many processes a row has.
            let table = table(&tick, &totals, by);
            let counted: usize = table
                .lines()
                .filter_map(|line| line.get(..9)?.trim().parse::<usize>().ok())
                .sum();
            prop_assert_eq!(counted, ran.len());
        }
    }
}

#[test]
fn who_was_there_only_while_no_meter_counted_has_no_energy() {
    let mut gap = tick(0, &[(1, 1, 5, true)], 0);
    for share in [&mut gap.frame.processes[0].share, &mut gap.frame.idle] {
        share.energy = Energy::default();
    }
    gap.frame.total = Energy::default();
    let mut totals = Totals::new(Grouping::Command);
    totals.push(&gap);
    let none = SinceStart::of(&totals);
    assert_eq!((none.whole.energy_joules, none.groups.energy_joules), (None, None));
    let counted = tick(1, &[(2, 2, 3_000_000, false)], 0);
    totals.push(&counted);
    let rows = GroupRecord::all(&counted, &totals, Grouping::Command);
    let since: Vec<_> =
        rows.iter().map(|row| (row.label.as_str(), row.since_start.energy_joules)).collect();
    assert_eq!(since, [("c1", None), ("c2", Some(3.0))]);
    assert_eq!(rows[0].since_start.co2e_grams, None);
    assert_eq!(SinceStart::of(&totals).groups.energy_joules, Some(3.0));
    // Nobody, while a meter counted, is a measurement.
    let mut nobody = Totals::new(Grouping::Command);
    nobody.push(&tick(0, &[], 3));
    assert_eq!(SinceStart::of(&nobody).groups.energy_joules, Some(0.0));
}

#[test]
fn groups_that_are_not_kept_apart_are_counted_as_so_many() {
    let mut totals = Totals::new(Grouping::Command);
    let ran = [(1, 1, 1, true), (2, 2, 2, true), (3, 3, 3, true), (4, 4, 4, true)];
    totals.push_within(&tick(0, &ran, 0), 2);
    let folded = totals.folded();
    assert!(folded >= 2, "{folded}");
    let quiet = tick(1, &[], 0);
    totals.push_within(&quiet, 2);
    let table = table(&quiet, &totals, Grouping::Command);
    assert!(table.contains("(4 more that did nothing)"), "{table}");
}
