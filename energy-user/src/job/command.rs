//! What people call a command: its program, and the script where an interpreter runs one.
//!
//! The kernel's name of every Python program is `python3`; `python train.py` is what was typed.

use super::{base, shown};
use crate::sample::Identity;

/// What is called an interpreter here: its first word that is no option is a program.
const INTERPRETERS: [&str; 14] = [
    "python", "pypy", "bash", "sh", "dash", "zsh", "ksh", "fish", "perl", "ruby", "node", "julia",
    "Rscript", "php",
];

/// A command line, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// The program, without its directory.
    pub program: &'a str,
    /// What an interpreter runs: a file without its directory, or a module.
    pub script: Option<&'a str>,
    /// The interpreter runs a module (`-m`).
    pub module: bool,
}

impl<'a> Command<'a> {
    /// Takes words apart and gives the arguments after the program or its script.
    pub fn of(words: impl Iterator<Item = &'a str>) -> Option<(Self, Vec<&'a str>)> {
        let mut words = words;
        // A login shell has a dash before its name, a title a colon after it.
        let first = words.next()?;
        let program = base(first).trim_start_matches('-').trim_end_matches(':');
        let mut this = Self { program, script: None, module: false };
        if !is_interpreter(program) {
            return Some((this, words.collect()));
        }
        while let Some(word) = words.next() {
            match word {
                "-m" if program.starts_with("py") => {
                    this.module = true;
                    this.script = words.next();
                    break;
                }
                // The program is in the words themselves.
                "-c" | "-e" | "-lc" | "-ic" => break,
                "-W" | "-X" | "-o" | "-O" | "--rcfile" | "--init-file" => drop(words.next()),
                option if option.starts_with(['-', '+']) => {}
                script => {
                    this.script = Some(base(script));
                    break;
                }
            }
        }
        Some((this, words.collect()))
    }
}

fn is_interpreter(program: &str) -> bool {
    let plain = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.contains(&plain)
}

/// What people call a process's command.
pub fn called(identity: &Identity) -> String {
    let cmdline = identity.cmdline.as_deref().unwrap_or_default();
    match Command::of(cmdline.split_ascii_whitespace()) {
        Some((Command { program: "", .. }, _)) | None => shown(&identity.name),
        Some((Command { program, script, module }, _)) => {
            let module = if module { " -m" } else { "" };
            let script = script.map(|script| format!("{module} {script}")).unwrap_or_default();
            shown(&format!("{program}{script}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_called_as_it_was_typed() {
        let table = [
            ("/usr/bin/python3 -u /home/a/train.py --lr 1", "python3 train.py"),
            ("python3.11 -m pkg.train --lr 1", "python3.11 -m pkg.train"),
            ("python -W ignore -X dev run.py", "python run.py"),
            ("python -c import torch", "python"),
            ("/bin/bash ./build.sh all", "bash build.sh"),
            ("-bash", "bash"),
            ("nginx: worker process", "nginx"),
            ("./a.out -n 4", "a.out"),
            ("Rscript --vanilla fit.R", "Rscript fit.R"),
            ("", "kernel's"),
            ("   ", "kernel's"),
            ("/", "kernel's"),
        ];
        for (cmdline, expected) in table {
            let cmdline = Some(cmdline.to_owned()).filter(|cmdline| !cmdline.is_empty());
            let identity = Identity { name: "kernel's".into(), cmdline, ..Identity::default() };
            assert_eq!(called(&identity), expected, "{identity:?}");
        }
    }
}
