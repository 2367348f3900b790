//! A shell at whose prompt people type.
//!
//! Each command typed there is a job of its own, so that two trainings in one login are two.
//! A shell is at a prompt if it was given neither a script nor a command; that it leads a
//! session, or says that it is a login's, tells it from one that reads its commands from a pipe.

use crate::sample::{Identity, ProcessId};

const SHELLS: [&str; 9] = ["bash", "zsh", "fish", "sh", "dash", "ksh", "tcsh", "csh", "ash"];

/// What a process is as a shell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shell {
    /// None, or one that runs a script or a command.
    #[default]
    No,
    /// Neither script nor command, but who knows who writes to it.
    Bare,
    /// It says that it is interactive or a login's; so does a copy of it that runs `( ... )`.
    Says,
    /// It leads a session: that of a terminal.
    Leads,
}

impl Shell {
    /// What an identity tells.
    pub fn of(id: ProcessId, identity: &Identity) -> Self {
        let cmdline = identity.cmdline.as_deref().unwrap_or_default();
        let mut words = cmdline.split_ascii_whitespace();
        let first = words.next().unwrap_or_default();
        let dashed = first.starts_with('-');
        if !SHELLS.contains(&super::base(first).trim_start_matches('-')) {
            return Self::No;
        }
        let mut says = dashed;
        while let Some(word) = words.next() {
            match word {
                "--rcfile" | "--init-file" | "-o" | "+o" | "-O" | "+O" => drop(words.next()),
                "--login" => says = true,
                long if long.starts_with("--command") => return Self::No,
                long if long.starts_with("--") && long.len() > 2 => {}
                // Letters of options, together: `-lc` has a command.
                short if short.len() > 1 && short.starts_with('-') && !short.contains('c') => {
                    says |= short.contains(['i', 'l']);
                }
                _ => return Self::No,
            }
        }
        match (identity.session == Some(id.pid), says) {
            (true, _) => Self::Leads,
            (false, true) => Self::Says,
            (false, false) => Self::Bare,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_told_by_what_a_shell_was_not_given() {
        let table = [
            ("sshd(8): a login", "-bash", 7, Shell::Leads),
            ("a tab of a terminal", "bash", 7, Shell::Leads),
            ("the pane of tmux", "/usr/bin/zsh -l", 7, Shell::Leads),
            (
                "VS Code: shell integration",
                "/bin/bash --init-file /usr/share/code/shellIntegration-bash.sh",
                7,
                Shell::Leads,
            ),
            ("sudo(8): -i, in the session of the monitor", "-bash", 3, Shell::Says),
            ("bash(1): -i", "bash -i", 3, Shell::Says),
            ("curl ... | bash", "bash", 3, Shell::Bare),
            ("curl ... | bash -s -- x", "bash -s -- x", 3, Shell::No),
            ("sshd(8): a command", "bash -c python train.py", 7, Shell::No),
            ("a login shell for a command", "/bin/bash -lc make", 7, Shell::No),
            ("setsid(1): a script", "/bin/bash ./run.sh", 7, Shell::No),
            ("bash(1): an option with a value", "bash -o vi", 7, Shell::Leads),
            ("no shell", "python3 -i", 7, Shell::No),
            ("hostile: nothing", "", 7, Shell::No),
            ("hostile: a dash", "-", 7, Shell::No),
        ];
        for (origin, cmdline, session, expected) in table {
            let id = ProcessId { pid: 7, start: 1 };
            let cmdline = Some(cmdline.to_owned());
            let identity = Identity { cmdline, session: Some(session), ..Identity::default() };
            assert_eq!(Shell::of(id, &identity), expected, "{origin}");
        }
    }
}
