//! What is remembered is bounded, and a number that is used again is somebody else.

use super::*;

#[test]
fn who_begins_himself_anew_forever_fills_no_memory() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "make -j2 all", UNIT);
    machine.frame(&[]);
    for pid in 11..500 {
        machine.begin(pid, pid - 1, "./again", UNIT);
        let placed = machine.frame(&[pid - 1]);
        assert_eq!(name(&placed[&pid]), "make all", "{pid}");
        assert!(machine.jobs.entries.len() <= 6, "{}", machine.jobs.entries.len());
    }
}

#[test]
fn lost_ends_fill_no_memory() {
    let mut machine = Machine::default();
    machine.begin(1, 0, "/sbin/init", "/init.scope");
    machine.births.extend((2..MOST as u32 + 2).map(|pid| Birth { child: id(pid), parent: id(1) }));
    assert_eq!(machine.frame(&[]).len(), 1);
    assert_eq!(machine.jobs.entries.len(), MOST / 2);
}

#[test]
fn a_number_that_is_used_again_is_somebody_else() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "make all", UNIT);
    machine.begin(11, 10, "cc1", UNIT);
    machine.frame(&[10]);
    let again = ProcessId { pid: 10, start: 999 * TICK_NS + 1 };
    let other = Arc::new(identity(&["/"], &[], "other"));
    assert_eq!(machine.place(again, &other, None), None);
    let child = ProcessId { pid: 12, start: 999 * TICK_NS + 2 };
    assert_eq!(machine.place(child, &other, Some(again)), None);
    assert_eq!(machine.names(), names(&[(11, "make all")]));
}
