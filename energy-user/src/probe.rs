//! Who ran: the kernel's own account of CPU time, per process.
//!
//! Two ways to know. [`bpf`] counts in the kernel at each context switch and misses
//! nothing; [`proc`] reads `/proc` at each sample, needs no right, and misses what
//! lives shorter than an interval. Both give the same [`Activity`].

mod books;
pub mod bpf;
pub mod btf;
mod cgroup;
pub mod identity;
mod outside;
pub mod proc;
pub mod progress;
pub mod slots;
mod stat;
mod threads;

use std::sync::Arc;

pub use stat::TICK_NS;

use crate::{
    sample::{Activity, Identity, ProbeKind, ProcessId},
    topology::Topology,
};

/// Says who used the machine since the last call. An ended process is included once.
pub trait Probe {
    /// Which kind.
    fn kind(&self) -> ProbeKind;

    /// Takes what the kernel buffers, so that its buffer does not fill between samples.
    fn drain(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    /// What a reader of its figures should know, for `doctor`.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// CPUs came or went: time counts on the new packages from here on.
    fn set_topology(&mut self, topology: &Topology);

    /// The process that has a number now, if there is one that can be seen. Its start may be
    /// rounded to [`TICK_NS`], where nobody saw it run.
    fn who(&mut self, pid: u32) -> Option<(ProcessId, Arc<Identity>)>;

    /// Who ran since the last call.
    fn activity(&mut self) -> anyhow::Result<Activity>;
}
