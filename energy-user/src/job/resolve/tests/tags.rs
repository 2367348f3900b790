//! Names that people give and take away, for a process and all that comes from it.

use super::*;

#[test]
fn a_tag_is_for_a_process_and_its_descendants_and_ends_with_it() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "make all", UNIT);
    machine.begin(11, 10, "cc1", BOX);
    machine.begin(12, 11, "as", BOX);
    // As `/proc` tells the start: in whole ticks.
    machine.jobs.tag(ProcessId { pid: 11, start: 11 * TICK_NS }, "mine");
    let expected = [(10, "make all"), (11, "mine"), (12, "mine")];
    assert_eq!(machine.names(), names(&expected));
    machine.frame(&[11]);
    for _ in 0..5 {
        machine.frame(&[]);
    }
    assert_eq!(machine.names(), names(&[(10, "make all"), (12, "mine")]));
    assert!(machine.jobs.tags.is_empty());
    // The number again, another process.
    let again = ProcessId { pid: 11, start: 900 * TICK_NS };
    let other = Arc::new(identity(&[UNIT], &[], "other"));
    let job = machine.place(again, &other, Some(id(10)));
    assert_eq!(job.unwrap().name, "make all");
}

#[test]
fn a_tag_comes_and_goes_for_all_that_came_from_it() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "make all", UNIT);
    machine.begin(11, 10, "sh", UNIT);
    machine.begin(12, 11, "sh", UNIT);
    machine.begin(13, 12, "cc1", UNIT);
    // Those between are long forgotten.
    machine.frame(&[11, 12]);
    for _ in 0..KEPT + 2 {
        machine.frame(&[]);
    }
    let told = |machine: &mut Machine, change| {
        machine.jobs.tags(vec![change]);
        machine.names()
    };
    let given = |name: &str| Change::Given(id(10), name.into());
    let all = |name| names(&[(10, name), (13, name)]);
    assert_eq!(told(&mut machine, given("mine")), all("mine"));
    assert_eq!(machine.frame(&[])[&13].root, id(10));
    assert_eq!(told(&mut machine, given("ours")), all("ours"));
    assert_eq!(told(&mut machine, Change::Taken(id(10))), all("make all"));
    assert_eq!(told(&mut machine, given("mine")), all("mine"));
    // The orphans keep it when it has ended, whatever becomes of the file.
    machine.frame(&[10]);
    assert_eq!(told(&mut machine, Change::Over(id(10))), names(&[(13, "mine")]));
    for _ in 0..KEPT + 2 {
        machine.frame(&[]);
    }
    assert_eq!(told(&mut machine, Change::Over(id(10))), names(&[(13, "mine")]));
    assert!(machine.jobs.tags.is_empty());
    // One that nobody else knows takes no room for ever.
    machine.jobs.tags(vec![Change::Given(id(70), "x".into()), Change::Over(id(70))]);
    assert!(machine.jobs.tags.is_empty());
}

#[test]
fn a_tag_is_stronger_than_all_and_a_nearer_one_than_a_farther() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "bash run.sh", UNIT);
    let worker = |rank| {
        let env = [("SLURM_JOB_ID", "5"), ("JOULETOP_JOB", "a"), ("PMI_RANK", rank)];
        identity(&[BOX], &env, "worker")
    };
    machine.put(11, 10, worker("0"));
    machine.put(12, 11, worker("1"));
    machine.begin(13, 12, "x", UNIT);
    machine.jobs.tags(vec![Change::Given(id(10), "outer".into())]);
    let placed = machine.frame(&[]);
    assert!(placed.values().all(|placed| name(placed) == "outer" && placed.root == id(10)));
    let rank = |pid| placed[&pid].job.as_ref().unwrap().rank;
    assert_eq!([10, 11, 12, 13].map(rank), [None, Some(0), Some(1), None]);
    machine.jobs.tags(vec![Change::Given(id(12), "inner".into())]);
    let expected = [(10, "outer"), (11, "outer"), (12, "inner"), (13, "inner")];
    assert_eq!(machine.names(), names(&expected));
}
