//! A made-up machine: processes, meters and time from a scenario file.
//!
//! The whole program runs on it without root, so the same file is a test, a
//! screenshot and a first look. A scenario tells who ran on which CPU and what
//! the meters gave; it never tells whose energy that was, except in `[[expected]]`,
//! which only tests read.
//!
//! ```
//! # use std::time::Duration;
//! # use jouletop::{attribute::{Method, attribute}, session::Source, sim::Simulation};
//! let text = r#"
//!     name = "one program on one of two CPUs"
//!     cpus = 2
//!     [[process]]
//!     pid = 10
//!     name = "browser"
//!     runs = ["cpu0 0s..2s", "cpu1 1s..2s 30%"]
//!     [[meter]]
//!     id = "package-0"
//!     domain = "package"
//!     package = 0
//!     readings = ["0s 10J", "2s 50J"]
//! "#;
//! let mut machine = Simulation::parse(text, "example.toml")?;
//! let before = machine.sample()?;
//! machine.pass(Duration::from_secs(1));
//! let frame = attribute(&before, &machine.sample()?, &Method::default());
//! // Half of the machine was idle, and so was half of the energy.
//! assert_eq!(frame.processes[0].share.energy.total(), frame.idle.energy.total());
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! `docs/scenarios.md` describes every field. Times are whole nanoseconds and
//! energies whole microjoules, both as sums since the start: samples taken at any
//! distance from each other add up to the same.

mod error;
mod expected;
mod file;
mod gpu;
mod machine;
mod meter;
mod notation;
mod process;
mod progress;
mod scenario;
mod schedule;
mod source;

pub use error::ScenarioError;
pub use expected::Expected;
pub use source::Simulation;
