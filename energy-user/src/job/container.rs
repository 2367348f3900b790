//! A container in no pod: Docker, containerd, Podman, CRI-O, LXC, systemd-nspawn; a machine of
//! libvirt.
//!
//! Each runtime gives a container's control group a name that has the container's number or
//! name. Of containers in one another, the outermost is the one that the machine knows. One that
//! a user runs without root is that user's, so that nobody makes a path into another's container.

use super::{Facts, Job, Kind, makers, segments, short, unescaped};

/// What runtimes put before a number of 64 digits.
const PREFIXES: [&str; 8] = [
    "docker-",
    "libpod-conmon-",
    "libpod-",
    "cri-containerd-",
    "crio-conmon-",
    "crio-",
    "nerdctl-",
    "containerd-",
];

/// The job that is a container.
pub fn of(facts: &Facts<'_>) -> Option<Job> {
    let (id, name) = facts.in_groups(container)?;
    Some(Job::new(Kind::Container, id, &name))
}

/// The outermost container that a path is in: what tells it apart, and what it is called.
pub fn container(path: &str) -> Option<(String, String)> {
    let whose = makers(path);
    let mut before: Option<&str> = None;
    let mut within_unit = false;
    let mut segments = segments(path).peekable();
    while let Some(segment) = segments.next() {
        let next = segments.peek().copied();
        // Below a unit anybody may make directories of any name (a user's manager is one).
        let bare = (!within_unit).then_some(segment).filter(|segment| is_id(segment));
        if let Some(id) = prefixed(segment).or(bare) {
            return Some((format!("container {whose}{id}"), short(id, 12).into()));
        }
        if let Some(name) = lxc(segment, next, before.is_none()) {
            return Some((format!("lxc {whose}{name}"), name.into()));
        }
        if let Some(name) = machine(segment).filter(|_| before == Some("machine.slice")) {
            let name = unescaped(name);
            return Some((format!("machine {whose}{name}"), name.into_owned()));
        }
        let suffix = segment.rsplit_once('.').map(|(_, suffix)| suffix);
        within_unit |= matches!(suffix, Some("service" | "scope"));
        before = Some(segment);
    }
    None
}

/// The number of a container, if that is what a part of a path says.
pub fn id(segment: &str) -> Option<&str> {
    prefixed(segment).or(Some(segment).filter(|segment| is_id(segment)))
}

fn prefixed(segment: &str) -> Option<&str> {
    let segment = segment.strip_suffix(".scope").unwrap_or(segment);
    PREFIXES.iter().find_map(|prefix| segment.strip_prefix(prefix)).filter(|id| is_id(id))
}

/// 64 digits of base 16, small ones.
fn is_id(text: &str) -> bool {
    text.len() == 64
        && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// `lxc.payload.NAME` since LXC 4, `lxc.payload/NAME` in 3.1, `/lxc/NAME` before and in Proxmox.
fn lxc<'a>(segment: &'a str, next: Option<&'a str>, outermost: bool) -> Option<&'a str> {
    let named = |prefix| segment.strip_prefix(prefix);
    let name = match segment {
        "lxc.payload" | "lxc.monitor" => next,
        "lxc" if outermost => next,
        _ => named("lxc.payload.").or_else(|| named("lxc.monitor.")),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.filter(|name| (1..=255).contains(&name.len()) && name.bytes().all(plain))
}

/// `machine-NAME.scope`, or the service that runs systemd-nspawn.
fn machine(segment: &str) -> Option<&str> {
    let scope = segment.strip_prefix("machine-").and_then(|name| name.strip_suffix(".scope"));
    let service = || segment.strip_prefix("systemd-nspawn@")?.strip_suffix(".service");
    scope.or_else(service).filter(|name| !name.is_empty())
}

#[cfg(test)]
const ID: &str = "aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900";

#[cfg(test)]
pub(super) const EXAMPLES: &[super::table::Example] = &[
    (
        "Docker: cgroupfs driver, v1",
        &["/docker/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900"],
        &[("HOSTNAME", "aa11bb22cc33")],
        "redis-server *:6379",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "Docker: systemd driver, v2",
        &[
            "/system.slice/docker-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[],
        "redis-server *:6379",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "Docker: hybrid hierarchy of Ubuntu 20.04, where v2's path is that of the shim",
        &[
            "/system.slice/containerd.service",
            "/docker/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900",
        ],
        &[],
        "nginx: worker process",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "Docker: rootless, below the user's manager",
        &[
            "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[],
        "node server.js",
        "container 1000/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "docker run --cgroup-parent=/batch",
        &["/batch/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900"],
        &[],
        "x",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "Docker in Docker: the outer one",
        &[
            "/docker/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900/docker/bb11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900",
        ],
        &[],
        "x",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "Amazon ECS: a task's container, v1",
        &[
            "/ecs/0123456789abcdef0123456789abcdef/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900",
        ],
        &[],
        "java -jar app.jar",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "nerdctl: systemd driver",
        &[
            "/system.slice/nerdctl-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[],
        "x",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "containerd: cgroupfs, /NAMESPACE/ID",
        &["/default/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900"],
        &[],
        "x",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "Podman: of root, v2",
        &[
            "/machine.slice/libpod-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope/container",
        ],
        &[],
        "x",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "Podman: rootless, v2",
        &[
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope/container",
        ],
        &[],
        "x",
        "container 1000/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "Podman: a pod of podman's, whose monitor is in a scope of its own",
        &[
            "/machine.slice/machine-libpod_pod_bb11.slice/libpod-conmon-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[],
        "/usr/bin/conmon",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "Podman: cgroupfs driver",
        &["/libpod_parent/libpod-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900"],
        &[],
        "x",
        "container aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    (
        "LXC 4 and LXD: the payload, with a systemd of its own",
        &["/lxc.payload.web1/system.slice/nginx.service"],
        &[],
        "nginx: worker process",
        "lxc web1 | web1",
    ),
    (
        "LXC 4: the monitor",
        &["/lxc.monitor.web1"],
        &[],
        "[lxc monitor] /var/lib/lxc web1",
        "lxc web1 | web1",
    ),
    ("LXC 3.1", &["/lxc.payload/db/init.scope"], &[], "/sbin/init", "lxc db | db"),
    (
        "Proxmox: containers have numbers",
        &["/lxc/101/ns/system.slice/cron.service"],
        &[],
        "cron",
        "lxc 101 | 101",
    ),
    (
        "Docker in LXC: the outer one",
        &["/lxc/101/ns/docker/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900"],
        &[],
        "x",
        "lxc 101 | 101",
    ),
    (
        "systemd-nspawn(1): as a service",
        &["/machine.slice/systemd-nspawn@build\\x2dbox.service/payload/system.slice/cron.service"],
        &[],
        "cron",
        "machine build-box | build-box",
    ),
    (
        "systemd-nspawn(1): from a shell",
        &["/machine.slice/machine-trixie.scope/payload"],
        &[],
        "bash",
        "machine trixie | trixie",
    ),
    (
        "libvirt: a virtual machine of QEMU",
        &["/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope/libvirt/emulator"],
        &[],
        "/usr/bin/qemu-system-x86_64 -name guest=vm1",
        "machine qemu-1-vm1 | qemu-1-vm1",
    ),
    (
        "Docker: the daemon is a unit",
        &["/system.slice/docker.service"],
        &[],
        "/usr/bin/dockerd -H fd://",
        "unit docker.service | docker",
    ),
    (
        "containerd: the shim is in the daemon's unit",
        &["/system.slice/containerd.service"],
        &[],
        "containerd-shim-runc-v2",
        "unit containerd.service | containerd",
    ),
    (
        "hostile: a user who is called docker",
        &["/user.slice/user-1001.slice/session-4.scope"],
        &[("HOSTNAME", "docker")],
        "docker ps",
        "session 4 | session 4",
    ),
    (
        "hostile: one digit too many, one too few, large ones",
        &[
            "/docker/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff66778899001",
            "/docker/aa11",
            "/docker/AA11BB22CC33DD44EE55FF6677889900AA11BB22CC33DD44EE55FF6677889900",
            "/docker",
        ],
        &[],
        "x",
        "",
    ),
    (
        "hostile: a directory like a container's, below a user's own unit",
        &[
            "/user.slice/user-1000.slice/user@1000.service/app.slice/own.service/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900",
        ],
        &[],
        "x",
        "unit 1000/own.service | own of alice",
    ),
    (
        "LXC 4, unprivileged: below the user's manager",
        &["/user.slice/user-1000.slice/user@1000.service/lxc.payload.web1/init.scope"],
        &[],
        "/sbin/init",
        "lxc 1000/web1 | web1",
    ),
    (
        "hostile: a user's directory that is called like root's container",
        &[
            "/user.slice/user-1000.slice/user@1000.service/app.slice/docker-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[],
        "x",
        "container 1000/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | aa11bb22cc33",
    ),
    ("hostile: LXC without a name", &["/lxc", "/lxc.payload", "/lxc.payload."], &[], "x", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_64_small_digits() {
        assert!(is_id(ID));
        assert_eq!(id(&format!("docker-{ID}.scope")), Some(ID));
        assert_eq!(id(ID), Some(ID));
        assert_eq!(id(&format!("myapp-{ID}.scope")), None);
    }
}
