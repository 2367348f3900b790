//! jouletop: `top`, for joules.
//!
//! The program is one pipeline, and the modules are its stations:
//!
//! ```text
//! probe + meter + gpu -> sample -> attribute -> frame -> carbon -> ledger -> present, tui
//!       (I/O)            (data)     (pure)      (data)   (pure)    (pure)      (pure)
//!                                   ^    learn    |                             ^
//!                                   +-- (pure) ---+----------- waste -----------+
//! ```
//!
//! Live measurement, simulation and a recording differ only in who makes the samples. From
//! [`sample::Sample`] on, everything is a function of values: no clock, no files,
//! no globals; time is a field. What the user wants is joined from files, environment and command
//! line in one place, [`config`], and is [`cli::Global`] from there on.

pub mod attribute;
pub mod budget;
pub mod calibration;
pub mod carbon;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod counter;
pub mod files;
pub mod frame;
pub mod frequency;
pub mod gpu;
pub mod group;
pub mod host;
pub mod job;
pub mod learn;
pub mod ledger;
pub mod live;
pub mod meter;
pub mod perf_event;
pub mod present;
pub mod probe;
pub mod query;
pub mod record;
pub mod sample;
pub mod session;
pub mod sim;
pub mod subject;
pub mod tags;
pub mod topology;
pub mod tui;
pub mod units;
pub mod waste;
pub mod web;
