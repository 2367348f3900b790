//! What the subcommands do: they drive a session and hand its ticks to a presenter.

pub mod doctor;
pub mod output;
pub mod print;
pub mod run;
pub mod screen;

use std::{process::ExitCode, sync::Arc};

use crate::{
    cli::{Cli, Command, Global},
    host::Wish,
    learn::Learner,
    live::{Live, Roots},
    probe::bpf::Options,
    session::{Session, Source},
    sim::Simulation,
};

/// Does what the command line says.
pub async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let screen = cli.shows_screen();
    match cli.command {
        Some(Command::Run { command }) => run::run(&cli.global, command).await,
        Some(Command::Doctor { probe_cost }) => doctor::doctor(&cli.global, probe_cost),
        None if screen => screen::screen(&cli.global).await,
        None => print::print(&cli.global, &cli.print).await,
    }
}

impl Global {
    /// Where to look.
    pub fn roots(&self) -> Roots {
        Roots {
            sysfs: self.sysfs_root.clone(),
            proc: self.proc_root.clone(),
            dev: self.dev_root.clone(),
        }
    }

    /// How to load the kernel programs.
    pub fn probe_options(&self) -> Options {
        Options {
            log: self.verbose >= 2,
            threads: self.threads,
            weight: self.weight,
            events: self.cycles_from,
            small: self.small_maps,
            ..Options::default()
        }
    }

    /// The machine to look at: this one, or a made-up one.
    ///
    /// `paced`: a made-up one takes its time, as the screen wants it.
    fn session(&self, paced: bool) -> anyhow::Result<Session> {
        let source: Box<dyn Source> = match &self.simulate {
            Some(_) if self.probe_options().works() => {
                anyhow::bail!(
                    "a made-up machine has neither threads nor counters; leave out --threads and \
                     --weight"
                )
            }
            Some(path) => {
                let simulation = Simulation::load(path)?;
                Box::new(if paced { simulation.paced() } else { simulation })
            }
            None => {
                Box::new(Live::open(self.roots(), self.wish(), self.whole, self.probe_options())?)
            }
        };
        Ok(Session::new(source, Arc::new(self.intensity()), Learner::default()))
    }

    fn wish(&self) -> Wish {
        self.probe
    }
}
