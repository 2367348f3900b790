use proptest::prelude::*;

use super::*;
use crate::job::{
    Kind,
    table::{anybody, identity},
};

const LOGIN: &str = "/user.slice/user-1000.slice/session-3.scope";
const UNIT: &str = "/system.slice/web.service";
const BOX: &str = "/docker/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900";
const KERNEL: &str = "python -m ipykernel_launcher -f /r/kernel-";

/// A machine on which each process is one line: pid, parent, command, control group.
#[derive(Default)]
struct Machine {
    jobs: Jobs,
    known: BTreeMap<u32, (ProcessId, Arc<Identity>)>,
    births: Vec<Birth>,
}

fn id(pid: u32) -> ProcessId {
    ProcessId { pid, start: u64::from(pid) * GRAIN_NS + 7 }
}

impl Machine {
    fn begin(&mut self, pid: u32, parent: u32, cmdline: &str, group: &str) {
        self.put(pid, parent, identity(&[group], &[], cmdline));
    }

    fn put(&mut self, pid: u32, parent: u32, identity: Identity) {
        // A shell in these tests leads a session if its pid is a multiple of 100.
        let session = Some(pid / 100 * 100);
        self.known.insert(pid, (id(pid), Arc::new(Identity { session, ..identity })));
        if parent > 0 {
            self.births.push(Birth { child: id(pid), parent: id(parent) });
        }
    }

    /// A process in a process group.
    fn grouped(&mut self, pid: u32, parent: u32, pgrp: u32, cmdline: &str) {
        let pgrp = Some(pgrp);
        self.put(pid, parent, Identity { pgrp, ..identity(&[LOGIN], &[], cmdline) });
    }

    /// A frame in which everybody ran, and these ended.
    fn frame(&mut self, ended: &[u32]) -> BTreeMap<u32, Placed> {
        let births = std::mem::take(&mut self.births);
        let known = self.known.values();
        let processes = known.map(|(id, identity)| (*id, identity, ended.contains(&id.pid)));
        let placed = self.jobs.observe(&births, processes);
        let placed = self.known.keys().copied().zip(placed).collect();
        self.known.retain(|pid, _| !ended.contains(pid));
        placed
    }

    /// Names of the jobs of everybody.
    fn names(&mut self) -> Vec<(u32, String)> {
        let placed = self.frame(&[]);
        placed.iter().map(|(pid, placed)| (*pid, name(placed))).collect()
    }
}

fn name(placed: &Placed) -> String {
    placed.job.as_ref().map_or("-".into(), |job| job.name.clone())
}

fn names(table: &[(u32, &str)]) -> Vec<(u32, String)> {
    table.iter().map(|(pid, name)| (*pid, (*name).into())).collect()
}

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
    assert_eq!(machine.jobs.len(), 2);
    // What the orphan begins now is of the job, too.
    machine.begin(53, 52, "./helper", UNIT);
    let expected = [(1, "init.scope"), (52, "mpirun lmp"), (53, "mpirun lmp")];
    assert_eq!(machine.names(), names(&expected));
    assert_eq!(machine.frame(&[])[&53].root, id(50));
}

#[test]
fn who_begins_himself_anew_forever_fills_no_memory() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "make -j2 all", UNIT);
    machine.frame(&[]);
    for pid in 11..500 {
        machine.begin(pid, pid - 1, "./again", UNIT);
        let placed = machine.frame(&[pid - 1]);
        assert_eq!(name(&placed[&pid]), "make all", "{pid}");
        assert!(machine.jobs.len() <= 6, "{}", machine.jobs.len());
    }
}

#[test]
fn lost_ends_fill_no_memory() {
    let mut machine = Machine::default();
    machine.begin(1, 0, "/sbin/init", "/init.scope");
    machine.births.extend((2..MOST as u32 + 2).map(|pid| Birth { child: id(pid), parent: id(1) }));
    assert_eq!(machine.frame(&[]).len(), 1);
    assert_eq!(machine.jobs.len(), MOST / 2);
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
fn a_prompt_that_a_launcher_opened_is_the_launchers() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "make menuconfig", UNIT);
    machine.begin(100, 10, "bash", UNIT);
    machine.begin(101, 100, "python a.py", UNIT);
    let make = "make menuconfig";
    assert_eq!(machine.names(), names(&[(10, make), (100, make), (101, make)]));
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
fn a_script_typed_at_a_prompt_is_one_job_with_the_launchers_in_it() {
    let mut machine = Machine::default();
    machine.begin(100, 0, "-bash", LOGIN);
    machine.begin(101, 100, "bash ./run.sh", LOGIN);
    machine.begin(102, 101, "make data", LOGIN);
    machine.begin(103, 101, "python torchrun train.py", LOGIN);
    machine.begin(104, 103, "/x/ray/raylet --x", LOGIN);
    let run = "bash run.sh";
    let expected = [(100, "session 3 of alice"), (101, run), (102, run), (103, run), (104, run)];
    assert_eq!(machine.names(), names(&expected));
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
fn prompts_behind_sudo_and_tmux_are_prompts_and_a_subshell_is_none() {
    let mut machine = Machine::default();
    machine.begin(100, 0, "-bash", LOGIN);
    machine.begin(101, 100, "sudo -i", LOGIN);
    machine.begin(102, 101, "-bash", LOGIN);
    machine.begin(103, 102, "python a.py", LOGIN);
    machine.begin(104, 102, "python b.py", LOGIN);
    // ( python c.py; python d.py )
    machine.begin(105, 100, "-bash", LOGIN);
    machine.begin(106, 105, "python c.py", LOGIN);
    machine.begin(107, 100, "tmux", LOGIN);
    machine.begin(200, 107, "-bash", LOGIN);
    machine.begin(201, 200, "python e.py", LOGIN);
    // curl ... | bash
    machine.begin(108, 100, "bash", LOGIN);
    machine.begin(109, 108, "make", LOGIN);
    let expected = [
        (100, "session 3 of alice"),
        (101, "sudo"),
        (102, "sudo"),
        (103, "python a.py"),
        (104, "python b.py"),
        (105, "bash"),
        (106, "bash"),
        (107, "tmux"),
        (108, "bash"),
        (109, "bash"),
        (200, "tmux"),
        (201, "python e.py"),
    ];
    assert_eq!(machine.names(), names(&expected));
    let placed = machine.frame(&[]);
    assert_ne!(placed[&106].job, placed[&109].job, "two jobs of one name");
}

#[test]
fn a_command_has_the_name_of_what_it_runs_now() {
    let mut machine = Machine::default();
    machine.begin(100, 0, "-bash", LOGIN);
    // Before it runs another program, a child is a copy of the shell.
    machine.begin(101, 100, "-bash", LOGIN);
    machine.begin(102, 101, "x", LOGIN);
    machine.begin(103, 100, "python y.py", LOGIN);
    assert_eq!(name(&machine.frame(&[])[&102]), "bash");
    machine.begin(101, 0, "mpirun ./a.out", LOGIN);
    assert_eq!(name(&machine.frame(&[])[&102]), "mpirun a.out");
    // What has been a launcher stays one; what was typed stays typed when the shell is gone.
    machine.begin(101, 0, "renamed", LOGIN);
    machine.begin(100, 0, "python shell-became-this.py", LOGIN);
    let placed = machine.frame(&[]);
    assert_eq!(name(&placed[&102]), "mpirun a.out");
    assert_eq!(name(&placed[&103]), "python y.py");
}

#[test]
fn what_jouletop_runs_is_a_job_of_its_own() {
    let mut machine = Machine::default();
    machine.begin(100, 0, "-bash", LOGIN);
    let tool = identity(&[LOGIN], &[], "jouletop run -- python train.py");
    machine.put(101, 100, Identity { kind: sample::Kind::Tool, ..tool });
    machine.begin(102, 101, "python train.py", LOGIN);
    let expected = [(100, "session 3 of alice"), (101, "jouletop"), (102, "python train.py")];
    assert_eq!(machine.names(), names(&expected));
}

#[test]
fn a_tag_is_for_a_process_and_its_descendants_and_ends_with_it() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "make all", UNIT);
    machine.begin(11, 10, "cc1", BOX);
    machine.begin(12, 11, "as", BOX);
    // As `/proc` tells the start: in whole ticks.
    machine.jobs.tag(ProcessId { pid: 11, start: 11 * GRAIN_NS }, "mine");
    let expected = [(10, "make all"), (11, "mine"), (12, "mine")];
    assert_eq!(machine.names(), names(&expected));
    machine.frame(&[11]);
    for _ in 0..5 {
        machine.frame(&[]);
    }
    assert_eq!(machine.names(), names(&[(10, "make all"), (12, "mine")]));
    assert!(machine.jobs.tags.is_empty());
    // The number again, another process.
    let again = ProcessId { pid: 11, start: 900 * GRAIN_NS };
    let other = Arc::new(identity(&[UNIT], &[], "other"));
    let job = machine.jobs.of(again, &other, Some(id(10)));
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

/// Where it is from; the shell; processes by number, parent, process group and command; the job
/// of each.
type Line = (
    &'static str,
    &'static str,
    &'static [(u32, u32, u32, &'static str)],
    &'static [(u32, &'static str)],
);

const LINES: &[Line] = &[
    (
        "bash(1), JOB CONTROL: a pipeline is a process group",
        "-bash",
        &[(101, 100, 101, "zcat x.gz"), (102, 100, 101, "sort"), (103, 100, 101, "python a.py")],
        &[(101, "zcat | sort | python a.py"), (102, "="), (103, "=")],
    ),
    (
        "bash(1), Compound Commands: (list) is a copy of the shell, with what it runs",
        "bash",
        &[
            (101, 100, 101, "bash"),
            (102, 100, 101, "tee log"),
            (103, 101, 101, "make"),
            (104, 103, 101, "cc1"),
            (105, 101, 101, "make test"),
        ],
        &[(101, "bash | tee"), (102, "="), (103, "="), (104, "="), (105, "=")],
    ),
    (
        "setpgid(2): a command alone leads its group; two of them are two",
        "-zsh",
        &[(101, 100, 101, "python a.py"), (102, 101, 101, "python a.py"), (103, 100, 103, "b &")],
        &[(101, "python a.py"), (102, "="), (103, "b")],
    ),
    (
        "zshoptions(1), MONITOR: the same in zsh",
        "/usr/bin/zsh -l",
        &[(101, 100, 101, "yes"), (102, 100, 101, "head -n 9")],
        &[(101, "yes | head"), (102, "=")],
    ),
    (
        "fish: src/proc.rs, a job group has a pgid",
        "fish",
        &[(101, 100, 101, "cat"), (102, 100, 101, "wc")],
        &[(101, "cat | wc"), (102, "=")],
    ),
    (
        "dash(1), -m: interactive shells have job control",
        "sh -i",
        &[(101, 100, 101, "cat"), (102, 100, 101, "wc")],
        &[(101, "cat | wc"), (102, "=")],
    ),
    (
        "make(1): the launcher that leads a pipeline names it",
        "-bash",
        &[(101, 100, 101, "make all"), (102, 101, 101, "cc1"), (103, 100, 101, "tee log")],
        &[(101, "make all"), (102, "="), (103, "=")],
    ),
    (
        "torchrun that reads from a pipe: the pipeline is named by all",
        "-bash",
        &[
            (101, 100, 101, "cat x"),
            (102, 100, 101, "torchrun a.py"),
            (103, 102, 101, "python a.py"),
        ],
        &[(101, "cat | torchrun"), (102, "="), (103, "=")],
    ),
    (
        "the first command ended before anybody looked",
        "-bash",
        &[(102, 100, 101, "sort"), (103, 100, 101, "uniq")],
        &[(102, "sort | uniq"), (103, "=")],
    ),
    (
        "bash(1), Command Substitution: in the shell's own group, as PROMPT_COMMAND",
        "-bash",
        &[(101, 100, 100, "git branch"), (102, 100, 100, "sed")],
        &[(101, "git"), (102, "sed")],
    ),
    (
        "bash(1), set +m: no job control, no groups",
        "bash -i",
        &[(101, 100, 100, "a"), (102, 100, 100, "b")],
        &[(101, "a"), (102, "b")],
    ),
    (
        "a script: all of it is in the group that the prompt made for it",
        "-bash",
        &[
            (101, 100, 101, "bash ./run.sh"),
            (102, 101, 101, "a"),
            (103, 101, 101, "b"),
            (104, 101, 101, "make"),
        ],
        &[(101, "bash run.sh"), (102, "="), (103, "="), (104, "=")],
    ),
    (
        "a script with `set -m`: its groups are no commands of a prompt",
        "-bash",
        &[(101, 100, 101, "bash ./run.sh"), (102, 101, 102, "a"), (103, 101, 102, "b")],
        &[(101, "bash run.sh"), (102, "="), (103, "=")],
    ),
    (
        "cron(8): sh -c with a pipe is at no prompt",
        "/bin/sh -c a | b",
        &[(101, 100, 100, "a"), (102, 100, 100, "b")],
        &[],
    ),
];

#[test]
fn a_pipeline_at_a_prompt_is_one_job() {
    for (origin, shell, processes, expected) in LINES {
        let mut machine = Machine::default();
        machine.grouped(100, 0, 100, shell);
        for (pid, parent, pgrp, cmdline) in *processes {
            machine.grouped(*pid, *parent, *pgrp, cmdline);
        }
        let placed = machine.frame(&[]);
        let ids = |pid: &u32| placed[pid].job.as_ref().unwrap().id.clone();
        let mut first = None;
        for (pid, expected) in *expected {
            if *expected == "=" {
                assert_eq!(Some(ids(pid)), first, "{origin}: {pid}");
            } else {
                assert_eq!(name(&placed[pid]), *expected, "{origin}: {pid}");
                assert_ne!(Some(ids(pid)), first, "{origin}: {pid}");
                first = Some(ids(pid));
            }
        }
        if expected.is_empty() {
            let jobs: Vec<_> = placed.values().map(name).collect();
            assert!(jobs.iter().all(|job| *job == jobs[0]), "{origin}: {jobs:?}");
        }
    }
}

#[test]
fn a_pipeline_keeps_its_number_when_its_first_command_ends_and_others_come() {
    let mut machine = Machine::default();
    machine.grouped(100, 0, 100, "-bash");
    machine.grouped(101, 100, 101, "zcat");
    machine.grouped(103, 100, 101, "sort");
    let number = |placed: &Placed| placed.job.as_ref().unwrap().id.clone();
    let before = number(&machine.frame(&[101])[&103]);
    assert_eq!(before, format!("command 101.{}", id(101).start));
    for _ in 0..KEPT + 2 {
        assert_eq!(number(&machine.frame(&[])[&103]), before);
    }
    // One that slept until now.
    machine.grouped(102, 100, 101, "grep x");
    // The shell hangs up.
    let placed = machine.frame(&[100]);
    assert_eq!(
        (number(&placed[&102]), name(&placed[&102])),
        (before.clone(), "zcat | grep | sort".into())
    );
    for _ in 0..KEPT + 2 {
        machine.frame(&[]);
    }
    let placed = machine.frame(&[]);
    assert_eq!([102, 103].map(|pid| number(&placed[&pid])), [before.clone(), before]);
    machine.frame(&[102, 103]);
    for _ in 0..KEPT + 2 {
        machine.frame(&[]);
    }
    assert!(machine.jobs.pipelines.is_empty());
}

#[test]
fn a_groups_number_that_is_used_again_is_another_command() {
    let mut machine = Machine::default();
    machine.grouped(100, 0, 100, "-bash");
    machine.grouped(101, 100, 101, "first");
    machine.grouped(102, 100, 101, "tee");
    machine.frame(&[101, 102]);
    let again = ProcessId { pid: 101, start: 900 * GRAIN_NS + 1 };
    let second = Identity { pgrp: Some(101), ..identity(&[LOGIN], &[], "second") };
    let job = machine.jobs.of(again, &Arc::new(second), Some(id(100))).unwrap();
    assert_eq!(
        (job.name.as_str(), job.id.clone()),
        ("second", format!("command 101.{}", again.start))
    );
}

#[test]
fn a_pipeline_of_thousands_has_a_short_name_and_fills_no_memory() {
    let mut machine = Machine::default();
    machine.grouped(100, 0, 100, "-bash");
    for pid in 101..3000 {
        machine.grouped(pid, 100, 101, "cat");
    }
    let placed = machine.frame(&[]);
    assert_eq!(name(&placed[&2999]), ["cat"; 8].join(" | "));
    assert!(placed.iter().all(|(pid, one)| *pid == 100 || one.job == placed[&101].job));
}

#[test]
fn a_number_that_is_used_again_is_somebody_else() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "make all", UNIT);
    machine.begin(11, 10, "cc1", UNIT);
    machine.frame(&[10]);
    let again = ProcessId { pid: 10, start: 999 * GRAIN_NS + 1 };
    let other = Arc::new(identity(&["/"], &[], "other"));
    assert_eq!(machine.jobs.of(again, &other, None), None);
    let child = ProcessId { pid: 12, start: 999 * GRAIN_NS + 2 };
    assert_eq!(machine.jobs.of(child, &other, Some(again)), None);
    assert_eq!(machine.names(), names(&[(11, "make all")]));
}

#[test]
fn a_parent_that_was_told_in_ticks_is_found_and_one_that_nobody_knows_is_asked_for() {
    let mut jobs = Jobs::new();
    let worker = Arc::new(identity(&["/"], &[], "worker"));
    let child = ProcessId { pid: 11, start: 11 * GRAIN_NS + 5 };
    let parent = ProcessId { pid: 10, start: 10 * GRAIN_NS };
    assert_eq!(jobs.of(child, &worker, Some(parent)), None);
    assert_eq!(jobs.strangers(), [parent]);
    let exact = ProcessId { pid: 10, start: 10 * GRAIN_NS + 3 };
    jobs.meet(exact, &Arc::new(identity(&["/"], &[], "ninja -C out")));
    assert_eq!(jobs.strangers(), []);
    assert_eq!(jobs.of(child, &worker, None).unwrap().name, "ninja");
    // Of two exact numbers in one tick, neither is the other.
    let other = ProcessId { pid: 10, start: 10 * GRAIN_NS + 4 };
    let late = ProcessId { pid: 12, start: 12 * GRAIN_NS + 1 };
    assert_eq!(jobs.of(late, &worker, Some(other)), None);
}

#[test]
fn nobody_is_his_own_ancestor() {
    let mut jobs = Jobs::new();
    let make = Arc::new(identity(&["/"], &[], "make"));
    let [a, b] = [1, 2].map(|pid| ProcessId { pid, start: 5 * GRAIN_NS + u64::from(pid) });
    jobs.born(a, b);
    assert_eq!(jobs.of(b, &make, Some(a)).unwrap().name, "make");
    assert_eq!(jobs.of(a, &make, Some(a)).unwrap().name, "make");
}

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
        prop_assert_eq!(forgets.len(), living.len());
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
