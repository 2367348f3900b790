//! A unit of systemd: a service of the system or of a user, a scope.
//!
//! systemd's own reading of a path (`systemd-cgls(1)`, `sd_pid_get_unit(3)`): what comes after the
//! slices is the unit, what is below it is the unit's own affair; in a user's manager the same
//! again. So a service in a container is no unit of this machine.

use super::{Facts, Job, Kind, segments, session, unescaped};

/// A unit, as a path names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    /// Whose slice it is in.
    pub user: Option<u32>,
    /// The user's own manager runs it, not the system's.
    pub managed: bool,
    /// With its suffix, escaped.
    pub name: &'a str,
}

impl Unit<'_> {
    /// What tells it apart.
    pub fn id(&self) -> String {
        match self.user.filter(|_| self.managed) {
            Some(user) => format!("unit {user}/{}", self.name),
            None => format!("unit {}", self.name),
        }
    }

    /// What people call it: without `.service` and without escapes; of a user's own, whose.
    pub fn shown(&self, facts: &Facts<'_>) -> String {
        let name = self.name.strip_suffix(".service").unwrap_or(self.name);
        let whose = if self.managed { whose(self.user, facts) } else { String::new() };
        format!("{}{whose}", unescaped(name))
    }
}

/// ` of alice`, if the process is hers. One that `sudo` began in her session is not.
pub fn whose(user: Option<u32>, facts: &Facts<'_>) -> String {
    let own = user.is_some() && user == facts.uid;
    facts.user.filter(|_| own).map(|user| format!(" of {user}")).unwrap_or_default()
}

/// The unit that a process is in, if it is neither a login nor a terminal's tab.
pub fn of(facts: &Facts<'_>) -> Option<Job> {
    let unit = unit(facts).filter(|unit| !session::is_one(unit))?;
    Some(Job::new(Kind::Unit, unit.id(), &unit.shown(facts)))
}

/// The unit that a process is in, of whatever kind.
pub fn unit<'a>(facts: &Facts<'a>) -> Option<Unit<'a>> {
    facts.in_groups(named)
}

/// The unit that a path names.
fn named(path: &str) -> Option<Unit<'_>> {
    let mut user = None;
    let mut segments = segments(path);
    let mut after_slices = || {
        segments.by_ref().find(|segment| {
            let slice = segment.strip_suffix(".slice");
            user = slice.and_then(|slice| slice.strip_prefix("user-")?.parse().ok()).or(user);
            slice.is_none()
        })
    };
    let name = after_slices().map(plain).filter(|name| is_unit(name))?;
    let manager = name.strip_prefix("user@").and_then(|name| name.strip_suffix(".service"));
    let of_manager = manager.and_then(|_| after_slices()).map(plain).filter(|name| is_unit(name));
    let manager = manager.and_then(|user| user.parse().ok());
    Some(match of_manager {
        Some(name) => Unit { user: manager.or(user), managed: true, name },
        None => Unit { user: manager.or(user), managed: false, name },
    })
}

/// A name that would be mistaken for one of the kernel's files has `_` before it in a path.
fn plain(segment: &str) -> &str {
    segment.strip_prefix('_').unwrap_or(segment)
}

fn is_unit(name: &str) -> bool {
    let suffixes = [".service", ".scope", ".socket", ".mount", ".swap"];
    let stem = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte);
    name.len() < 256 && stem.is_some_and(|stem| !stem.is_empty() && stem.bytes().all(fits))
}

#[cfg(test)]
pub(super) const EXAMPLES: &[super::table::Example] = &[
    (
        "systemd.service(5)",
        &["/system.slice/nginx.service"],
        &[],
        "nginx: worker process",
        "unit nginx.service | nginx",
    ),
    (
        "systemd.unit(5): an instance of a template, in a slice of its own",
        &["/system.slice/system-getty.slice/getty@tty1.service"],
        &[],
        "/sbin/agetty",
        "unit getty@tty1.service | getty@tty1",
    ),
    (
        "systemd-escape(1): a template whose instance is a path",
        &[
            "/system.slice/system-systemd\\x2dfsck.slice/systemd-fsck@dev-disk-by\\x2duuid-1234.service",
        ],
        &[],
        "fsck",
        "unit systemd-fsck@dev-disk-by\\x2duuid-1234.service | systemd-fsck@dev-disk-by-uuid-1234",
    ),
    (
        "Debian: two clusters of PostgreSQL",
        &["/system.slice/system-postgresql.slice/postgresql@15-main.service"],
        &[],
        "postgres: checkpointer",
        "unit postgresql@15-main.service | postgresql@15-main",
    ),
    (
        "systemd on v1: the controllers stop at the slice, name=systemd goes on",
        &["/system.slice", "/system.slice/cron.service"],
        &[],
        "/usr/sbin/cron -f",
        "unit cron.service | cron",
    ),
    (
        "systemd: a user's service",
        &["/user.slice/user-1000.slice/user@1000.service/session.slice/pipewire.service"],
        &[],
        "/usr/bin/pipewire",
        "unit 1000/pipewire.service | pipewire of alice",
    ),
    (
        "systemd.io/DESKTOP_ENVIRONMENTS: an application's scope",
        &[
            "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox\\x2desr-2345.scope",
        ],
        &[],
        "/usr/lib/firefox-esr/firefox-esr",
        "unit 1000/app-gnome-firefox\\x2desr-2345.scope | app-gnome-firefox-esr-2345.scope of alice",
    ),
    (
        "systemd-run(1): --scope",
        &["/system.slice/run-r0f1e2d3c4b5a.scope"],
        &[],
        "python train.py",
        "unit run-r0f1e2d3c4b5a.scope | run-r0f1e2d3c4b5a.scope",
    ),
    (
        "systemd.io/CGROUP_DELEGATION: what a unit makes below itself is the unit's",
        &["/system.slice/condor.service/htcondor/slot1@host"],
        &[],
        "condor_starter",
        "unit condor.service | condor",
    ),
    (
        "systemd: the first process",
        &["/init.scope"],
        &[],
        "/sbin/init",
        "unit init.scope | init.scope",
    ),
    (
        "systemd, cg_escape: a unit that is called like a file of the kernel",
        &["/system.slice/_cpu.service"],
        &[],
        "x",
        "unit cpu.service | cpu",
    ),
    (
        "OpenSSH without pam_systemd",
        &["/system.slice/ssh.service"],
        &[],
        "-bash",
        "unit ssh.service | ssh",
    ),
    (
        "hostile: an escape that is none, one that is no UTF-8",
        &["/system.slice/a\\xzzb\\xffc\\x.service"],
        &[],
        "x",
        "unit a\\xzzb\\xffc\\x.service | a\\xzzb\u{fffd}c\\x",
    ),
    (
        "hostile: a suffix alone, a slice alone, a file that is no unit",
        &["/system.slice/.service", "/user.slice", "/system.slice/x/y.service"],
        &[],
        "x",
        "",
    ),
    ("cgroups(7): the root says nothing", &["/"], &[], "x", ""),
    (
        "cgroups(7): a zombie, whose group was removed",
        &["/system.slice/cron.service (deleted)"],
        &[],
        "x",
        "unit cron.service | cron",
    ),
    ("cgroups(7): the root, of which nothing is left", &["/ (deleted)"], &[], "x", ""),
];
