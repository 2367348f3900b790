//! Of any forest: order, memory and names that come and go change nobody's place.

use proptest::prelude::*;

use super::*;
use crate::job::{Kind, table::anybody};

/// Who was begun by whom (an index among those before it), and whether he has ended.
type Forest = Vec<(Identity, Option<prop::sample::Index>, bool)>;

fn forest() -> impl Strategy<Value = Forest> {
    let command = prop::sample::select(vec![
        "-bash",
        "make all",
        "python torchrun train.py",
        "python x.py",
        "bash",
        "mpirun a.out",
        "python -m ipykernel_launcher -f /r/kernel-abcd.json",
        "sudo -i",
        "/sbin/init",
    ]);
    let group = prop::sample::select(vec!["/", LOGIN, UNIT, BOX, "/system.slice/run-r1.scope"]);
    let likely = (command, group).prop_map(|(command, group)| identity(&[group], &[], command));
    let leads = any::<bool>();
    let who = (prop_oneof![4 => likely, 1 => anybody()], leads)
        .prop_map(|(who, leads)| Identity { session: leads.then_some(0), ..who });
    // Few groups, so that many share one.
    let who = (who, prop::option::of(2..8_u32)).prop_map(|(who, pgrp)| Identity { pgrp, ..who });
    prop::collection::vec(
        (who, prop::option::weighted(0.9, any::<prop::sample::Index>()), any::<bool>()),
        1..24,
    )
}

/// Who, what is known of him, and whether he has ended.
type Process = (ProcessId, Arc<Identity>, bool);

/// The births and the processes of a forest, oldest first.
fn told(forest: Forest) -> (Vec<Birth>, Vec<Process>) {
    let (mut births, mut processes) = (Vec::new(), Vec::new());
    for (at, (mut who, parent, ended)) in forest.into_iter().enumerate() {
        let child = id(at as u32 + 2);
        who.session = who.session.map(|_| child.pid);
        if at > 0
            && let Some(parent) = parent
        {
            births.push(Birth { child, parent: id(parent.index(at) as u32 + 2) });
        }
        processes.push((child, Arc::new(who), ended));
    }
    (births, processes)
}

fn observe(
    jobs: &mut Jobs,
    births: &[Birth],
    processes: &[Process],
) -> BTreeMap<ProcessId, Placed> {
    let listed = processes.iter().map(|(id, identity, ended)| (*id, identity, *ended));
    let placed = jobs.observe(births, listed);
    assert_eq!(placed.len(), processes.len(), "everybody has one place");
    processes.iter().map(|(id, ..)| *id).zip(placed).collect()
}

proptest! {
    #[test]
    fn the_order_within_a_frame_does_not_matter(
        forest in forest(),
        keys in prop::collection::vec(any::<u64>(), 24),
    ) {
        let (births, processes) = told(forest);
        let expected = observe(&mut Jobs::new(), &births, &processes);
        let shuffled = |count: usize| {
            let mut order: Vec<_> = (0..count).collect();
            order.sort_by_key(|at| keys[*at]);
            order
        };
        let births: Vec<_> = shuffled(births.len()).into_iter().map(|at| births[at]).collect();
        let order = shuffled(processes.len());
        let processes: Vec<_> = order.into_iter().map(|at| processes[at].clone()).collect();
        prop_assert_eq!(observe(&mut Jobs::new(), &births, &processes), expected);
    }

    #[test]
    fn no_descent_takes_from_a_process_what_it_carries(forest in forest()) {
        let (births, processes) = told(forest);
        let placed = observe(&mut Jobs::new(), &births, &processes);
        for (id, identity, _) in &processes {
            let job = placed[id].job.as_ref();
            let own = Job::of(identity);
            if let Some(own) = own.as_ref().filter(|own| own.kind <= Kind::Container) {
                prop_assert_eq!(job.map(|job| &job.id), Some(&own.id));
            }
            prop_assert!(own.is_none() || job.is_some());
        }
    }

    #[test]
    fn to_forget_the_dead_changes_nothing_for_the_living(forest in forest()) {
        let (births, mut processes) = told(forest);
        let (mut forgets, mut remembers) = (Jobs::new(), Jobs::new());
        observe(&mut forgets, &births, &processes);
        let ended = std::mem::take(&mut processes);
        let alive = |ended: bool| move |(id, identity, _): &(_, _, bool)| (*id, Arc::clone(identity), ended);
        let immortal: Vec<_> = ended.iter().map(alive(false)).collect();
        observe(&mut remembers, &births, &immortal);
        let living: Vec<_> = ended.iter().filter(|(_, _, ended)| !ended).cloned().collect();
        for _ in 0..KEPT + 2 {
            let placed = observe(&mut forgets, &[], &living);
            prop_assert_eq!(placed, observe(&mut remembers, &[], &living));
        }
        prop_assert_eq!(forgets.entries.len(), living.len());
    }

    #[test]
    fn names_that_come_and_go_find_the_living_whoever_is_forgotten(
        forest in forest(),
        tags in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8), 1..8),
    ) {
        let (births, processes) = told(forest);
        let (mut forgets, mut remembers) = (Jobs::new(), Jobs::new());
        observe(&mut forgets, &births, &processes);
        let immortal: Vec<_> =
            processes.iter().map(|(id, identity, _)| (*id, Arc::clone(identity), false)).collect();
        observe(&mut remembers, &births, &immortal);
        let living: Vec<_> = processes.into_iter().filter(|(_, _, ended)| !ended).collect();
        for _ in 0..KEPT + 2 {
            observe(&mut forgets, &[], &living);
        }
        for (at, name) in tags.iter().filter(|_| !living.is_empty()) {
            let (id, ..) = living[at.index(living.len())];
            let change = match name {
                0 => Change::Taken(id),
                name => Change::Given(id, name.to_string()),
            };
            forgets.tags(vec![change.clone()]);
            remembers.tags(vec![change]);
            let placed = observe(&mut forgets, &[], &living);
            prop_assert_eq!(placed, observe(&mut remembers, &[], &living));
        }
    }

    #[test]
    fn a_place_that_is_remembered_is_the_one_that_would_be_found(
        forest in forest(),
        frames in prop::collection::vec(prop::collection::vec(any::<bool>(), 24), 2..8),
        names in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8), 8),
    ) {
        let (births, processes) = told(forest);
        let mut jobs = Jobs::new();
        for (frame, (at, name)) in frames.iter().zip(&names) {
            let told = |index: usize| frame.get(index).copied().unwrap_or(true);
            let some = |index: &usize| told(*index);
            let births: Vec<_> = (0..births.len()).filter(some).map(|at| births[at]).collect();
            let some: Vec<_> =
                (0..processes.len()).filter(some).map(|at| processes[at].clone()).collect();
            let change = match (processes.get(at.index(processes.len().max(1))), name) {
                (Some((id, ..)), 0) => vec![Change::Taken(*id)],
                (Some((id, ..)), 1) => vec![Change::Given(*id, "a name".into())],
                _ => Vec::new(),
            };
            jobs.tags(change);
            // One that takes nothing for granted.
            let mut anew = jobs.clone();
            anew.news += 1;
            let placed = observe(&mut jobs, &births, &some);
            prop_assert_eq!(placed, observe(&mut anew, &births, &some));
        }
    }

    #[test]
    fn a_job_that_is_in_no_rule_of_its_own_is_that_of_an_ancestor(forest in forest()) {
        let (births, processes) = told(forest);
        let placed = observe(&mut Jobs::new(), &births, &processes);
        for place in placed.values() {
            let id = |place: &Placed| place.job.as_ref().map(|job| job.id.clone());
            let root = &placed[&place.root];
            prop_assert_eq!(id(place), id(root));
            prop_assert_eq!(root.root, place.root);
        }
    }
}
