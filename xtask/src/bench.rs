//! `bench`: measurements as ratios of one run, since absolute times of a shared
//! machine are noise.

mod probe;
mod switches;

use clap::{Subcommand, value_parser};

#[derive(Subcommand)]
pub enum Task {
    /// The probe's mean time a switch, against an empty program on the same tracepoint
    Probe {
        /// Rounds; figures are medians over them
        #[arg(long, default_value_t = 7)]
        rounds: usize,
        /// Switches in a round
        #[arg(long, default_value_t = 300_000)]
        switches: u64,
        /// Processes that pass the CPU on to each other
        #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(2..=512))]
        processes: u32,
    },
}

pub fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Probe { rounds, switches, processes } => {
            probe::run(*rounds, *switches, *processes as usize)
        }
    }
}
