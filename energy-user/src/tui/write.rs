//! Puts an exported view where the user wants it: in a new file, or into the clipboard.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use nix::fcntl::OFlag;

use super::app::{Export, Notice, Place};
use crate::present::figure::printable;

/// Bytes that terminals take in one sequence; xterm stops at a hundred thousand or so.
const MOST_COPIED: usize = 74_994;

/// Writes it, and tells what came of it.
pub fn write(export: &Export, terminal: &mut impl Write) -> Notice {
    let lines = match export.text.lines().count() {
        1 => "1 line".into(),
        many => format!("{many} lines"),
    };
    match &export.to {
        Place::File(path) => match create(path, |file| file.write_all(export.text.as_bytes())) {
            Ok(()) => {
                let words = format!("wrote {lines} to {}", shown(path));
                Notice { words, bad: false }
            }
            Err(error) => Notice { words: format!("{}: {}", shown(path), why(&error)), bad: true },
        },
        Place::Clipboard => copy(&export.text, &lines, terminal),
    }
}

/// Only a new file, that only its owner may read: names and command lines may hold secrets. What
/// is there already is no file of ours, and where a link leads nobody knows. A file that cannot be
/// filled (the disk is full) is taken away again: half of a view looks like one.
fn create(path: &Path, put: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
    let mut file = options.open(path)?;
    let filled = put(&mut file).and_then(|()| file.sync_all());
    if filled.is_err() {
        // What is told is why it was not written, whether or not this succeeds.
        let _ = fs::remove_file(path);
    }
    filled
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists => "it is there already; choose another name".into(),
        io::ErrorKind::NotFound => "there is no such directory; choose another".into(),
        io::ErrorKind::PermissionDenied => {
            "you may not write there; choose another directory".into()
        }
        _ => format!("{error}; choose another place"),
    }
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

/// Asks the terminal to take a text into its clipboard (OSC 52 of xterm's control sequences).
/// Whether it does is its own affair: there is no answer.
fn copy(text: &str, lines: &str, terminal: &mut impl Write) -> Notice {
    let text = STANDARD.encode(text);
    if text.len() > MOST_COPIED {
        let words = format!("{lines} are too many to copy: choose a file, or filter the rows");
        return Notice { words, bad: true };
    }
    let sent = write!(terminal, "\x1b]52;c;{text}\x07").and_then(|()| terminal.flush());
    match sent {
        Ok(()) => {
            let words = format!("{lines} copied, if the terminal allows it (OSC 52)");
            Notice { words, bad: false }
        }
        Err(error) => Notice { words: format!("cannot copy: {error}; choose a file"), bad: true },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn export(to: Place) -> Export {
        Export { text: "a,b\n1,2\n".into(), to }
    }

    #[test]
    fn a_file_is_new_and_private_and_no_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("view.csv");
        let mut terminal = Vec::new();
        let notice = write(&export(Place::File(path.clone())), &mut terminal);
        assert_eq!(notice.words, format!("wrote 2 lines to {}", path.display()));
        assert!(!notice.bad && terminal.is_empty());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a,b\n1,2\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let again =
            write(&Export { text: "x".into(), to: Place::File(path.clone()) }, &mut terminal);
        assert!(again.bad && again.words.ends_with("choose another name"), "{}", again.words);
        assert_eq!(fs::read_to_string(&path).unwrap(), "a,b\n1,2\n");

        let (link, aim) = (dir.path().join("link.csv"), dir.path().join("aim"));
        std::os::unix::fs::symlink(&aim, &link).unwrap();
        assert!(write(&export(Place::File(link)), &mut terminal).bad);
        assert!(!aim.exists());
        let nowhere = dir.path().join("none/view.csv");
        assert!(write(&export(Place::File(nowhere)), &mut terminal).words.contains("no such"));
    }

    #[test]
    fn a_file_that_cannot_be_filled_is_taken_away_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("view.csv");
        let cut = |file: &mut File| {
            file.write_all(b"a,b")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        assert_eq!(create(&path, cut).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(!path.exists());
        // What was there before is not ours to take away.
        fs::write(&path, "theirs").unwrap();
        assert!(create(&path, |_| Ok(())).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }

    #[test]
    fn a_copy_goes_to_the_terminal_up_to_what_it_takes() {
        let mut terminal = Vec::new();
        assert!(!write(&export(Place::Clipboard), &mut terminal).bad);
        assert_eq!(terminal, b"\x1b]52;c;YSxiCjEsMgo=\x07");
        terminal.clear();
        let large = Export { text: "x".repeat(60_000), to: Place::Clipboard };
        assert!(write(&large, &mut terminal).bad);
        assert!(terminal.is_empty());
    }
}
