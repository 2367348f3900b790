//! The columns of the table: title, width, cell and order, each in one place.
//!
//! Where the screen is narrow, columns go in the order of [`Column::GIVEN_UP`];
//! power and name stay to the last, as they answer the question. Columns of GPUs are there
//! only where there are GPUs.

use std::cmp::Ordering;

use crate::{
    frame::Quality,
    ledger::{Row, RowKey},
    present::figure::{self, Units},
};

use super::app::Pace;

/// One column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    /// The number that `ps` shows.
    Pid,
    /// Whose it is.
    User,
    /// Power over the last interval.
    #[default]
    Watts,
    /// Energy since the start.
    Joules,
    /// Emissions since the start.
    Grams,
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
    /// Name, or command line where there is room.
    Name,
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
}

impl Column {
    /// From left to right.
    pub const ALL: [Self; 11] = [
        Self::Pid,
        Self::User,
        Self::Watts,
        Self::Joules,
        Self::Grams,
        Self::Cpu,
        Self::GpuPercent,
        Self::GpuMemory,
        Self::GpuWatts,
        Self::GpuJoules,
        Self::Name,
    ];

    /// What goes first where the screen is narrow. Emissions follow from energy,
    /// which stays longer; a PID is needed to act on a row.
    pub const GIVEN_UP: [Self; 5] = [Self::User, Self::Grams, Self::Cpu, Self::Pid, Self::Joules];

    /// The same where there are GPUs: these are shared, so whose a row is stays longer.
    pub const GIVEN_UP_WITH_GPUS: [Self; 9] = [
        Self::GpuJoules,
        Self::Grams,
        Self::User,
        Self::GpuMemory,
        Self::GpuWatts,
        Self::Cpu,
        Self::GpuPercent,
        Self::Pid,
        Self::Joules,
    ];

    /// The width that the name has at least before other columns go.
    const NAME: u16 = 14;

    /// Those of a machine with GPUs or without, from left to right.
    pub fn all(gpus: bool) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |column| gpus || !column.is_gpu())
    }

    /// It tells of GPUs.
    pub fn is_gpu(self) -> bool {
        matches!(self, Self::GpuPercent | Self::GpuMemory | Self::GpuWatts | Self::GpuJoules)
    }

    /// The columns that fit, from left to right.
    pub fn fitting(width: u16, gpus: bool) -> Vec<Self> {
        let mut columns: Vec<Self> = Self::all(gpus).collect();
        let given_up: &[_] = if gpus { &Self::GIVEN_UP_WITH_GPUS } else { &Self::GIVEN_UP };
        for &gone in given_up {
            let need: u16 = columns.iter().map(|column| column.width() + 1).sum();
            if need - 1 <= width {
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
            | Self::Joules
            | Self::Grams
            | Self::GpuWatts
            | Self::GpuJoules => 7,
            Self::User | Self::GpuMemory => 8,
            Self::Cpu | Self::GpuPercent => 6,
            Self::Name => Self::NAME,
        }
    }

    /// Numbers stand at the right.
    pub fn is_number(self) -> bool {
        !matches!(self, Self::User | Self::Name)
    }

    /// Its natural order begins with the largest.
    pub fn is_descending(self) -> bool {
        matches!(self, Self::Watts | Self::Joules | Self::Grams | Self::Cpu) || self.is_gpu()
    }

    /// The title, with the unit.
    pub fn title(self, look: Look) -> &'static str {
        match self {
            Self::Pid => "PID",
            Self::User => "USER",
            Self::Watts => look.units.power_symbol(),
            Self::Joules => look.units.energy_symbol(),
            Self::Grams => "gCO2e",
            Self::Cpu => "CPU%",
            Self::GpuPercent => "GPU%",
            Self::GpuMemory => "GPU GiB",
            Self::GpuWatts => look.units.gpu_power_title(),
            Self::GpuJoules => look.units.gpu_energy_title(),
            Self::Name if look.command => "COMMAND",
            Self::Name => "NAME",
        }
    }

    /// The text of a row's cell, safe to print but not cut.
    pub fn cell(self, row: &Row, look: Look) -> String {
        match self {
            Self::Pid => pid(row).map_or_else(String::new, |pid| pid.to_string()),
            Self::User => user(row).map_or_else(String::new, figure::printable),
            Self::Watts => marked(look.now, look.units.power(row.watts)),
            Self::Joules => marked(row.quality, look.units.energy(row.energy)),
            Self::Grams => marked(row.quality, figure::grams(row.grams)),
            Self::Cpu => percent(row.cpu_percent),
            Self::GpuPercent => on_gpu(row, row.gpu.percent.map(percent)),
            Self::GpuMemory => on_gpu(row, row.gpu.memory.map(|bytes| figure::gib(Some(bytes)))),
            Self::GpuWatts => marked(look.now, look.units.power(row.gpu.watts)),
            Self::GpuJoules => marked(row.quality, look.units.energy(row.gpu.energy)),
            Self::Name => name(row, look),
        }
    }

    /// The natural order of two rows: large numbers first, words from A. What is
    /// not known comes last, however the order is turned.
    pub fn order(self, reverse: bool, a: (&Row, Pace), b: (&Row, Pace)) -> Ordering {
        let numbers = |a: Option<f64>, b: Option<f64>| {
            absent_last(a, b, |a, b| turn(reverse, b.total_cmp(&a)))
        };
        match self {
            Self::Pid => absent_last(pid(a.0), pid(b.0), |a, b| turn(reverse, a.cmp(&b))),
            Self::User => absent_last(user(a.0), user(b.0), |a, b| turn(reverse, a.cmp(b))),
            Self::Watts => numbers(a.1.watts, b.1.watts),
            Self::Joules => absent_last(a.0.energy, b.0.energy, |a, b| turn(reverse, b.cmp(&a))),
            Self::Grams => numbers(a.0.grams.map(|g| g.0), b.0.grams.map(|g| g.0)),
            Self::Cpu => numbers(Some(a.1.cpu), Some(b.1.cpu)),
            Self::GpuPercent => numbers(a.1.gpu, b.1.gpu),
            Self::GpuMemory => {
                absent_last(a.0.gpu.memory, b.0.gpu.memory, |a, b| turn(reverse, b.cmp(&a)))
            }
            Self::GpuWatts => numbers(a.1.gpu_watts, b.1.gpu_watts),
            Self::GpuJoules => {
                absent_last(a.0.gpu.energy, b.0.gpu.energy, |a, b| turn(reverse, b.cmp(&a)))
            }
            Self::Name => turn(reverse, a.0.identity.name.cmp(&b.0.identity.name)),
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

fn user(row: &Row) -> Option<&str> {
    row.identity.user.as_deref()
}

fn name(row: &Row, look: Look) -> String {
    let identity = &row.identity;
    let command = identity.cmdline.as_ref().filter(|line| look.command && !line.is_empty());
    figure::printable(command.unwrap_or(&identity.name))
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
