//! A directory of tags, opened without following anybody's links.
//!
//! Root reads what users wrote, in directories that are theirs. So each step below a runtime
//! directory is opened by itself, nothing but small regular files is read, and a file counts for
//! its directory's owner only: a link to somebody else's tag is none.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
};

use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{OFlag, open, openat, renameat},
    libc::{S_IFMT, S_IFREG},
    sys::stat::{FileStat, Mode, fchmod, fstat, mkdirat},
    unistd::{UnlinkatFlags, unlinkat},
};

use super::{BELOW, Tag, file_name, person::Person, process};
use crate::{job::tag, sample::ProcessId};

/// No file of a tag is longer, bytes: a name of four-byte characters, and the end of its line.
const LONGEST: usize = 4 * tag::LONGEST + 1;
/// Files that are looked at.
const MOST: usize = 1024;
/// What a file that is not whole yet is called, and the number of its writer.
const NEW: &str = ".new.";

const FOLDER: OFlag =
    OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC).union(OFlag::O_RDONLY);

/// A directory of tags.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    handle: OwnedFd,
    stat: FileStat,
}

/// Tells whether a directory has changed: device, inode, seconds and nanoseconds.
pub type Stamp = (u64, u64, i64, i64);

impl Folder {
    /// The one below a runtime directory; none if there is none.
    pub fn open(runtime: &Path) -> Result<Option<Self>, String> {
        Self::walk(runtime, |_, _| Err(Errno::ENOENT))
    }

    /// The same, made if need be.
    pub fn make(runtime: &Path) -> Result<Self, String> {
        let rights = Mode::S_IRWXU | Mode::S_IRGRP | Mode::S_IXGRP | Mode::S_IROTH | Mode::S_IXOTH;
        let found = Self::walk(runtime, |at, name| {
            match mkdirat(at, name, rights) {
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(error) => return Err(error),
            }
            let folder = openat(at, name, FOLDER, Mode::empty())?;
            // Others read root's tags, whatever the umask.
            fchmod(&folder, rights)?;
            Ok(folder)
        })?;
        found.ok_or_else(|| {
            format!(
                "{} is not there, where tags of running processes are kept; log in so that it \
                 is made, or set XDG_RUNTIME_DIR to a folder of your own",
                runtime.display()
            )
        })
    }

    fn walk(
        runtime: &Path,
        missing: impl Fn(&OwnedFd, &str) -> nix::Result<OwnedFd>,
    ) -> Result<Option<Self>, String> {
        let mut path = runtime.to_owned();
        let wrong = |path: &Path, error: Errno| match error {
            Errno::ELOOP | Errno::ENOTDIR => {
                format!("{} is no directory, or a link; remove it", path.display())
            }
            error => format!("{} cannot be used ({error}); mend its rights", path.display()),
        };
        // The system's own, or the user's choice: that one may be a link.
        let outermost = FOLDER.difference(OFlag::O_NOFOLLOW);
        let mut handle = match open(runtime, outermost, Mode::empty()) {
            Ok(handle) => handle,
            Err(Errno::ENOENT) => return Ok(None),
            Err(error) => return Err(wrong(&path, error)),
        };
        for name in BELOW {
            path.push(name);
            handle = match openat(&handle, name, FOLDER, Mode::empty()) {
                Err(Errno::ENOENT) => match missing(&handle, name) {
                    Err(Errno::ENOENT) => return Ok(None),
                    made => made,
                },
                opened => opened,
            }
            .map_err(|error| wrong(&path, error))?;
        }
        let stat = fstat(&handle).map_err(|error| wrong(&path, error))?;
        if stat.st_mode & 0o022 != 0 {
            let remedy = format!("chmod go-w {}", path.display());
            return Err(format!("{} is writable by others; {remedy}", path.display()));
        }
        Ok(Some(Self { path, handle, stat }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    pub fn owner(&self) -> u32 {
        self.stat.st_uid
    }

    /// As it was when it was opened.
    pub fn stamp(&self) -> Stamp {
        let FileStat { st_dev, st_ino, st_mtime, st_mtime_nsec, .. } = self.stat;
        (st_dev, st_ino, st_mtime, st_mtime_nsec)
    }

    /// The tags of processes that live, and what is wrong with the others, with its remedy.
    pub fn read(&self, proc_root: &Path) -> (Vec<Tag>, Vec<String>) {
        let (mut tags, mut wrong) = (Vec::new(), Vec::new());
        let names = self.names();
        if names.len() > MOST {
            let most = format!("only {MOST} of its tags are read; remove some of them");
            wrong.push(format!("{}: {most}", self.path.display()));
        }
        for name in names.iter().take(MOST).map(|name| OsStr::from_bytes(name)) {
            match self.tag(name, proc_root) {
                Ok(tag) => tags.extend(tag),
                Err(why) => {
                    let path = self.path.join(name);
                    wrong.push(format!("the tag {} is left out: {why}", path.display()));
                }
            }
        }
        (tags, wrong)
    }

    /// One of them; none if its process is over.
    fn tag(&self, name: &OsStr, proc_root: &Path) -> Result<Option<Tag>, String> {
        let id = name.to_str().and_then(process);
        let id = id.ok_or("its name is not a process's number and start; remove it")?;
        let Some(person) = Person::look(proc_root, id.pid).filter(|person| person.id == id) else {
            return Ok(None);
        };
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = match openat(&self.handle, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::ENOENT) => return Ok(None),
            Err(Errno::ELOOP) => return Err("it is a link; remove it".into()),
            Err(error) => return Err(format!("{error}; remove it")),
        };
        let stat = fstat(&file).map_err(|error| format!("{error}; remove it"))?;
        if stat.st_mode & S_IFMT != S_IFREG || stat.st_nlink != 1 {
            return Err("it is no plain file; remove it".into());
        }
        let writer = stat.st_uid;
        if writer != self.owner() || (writer != 0 && person.uid != Some(writer)) {
            let pid = id.pid;
            return Err(format!("process {pid} is not its writer's; its owner or root may tag it"));
        }
        if usize::try_from(stat.st_size).is_ok_and(|size| size > LONGEST) {
            return Err("it is too long for a name; remove it".into());
        }
        let mut bytes = Vec::new();
        let read = File::from(file).take(LONGEST as u64).read_to_end(&mut bytes);
        read.map_err(|error| format!("{error}; remove it"))?;
        let name = str::from_utf8(&bytes).map_err(|_| "it is no text; remove it")?;
        let name = tag::checked(name).map_err(|error| error.to_string())?.to_owned();
        Ok(Some(Tag { id, name, uid: person.uid.unwrap_or(writer) }))
    }

    /// Gives a process a name, in place of the one that it had here.
    pub fn put(&self, id: ProcessId, name: &str) -> io::Result<()> {
        let new = format!("{NEW}{}", std::process::id());
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR | Mode::S_IRGRP | Mode::S_IROTH;
        // Of a writer that had our number and did not come to its end.
        let _ = self.remove(&new);
        let file = openat(&self.handle, new.as_str(), flags, mode)?;
        fchmod(&file, mode)?;
        let written = File::from(file).write_all(format!("{name}\n").as_bytes());
        let at = self.handle.as_fd();
        let put =
            written.and_then(|()| Ok(renameat(at, new.as_str(), at, file_name(id).as_str())?));
        if put.is_err() {
            let _ = self.remove(&new);
        }
        put
    }

    /// Takes a process's name away; false if it has none here.
    pub fn take(&self, id: ProcessId) -> io::Result<bool> {
        self.remove(&file_name(id))
    }

    /// Removes what is left of processes that are over.
    pub fn sweep(&self, proc_root: &Path) {
        for name in self.all_names() {
            let Ok(name) = str::from_utf8(&name) else { continue };
            let writer = name.strip_prefix(NEW).and_then(|pid| pid.parse().ok());
            let over = match (process(name), writer) {
                (Some(id), _) => Person::look(proc_root, id.pid).is_none_or(|one| one.id != id),
                (None, Some(writer)) => Person::look(proc_root, writer).is_none(),
                (None, None) => false,
            };
            if over {
                let _ = self.remove(name);
            }
        }
    }

    fn remove(&self, name: &str) -> io::Result<bool> {
        match unlinkat(&self.handle, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Files that are whole, in order.
    fn names(&self) -> Vec<Vec<u8>> {
        let mut names = self.all_names();
        names.retain(|name| !name.starts_with(b"."));
        names.sort_unstable();
        names
    }

    /// All that are in it, but no more than are of use.
    fn all_names(&self) -> Vec<Vec<u8>> {
        let dir = Dir::openat(&self.handle, ".", FOLDER, Mode::empty());
        let mut dir = dir.ok();
        let entries = dir.iter_mut().flat_map(Dir::iter).flatten();
        let names = entries.map(|entry| entry.file_name().to_bytes().to_vec());
        names.filter(|name| name != b"." && name != b"..").take(4 * MOST).collect()
    }
}
