//! The command line: a contract with scripts outside this repository.
//!
//! Values are checked while parsing, so that a wrong one ends with exit code 2
//! and a message that says what is right.

pub mod carbon;
pub mod completions;
pub mod config;
pub mod manual;
pub mod run;
pub mod screen;

use std::{path::PathBuf, time::Duration};

use carbon::CarbonArgs;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    attribute::IdlePolicy,
    carbon::Intensity,
    config::Config,
    group::Grouping,
    host::Wish,
    meter::plan::Whole,
    sample::{GpuShare, Weight},
    units::GramsPerKwh,
};

/// top, for joules: which process burns the energy, and what that emits
///
/// Without a subcommand: the live screen. CPU time is counted in the kernel (as
/// root), power is read from RAPL where there is such a meter and estimated where
/// there is none; estimated numbers carry a `~`.
#[derive(Debug, Parser)]
#[command(name = "jouletop", version, about, max_term_width = 100)]
pub struct Cli {
    /// What every subcommand understands.
    #[command(flatten)]
    pub global: Global,
    /// How the default command prints.
    #[command(flatten)]
    pub print: Print,
    /// How the live screen looks.
    #[command(flatten)]
    pub screen: screen::ScreenArgs,
    /// Something else than the screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every subcommand understands.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Length of an interval, such as 500ms, 2s or 1m
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval, global = true)]
    pub interval: Duration,

    /// How CPU time is counted: in the kernel, or from /proc at lower quality
    #[arg(long, value_enum, default_value_t, global = true)]
    pub probe: Wish,

    /// How energy is divided.
    #[command(flatten)]
    pub method: MethodArgs,

    /// Tell the threads of each process apart
    #[arg(long, global = true)]
    pub threads: bool,

    /// Carbon intensity of your electricity, grams CO2e per kWh
    #[arg(
        long,
        value_name = "G",
        value_parser = intensity,
        allow_negative_numbers = true,
        conflicts_with = "zone",
        global = true
    )]
    pub carbon_intensity: Option<Intensity>,

    /// Country or part of one whose yearly mean carbon intensity holds here, such as FR or US-CA
    #[arg(long, value_name = "CODE", value_parser = zone, global = true)]
    pub zone: Option<Intensity>,

    /// Emissions beyond that.
    #[command(flatten)]
    pub carbon: CarbonArgs,

    /// A made-up machine from a scenario file, instead of this one
    #[arg(long, value_name = "SCENARIO.toml", global = true)]
    pub simulate: Option<PathBuf>,

    /// A recording, instead of this machine: `replay` puts it here.
    #[arg(skip)]
    pub replay: Option<Playing>,

    /// Where sysfs is
    #[arg(long, value_name = "DIR", default_value = "/sys", global = true)]
    pub sysfs_root: PathBuf,

    /// Where procfs is
    #[arg(long, value_name = "DIR", default_value = "/proc", global = true)]
    pub proc_root: PathBuf,

    /// NVIDIA's management library, if it is not where the system keeps it
    #[arg(long, value_name = "FILE", global = true)]
    pub nvml_lib: Option<PathBuf>,

    /// Where device files are
    #[arg(long, value_name = "DIR", default_value = "/dev", hide = true, global = true)]
    pub dev_root: PathBuf,

    /// Where files are kept until the next boot
    #[arg(long, value_name = "DIR", default_value = "/run", hide = true, global = true)]
    pub run_root: PathBuf,

    /// Say more on stderr; twice, the kernel programs say what they do
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,

    /// Use so many places for each CPU and a ring buffer of so many bytes: for tests of overload
    #[arg(long, value_name = "PLACES,BYTES", value_parser = small, hide = true, global = true)]
    pub small_maps: Option<crate::probe::bpf::Small>,

    /// Count the kernel's clocks in place of cycles, and page faults in place of misses: for tests
    #[arg(long, value_enum, default_value_t, hide = true, global = true)]
    pub cycles_from: crate::probe::bpf::Events,

    /// What to print: text, json or csv; of a run also markdown, latex or codecarbon
    #[arg(long, value_enum, global = true, conflicts_with_all = ["json", "csv"])]
    pub format: Option<Format>,

    /// Short for --format json
    #[arg(long, global = true, conflicts_with = "csv")]
    pub json: bool,

    /// Short for --format csv
    #[arg(long, global = true)]
    pub csv: bool,

    /// Write data to a file instead of stdout
    #[arg(short, long, value_name = "FILE", global = true)]
    pub output: Option<PathBuf>,

    /// A configuration in place of your own; `jouletop config --path` names that one
    #[arg(long = "config", value_name = "FILE", global = true)]
    pub config_file: Option<PathBuf>,

    /// Where the machine's configuration is, below `jouletop/`
    #[arg(long, value_name = "DIR", default_value = "/etc", hide = true, global = true)]
    pub etc_root: PathBuf,

    /// What configurations say beyond options, and where each value is from.
    #[arg(skip)]
    pub config: Config,
}

/// How energy is divided.
#[derive(Clone, Debug, Args)]
pub struct MethodArgs {
    /// What a share of a package's energy is measured by
    #[arg(long, value_enum, default_value_t, global = true)]
    pub weight: Weight,

    /// Who pays the static power of the machine; of a recording, by default as it was recorded
    #[arg(long, value_enum, default_value = "none", global = true)]
    pub idle_policy: Option<IdlePolicy>,

    /// How a GPU's energy is shared by those who hold it, where it does not tell who used it; of a
    /// recording, by default as it was recorded
    #[arg(long, value_enum, default_value = "equal", global = true)]
    pub gpu_share: Option<GpuShare>,

    /// Learn how much more than the mean each command's work draws; used only while it predicts
    #[arg(
        long,
        action = clap::ArgAction::Set,
        value_name = "WHETHER",
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        global = true
    )]
    pub learn: Option<bool>,

    /// Static power as `jouletop calibrate` wrote it; by default this machine's own
    #[arg(long, value_name = "FILE", global = true)]
    pub calibration: Option<PathBuf>,

    /// Which meter of the whole machine counts, beyond the sum of its parts
    #[arg(long, value_enum, default_value_t, global = true)]
    pub whole: Whole,

    /// Ask a management controller at this address for the whole machine's power; the account is
    /// in `JOULETOP_REDFISH_USER` and `JOULETOP_REDFISH_PASSWORD`
    #[arg(
        long,
        value_name = "URL",
        env = "JOULETOP_REDFISH",
        hide_env_values = true,
        global = true
    )]
    pub redfish: Option<String>,

    /// Take that controller at its word: its certificate is its own
    #[arg(long, requires = "redfish", global = true)]
    pub redfish_insecure: bool,
}

/// How the default command prints instead of showing the screen.
#[derive(Clone, Debug, Args)]
pub struct Print {
    /// Print one interval and end
    #[arg(long, conflicts_with = "samples")]
    pub once: bool,

    /// Print so many intervals and end
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub samples: Option<u64>,

    /// Add up rows that belong together; with --once, --samples or --json
    #[arg(long, value_enum, default_value_t, conflicts_with = "csv")]
    pub by: Grouping,
}

/// Shape of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One object a line.
    Json,
    /// One line a row.
    Csv,
    /// A sentence and a table for a README or a model card; of a run.
    Markdown,
    /// The same for a paper.
    Latex,
    /// A row of CodeCarbon's emissions.csv; of a run.
    Codecarbon,
}

/// Something else than the screen.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a command and report the energy and emissions of its whole tree; exits as it did
    Run(run::RunArgs),
    /// Within a run: end a phase of its report, and begin the next under this name
    Mark {
        /// What begins, such as "epoch 3"
        name: String,
    },
    /// Give a running process and all that comes from it a job name; alone, list the names
    ///
    /// Counts from the next interval on, for every jouletop that runs, until the process and what
    /// came from it have ended. Root may name any process, everybody else his own.
    Tag(TagArgs),
    /// Report a job that runs now, from now until it has ended; or show the report of a run, kept
    /// with `run --json -o FILE`; in any format
    Report(run::ReportArgs),
    /// Keep what is measured in a file (-o FILE), to be shown later and elsewhere by replay
    ///
    /// Until Ctrl-C, or for a time. The file holds the command lines, user names and control
    /// groups of all processes that are seen: only you may read it (mode 0600), and so should
    /// whoever you send it to. With --json, each interval is printed as well.
    Record {
        /// How long to record, such as 90s or 8h
        #[arg(long = "for", value_name = "TIME", value_parser = recorded)]
        length: Option<Duration>,
        /// Overwrite the file if it is there already
        #[arg(long)]
        force: bool,
    },
    /// Show a recording: on the screen, or with --json, --csv, --once or --samples as from life
    ///
    /// Whatever chose how energy is divided and priced is that of the recording, unless an option
    /// says otherwise.
    Replay {
        /// The file
        file: PathBuf,
        /// How fast the screen shows it, such as 10 for ten seconds in one; up to 20 samples a second
        #[arg(long, value_name = "FACTOR", value_parser = speed, default_value = "1")]
        speed: f64,
        /// How to print it instead.
        #[command(flatten)]
        print: Print,
        /// How the live screen looks.
        #[command(flatten)]
        screen: screen::ScreenArgs,
    },
    /// Show where a process's joules of one interval are from, term by term
    Explain {
        /// Its number
        pid: u32,
    },
    /// Measure what the machine draws at rest, so that static power is known from then on
    ///
    /// At rest is less than 2 % of its CPU time and less than a tenth of one CPU; a machine that
    /// was busier is not calibrated, and hears with what it was busy.
    Calibrate {
        /// How long to measure
        #[arg(long = "for", value_name = "TIME", default_value = "30s", value_parser = length)]
        length: Duration,
    },
    /// Show what is configured, as a configuration
    Config(config::ConfigArgs),
    /// Say what can be measured here, by which route, what is missing, and the remedy
    Doctor {
        /// Measure what the kernel probe costs at each context switch, which takes some seconds
        #[arg(long)]
        probe_cost: bool,
    },
    /// Print the man page
    #[command(hide = true)]
    Man,
    /// Print what a shell reads to complete command lines of jouletop
    #[command(hide = true)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// A recording that is shown.
#[derive(Clone, Debug)]
pub struct Playing {
    /// The file.
    pub file: PathBuf,
    /// How fast.
    pub speed: f64,
}

/// Which process is to have which name.
#[derive(Debug, Args)]
pub struct TagArgs {
    /// Its number
    #[arg(requires = "name", value_parser = clap::value_parser!(u32).range(1..))]
    pub pid: Option<u32>,

    /// What its job is called, such as "resnet run 3"
    pub name: Option<String>,

    /// Take the name of this process away again
    #[arg(
        long,
        value_name = "PID",
        conflicts_with_all = ["pid", "name"],
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub remove: Option<u32>,
}

impl Cli {
    /// The screen is what was asked for.
    pub fn shows_screen(&self) -> bool {
        let Print { once, samples, .. } = match &self.command {
            None => &self.print,
            Some(Command::Replay { print, .. }) => print,
            Some(_) => return false,
        };
        !once && samples.is_none() && self.global.format().is_none()
    }

    /// An option of the screen, or of what stands in for it, before a subcommand that does not
    /// see it: what is wrong, and the remedy.
    pub fn misplaced(&self) -> Option<String> {
        let command = self.command.as_ref()?;
        let print = [
            (self.print.once, "--once"),
            (self.print.samples.is_some(), "--samples"),
            (self.print.by != Grouping::default(), "--by"),
        ];
        let screen = &self.screen;
        let screen = [
            (screen.theme.is_some(), "--theme"),
            (screen.ascii, "--ascii"),
            (screen.no_mouse, "--no-mouse"),
            (screen.readonly, "--readonly"),
        ];
        let first = |all: &[(bool, &'static str)]| all.iter().copied().find(|(said, _)| *said);
        if let Command::Replay { .. } = command {
            let (_, option) = first(&print)?;
            return Some(format!("{option} stands before replay; write it behind the file"));
        }
        let (_, option) = first(&print).or(first(&screen))?;
        Some(format!("{option} is of the screen and of replay; leave it out"))
    }

    /// Whether a configuration means anything to what was asked for: what helps to mend one has
    /// to work without, and a mark is never lost for it.
    pub fn reads_config(&self) -> bool {
        match &self.command {
            Some(Command::Config(args)) => !args.default && !args.path,
            Some(Command::Mark { .. } | Command::Man | Command::Completions { .. }) => false,
            _ => true,
        }
    }
}

impl Global {
    /// The grid that the user named.
    pub fn named_intensity(&self) -> Option<&Intensity> {
        self.carbon_intensity.as_ref().or(self.zone.as_ref())
    }

    /// The same, or the world's mean.
    pub fn intensity(&self) -> Intensity {
        self.named_intensity().cloned().unwrap_or_else(Intensity::world)
    }

    /// The shape of the output, if the user named one.
    pub fn format(&self) -> Option<Format> {
        let short = if self.json { Some(Format::Json) } else { None };
        let short = if self.csv { Some(Format::Csv) } else { short };
        self.format.or(short)
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    const LEAST: Duration = Duration::from_millis(50);
    const MOST: Duration = Duration::from_mins(1);
    let help = "use a number with a unit between 50ms and 60s, such as 500ms, 2s or 1m";
    let time: jiff::SignedDuration = text.parse().map_err(|_| help.to_string())?;
    let time = Duration::try_from(time).map_err(|_| help.to_string())?;
    // Above a minute, a counter could wrap unseen (docs/method.md).
    if (LEAST..=MOST).contains(&time) { Ok(time) } else { Err(help.into()) }
}

fn length(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_hours(1);
    let help = "use a number with a unit, at least 5s and at most 1h, such as 30s or 2m";
    let time: jiff::SignedDuration = text.parse().map_err(|_| help.to_string())?;
    let time = Duration::try_from(time).map_err(|_| help.to_string())?;
    if (Duration::from_secs(5)..=LONGEST).contains(&time) { Ok(time) } else { Err(help.into()) }
}

fn recorded(text: &str) -> Result<Duration, String> {
    const LEAST: Duration = Duration::from_millis(50);
    const MOST: Duration = Duration::from_hours(366 * 24);
    let help = "use a number with a unit, at least 50ms and at most a year, such as 90s or 8h";
    let time: jiff::SignedDuration = text.parse().map_err(|_| help.to_string())?;
    let time = Duration::try_from(time).map_err(|_| help.to_string())?;
    if (LEAST..=MOST).contains(&time) { Ok(time) } else { Err(help.into()) }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.trim().parse::<f64>().ok();
    let speed = speed.filter(|speed| (0.01..=1000.0).contains(speed));
    speed.ok_or_else(|| "use a factor from 0.01 to 1000, such as 10".into())
}

fn intensity(text: &str) -> Result<Intensity, String> {
    let help = "use grams of CO2e per kWh, 0 to 10000, such as 56 for France or 473 for the world";
    let value: f64 = text.trim().parse().map_err(|_| help.to_string())?;
    if value.is_finite() && (0.0..=10_000.0).contains(&value) {
        Ok(Intensity::given(GramsPerKwh(value)))
    } else {
        Err(help.into())
    }
}

fn zone(text: &str) -> Result<Intensity, String> {
    Intensity::zone(text).map_err(|error| error.to_string())
}

fn small(text: &str) -> Result<crate::probe::bpf::Small, String> {
    let help = "use two powers of two: places (4 to 16384), bytes of the buffer (4096 or more)";
    let (places, ring) = text.split_once(',').ok_or(help)?;
    let (places, ring): (u32, u32) =
        (places.parse().map_err(|_| help)?, ring.parse().map_err(|_| help)?);
    let sound = places.is_power_of_two() && (4..=1 << 14).contains(&places);
    let sound = sound && ring.is_power_of_two() && ring >= 4096;
    if sound { Ok(crate::probe::bpf::Small { places, ring }) } else { Err(help.into()) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn intervals_have_units_and_bounds() {
        assert_eq!(interval("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(interval("1m"), Ok(Duration::from_mins(1)));
        for bad in ["", "5", "-1s", "0s", "1h", "soon", "1e400s"] {
            assert!(interval(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn intensities_are_finite_and_not_negative() {
        assert!(intensity("0").is_ok());
        for bad in ["-1", "nan", "inf", "", "many", "1e9"] {
            assert!(intensity(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_follows_run_belongs_to_the_command() {
        let cli = Cli::parse_from(["jouletop", "--json", "run", "--", "ls", "--json", "-o", "x"]);
        let Some(Command::Run(args)) = cli.command else { panic!() };
        assert_eq!(args.command, ["ls", "--json", "-o", "x"]);
        assert_eq!(cli.global.output, None);
    }

    #[test]
    fn a_replay_takes_how_the_screen_looks_on_both_sides() {
        let args = ["jouletop", "--ascii", "--theme", "dark", "replay", "f"];
        let behind = ["--theme", "light", "--readonly", "--no-mouse"];
        let cli = Cli::parse_from(args.iter().chain(&behind));
        assert_eq!(cli.misplaced(), None);
        let Some(Command::Replay { screen, .. }) = cli.command else { panic!() };
        let looks = screen.or(&cli.screen);
        assert_eq!(looks.theme, Some(crate::config::screen::Theme::Light));
        assert!(looks.ascii && looks.readonly);
        assert!(looks.no_mouse && !looks.over(crate::config::Screen::default()).mouse);
    }
}
