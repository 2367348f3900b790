use std::{collections::BTreeMap as Map, sync::Arc};

use super::*;
use crate::{
    job::resolve::Jobs,
    sample::{Identity, ProcessId},
};

fn wanted(name: &str) -> Result<Wanted, String> {
    Wanted::of(OsStr::new(name), |path| path == Path::new("there"))
}

#[test]
fn a_name_is_a_file_a_process_or_a_job() {
    let file = |name: &str| Ok(Wanted::File(name.into()));
    let job = |name: &str| Ok(Wanted::Job(name.into()));
    for (name, meant) in [
        ("there", file("there")),
        ("run.json", file("run.json")),
        ("./train", file("./train")),
        ("/dev/fd/63", file("/dev/fd/63")),
        ("runs/first run", file("runs/first run")),
        ("train", job("train")),
        ("slurm 4711", job("slurm 4711")),
        ("tag alice/bert", job("tag alice/bert")),
        ("job:there", job("there")),
        ("job:runs/a.json", job("runs/a.json")),
        ("4711", job("4711")),
        ("pid:4711", Ok(Wanted::Process(4711))),
    ] {
        assert_eq!(wanted(name), meant, "{name}");
    }
    for (name, said) in [
        ("", "an empty name is no job; name a job"),
        (" \t", "an empty name is no job"),
        ("job:", "needs a name behind it"),
        ("pid:-1", "-1 is no number of a process; use pid:"),
        ("pid:\u{1b}[2J", "?[2J is no number"),
    ] {
        let error = wanted(name).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

/// Some processes: number, user, tag.
fn present(people: &[(u32, &str, Option<&str>)]) -> Vec<Present> {
    let person = |&(pid, user, tag): &(u32, &str, Option<&str>)| {
        let env = tag.map(|tag| ("JOULETOP_JOB".to_owned(), tag.to_owned()));
        let identity = Identity {
            name: format!("p{pid}"),
            user: Some(user.into()),
            env: env.into_iter().collect::<Map<_, _>>(),
            ..Identity::default()
        };
        (ProcessId { pid, start: u64::from(pid) * 1_000_000_000 }, Arc::new(identity))
    };
    let people: Vec<_> = people.iter().map(person).collect();
    let placed = Jobs::new().observe(&[], people.iter().map(|(id, who)| (*id, who, false)));
    let one = |((id, identity), placed)| Present { id, identity, placed };
    people.into_iter().zip(placed).map(one).collect()
}

#[test]
fn a_job_is_found_by_id_name_and_process() {
    let present =
        present(&[(10, "alice", Some("bert")), (11, "alice", Some("7")), (12, "bob", None)]);
    let id = |wanted: Wanted| find(&wanted, &present).map(|found| found.id);
    let job = |name: &str| Wanted::Job(name.into());
    assert_eq!(id(job("tag alice/bert")).unwrap(), "tag alice/bert");
    assert_eq!(id(job("bert")).unwrap(), "tag alice/bert");
    assert_eq!(id(Wanted::Process(10)).unwrap(), "tag alice/bert");
    assert_eq!(id(job("10")).unwrap(), "tag alice/bert");
    // A job that is called like a number is meant by it.
    assert_eq!(id(job("7")).unwrap(), "tag alice/7");
    assert_eq!(id(job("12")).unwrap(), "tree 12");
    let error = id(job("gpt")).unwrap_err();
    assert!(error.downcast_ref::<Usage>().is_none());
    let expected = "no job gpt is there; name one by its id or its name:\n  tag alice/7  (1 \
                    process)\n  tag alice/bert  (1 process)";
    assert_eq!(error.to_string(), expected);
    assert!(id(Wanted::Process(99)).unwrap_err().to_string().contains("no process 99 is there"));
}

#[test]
fn of_several_jobs_none_is_taken_by_chance() {
    let present =
        present(&[(10, "alice", Some("bert")), (11, "bob", Some("bert")), (12, "bob", Some("x"))]);
    let error = find(&Wanted::Job("bert".into()), &present).unwrap_err();
    assert!(error.downcast_ref::<Usage>().is_some(), "exit code 2");
    let expected = "several jobs are called bert; name one by its id:\n  tag alice/bert  (1 \
                    process)\n  tag bob/bert  (1 process)";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_hostile_name_is_shown_harmless_and_short() {
    let present = present(&[(10, "a", Some("x\u{1b}[2J\ny"))]);
    for name in ["\u{1b}]0;pwned\u{7}".to_owned(), "n".repeat(10_000)] {
        let error = find(&Wanted::Job(name), &present).unwrap_err().to_string();
        assert!(error.lines().count() == 2 && error.len() < 300, "{error}");
        assert!(error.lines().all(|line| !line.contains(char::is_control)), "{error:?}");
    }
    let crowd: Vec<_> = (0..500_u32).map(|pid| (pid + 10, format!("job {pid}"))).collect();
    let crowd: Vec<_> = crowd.iter().map(|(pid, tag)| (*pid, "a", Some(tag.as_str()))).collect();
    let error = find(&Wanted::Job("y".into()), &self::present(&crowd)).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 22);
    assert!(error.ends_with("and 480 more, which jouletop --once --by job shows"), "{error}");
}
