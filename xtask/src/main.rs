//! What the project does to itself: build the BPF object, check everything, measure.
#![expect(clippy::print_stdout, reason = "saying what it does is what this program is for")]

mod accuracy;
mod bench;
mod ebpf;
mod pictures;
mod python;
mod shell;
mod test;
mod vm;

use clap::{Parser, Subcommand, builder::FalseyValueParser};

#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// The BPF objects that are committed in energy-ebpf/prebuilt
    #[command(subcommand)]
    Ebpf(ebpf::Task),
    /// Format, lints, all tests, and the check of the BPF objects
    Test {
        /// Insist on rebuilding the BPF objects and comparing every byte
        #[arg(long, env = "JOULETOP_REBUILD_EBPF", value_parser = FalseyValueParser::new())]
        rebuild_ebpf: bool,
    },
    /// How near rules of attribution come to a known truth, on a simulated machine: a table
    Accuracy(accuracy::Task),
    /// Measurements, as ratios of one run
    #[command(subcommand)]
    Bench(bench::Task),
    /// Draw the screens of the documentation, docs/pictures/*.svg
    Pictures,
    /// Other people's readers of GPUs, in target/python, to check tests/fake-nvml with
    Python,
    /// Boot Debian kernels in qemu and compare CPU times there: a table, kernel by check
    Vm(vm::Task),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Ebpf(task) => ebpf::run(&task),
        Task::Test { rebuild_ebpf } => test::run(rebuild_ebpf),
        Task::Accuracy(task) => accuracy::run(&task),
        Task::Bench(task) => bench::run(&task),
        Task::Pictures => pictures::run(),
        Task::Python => python::run(),
        Task::Vm(task) => vm::run(&task),
    }
}
