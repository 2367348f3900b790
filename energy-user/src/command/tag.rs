//! `tag`: a name for a running process and all that comes from it.

use std::{io::Write as _, path::Path, process::ExitCode};

use anyhow::{Context as _, bail};
use nix::unistd::{User, geteuid};
use serde_json::json;

use super::{Usage, output::Output};
use crate::{
    cli::{Global, TagArgs},
    job::tag::checked,
    present::figure::printable,
    tags::{Places, Tag, folder::Folder, look, person::Person},
};

/// Gives a name, takes it away, or lists those that there are.
pub fn tag(global: &Global, args: &TagArgs) -> anyhow::Result<ExitCode> {
    if global.simulate.is_some() {
        let text = "tags are of this machine's processes; leave out --simulate";
        return Err(Usage(text.into()).into());
    }
    let proc = &global.proc_root;
    match (args.pid, &args.name, args.remove) {
        (Some(pid), Some(name), _) => give(&global.tag_places(), proc, pid, name),
        (_, _, Some(pid)) => take(&global.tag_places(), proc, pid),
        _ => list(global),
    }
}

fn give(places: &Places, proc_root: &Path, pid: u32, name: &str) -> anyhow::Result<ExitCode> {
    let name = checked(name).map_err(|error| Usage(error.to_string()))?;
    let person = mine(proc_root, pid)?;
    let folder = Folder::make(places.own()).map_err(anyhow::Error::msg)?;
    let own = geteuid().as_raw();
    if folder.owner() != own {
        let path = folder.path().display();
        bail!("{path} is not yours, so no tag in it would count; remove it");
    }
    folder.sweep(proc_root);
    folder.put(person.id, name).with_context(|| {
        format!(
            "no tag can be written to {}; mend its rights or free space",
            folder.path().display()
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A process that whoever asks may tag.
fn mine(proc_root: &Path, pid: u32) -> anyhow::Result<Person> {
    let person = Person::look(proc_root, pid).filter(|person| !person.is_over);
    let Some(person) = person else { bail!("there is no process {pid}; ps -e lists them") };
    let name = printable(&person.name);
    if person.is_kernel {
        bail!("{pid} ({name}) is a thread of the kernel and in no job; tag a process");
    }
    if person.process != pid {
        let process = person.process;
        bail!("{pid} ({name}) is a thread of process {process}; tag that one");
    }
    let own = geteuid();
    if !own.is_root() && person.uid != Some(own.as_raw()) {
        let owner = person.uid.map_or_else(|| "somebody else".into(), user);
        bail!("process {pid} ({name}) is of {owner}; tag it as {owner} or as root");
    }
    Ok(person)
}

fn take(places: &Places, proc_root: &Path, pid: u32) -> anyhow::Result<ExitCode> {
    let Some(person) = Person::look(proc_root, pid) else {
        bail!(
            "there is no process {pid}, and a tag ends with its process; jouletop tag lists them"
        );
    };
    let mut taken = false;
    let mut kept = None;
    // One user's folder that is wrong keeps nobody from what is in the others.
    let mut wrong = Vec::new();
    for place in places.all() {
        let Some(folder) = look::opened(Folder::open(&place), &mut wrong) else { continue };
        match folder.take(person.id) {
            Ok(was) => taken |= was,
            Err(_) if !folder.read(proc_root).0.iter().any(|tag| tag.id == person.id) => {}
            Err(_) => kept = Some(folder.owner()),
        }
        folder.sweep(proc_root);
    }
    tell(&wrong);
    match kept {
        Some(owner) => {
            let owner = user(owner);
            bail!("process {pid} was tagged by {owner}; remove it as {owner}");
        }
        None if !taken => bail!("process {pid} has no tag; jouletop tag lists those that have"),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn list(global: &Global) -> anyhow::Result<ExitCode> {
    let json = global.wants_json("tag")?;
    let mut output = Output::open(global.output.as_deref())?;
    let mut wrong = Vec::new();
    let folders = global.tag_places().all();
    let folders: Vec<_> =
        folders.iter().filter_map(|place| look::opened(Folder::open(place), &mut wrong)).collect();
    let tags = look::all(&folders, &global.proc_root, &mut wrong);
    tell(&wrong);
    if json {
        let tags: Vec<_> = tags
            .iter()
            .map(|Tag { id, name, uid }| json!({ "pid": id.pid, "user": user(*uid), "name": name }))
            .collect();
        output.write(format!("{}\n", json!({ "schema": 1, "tags": tags })).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    if tags.is_empty() {
        let _ = writeln!(
            std::io::stderr(),
            "jouletop: nothing is tagged; jouletop tag PID NAME does it"
        );
        return Ok(ExitCode::SUCCESS);
    }
    let row = |pid: &str, user: &str, name: &str| format!("{pid:>8}  {user:<12}  {name}\n");
    let mut text = row("PID", "USER", "NAME");
    for Tag { id, name, uid } in &tags {
        text += &row(&id.pid.to_string(), &printable(&user(*uid)), &printable(name));
    }
    output.write(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Says what is wrong with other people's folders and files.
fn tell(wrong: &[String]) {
    for text in wrong {
        let _ = writeln!(std::io::stderr(), "jouletop: {}", printable(text));
    }
}

/// A user's name, or the number where the system knows none.
fn user(uid: u32) -> String {
    let known = User::from_uid(uid.into()).ok().flatten();
    known.map_or_else(|| uid.to_string(), |user| user.name)
}
