//! What is a storm, and what only looks like one.

use super::*;
use crate::sample::Io;

/// A second of a loop that does nothing but poll.
const POLLS: Progress = Progress {
    over: Duration::from_secs(1),
    user: Duration::from_millis(200),
    system: Duration::from_millis(800),
    voluntary: 0,
    involuntary: 9,
    faults: 0,
    io: Some(Io { bytes: 0, calls: 0 }),
    waited: None,
    threads: 1,
    partial: false,
    cpus: None,
    uncounted: Some(0),
};

fn of(progress: Progress) -> Option<Way> {
    stormy(&progress, &Spinning::default())
}

#[test]
fn a_storm_needs_all_of_its_signs() {
    assert_eq!(of(POLLS), Some(Way::Polls));
    let millis = Duration::from_millis;
    // 35 % in the kernel is not enough for polls, but for a storm of switches.
    let less = Progress { user: millis(650), system: millis(350), ..POLLS };
    assert_eq!(of(less), None);
    let storm = Progress { voluntary: 20_000, ..less };
    assert_eq!(of(storm), Some(Way::Switches));
    // 5,009 switches in a second of CPU time: 200 µs each.
    assert_eq!(of(Progress { voluntary: 5_000, ..less }), None);
    // The same switches in four seconds are too few each second.
    assert_eq!(of(Progress { over: Duration::from_secs(5), ..storm }), None);
    let light = Progress { user: millis(800), system: millis(200), ..storm };
    assert_eq!(of(light), None);
}

#[test]
fn what_moves_data_grows_or_may_do_so_unseen_is_none() {
    let io = |bytes| Some(Io { bytes, calls: 1 });
    assert_eq!(of(Progress { io: io(10_000), ..POLLS }), Some(Way::Polls));
    for working in [
        Progress { io: io(10_001), ..POLLS },
        Progress { io: None, ..POLLS },
        Progress { faults: 101, ..POLLS },
        Progress { uncounted: Some(1), ..POLLS },
        Progress { uncounted: None, ..POLLS },
        Progress::default(),
    ] {
        assert_eq!(of(working), None, "{working:?}");
    }
}

#[test]
fn a_loop_in_the_program_is_told_only_by_a_pmu() {
    let loops = Progress { user: POLLS.system, system: Duration::ZERO, ..POLLS };
    let way = |counted| {
        let mut bucket = Bucket::default();
        bucket.progress = Some(Box::new(loops));
        bucket.counted = counted;
        way(&bucket, &Spinning::default())
    };
    assert_eq!(way(None), None, "without a PMU it may be work");
    let counted = |instructions, misses| Counted { cycles: 1_000_000, instructions, misses };
    assert_eq!(way(Some(counted(50_000, Some(10)))), Some(Way::Pauses));
    assert_eq!(way(Some(counted(50_000, Some(500)))), None, "it waits for memory");
    assert_eq!(way(Some(counted(50_000, None))), None, "misses are not counted");
    assert_eq!(way(Some(counted(900_000, Some(10)))), None, "it works");
    assert_eq!(way(Some(Counted::default())), None);
}
