//! A job of Slurm, with the step and the task.
//!
//! With Slurm's plugins for control groups the path says it, and nobody can leave it. Without
//! them only the environment does, which a process may have from a shell whose job is over.

use super::{Facts, Job, Kind, maker, segments};

/// What a path says.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    job: u32,
    step: Option<&'a str>,
    task: Option<u32>,
}

/// The job that the control groups tell of, or else the environment.
pub fn of(facts: &Facts<'_>) -> Option<Job> {
    let told = facts.number("SLURM_JOB_ID").filter(|job| *job > 0);
    let place = facts.in_groups(place);
    let number = place.map(|place| place.job).or(told)?;
    // The controllers of v1 are not equally deep: one has the task, another only the job.
    let same = || facts.cgroups.iter().filter_map(|path| self::place(path));
    let same = || same().filter(|place| place.job == number);
    let step = same().find_map(|place| place.step).map(str::to_owned);
    let task = same().find_map(|place| place.task);
    // The environment of another job, as one that was begun from within, says nothing of this.
    let var = |name| (told == Some(number)).then(|| facts.var(name)).flatten();
    let rank = var("SLURM_PROCID").and_then(|rank| rank.parse().ok());
    let shown = match (var("SLURM_ARRAY_JOB_ID"), var("SLURM_ARRAY_TASK_ID")) {
        (Some(array), Some(task)) => format!("{array}_{task}"),
        _ => number.to_string(),
    };
    let name =
        var("SLURM_JOB_NAME").map_or_else(|| shown.clone(), |name| format!("{shown} ({name})"));
    let mut job = Job::new(Kind::Slurm, format!("slurm {number}"), &name);
    job.step = step.or_else(|| var("SLURM_STEP_ID").map(named_step));
    job.rank = rank.or(task);
    Some(job)
}

/// `/slurm/uid_1000/job_123/step_0/task_1`, or below `slurmstepd.scope` in v2.
fn place(path: &str) -> Option<Place<'_>> {
    // Slurm is root's: what a user made says nothing.
    if maker(path).is_some() {
        return None;
    }
    let mut segments = segments(path).peekable();
    loop {
        let segment = segments.next()?;
        let v1 = segment == "slurm" || segment.starts_with("slurm_");
        // Where several slurmd run on a machine, each node's name stands before it.
        let v2 = segment == "slurmstepd.scope" || segment.ends_with("_slurmstepd.scope");
        if v1 && segments.peek().is_some_and(|next| number(next, "uid_").is_some()) {
            segments.next();
        } else if !v2 {
            continue;
        }
        let Some(job) = segments.peek().and_then(|next| number(next, "job_")) else { continue };
        segments.next();
        let step = segments.next().and_then(|next| next.strip_prefix("step_"));
        let step = step.filter(|step| is_step(step));
        let task = segments.find_map(|next| number(next, "task_"));
        return Some(Place { job, step, task: task.filter(|_| step.is_some()) })
            .filter(|place| place.job > 0);
    }
}

fn number(segment: &str, prefix: &str) -> Option<u32> {
    let digits = segment.strip_prefix(prefix)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn is_step(step: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+._-".contains(&byte);
    (1..=32).contains(&step.len()) && step.bytes().all(plain)
}

/// A step's number as the environment has it: the special ones are just below 2^32
/// (`slurm.h`).
fn named_step(step: &str) -> String {
    match step {
        "4294967291" => "batch",
        "4294967292" => "extern",
        "4294967290" => "interactive",
        other => other,
    }
    .into()
}

#[cfg(test)]
pub(super) const EXAMPLES: &[super::table::Example] = &[
    (
        "Slurm: cgroup v1, task/cgroup; memory is the deepest controller",
        &["/slurm/uid_1000/job_123/step_0/task_1", "/slurm/uid_1000/job_123/step_0"],
        &[],
        "./a.out",
        "slurm 123 | 123 | step 0 | rank 1",
    ),
    (
        "Slurm: cgroup v1, a controller that stops at the step comes first",
        &["/slurm/uid_1000/job_123/step_0", "/slurm/uid_1000/job_123/step_0/task_3"],
        &[],
        "./a.out",
        "slurm 123 | 123 | step 0 | rank 3",
    ),
    (
        "Slurm: several slurmd on a machine, v1 (cgroup.conf, `slurm_%n`)",
        &["/slurm_node1/uid_1000/job_77/step_batch"],
        &[],
        "/bin/bash /var/spool/slurmd/job00077/slurm_script",
        "slurm 77 | 77 | step batch",
    ),
    (
        "Slurm: cgroup_v2.html, a task of a step",
        &["/system.slice/slurmstepd.scope/job_3385/step_0/user/task_1"],
        &[
            ("SLURM_JOB_ID", "3385"),
            ("SLURM_JOB_NAME", "train"),
            ("SLURM_STEP_ID", "0"),
            ("SLURM_PROCID", "9"),
        ],
        "python train.py",
        "slurm 3385 | 3385 (train) | step 0 | rank 9",
    ),
    (
        "Slurm: cgroup_v2.html, several slurmd on a machine",
        &["/system.slice/node1_slurmstepd.scope/job_3/step_0/user/task_0"],
        &[],
        "sleep 1",
        "slurm 3 | 3 | step 0 | rank 0",
    ),
    (
        "Slurm: cgroup_v2.html, the step's own slurmstepd",
        &["/system.slice/slurmstepd.scope/job_3385/step_batch/slurm"],
        &[],
        "slurmstepd: [3385.batch]",
        "slurm 3385 | 3385 | step batch",
    ),
    (
        "Slurm: pam_slurm_adopt, an ssh into the node is adopted by step_extern",
        &["/system.slice/slurmstepd.scope/job_3385/step_extern/user/task_special"],
        &[("XDG_SESSION_ID", "c4")],
        "-bash",
        "slurm 3385 | 3385 | step extern",
    ),
    (
        "Slurm: slurm.conf, LaunchParameters=use_interactive_step",
        &["/system.slice/slurmstepd.scope/job_3386/step_interactive/user/task_0"],
        &[("SLURM_JOB_ID", "3386"), ("SLURM_STEP_ID", "4294967290"), ("SLURM_PROCID", "0")],
        "/bin/bash",
        "slurm 3386 | 3386 | step interactive | rank 0",
    ),
    (
        "sbatch(1): a task of an array",
        &["/system.slice/slurmstepd.scope/job_4712/step_batch/user/task_0"],
        &[
            ("SLURM_JOB_ID", "4712"),
            ("SLURM_ARRAY_JOB_ID", "4700"),
            ("SLURM_ARRAY_TASK_ID", "12"),
            ("SLURM_JOB_NAME", "sweep"),
        ],
        "python sweep.py",
        "slurm 4712 | 4700_12 (sweep) | step batch | rank 0",
    ),
    (
        "srun(1): no plugin for control groups, proctrack/linuxproc",
        &["/system.slice/slurmd.service"],
        &[
            ("SLURM_JOB_ID", "88"),
            ("SLURM_JOB_NAME", "wrf"),
            ("SLURM_STEP_ID", "4294967291"),
            ("SLURM_PROCID", "5"),
        ],
        "./wrf.exe",
        "slurm 88 | 88 (wrf) | step batch | rank 5",
    ),
    (
        "torchrun under srun: the launcher's rank is the finer one",
        &["/system.slice/slurmstepd.scope/job_9/step_0/user/task_0"],
        &[("SLURM_JOB_ID", "9"), ("SLURM_PROCID", "0"), ("RANK", "6"), ("WORLD_SIZE", "8")],
        "python -u train.py",
        "slurm 9 | 9 | step 0 | rank 6",
    ),
    (
        "sbatch from within a job: the environment is of another one than the path",
        &["/slurm/uid_5/job_200/step_batch/task_0"],
        &[("SLURM_JOB_ID", "199"), ("SLURM_JOB_NAME", "outer"), ("SLURM_PROCID", "7")],
        "bash",
        "slurm 200 | 200 | step batch | rank 0",
    ),
    (
        "apptainer exec in a job: it makes no control group of its own",
        &["/system.slice/slurmstepd.scope/job_5/step_0/user/task_0"],
        &[("SLURM_JOB_ID", "5")],
        "Apptainer runtime parent",
        "slurm 5 | 5 | step 0 | rank 0",
    ),
    (
        "a test cluster in Docker: the job is finer than the container that is the node",
        &[
            "/system.slice/docker-0f3c5b2a9d8e7f60112233445566778899aabbccddeeff000123456789abcdef.scope/system.slice/slurmstepd.scope/job_1/step_0/user/task_0",
        ],
        &[],
        "hostname",
        "slurm 1 | 1 | step 0 | rank 0",
    ),
    (
        "Slurm: the daemons of the node are a unit",
        &["/system.slice/slurmd.service"],
        &[],
        "/usr/sbin/slurmd -D -s",
        "unit slurmd.service | slurmd",
    ),
    (
        "Slurm: cgroup_v2.html, `slurmstepd infinity` keeps the scope alive",
        &["/system.slice/slurmstepd.scope/system"],
        &[],
        "/usr/sbin/slurmstepd infinity",
        "unit slurmstepd.scope | slurmstepd.scope",
    ),
    (
        "hostile: a number that is none, in path and environment",
        &["/slurm/uid_1000/job_99999999999999999999/step_0", "/slurm/uid_1/job_-4/step_0"],
        &[("SLURM_JOB_ID", "0")],
        "x",
        "",
    ),
    (
        "hostile: directories of a user's own that are called like another's job",
        &[
            "/user.slice/user-1000.slice/user@1000.service/app.slice/own.service/slurm/uid_0/job_5/step_0",
            "/user.slice/user-1000.slice/user@1000.service/app.slice/x_slurmstepd.scope/job_5/step_0",
        ],
        &[],
        "x",
        "unit 1000/own.service | own of alice",
    ),
    (
        "hostile: a directory that is only called like a job",
        &["/job_12/step_0", "/slurm/job_12", "/slurm", "/slurm/uid_1000"],
        &[],
        "x",
        "",
    ),
];
