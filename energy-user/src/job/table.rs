//! Every rule against what real tools make: paths, environments, command lines.
//!
//! The tables stand beside the rules. Each example says where its shape is from.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// Where it is from; control groups; environment; command line; `ID | NAME | step STEP | rank N`,
/// or nothing where no rule may find a job. The process is of alice, uid 1000.
pub type Example = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

/// Examples of what a process carries with it.
const TABLES: [&[Example]; 7] = [
    tag::EXAMPLES,
    slurm::EXAMPLES,
    batch::EXAMPLES,
    kubernetes::EXAMPLES,
    container::EXAMPLES,
    systemd::EXAMPLES,
    session::EXAMPLES,
];

/// Examples of who begins a tree.
const TREES: [&[Example]; 2] = [notebook::BEGINNERS, launcher::BEGINNERS];

pub fn identity(groups: &[&str], env: &[(&str, &str)], cmdline: &str) -> Identity {
    let mut groups = groups.iter().map(|group| (*group).to_owned());
    Identity {
        name: cmdline.chars().take(15).collect(),
        cmdline: Some(cmdline.into()),
        uid: Some(1000),
        user: Some("alice".into()),
        cgroup: groups.next(),
        groups: groups.collect(),
        env: env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        ..Identity::default()
    }
}

fn show(job: Option<Job>) -> String {
    let Some(Job { id, name, rank, step, .. }) = job else { return String::new() };
    let step = step.map(|step| format!(" | step {step}")).unwrap_or_default();
    let rank = rank.map(|rank| format!(" | rank {rank}")).unwrap_or_default();
    format!("{id} | {name}{step}{rank}")
}

#[test]
fn what_a_process_carries_tells_its_job() {
    for (origin, groups, env, cmdline, expected) in TABLES.into_iter().flatten() {
        assert_eq!(show(Job::of(&identity(groups, env, cmdline))), *expected, "{origin}");
    }
}

#[test]
fn a_launchers_command_line_tells_what_it_begins() {
    for (origin, groups, env, cmdline, expected) in TREES.into_iter().flatten() {
        assert_eq!(show(Job::begun_by(&identity(groups, env, cmdline))), *expected, "{origin}");
    }
}

#[test]
fn there_are_many_examples_and_each_is_from_somewhere() {
    let all: Vec<_> = TABLES.into_iter().chain(TREES).flatten().collect();
    let origins: HashSet<_> = all.iter().map(|example| example.0).collect();
    assert!(all.len() >= 100, "{}", all.len());
    assert_eq!(origins.len(), all.len());
}

#[test]
fn every_variable_that_a_rule_asks_for_is_kept() {
    let used = TABLES.into_iter().chain(TREES).flatten().flat_map(|example| example.2);
    let used: HashSet<&str> = used.map(|(name, _)| *name).collect();
    for name in ENVIRONMENT.iter().filter(|name| !["PMIX_RANK", "PMI_RANK"].contains(name)) {
        assert!(used.contains(name), "{name} is in no example");
    }
}

#[test]
fn a_thread_of_the_kernel_has_no_job() {
    let mut thread = identity(&["/system.slice/nginx.service"], &[("JOULETOP_JOB", "a")], "make");
    thread.kind = sample::Kind::Kernel;
    assert_eq!((Job::of(&thread), Job::begun_by(&thread)), (None, None));
}

/// Text that is likely to be mistaken for something.
pub fn text() -> impl Strategy<Value = String> {
    let words = [
        "/",
        "slurm",
        "uid_1",
        "job_7",
        "step_0",
        "task_1",
        "slurmstepd.scope",
        "kubepods",
        "pod",
        "kubepods-burstable-pod2f1c8a7b_0d3e_4c5f_9a1b_0123456789ab.slice",
        ":",
        "docker",
        "lxc",
        "docker-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        "machine.slice",
        "machine-a.scope",
        "user@1000.service",
        "user-1000.slice",
        "a.service",
        "session-1.scope",
        "..",
        "\\x2d",
        "\\x",
        "\\xé",
        " ",
        "-m",
        "-c",
        "torchrun",
        "make",
        "mpirun",
        "-np",
        "python",
        "bash",
        "-bash",
        "x.py",
        "kernel-abcd.json",
        "=",
        "1",
        "é",
        "ipykernel_launcher",
        "99999999999999999999",
        "-",
        "4294967291",
        "ray",
        "start",
    ];
    let word = prop_oneof![3 => prop::sample::select(words.to_vec()).prop_map(String::from), 1 => any::<String>()];
    prop::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

/// Anybody.
pub fn anybody() -> impl Strategy<Value = Identity> {
    let env = prop::collection::btree_map(
        prop::sample::select(ENVIRONMENT.to_vec()).prop_map(String::from),
        text(),
        0..4,
    );
    let groups = prop::collection::vec(text(), 0..3);
    let path = prop::option::of(text());
    (any::<String>(), prop::option::of(text()), path, groups, env, any::<Option<u32>>()).prop_map(
        |(name, cmdline, cgroup, groups, env, uid)| Identity {
            name,
            cmdline,
            uid,
            user: uid.map(|uid| uid.to_string()),
            cgroup,
            groups,
            env,
            ..Identity::default()
        },
    )
}

proptest! {
    #[test]
    fn no_text_is_too_strange(identity in anybody()) {
        for job in [Job::of(&identity), Job::begun_by(&identity)].into_iter().flatten() {
            prop_assert!(!job.id.is_empty() && job.name.chars().count() <= LONGEST_NAME);
            prop_assert!(!job.name.chars().any(char::is_control));
        }
        let _ = command::called(&identity);
        let _ = shell::Shell::of(sample::ProcessId { pid: 1, start: 1 }, &identity);
    }

    #[test]
    fn the_first_rule_that_knows_decides(identity in anybody()) {
        let paths = paths(&identity);
        let facts = Facts::new(&identity, &paths);
        let strongest = CARRIED.iter().filter_map(|rule| rule(&facts)).map(|job| job.kind).min();
        prop_assert_eq!(Job::of(&identity).map(|job| job.kind), strongest);
    }
}
