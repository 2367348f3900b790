//! A pipeline at a prompt is one job, by its process group.

use super::*;

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
    let again = ProcessId { pid: 101, start: 900 * TICK_NS + 1 };
    let second = Identity { pgrp: Some(101), ..identity(&[LOGIN], &[], "second") };
    let job = machine.place(again, &Arc::new(second), Some(id(100))).unwrap();
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
