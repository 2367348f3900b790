//! One boot: qemu under software emulation, with a time limit and an eye on panics.
//!
//! The console and the results have a serial port each, so that a kernel message
//! never falls into the middle of a line of JSON.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::Context as _;

use super::shape::Shape;

const QEMU: &str = "qemu-system-x86_64";
const LIMIT: Duration = Duration::from_mins(5);
/// Real-time kernels find an emulated serial port that speaks fast suspicious, and would
/// silence it: `noirqdebug`.
const COMMAND_LINE: &str = "console=ttyS0 quiet panic=-1 noirqdebug";
const TROUBLES: [&str; 6] = [
    "Kernel panic",
    "BUG: ",
    "Oops: ",
    "soft lockup",
    "detected stalls on CPUs",
    "Attempted to kill init",
];

/// What a machine left.
pub struct Booted {
    /// What it said on the second serial port.
    pub said: String,
    /// Why it did not end by itself.
    pub trouble: Option<String>,
}

/// Fails with the remedy where there is no qemu.
pub fn check() -> anyhow::Result<()> {
    let version = Command::new(QEMU).arg("--version").stdout(Stdio::null()).status();
    version.context("no qemu; on Debian: apt-get install qemu-system-x86 busybox-static")?;
    Ok(())
}

/// Runs a kernel until it powers off; its console and results stay beside `stem`.
pub fn boot(kernel: &Path, initramfs: &Path, stem: &Path, shape: Shape) -> anyhow::Result<Booted> {
    let port = |kind: &str| {
        let mut path = stem.as_os_str().to_os_string();
        path.push(kind);
        path
    };
    let (console, results) = (port(".console"), port(".results"));
    for file in [&console, &results] {
        fs::write(file, "")?;
    }
    let serial = |path: &std::ffi::OsStr| format!("file:{}", path.to_string_lossy());
    let child = Command::new(QEMU)
        .args(["-machine", "accel=tcg", "-cpu", shape.cpu, "-smp", shape.smp, "-m", "1024"])
        .args(["-display", "none", "-monitor", "none", "-no-reboot", "-nodefaults"])
        .args(["-append", &format!("{COMMAND_LINE} {}", shape.append)])
        .args(["-serial", &serial(&console), "-serial", &serial(&results)])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs)
        .stdin(Stdio::null())
        .spawn()?;
    let trouble = Running(child).wait(|| {
        let said = fs::read(&console).unwrap_or_default();
        trouble(&String::from_utf8_lossy(&said))
    })?;
    let said = String::from_utf8_lossy(&fs::read(&results)?).into_owned();
    Ok(Booted { said, trouble })
}

/// A machine that ends with its handle.
struct Running(Child);

impl Running {
    /// Waits for the end, for the limit or for trouble; gives the trouble.
    fn wait(mut self, trouble: impl Fn() -> Option<String>) -> anyhow::Result<Option<String>> {
        let end = jouletop::clock::now().monotonic + LIMIT;
        while self.0.try_wait()?.is_none() {
            if let Some(line) = trouble() {
                return Ok(Some(line));
            }
            if jouletop::clock::now().monotonic > end {
                return Ok(Some(format!("still running after {} s", LIMIT.as_secs())));
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(trouble())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line of a console that no healthy kernel prints.
fn trouble(console: &str) -> Option<String> {
    let line = console.lines().find(|line| TROUBLES.iter().any(|word| line.contains(word)));
    line.map(|line| line.trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_by_its_first_line() {
        let console = "[ 1.0] clocksource: tsc\n[ 2.0] BUG: sleeping\r\n[ 3.0] Kernel panic\n";
        assert_eq!(trouble(console).as_deref(), Some("[ 2.0] BUG: sleeping"));
        assert_eq!(trouble("[ 9.1] reboot: Power down\n"), None);
    }
}
