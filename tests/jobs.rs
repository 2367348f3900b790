//! Jobs of real processes: control groups in the shapes of Slurm, Docker and Kubernetes, a tag
//! in the environment, another user, and a data loader whose workers come and go.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread::sleep,
    time::Duration,
};

use serde_json::Value;
use support::{
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
