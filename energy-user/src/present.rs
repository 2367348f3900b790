//! How numbers look: one place for text, JSON, CSV and the screen.
//!
//! All presenters read the same frames and rows; none of them computes energy.

pub mod about;
pub mod columns;
pub mod csv;
pub mod device;
pub mod environment;
pub mod explain;
pub mod figure;
pub mod finding;
pub mod fixed;
pub mod gpu;
pub mod group;
pub mod json;
pub mod record;
pub mod report;
pub mod table;
pub mod text;
