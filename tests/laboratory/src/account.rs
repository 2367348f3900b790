//! What the workloads of the real machine are charged, by the hidden model.
//!
//! From CPU times that somebody else measured to microjoules; no clock and no file is read
//! here. A sum of CPU time does not say who was beside whom, so the machine has one thread
//! for each core.

use std::collections::BTreeMap;

use crate::{hidden::Hidden, machine::Shape, meter::Counter, trace::Counters};

/// The model and what of it is on.
#[derive(Clone, Debug)]
pub struct Model {
    /// The machine that this one is taken for; one thread for each core.
    pub shape: Shape,
    /// What it draws.
    pub hidden: Hidden,
    /// Every clock, relative to base; 1 unless told.
    pub clock: f64,
    /// Whether a package draws something for being awake; not unless told. It is taken to
    /// have been awake for as long as its busiest CPU was busy.
    pub activation: bool,
}

impl Model {
    /// A model at the base clock, without activation.
    pub fn new(shape: Shape, hidden: Hidden) -> Self {
        Self { shape, hidden, clock: 1.0, activation: false }
    }
}

/// What one workload had.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// CPU time of all its processes, the dead included.
    pub cpu_ns: u64,
    /// By package, what it drew there, in microjoules.
    pub package_uj: Vec<f64>,
    /// By package, what its memory drew there, in microjoules.
    pub dram_uj: Vec<f64>,
}

/// The truth up to a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// `CLOCK_MONOTONIC` of the moment, in nanoseconds.
    pub at_ns: u64,
    /// By package, what it drew anyway, in microjoules.
    pub static_uj: Vec<f64>,
    /// The same of its memory.
    pub dram_static_uj: Vec<f64>,
    /// By workload; `OTHERS` is everybody else.
    pub usages: BTreeMap<String, Usage>,
}

/// Everybody who is in no workload, the kernel and the laboratory itself included.
pub const OTHERS: &str = "others";

impl Account {
    /// An account in which nobody had anything yet.
    pub fn new(at_ns: u64, packages: usize) -> Self {
        let zero = vec![0.0; packages];
        Self { at_ns, static_uj: zero.clone(), dram_static_uj: zero, usages: BTreeMap::new() }
    }

    /// Time goes by until a moment, in which each workload had so many nanoseconds of each CPU.
    pub fn advance(&mut self, model: &Model, at_ns: u64, spent: &BTreeMap<String, Vec<u64>>) {
        let elapsed_us = at_ns.saturating_sub(self.at_ns) as f64 / 1e3;
        self.at_ns = at_ns;
        for (number, package) in model.hidden.packages.iter().enumerate() {
            self.static_uj[number] += package.static_watts * elapsed_us;
            self.dram_static_uj[number] += package.dram_static_watts * elapsed_us;
            self.package(model, number, spent);
        }
        for (name, cpus) in spent {
            self.usage(name).cpu_ns += cpus.iter().sum::<u64>();
        }
    }

    fn package(&mut self, model: &Model, number: usize, spent: &BTreeMap<String, Vec<u64>>) {
        let (shape, hidden) = (model.shape, &model.hidden);
        let here = |cpu: &usize| shape.package(*cpu) == number;
        let busy_us = |cpus: &[u64]| {
            (0..cpus.len()).filter(here).map(|cpu| cpus[cpu]).sum::<u64>() as f64 / 1e3
        };
        let drawn: Vec<(&String, f64, f64)> = spent
            .iter()
            .map(|(name, cpus)| {
                let watts = hidden.thread_watts(hidden.intensity(name), model.clock, 1);
                (name, watts * busy_us(cpus), hidden.traffic(name) * busy_us(cpus))
            })
            .collect();
        let all: f64 = drawn.iter().map(|(_, energy, _)| energy).sum();
        let awake_ns = (0..shape.cpus())
            .filter(here)
            .map(|cpu| spent.values().map(|cpus| cpus[cpu]).sum::<u64>())
            .max();
        let awake = awake_ns.filter(|_| model.activation && all > 0.0).map_or(0.0, |nanoseconds| {
            hidden.packages[number].activation_watts * nanoseconds as f64 / 1e3
        });
        for (name, energy, traffic) in drawn {
            let awake = if all > 0.0 { awake * energy / all } else { 0.0 };
            let usage = self.usage(name);
            usage.package_uj[number] += energy + awake;
            usage.dram_uj[number] += traffic * hidden.traffic_watts;
        }
    }

    fn usage(&mut self, name: &str) -> &mut Usage {
        let zero = vec![0.0; self.static_uj.len()];
        self.usages.entry(name.into()).or_insert_with(|| Usage {
            cpu_ns: 0,
            package_uj: zero.clone(),
            dram_uj: zero,
        })
    }

    /// What the meters of the machine show at this moment.
    pub fn counters(&self, hidden: &Hidden) -> Counters {
        let show = |begin: u64, still: f64, drawn: &dyn Fn(&Usage) -> f64| {
            let mut counter = Counter::new(begin);
            counter.add(still + self.usages.values().map(drawn).sum::<f64>());
            counter.read()
        };
        let both = hidden.packages.iter().enumerate().map(|(number, package)| {
            let (still, memory) = (self.static_uj[number], self.dram_static_uj[number]);
            (
                show(package.begin_uj, still, &|usage| usage.package_uj[number]),
                show(package.dram_begin_uj, memory, &|usage| usage.dram_uj[number]),
            )
        });
        let (packages, dram) = both.unzip();
        Counters { packages, dram }
    }

    /// What there is here beyond an earlier account of the same run.
    pub fn since(&self, earlier: &Self) -> Self {
        let usages = self.usages.iter().map(|(name, now)| {
            let none = Usage::default();
            let before = earlier.usages.get(name).unwrap_or(&none);
            let usage = Usage {
                cpu_ns: now.cpu_ns - before.cpu_ns,
                package_uj: less(&now.package_uj, &before.package_uj),
                dram_uj: less(&now.dram_uj, &before.dram_uj),
            };
            (name.clone(), usage)
        });
        Self {
            at_ns: self.at_ns,
            static_uj: less(&self.static_uj, &earlier.static_uj),
            dram_static_uj: less(&self.dram_static_uj, &earlier.dram_static_uj),
            usages: usages.collect(),
        }
    }

    /// Dynamic microjoules of the packages by workload: what an estimate is held against.
    pub fn dynamic_uj(&self) -> BTreeMap<String, f64> {
        let sum = |usage: &Usage| usage.package_uj.iter().sum();
        self.usages.iter().map(|(name, usage)| (name.clone(), sum(usage))).collect()
    }
}

/// Element by element; what was not there yet was nothing.
fn less(now: &[f64], before: &[f64]) -> Vec<f64> {
    let before = before.iter().copied().chain(std::iter::repeat(0.0));
    now.iter().zip(before).map(|(now, before)| now - before).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hidden::Options, meter::between};

    const SHAPE: Shape = Shape { packages: 2, cores: 1, threads: 1 };
    const SECOND: u64 = 1_000_000_000;

    fn model() -> Model {
        Model::new(SHAPE, Hidden::new(1, 2, Options::default()))
    }

    fn spent() -> BTreeMap<String, Vec<u64>> {
        [("a".into(), vec![SECOND / 2, 0]), ("b".into(), vec![SECOND / 4, SECOND])].into()
    }

    #[test]
    fn each_pays_for_its_time_where_it_ran() {
        let model = model();
        let mut account = Account::new(0, 2);
        account.advance(&model, SECOND, &spent());
        let (a, b) = (&account.usages["a"], &account.usages["b"]);
        let watts = |name| model.hidden.core_watts * model.hidden.intensity(name);
        assert!((a.package_uj[0] - watts("a") * 5e5).abs() < 1e-3);
        assert_eq!((a.package_uj[1], a.cpu_ns), (0.0, SECOND / 2));
        assert!((b.package_uj[1] - watts("b") * 1e6).abs() < 1e-3);
        assert!((account.static_uj[0] - model.hidden.packages[0].static_watts * 1e6).abs() < 1e-3);
    }

    #[test]
    fn the_meters_count_what_is_accounted_and_an_account_can_be_split() {
        for activation in [false, true] {
            let model = Model { activation, ..model() };
            let begin = Account::new(0, 2);
            let mut account = begin.clone();
            account.advance(&model, SECOND, &spent());
            let middle = account.clone();
            account.advance(&model, 3 * SECOND, &spent());
            let (first, second) = (middle.since(&begin), account.since(&middle));
            assert!((first.static_uj[0] * 2.0 - second.static_uj[0]).abs() < 1e-3);
            assert!((first.dynamic_uj()["b"] - second.dynamic_uj()["b"]).abs() < 1e-3);
            for package in 0..2 {
                let read = |account: &Account| account.counters(&model.hidden).packages[package];
                let true_uj: f64 = account.static_uj[package]
                    + account.usages.values().map(|usage| usage.package_uj[package]).sum::<f64>();
                let counted = between(read(&begin), read(&account)) as f64;
                assert!((counted - true_uj).abs() < 200.0, "{counted} {true_uj}");
            }
        }
    }

    #[test]
    fn activation_lasts_as_long_as_the_busiest_cpu() {
        let plain = model();
        let awake = Model { activation: true, ..model() };
        let dynamic = |model: &Model| {
            let mut account = Account::new(0, 2);
            account.advance(model, SECOND, &spent());
            account.dynamic_uj().values().sum::<f64>()
        };
        let watts = |package: usize| plain.hidden.packages[package].activation_watts;
        let more = dynamic(&awake) - dynamic(&plain);
        assert!((more - (watts(0) * 0.75e6 + watts(1) * 1e6)).abs() < 1e-3);
    }
}
