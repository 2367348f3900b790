//! How numbers look: one place for text, JSON, CSV and the screen.

pub mod figure;
