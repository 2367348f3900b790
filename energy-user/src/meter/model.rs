//! Power of a machine without a meter: a guess from tables, with its range.
//!
//! Virtual machines and ARM boards rarely have a meter. A rough stand-in lets the main job
//! run anywhere, as long as it says what it rests on and how far off it can be. Nothing here
//! is measured, and every number made of it is marked.

mod estimate;
mod ident;
mod name;
mod table;
#[cfg(test)]
mod tests;

pub use estimate::{Candidate, Estimate};
pub use ident::CpuIdent;
