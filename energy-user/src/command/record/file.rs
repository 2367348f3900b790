//! The file of a recording: made so that nobody else chooses what is overwritten or waited for.
//!
//! What is there is opened first, without waiting and without following a link, and looked at
//! through that handle: a path may lead elsewhere a moment later.

use std::{
    fs::{File, Metadata, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, fcntl},
    unistd::geteuid,
};

use crate::present::figure::printable;

/// Only its owner reads it: it has command lines in it.
const MODE: u32 = 0o600;

/// Opens where to record to: a new file; with `force`, our own that is there already; or a device
/// or a pipe, which are nobody's data.
pub fn create(path: &Path, force: bool) -> anyhow::Result<File> {
    let shown = printable(&path.display().to_string());
    let cannot = || format!("{shown} cannot be written; name another file with -o");
    let there = || {
        format!("{shown} is there already; name another file with -o, or overwrite it with --force")
    };
    let file = match open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => match fresh(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(there()),
            made => return made.with_context(cannot),
        },
        Err(error) if error.raw_os_error() == Some(Errno::ENXIO as i32) => {
            bail!("{shown} is a pipe that nobody reads; start its reader first")
        }
        // A file that may not be written is there all the same; so is a link.
        Err(_) if !force && path.symlink_metadata().is_ok_and(|found| is_data(&found)) => {
            bail!(there())
        }
        opened => opened.with_context(cannot)?,
    };
    let found = file.metadata().with_context(cannot)?;
    let ours = found.uid() == geteuid().as_raw();
    if found.is_file() {
        if !force {
            bail!(there());
        }
        if !ours {
            bail!(
                "{shown} belongs to somebody else (user {}), and --force does not overwrite it; \
                 name another file with -o",
                found.uid()
            );
        }
        if found.nlink() > 1 {
            bail!(
                "{shown} has other names too (hard links), and --force would overwrite those; \
                 remove it, or name another file with -o"
            );
        }
        file.set_permissions(Permissions::from_mode(MODE)).with_context(cannot)?;
        file.set_len(0).with_context(cannot)?;
    } else if found.file_type().is_fifo() && !ours && found.uid() != 0 && !is_inherited(path) {
        bail!(
            "{shown} is a pipe of somebody else (user {}), who would read the recording; name \
             another file with -o",
            found.uid()
        );
    }
    wait_again(&file).with_context(cannot)?;
    Ok(file)
}

/// It is not one of those that are nobody's data.
fn is_data(found: &Metadata) -> bool {
    found.is_file() || found.is_symlink()
}

/// What is there, opened to be written; a pipe without a reader is not waited for.
fn open(path: &Path) -> io::Result<File> {
    let follow = if is_inherited(path) { OFlag::empty() } else { OFlag::O_NOFOLLOW };
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | follow;
    OpenOptions::new().write(true).custom_flags(flags.bits()).open(path)
}

/// What this process was given open, by its names of the kernel: they are links, and nobody else's.
fn is_inherited(path: &Path) -> bool {
    let folders = [Path::new("/dev/fd"), Path::new("/proc/self/fd")];
    let names = [Path::new("/dev/stdout"), Path::new("/dev/stderr")];
    names.contains(&path) || path.parent().is_some_and(|parent| folders.contains(&parent))
}

fn fresh(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

/// Lets a full pipe be waited for.
fn wait_again(file: &File) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(file, FcntlArg::F_GETFL)?);
    fcntl(file, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK))?;
    Ok(())
}

/// A file that has whole blocks only: what a full disk left of one is taken back.
pub struct Whole {
    file: File,
    whole: u64,
}

impl Whole {
    /// Nothing was written to it yet.
    pub fn new(file: File) -> Self {
        Self { file, whole: 0 }
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes);
        match &written {
            Ok(()) => self.whole += bytes.len() as u64,
            // Where that fails too, a reader tells that it was cut.
            Err(_) => drop(self.file.set_len(self.whole)),
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{chown, symlink},
    };

    use nix::{sys::stat::Mode, unistd::mkfifo};

    use super::*;

    fn refused(path: &Path, force: bool) -> String {
        create(path, force).unwrap_err().to_string()
    }

    #[test]
    fn force_overwrites_our_own_and_nothing_that_has_another_name_or_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let write = |name: &str| fs::write(path(name), "theirs").unwrap();
        let kept = |name: &str| fs::read_to_string(path(name)).unwrap() == "theirs";

        write("own");
        fs::set_permissions(path("own"), Permissions::from_mode(0o644)).unwrap();
        assert!(refused(&path("own"), false).contains("--force") && kept("own"));
        let found = create(&path("own"), true).unwrap().metadata().unwrap();
        assert_eq!((found.len(), found.mode() & 0o777), (0, MODE));

        write("secret");
        fs::hard_link(path("secret"), path("hard")).unwrap();
        symlink(path("secret"), path("soft")).unwrap();
        symlink(path("none"), path("dangling")).unwrap();
        assert!(refused(&path("hard"), true).contains("hard links"));
        assert!(refused(&path("soft"), true).contains("another file"));
        assert!(refused(&path("dangling"), true).contains("another file"));
        assert!(kept("secret") && !path("none").exists());

        if geteuid().is_root() {
            write("foreign");
            chown(path("foreign"), Some(4711), None).unwrap();
            assert!(refused(&path("foreign"), true).contains("(user 4711)") && kept("foreign"));
        }
    }

    #[test]
    fn pipes_are_not_waited_for_and_those_of_others_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        mkfifo(&path, Mode::from_bits_truncate(0o666)).unwrap();
        assert!(refused(&path, false).contains("start its reader first"));
        let mut options = OpenOptions::new();
        let reader = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&path).unwrap();
        let file = create(&path, false).unwrap();
        let flags = OFlag::from_bits_retain(fcntl(&file, FcntlArg::F_GETFL).unwrap());
        assert!(!flags.contains(OFlag::O_NONBLOCK), "a full pipe is waited for");
        if geteuid().is_root() {
            chown(&path, Some(4711), None).unwrap();
            assert!(refused(&path, true).contains("pipe of somebody else (user 4711)"));
        }
        drop(reader);
    }

    #[test]
    fn devices_and_what_was_given_open_are_written() {
        for force in [false, true] {
            assert!(create(Path::new("/dev/null"), force).is_ok());
            let mut full = Whole::new(create(Path::new("/dev/full"), force).unwrap());
            let error = full.write_all(b"x").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageFull);
        }
        let (_reader, writer) = nix::unistd::pipe().unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&writer);
        assert!(create(Path::new(&format!("/dev/fd/{number}")), false).is_ok());
    }
}
