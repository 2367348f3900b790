//! The configuration that is a user's own, and how it is written.
//!
//! Whoever runs this may be root for somebody else: `sudo` picks the file of who called it. It is
//! written as its owner, whom the kernel lets do there what they may do and no more: a link or a
//! folder that is swapped meanwhile leads root nowhere.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    thread,
};

use nix::unistd::{Gid, Uid, geteuid, setfsgid, setfsuid};
use toml::Value;

use super::{
    edit::edit,
    names::Names,
    parse::parse,
    place::{Place, Whose},
};
use crate::present::figure::printable;

/// A user's own file, as it was when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Where it is or would be; none without a home.
    place: Option<Place>,
    /// What it said; none where there was no file.
    text: Option<String>,
    /// Who may own it.
    owners: Vec<u32>,
}

/// The line of each key of a file.
pub type Lines = BTreeMap<String, usize>;

/// The mode of a file that is new, as far as the umask lets it.
const MODE: u32 = 0o644;

impl Own {
    /// A file, and what it said.
    pub fn new(place: Place, text: Option<String>, owners: &[u32]) -> Self {
        Self { place: Some(place), text, owners: owners.into() }
    }

    /// The file; none where nobody knows one.
    pub fn path(&self) -> Option<&Path> {
        self.place.as_ref().map(|place| place.path.as_path())
    }

    /// Writes these keys into it, and nothing else. It is there as before or as it shall be, whole,
    /// whatever happens; the words say why not, and the remedy.
    /// Else, where each of its keys stands now.
    pub fn save(&mut self, keys: &[(String, Value)]) -> Result<Lines, String> {
        let Some(place) = &self.place else {
            return Err("there is no HOME to save to; name a file with --config".into());
        };
        if place.path == Path::new("/dev/null") {
            return Err("/dev/null keeps nothing; name another file with --config".into());
        }
        let shown = printable(&place.path.display().to_string());
        let text = self.written(place, keys).map_err(|words| format!("{words} ({shown})"))?;
        let read = parse(&text, &Names::of_screen()).unwrap_or_default();
        self.text = Some(text);
        Ok(read.into_iter().map(|(name, given)| (name, given.line)).collect())
    }

    fn written(&self, place: &Place, keys: &[(String, Value)]) -> Result<String, String> {
        // A path from the command line may be a short one.
        let given = std::path::absolute(&place.path).map_err(|error| why(&error))?;
        let path = aim(&given)?;
        self.unchanged(place)?;
        let text = edit(self.text.as_deref().unwrap_or_default(), keys)?;
        let writer = self.writer(&given, &path)?;
        let write = || -> Result<(), String> {
            let folder = path.parent().unwrap_or(Path::new("/"));
            if self.text.is_none() {
                let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
                made.map_err(|error| why(&error))?;
            } else {
                // What is beside it can be renamed; that its owner shut it is to hold all the same.
                let open =
                    OpenOptions::new().write(true).open(&path).map_err(|error| why(&error))?;
                if open.metadata().is_ok_and(|found| found.nlink() > 1) {
                    return Err("it has other names (hard links); change it by hand".into());
                }
            }
            let file = beside(&path, &text).map_err(|error| why(&error))?;
            self.unchanged(place)?;
            file.persist(&path).map_err(|error| why(&error.error))?;
            // The name is safe once the folder is; what cannot be synced is there all the same.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
            Ok(())
        };
        // The kernel asks each thread who it is.
        let done = thread::scope(|scope| {
            scope.spawn(|| become_writer(writer).and_then(|()| write())).join()
        });
        done.unwrap_or_else(|_| Err("it could not be written; change it by hand".into()))?;
        Ok(text)
    }

    /// It says what it said when it was read.
    fn unchanged(&self, place: &Place) -> Result<(), String> {
        // A named file that went is no longer there to be read, and is none.
        let found = match fs::symlink_metadata(&place.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            _ => place.read(&self.owners).map_err(|problem| problem.words)?,
        };
        if found.map(|said| said.text) == self.text {
            return Ok(());
        }
        Err("it has changed since it was read; start jouletop again, or change it by hand".into())
    }

    /// As whom it is written: whoever owns anything on the way that was `given`, through links, or on
    /// that to the file itself. None: as who we are.
    fn writer(&self, given: &Path, path: &Path) -> Result<Option<(Uid, Gid)>, String> {
        let me = geteuid();
        let mut folders = path
            .ancestors()
            .skip(1)
            .filter_map(|it| fs::metadata(it).ok().map(|found| (it, found)));
        let nearest =
            folders.next().ok_or("there is no such folder; name another file with --config")?;
        for (folder, found) in std::iter::once(&nearest).chain(&folders.collect::<Vec<_>>()) {
            self.trust(folder, found)?;
        }
        let found = fs::metadata(path).ok();
        let owner = found.as_ref().unwrap_or(&nearest.1);
        if found.is_some() && !self.owners.contains(&owner.uid())
            || (!me.is_root() && found.is_some() && owner.uid() != me.as_raw())
        {
            return Err(format!(
                "it belongs to user {}; name a file of yours with --config",
                owner.uid()
            ));
        }
        let mut user = None;
        for step in given.ancestors().chain(path.ancestors()) {
            let Ok(found) = fs::symlink_metadata(step) else { continue };
            if !self.owners.contains(&found.uid()) {
                let shown = printable(&step.display().to_string());
                let uid = found.uid();
                return Err(format!(
                    "{shown} belongs to user {uid}; name another file with --config"
                ));
            }
            if found.uid() != 0 && user.is_none() {
                user = Some((Uid::from_raw(found.uid()), Gid::from_raw(found.gid())));
            }
        }
        Ok(user.filter(|_| me.is_root()))
    }

    /// Nobody else can put something else into the way.
    fn trust(&self, folder: &Path, found: &Metadata) -> Result<(), String> {
        let shown = printable(&folder.display().to_string());
        let other = "name another file with --config";
        if !self.owners.contains(&found.uid()) {
            return Err(format!("{shown} belongs to user {}; {other}", found.uid()));
        }
        // Where the sticky bit is set, nobody takes what is another's.
        if found.mode() & 0o1002 == 0o002 {
            return Err(format!("anybody may write in {shown}; chmod o-w {shown}, or {other}"));
        }
        Ok(())
    }
}

/// The file that a path leads to, through links.
fn aim(path: &Path) -> Result<PathBuf, String> {
    match (fs::canonicalize(path), fs::symlink_metadata(path)) {
        (Ok(aim), _) => Ok(aim),
        (Err(_), Ok(_)) => Err("it is a link that leads nowhere; remove it".into()),
        // Of a file that is not there yet, its folder; of that too, as far as there is one.
        (Err(_), Err(_)) => {
            let known =
                path.ancestors().skip(1).find_map(|it| Some((it, fs::canonicalize(it).ok()?)));
            let (folder, real) = known.ok_or("there is no such folder")?;
            Ok(path.strip_prefix(folder).map_or_else(|_| path.into(), |rest| real.join(rest)))
        }
    }
}

/// A new file beside it with this text and its owner and mode, on the disk.
fn beside(path: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let old = match fs::metadata(path) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mode = old.as_ref().map_or(MODE, |old| old.mode() & 0o777);
    let mut file = tempfile::Builder::new()
        .prefix(".config.")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Some(old) = old {
        let new = file.as_file().metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            std::os::unix::fs::fchown(file.as_file(), Some(old.uid()), Some(old.gid()))?;
        }
        // The umask has a say in new modes, and `chown` clears some.
        file.as_file().set_permissions(Permissions::from_mode(mode))?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}

/// This thread does to files what that user may do, from now on.
fn become_writer(writer: Option<(Uid, Gid)>) -> Result<(), String> {
    let Some((user, group)) = writer else { return Ok(()) };
    // Each answers with who it was before, and so tells nothing: asked again, it tells.
    setfsgid(group);
    setfsuid(user);
    if setfsgid(group) == group && setfsuid(user) == user {
        return Ok(());
    }
    Err(format!("cannot write as user {user}, whose it is; change it by hand"))
}

fn why(error: &io::Error) -> String {
    let other = "name another file with --config";
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => format!("the file system is read-only; {other}"),
        io::ErrorKind::PermissionDenied => format!("you may not write there; {other}"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full; make room, and save again".into()
        }
        _ => format!("{error}; {other}"),
    }
}

impl Place {
    /// It is a user's own, or stands in its place.
    pub fn is_own(&self) -> bool {
        self.whose != Whose::System
    }
}

#[cfg(test)]
mod tests;
