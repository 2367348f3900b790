//! A job of PBS, LSF or Grid Engine.
//!
//! They tell it in the environment; PBS in the path too, where its hook makes control groups.

use super::{Facts, Job, Kind, maker, segments};

/// The job that a scheduler's variables tell of.
pub fn of(facts: &Facts<'_>) -> Option<Job> {
    pbs(facts).or_else(|| lsf(facts)).or_else(|| grid_engine(facts))
}

/// `1234.server`, `1234[5].server` in an array.
fn pbs(facts: &Facts<'_>) -> Option<Job> {
    let told = facts.var("PBS_JOBID");
    let id = facts.in_groups(pbs_path).or(told)?;
    let name = facts.var("PBS_JOBNAME").filter(|_| told == Some(id));
    let number =
        id.split('.').next().filter(|number| number.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(job("pbs", id, number, name))
}

/// `/pbs_jobs.service/jobid/1234.server`.
fn pbs_path(path: &str) -> Option<&str> {
    if maker(path).is_some() {
        return None;
    }
    let mut segments = segments(path).skip_while(|segment| *segment != "pbs_jobs.service");
    segments.next()?;
    (segments.next()? == "jobid").then(|| segments.next())?
}

fn lsf(facts: &Facts<'_>) -> Option<Job> {
    let id = facts.number("LSB_JOBID")?;
    // 0 is what a job has that is in no array.
    let index = facts.number("LSB_JOBINDEX").filter(|index| *index > 0);
    let id = index.map_or_else(|| id.to_string(), |index| format!("{id}[{index}]"));
    Some(job("lsf", &id, &id, facts.var("LSB_JOBNAME")))
}

/// `JOB_ID` alone could be anybody's; Grid Engine always sets `SGE_TASK_ID` beside it.
fn grid_engine(facts: &Facts<'_>) -> Option<Job> {
    let id = facts.number("JOB_ID")?;
    let id = match facts.var("SGE_TASK_ID")? {
        "undefined" => id.to_string(),
        task => format!("{id}.{task}"),
    };
    Some(job("sge", &id, &id, facts.var("JOB_NAME")))
}

fn job(scheduler: &str, id: &str, number: &str, name: Option<&str>) -> Job {
    let name = name.map_or_else(|| number.into(), |name| format!("{number} ({name})"));
    Job::new(Kind::Batch, format!("{scheduler} {id}"), &name)
}

#[cfg(test)]
pub(super) const EXAMPLES: &[super::table::Example] = &[
    (
        "PBS: qsub(1B), environment of a job",
        &["/system.slice/pbs.service"],
        &[("PBS_JOBID", "1234.head"), ("PBS_JOBNAME", "md")],
        "gmx mdrun",
        "pbs 1234.head | 1234 (md)",
    ),
    (
        "PBS: a job of an array, by the hook's path (pbs_cgroups)",
        &["/pbs_jobs.service/jobid/1234[7].head"],
        &[],
        "gmx mdrun",
        "pbs 1234[7].head | 1234[7]",
    ),
    (
        "LSF: environment variables set for job execution, an array",
        &["/system.slice/lsfd.service"],
        &[
            ("LSB_JOBID", "501"),
            ("LSB_JOBINDEX", "3"),
            ("LSB_JOBNAME", "cfd[1-9]"),
            ("OMPI_COMM_WORLD_RANK", "2"),
        ],
        "./solver",
        "lsf 501[3] | 501[3] (cfd[1-9]) | rank 2",
    ),
    (
        "LSF: in no array the index is 0",
        &["/"],
        &[("LSB_JOBID", "502"), ("LSB_JOBINDEX", "0")],
        "./solver",
        "lsf 502 | 502",
    ),
    (
        "Grid Engine: qsub(1), a task of an array",
        &["/system.slice/sgeexecd.service"],
        &[("JOB_ID", "42"), ("JOB_NAME", "blast"), ("SGE_TASK_ID", "8")],
        "blastn",
        "sge 42.8 | 42.8 (blast)",
    ),
    (
        "Grid Engine: qsub(1), no array",
        &["/"],
        &[("JOB_ID", "43"), ("SGE_TASK_ID", "undefined")],
        "blastn",
        "sge 43 | 43",
    ),
    (
        "hostile: a user's directories that are called like PBS's",
        &[
            "/user.slice/user-1000.slice/user@1000.service/app.slice/own.service/pbs_jobs.service/jobid/1.head",
        ],
        &[],
        "x",
        "unit 1000/own.service | own of alice",
    ),
    (
        "hostile: a JOB_ID of somebody's own",
        &["/system.slice/ci.service"],
        &[("JOB_ID", "43"), ("JOB_NAME", "deploy"), ("PBS_JOBID", "none")],
        "run",
        "unit ci.service | ci",
    ),
];
