//! Jobs of real processes: control groups in the shapes of Slurm, Docker and Kubernetes, a tag
//! in the environment or by `jouletop tag`, another user, a data loader whose workers come and
//! go, and pipelines at the prompt of a real shell.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Read as _, Write as _},
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};

use nix::{
    pty::{OpenptyResult, openpty},
    unistd::setsid,
};
use serde_json::Value;
use support::{
    jouletop,
    kernel::{alone, waited},
    stream::Stream,
    workload,
};

/// A hierarchy of control groups that is mounted, and directories made in it.
struct Groups {
    mount: PathBuf,
    made: Vec<PathBuf>,
}

impl Groups {
    /// Of version 2, or the one of version 1 with this controller.
    fn mounted(controller: Option<&str>) -> Self {
        let mounts = fs::read_to_string("/proc/mounts").unwrap();
        let mount = mounts.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let (mount, kind, options) = (fields[1], fields[2], fields[3]);
            let fits = match controller {
                None => kind == "cgroup2",
                Some(name) => kind == "cgroup" && options.split(',').any(|option| option == name),
            };
            fits.then(|| PathBuf::from(mount))
        });
        let remedy = "mount it: mount -t cgroup2 none /sys/fs/cgroup/unified; mkdir -p \
                      /sys/fs/cgroup/pids && mount -t cgroup -o pids pids /sys/fs/cgroup/pids";
        let mount = mount.unwrap_or_else(|| panic!("no hierarchy of {controller:?}; {remedy}"));
        Self { mount, made: Vec::new() }
    }

    /// Puts a process into a group, which is made if need be.
    fn put(&mut self, path: &str, pid: u32) {
        let mut at = self.mount.clone();
        for part in Path::new(path.trim_start_matches('/')) {
            at.push(part);
            if !at.exists() {
                fs::create_dir(&at).unwrap();
                self.made.push(at.clone());
            }
        }
        fs::write(at.join("cgroup.procs"), pid.to_string()).unwrap();
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        // The innermost first; one that is still used by a dying process is tried again.
        for group in self.made.iter().rev() {
            for _ in 0..50 {
                if fs::remove_dir(group).is_ok() {
                    break;
                }
                sleep(Duration::from_millis(20));
            }
        }
    }
}

/// A process that waits until it may run, so that it is in its group before anybody looks.
struct Held(Child);

impl Held {
    fn start(gate: &Path, word: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let duty = workload();
        let program = duty.get_program().to_str().unwrap().to_owned();
        let wait = format!(
            "while [ ! -e {} ]; do sleep 0.02; done; exec {program} duty 4 30 {word}",
            gate.display()
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &wait]);
        prepare(&mut shell);
        Self(shell.spawn().unwrap())
    }
}

/// What was told of the processes whose command line holds a word, once each.
fn told<'a>(lines: &'a [Value], word: &str) -> Vec<&'a Value> {
    let processes = lines.iter().flat_map(|line| line["processes"].as_array().unwrap());
    let its = |process: &&Value| {
        process["cmdline"].as_str().is_some_and(|line| line.contains(word))
            && process["name"] == "workload"
    };
    processes.filter(its).collect()
}

const DOCKER: &str = "4c01db0b339c1f1d2ab1aa7ad40aae9ac8bcc9cf3a3c3f7e7b4f46b0f5cfdd52";
const POD: &str = "8f1a7e0c-5d0a-4e35-9f53-0f2f7d1b6a11";

#[test]
fn groups_in_the_shapes_of_schedulers_and_containers_are_jobs() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let gate = folder.path().join("go");
    let (mut v2, mut v1) = (Groups::mounted(None), Groups::mounted(Some("pids")));
    let pod = POD.replace('-', "_");
    let kube = format!(
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod}.slice/\
         cri-containerd-{DOCKER}.scope"
    );
    let shapes = [
        ("slurm-two", false, "/system.slice/slurmstepd.scope/job_4712/step_0/user/task_3".into()),
        ("slurm-one", true, "/slurm/uid_1000/job_4711/step_batch/task_0".into()),
        ("in-docker", false, format!("/system.slice/docker-{DOCKER}.scope")),
        ("in-docker-one", true, format!("/docker/{DOCKER}")),
        ("in-a-pod", false, kube),
        ("in-a-unit", false, "/system.slice/jouletop-test.service".into()),
        ("in-a-login", false, "/user.slice/user-1000.slice/session-73.scope".into()),
    ];
    let mut children = Vec::new();
    for (word, old, path) in &shapes {
        let child = Held::start(&gate, word, |_| {});
        let groups = if *old { &mut v1 } else { &mut v2 };
        groups.put(path, child.0.id());
        children.push(child);
    }
    let stream = Stream::start(&["--interval", "500ms", "--by", "job"]);
    stream.next();
    fs::write(&gate, "").unwrap();
    for child in &mut children {
        assert!(child.0.wait().unwrap().success());
    }
    let lines = stream.finish();
    for (word, kind, name, step, rank) in [
        ("slurm-two", "slurm", "4712", Some("0"), Some(3)),
        ("slurm-one", "slurm", "4711", Some("batch"), Some(0)),
        ("in-docker", "container", &DOCKER[..12], None, None),
        ("in-docker-one", "container", &DOCKER[..12], None, None),
        ("in-a-pod", "pod", &POD[..8], None, None),
        ("in-a-unit", "unit", "jouletop-test", None, None),
        ("in-a-login", "session", "73", None, None),
    ] {
        let all = told(&lines, &format!(" {word}"));
        let all: Vec<_> = all
            .into_iter()
            .filter(|one| one["cmdline"].as_str().unwrap().ends_with(&format!(" {word}")))
            .collect();
        assert!(!all.is_empty(), "{word} was not seen");
        for one in all {
            assert_eq!(one["job_kind"], kind, "{word}: {one}");
            assert!(one["job"].as_str().unwrap().contains(name), "{word}: {one}");
            if let Some(step) = step {
                assert_eq!(one["step"], step, "{word}: {one}");
            }
            if let Some(rank) = rank {
                assert_eq!(one["rank"], rank, "{word}: {one}");
            }
        }
    }
    sums_agree(&lines);
}

#[test]
fn a_tag_goes_with_the_tree_and_over_to_another_user() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let gate = folder.path().join("go");
    let mut plain = Held::start(&gate, "tagged", |command| {
        command.env("JOULETOP_JOB", "resnet run 3");
    });
    let mut other = Held::start(&gate, "of-nobody", |command| {
        command.env("JOULETOP_JOB", "resnet run 3").uid(65534).gid(65534);
        // The program under test lies where only root may look.
        command.env("HOME", "/");
    });
    let readable = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "test", "-x"])
        .arg(workload().get_program())
        .status()
        .unwrap()
        .success();
    let stream = Stream::start(&["--interval", "500ms", "--by", "job"]);
    stream.next();
    fs::write(&gate, "").unwrap();
    plain.0.wait().unwrap();
    other.0.wait().unwrap();
    let lines = stream.finish();
    let tagged = told(&lines, " tagged");
    assert!(!tagged.is_empty());
    for one in &tagged {
        assert_eq!(
            (&one["job"], &one["job_kind"]),
            (&"resnet run 3".into(), &"tag".into()),
            "{one}"
        );
    }
    // Two users' jobs of one name are two jobs, also if the program cannot be run by nobody.
    if readable {
        let theirs = told(&lines, " of-nobody");
        assert!(!theirs.is_empty());
        assert_ne!(theirs[0]["job_id"], tagged[0]["job_id"]);
    }
    sums_agree(&lines);
}

#[test]
fn a_data_loader_whose_workers_come_and_go_is_one_job_with_all_of_its_time() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("train.py");
    fs::write(
        &script,
        "import multiprocessing as mp, time\n\
         def work(n):\n    end = time.process_time() + 0.05\n    while time.process_time() < end: pass\n\
         \x20   return n\n\
         if __name__ == '__main__':\n\
         \x20   with mp.Pool(8, maxtasksperchild=2) as pool:\n\
         \x20       assert sum(pool.imap_unordered(work, range(64))) == 2016\n",
    )
    .unwrap();
    let stream = Stream::start(&["--interval", "500ms", "--by", "job"]);
    stream.next();
    let mut python = Command::new("python3");
    let child = python.arg(&script).env("JOULETOP_JOB", "loader").spawn().unwrap();
    let (truth, status) = waited(child);
    assert!(status.success(), "python3 with multiprocessing is needed: apt-get install python3");
    let lines = stream.finish();
    let processes = lines.iter().flat_map(|line| line["processes"].as_array().unwrap());
    let mine: Vec<_> = processes.filter(|process| process["job"] == "loader").collect();
    let pids: BTreeSet<u64> = mine.iter().map(|one| one["pid"].as_u64().unwrap()).collect();
    // The parent, 32 workers of two tasks each, and what Python starts beside them.
    assert!(pids.len() >= 33, "{} processes", pids.len());
    let seconds: f64 = mine.iter().map(|one| one["cpu_seconds"].as_f64().unwrap()).sum();
    println!("{seconds:.4} s of {truth:.4} s in {} processes", pids.len());
    assert!((seconds - truth).abs() < 0.01 * truth, "{seconds} s of {truth} s");
    let row = |line: &Value, figure: &str| -> f64 {
        let groups = line["groups"].as_array().unwrap();
        groups
            .iter()
            .filter(|row| row["label"] == "loader")
            .filter_map(|row| row[figure].as_f64())
            .sum()
    };
    let grouped: f64 = lines.iter().map(|line| row(line, "cpu_seconds")).sum();
    assert!((grouped - seconds).abs() < 1e-6, "{grouped} s in the job's row");
    let joules: f64 = mine.iter().filter_map(|one| one["energy_joules"].as_f64()).sum();
    let grouped: f64 = lines.iter().map(|line| row(line, "energy_joules")).sum();
    assert!((grouped - joules).abs() < 1e-6, "{grouped} J of {joules} J");
    sums_agree(&lines);
}

/// `jouletop tag` with these words, below a runtime directory.
fn tag(run: &Path, words: &[&str]) -> Output {
    jouletop().args(["--run-root", run.to_str().unwrap(), "tag"]).args(words).output().unwrap()
}

/// The same as another user, who may read the program.
fn tag_as(uid: u32, program: &Path, run: &Path, words: &[&str]) -> Output {
    let ids = [format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".into()];
    let mut command = Command::new("setpriv");
    command.args(ids).arg(program).args(["--run-root", run.to_str().unwrap(), "tag"]);
    command.args(words).env_remove("XDG_RUNTIME_DIR").output().unwrap()
}

/// What a command said that failed as it should.
fn refused(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A shell whose children burn some time again and again, until it is killed.
struct Busy(Child);

impl Busy {
    fn start(word: &str, uid: Option<u32>) -> Self {
        let mut shell = Command::new("sh");
        // Each round is a child of its own, as the loop is in a copy of the shell.
        let burn = format!("i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done; : {word}");
        shell.args(["-c", &format!("while :; do sh -c '{burn}'; done; : {word}")]);
        if let Some(uid) = uid {
            shell.uid(uid).gid(uid);
        }
        Self(shell.process_group(0).current_dir("/").spawn().unwrap())
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let group = nix::unistd::Pid::from_raw(self.0.id().cast_signed());
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

/// The jobs of the processes whose command line holds a word, in one interval.
fn jobs(line: &Value, word: &str) -> BTreeSet<String> {
    let processes = line["processes"].as_array().unwrap().iter();
    let its = processes.filter(|one| one["cmdline"].as_str().is_some_and(|it| it.contains(word)));
    its.map(|one| one["job"].as_str().unwrap_or("-").to_owned()).collect()
}

/// Waits until all of them that run are in the jobs that are expected.
fn until(stream: &Stream, word: &str, expected: impl Fn(&BTreeSet<String>) -> bool) -> Value {
    let mut last = BTreeSet::new();
    for _ in 0..20 {
        let line = stream.next();
        last = jobs(&line, word);
        if !last.is_empty() && expected(&last) {
            return line;
        }
    }
    panic!("{word}: {last:?}")
}

#[test]
fn a_tag_is_for_those_who_run_already_and_for_a_jouletop_that_does() {
    let _alone = alone();
    let run = tempfile::tempdir().unwrap();
    let root = run.path().to_str().unwrap();
    // No other run's processes have the same word.
    let word = &format!("tagged-while-{}-tests", std::process::id());
    let busy = Busy::start(word, None);
    let other = Busy::start("not-tagged", None);
    let args = ["--interval", "500ms", "--by", "job", "--run-root", root];
    let before = Stream::start(&args);
    until(&before, word, |jobs| !jobs.contains("resnet run 3"));
    succeeded(&tag(run.path(), &[&busy.pid(), "resnet run 3"]));
    let only = |name: &'static str| move |jobs: &BTreeSet<String>| jobs.iter().eq([name]);
    let line = until(&before, word, only("resnet run 3"));
    assert!(!jobs(&line, "not-tagged").contains("resnet run 3"), "{line}");
    assert_eq!(line["warnings"].to_string().matches("tag").count(), 0, "{line}");
    let rows = line["groups"].as_array().unwrap();
    let row = rows.iter().find(|row| row["label"] == "resnet run 3").unwrap();
    assert!(row["processes"].as_u64().unwrap() >= 2, "the children are in its row: {row}");
    // One that is started later.
    let after = Stream::start(&args);
    let line = until(&after, word, only("resnet run 3"));
    let tagged = line["processes"].as_array().unwrap().iter();
    let tagged = tagged.filter(|one| one["job"] == "resnet run 3");
    for one in tagged {
        assert_eq!((&one["job_kind"], &one["user"]), (&"tag".into(), &"root".into()));
    }
    let listed = succeeded(&tag(run.path(), &[]));
    assert!(listed.contains(&busy.pid()) && listed.contains("resnet run 3"), "{listed}");
    let listed: Value = serde_json::from_str(&succeeded(&tag(run.path(), &["--json"]))).unwrap();
    assert_eq!(listed["tags"][0]["name"], "resnet run 3");
    assert_eq!(listed["tags"][0]["pid"].to_string(), busy.pid());
    // Another name, and none.
    succeeded(&tag(run.path(), &[&busy.pid(), "run 4"]));
    until(&before, word, only("run 4"));
    succeeded(&tag(run.path(), &["--remove", &busy.pid()]));
    until(&before, word, |jobs| !jobs.contains("run 4"));
    until(&after, word, |jobs| !jobs.contains("run 4"));
    assert!(refused(&tag(run.path(), &["--remove", &busy.pid()]), 1).contains("has no tag"));
    let _ = other;
    sums_agree(&before.finish());
    sums_agree(&after.finish());
}

#[test]
fn who_may_tag_whom() {
    const ALICE: u32 = 54_321;
    const BOB: u32 = 54_322;
    let _alone = alone();
    let run = tempfile::tempdir().unwrap();
    // The program lies where only root may look.
    let bin = tempfile::tempdir().unwrap();
    let program = bin.path().join("jouletop");
    fs::copy(env!("CARGO_BIN_EXE_jouletop"), &program).unwrap();
    for open in [run.path(), bin.path()] {
        fs::set_permissions(open, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let none = refused(&tag_as(ALICE, &program, run.path(), &["1", "x"]), 1);
    assert!(none.contains("is of root; tag it as root"), "{none}");
    let (hers, his) = (Busy::start("of-alice", Some(ALICE)), Busy::start("of-bob", Some(BOB)));
    let nowhere = refused(&tag_as(ALICE, &program, run.path(), &[&hers.pid(), "x"]), 1);
    assert!(nowhere.contains("XDG_RUNTIME_DIR"), "{nowhere}");
    for user in [ALICE, BOB] {
        let place = run.path().join(format!("user/{user}"));
        fs::create_dir_all(&place).unwrap();
        chown(&place, Some(user), Some(user)).unwrap();
        fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
    let alice = |words: &[&str]| tag_as(ALICE, &program, run.path(), words);
    succeeded(&alice(&[&hers.pid(), "alice's"]));
    let foreign = refused(&alice(&[&his.pid(), "alice's"]), 1);
    assert!(foreign.contains(&format!("is of {BOB}; tag it as {BOB} or as root")), "{foreign}");
    // By hand, past the program.
    let folder = run.path().join(format!("user/{ALICE}/jouletop/tags"));
    let mine = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().file_name();
    let stat = fs::read_to_string(format!("/proc/{}/stat", his.pid())).unwrap();
    let began = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().to_owned();
    let forged = folder.join(format!("{}.{began}", his.pid()));
    fs::copy(folder.join(&mine), &forged).unwrap();
    chown(&forged, Some(ALICE), Some(ALICE)).unwrap();
    let args = ["--interval", "500ms", "--by", "job", "--run-root", run.path().to_str().unwrap()];
    let stream = Stream::start(&args);
    let line = until(&stream, "of-alice", |jobs| jobs.iter().eq(["alice's"]));
    assert!(!jobs(&line, "of-bob").contains("alice's"), "{line}");
    let remedies = line["warnings"].to_string();
    assert!(remedies.contains("is not its writer's"), "{remedies}");
    assert_eq!(stream.next()["warnings"].to_string().matches("is not its writer's").count(), 1);
    // Root may: hers too, and root's word is the stronger one. She cannot take it away.
    succeeded(&tag(run.path(), &[&his.pid(), "root's"]));
    succeeded(&tag(run.path(), &[&hers.pid(), "root's"]));
    until(&stream, "of-bob", |jobs| jobs.iter().eq(["root's"]));
    until(&stream, "of-alice", |jobs| jobs.iter().eq(["root's"]));
    let kept = refused(&alice(&["--remove", &hers.pid()]), 1);
    assert!(kept.contains("was tagged by root; remove it as root"), "{kept}");
    // As a user she sees what counts for her: root's names.
    assert!(succeeded(&alice(&[])).contains("root's"));
    succeeded(&tag(run.path(), &["--remove", &hers.pid()]));
    until(&stream, "of-alice", |jobs| !jobs.contains("root's"));
    sums_agree(&stream.finish());
}

#[test]
fn one_users_bad_folder_keeps_nobody_from_removing_a_tag() {
    let _alone = alone();
    let run = tempfile::tempdir().unwrap();
    let busy = Busy::start("tagged-beside-a-link", None);
    let bad = run.path().join("user/54321");
    fs::create_dir_all(&bad).unwrap();
    std::os::unix::fs::symlink("/etc", bad.join("jouletop")).unwrap();
    succeeded(&tag(run.path(), &[&busy.pid(), "root's"]));
    let removed = tag(run.path(), &["--remove", &busy.pid()]);
    succeeded(&removed);
    let said = String::from_utf8_lossy(&removed.stderr);
    assert!(said.contains("or a link; remove it"), "{said}");
    assert!(refused(&tag(run.path(), &["--remove", &busy.pid()]), 1).contains("has no tag"));
}

#[test]
fn a_tag_that_cannot_be_is_refused_with_the_remedy() {
    let _alone = alone();
    let run = tempfile::tempdir().unwrap();
    let own = std::process::id().to_string();
    let tag = |words: &[&str]| tag(run.path(), words);
    assert!(refused(&tag(&["4194999", "x"]), 1).contains("no process 4194999; ps -e lists them"));
    assert!(refused(&tag(&["--remove", "4194999"]), 1).contains("a tag ends with its process"));
    assert!(refused(&tag(&["4294967295", "x"]), 1).contains("no process 4294967295"));
    assert!(refused(&tag(&[&own, "a\u{1b}[2J"]), 2).contains("leave out control characters"));
    assert!(refused(&tag(&[&own, "a\nb"]), 2).contains("leave out control characters"));
    assert!(refused(&tag(&[&own, "  "]), 2).contains("a tag needs a name, such as"));
    assert!(refused(&tag(&[&own, &"x".repeat(257)]), 2).contains("at most 256 characters"));
    for bad in [&["0", "x"][..], &["-1", "x"], &["x", "y"], &["4711"], &["1", "x", "--remove", "2"]]
    {
        assert!(refused(&tag(bad), 2).contains("--help"), "{bad:?}");
    }
    let kernel = fs::read_dir("/proc").unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        let stat = fs::read_to_string(path.join("stat")).ok()?;
        let flags: u32 = stat.rsplit(')').next()?.split_whitespace().nth(6)?.parse().ok()?;
        (flags & 0x0020_0000 != 0).then(|| path.file_name().unwrap().to_str().unwrap().to_owned())
    });
    if let Some(kernel) = kernel {
        assert!(refused(&tag(&[&kernel, "x"]), 1).contains("is a thread of the kernel"));
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        sender.send(nix::unistd::gettid()).unwrap();
        let _ = stopped.recv();
    });
    let tid = receiver.recv().unwrap().to_string();
    let told = refused(&tag(&[&tid, "x"]), 1);
    assert!(told.contains(&format!("is a thread of process {own}; tag that one")), "{told}");
    drop(stop);
    thread.join().unwrap();
    // Nothing of it was written, and nothing is listed.
    assert!(!run.path().join("jouletop").exists());
    let listed = tag(&[]);
    assert!(succeeded(&listed).is_empty());
    assert!(String::from_utf8_lossy(&listed.stderr).contains("nothing is tagged"));
}

/// A shell at a prompt, on a terminal of its own.
struct Prompt {
    child: Child,
    keyboard: File,
}

impl Prompt {
    fn start(program: &str, args: &[&str]) -> Self {
        let OpenptyResult { master, slave } = openpty(None, None).unwrap();
        let line = File::from(slave);
        let end = || Stdio::from(line.try_clone().unwrap());
        let mut shell = Command::new(program);
        shell.args(args).env("PS1", "prompt> ").env("TERM", "dumb").env("HISTFILE", "/dev/null");
        shell.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: only async-signal-safe calls between fork and exec.
        unsafe {
            shell.pre_exec(|| {
                setsid()?;
                if libc::ioctl(0, libc::TIOCSCTTY, 0) != 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = shell.spawn().unwrap();
        let keyboard = File::from(master);
        let mut output = keyboard.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(1..) = output.read(&mut bytes) {}
        });
        Self { child, keyboard }
    }

    fn type_line(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_pipeline_at_the_prompt_of_a_real_shell_is_one_job() {
    let _alone = alone();
    let duty = workload();
    let program = duty.get_program().to_str().unwrap();
    let mut shell = Prompt::start("bash", &["--norc", "--noprofile", "-i"]);
    sleep(Duration::from_millis(300));
    let stream = Stream::start(&["--interval", "500ms", "--by", "job"]);
    stream.next();
    // Two seconds each, of which a third is worked: longer than an interval.
    let duty = |word: &str| format!("{program} duty 2 30 {word}");
    let pipe = ["pipe-a", "pipe-b", "pipe-c"].map(duty).join(" | ");
    shell.type_line(&pipe);
    sleep(Duration::from_millis(2800));
    // A copy of the shell that runs two commands, one of them a script's pipeline.
    let [first, second, third] = ["list-d", "list-e", "list-f"].map(duty);
    shell.type_line(&format!("({first}; sh -c '{second} | cat'; true) | {third}"));
    sleep(Duration::from_millis(4800));
    // Two commands at once, in the background.
    let apart = ["apart-g", "apart-h"].map(duty).join(" & ");
    shell.type_line(&format!("{apart} & wait"));
    sleep(Duration::from_millis(2800));
    let lines = stream.finish();
    let ids = |word: &str| -> BTreeSet<String> {
        let all = told(&lines, word);
        assert!(!all.is_empty(), "{word} was not seen");
        // Until its first look, a birth alone tells nothing of a group: no row of it counts twice.
        all.iter().map(|one| one["job_id"].as_str().unwrap().to_owned()).collect()
    };
    let name = |word: &str| told(&lines, word).last().unwrap()["job"].as_str().unwrap().to_owned();
    let pipe = ids(" pipe-a");
    assert_eq!(pipe.len(), 1, "{:#?}", told(&lines, " pipe-a"));
    assert_eq!((ids(" pipe-b"), ids(" pipe-c")), (pipe.clone(), pipe.clone()));
    assert_eq!(name(" pipe-c"), "workload | workload | workload");
    let list = ids(" list-d");
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!((ids(" list-e"), ids(" list-f")), (list.clone(), list.clone()));
    assert_eq!(name(" list-f"), "bash | workload");
    let all: BTreeSet<_> =
        [pipe, list, ids(" apart-g"), ids(" apart-h")].into_iter().flatten().collect();
    assert_eq!(all.len(), 4, "{all:?}");
    let rows = lines.iter().flat_map(|line| line["groups"].as_array().unwrap());
    let most = rows
        .filter(|row| row["label"] == "workload | workload | workload")
        .map(|row| row["processes"].as_u64().unwrap())
        .max();
    assert_eq!(most, Some(3), "its row has all of its members");
    sums_agree(&lines);
}

/// In every interval, groups add up to processes, which are in one group each.
fn sums_agree(lines: &[Value]) {
    for line in lines {
        let sum = |rows: &str, figure: &str| -> f64 {
            line[rows].as_array().unwrap().iter().filter_map(|row| row[figure].as_f64()).sum()
        };
        for figure in ["cpu_seconds", "energy_joules"] {
            let (processes, groups) = (sum("processes", figure), sum("groups", figure));
            assert!((processes - groups).abs() < 1e-6, "{figure}: {processes} and {groups}");
        }
        let members =
            line["groups"].as_array().unwrap().iter().map(|row| row["processes"].as_u64());
        let members: u64 = members.map(Option::unwrap).sum();
        assert_eq!(members as usize, line["processes"].as_array().unwrap().len());
    }
}
