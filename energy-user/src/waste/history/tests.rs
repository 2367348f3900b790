//! The past stays bounded, and nothing in it is lost or counted twice before it is old.

use super::*;
use crate::{
    attribute::{Method, attribute},
    sample::{Activity, CpuTime, ProcessActivity, Sample},
};

/// A machine of two CPUs and what ran on it.
struct Bench {
    history: History,
    before: Sample,
}

impl Bench {
    fn new() -> Self {
        Self { history: History::default(), before: Sample::nothing(1) }
    }

    /// Some seconds in which processes, by number, parent and end, had half of a CPU each.
    fn pass(&mut self, seconds: u64, all: &[(u32, u32, bool)]) {
        let time = Duration::from_secs(seconds);
        let process = |&(pid, parent, ended): &(u32, u32, bool)| {
            let parent = (parent > 0).then_some(id(parent));
            let identity = Identity { name: format!("p{pid}"), parent, ..Identity::default() };
            let cpu = CpuTime(vec![(time / 2).as_nanos() as u64]);
            ProcessActivity::new(id(pid), Arc::new(identity), ended, cpu)
        };
        let next = Sample {
            time: self.before.time + time,
            monotonic: self.before.monotonic + time,
            activity: Activity {
                processes: all.iter().map(process).collect(),
                ..Activity::default()
            },
            ..self.before.clone()
        };
        let frame = attribute(&self.before, &next, &Method::default());
        self.history.push(&frame, &|_| None);
        self.before = next;
    }

    /// CPU time of a process over all that is kept.
    fn cpu(&self, pid: u32) -> Duration {
        let member = &self.history.members[&id(pid)];
        let buckets = self.history.slots().filter_map(|slot| member.bucket(slot));
        buckets.map(|bucket| bucket.cpu).sum()
    }
}

fn id(pid: u32) -> ProcessId {
    ProcessId { pid, start: u64::from(pid) * 1_000_000_000 }
}

#[test]
fn slots_of_any_interval_add_up_to_what_was_watched() {
    for seconds in [1, 3, 7, 60] {
        let mut bench = Bench::new();
        let times = 3600 / seconds;
        for _ in 0..times {
            bench.pass(seconds, &[(10, 0, false)]);
        }
        let watched: Duration = bench.history.slots().map(|slot| slot.span).sum();
        assert_eq!(watched, Duration::from_secs(times * seconds));
        assert_eq!(bench.cpu(10), watched / 2);
        let idle: Duration = bench.history.slots().map(|slot| slot.idle).sum();
        assert_eq!(idle, watched * 3 / 2, "a half of two CPUs is used by one");
        // From new to old, without a gap.
        let mut end = bench.history.now();
        for slot in bench.history.slots() {
            assert_eq!(slot.end, end);
            end -= slot.span;
        }
        assert_eq!(end, Duration::ZERO);
    }
}

#[test]
fn a_day_is_kept_and_no_more() {
    let mut bench = Bench::new();
    for _ in 0..2 * 1440 {
        bench.pass(60, &[(10, 0, false)]);
    }
    let (members, buckets, _) = bench.history.sizes();
    assert_eq!((members, buckets), (1, MOST_FINE + MOST_COARSE));
    // It rests for a day, and is forgotten.
    for _ in 0..2 * 1440 {
        bench.pass(60, &[]);
    }
    assert_eq!(bench.history.sizes().0, 0);
}

#[test]
fn very_many_processes_have_a_bounded_past() {
    let mut bench = Bench::new();
    for round in 0..40_u32 {
        let begin = 10 + round * 100;
        let all: Vec<_> = (begin..begin + 100).map(|pid| (pid, 0, false)).collect();
        bench.pass(10, &all);
        let ended: Vec<_> = all.iter().map(|&(pid, ..)| (pid, 0, true)).collect();
        bench.pass(10, &ended);
    }
    let (members, buckets, kin) = bench.history.sizes();
    assert_eq!(members, MOST_MEMBERS);
    assert!(buckets <= MOST_BUCKETS, "{buckets}");
    assert!(kin <= 4000, "{kin}");
    for _ in 0..200 {
        bench.pass(10, &[(5, 0, false)]);
    }
    let (_, _, kin) = bench.history.sizes();
    assert_eq!(kin, 1, "the dead are forgotten");
}

#[test]
fn who_lives_for_one_interval_has_no_past() {
    let mut bench = Bench::new();
    bench.pass(1, &[(10, 0, true), (11, 0, false)]);
    assert_eq!(bench.history.sizes().0, 1);
}

#[test]
fn descendants_are_one_subject_and_the_dead_are_still_kin() {
    let mut bench = Bench::new();
    bench.pass(10, &[(10, 1, false), (11, 10, false), (12, 11, false), (20, 1, false)]);
    let names = |bench: &Bench| {
        let subjects = bench.history.subjects();
        let one = |past: &Past| {
            let subject = past.subject(past.members.iter().map(|member| member.id));
            (subject.id, subject.processes.len())
        };
        subjects.iter().map(one).collect::<Vec<_>>()
    };
    let expected = [("tree 10".to_owned(), 3), ("process 20".to_owned(), 1)];
    assert_eq!(names(&bench), expected);
    // The one between ends; its child stays with the tree for as long as it lives.
    bench.pass(10, &[(11, 10, true), (12, 11, false)]);
    for _ in 0..100 {
        bench.pass(10, &[(12, 11, false), (20, 1, false)]);
    }
    assert_eq!(names(&bench)[0].0, "tree 10");
    let twelve = bench.history.kin().top(id(12));
    assert_eq!(bench.history.kin().named(twelve).unwrap().id, id(10));
}
