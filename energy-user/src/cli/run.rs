//! The options of `run` alone.

use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};
use serde::{Deserialize, Serialize};

use crate::budget::Budget;

/// A budget and what happens at its end.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// What the command may use: energy, emissions, or money with --tariff; such as 2kWh, 500J,
    /// 1.2kg or 3EUR
    #[arg(long, value_name = "AMOUNT", value_parser = Budget::parse)]
    pub budget: Option<Budget>,

    /// What happens when that is used up
    #[arg(long, value_enum, default_value_t, requires = "budget")]
    pub on_budget: OnBudget,

    /// How long processes have to end after SIGTERM: for tests
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = grace, hide = true)]
    pub budget_grace: Duration,

    /// The command and its arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "CMD",
        value_hint = ValueHint::CommandWithArguments
    )]
    pub command: Vec<std::ffi::OsString>,
}

/// What is to be reported.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// A job by its name or id as `--by job` shows it (job:NAME if there is a file of that name),
    /// the job of a process (pid:1234), or a file
    #[arg(value_name = "JOB|FILE")]
    pub what: std::ffi::OsString,

    /// Watch a job no longer than this; Ctrl-C ends it at any time and reports as well
    #[arg(long = "for", value_name = "TIME", value_parser = length)]
    pub length: Option<Duration>,
}

/// What happens when a budget is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum OnBudget {
    /// It is told on stderr, as at 80 %
    #[default]
    Warn,
    /// All of the command's processes are ended
    Stop,
}

fn length(text: &str) -> Result<Duration, String> {
    const LEAST: Duration = Duration::from_millis(50);
    const MOST: Duration = Duration::from_hours(24 * 366);
    let help = "use a number with a unit, at least 50ms and at most a year, such as 30s or 10m";
    let time: jiff::SignedDuration = text.parse().map_err(|_| help.to_string())?;
    let time = Duration::try_from(time).map_err(|_| help.to_string())?;
    if (LEAST..=MOST).contains(&time) { Ok(time) } else { Err(help.into()) }
}

fn grace(text: &str) -> Result<Duration, String> {
    let help = "use a number with a unit, such as 10s";
    let time: jiff::SignedDuration = text.parse().map_err(|_| help.to_string())?;
    Duration::try_from(time).map_err(|_| help.to_string())
}
