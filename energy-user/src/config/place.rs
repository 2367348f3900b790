//! Where configurations are, and whether a file may be believed.
//!
//! A configuration decides which library is loaded and which address is asked, perhaps by root.
//! So one that somebody else can write is refused; to leave it out in silence would make figures
//! that nobody asked for.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use nix::{fcntl::OFlag, unistd::geteuid};

use super::{Problem, parse::MOST_BYTES};

/// The machine's, where it usually is.
const SYSTEM: &str = "/etc/jouletop/config.toml";

/// Whose configuration it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The machine's, for everybody.
    System,
    /// The user's own.
    User,
    /// Named on the command line: it has to be there.
    Named,
}

/// A place where a configuration may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// Whose it is.
    pub whose: Whose,
}

/// Both places, a later one wins: the machine's, and the user's own or the one that was `named`.
/// `get` reads the environment.
pub fn places(
    etc: &Path,
    named: Option<&Path>,
    get: &dyn Fn(&str) -> Option<OsString>,
) -> Vec<Place> {
    let below = |root: PathBuf| root.join("jouletop/config.toml");
    let root = |name| get(name).map(PathBuf::from).filter(|root| root.is_absolute());
    let own = || {
        let root = root("XDG_CONFIG_HOME").or_else(|| Some(root("HOME")?.join(".config")))?;
        Some(Place { path: below(root), whose: Whose::User })
    };
    let named = named.map(|path| Place { path: path.into(), whose: Whose::Named });
    let system = Place { path: below(etc.into()), whose: Whose::System };
    [Some(system), named.or_else(own)].into_iter().flatten().collect()
}

/// Who may own the files that are found: root, and who started this, through `sudo` too.
pub fn owners(get: &dyn Fn(&str) -> Option<OsString>) -> Vec<u32> {
    let sudo = get("SUDO_UID").and_then(|uid| uid.to_str()?.parse().ok());
    [0, geteuid().as_raw()].into_iter().chain(sudo.filter(|_| geteuid().is_root())).collect()
}

/// What a file says, and how far it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its text.
    pub text: String,
    /// Why it may not name code that is loaded, and the remedy; none where it may.
    pub names_no_code: Option<String>,
}

impl Place {
    /// The file's text; none where there is no file.
    pub fn read(&self, owners: &[u32]) -> Result<Option<Said>, Problem> {
        let (text, names_no_code) = match self.bytes(owners) {
            Ok(found) => found,
            Err(Failure::Absent) => return Ok(None),
            Err(Failure::Refused(words)) => return Err(self.problem(None, words)),
        };
        let said = |text| Some(Said { text, names_no_code });
        String::from_utf8(text).map(said).map_err(|error| {
            let sound = error.utf8_error().valid_up_to();
            let before = error.as_bytes().iter().take(sound);
            let line = 1 + before.filter(|&&byte| byte == b'\n').count();
            self.problem(Some(line), "it is no text; save it as UTF-8".into())
        })
    }

    fn problem(&self, line: Option<usize>, words: String) -> Problem {
        Problem { path: self.path.clone(), line, words }
    }

    fn bytes(&self, owners: &[u32]) -> Result<(Vec<u8>, Option<String>), Failure> {
        let mut options = OpenOptions::new();
        // Opening a FIFO would wait for its writer.
        let file = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&self.path);
        let file = file.map_err(|error| self.explain(&error))?;
        let cannot = |error: io::Error| self.explain(&error);
        let found = file.metadata().map_err(cannot)?;
        // Who names nothing wants no configuration of theirs.
        if self.whose == Whose::Named && self.path == Path::new("/dev/null") {
            return Ok((Vec::new(), None));
        }
        if !found.is_file() {
            return Err(Failure::Refused("it is no regular file; name another".into()));
        }
        if let Some(words) = self.distrust(found.uid(), found.mode(), owners) {
            return Err(Failure::Refused(words));
        }
        let mut bytes = Vec::new();
        file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
        Ok((bytes, self.no_code(found.uid(), found.mode())))
    }

    /// Why a file with this owner and mode is not believed, and the remedy.
    fn distrust(&self, owner: u32, mode: u32, owners: &[u32]) -> Option<String> {
        let path = self.path.display();
        if mode & 0o002 != 0 {
            return Some(format!("anybody may write it; make that stop: chmod o-w {path}"));
        }
        if self.whose == Whose::Named || owners.contains(&owner) {
            return None;
        }
        let remedy = match self.whose {
            Whose::System => format!("give it to root: chown root {path}"),
            _ => format!("if that is meant, name it: --config {path}"),
        };
        Some(format!("it belongs to somebody else (user {owner}); {remedy}"))
    }

    /// Why a file with this owner and mode names no library that root loads: whoever may write it
    /// would run as root.
    fn no_code(&self, owner: u32, mode: u32) -> Option<String> {
        let path = self.path.display();
        let remedy = match (owner, mode & 0o020) {
            _ if self.whose == Whose::Named || !geteuid().is_root() => return None,
            (0, 0) => return None,
            (0, _) => format!("its group may write this file: chmod g-w {path}"),
            _ => format!(
                "this one belongs to user {owner}; write the key into {SYSTEM}, say --nvml-lib, or \
                 name this file: --config {path}"
            ),
        };
        Some(format!(
            "root loads a library only where a file that root alone writes says so; {remedy}"
        ))
    }

    fn explain(&self, error: &io::Error) -> Failure {
        let path = self.path.display();
        let absent = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        match (self.whose, error.kind()) {
            (Whose::System | Whose::User, _) if absent => Failure::Absent,
            // Whose folder this user may not even enter is not this user's: after `su`, HOME may
            // still be another's.
            (Whose::User, io::ErrorKind::PermissionDenied) if fs::metadata(&self.path).is_err() => {
                Failure::Absent
            }
            (Whose::System, io::ErrorKind::PermissionDenied) => Failure::Refused(format!(
                "it cannot be read ({error}); let everybody read it: chmod a+rX {} {path}",
                self.path.parent().unwrap_or(Path::new("/")).display()
            )),
            (Whose::User, io::ErrorKind::PermissionDenied) => Failure::Refused(format!(
                "it cannot be read ({error}); make it yours, or name another with --config"
            )),
            _ => Failure::Refused(format!(
                "it cannot be read ({error}); name another file with --config"
            )),
        }
    }
}

enum Failure {
    Absent,
    Refused(String),
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown};

    use super::*;

    fn found(vars: &[(&str, &str)], named: Option<&str>) -> Vec<String> {
        let get = |name: &str| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        };
        let places = places(Path::new("/etc"), named.map(Path::new), &get);
        places.into_iter().map(|place| place.path.display().to_string()).collect()
    }

    #[test]
    fn the_users_own_is_where_xdg_says_and_a_named_one_stands_for_it() {
        let system = "/etc/jouletop/config.toml";
        let home = ("HOME", "/home/anna");
        assert_eq!(found(&[home], None), [system, "/home/anna/.config/jouletop/config.toml"]);
        let xdg = ("XDG_CONFIG_HOME", "/x");
        assert_eq!(found(&[home, xdg], None), [system, "/x/jouletop/config.toml"]);
        // A relative one is to be ignored (XDG base directory specification).
        let relative = ("XDG_CONFIG_HOME", "x");
        assert_eq!(found(&[home, relative], None)[1], "/home/anna/.config/jouletop/config.toml");
        assert_eq!(found(&[home, xdg], Some("mine")), [system, "mine"]);
        assert_eq!(found(&[], None), [system]);
    }

    #[test]
    fn a_file_that_others_may_write_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, "pue = 1.1").unwrap();
        let place = |whose| Place { path: path.clone(), whose };
        let me = geteuid().as_raw();
        let read = |whose| {
            let said = place(whose).read(&[0, me]).map_err(|problem| problem.words);
            said.map(|said| said.map(|said| said.text))
        };
        let all = [Whose::System, Whose::User, Whose::Named];
        for whose in all {
            assert_eq!(read(whose), Ok(Some("pue = 1.1".into())));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o646)).unwrap();
        for whose in all {
            let words = read(whose).unwrap_err();
            assert!(words.ends_with(&format!("chmod o-w {}", path.display())), "{words}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        assert!(read(Whose::User).is_ok());
        if geteuid().is_root() {
            chown(&path, Some(12_345), None).unwrap();
            assert!(read(Whose::System).unwrap_err().contains("chown root"));
            assert!(read(Whose::User).unwrap_err().contains("(user 12345)"));
            assert!(read(Whose::Named).is_ok(), "who names it has looked at it");
            assert!(place(Whose::User).read(&[0, 12_345]).is_ok());
        }
    }

    #[test]
    fn a_file_that_others_may_write_names_no_library_for_root() {
        let place = |whose| Place { path: "/x/config.toml".into(), whose };
        let words = |whose, owner, mode| place(whose).no_code(owner, mode).unwrap_or_default();
        let all = [Whose::System, Whose::User, Whose::Named];
        if !geteuid().is_root() {
            // Who loads it runs as himself.
            assert!(all.iter().all(|whose| words(*whose, 12_345, 0o664).is_empty()));
            return;
        }
        for whose in [Whose::System, Whose::User] {
            assert_eq!(words(whose, 0, 0o644), "");
            assert!(words(whose, 0, 0o664).ends_with("chmod g-w /x/config.toml"));
            let said = words(whose, 12_345, 0o644);
            assert!(said.contains("user 12345") && said.contains("--config /x/config.toml"));
        }
        assert_eq!(words(Whose::Named, 12_345, 0o664), "", "who names it has looked at it");
    }

    #[test]
    fn what_is_missing_is_no_error_unless_it_was_named() {
        let dir = tempfile::tempdir().unwrap();
        let read = |path: &Path, whose| {
            let place = Place { path: path.into(), whose };
            let said = place.read(&[0, geteuid().as_raw()]).map_err(|problem| problem.words);
            said.map(|said| said.map(|said| said.text))
        };
        let none = dir.path().join("none");
        assert_eq!(read(&none, Whose::System), Ok(None));
        assert_eq!(read(&none, Whose::User), Ok(None));
        assert!(read(&none, Whose::Named).unwrap_err().ends_with("--config"));
        assert!(read(dir.path(), Whose::User).unwrap_err().contains("no regular file"));
        let bytes = dir.path().join("bytes");
        fs::write(&bytes, b"pue = 1\n\xff").unwrap();
        let problem = Place { path: bytes, whose: Whose::User }.read(&[0, geteuid().as_raw()]);
        assert_eq!(problem.unwrap_err().line, Some(2));
        assert_eq!(read(Path::new("/etc/passwd/config.toml"), Whose::User), Ok(None));
        assert_eq!(read(Path::new("/dev/null"), Whose::Named), Ok(Some(String::new())));
        assert!(read(Path::new("/dev/zero"), Whose::Named).unwrap_err().contains("no regular"));
    }
}
