//! jouletop as a script uses it: one JSON object a line.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::jouletop;

/// jouletop streaming JSON, its lines read by a thread.
pub struct Stream {
    child: Child,
    lines: std::sync::mpsc::Receiver<Value>,
}

impl Stream {
    /// Starts it with these arguments besides `--json`.
    pub fn start(args: &[&str]) -> Self {
        let mut child = jouletop().arg("--json").args(args).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines() {
                let value = serde_json::from_str(&line.unwrap()).unwrap();
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Its process number.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// The next interval.
    pub fn next(&self) -> Value {
        self.lines.recv_timeout(Duration::from_secs(30)).expect("jouletop prints an interval")
    }

    /// Two more intervals, so that what has just ended is in; then all there was.
    pub fn finish(mut self) -> Vec<Value> {
        let mut lines: Vec<Value> = self.lines.try_iter().collect();
        lines.push(self.next());
        lines.push(self.next());
        kill(self.pid(), Signal::SIGINT).unwrap();
        self.child.wait().unwrap();
        lines.extend(self.lines.try_iter());
        lines
    }
}
