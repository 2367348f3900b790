//! What this machine offers, and the plan that follows from it.
//!
//! [`Host::look`] gathers facts once; [`plan`] is a pure function of them, so that
//! every combination can be tested. `doctor` prints both.

use std::{fs, path::Path};

use caps::{CapSet, Capability};
use serde::Serialize;

use crate::{
    files,
    meter::model::{CpuIdent, Estimate},
    probe::bpf::VMLINUX,
    topology::Topology,
};

/// Facts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Host {
    /// Name on the network.
    pub name: String,
    /// Release of the running kernel.
    pub kernel: String,
    /// The kernel tells its types.
    pub btf: bool,
    /// Capabilities that matter here and are held.
    pub capabilities: Vec<String>,
    /// State of the kernel's lockdown: `none`, `integrity`, `confidentiality`.
    pub lockdown: Option<String>,
    /// Process numbers here are those that the kernel programs see.
    pub initial_pid_namespace: bool,
    /// The CPU's name, where there is one.
    pub cpu: Option<String>,
    /// CPUs online.
    pub cpus: usize,
}

/// What matters to the kernel probe and to the meters.
const WANTED: [Capability; 4] = [
    Capability::CAP_BPF,
    Capability::CAP_PERFMON,
    Capability::CAP_SYS_ADMIN,
    Capability::CAP_DAC_READ_SEARCH,
];

/// The first PID namespace has a fixed inode (`PROC_PID_INIT_INO` in `include/linux/proc_ns.h`).
const INITIAL_PID_NAMESPACE: &str = "pid:[4026531836]";

/// What is asked for with `--probe`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Wish {
    /// The kernel probe if it can be had, else `/proc`.
    #[default]
    Auto,
    /// The kernel probe, or fail.
    Bpf,
    /// `/proc`, even where the kernel probe can be had.
    Proc,
}

/// Which probe to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// The kernel probe.
    Bpf,
    /// `/proc`, and why not better; with the remedy.
    Proc(Option<String>),
    /// What was insisted on cannot be had; with the remedy.
    Refuse(String),
}

impl Host {
    /// Gathers the facts.
    pub fn look(topology: &Topology, cpu: Option<&CpuIdent>) -> Self {
        let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").ok();
        let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        Self {
            name: name.unwrap_or_else(|| "localhost".into()),
            kernel: nix::sys::utsname::uname()
                .map(|uname| uname.release().to_string_lossy().into_owned())
                .unwrap_or_default(),
            btf: Path::new(VMLINUX).exists(),
            capabilities: WANTED
                .into_iter()
                .filter(|&wanted| caps::has_cap(None, CapSet::Effective, wanted).unwrap_or(false))
                .map(|held| held.to_string())
                .collect(),
            lockdown: lockdown.as_deref().and_then(selected).map(Into::into),
            initial_pid_namespace: fs::read_link("/proc/self/ns/pid")
                .is_ok_and(|link| link.as_os_str() == INITIAL_PID_NAMESPACE),
            cpu: cpu.map(|cpu| cpu.name.clone()),
            cpus: topology.packages().iter().map(|package| package.cpus.len()).sum(),
        }
    }

    fn has(&self, wanted: Capability) -> bool {
        self.capabilities.contains(&wanted.to_string())
    }
}

/// The word in brackets: `none [integrity] confidentiality`.
fn selected(states: &str) -> Option<&str> {
    states.split_once('[')?.1.split_once(']').map(|(state, _)| state)
}

/// Which probe to open, given the facts and the wish.
pub fn plan(host: &Host, wish: Wish) -> Plan {
    let obstacle = obstacle(host);
    match (wish, obstacle) {
        (Wish::Proc, _) => Plan::Proc(None),
        (_, None) => Plan::Bpf,
        (Wish::Auto, Some(why)) => Plan::Proc(Some(why)),
        (Wish::Bpf, Some(why)) => Plan::Refuse(why),
    }
}

/// What stands in the way of the kernel probe.
fn obstacle(host: &Host) -> Option<String> {
    if !host.btf {
        return Some(format!(
            "the kernel tells no types ({VMLINUX} is missing); use one built with \
             CONFIG_DEBUG_INFO_BTF=y, as distributions' are"
        ));
    }
    if host.lockdown.as_deref() == Some("confidentiality") {
        return Some(
            "the kernel is locked down to confidentiality, which forbids BPF programs to read \
             kernel memory; boot with lockdown=integrity"
                .into(),
        );
    }
    if !host.initial_pid_namespace {
        return Some(
            "this is a container with process numbers of its own, which the kernel's events do \
             not use; run on the host, or in a container with --pid=host"
                .into(),
        );
    }
    let admin = host.has(Capability::CAP_SYS_ADMIN);
    let missing: Vec<_> = [Capability::CAP_BPF, Capability::CAP_PERFMON]
        .into_iter()
        .filter(|&wanted| !admin && !host.has(wanted))
        .map(|missing| missing.to_string())
        .collect();
    (!missing.is_empty()).then(|| {
        format!(
            "no permission to load BPF programs ({} missing); run as root, or: sudo setcap \
             cap_bpf,cap_perfmon,cap_dac_read_search=ep {}",
            missing.join(" and "),
            own_path()
        )
    })
}

/// This program's own file, for a command that can be pasted.
pub fn own_path() -> String {
    let path = std::env::current_exe().ok();
    path.and_then(|path| path.to_str().map(Into::into)).unwrap_or_else(|| "jouletop".into())
}

/// The CPU and what the model says of its power.
pub fn cpu(proc_root: &Path) -> (Option<CpuIdent>, Estimate) {
    let text = fs::read(proc_root.join("cpuinfo")).unwrap_or_default();
    let ident = CpuIdent::parse(&String::from_utf8_lossy(&text));
    let board = files::read(&proc_root.join("device-tree/model")).ok();
    let estimate = Estimate::of(ident.as_ref(), board.as_deref());
    (ident, estimate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(capabilities: &[Capability]) -> Host {
        let capabilities = capabilities.iter().map(ToString::to_string).collect();
        Host { btf: true, initial_pid_namespace: true, capabilities, ..Host::default() }
    }

    #[test]
    fn bpf_and_perfmon_suffice_and_so_does_admin() {
        let both = host(&[Capability::CAP_BPF, Capability::CAP_PERFMON]);
        assert_eq!(plan(&both, Wish::Auto), Plan::Bpf);
        assert_eq!(plan(&host(&[Capability::CAP_SYS_ADMIN]), Wish::Bpf), Plan::Bpf);
        assert_eq!(plan(&both, Wish::Proc), Plan::Proc(None));
    }

    #[test]
    fn what_is_missing_is_named_with_the_command_that_mends_it() {
        let one = host(&[Capability::CAP_BPF]);
        let Plan::Refuse(why) = plan(&one, Wish::Bpf) else { panic!() };
        assert!(why.contains("(CAP_PERFMON missing)") && why.contains("sudo setcap"), "{why}");
        assert!(matches!(plan(&one, Wish::Auto), Plan::Proc(Some(_))));
    }

    #[test]
    fn a_kernel_without_types_or_in_lockdown_falls_back() {
        let mut host = host(&[Capability::CAP_SYS_ADMIN]);
        host.lockdown = selected("none integrity [confidentiality]\n").map(Into::into);
        assert!(matches!(plan(&host, Wish::Auto), Plan::Proc(Some(why)) if why.contains("boot")));
        host.lockdown = None;
        host.initial_pid_namespace = false;
        assert!(matches!(plan(&host, Wish::Auto), Plan::Proc(Some(why)) if why.contains("--pid")));
        host.btf = false;
        assert!(matches!(plan(&host, Wish::Bpf), Plan::Refuse(why) if why.contains("BTF")));
    }

    #[test]
    fn a_board_is_known_by_its_device_tree() {
        let proc = tempfile::tempdir().unwrap();
        assert_eq!(cpu(proc.path()).0, None);
        fs::create_dir(proc.path().join("device-tree")).unwrap();
        let model = proc.path().join("device-tree/model");
        fs::write(model, b"Raspberry Pi 5 Model B Rev 1.0\0").unwrap();
        assert!(
            cpu(proc.path()).1.method().starts_with("2.8 W idle to 9.7 W busy, Raspberry Pi 5")
        );
    }
}
