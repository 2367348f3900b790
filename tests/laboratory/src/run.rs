//! Plays a schedule against the hidden model.
//!
//! A package's energy is added up core by core and a process's thread by thread, in two
//! sums, so that the test that they agree tests something.

use std::collections::BTreeMap;

use crate::{
    draw::Draw,
    hidden::Hidden,
    machine::Shape,
    meter::{CADENCE_NS, Counter},
    plan::Plan,
    schedule::{Schedule, Slot},
    trace::{Counters, Step, Trace, Truth},
};

/// One run of a machine; the same again for the same arguments.
pub fn play(seed: u64, shape: Shape, hidden: &Hidden, plan: &Plan) -> Trace {
    let mut schedule = Schedule::new(seed, shape, plan);
    let mut meters = Meters::new(seed, hidden);
    let mut programs = Programs { hidden, known: Vec::new() };
    let begin = meters.read();
    let steps = (0..plan.steps).map(|_| {
        let mut taken = Taken::new(shape, hidden, plan);
        for _ in 0..plan.slots() {
            let slot = schedule.advance();
            programs.learn(&schedule);
            taken.slot(&slot, &programs);
        }
        taken.finish(&mut meters)
    });
    let steps = steps.collect();
    Trace { shape, processes: schedule.processes().to_vec(), begin, steps }
}

/// What the model says of each process, looked up once.
struct Programs<'a> {
    hidden: &'a Hidden,
    /// Intensity and traffic.
    known: Vec<(f64, f64)>,
}

impl Programs<'_> {
    fn learn(&mut self, schedule: &Schedule) {
        for process in &schedule.processes()[self.known.len()..] {
            let name = &process.name;
            self.known.push((self.hidden.intensity(name), self.hidden.traffic(name)));
        }
    }
}

/// A step as it is played.
struct Taken<'a> {
    shape: Shape,
    hidden: &'a Hidden,
    slot_ns: u64,
    step: Step,
    /// By CPU, nanoseconds busy times clock.
    cycles: Vec<f64>,
    /// By package, what it and its memory drew in the latest slot, in watts.
    latest: Vec<[f64; 2]>,
}

impl<'a> Taken<'a> {
    fn new(shape: Shape, hidden: &'a Hidden, plan: &Plan) -> Self {
        let step = Step {
            length_ns: plan.slot_ns() * plan.slots() as u64,
            times: BTreeMap::new(),
            clocks: vec![1.0; shape.cpus()],
            counters: Counters { packages: Vec::new(), dram: Vec::new() },
            ended: Vec::new(),
            packages: vec![Truth::default(); shape.packages],
            dram: vec![Truth::default(); shape.packages],
        };
        let (cycles, latest) = (vec![0.0; shape.cpus()], vec![[0.0; 2]; shape.packages]);
        Self { shape, hidden, slot_ns: plan.slot_ns(), step, cycles, latest }
    }

    /// Adds what everybody does in a slot.
    fn slot(&mut self, slot: &Slot, programs: &Programs) {
        for package in 0..self.shape.packages {
            self.package(package, slot, programs);
        }
        self.step.ended.extend(&slot.ended);
    }

    fn package(&mut self, package: usize, slot: &Slot, programs: &Programs) {
        let power = self.hidden.packages[package];
        // A watt for a slot is so many microjoules.
        let slot_us = self.slot_ns as f64 / 1e3;
        let mut threads: Vec<(usize, f64)> = Vec::new();
        let (mut cores, mut traffic) = (0.0, 0.0);
        for core in self.shape.cores_of(package) {
            let on = |cpu: usize| slot.running[cpu].map(|process| (cpu, process));
            let busy: Vec<_> = self.shape.siblings(core).filter_map(on).collect();
            let clock = slot.clocks[core];
            let mut intensities = 0.0;
            for &(cpu, process) in &busy {
                let (intensity, moved) = programs.known[process];
                intensities += intensity;
                threads.push((process, self.hidden.thread_watts(intensity, clock, busy.len())));
                let memory = moved * self.hidden.traffic_watts;
                traffic += memory;
                give(&mut self.step.dram[package], process, memory * slot_us);
                self.spend(process, cpu, busy.len() > 1, clock);
            }
            if !busy.is_empty() {
                let each = self.hidden.thread_watts(1.0, clock, busy.len());
                cores += each * intensities;
            }
        }
        let awake = if threads.is_empty() { 0.0 } else { power.activation_watts };
        let all: f64 = threads.iter().map(|(_, watts)| watts).sum();
        for (process, watts) in threads {
            let energy = watts * (1.0 + awake / all) * slot_us;
            give(&mut self.step.packages[package], process, energy);
        }
        self.latest[package] =
            [power.static_watts + awake + cores, power.dram_static_watts + traffic];
        let statics = [power.static_watts, power.dram_static_watts];
        let truths = [&mut self.step.packages[package], &mut self.step.dram[package]];
        for ((truth, watts), still) in truths.into_iter().zip(self.latest[package]).zip(statics) {
            truth.energy_uj += watts * slot_us;
            truth.static_uj += still * slot_us;
        }
    }

    fn spend(&mut self, process: usize, cpu: usize, shared: bool, clock: f64) {
        let time = self.step.times.entry((process, cpu)).or_default();
        *(if shared { &mut time.shared_ns } else { &mut time.alone_ns }) += self.slot_ns;
        self.cycles[cpu] += clock * self.slot_ns as f64;
    }

    /// Ends the step with a look at the meters.
    fn finish(mut self, meters: &mut Meters) -> Step {
        let mut busy = vec![0_u64; self.shape.cpus()];
        for (&(_, cpu), time) in &self.step.times {
            busy[cpu] += time.total_ns();
        }
        for (cpu, &busy) in busy.iter().enumerate().filter(|(_, busy)| **busy > 0) {
            self.step.clocks[cpu] = self.cycles[cpu] / busy as f64;
        }
        self.step.ended.sort_unstable();
        meters.advance(&self.step, &self.latest);
        self.step.counters = meters.read();
        self.step
    }
}

fn give(truth: &mut Truth, process: usize, energy: f64) {
    *truth.dynamic_uj.entry(process).or_default() += energy;
}

/// All counters of the machine.
struct Meters {
    draw: Draw,
    noise: f64,
    /// By package, its counter, its memory's, and what each has not counted yet.
    counters: Vec<[(Counter, f64); 2]>,
}

impl Meters {
    fn new(seed: u64, hidden: &Hidden) -> Self {
        let counters = hidden.packages.iter().map(|package| {
            [package.begin_uj, package.dram_begin_uj].map(|begin| (Counter::new(begin), 0.0))
        });
        let (draw, counters) = (Draw::new(seed, "meters"), counters.collect());
        Self { draw, noise: hidden.noise, counters }
    }

    /// Lets a step's energy through; the hardware is up to its cadence late with the last.
    fn advance(&mut self, step: &Step, latest: &[[f64; 2]]) {
        for (package, counters) in self.counters.iter_mut().enumerate() {
            let energies = [step.packages[package].energy_uj, step.dram[package].energy_uj];
            for (kind, (counter, late)) in counters.iter_mut().enumerate() {
                let off = 1.0 + self.noise * self.draw.normal();
                counter.add(energies[kind] * off.max(0.0));
                let late_ns = self.draw.between(0.0, CADENCE_NS as f64);
                *late = latest[package][kind] * late_ns / 1e3;
            }
        }
    }

    fn read(&self) -> Counters {
        let of = |kind: usize| {
            let read = |counters: &[(Counter, f64); 2]| {
                let (counter, late) = &counters[kind];
                counter.read_before(*late)
            };
            self.counters.iter().map(read).collect()
        };
        Counters { packages: of(0), dram: of(1) }
    }
}

#[cfg(test)]
mod tests;
