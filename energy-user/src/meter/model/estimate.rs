//! From what is known of a machine to a model of its power, with its range.
//!
//! Sources disagree by factors, so each that applies is a candidate: the most fitting one is
//! shown, and the range holds all of them. It is never narrower than half to twice, which is
//! how far such figures have been off.

use super::{
    ident::CpuIdent,
    table::{self, Board, Model},
};
use crate::{
    sample::{Line, PowerModel},
    units::Watts,
};

/// Parts of the TDP that a package draws idle and busy, and who says so.
const TDP_ENDS: [(f64, f64, &str); 2] = [
    // The ends of Teads' curve over load, from their measurements of AWS servers (2021).
    (0.12, 1.02, "Teads"),
    // Its `TDP * (0.1 + 0.9 * load^3)`; here a straight line between the same ends.
    (0.1, 1.0, "CodeCarbon"),
];

/// What one source says.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Which source, and what it says.
    pub name: String,
    power: Power,
}

/// What a source's figures are of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Power {
    /// One of this machine's CPUs.
    Cpu(Line),
    /// A package, however many of its CPUs are online.
    Package(Line),
}

impl Candidate {
    /// Power of a package with so many CPUs.
    pub fn line(&self, cpus: usize) -> Line {
        match self.power {
            Power::Cpu(line) => line.times(cpus as f64),
            Power::Package(line) => line,
        }
    }

    /// By figures of one CPU.
    fn per_cpu(line: Line, of: &str) -> Self {
        let Line { idle, full } = line;
        let name = format!("{:.2} W idle to {:.2} W busy for each CPU, {of}", idle.0, full.0);
        Self { name, power: Power::Cpu(line) }
    }
}

/// What the tables say of a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The first is the one shown.
    candidates: Vec<Candidate>,
    /// The whole board is meant, not the CPU alone.
    whole_board: bool,
}

impl Estimate {
    /// From what the CPU says, and the device tree's name of the board.
    pub fn of(cpu: Option<&CpuIdent>, board: Option<&str>) -> Self {
        let mut candidates = board.map_or_else(Vec::new, |board| of_board(board, cpu));
        let mut whole_board = !candidates.is_empty();
        if let Some(cpu) = cpu.filter(|_| !whole_board) {
            candidates.extend(of_kind(cpu));
            candidates.extend(table::model(&cpu.name).into_iter().flat_map(|row| of_tdp(row, cpu)));
            if candidates.is_empty() && cpu.small() {
                candidates = of_small_boards();
                whole_board = true;
            }
        }
        if candidates.is_empty() {
            candidates = of_servers();
        }
        Self { candidates, whole_board }
    }

    /// What is known, the most fitting first.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Power of a package with so many CPUs.
    pub fn power(&self, cpus: usize) -> PowerModel {
        let lines = || self.candidates.iter().map(|candidate| candidate.line(cpus));
        let likely = lines().next().unwrap_or_else(|| table::MEAN.times(cpus as f64));
        let PowerModel { least, most, .. } = PowerModel::half_to_twice(likely);
        PowerModel {
            likely,
            least: lines().fold(least, |least, line| each(least, line, f64::min)),
            most: lines().fold(most, |most, line| each(most, line, f64::max)),
        }
    }

    /// What the figure includes.
    pub fn includes(&self) -> &'static str {
        if self.whole_board {
            "a guess at the whole board, from its kind and load"
        } else {
            "a guess at the package, from its kind and load"
        }
    }

    /// How the estimate is made: the sources, what part of them, the range.
    pub fn method(&self) -> String {
        let names: Vec<_> = self.candidates.iter().map(|source| source.name.as_str()).collect();
        let what = if self.whole_board { "of the whole board; " } else { "" };
        format!(
            "{}; {what}the range holds all of these and at least half to twice the first",
            names.join("; or ")
        )
    }
}

/// Idle with idle, full with full.
fn each(one: Line, other: Line, pick: fn(f64, f64) -> f64) -> Line {
    Line {
        idle: Watts(pick(one.idle.0, other.idle.0)),
        full: Watts(pick(one.full.0, other.full.0)),
    }
}

/// The board by its name, shared out over the CPUs that are online.
fn of_board(name: &str, cpu: Option<&CpuIdent>) -> Vec<Candidate> {
    let candidate = |board: &Board| {
        let Line { idle, full } = board.line();
        let online = cpu.map_or(board.cores as usize, |cpu| cpu.cpus).max(1);
        Candidate {
            name: format!(
                "{} W idle to {} W busy, {} by {}",
                idle.0, full.0, board.name, board.source
            ),
            power: Power::Cpu(board.line().times(1.0 / online as f64)),
        }
    };
    table::board(name).map(candidate).collect()
}

/// By microarchitecture.
fn of_kind(cpu: &CpuIdent) -> Option<Candidate> {
    table::kind(cpu).map(|kind| {
        let of = &kind.microarchitecture;
        let of = format!("CPUs of the kind {of} by Cloud Carbon Footprint (2021)");
        Candidate::per_cpu(kind.line(), &of)
    })
}

/// By the model's TDP, as far as one can know which part of it this machine has.
fn of_tdp(row: &Model, cpu: &CpuIdent) -> Vec<Candidate> {
    // EPYC and Threadripper have two threads on each core.
    let doubled = ["epyc", "threadripper"].iter().any(|name| row.name.contains(name));
    let threads = row.threads.or_else(|| cpu.cores().filter(|_| doubled).map(|cores| 2 * cores));
    let threads = match threads {
        None if cpu.hypervisor => return Vec::new(),
        threads => threads.filter(|_| cpu.hypervisor),
    };
    let candidate = |(idle, full, by): (f64, f64, &str)| {
        let line = Line { idle: Watts(idle * row.watts), full: Watts(full * row.watts) };
        let (share, power) = match threads {
            Some(threads) => (
                format!(", 1/{threads} of it for each CPU"),
                Power::Cpu(line.times(1.0 / f64::from(threads))),
            ),
            None => (String::new(), Power::Package(line)),
        };
        let (idle, full) = (idle * 100.0, full * 100.0);
        let name = format!("{idle:.0} % to {full:.0} % of a TDP of {} W ({by}){share}", row.watts);
        Candidate { name, power }
    };
    TDP_ENDS.into_iter().map(candidate).collect()
}

/// A core of a small ARM board that the table does not have.
fn of_small_boards() -> Vec<Candidate> {
    let cores: Vec<_> = table::boards()
        .iter()
        .map(|board| board.line().times(1.0 / f64::from(board.cores.max(1))))
        .collect();
    let sum = |part: fn(&Line) -> f64| Watts(cores.iter().map(part).sum());
    let sum = Line { idle: sum(|line| line.idle.0), full: sum(|line| line.full.0) };
    let mean = sum.times(1.0 / cores.len().max(1) as f64);
    let of = "the mean of small boards by sbc-reviews and raspberrypi.com";
    with_extremes(Candidate::per_cpu(mean, of), mean, &cores, "board")
}

/// A CPU of which nothing is known.
fn of_servers() -> Vec<Candidate> {
    let kinds: Vec<_> = table::kinds().iter().map(table::Kind::line).collect();
    let of = "the mean of server CPUs by Cloud Carbon Footprint (2021)";
    with_extremes(Candidate::per_cpu(table::MEAN, of), table::MEAN, &kinds, "kind of CPU")
}

/// The mean, then the least and the most of the rows that it stands for.
fn with_extremes(mean: Candidate, line: Line, rows: &[Line], what: &str) -> Vec<Candidate> {
    let extreme = |pick| rows.iter().fold(line, |picked, &row| each(picked, row, pick));
    let (least, most) = (extreme(f64::min), extreme(f64::max));
    vec![
        mean,
        Candidate::per_cpu(least, &format!("the least of any {what} there")),
        Candidate::per_cpu(most, &format!("the most of any {what} there")),
    ]
}
