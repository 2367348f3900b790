//! The slice that is still running: asks a CPU to charge who is there now.
//!
//! The kernel brings a running thread's account up to date at ticks only, and a CPU of
//! `nohz_full` has few. Reading the process's CPU clock makes it do so at once; what is
//! charged after that is true to some microseconds.

use aya::{
    Ebpf,
    programs::{RawTracePoint, RawTracePointRunOptions, TestRun as _},
};
use energy_ebpf::program;

use crate::clock;

/// Charges the task that runs on a CPU now, up to now. An idle or offline CPU has none.
pub fn poke(ebpf: &mut Ebpf, cpu: u32) {
    if let Some(process) = run(ebpf, cpu) {
        clock::bring_up_to_date(process);
        run(ebpf, cpu);
    }
}

/// Runs the program on the CPU; tells the process it found there.
fn run(ebpf: &Ebpf, cpu: u32) -> Option<u32> {
    let program: &RawTracePoint = ebpf.program(program::POKE)?.try_into().ok()?;
    let mut options = RawTracePointRunOptions::new();
    options.cpu = Some(cpu);
    match program.test_run(options) {
        Ok(result) => (result.return_value != 0).then_some(result.return_value),
        Err(error) => {
            tracing::debug!(cpu, %error, "the CPU could not be asked what it runs");
            None
        }
    }
}
