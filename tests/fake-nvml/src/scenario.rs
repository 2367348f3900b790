//! A scenario that was read and checked.
//!
//! What is wrong with one is told in the words of its author, with the remedy.

use std::{fs, path::Path};

use crate::{build, code::Code, device::Device, file::File, notation::Span};

/// Everything the fake plays.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug)]
pub struct Scenario {
    pub driver: String,
    pub nvml: String,
    pub cuda: i32,
    /// When the driver is gone.
    pub unloaded: Vec<Span>,
    pub devices: Vec<Device>,
    pub faults: Vec<Fault>,
}

/// An error that calls give for no other reason.
#[derive(Debug)]
pub struct Fault {
    /// The exported name, or `*`.
    pub call: String,
    /// What it returns.
    pub error: Code,
    /// Only of this device.
    pub device: Option<usize>,
    /// Only then.
    pub during: Span,
}

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// No variable names one.
    #[error("FAKE_NVML_SCENARIO is not set; name a scenario file in it")]
    Unnamed,
    /// The system refused.
    #[error("{file}: cannot be read ({source}); check FAKE_NVML_SCENARIO")]
    Unreadable {
        /// As it was named.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML, or a key that is unknown, missing or of the wrong type.
    #[error("{file}, line {line}: {problem}; the README of fake-nvml describes the keys")]
    Toml {
        /// As it was named.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What the parser said, on one line.
        problem: String,
    },
    /// Well-formed, but it makes no sense.
    #[error("{file}: {problem}")]
    Invalid {
        /// As it was named.
        file: String,
        /// Which entry, what is wrong, and the remedy.
        problem: String,
    },
}

impl Scenario {
    /// From a file.
    pub fn open(path: &Path) -> Result<Self, ScenarioError> {
        let file = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|source| ScenarioError::Unreadable { file: file.clone(), source })?;
        Self::parse(&file, &text, &|name| std::env::var(name).ok())
    }

    /// From a text; `variable` looks up what `"$NAME"` stands for.
    pub fn parse(
        file: &str,
        text: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ScenarioError> {
        let toml: File = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.get(..start).unwrap_or_default().split('\n').count();
            let lines: Vec<_> = error.message().lines().map(str::trim).collect();
            ScenarioError::Toml { file: file.into(), line, problem: lines.join(", ") }
        })?;
        build::scenario(toml, variable)
            .map_err(|problem| ScenarioError::Invalid { file: file.into(), problem })
    }

    /// How often the driver was loaded before and at a moment; none while it is gone.
    pub fn load(&self, now: u64) -> Option<usize> {
        if self.unloaded.iter().any(|span| span.contains(now)) {
            return None;
        }
        Some(self.unloaded.iter().filter(|span| span.to <= now).count())
    }

    /// The error that a call gives for no other reason.
    pub fn fault(&self, call: &str, device: Option<usize>, now: u64) -> Option<Code> {
        let hit = |fault: &&Fault| {
            (fault.call == "*" || fault.call == call)
                && (fault.device.is_none() || fault.device == device)
                && fault.during.contains(now)
        };
        self.faults.iter().find(hit).map(|fault| fault.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Scenario, String> {
        let variable = |name: &str| (name == "ONE").then(|| "41".into());
        Scenario::parse("a.toml", text, &variable).map_err(|error| error.to_string())
    }

    #[test]
    fn nearly_everything_has_a_default() {
        let scenario = parse("[[device]]").unwrap();
        let device = &scenario.devices[0];
        assert_eq!(scenario.driver, "550.54.15");
        assert_eq!(device.identity.name, "NVIDIA H100 80GB HBM3");
        assert!(device.activity.gpm && device.power.counter && !device.divided());
        assert_eq!(parse("").unwrap().devices.len(), 0);
    }

    #[test]
    fn the_example_of_the_readme_is_one() {
        let readme = include_str!("../README.md");
        let example = readme.split_once("```toml").unwrap().1.split_once("```").unwrap().0;
        let scenario = parse(example).unwrap();
        assert_eq!((scenario.devices.len(), scenario.faults.len()), (2, 1));
    }

    #[test]
    fn a_pid_may_come_from_outside() {
        let text = "[[device]]\n[[device.process]]\npid = \"$ONE\"";
        assert_eq!(parse(text).unwrap().devices[0].processes[0].pid, 41);
        let error = parse(&text.replace("ONE", "TWO")).unwrap_err();
        assert_eq!(error, "a.toml: device 0: process 0: $TWO is no pid; set it in the environment");
    }

    #[test]
    fn what_is_wrong_names_its_entry_and_the_remedy() {
        for (text, part) in [
            ("devise = 1", "line 1: unknown field"),
            ("[[device]]\npower = '7'", "device 0: power: \"7\" is not a power"),
            ("[[device]]\npower = ['1s 7W']", "power: the first step is not at 0s"),
            ("[[device]]\nenergy = 'maybe'", "energy: \"maybe\" is unknown; write counter or none"),
            ("[[device]]\narchitecture = 'x'", "write one of kepler"),
            ("[[device]]\nmig = true\narchitecture = 'ada'", "cannot be divided"),
            ("[[device]]\n[[device.instance]]\nid = 1\nslices = 1", "mig = true"),
            ("[[device]]\nmig = true\n[[device.process]]\npid = 1\ninstance = 4", "instance 4"),
            ("[[device]]\n[[device]]\nuuid = 'GPU-0'\n[[device]]\nuuid = 'GPU-0'", "GPU-0"),
            ("[[fault]]\ncall = 'nvmlFoo'\nerror = 'X'", "no error of NVML"),
            ("[[fault]]\ncall = 'Foo'\nerror = 'UNKNOWN'", "write its exported name"),
            ("[[fault]]\ncall = '*'\ndevice = 3\nerror = 'UNKNOWN'", "no device 3"),
            ("unloaded = ['x']", "unloaded"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_driver_comes_back_as_another_load() {
        let scenario = parse("unloaded = ['6s..8s', '10s..11s']").unwrap();
        let loads = [0, 6, 8, 10, 11].map(|at| scenario.load(at * 1_000_000_000));
        assert_eq!(loads, [Some(0), None, Some(1), None, Some(2)]);
    }

    #[test]
    fn faults_have_a_call_a_device_and_a_time() {
        let text = "[[device]]\n[[fault]]\ncall = 'nvmlA'\nerror = 'TIMEOUT'\ndevice = 0\n\
                    during = '2s..3s'";
        let scenario = parse(text).unwrap();
        assert_eq!(scenario.fault("nvmlA", Some(0), 2_000_000_000), Some(Code::TIMEOUT));
        assert_eq!(scenario.fault("nvmlA", Some(0), 3_000_000_000), None);
        assert_eq!(scenario.fault("nvmlA", None, 2_000_000_000), None);
        assert_eq!(scenario.fault("nvmlB", Some(0), 2_000_000_000), None);
    }
}
