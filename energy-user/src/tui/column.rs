//! The columns of the table: title, width, cell and order, each in one place.
//!
//! Where the screen is narrow, columns go in the order of [`Column::GIVEN_UP`];
//! power and name stay to the last, as they answer the question. Columns of GPUs are there
//! only where there are GPUs.

use std::cmp::Ordering;

use crate::{
    frame::Quality,
    group::Grouping,
    ledger::{Row, RowKey},
    present::figure::{self, Units},
    units::{Tariff, Watts},
};

use super::{app::Shown, small, tab::Tab};

/// One column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Column {
    /// The number that `ps` shows.
    Pid,
    /// Processes that a row is made of.
    Count,
    /// Whose it is.
    User,
    /// The job that it is a part of.
    Job,
    /// Power over the last interval.
    #[default]
    Watts,
    /// Power, smoothed over some seconds.
    Smooth,
    /// Its part of all power, as a bar.
    Share,
    /// Power over the last intervals, as a small graph.
    Recent,
    /// Energy since the start.
    Joules,
    /// Emissions since the start.
    Grams,
    /// What the energy costs, since the start.
    Money,
    /// CPU time over the last interval, per cent of one CPU.
    Cpu,
    /// Time on GPUs over the last interval, per cent of one GPU.
    GpuPercent,
    /// Memory of GPUs that it holds.
    GpuMemory,
    /// Power of GPUs over the last interval.
    GpuWatts,
    /// Energy of GPUs since the start.
    GpuJoules,
    /// Time since it began.
    Age,
    /// What its process is at: a letter, as in proc(5).
    State,
    /// How many threads its process has.
    Threads,
    /// Name, or command line where there is room.
    Name,
    /// Command line, whatever room there is.
    Command,
}

/// What a cell needs beside its row.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The scale of power and energy.
    pub units: Units,
    /// How good the power of the last interval is.
    pub now: Quality,
    /// The command line instead of the name.
    pub command: bool,
    /// There is a column of names; without one, that of command lines names the rows.
    pub names: bool,
    /// Power of all rows, of which a row has its share.
    pub whole: Option<Watts>,
    /// What a kWh costs.
    pub tariff: Option<Tariff>,
}

/// What there is to have columns of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What a row is.
    pub tab: Tab,
    /// There are GPUs.
    pub gpus: bool,
    /// It is known what a kWh costs.
    pub tariff: bool,
    /// Somebody tells of jobs.
    pub jobs: bool,
}

impl Column {
    /// From left to right.
    pub const ALL: [Self; 21] = [
        Self::Pid,
        Self::Count,
        Self::User,
        Self::Job,
        Self::Watts,
        Self::Smooth,
        Self::Share,
        Self::Recent,
        Self::Joules,
        Self::Grams,
        Self::Money,
        Self::Cpu,
        Self::GpuPercent,
        Self::GpuMemory,
        Self::GpuWatts,
        Self::GpuJoules,
        Self::Age,
        Self::State,
        Self::Threads,
        Self::Name,
        Self::Command,
    ];

    /// What goes first where the screen is narrow. Emissions follow from energy,
    /// which stays longer; a PID is needed to act on a row.
    pub const GIVEN_UP: [Self; 15] = [
        Self::Command,
        Self::Threads,
        Self::State,
        Self::Age,
        Self::Smooth,
        Self::Recent,
        Self::Share,
        Self::Job,
        Self::Money,
        Self::User,
        Self::Grams,
        Self::Cpu,
        Self::Pid,
        Self::Count,
        Self::Joules,
    ];

    /// The same where there are GPUs: these are shared, so whose a row is stays longer.
    pub const GIVEN_UP_WITH_GPUS: [Self; 19] = [
        Self::Command,
        Self::Threads,
        Self::State,
        Self::Age,
        Self::Smooth,
        Self::Recent,
        Self::Share,
        Self::Job,
        Self::GpuJoules,
        Self::Money,
        Self::Grams,
        Self::GpuMemory,
        Self::User,
        Self::GpuWatts,
        Self::Cpu,
        Self::GpuPercent,
        Self::Pid,
        Self::Count,
        Self::Joules,
    ];

    /// What a configuration calls it. It is a contract: it never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pid => "pid",
            Self::Count => "count",
            Self::User => "user",
            Self::Job => "job",
            Self::Watts => "watts",
            Self::Smooth => "smooth",
            Self::Share => "share",
            Self::Recent => "recent",
            Self::Joules => "joules",
            Self::Grams => "grams",
            Self::Money => "money",
            Self::Cpu => "cpu",
            Self::GpuPercent => "gpu_percent",
            Self::GpuMemory => "gpu_memory",
            Self::GpuWatts => "gpu_watts",
            Self::GpuJoules => "gpu_joules",
            Self::Age => "age",
            Self::State => "state",
            Self::Threads => "threads",
            Self::Name => "name",
            Self::Command => "command",
        }
    }

    /// The column of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// The width that the name has at least before other columns go.
    const NAME: u16 = 14;
    /// The same of names of several words.
    const LONG: u16 = 24;
    /// The same before those go that are not needed to read a row.
    const ROOMY: u16 = 48;
    /// A screen so wide shows what is otherwise there for who asks for it.
    pub const VAST: u16 = 180;

    /// Those that have something to say, from left to right.
    pub fn all(stage: Stage) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |column| column.says_something(stage))
    }

    fn says_something(self, stage: Stage) -> bool {
        let processes = stage.tab.of_processes();
        match self {
            Self::Pid | Self::State | Self::Threads => processes,
            Self::Count => !processes,
            Self::User => stage.tab != Tab::Users,
            Self::Job => processes && stage.jobs,
            Self::Money => stage.tariff,
            _ => stage.gpus || !self.is_gpu(),
        }
    }

    /// It tells of GPUs.
    pub fn is_gpu(self) -> bool {
        matches!(self, Self::GpuPercent | Self::GpuMemory | Self::GpuWatts | Self::GpuJoules)
    }

    /// It has an order of its own; those that draw power otherwise have that of power.
    pub fn has_order(self) -> bool {
        !matches!(self, Self::Smooth | Self::Recent | Self::Share) && !self.is_read_late()
    }

    /// It is read of the rows in sight alone, right before they are drawn: no order can be made
    /// of it.
    pub fn is_read_late(self) -> bool {
        matches!(self, Self::State | Self::Threads)
    }

    /// Nice to have, and not needed to read a row.
    fn is_extra(self) -> bool {
        matches!(self, Self::Smooth | Self::Recent | Self::Share | Self::Job)
    }

    /// What goes first.
    pub fn given_up(stage: Stage) -> &'static [Self] {
        if stage.gpus { &Self::GIVEN_UP_WITH_GPUS } else { &Self::GIVEN_UP }
    }

    /// The columns that fit, from left to right.
    pub fn fitting(width: u16, stage: Stage) -> Vec<Self> {
        // These are there for who asks for them.
        let asked_for = |column: &Self| match column {
            Self::Age => width < Self::VAST,
            Self::State | Self::Threads | Self::Command => true,
            _ => false,
        };
        let mut columns: Vec<Self> = Self::all(stage).filter(|column| !asked_for(column)).collect();
        for &gone in Self::given_up(stage) {
            let need: u16 = columns.iter().map(|column| column.width() + 1).sum();
            let more = if columns.iter().any(|column| column.is_extra()) {
                Self::ROOMY - Self::NAME
            } else if stage.tab.has_long_names() {
                Self::LONG - Self::NAME
            } else {
                0
            };
            if need - 1 + more <= width {
                break;
            }
            columns.retain(|column| *column != gone);
        }
        columns
    }

    /// Its width; the name's is the least one.
    pub fn width(self) -> u16 {
        match self {
            Self::Pid
            | Self::Watts
            | Self::Smooth
            | Self::Joules
            | Self::Grams
            | Self::Money
            | Self::GpuWatts
            | Self::GpuJoules => 7,
            Self::User | Self::GpuMemory | Self::Share | Self::Recent | Self::Age => 8,
            Self::Count | Self::Cpu | Self::GpuPercent => 6,
            Self::State => 1,
            Self::Threads => 4,
            Self::Command => 40,
            Self::Job => 16,
            Self::Name => Self::NAME,
        }
    }

    /// Numbers stand at the right.
    pub fn is_number(self) -> bool {
        let words = matches!(self, Self::User | Self::Job | Self::Name | Self::Command);
        !words && !matches!(self, Self::Share | Self::Recent | Self::State)
    }

    /// Its natural order begins with the largest.
    pub fn is_descending(self) -> bool {
        !matches!(self, Self::Pid | Self::User | Self::Job | Self::Name | Self::Command)
    }

    /// The title, with the unit.
    pub fn title(self, look: &Look) -> String {
        if let (Self::Money, Some(tariff)) = (self, look.tariff) {
            return tariff.per_kwh.currency.code().into();
        }
        let title = match self {
            Self::Pid => "PID",
            Self::Count => "PROCS",
            Self::User => "USER",
            Self::Job => "JOB",
            Self::Watts => look.units.power_symbol(),
            Self::Smooth => look.units.smooth_title(),
            Self::Share => "SHARE",
            Self::Recent => "RECENT",
            Self::Joules => look.units.energy_symbol(),
            Self::Grams => "gCO2e",
            Self::Money => "COST",
            Self::Cpu => "CPU%",
            Self::GpuPercent => "GPU%",
            Self::GpuMemory => "GPU GiB",
            Self::GpuWatts => look.units.gpu_power_title(),
            Self::GpuJoules => look.units.gpu_energy_title(),
            Self::Age => "AGE",
            Self::State => "S",
            Self::Threads => "THR",
            Self::Name if !look.command => "NAME",
            Self::Name | Self::Command => "COMMAND",
        };
        title.into()
    }

    /// The text of a row's cell, safe to print but not cut.
    pub fn cell(self, row: &Shown, look: &Look) -> String {
        match self {
            Self::Pid => pid(row).map_or_else(String::new, |pid| pid.to_string()),
            Self::Count if row.members == 0 => String::new(),
            Self::Count => row.members.to_string(),
            Self::Job => {
                row.job.as_ref().map_or_else(String::new, |job| figure::printable(&job.name))
            }
            Self::Smooth => marked(look.now, look.units.power(row.pace.watts.map(Watts))),
            Self::Share => small::share(row.watts, look.whole, self.width().into()),
            Self::Recent => small::graph(&row.pace.recent),
            Self::Money => {
                let money = |bought: f64| look.tariff.map(|tariff| tariff.of_joules(bought).amount);
                let money = row.bought.and_then(money);
                marked(row.quality, figure::figure(money))
            }
            Self::User => user(row).map_or_else(String::new, figure::printable),
            Self::Watts => marked(look.now, look.units.power(row.watts)),
            Self::Joules => marked(row.quality, look.units.energy(row.energy)),
            Self::Grams => marked(row.quality, figure::grams(row.grams)),
            Self::Cpu => percent(row.cpu_percent),
            Self::GpuPercent => on_gpu(row, row.gpu.percent.map(percent)),
            Self::GpuMemory => on_gpu(row, row.gpu.memory.map(|bytes| figure::gib(Some(bytes)))),
            Self::GpuWatts => marked(look.now, look.units.power(row.gpu.watts)),
            Self::GpuJoules => marked(row.quality, look.units.energy(row.gpu.energy)),
            Self::Age => row.age.map_or_else(|| figure::ABSENT.into(), figure::duration),
            Self::State => read_late(row, row.life.map(|life| life.state.to_string())),
            Self::Threads => {
                // A row with figures of others has their threads too, which nobody counted.
                let alone = row.twig.as_ref().is_none_or(|twig| twig.hidden == 0);
                let life = row.life.filter(|_| alone);
                read_late(row, life.map(|life| life.threads.to_string()))
            }
            Self::Name => name(row, look.command),
            Self::Command if look.names && pid(row).is_none() => String::new(),
            Self::Command => name(row, true),
        }
    }

    /// The natural order of two rows: large numbers first, words from A. What is
    /// not known comes last, however the order is turned.
    pub fn order(self, reverse: bool, a: &Shown, b: &Shown) -> Ordering {
        let numbers = |a: Option<f64>, b: Option<f64>| {
            absent_last(a, b, |a, b| turn(reverse, b.total_cmp(&a)))
        };
        match self {
            Self::Pid => absent_last(pid(a), pid(b), |a, b| turn(reverse, a.cmp(&b))),
            Self::Count => turn(reverse, b.members.cmp(&a.members)),
            Self::User => absent_last(user(a), user(b), |a, b| turn(reverse, a.cmp(b))),
            Self::Job => absent_last(job(a), job(b), |a, b| turn(reverse, a.cmp(b))),
            Self::Watts | Self::Smooth | Self::Share | Self::Recent => {
                numbers(a.pace.watts, b.pace.watts)
            }
            Self::Joules => absent_last(a.energy, b.energy, |a, b| turn(reverse, b.cmp(&a))),
            Self::Grams => numbers(a.grams.map(|g| g.0), b.grams.map(|g| g.0)),
            Self::Money => numbers(a.bought, b.bought),
            Self::Cpu => numbers(Some(a.pace.cpu), Some(b.pace.cpu)),
            Self::GpuPercent => numbers(a.pace.gpu, b.pace.gpu),
            Self::GpuMemory => {
                absent_last(a.gpu.memory, b.gpu.memory, |a, b| turn(reverse, b.cmp(&a)))
            }
            Self::GpuWatts => numbers(a.pace.gpu_watts, b.pace.gpu_watts),
            Self::GpuJoules => {
                absent_last(a.gpu.energy, b.gpu.energy, |a, b| turn(reverse, b.cmp(&a)))
            }
            Self::Age => absent_last(a.age, b.age, |a, b| turn(reverse, b.cmp(&a))),
            Self::Name => turn(reverse, a.identity.name.cmp(&b.identity.name)),
            Self::Command => absent_last(command(a), command(b), |a, b| turn(reverse, a.cmp(b))),
            // Nobody knows of those that are out of sight.
            Self::State | Self::Threads => Ordering::Equal,
        }
    }
}

/// The process's number; none for a row that is not a process.
pub fn pid(row: &Row) -> Option<u32> {
    match row.key {
        RowKey::Process(id) => Some(id.pid),
        _ => None,
    }
}

/// A number with the mark of its quality; nothing marks an absence further.
pub fn marked(quality: Quality, text: String) -> String {
    if text == figure::ABSENT { text } else { format!("{}{text}", quality.mark()) }
}

/// Per cent with one digit after the point, and no false zero.
pub fn percent(value: f64) -> String {
    if value > 0.0 && value < 0.05 { "<.1".into() } else { format!("{value:.1}") }
}

/// What is not told of somebody on a GPU is not known; who is on none has nothing to tell.
fn on_gpu(row: &Row, known: Option<String>) -> String {
    let untold = if row.gpu.seats == Some(0) { "" } else { figure::ABSENT };
    known.unwrap_or_else(|| untold.into())
}

fn job(row: &Row) -> Option<&str> {
    row.job.as_ref().map(|job| job.name.as_str())
}

fn user(row: &Row) -> Option<&str> {
    row.identity.user.as_deref()
}

/// What people call it, safe to print.
pub fn called(row: &Row) -> String {
    if let (RowKey::Group(Grouping::Job, _), Some(job)) = (row.key, &row.job) {
        // A number says little without what it is a number of.
        let kind = job.kind.as_str();
        let said = job.name.starts_with(kind);
        return figure::printable(&if said {
            job.name.clone()
        } else {
            format!("{kind} {}", job.name)
        });
    }
    figure::printable(&row.identity.name)
}

/// What was read of a process is not known of others: of those that ended, or were not read.
fn read_late(row: &Row, read: Option<String>) -> String {
    let untold = if pid(row).is_some() { figure::ABSENT } else { "" };
    read.unwrap_or_else(|| untold.into())
}

fn command(row: &Row) -> Option<&str> {
    row.identity.cmdline.as_deref().filter(|line| !line.is_empty())
}

fn name(row: &Row, by_command: bool) -> String {
    if matches!(row.key, RowKey::Group(..)) {
        return called(row);
    }
    let command = command(row).filter(|_| by_command);
    command.map_or_else(|| called(row), figure::printable)
}

fn turn(reverse: bool, order: Ordering) -> Ordering {
    if reverse { order.reverse() } else { order }
}

fn absent_last<T>(a: Option<T>, b: Option<T>, order: impl FnOnce(T, T) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => order(a, b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}
