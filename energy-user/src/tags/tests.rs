use std::{
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    process::{Child, Command},
    time::Duration,
};

use super::{
    folder::Folder,
    look::{Looker, News},
    person::Person,
    *,
};
use crate::job::tag::{self, Change};

/// A process that does nothing until the test is over.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        Self(Command::new("sleep").arg("1000").spawn().unwrap())
    }

    fn id(&self) -> ProcessId {
        Person::look(Path::new("/proc"), self.0.id()).unwrap().id
    }

    fn end(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn own() -> u32 {
    nix::unistd::geteuid().as_raw()
}

fn looker(run: &Path) -> Looker {
    // As root sees it: everybody's. The test's own are written by hand.
    Looker::new(Places::new(run, None, 0), "/proc".into())
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn each_user_has_a_place_and_root_looks_at_all() {
    let run = tempfile::tempdir().unwrap();
    for user in ["1000", "7", "x", "-1"] {
        fs::create_dir_all(run.path().join("user").join(user)).unwrap();
    }
    let shown = |places: Places| {
        let all = places.all().into_iter();
        let below = all.map(|path| path.strip_prefix(run.path()).unwrap().to_owned());
        below.map(|path| path.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(shown(Places::new(run.path(), None, 0)), ["", "user/7", "user/1000"]);
    assert_eq!(shown(Places::new(run.path(), Some("/x".into()), 1000)), ["", "user/1000"]);
    let own = |session: &str, uid| Places::new(Path::new("/run"), Some(session.into()), uid).own;
    assert_eq!(own("/tmp/mine", 1000), Path::new("/tmp/mine"));
    assert_eq!(own("", 1000), Path::new("/run/user/1000"));
    assert_eq!(own("not/whole", 1000), Path::new("/run/user/1000"));
    // As after `sudo -E`.
    assert_eq!(own("/run/user/1000", 0), Path::new("/run"));
}

#[test]
fn a_files_name_is_a_process_and_has_one_spelling() {
    let id = ProcessId { pid: 4711, start: 123_456 * crate::probe::TICK_NS };
    assert_eq!(file_name(id), "4711.123456");
    assert_eq!(process("4711.123456"), Some(id));
    for bad in ["4711", "+1.5", "1.05", "1.5.6", "-1.5", "1.", ".5", "x.y", "1.99999999999999999"] {
        assert_eq!(process(bad), None, "{bad}");
    }
}

#[test]
fn a_tag_is_heard_of_given_anew_taken_and_over() {
    let run = tempfile::tempdir().unwrap();
    let mut looker = looker(run.path());
    assert_eq!(looker.look(at(1)), News::default());
    let (mut one, other) = (Sleeper::start(), Sleeper::start());
    let (first, second) = (one.id(), other.id());
    let folder = Folder::make(run.path()).unwrap();
    folder.put(first, "a").unwrap();
    assert_eq!(looker.look(at(1)), News::default(), "not within a second");
    let mut changes = |seconds| {
        let News { changes, remarks } = looker.look(at(seconds));
        assert!(remarks.is_empty(), "{remarks:?}");
        changes
    };
    assert_eq!(changes(2), [Change::Given(first, "a".into())]);
    assert_eq!(changes(3), []);
    folder.put(first, "b").unwrap();
    folder.put(second, "größe 3").unwrap();
    let mut expected =
        vec![Change::Given(first, "b".into()), Change::Given(second, "größe 3".into())];
    expected
        .sort_by_key(|change| !matches!(change, Change::Given(id, _) if *id == first.min(second)));
    assert_eq!(changes(4), expected);
    assert!(folder.take(second).unwrap());
    assert!(!folder.take(second).unwrap());
    assert_eq!(changes(5), [Change::Taken(second)]);
    one.end();
    // One look more after a change, for what was changed within the same tick.
    assert_eq!(changes(6), [Change::Over(first)]);
    folder.sweep(Path::new("/proc"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(changes(7), []);
}

#[test]
fn a_number_that_is_used_again_has_no_tag() {
    let run = tempfile::tempdir().unwrap();
    let one = Sleeper::start();
    let before = ProcessId { start: one.id().start - crate::probe::TICK_NS, ..one.id() };
    Folder::make(run.path()).unwrap().put(before, "old").unwrap();
    assert_eq!(looker(run.path()).look(at(1)), News::default());
}

type Made<'a> = Box<dyn Fn() + 'a>;

static LONG: [u8; 2000] = [b'x'; 2000];

#[test]
fn what_is_no_tag_is_left_out_and_said_once() {
    let run = tempfile::tempdir().unwrap();
    let one = Sleeper::start();
    let folder = Folder::make(run.path()).unwrap();
    let path = |id| folder.path().join(file_name(id));
    let elsewhere = run.path().join("elsewhere");
    let mine = one.id();
    let write = |bytes: &'static [u8]| -> Made<'_> {
        Box::new(move || fs::write(path(mine), bytes).unwrap())
    };
    fs::write(&elsewhere, "secret").unwrap();
    let table: Vec<(&str, Made<'_>)> = vec![
        ("it is a link", Box::new(|| symlink(&elsewhere, path(mine)).unwrap())),
        ("no plain file", Box::new(|| fs::hard_link(&elsewhere, path(mine)).unwrap())),
        ("no plain file", Box::new(|| fs::create_dir(path(mine)).unwrap())),
        (
            "no plain file",
            Box::new(|| nix::unistd::mkfifo(&path(mine), nix::sys::stat::Mode::S_IRWXU).unwrap()),
        ),
        ("too long", write(&LONG)),
        ("no text", write(b"a\xff")),
        ("needs a name", write(b" \n")),
        ("control characters", write(b"a\x1b[2Jb\n")),
        ("control characters", write(b"two\nlines\n")),
    ];
    for (why, make) in table {
        make();
        let mut looker = looker(run.path());
        let News { changes, remarks } = looker.look(at(1));
        assert_eq!(changes, [], "{why}");
        assert!(remarks.len() == 1 && remarks[0].contains(why), "{why}: {remarks:?}");
        assert!(!remarks[0].contains("secret"));
        assert_eq!(looker.look(at(2)), News::default(), "{why}: said once");
        let _ = fs::remove_file(path(mine)).or_else(|_| fs::remove_dir(path(mine)));
    }
    // Whoever makes bad files makes many; their names move no cursor.
    for number in 0..50 {
        fs::write(folder.path().join(format!("bad\u{1b}{number}")), "x").unwrap();
    }
    let remarks = looker(run.path()).look(at(1)).remarks;
    assert_eq!(remarks.len(), 8);
    assert!(remarks.iter().all(|text| !text.contains('\u{1b}')), "{remarks:?}");
}

#[test]
fn a_directory_that_is_a_link_or_open_to_all_is_left_out() {
    let run = tempfile::tempdir().unwrap();
    let real = tempfile::tempdir().unwrap();
    let one = Sleeper::start();
    let folder = Folder::make(real.path()).unwrap();
    folder.put(one.id(), "a").unwrap();
    symlink(real.path().join("jouletop"), run.path().join("jouletop")).unwrap();
    let News { changes, remarks } = looker(run.path()).look(at(1));
    assert_eq!(changes, []);
    assert!(remarks[0].contains("a link; remove it"), "{remarks:?}");
    let refused = Folder::make(run.path()).unwrap_err();
    assert!(refused.contains("a link; remove it"), "{refused}");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let News { changes, remarks } = looker(real.path()).look(at(1));
    assert_eq!(changes, []);
    assert!(remarks[0].contains("chmod go-w"), "{remarks:?}");
}

#[test]
fn nobody_tags_what_is_anothers() {
    assert!(nix::unistd::geteuid().is_root(), "files change their owner here; run tests as root");
    let run = tempfile::tempdir().unwrap();
    let one = Sleeper::start();
    let runtime = run.path().join("user/65534");
    fs::create_dir_all(&runtime).unwrap();
    let folder = Folder::make(&runtime).unwrap();
    folder.put(one.id(), "theirs").unwrap();
    // Root's file in a directory of root's: that is root's word, wherever it lies.
    assert_eq!(looker(run.path()).look(at(1)).changes.len(), 1);
    // A user's: the process is root's.
    chown(folder.path().join(file_name(one.id())), Some(65534), None).unwrap();
    chown(folder.path(), Some(65534), None).unwrap();
    let News { changes, remarks } = looker(run.path()).look(at(1));
    assert_eq!(changes, []);
    assert!(remarks[0].contains("is not its writer's"), "{remarks:?}");
    // Root's file that a user moved or linked into a directory of its own.
    chown(folder.path().join(file_name(one.id())), Some(0), None).unwrap();
    let News { changes, remarks } = looker(run.path()).look(at(1));
    assert_eq!(changes, []);
    assert!(remarks[0].contains("is not its writer's"), "{remarks:?}");
}

#[test]
fn roots_word_is_the_stronger_one() {
    let run = tempfile::tempdir().unwrap();
    let one = Sleeper::start();
    let runtime = run.path().join("user").join(own().to_string());
    fs::create_dir_all(&runtime).unwrap();
    Folder::make(&runtime).unwrap().put(one.id(), "user's").unwrap();
    Folder::make(run.path()).unwrap().put(one.id(), "root's").unwrap();
    let changes = looker(run.path()).look(at(1)).changes;
    assert_eq!(changes, [Change::Given(one.id(), "root's".into())]);
}

#[test]
fn the_longest_name_is_read_back() {
    let run = tempfile::tempdir().unwrap();
    let one = Sleeper::start();
    let name = "𝄞".repeat(tag::LONGEST);
    Folder::make(run.path()).unwrap().put(one.id(), &name).unwrap();
    assert_eq!(looker(run.path()).look(at(1)).changes, [Change::Given(one.id(), name)]);
}

#[test]
fn what_a_writer_left_half_done_is_swept() {
    let run = tempfile::tempdir().unwrap();
    let folder = Folder::make(run.path()).unwrap();
    let mut one = Sleeper::start();
    let gone = folder.path().join(format!(".new.{}", one.0.id()));
    fs::write(&gone, "half").unwrap();
    assert_eq!(looker(run.path()).look(at(1)), News::default());
    folder.sweep(Path::new("/proc"));
    assert!(gone.exists(), "it may still be written");
    one.end();
    folder.sweep(Path::new("/proc"));
    assert!(!gone.exists());
}
