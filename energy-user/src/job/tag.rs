//! A job that somebody named: `JOULETOP_JOB=name command`.
//!
//! What people say outright is stronger than anything that could be found out. Two users who
//! choose one name have two jobs.

use super::{Facts, Job, Kind};

/// The job that the environment names.
pub fn of(facts: &Facts<'_>) -> Option<Job> {
    Some(named(facts.var("JOULETOP_JOB")?, facts.user))
}

/// The job of a user's name for it.
pub fn named(name: &str, user: Option<&str>) -> Job {
    let id = match user {
        Some(user) => format!("tag {user}/{name}"),
        None => format!("tag {name}"),
    };
    Job::new(Kind::Tag, id, name)
}

#[cfg(test)]
pub(super) const EXAMPLES: &[super::table::Example] = &[
    (
        "docs/jobs.md: a variable before a command",
        &["/user.slice/user-1000.slice/session-3.scope"],
        &[("JOULETOP_JOB", "bert")],
        "python train.py",
        "tag alice/bert | bert",
    ),
    (
        "docs/jobs.md: a name is stronger than a scheduler",
        &["/system.slice/slurmstepd.scope/job_7/step_0/user/task_0"],
        &[("JOULETOP_JOB", "sweep 3"), ("RANK", "2"), ("WORLD_SIZE", "4")],
        "python train.py",
        "tag alice/sweep 3 | sweep 3 | rank 2",
    ),
    ("hostile: nothing but spaces is no name", &["/"], &[("JOULETOP_JOB", "  ")], "sleep 1", ""),
    (
        "hostile: a name that would move the cursor, of bytes that were not UTF-8",
        &[],
        &[("JOULETOP_JOB", "a\u{1b}[2Jb\u{fffd}")],
        "sleep 1",
        "tag alice/a\u{1b}[2Jb\u{fffd} | a\u{fffd}[2Jb\u{fffd}",
    ),
];
