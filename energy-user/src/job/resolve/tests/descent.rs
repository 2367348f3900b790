//! Whoever comes from a launcher, a notebook or a command belongs to it, unless it carries more.

use super::*;

const KERNEL: &str = "python -m ipykernel_launcher -f /r/kernel-";

#[test]
fn two_trainings_in_one_login_are_two_jobs() {
    let mut machine = Machine::default();
    machine.begin(1, 0, "/sbin/init", "/init.scope");
    machine.begin(90, 1, "sshd: alice@pts/0", LOGIN);
    machine.begin(100, 90, "-bash", LOGIN);
    machine.begin(101, 100, "python torchrun --nproc_per_node 2 train.py", LOGIN);
    let worker =
        |rank| identity(&[LOGIN], &[("RANK", rank), ("WORLD_SIZE", "2")], "python train.py");
    machine.put(102, 101, worker("0"));
    machine.put(103, 101, worker("1"));
    machine.begin(104, 100, "python other.py", LOGIN);
    machine.begin(105, 104, "python other.py", LOGIN);
    let placed = machine.frame(&[]);
    let table = [
        (1, "init.scope", None, 1),
        (90, "session 3 of alice", None, 90),
        (100, "session 3 of alice", None, 90),
        (101, "torchrun train.py", None, 101),
        (102, "torchrun train.py", Some(0), 101),
        (103, "torchrun train.py", Some(1), 101),
        (104, "python other.py", None, 104),
        (105, "python other.py", None, 104),
    ];
    for (pid, expected, rank, root) in table {
        let Placed { job, root: found, .. } = &placed[&pid];
        let job = job.as_ref().unwrap();
        assert_eq!((job.name.as_str(), job.rank, found.pid), (expected, rank, root), "{pid}");
    }
    let launcher = format!("launcher 101.{}", id(101).start);
    assert_eq!(placed[&103].job.as_ref().unwrap().id, launcher);
    assert_eq!(&*placed[&103].root_name, "python torchrun");
    let command = format!("command 104.{}", id(104).start);
    assert_eq!(placed[&105].job.as_ref().unwrap().id, command);
}

#[test]
fn an_orphan_keeps_its_job_long_after_its_parents_are_forgotten() {
    let mut machine = Machine::default();
    machine.begin(1, 0, "/sbin/init", "/init.scope");
    machine.begin(50, 1, "mpirun -np 2 ./lmp", UNIT);
    machine.begin(51, 50, "sh wrapper", UNIT);
    machine.begin(52, 51, "./lmp", UNIT);
    machine.frame(&[51]);
    machine.frame(&[50]);
    for _ in 0..10 {
        machine.frame(&[]);
    }
    assert_eq!(machine.jobs.entries.len(), 2);
    // What the orphan begins now is of the job, too.
    machine.begin(53, 52, "./helper", UNIT);
    let expected = [(1, "init.scope"), (52, "mpirun lmp"), (53, "mpirun lmp")];
    assert_eq!(machine.names(), names(&expected));
    assert_eq!(machine.frame(&[])[&53].root, id(50));
}

#[test]
fn of_launchers_in_one_another_the_outermost_counts() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "mpirun -np 1 make", UNIT);
    machine.begin(11, 10, "make all", UNIT);
    machine.begin(12, 11, "make -C sub", UNIT);
    machine.begin(13, 12, "cc1", UNIT);
    machine.begin(20, 0, "make other", UNIT);
    machine.begin(30, 0, "web", UNIT);
    let expected = [
        (10, "mpirun make"),
        (11, "mpirun make"),
        (12, "mpirun make"),
        (13, "mpirun make"),
        (20, "make other"),
        (30, "web"),
    ];
    assert_eq!(machine.names(), names(&expected));
}

#[test]
fn nobodys_tree_has_init_for_its_root() {
    let mut machine = Machine::default();
    machine.begin(1, 0, "tini", "/");
    machine.begin(20, 1, "a", "/");
    machine.begin(21, 20, "b", "/");
    machine.begin(30, 1, "c", "/");
    let placed = machine.frame(&[]);
    let roots: Vec<_> = placed.values().map(|placed| placed.root.pid).collect();
    assert_eq!(roots, [1, 20, 20, 30]);
    assert!(placed.values().all(|placed| placed.job.is_none()));
}

#[test]
fn what_a_process_carries_is_stronger_than_whose_child_it_is() {
    let mut machine = Machine::default();
    machine.begin(100, 0, "-bash", LOGIN);
    machine.begin(101, 100, "make test", LOGIN);
    machine.begin(102, 101, "redis-server", BOX);
    machine.begin(103, 102, "make inside", BOX);
    machine.begin(104, 100, "python train.py", "/system.slice/run-r1.scope");
    machine.begin(105, 101, "daemon", "/system.slice/d.service");
    machine.put(106, 101, identity(&[LOGIN], &[("SLURM_JOB_ID", "5")], "x"));
    machine.put(107, 101, identity(&[LOGIN], &[("JOULETOP_JOB", "mine")], "x"));
    let expected = [
        (100, "session 3 of alice"),
        (101, "make test"),
        (102, "aa11bb22cc33"),
        (103, "aa11bb22cc33"),
        // It was typed at the prompt, and moved to a unit of its own.
        (104, "run-r1.scope"),
        (105, "make test"),
        (106, "5"),
        (107, "mine"),
    ];
    assert_eq!(machine.names(), names(&expected));
}

#[test]
fn each_kernel_of_a_notebook_is_a_job_with_all_that_its_cells_begin() {
    let mut machine = Machine::default();
    machine.begin(100, 0, "-zsh", LOGIN);
    machine.begin(101, 100, "python /usr/bin/jupyter-lab", LOGIN);
    let kernel = |file, number| {
        let env = [("JPY_PARENT_PID", "101"), ("JPY_SESSION_NAME", file)];
        identity(&[LOGIN], &env, &format!("{KERNEL}{number}.json"))
    };
    machine.put(102, 101, kernel("/n/a.ipynb", "aaaaaaaa-1"));
    machine.put(103, 101, kernel("/n/b.ipynb", "bbbbbbbb-1"));
    machine.begin(104, 102, "python torchrun train.py", LOGIN);
    // A process pool: a copy without a new program.
    machine.put(105, 103, kernel("/n/b.ipynb", "bbbbbbbb-1"));
    // papermill in a cell runs another notebook.
    machine.put(106, 103, kernel("/n/c.ipynb", "cccccccc-1"));
    let expected = [
        (100, "session 3 of alice"),
        (101, "python jupyter-lab"),
        (102, "notebook a.ipynb"),
        (103, "notebook b.ipynb"),
        (104, "notebook a.ipynb"),
        (105, "notebook b.ipynb"),
        (106, "notebook c.ipynb"),
    ];
    assert_eq!(machine.names(), names(&expected));
    let placed = machine.frame(&[]);
    assert_eq!(placed[&103].job, placed[&105].job);
}

#[test]
fn a_parent_that_was_told_in_ticks_is_found() {
    let mut jobs = Jobs::new();
    let worker = Arc::new(identity(&["/"], &[], "worker"));
    let child = ProcessId { pid: 11, start: 11 * TICK_NS + 5 };
    let parent = ProcessId { pid: 10, start: 10 * TICK_NS };
    assert_eq!(of(&mut jobs, child, &worker, Some(parent)), None);
    let exact = ProcessId { pid: 10, start: 10 * TICK_NS + 3 };
    jobs.meet(exact, &Arc::new(identity(&["/"], &[], "ninja -C out")));
    assert_eq!(of(&mut jobs, child, &worker, None).unwrap().name, "ninja");
    // Of two exact numbers in one tick, neither is the other.
    let other = ProcessId { pid: 10, start: 10 * TICK_NS + 4 };
    let late = ProcessId { pid: 12, start: 12 * TICK_NS + 1 };
    assert_eq!(of(&mut jobs, late, &worker, Some(other)), None);
}

#[test]
fn nobody_is_his_own_ancestor() {
    let mut jobs = Jobs::new();
    let make = Arc::new(identity(&["/"], &[], "make"));
    let [a, b] = [1, 2].map(|pid| ProcessId { pid, start: 5 * TICK_NS + u64::from(pid) });
    jobs.born(a, b);
    assert_eq!(of(&mut jobs, b, &make, Some(a)).unwrap().name, "make");
    assert_eq!(of(&mut jobs, a, &make, Some(a)).unwrap().name, "make");
}
