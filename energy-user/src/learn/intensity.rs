//! How much more than the mean each command's work draws, learned from how power moves with it.
//!
//! A package's dynamic energy is a sum over who ran, and a little for being awake at all:
//! `D = a + k * sum(c_i * w_i)`. Where the mix of
//! commands varies, the `c_i` can be told apart by ridge regression towards one. Learned from
//! too little they are worse than none, so they are used only while they predict intervals
//! that they were not fitted to clearly better than equal intensities do (cross-validation
//! over blocks of time).

mod solve;

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
};

use solve::Moments;

use crate::{
    frame::{Basis, Frame, PoolFrame, ProcessFrame, Signal},
    sample::Domain,
};

/// Intervals that are remembered, and that are needed at least.
const MOST: usize = 600;
const LEAST: usize = 40;
/// Commands that are told apart; the others are one.
const COMMANDS: usize = 24;
/// A fit is made anew after so many intervals.
const EVERY: u64 = 5;
/// Blocks of time, each predicted by the others.
const FOLDS: usize = 5;
/// What the squared error of prediction has to be of that with equal intensities.
const HELPS: f64 = 0.4;
const STILL_HELPS: f64 = 0.6;

/// One package's interval: who weighed what, and what was drawn.
#[derive(Clone, Debug)]
struct Window {
    package: String,
    /// Weight by command, in seconds of CPU time or what stands for them.
    weights: BTreeMap<String, f64>,
    joules: f64,
}

/// The recent past and what follows from it.
#[derive(Clone, Debug, Default)]
pub struct Fit {
    windows: VecDeque<Window>,
    intervals: u64,
    /// By command; empty unless it helps.
    intensities: HashMap<String, f64>,
}

impl Fit {
    /// Adds an interval.
    pub fn observe(&mut self, frame: &Frame) {
        for (index, pool) in frame.pools.iter().enumerate() {
            if teaches(pool, frame) {
                self.windows.push_back(window(index, pool, &frame.processes));
            }
        }
        while self.windows.len() > MOST {
            self.windows.pop_front();
        }
        self.intervals += 1;
        if self.intervals.is_multiple_of(EVERY) {
            self.refit();
        }
    }

    /// How much more than the mean a command's work draws; empty unless it helps to know.
    pub fn intensities(&self) -> HashMap<String, f64> {
        self.intensities.clone()
    }

    fn refit(&mut self) {
        let (commands, packages) = (self.commands(), self.packages());
        if self.windows.len() < LEAST || commands.len() < 2 {
            self.intensities.clear();
            return;
        }
        let size = self.windows.len().div_ceil(FOLDS);
        let nothing = || Moments::new(commands.len() + 1, packages.len());
        let mut folds = vec![nothing(); FOLDS];
        for (index, window) in self.windows.iter().enumerate() {
            let package = packages.iter().position(|package| *package == window.package);
            let weights = vector(window, &commands);
            folds[index / size].add(&weights, package.unwrap_or(0), window.joules);
        }
        let (mut learned, mut equal) = (0.0, 0.0);
        for held_out in 0..FOLDS {
            let others = folds.iter().enumerate().filter(|(index, _)| *index != held_out);
            let others = others.fold(nothing(), |sum, (_, one)| sum.and(one));
            learned += folds[held_out].squared_error(&others.solve());
            equal += folds[held_out].squared_error(&others.solve_equal());
        }
        let limit = if self.intensities.is_empty() { HELPS } else { STILL_HELPS };
        // An error that is not a number helps nobody.
        if learned.partial_cmp(&(limit * equal)) != Some(Ordering::Less) {
            self.intensities.clear();
            return;
        }
        let all = folds.iter().fold(nothing(), Moments::and);
        let (solution, mean) = (all.solve(), all.solve_equal());
        self.intensities = commands
            .iter()
            .zip(solution.iter().zip(&mean))
            .map(|(command, (own, mean))| (command.clone(), own / mean))
            .filter(|(_, times)| times.is_finite())
            .collect();
    }

    fn packages(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.windows.iter().map(|window| &window.package).collect();
        all.into_iter().cloned().collect()
    }

    /// The commands that weighed most.
    fn commands(&self) -> Vec<String> {
        let mut sums: HashMap<&str, f64> = HashMap::new();
        for window in &self.windows {
            for (command, weight) in &window.weights {
                *sums.entry(command).or_default() += weight;
            }
        }
        let mut commands: Vec<_> = sums.into_iter().filter(|(name, _)| !name.is_empty()).collect();
        commands.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        commands.into_iter().take(COMMANDS).map(|(command, _)| command.to_string()).collect()
    }
}

/// A package whose energy follows who ran: its static power is known, and cores do not divide it.
fn teaches(pool: &PoolFrame, frame: &Frame) -> bool {
    let known = matches!(pool.basis, Basis::Calibrated | Basis::Learned | Basis::Extrapolated);
    let divided = frame.pools.iter().any(|other| other.domain == Domain::Core);
    pool.domain == Domain::Package
        && known
        && !divided
        && pool.weight > 0
        && matches!(pool.signal, Signal::Cpu(_))
}

/// Who weighed what on a pool, without the intensities that were in use.
fn window(index: usize, pool: &PoolFrame, processes: &[ProcessFrame]) -> Window {
    let mut weights: BTreeMap<String, f64> = BTreeMap::new();
    let mut named = 0;
    for process in processes {
        for part in process.parts.iter().filter(|part| part.pool == index) {
            let weight = part.weight as f64 / process.intensity / SCALE;
            *weights.entry(process.identity.name.clone()).or_default() += weight;
            named += part.weight;
        }
    }
    // Kernel threads and what has no name draw the mean.
    let others = pool.weight.saturating_sub(named) as f64 / SCALE;
    weights.insert(String::new(), others);
    Window { package: pool.id.clone(), weights, joules: pool.moving().joules() }
}

/// Brings weights, which are nanoseconds or more, near one.
const SCALE: f64 = 1e9;

/// A window's weights in the order of the commands; the last is everybody else.
fn vector(window: &Window, commands: &[String]) -> Vec<f64> {
    let mut vector = vec![0.0; commands.len() + 1];
    for (command, weight) in &window.weights {
        let index = commands.iter().position(|other| other == command).unwrap_or(commands.len());
        vector[index] += weight;
    }
    vector
}
