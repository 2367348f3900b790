//! A notebook's kernel: one job each, with all that its cells begin.
//!
//! A kernel is started with a connection file that has its number in its name, and whoever
//! starts it says so in the environment (`JPY_PARENT_PID`): the same for all languages.

use super::{Facts, Job, Kind, base, command::Command, short};

/// The job that a kernel begins.
pub fn of(facts: &Facts<'_>) -> Option<Job> {
    let words = || facts.words();
    // A console that joins a kernel names its file too, and is none.
    if words().any(|word| word.starts_with("--existing")) {
        return None;
    }
    let number = words().find_map(connection)?;
    let (Command { script, module, .. }, _) = Command::of(words())?;
    let python = module && script.is_some_and(|script| script.starts_with("ipykernel"));
    if !python && facts.var("JPY_PARENT_PID").is_none() {
        return None;
    }
    let file = facts.var("JPY_SESSION_NAME").map(base).filter(|file| !file.is_empty());
    let name = format!("notebook {}", file.unwrap_or(short(number, 8)));
    Some(Job::new(Kind::Notebook, format!("notebook {number}"), &name))
}

/// The number in `.../kernel-NUMBER.json`.
fn connection(word: &str) -> Option<&str> {
    let number = base(word).strip_prefix("kernel-")?.strip_suffix(".json")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    Some(number).filter(|number| (4..=64).contains(&number.len()) && number.bytes().all(plain))
}

#[cfg(test)]
pub(super) const BEGINNERS: &[super::table::Example] = &[
    (
        "jupyter_client: kernel.json of ipykernel",
        &["/user.slice/user-1000.slice/session-3.scope"],
        &[("JPY_PARENT_PID", "4711"), ("JPY_SESSION_NAME", "/home/alice/work/train.ipynb")],
        "/usr/bin/python3 -m ipykernel_launcher -f /home/alice/.local/share/jupyter/runtime/kernel-0a1b2c3d-1111-2222-3333-444455556666.json",
        "notebook 0a1b2c3d-1111-2222-3333-444455556666 | notebook train.ipynb",
    ),
    (
        "jupyter_server 1: no name of the session",
        &[],
        &[("JPY_PARENT_PID", "4711")],
        "python3 -m ipykernel_launcher -f /root/.local/share/jupyter/runtime/kernel-0a1b2c3d-1111-2222-3333-444455556666.json",
        "notebook 0a1b2c3d-1111-2222-3333-444455556666 | notebook 0a1b2c3d",
    ),
    (
        "vscode-jupyter: starts the kernel itself, without the variable",
        &[],
        &[],
        "/home/alice/.venv/bin/python -m ipykernel_launcher --f=/home/alice/.local/share/jupyter/runtime/kernel-v2-4048Zr4zc7Wc4Gb6.json",
        "notebook v2-4048Zr4zc7Wc4Gb6 | notebook v2-4048Z",
    ),
    (
        "IRkernel: its kernel.json",
        &[],
        &[("JPY_PARENT_PID", "4711")],
        "/usr/lib/R/bin/exec/R --slave -e IRkernel::main() --args /run/user/1000/jupyter/kernel-0a1b2c3d-1111-2222-3333-444455556666.json",
        "notebook 0a1b2c3d-1111-2222-3333-444455556666 | notebook 0a1b2c3d",
    ),
    (
        "IJulia: its kernel.json",
        &[],
        &[("JPY_PARENT_PID", "4711"), ("JPY_SESSION_NAME", "ode.ipynb")],
        "/opt/julia/bin/julia -i --color=yes --project=@. /home/a/.julia/packages/IJulia/src/kernel.jl /run/user/1000/jupyter/kernel-0a1b2c3d-1111-2222-3333-444455556666.json",
        "notebook 0a1b2c3d-1111-2222-3333-444455556666 | notebook ode.ipynb",
    ),
    (
        "jupyter console --existing: a client, no kernel",
        &[],
        &[("JPY_PARENT_PID", "4711")],
        "python /usr/bin/jupyter-console --existing kernel-0a1b2c3d-1111-2222-3333-444455556666.json",
        "",
    ),
    (
        "hostile: somebody looks at the file",
        &[],
        &[],
        "less /home/alice/.local/share/jupyter/runtime/kernel-0a1b2c3d-1111-2222-3333-444455556666.json",
        "",
    ),
    (
        "hostile: no number, a bad one",
        &[],
        &[("JPY_PARENT_PID", "1")],
        "python -m ipykernel_launcher -f kernel-.json -f kernel-a;b/c.json",
        "",
    ),
];
