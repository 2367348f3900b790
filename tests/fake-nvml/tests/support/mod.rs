//! A scenario in a folder of its own, and other people's tools that read it.
//!
//! They ask the loader for `libnvidia-ml.so.1`; a link of that name leads to the fake.

#![allow(clippy::unwrap_used, reason = "a test that panics has found something")]

use std::{
    env, fs,
    io::Write as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// Everything a tool needs, and the processes that the scenario speaks of.
pub struct Setup {
    folder: TempDir,
    children: Vec<(String, Child)>,
}

impl Setup {
    /// With the clock at zero.
    pub fn new(scenario: &str) -> Self {
        let folder = TempDir::new().unwrap();
        // Cargo puts the shared object beside the test.
        let library = env::current_exe().unwrap().with_file_name("libfake_nvml.so");
        assert!(library.exists(), "{}: build it with cargo test -p fake-nvml", library.display());
        symlink(library, folder.path().join("libnvidia-ml.so.1")).unwrap();
        fs::write(folder.path().join("scenario.toml"), scenario).unwrap();
        let setup = Self { folder, children: Vec::new() };
        setup.at(0);
        setup
    }

    /// Steps the clock.
    pub fn at(&self, nanoseconds: u64) {
        fs::write(self.folder.path().join("clock"), nanoseconds.to_string()).unwrap();
    }

    /// A living process whose pid the scenario has as `$NAME`.
    pub fn child(&mut self, name: &str) -> u32 {
        let child = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = child.id();
        self.children.push((name.into(), child));
        pid
    }

    /// A file that the fake wrote.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// What `clients.py` prints for calls, an answer each.
    pub fn pynvml(&self, calls: &[Value]) -> Vec<Value> {
        let output = self.pynvml_raw(calls);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The same with what it says besides.
    pub fn pynvml_raw(&self, calls: &[Value]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients.py");
        let lines: Vec<_> = calls.iter().map(Value::to_string).collect();
        let mut command = self.command("python");
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut python = command.spawn().unwrap();
        python.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
        python.wait_with_output().unwrap()
    }

    /// What nvitop shows.
    pub fn nvitop(&self) -> String {
        let mut command = self.command("nvitop");
        command.args(["--once", "--ascii"]).env("COLUMNS", "120").env("LINES", "60");
        let output = command.stdin(Stdio::null()).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let path = python_folder().join(program);
        assert!(path.exists(), "{}: not there; run cargo xtask python", path.display());
        let file = |name| self.folder.path().join(name);
        let mut command = Command::new(path);
        command
            .env("LD_LIBRARY_PATH", self.folder.path())
            .env("FAKE_NVML_SCENARIO", file("scenario.toml"))
            .env("FAKE_NVML_CLOCK", file("clock"))
            .env("FAKE_NVML_CALLS", file("calls"))
            .env("FAKE_NVML_WOKEN", file("woken"))
            .env_remove("CUDA_VISIBLE_DEVICES")
            .envs(self.children.iter().map(|(name, child)| (name, child.id().to_string())));
        command
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        for (_, child) in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Where `cargo xtask python` installs programs.
fn python_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin")
}
