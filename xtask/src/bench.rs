//! `bench`: measurements as ratios of one run, since absolute times of a shared
//! machine are noise.

mod cpu;
mod crowd;
mod gpu;
mod pipe;
mod probe;
mod programs;
mod read;
mod screen;
mod spread;
mod switches;
mod terminal;

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Task {
    /// Mean time a switch by BPF program and load, against an empty one on the same tracepoint
    Probe(probe::Task),
    /// How much `perf bench sched pipe` slows down, under jouletop's probe and under bpftrace
    Pipe(pipe::Task),
    /// What a sample of many processes takes, against one pass over `/proc`; and the memory
    Read(read::Task),
    /// What it costs to watch many GPUs, beside nvitop on the same fake library
    Gpu(gpu::Task),
    /// What it costs to look at very many processes, beside btop, htop and top
    Screen(screen::Task),
    #[command(hide = true)]
    Crowd(crowd::Task),
}

pub fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Probe(task) => probe::run(task),
        Task::Pipe(task) => pipe::run(task),
        Task::Read(task) => read::run(task),
        Task::Gpu(task) => gpu::run(task),
        Task::Screen(task) => screen::run(task),
        Task::Crowd(task) => crowd::run(task),
    }
}
