//! NVIDIA's management library, played from a scenario.
//!
//! Tools that read GPUs can be tested without one: they load this library in place of
//! `libnvidia-ml.so.1` and see what the file named by `FAKE_NVML_SCENARIO` says. The README
//! describes its keys, the functions, and what is left out.

pub mod abi;
pub mod architecture;
mod build;
pub mod clock;
pub mod code;
pub mod device;
pub mod file;
mod gpm;
mod library;
pub mod notation;
pub mod process;
pub mod scenario;
pub mod steps;
mod watch;
