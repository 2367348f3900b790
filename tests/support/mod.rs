//! What the whole-program tests share.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod disguise;
pub mod kernel;
pub mod machine;
pub mod powercap;
pub mod stream;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The program under test.
pub fn jouletop() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jouletop"));
    command.env_remove("RUST_LOG").env_remove("NO_COLOR");
    // Whoever tests may have a configuration of their own.
    command.env("XDG_CONFIG_HOME", "/nonexistent").arg("--etc-root=/nonexistent");
    command
}

/// Processes with a known way of burning CPU time.
///
/// `cargo test` builds it beside the program; `cargo test --test NAME` does not.
pub fn workload() -> Command {
    static BUILT: std::sync::Once = std::sync::Once::new();
    let beside = Path::new(env!("CARGO_BIN_EXE_jouletop")).parent().unwrap();
    let path: PathBuf = beside.join("examples/workload");
    BUILT.call_once(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let build = ["build", "--quiet", "-p", "energy-user", "--example", "workload", "--profile"];
        assert!(Command::new(cargo).args(build).arg(profile).status().unwrap().success());
    });
    Command::new(path)
}

/// Some tests load kernel programs. They never skip: without the right, they say how to get it.
pub fn require_root() {
    assert!(
        nix::unistd::geteuid().is_root(),
        "this test loads BPF programs; run the tests as root: sudo -E env PATH=$PATH cargo test"
    );
}
