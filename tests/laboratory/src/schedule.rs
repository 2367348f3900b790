//! Who is on which CPU, slot by slot.
//!
//! Like a scheduler that balances well: whoever ran stays where he was if he can, and
//! somebody new is rather put on a core that is idle than beside another. Each process has
//! as many threads running as its demand says in the mean, drawn anew every slot.

use crate::{
    clocks::Clocks,
    demand::Demand,
    draw::Draw,
    machine::Shape,
    plan::{Plan, Process},
};

/// The number of the first process.
const FIRST_ID: u64 = 1000;
/// What every child of the storm is called.
pub const STORM: &str = "storm";
/// Slots that a child of the storm lives: 2 to 50 ms at 2 ms each.
const LIFE: std::ops::RangeInclusive<usize> = 1..=25;

/// One slot of the schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// By CPU, the index of the process on it.
    pub running: Vec<Option<usize>>,
    /// By core, its clock relative to base.
    pub clocks: Vec<f64>,
    /// Indices of the processes that ended with this slot.
    pub ended: Vec<usize>,
}

/// A schedule as it is drawn.
#[derive(Clone, Debug)]
pub struct Schedule {
    draw: Draw,
    shape: Shape,
    demand: Demand,
    clocks: Clocks,
    slot_ns: u64,
    now_ns: u64,
    processes: Vec<Process>,
    /// By process that is there from the start, CPUs owed to it.
    owed: Vec<f64>,
    /// By process that is there from the start, where it ran last.
    last: Vec<Vec<usize>>,
    storm: Storm,
}

/// The short processes.
#[derive(Clone, Debug)]
struct Storm {
    /// CPUs that they have in the mean.
    cpus: f64,
    owed: f64,
    alive: Vec<Child>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
struct Child {
    process: usize,
    cpu: usize,
    /// Slots.
    left: usize,
}

impl Schedule {
    /// The schedule of a seed.
    pub fn new(seed: u64, shape: Shape, plan: &Plan) -> Self {
        let named = |index| Process { id: FIRST_ID + index as u64, name: format!("work-{index}") };
        Self {
            draw: Draw::new(seed, "schedule"),
            shape,
            demand: Demand::new(seed, shape, plan),
            clocks: Clocks::new(seed, shape, plan.turbo),
            slot_ns: plan.slot_ns(),
            now_ns: 0,
            processes: (0..plan.processes).map(named).collect(),
            owed: vec![0.0; plan.processes],
            last: vec![Vec::new(); plan.processes],
            storm: Storm {
                cpus: plan.load * plan.storm * shape.cpus() as f64,
                owed: 0.0,
                alive: Vec::new(),
            },
        }
    }

    /// All processes so far; a slot's indices are into this.
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// The next slot.
    pub fn advance(&mut self) -> Slot {
        let mut running = vec![None; self.shape.cpus()];
        for child in &self.storm.alive {
            running[child.cpu] = Some(child.process);
        }
        self.place_steady(&mut running);
        self.place_storm(&mut running);
        let busy: Vec<bool> = (0..self.shape.all_cores())
            .map(|core| self.shape.siblings(core).any(|cpu| running[cpu].is_some()))
            .collect();
        let clocks = self.clocks.next(&busy);
        self.now_ns += self.slot_ns;
        Slot { running, clocks, ended: self.storm.end() }
    }

    /// First those who have only one package to go to, all else by lot.
    fn place_steady(&mut self, running: &mut [Option<usize>]) {
        let wanted = self.demand.at(self.now_ns).to_vec();
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        self.draw.shuffle(&mut order);
        order.sort_by_key(|&process| self.demand.homes[process].is_none());
        for process in order {
            let threads = owe(&mut self.owed[process], wanted[process], &mut self.draw);
            let before = std::mem::take(&mut self.last[process]);
            let mut before = before.into_iter();
            for _ in 0..threads {
                let stays =
                    before.find(|&cpu| running[cpu].is_none()).filter(|_| self.draw.chance(0.95));
                let home = self.demand.homes[process];
                let Some(cpu) = stays.or_else(|| self.free(running, home)) else { break };
                running[cpu] = Some(process);
                self.last[process].push(cpu);
                self.owed[process] -= 1.0;
            }
        }
    }

    /// Gives birth until there are as many children as there should be.
    fn place_storm(&mut self, running: &mut [Option<usize>]) {
        let threads = owe(&mut self.storm.owed, self.storm.cpus, &mut self.draw);
        for _ in self.storm.alive.len()..threads {
            let Some(cpu) = self.free(running, None) else { break };
            let process = self.processes.len();
            self.processes.push(Process { id: FIRST_ID + process as u64, name: STORM.into() });
            let left = LIFE.start() + self.draw.below(LIFE.end() - LIFE.start() + 1);
            self.storm.alive.push(Child { process, cpu, left });
            running[cpu] = Some(process);
        }
        self.storm.owed -= self.storm.alive.len() as f64;
    }

    /// A CPU that is free, in four of five cases on an idle core if there is one.
    fn free(&mut self, running: &[Option<usize>], home: Option<usize>) -> Option<usize> {
        let shape = self.shape;
        let at_home = |cpu: usize| home.is_none_or(|package| shape.package(cpu) == package);
        let idle = |cpu: usize| shape.siblings(shape.core(cpu)).all(|cpu| running[cpu].is_none());
        let mut free: Vec<usize> =
            (0..running.len()).filter(|&cpu| running[cpu].is_none() && at_home(cpu)).collect();
        if free.iter().any(|&cpu| idle(cpu)) && self.draw.chance(0.8) {
            free.retain(|&cpu| idle(cpu));
        }
        (!free.is_empty()).then(|| free[self.draw.below(free.len())])
    }
}

impl Storm {
    /// A slot goes by; says who ended.
    fn end(&mut self) -> Vec<usize> {
        for child in &mut self.alive {
            child.left -= 1;
        }
        let ended = self.alive.extract_if(.., |child| child.left == 0);
        ended.map(|child| child.process).collect()
    }
}

/// How many threads run now, of somebody who is owed so many CPUs more: the whole ones, and
/// one more by chance. Old debts beyond a few slots are forgiven: a pause is a pause.
fn owe(owed: &mut f64, wanted: f64, draw: &mut Draw) -> usize {
    let most = 2.0 * wanted.max(1.0);
    *owed = (*owed + wanted).min(most);
    if wanted == 0.0 {
        *owed = owed.min(0.0);
    }
    let whole = owed.max(0.0).floor();
    whole as usize + usize::from(draw.chance(owed.max(0.0) - whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(plan: &Plan) -> f64 {
        let mut schedule = Schedule::new(5, Shape::SERVER, plan);
        let slots = plan.slots() * plan.steps;
        let busy = (0..slots).map(|_| schedule.advance().running.iter().flatten().count());
        busy.sum::<usize>() as f64 / (slots * Shape::SERVER.cpus()) as f64
    }

    #[test]
    fn every_load_is_met_within_three_per_cent() {
        for load in [0.1, 0.4, 0.95] {
            for (varying, storm) in [(true, 0.0), (false, 0.0), (true, 0.3)] {
                let busy = busy(&Plan { load, varying, storm, steps: 60, ..Plan::default() });
                assert!((busy / load - 1.0).abs() < 0.03, "{load} {varying} {storm}: {busy}");
            }
        }
    }

    #[test]
    fn a_seed_is_one_schedule() {
        let plan = Plan { storm: 0.2, ..Plan::default() };
        let slots = |seed| {
            let mut schedule = Schedule::new(seed, Shape::SERVER, &plan);
            (0..300).map(|_| schedule.advance()).collect::<Vec<_>>()
        };
        assert_eq!(slots(1), slots(1));
        assert_ne!(slots(1), slots(2));
    }

    #[test]
    fn the_pinned_stay_and_the_others_move() {
        let plan = Plan::default();
        let mut schedule = Schedule::new(2, Shape::SERVER, &plan);
        let mut packages = vec![[false; 2]; plan.processes];
        for _ in 0..3000 {
            let slot = schedule.advance();
            for (cpu, process) in slot.running.iter().enumerate() {
                if let Some(process) = process {
                    packages[*process][Shape::SERVER.package(cpu)] = true;
                }
            }
        }
        let (pinned, roaming) = packages.split_at(8);
        assert!(pinned.iter().enumerate().all(|(process, on)| !on[1 - process % 2]));
        assert!(roaming.iter().all(|on| on[0] && on[1]));
    }

    #[test]
    fn a_child_of_the_storm_lives_two_to_fifty_ms_on_one_cpu() {
        let plan = Plan { storm: 0.5, ..Plan::default() };
        let mut schedule = Schedule::new(2, Shape::SERVER, &plan);
        let mut lives = std::collections::BTreeMap::<usize, (usize, usize)>::new();
        let mut ended = Vec::new();
        for _ in 0..1000 {
            let slot = schedule.advance();
            for (cpu, process) in slot.running.iter().enumerate() {
                if let Some(process) = process.filter(|&process| process >= plan.processes) {
                    let life = lives.entry(process).or_insert((cpu, 0));
                    assert_eq!(life.0, cpu);
                    life.1 += 1;
                }
            }
            ended.extend(slot.ended);
        }
        assert!(ended.len() > 300, "{}", ended.len());
        assert!(ended.iter().all(|process| LIFE.contains(&lives[process].1)));
        assert!(schedule.processes()[16..].iter().all(|process| process.name == STORM));
    }
}
