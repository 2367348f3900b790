//! A simulated machine with a hidden power model, to score energy-attribution rules by.
//!
//! No counter on a real machine says what one process drew, so a rule that shares out a
//! package's energy can only be held against a machine whose every watt is known. This one
//! is drawn by a seed: its parameters differ from whatever a tool assumes. It shares no code
//! with jouletop, lest both be wrong in the same way. What follows from a score is "recovers
//! a known model within so much", never "accurate to so much on hardware".

pub mod account;
pub mod cgroup;
pub mod hidden;
pub mod machine;
pub mod meter;
pub mod plan;
pub mod real;
pub mod rules;
pub mod run;
pub mod schedule;
pub mod score;
pub mod trace;
pub mod tree;

mod clocks;
mod demand;
mod draw;
