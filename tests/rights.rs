//! What an ordinary user may do, with which capabilities, on the real kernel.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    fs, io,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    process::{Command, Output},
};

use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
use serde_json::Value;

/// Somebody without any right.
const NOBODY: u32 = 65534;

/// Runs jouletop as nobody with these capabilities alone.
fn as_nobody(held: &[Capability], args: &[&str]) -> Output {
    // A program that is being copied cannot be run, and a fork of another test holds it open.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    support::require_root();
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // Where it was built, nobody may not go.
    let program = directory.path().join("jouletop");
    fs::copy(env!("CARGO_BIN_EXE_jouletop"), &program).unwrap();
    let held: CapsHashSet = held.iter().copied().collect();
    let mut command = Command::new(program);
    command.args(args);
    // SAFETY: only system calls, and memory that is not shared with other threads.
    unsafe {
        command.pre_exec(move || {
            let refused = |_| io::Error::from(io::ErrorKind::PermissionDenied);
            caps::securebits::set_keepcaps(true).map_err(refused)?;
            setgroups(&[])?;
            setgid(Gid::from_raw(NOBODY))?;
            setuid(Uid::from_raw(NOBODY))?;
            // What is permitted is taken away last, or the others could not be had.
            for set in [CapSet::Effective, CapSet::Inheritable, CapSet::Ambient, CapSet::Permitted]
            {
                caps::set(None, set, &held).map_err(refused)?;
            }
            Ok(())
        })
    };
    command.output().unwrap()
}

fn frame(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn bpf_and_perfmon_are_enough_for_the_kernel_probe() {
    let held = [Capability::CAP_BPF, Capability::CAP_PERFMON];
    let frame = frame(&as_nobody(&held, &["--json", "--samples", "1", "--probe", "bpf"]));
    assert_eq!(frame["probe"], "bpf");
    assert!(frame["books"]["elapsed_seconds"].as_f64().unwrap() > 0.0);
    assert!(!frame["processes"].as_array().unwrap().is_empty());
}

#[test]
fn without_one_of_them_it_is_named_with_the_command_that_grants_it() {
    for (held, missing) in [
        (&[Capability::CAP_BPF][..], "CAP_PERFMON"),
        (&[Capability::CAP_PERFMON][..], "CAP_BPF"),
        (&[][..], "CAP_BPF and CAP_PERFMON"),
    ] {
        let frame = frame(&as_nobody(held, &["--json", "--samples", "1"]));
        assert_eq!(frame["probe"], "proc", "{missing}");
        assert_eq!(frame["books"], Value::Null, "only the kernel probe has books");
        let doctor = as_nobody(held, &["doctor"]);
        let text = String::from_utf8_lossy(&doctor.stdout);
        assert!(text.contains(missing) && text.contains("sudo setcap cap_bpf"), "{text}");
        assert!(!as_nobody(held, &["--json", "--samples", "1", "--probe", "bpf"]).status.success());
    }
}
