//! `test`: everything that must hold before a change lands, in order of cost.

use std::{process::Command, time::Duration};

use crate::{ebpf, python, shell};

/// Runs every step; the first failure ends it.
pub fn run(rebuild_ebpf: bool) -> anyhow::Result<()> {
    let steps: [(&str, &[&str]); 3] = [
        ("format", &["fmt", "--all", "--check"]),
        ("lints", &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        ("tests", &["test", "--workspace"]),
    ];
    step("BPF objects", || ebpf::check(rebuild_ebpf))?;
    step("readers of GPUs", python::run)?;
    for (name, arguments) in steps {
        step(name, || {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            shell::run(Command::new(cargo).current_dir(shell::root()).args(arguments))
        })?;
    }
    println!("all is well");
    Ok(())
}

fn step(name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    println!("== {name}");
    let before = now();
    work()?;
    println!("== {name}: {:.0} s", now().saturating_sub(before).as_secs_f64());
    Ok(())
}

fn now() -> Duration {
    jouletop::clock::now().monotonic
}
