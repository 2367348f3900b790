//! What a test wants to know about its reader: which functions it calls, which GPUs it wakes.
//!
//! Both are files that the environment names; without them nothing is kept.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// The files, and the counts so far.
#[derive(Debug, Default)]
pub struct Watch {
    calls: Option<(PathBuf, Mutex<BTreeMap<&'static str, u64>>)>,
    woken: Option<PathBuf>,
}

impl Watch {
    /// With those files, if any.
    pub fn new(calls: Option<PathBuf>, woken: Option<PathBuf>) -> Self {
        Self { calls: calls.map(|path| (path, Mutex::default())), woken }
    }

    /// Counts a call.
    pub fn count(&self, call: &'static str) {
        if let Some((_, counts)) = &self.calls {
            *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(call).or_default() += 1;
        }
    }

    /// Writes the counts: `name count`, a line each.
    pub fn write_counts(&self) {
        let Some((path, counts)) = &self.calls else { return };
        let mut text = String::new();
        for (call, count) in &*counts.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(text, "{call} {count}");
        }
        if let Err(error) = fs::write(path, text) {
            say(&format!("{}: {error}; check FAKE_NVML_CALLS", path.display()));
        }
    }

    /// Notes that a sleeping device was touched: nanoseconds, call and device.
    pub fn woken(&self, now: u64, call: &str, device: usize) {
        let Some(path) = &self.woken else { return };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let line = format!("{now} {call} {device}\n");
        if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            say(&format!("{}: {error}; check FAKE_NVML_WOKEN", path.display()));
        }
    }
}

/// Tells whoever runs the test.
pub fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "fake-nvml: {words}");
}
