//! What is to be reported, by the name that somebody gave: a file, a process, or a job.
//!
//! A name is anybody's text: it is compared as it is, and shown cut and without what would move a
//! cursor.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::{
    command::Usage,
    group,
    job::Kind,
    present::{figure::printable, text},
    sample,
    session::Present,
    subject::Subject,
    waste::SubjectKind,
};

/// Jobs that a message lists.
const MOST: usize = 20;
/// Cells of a name in a message.
const LONGEST: usize = 100;

/// What somebody means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A report that was kept.
    File(PathBuf),
    /// A job, by id or name; a number may be a process's.
    Job(String),
    /// The job of a process, or its tree.
    Process(u32),
}

impl Wanted {
    /// By a name; `is_file` tells whether there is such a file. An error says what is right.
    pub fn of(name: &OsStr, is_file: impl Fn(&Path) -> bool) -> Result<Self, String> {
        let text = name.to_string_lossy();
        if text.trim().is_empty() {
            let right = "name a job as --by job shows it, a process as pid:1234, or a file";
            return Err(format!("an empty name is no job; {right}"));
        }
        if is_file(Path::new(name)) {
            return Ok(Self::File(name.into()));
        }
        if let Some(pid) = text.strip_prefix("pid:") {
            let help = || {
                let shown = shown(pid);
                format!("{shown} is no number of a process; use pid: and a number, as in pid:1234")
            };
            return pid.parse().map(Self::Process).map_err(|_| help());
        }
        if let Some(job) = text.strip_prefix("job:") {
            return match job.trim() {
                "" => Err("job: needs a name behind it, as in job:train".into()),
                _ => Ok(Self::Job(job.into())),
            };
        }
        // The id of a job may hold a path, but its first word never does.
        let first = text.split(' ').next().unwrap_or_default();
        let json = Path::new(name).extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
        if json || first.contains('/') {
            return Ok(Self::File(name.into()));
        }
        Ok(Self::Job(text.into_owned()))
    }
}

/// A job, or a tree, that is there.
#[derive(Clone, Debug)]
pub struct Found {
    /// What kind.
    pub kind: SubjectKind,
    /// What tells it apart.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Who belongs to it.
    pub subject: Subject,
}

/// A job that is there.
struct Here {
    kind: Kind,
    name: String,
    processes: usize,
}

/// Who is meant, of everybody who is there. The subject has met nobody yet.
pub fn find(wanted: &Wanted, present: &[Present]) -> anyhow::Result<Found> {
    let jobs = jobs(present);
    let of_job = |id: &String, here: &Here| Found {
        kind: SubjectKind::Job(here.kind),
        id: id.clone(),
        name: here.name.clone(),
        subject: Subject::job(id.clone()),
    };
    let name = match wanted {
        Wanted::Process(pid) => return process(*pid, present, &jobs, of_job),
        Wanted::Job(name) => name,
        Wanted::File(file) => anyhow::bail!("{} is a file", file.display()),
    };
    if let Some(here) = jobs.get(name) {
        return Ok(of_job(name, here));
    }
    let is_called = |here: &Here| here.name == *name || printable(&here.name) == *name;
    let called: Vec<_> = jobs.iter().filter(|(_, here)| is_called(here)).collect();
    match called[..] {
        [] => {}
        [(id, here)] => return Ok(of_job(id, here)),
        _ => {
            let (name, list) = (shown(name), list(called.into_iter()));
            let text = format!("several jobs are called {name}; name one by its id:\n{list}");
            return Err(Usage(text).into());
        }
    }
    if let Ok(pid) = name.parse() {
        return process(pid, present, &jobs, of_job);
    }
    let name = shown(name);
    anyhow::bail!("no job {name} is there; name one by its id or its name:\n{}", list(jobs.iter()))
}

fn process(
    pid: u32,
    present: &[Present],
    jobs: &BTreeMap<String, Here>,
    of_job: impl Fn(&String, &Here) -> Found,
) -> anyhow::Result<Found> {
    let Some(one) = present.iter().find(|one| one.id.pid == pid) else {
        let list = list(jobs.iter());
        anyhow::bail!("no process {pid} is there; name another, or a job:\n{list}");
    };
    if one.identity.kind != sample::Kind::Process {
        anyhow::bail!(
            "process {pid} is no program; name another, or a job:\n{}",
            list(jobs.iter())
        );
    }
    let job = one.placed.job.as_ref().and_then(|job| jobs.get_key_value(&job.id));
    if let Some((id, here)) = job {
        return Ok(of_job(id, here));
    }
    Ok(Found {
        kind: SubjectKind::Tree,
        id: format!("tree {pid}"),
        name: one.identity.name.clone(),
        subject: Subject::below(one.id),
    })
}

/// The jobs of everybody, by id.
fn jobs(present: &[Present]) -> BTreeMap<String, Here> {
    let mut jobs: BTreeMap<String, Here> = BTreeMap::new();
    for Present { identity, placed, .. } in present {
        let Some(job) = placed.job.as_ref().filter(|_| identity.kind == sample::Kind::Process)
        else {
            continue;
        };
        let here = jobs.entry(job.id.clone()).or_insert_with(|| Here {
            kind: job.kind,
            name: job.name.clone(),
            processes: 0,
        });
        group::better(&mut here.name, &job.name);
        here.processes += 1;
    }
    jobs
}

/// A line for each, its id first.
fn list<'a>(jobs: impl Iterator<Item = (&'a String, &'a Here)>) -> String {
    let mut lines: Vec<String> = jobs
        .map(|(id, Here { name, processes, .. })| {
            let (id, name) = (shown(id), shown(name));
            let s = if *processes == 1 { "" } else { "es" };
            let name = if id.ends_with(&name) { String::new() } else { format!("{name}, ") };
            format!("  {id}  ({name}{processes} process{s})")
        })
        .collect();
    if lines.is_empty() {
        return "  no job is known here; pid:1234 is the tree of a process".into();
    }
    if let Some(more) = lines.len().checked_sub(MOST).filter(|more| *more > 0) {
        lines.truncate(MOST);
        lines.push(format!("  and {more} more, which jouletop --once --by job shows"));
    }
    lines.join("\n")
}

fn shown(name: &str) -> String {
    text::cut(&printable(name), LONGEST)
}

#[cfg(test)]
mod tests;
