//! A job that somebody named: `JOULETOP_JOB=name command`, `jouletop tag PID NAME`.
//!
//! What people say outright is stronger than anything that could be found out. Two users who
//! choose one name have two jobs.

use super::{Facts, Job, Kind};
use crate::{present::figure::printable, sample::ProcessId};

/// Characters of a name; so many of a variable are kept too.
pub const LONGEST: usize = 256;

/// What was told of the names that people gave to processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A process and all that comes from it has this name now.
    Given(ProcessId, String),
    /// It has none any more.
    Taken(ProcessId),
    /// It has ended.
    Over(ProcessId),
}

/// Why a name is none; what to do stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing but spaces.
    #[error("a tag needs a name, such as: jouletop tag 4711 \"resnet run 3\"")]
    Empty,
    /// Control characters, or marks that reorder text.
    #[error("a name is shown in one line; leave out control characters and invisible marks")]
    Unprintable,
    /// Longer than [`LONGEST`].
    #[error("a name has at most {LONGEST} characters; use a shorter one")]
    Long,
}

/// A name without the spaces around it, as `JOULETOP_JOB` is read.
pub fn checked(name: &str) -> Result<&str, BadName> {
    let name = name.trim();
    match name {
        "" => Err(BadName::Empty),
        _ if printable(name) != name => Err(BadName::Unprintable),
        _ if name.chars().count() > LONGEST => Err(BadName::Long),
        _ => Ok(name),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_people_can_read() {
        assert_eq!(checked("  resnet run 3 "), Ok("resnet run 3"));
        assert_eq!(checked("größe | a/b"), Ok("größe | a/b"));
        assert_eq!(checked(&"é".repeat(LONGEST)), Ok("é".repeat(LONGEST).as_str()));
        for (bad, why) in [
            ("", BadName::Empty),
            (" \t\n", BadName::Empty),
            ("a\nb", BadName::Unprintable),
            ("a\u{1b}[2J", BadName::Unprintable),
            ("a\u{202e}b", BadName::Unprintable),
            (&"é".repeat(LONGEST + 1), BadName::Long),
        ] {
            assert_eq!(checked(bad), Err(why), "{bad:?}");
        }
    }
}
