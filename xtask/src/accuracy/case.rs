//! The machines and loads that rules are held against.

use std::time::Duration;

use laboratory::{
    hidden::{Hidden, Options},
    machine::Shape,
    plan::Plan,
    run::play,
    trace::Trace,
};

/// One kind of machine under one kind of load.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    shape: Shape,
    load: f64,
    storm: f64,
    /// How far a program's intensity may be from the mean.
    pub spread: f64,
    /// Load varies by phases of seconds, or is steady.
    pub varying: bool,
}

const SERVER: Shape = Shape::SERVER;
const CLIENT: Shape = Shape { packages: 1, cores: 8, threads: 1 };

/// Every case, in the order of the table.
pub fn all() -> Vec<Case> {
    let plain = Case { shape: SERVER, load: 0.4, storm: 0.0, spread: 0.0, varying: true };
    let mut cases = Vec::new();
    for spread in [0.0, 0.3] {
        for shape in [SERVER, CLIENT] {
            for load in [0.1, 0.4, 0.95] {
                cases.push(Case { shape, load, spread, ..plain });
            }
        }
        cases.push(Case { storm: 0.3, spread, ..plain });
        cases.push(Case { varying: false, spread, ..plain });
    }
    cases
}

impl Case {
    /// What distinguishes it.
    pub fn title(&self) -> String {
        let Self { shape, load, storm, spread, varying } = self;
        let spread = if *spread > 0.0 { "+-30 %" } else { "uniform" };
        let packages = if shape.packages == 1 { "1 package" } else { "2 packages" };
        let smt = if shape.threads > 1 { ", SMT" } else { "" };
        let storm = if *storm > 0.0 { ", short ones" } else { "" };
        let steady = if *varying { "" } else { ", steady" };
        format!("{spread}, {packages}{smt}, load {load}{storm}{steady}")
    }

    /// The same machine for 30 s with a little of two daemons, as `calibrate` would see it.
    pub fn rest(&self, seed: u64, hidden: &Hidden) -> Trace {
        let load = 0.05 / self.shape.cpus() as f64;
        let plan = Plan { steps: 30, load, processes: 2, ..Plan::default() };
        play(seed, self.shape, hidden, &plan)
    }

    /// A machine of this case, and what it did for some time.
    pub fn play(&self, seed: u64, time: Duration) -> (Trace, Hidden) {
        let options = Options { spread: self.spread, ..Options::default() };
        let hidden = Hidden::new(seed, self.shape.packages, options);
        let plan = Plan {
            steps: time.as_secs() as usize,
            load: self.load,
            storm: self.storm,
            varying: self.varying,
            // As many as can fill the machine, with somebody waiting.
            processes: 16.min(2 * self.shape.cpus()),
            ..Plan::default()
        };
        (play(seed, self.shape, &hidden, &plan), hidden)
    }
}
