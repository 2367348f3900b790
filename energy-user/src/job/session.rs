//! A login, or a terminal's tab that has a scope of its own.
//!
//! The weakest rule: a login says whose work it is and when it began, not what the work is.

use super::{
    Facts, Job, Kind, short,
    systemd::{Unit, unit, whose},
};

/// The login that a process is in.
pub fn of(facts: &Facts<'_>) -> Option<Job> {
    if let Some(unit) = unit(facts) {
        return named(&unit, facts);
    }
    // elogind, or a container that kept the variable: no unit, but a login.
    let number = facts.var("XDG_SESSION_ID").filter(|number| is_number(number))?;
    Some(session(number, ""))
}

/// A unit stands for a login, a tab or a user's manager.
pub fn is_one(unit: &Unit<'_>) -> bool {
    login(unit).is_some() || tab(unit).is_some() || is_manager(unit)
}

fn named(unit: &Unit<'_>, facts: &Facts<'_>) -> Option<Job> {
    let whose = whose(unit.user, facts);
    if let Some(number) = login(unit) {
        return Some(session(number, &whose));
    }
    if let Some(number) = tab(unit) {
        let name = format!("terminal {}{whose}", short(number, 8));
        return Some(Job::new(Kind::Session, format!("terminal {number}"), &name));
    }
    let user = unit.user.filter(|_| is_manager(unit))?;
    let name = format!("user manager{whose}");
    Some(Job::new(Kind::Session, format!("user {user}"), &name))
}

fn session(number: &str, whose: &str) -> Job {
    Job::new(Kind::Session, format!("session {number}"), &format!("session {number}{whose}"))
}

/// `session-12.scope`; `c1` where the kernel gave it no audit session.
fn login<'a>(unit: &Unit<'a>) -> Option<&'a str> {
    let number = unit.name.strip_prefix("session-")?.strip_suffix(".scope")?;
    Some(number).filter(|number| !unit.managed && is_number(number))
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('c').unwrap_or(text);
    (1..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A tab of GNOME's terminal or a pane of tmux.
fn tab<'a>(unit: &Unit<'a>) -> Option<&'a str> {
    let name = unit.name.strip_suffix(".scope").filter(|_| unit.managed)?;
    name.strip_prefix("vte-spawn-").or_else(|| name.strip_prefix("tmux-spawn-"))
}

/// The user's own systemd.
fn is_manager(unit: &Unit<'_>) -> bool {
    unit.name.starts_with("user@") || (unit.managed && unit.name == "init.scope")
}

#[cfg(test)]
pub(super) const EXAMPLES: &[super::table::Example] = &[
    (
        "systemd-logind: a login over ssh",
        &["/user.slice/user-1000.slice/session-3.scope"],
        &[],
        "-bash",
        "session 3 | session 3 of alice",
    ),
    (
        "systemd-logind: a session that has no audit number, of another user's",
        &["/user.slice/user-42.slice/session-c1.scope"],
        &[],
        "/usr/bin/gnome-shell",
        "session c1 | session c1",
    ),
    (
        "systemd on v1: only name=systemd has the session",
        &["/user.slice", "/user.slice/user-1000.slice/session-7.scope"],
        &[],
        "vim",
        "session 7 | session 7 of alice",
    ),
    (
        "GNOME Terminal: each tab is a scope",
        &[
            "/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-0a1b2c3d-1111-2222-3333-444455556666.scope",
        ],
        &[],
        "bash",
        "terminal 0a1b2c3d-1111-2222-3333-444455556666 | terminal 0a1b2c3d of alice",
    ),
    (
        "tmux 3.3 with systemd: each pane is a scope",
        &[
            "/user.slice/user-1000.slice/user@1000.service/tmux-spawn-0a1b2c3d-1111-2222-3333-444455556666.scope",
        ],
        &[],
        "-zsh",
        "terminal 0a1b2c3d-1111-2222-3333-444455556666 | terminal 0a1b2c3d of alice",
    ),
    (
        "user@.service(5): the manager itself",
        &["/user.slice/user-1000.slice/user@1000.service/init.scope"],
        &[],
        "/lib/systemd/systemd --user",
        "user 1000 | user manager of alice",
    ),
    (
        "elogind: a variable, and no path",
        &["/"],
        &[("XDG_SESSION_ID", "2")],
        "bash",
        "session 2 | session 2",
    ),
    (
        "hostile: a session's number that is none",
        &["/"],
        &[("XDG_SESSION_ID", "../../x")],
        "bash",
        "",
    ),
    (
        "hostile: a scope that a user calls like a login",
        &["/user.slice/user-1000.slice/user@1000.service/app.slice/session-1.scope"],
        &[],
        "x",
        "unit 1000/session-1.scope | session-1.scope of alice",
    ),
];
