//! `bench`: measurements as ratios of one run, since absolute times of a shared
//! machine are noise.

mod probe;
mod switches;

use clap::Subcommand;

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
    },
}

pub fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Probe { rounds, switches } => probe::run(*rounds, *switches),
    }
}
