//! Saving where it goes well, and each way in which it cannot.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
};

use nix::unistd::geteuid;
use tempfile::TempDir;

use super::*;

const NOBODY: u32 = 65_534;

/// A folder with a file `config.toml`, if it says something, and that file as somebody's own.
fn own(text: Option<&str>, whose: Whose, owners: &[u32]) -> (TempDir, PathBuf, Own) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    if let Some(text) = text {
        fs::write(&path, text).unwrap();
    }
    let own = of(&path, whose, owners);
    (dir, path, own)
}

fn of(path: &Path, whose: Whose, owners: &[u32]) -> Own {
    let place = Place { path: path.into(), whose };
    let text = place.read(owners).unwrap().map(|said| said.text);
    Own::new(place, text, owners)
}

fn me() -> Vec<u32> {
    vec![0, geteuid().as_raw()]
}

fn ascii(value: bool) -> Vec<(String, Value)> {
    vec![("screen.ascii".into(), Value::Boolean(value))]
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// There is nothing in a folder but this.
fn alone(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().count() == 1
}

#[test]
fn it_is_written_whole_with_its_mode_and_again() {
    let (dir, path, mut own) = own(Some("# mine\npue = 1.5\n"), Whose::User, &me());
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    own.save(&ascii(true)).unwrap();
    assert_eq!(read(&path), "# mine\npue = 1.5\n\n[screen]\nascii = true\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
    own.save(&ascii(false)).unwrap();
    assert!(read(&path).ends_with("ascii = false\n") && alone(dir.path()));
}

#[test]
fn a_file_that_is_not_there_is_made_with_its_folders() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/jouletop/config.toml");
    let mut own = of(&path, Whose::User, &me());
    own.save(&ascii(true)).unwrap();
    assert_eq!(read(&path), "[screen]\nascii = true\n");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir.path().join("a")), mode(&path) & 0o600), (0o700, 0o600));
}

#[test]
fn a_link_stays_and_what_it_leads_to_is_written() {
    let (dir, path, _) = own(Some("pue = 1.5\n"), Whose::User, &me());
    let (other, link) = (tempfile::tempdir().unwrap(), dir.path().join("link.toml"));
    let aim = other.path().join("aim.toml");
    fs::rename(&path, &aim).unwrap();
    symlink(&aim, &link).unwrap();
    of(&link, Whose::User, &me()).save(&ascii(true)).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(read(&aim).ends_with("ascii = true\n") && alone(other.path()));

    let nowhere = dir.path().join("nowhere.toml");
    symlink(dir.path().join("none"), &nowhere).unwrap();
    let words = of(&nowhere, Whose::User, &me()).save(&ascii(true)).unwrap_err();
    assert!(words.starts_with("it is a link that leads nowhere; remove it ("), "{words}");
}

#[test]
fn a_file_that_somebody_changed_meanwhile_is_left_alone() {
    let (dir, path, mut changed) = own(Some("pue = 1.5\n"), Whose::User, &me());
    fs::write(&path, "pue = 1.6\n").unwrap();
    let words = changed.save(&ascii(true)).unwrap_err();
    assert!(words.contains("has changed since it was read; start jouletop again"), "{words}");
    assert_eq!(read(&path), "pue = 1.6\n");
    // So is one that came, or went.
    fs::remove_file(&path).unwrap();
    assert!(changed.save(&ascii(true)).unwrap_err().contains("has changed"));
    assert!(!path.exists());
    let mut absent = of(&path, Whose::User, &me());
    fs::write(&path, "pue = 1.7\n").unwrap();
    assert!(absent.save(&ascii(true)).unwrap_err().contains("has changed"));
    assert!(read(&path) == "pue = 1.7\n" && alone(dir.path()));
}

#[test]
fn without_a_place_there_is_a_clear_word() {
    let words = Own::default().save(&ascii(true)).unwrap_err();
    assert_eq!(words, "there is no HOME to save to; name a file with --config");
    let words = of(Path::new("/dev/null"), Whose::Named, &me()).save(&ascii(true)).unwrap_err();
    assert_eq!(words, "/dev/null keeps nothing; name another file with --config");
    let words = of(Path::new("/proc/jouletop/config.toml"), Whose::User, &me());
    let words = words.clone().save(&ascii(true)).unwrap_err();
    assert!(words.ends_with("--config (/proc/jouletop/config.toml)"), "{words}");
}

#[test]
fn nothing_is_written_where_others_could_put_something_into_the_way() {
    let (dir, path, mut own) = own(Some("pue = 1.5\n"), Whose::User, &me());
    fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    let words = own.save(&ascii(true)).unwrap_err();
    assert!(words.contains("anybody may write in") && words.contains("chmod o-w"), "{words}");
    // Where nobody takes what is another's, that is well.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o1777)).unwrap();
    own.save(&ascii(true)).unwrap();
    assert!(geteuid().is_root(), "run the tests as root: sudo -E env PATH=$PATH cargo test");
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    chown(dir.path(), Some(NOBODY), None).unwrap();
    let words = own.save(&ascii(false)).unwrap_err();
    assert!(words.contains("belongs to user 65534"), "{words}");
    assert!(read(&path).ends_with("ascii = true\n"));
}

/// Through `sudo`, root writes the file of who called it, as that user.
#[test]
fn through_sudo_it_stays_the_users_and_root_goes_nowhere_else() {
    assert!(geteuid().is_root(), "run the tests as root: sudo -E env PATH=$PATH cargo test");
    let owners = [0, NOBODY];
    let (dir, path, mut file) = own(Some("pue = 1.5\n"), Whose::User, &owners);
    for path in [dir.path(), &path] {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    file.save(&ascii(true)).unwrap();
    let owner =
        |path: &Path| (fs::metadata(path).unwrap().uid(), fs::metadata(path).unwrap().gid());
    assert_eq!(owner(&path), (NOBODY, NOBODY));
    assert!(read(&path).ends_with("ascii = true\n"));

    // New, with its folders.
    let new = dir.path().join("xdg/jouletop/config.toml");
    of(&new, Whose::User, &owners).save(&ascii(true)).unwrap();
    assert_eq!((owner(&new), owner(new.parent().unwrap())), ((NOBODY, NOBODY), (NOBODY, NOBODY)));

    // Where that user may not write, root does not for them.
    let closed = tempfile::tempdir().unwrap();
    let theirs = closed.path().join("config.toml");
    fs::write(&theirs, "pue = 1.5\n").unwrap();
    chown(&theirs, Some(NOBODY), Some(NOBODY)).unwrap();
    fs::set_permissions(closed.path(), Permissions::from_mode(0o755)).unwrap();
    let words = of(&theirs, Whose::User, &owners).save(&ascii(true)).unwrap_err();
    assert!(
        words.starts_with("you may not write there; name another file with --config ("),
        "{words}"
    );
    assert!(read(&theirs) == "pue = 1.5\n" && alone(closed.path()));
    // Nor does a link of theirs lead root to what only root may write.
    let policy = closed.path().join("policy");
    fs::write(&policy, "# only root writes here\n").unwrap();
    let link = dir.path().join("link.toml");
    symlink(&policy, &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(NOBODY), Some(NOBODY)).unwrap();
    let words = of(&link, Whose::User, &owners).save(&ascii(true)).unwrap_err();
    assert!(words.starts_with("you may not write there"), "{words}");
    assert_eq!(read(&policy), "# only root writes here\n");
    // What they made read-only stays as it is.
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    let before = read(&path);
    let words = of(&path, Whose::User, &owners).save(&ascii(false)).unwrap_err();
    assert!(words.starts_with("you may not write there") && read(&path) == before, "{words}");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    fs::hard_link(&path, dir.path().join("other")).unwrap();
    let words = of(&path, Whose::User, &owners).save(&ascii(false)).unwrap_err();
    assert!(words.starts_with("it has other names") && read(&path) == before, "{words}");
    // We are who we were.
    assert!(fs::metadata("/root").is_ok() && fs::read_dir("/root").is_ok());
}
