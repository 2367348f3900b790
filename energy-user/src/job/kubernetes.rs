//! A pod of Kubernetes, and which of its containers.
//!
//! The kubelet puts each pod into a control group that has the pod's uid in its name, by one of
//! two drivers: plain directories (`cgroupfs`) or slices of systemd, where `-` in the uid is `_`.

use super::{Facts, Job, Kind, container, is_hex, makers, segments, short};

/// A pod, and the container in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod<'a> {
    /// With dashes; a static pod's has none.
    pub uid: String,
    /// The runtime's number of 64 digits; none for what belongs to the pod as a whole.
    pub container: Option<&'a str>,
}

/// The job that is a pod.
pub fn of(facts: &Facts<'_>) -> Option<Job> {
    let (whose, Pod { uid, container }) =
        facts.in_groups(|path| pod(path).map(|pod| (makers(path), pod)))?;
    let brief = short(&uid, 8).to_owned();
    // A variable that people fill from `metadata.name`; else the pod's host name, which is the
    // pod's name unless it has the node's network or a host name of its own.
    let inside = facts.var("KUBERNETES_SERVICE_HOST").is_some();
    let hostname = facts.var("HOSTNAME").filter(|_| inside);
    let name = match (facts.var("POD_NAME"), hostname) {
        (Some(name), _) | (None, Some(name)) => format!("{name} ({brief})"),
        (None, None) => brief,
    };
    let mut job = Job::new(Kind::Pod, format!("pod {whose}{uid}"), &name);
    job.step = container.map(|id| short(id, 12).into());
    Some(job)
}

/// The pod that a path is in.
pub fn pod(path: &str) -> Option<Pod<'_>> {
    // containerd that was told one driver while the kubelet has the other makes one directory
    // of it: `kubepods-burstable-podUID.slice:cri-containerd:ID`.
    let mut parts = segments(path).flat_map(|segment| segment.split(':'));
    let mut below = false;
    loop {
        let segment = parts.next()?;
        let of_slice = segment.strip_suffix(".slice");
        let uid = match of_slice {
            Some(slice) => {
                let ours = slice.starts_with("kubepods") || slice.contains("-kubepods");
                slice.rsplit_once("-pod").map(|(_, uid)| uid).filter(|_| ours)
            }
            None => segment.strip_prefix("pod").filter(|_| below),
        };
        below |= segment == "kubepods" || segment == "kubepods.slice";
        let Some(uid) = uid.and_then(uid_of) else { continue };
        return Some(Pod { uid, container: parts.find_map(container::id) });
    }
}

/// A pod's uid, or the hash that a static pod has in its place.
fn uid_of(text: &str) -> Option<String> {
    let uid = text.replace('_', "-");
    let mut parts = uid.split('-');
    let lengths = [8, 4, 4, 4, 12];
    let dashed = lengths
        .iter()
        .all(|&length| parts.next().is_some_and(|part| part.len() == length && is_hex(part)))
        && parts.next().is_none();
    (dashed || (uid.len() == 32 && is_hex(&uid))).then_some(uid)
}

#[cfg(test)]
pub(super) const EXAMPLES: &[super::table::Example] = &[
    (
        "hostile: a user's directories that are called like root's pod (or k3s without root)",
        &[
            "/user.slice/user-1000.slice/user@1000.service/k3s.slice/kubepods/burstable/pod2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900",
        ],
        &[],
        "x",
        "pod 1000/2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | 2f1c8a7b | step aa11bb22cc33",
    ),
    (
        "Kubernetes: systemd driver, containerd, cgroup v2",
        &[
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod2f1c8a7b_0d3e_4c5f_9a1b_0123456789ab.slice/cri-containerd-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[("KUBERNETES_SERVICE_HOST", "10.96.0.1"), ("HOSTNAME", "train-0")],
        "python train.py",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | train-0 (2f1c8a7b) | step aa11bb22cc33",
    ),
    (
        "Kubernetes: systemd driver, a guaranteed pod has no class in its path",
        &[
            "/kubepods.slice/kubepods-pod2f1c8a7b_0d3e_4c5f_9a1b_0123456789ab.slice/crio-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[],
        "python train.py",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | 2f1c8a7b | step aa11bb22cc33",
    ),
    (
        "OpenShift: CRI-O's monitor of a container",
        &[
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod2f1c8a7b_0d3e_4c5f_9a1b_0123456789ab.slice/crio-conmon-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[],
        "/usr/bin/conmon",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | 2f1c8a7b | step aa11bb22cc33",
    ),
    (
        "Kubernetes: cgroupfs driver, v1",
        &[
            "/kubepods/burstable/pod2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900",
        ],
        &[("POD_NAME", "web-7d4b9c6f5-x2x9z"), ("HOSTNAME", "node1")],
        "nginx",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | web-7d4b9c6f5-x2x9z (2f1c8a7b) | step aa11bb22cc33",
    ),
    (
        "dockershim: systemd driver, Docker below the kubelet",
        &[
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod2f1c8a7b_0d3e_4c5f_9a1b_0123456789ab.slice/docker-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[],
        "/pause",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | 2f1c8a7b | step aa11bb22cc33",
    ),
    (
        "kubeadm: a static pod's uid is a hash of its manifest",
        &[
            "/kubepods/burstable/pod5d1b3b0a3b6ee82f0c5d1b3b0a3b6ee8/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900",
        ],
        &[],
        "etcd",
        "pod 5d1b3b0a3b6ee82f0c5d1b3b0a3b6ee8 | 5d1b3b0a | step aa11bb22cc33",
    ),
    (
        "containerd issues: SystemdCgroup and the kubelet's driver disagree",
        &[
            "/system.slice/containerd.service/kubepods-burstable-pod2f1c8a7b_0d3e_4c5f_9a1b_0123456789ab.slice:cri-containerd:aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900",
        ],
        &[],
        "coredns",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | 2f1c8a7b | step aa11bb22cc33",
    ),
    (
        "kind: a pod in a node that is a container of Docker, v2",
        &[
            "/system.slice/docker-bb11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod2f1c8a7b_0d3e_4c5f_9a1b_0123456789ab.slice/cri-containerd-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[],
        "kindnetd",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | 2f1c8a7b | step aa11bb22cc33",
    ),
    (
        "kind: v1, plain directories below the node's",
        &[
            "/docker/bb11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900/kubelet/kubepods/besteffort/pod2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900",
        ],
        &[],
        "kindnetd",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | 2f1c8a7b | step aa11bb22cc33",
    ),
    (
        "kind: the node's kubelet is in the container and in no pod",
        &[
            "/system.slice/docker-bb11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope/kubelet.slice/kubelet.service",
        ],
        &[("HOSTNAME", "kind-control-plane")],
        "/usr/bin/kubelet",
        "container bb11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900 | bb11bb22cc33",
    ),
    (
        "Docker in a pod (a CI runner): the pod's",
        &[
            "/kubepods/pod2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab/aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900/docker/cc11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900",
        ],
        &[],
        "cargo build",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | 2f1c8a7b | step aa11bb22cc33",
    ),
    (
        "Kata Containers: the sandbox's overhead is the pod's, in no container",
        &["/kubepods/burstable/pod2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab/kata_overhead"],
        &[],
        "qemu-system-x86",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | 2f1c8a7b",
    ),
    (
        "cgroup_namespaces(7): seen from a collector that is in a pod of its own",
        &[
            "/../../kubepods-burstable-pod2f1c8a7b_0d3e_4c5f_9a1b_0123456789ab.slice/cri-containerd-aa11bb22cc33dd44ee55ff6677889900aa11bb22cc33dd44ee55ff6677889900.scope",
        ],
        &[],
        "x",
        "pod 2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab | 2f1c8a7b | step aa11bb22cc33",
    ),
    (
        "Kubernetes: the kubelet itself",
        &["/system.slice/kubelet.service"],
        &[],
        "kubelet",
        "unit kubelet.service | kubelet",
    ),
    (
        "hostile: kubepods without a pod",
        &["/kubepods/burstable", "/kubepods.slice/kubepods-burstable.slice"],
        &[],
        "x",
        "",
    ),
    (
        "hostile: a pod's directory that is in no kubepods, and a uid that is none",
        &[
            "/pod2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab",
            "/kubepods/burstable/podium",
            "/kubepods/pod2f1c8a7b-0d3e-4c5f-9a1b-0123456789ab-ff",
        ],
        &[("KUBERNETES_SERVICE_HOST", "10.96.0.1"), ("HOSTNAME", "x")],
        "x",
        "",
    ),
];
