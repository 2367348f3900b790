//! What the subcommands do: they drive a session and hand its ticks to a presenter.

pub mod calibrate;
pub mod config;
pub mod doctor;
pub mod explain;
pub mod manual;
pub mod mark;
pub mod output;
pub mod print;
pub mod record;
pub mod report;
pub mod run;
pub mod screen;
mod stop;
pub mod tag;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use crate::{
    attribute::Method,
    calibration::{self, Calibration},
    carbon::{
        live::{self, watch::Watch},
        prices::Prices,
    },
    cli::{Cli, Command, Format, Global, MethodArgs, Playing, carbon::CarbonArgs},
    host::{self, Wish},
    learn::Learner,
    live::{Live, Roots, Wanted},
    meter::{
        plan::Whole,
        redfish::{self, Redfish, Secret},
    },
    probe::bpf::Options,
    record::Replay,
    session::{Chosen, Session, Source},
    sim::Simulation,
    tags::Places,
    units::Watts,
    waste::Thresholds,
};

/// What was asked for makes no sense: the exit code is that of a wrong command line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// How long a measurement waits at its start for a service's first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// Does what the command line says.
pub async fn dispatch(mut cli: Cli) -> anyhow::Result<ExitCode> {
    if let Some(words) = cli.misplaced() {
        return Err(Usage(words).into());
    }
    let screen = cli.shows_screen();
    match cli.command {
        Some(Command::Record { length, force }) => record::record(&cli.global, length, force).await,
        Some(Command::Replay { file, speed, print, screen: looks }) => {
            cli.global.replay = Some(Playing { file, speed });
            if screen {
                screen::screen(&cli.global, &looks.or(&cli.screen)).await
            } else {
                print::print(&cli.global, &print).await
            }
        }
        Some(Command::Run(args)) => run::run(&cli.global, args).await,
        Some(Command::Mark { name }) => mark::mark(&name),
        Some(Command::Report(args)) => report::report(&cli.global, &args).await,
        Some(Command::Tag(args)) => tag::tag(&cli.global, &args),
        Some(Command::Calibrate { length }) => calibrate::calibrate(&cli.global, length).await,
        Some(Command::Explain { pid }) => explain::explain(&cli.global, pid).await,
        Some(Command::Config(args)) => config::config(&cli.global, &args),
        Some(Command::Man) => manual::man(&cli.global),
        Some(Command::Completions { shell }) => manual::completions(&cli.global, shell),
        Some(Command::Doctor { probe_cost }) => doctor::doctor(&cli.global, probe_cost),
        None if screen => screen::screen(&cli.global, &cli.screen).await,
        None => print::print(&cli.global, &cli.print).await,
    }
}

/// What a session is made of.
struct Ingredients {
    source: Box<dyn Source>,
    prices: Box<dyn Prices>,
    chosen: Chosen,
    /// Static power by meter, as far as it is known from before.
    floors: HashMap<String, Watts>,
    /// From when on something counts as waste.
    thresholds: Thresholds,
    /// The CPU's name, as a calibration has it.
    cpu: String,
    /// What is missing that the source does not know of.
    note: Option<String>,
}

impl Ingredients {
    fn session(self) -> Session {
        let Chosen { idle_policy, gpu_share, learn, factors } = self.chosen;
        let method = Method { idle_policy, gpu_share, ..Method::default() };
        let learner = Learner::new(method, self.floors, learn);
        let session = Session::new(self.source, self.prices, learner);
        let session = session.with_thresholds(self.thresholds);
        let mut session = session.with_factors(factors);
        session.remark(self.note);
        session
    }
}

impl Global {
    /// Where to look.
    pub fn roots(&self) -> Roots {
        Roots {
            sysfs: self.sysfs_root.clone(),
            proc: self.proc_root.clone(),
            tags: self.tag_places(),
            // Devices of this machine say nothing of another's tree.
            dev: if self.is_this_machine() || self.dev_root != Path::new("/dev") {
                self.dev_root.clone()
            } else {
                self.sysfs_root.join("dev")
            },
        }
    }

    /// Where names of running processes are kept.
    pub fn tag_places(&self) -> Places {
        let session = std::env::var_os("XDG_RUNTIME_DIR");
        Places::new(&self.run_root, session, nix::unistd::geteuid().as_raw())
    }

    /// How to load the kernel programs.
    pub fn probe_options(&self) -> Options {
        Options {
            log: self.verbose >= 2,
            threads: self.threads,
            weight: self.method.weight,
            events: self.cycles_from,
            small: self.small_maps,
            ..Options::default()
        }
    }

    /// The machine to look at: this one, a made-up one, or a recorded one.
    ///
    /// `paced`: what is not this one takes its time, as the screen wants it.
    fn source(&self, paced: bool) -> anyhow::Result<Box<dyn Source>> {
        if let Some(Playing { file, speed }) = &self.replay {
            if self.probe_options().works() {
                let text = "threads and weights are those of the recording";
                return Err(Usage(format!("{text}; leave out --threads and --weight")).into());
            }
            if let Some(option) = self.measures_otherwise() {
                let text = "what was measured with is that of the recording";
                return Err(Usage(format!("{text}; leave out {option}")).into());
            }
            if self.simulate.is_some() {
                let text = "a recording is replayed as it was";
                return Err(Usage(format!("{text}; leave out --simulate")).into());
            }
            let replay = Replay::open(file)?;
            return Ok(Box::new(if paced { replay.paced(*speed) } else { replay }));
        }
        let Some(path) = &self.simulate else {
            let (roots, options) = (self.roots(), self.probe_options());
            return Ok(Box::new(Live::open(roots, self.wish(), self.wanted()?, options)?));
        };
        if self.probe_options().works() {
            anyhow::bail!(
                "a made-up machine has neither threads nor counters; leave out --threads and \
                 --weight"
            )
        }
        let simulation = Simulation::load(path)?;
        Ok(Box::new(if paced { simulation.paced() } else { simulation }))
    }

    /// An option that says what this machine is measured with.
    fn measures_otherwise(&self) -> Option<&'static str> {
        let said = [
            (self.method.whole != Whole::default(), "--whole"),
            (self.probe != Wish::default(), "--probe"),
            (self.nvml_lib.is_some(), "--nvml-lib"),
        ];
        said.into_iter().find(|(said, _)| *said).map(|(_, option)| option)
    }

    /// The same, with what is known of it from before and what is chosen.
    fn ingredients(&self, paced: bool) -> anyhow::Result<Ingredients> {
        // First, so that a wrong command line ends before the kernel is asked for anything.
        let watch = self.watch()?;
        let source = self.source(paced)?;
        let cpu = source.cpu().map_or_else(|| self.cpu_name(), str::to_owned);
        let (calibration, note) = self.find_calibration(&source.describe().host, &cpu)?;
        let floors = calibration.map(|calibration| calibration.floors());
        let floors = floors.unwrap_or_else(|| source.calibrated());
        let prices = self.prices(watch, source.as_ref(), paced);
        let before = source.chosen();
        let MethodArgs { idle_policy, gpu_share, learn, .. } = self.method;
        let chosen = Chosen {
            idle_policy: idle_policy.unwrap_or(before.idle_policy),
            gpu_share: gpu_share.unwrap_or(before.gpu_share),
            learn: learn.unwrap_or(before.learn),
            factors: self.carbon.factors(before.factors),
        };
        let thresholds = self.config.waste.over(source.thresholds())?;
        Ok(Ingredients { source, prices, chosen, floors, thresholds, cpu, note })
    }

    /// The same, put together.
    fn session(&self, paced: bool) -> anyhow::Result<Session> {
        Ok(self.ingredients(paced)?.session())
    }

    /// Who knows the grid: a service, the user, or whoever makes the samples.
    fn prices(&self, watch: Option<Watch>, source: &dyn Source, paced: bool) -> Box<dyn Prices> {
        if let Some(watch) = watch {
            // The screen shows what there is; a report is better begun with a figure.
            if !paced {
                watch.settle(FIRST_ANSWER);
            }
            return Box::new(watch);
        }
        let own = source.grid().filter(|_| self.named_intensity().is_none());
        own.unwrap_or_else(|| Box::new(Arc::new(self.intensity())))
    }

    /// The service that the user wants to be asked, if any.
    pub fn watch(&self) -> anyhow::Result<Option<Watch>> {
        let CarbonArgs { carbon_source, carbon_zone, carbon_url, .. } = &self.carbon;
        let Some(service) = *carbon_source else { return Ok(None) };
        if self.simulate.is_some() || self.replay.is_some() {
            let whose = if self.replay.is_some() { "a recording" } else { "a made-up machine" };
            let text = format!("--carbon-source asks about now, and {whose} has its own time");
            return Err(Usage(format!("{text}; leave out one of them")).into());
        }
        let (place, zone) = (carbon_zone.clone(), self.zone.clone());
        // A variable that is empty is one that is not set.
        let url = carbon_url.clone().filter(|url| !url.is_empty());
        let said = |name: &str| std::env::var(name).ok();
        let config = live::config::Config { service, place, zone, url };
        let (source, table) = config.open(&said, live::TIMEOUT).map_err(Usage)?;
        Ok(Some(Watch::start(source, table)))
    }

    /// Which meters are to count.
    pub fn wanted(&self) -> anyhow::Result<Wanted> {
        let MethodArgs { whole, redfish: url, redfish_insecure: insecure_tls, .. } = &self.method;
        let said = |name| std::env::var(name).ok().filter(|said| !said.is_empty());
        let account = |url: &String| {
            let (user, password) = ("JOULETOP_REDFISH_USER", "JOULETOP_REDFISH_PASSWORD");
            redfish::check(url).map_err(Usage)?;
            let Some((user, password)) = said(user).zip(said(password)) else {
                let needs = "--redfish needs an account that may read; put it into";
                return Err(Usage(format!("{needs} {user} and {password}")).into());
            };
            let (url, password) = (url.clone(), Secret::new(password));
            anyhow::Ok(Redfish { url, user, password, insecure_tls: *insecure_tls })
        };
        // A variable that is empty is one that is not set.
        let url = url.as_ref().filter(|url| !url.is_empty());
        let redfish = url.map(account).transpose()?;
        Ok(Wanted { whole: *whole, redfish, nvml: self.nvml_lib.clone() })
    }

    fn wish(&self) -> Wish {
        self.probe
    }

    /// Nothing about the machine is made up or copied from elsewhere.
    pub fn is_this_machine(&self) -> bool {
        self.simulate.is_none() && self.replay.is_none() && self.sysfs_root == Path::new("/sys")
    }

    /// The CPU's name, as a calibration has it.
    pub fn cpu_name(&self) -> String {
        if self.simulate.is_some() {
            return String::new();
        }
        host::cpu(&self.proc_root).0.map_or_else(String::new, |cpu| cpu.name)
    }

    /// Where a calibration may be, if none is named.
    pub fn calibration_places(&self) -> Vec<PathBuf> {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        calibration::places(path("XDG_STATE_HOME"), path("HOME"))
    }

    /// Where static power is known from, in words, and what is missing to know it.
    pub fn static_power(&self, host: &str) -> anyhow::Result<(String, Option<String>)> {
        let (calibration, note) = self.find_calibration(host, &self.cpu_name())?;
        let words = match calibration {
            Some(calibration) => {
                let one = |(id, watts): (&String, &f64)| format!("{id} {watts:.2} W");
                let all: Vec<_> = calibration.static_watts.iter().map(one).collect();
                let time = calibration.time.strftime("%Y-%m-%d");
                format!("calibrated {time}: {}", all.join(", "))
            }
            None => {
                "learned while watching; jouletop calibrate measures it once and for all".into()
            }
        };
        Ok((words, note))
    }

    /// Whether JSON was asked for, of a command that has no table for CSV.
    fn wants_json(&self, command: &str) -> Result<bool, Usage> {
        match self.format() {
            Some(Format::Json) => Ok(true),
            Some(Format::Text) | None => Ok(false),
            Some(_) => Err(Usage(format!("{command} prints text or JSON; use --json"))),
        }
    }

    /// What is known of static power from before, and why not more. A file that was named has
    /// to be sound; one that was found and is not is told and left alone.
    fn find_calibration(
        &self,
        host: &str,
        cpu: &str,
    ) -> anyhow::Result<(Option<Calibration>, Option<String>)> {
        if let Some(file) = &self.method.calibration {
            return Ok((Some(Calibration::read(file, host, cpu)?), None));
        }
        let found = self.calibration_places().into_iter().find(|place| place.exists());
        Ok(match found.filter(|_| self.is_this_machine()) {
            None => (None, None),
            Some(file) => match Calibration::read(&file, host, cpu) {
                Ok(calibration) => (Some(calibration), None),
                Err(error) => (None, Some(format!("static power is not calibrated: {error}"))),
            },
        })
    }
}
