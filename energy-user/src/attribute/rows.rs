//! Everyone who may be charged, what each weighs on each cell, and who pays static power.

use std::time::Duration;

use super::{
    IdlePolicy, Method, apportion,
    gpu::{self, GpuUse, Owner},
    pool::Use,
    process::ProcessRow,
    weigh::Scale,
};
use smallvec::SmallVec;

use crate::{
    frame::{Part, Parts, PoolFrame, Share, Signal},
    sample::{CpuTime, Domain, Identity, Kind, ProcessActivity, ProcessId, Sample},
    units::Microjoules,
};

/// What measures the shares of an interval.
pub struct Scales<'a> {
    cpus: Scale,
    /// None where nothing tells of memory but the time of CPUs.
    memory: Option<Scale>,
    method: &'a Method,
}

/// A row under construction, with its weight on each cell.
#[derive(Default)]
pub struct Row {
    pub share: Share,
    pub parts: Parts,
    /// For packages, the same without intensity, and by what went to memory.
    cpus: Vec<u64>,
    plain: Vec<u64>,
    memory: Vec<u64>,
    /// What it weighs on each GPU that it is on: the GPU's index, and the weight.
    gpus: SmallVec<[(usize, u64); 1]>,
}

/// Everyone.
pub struct Rows<'a> {
    scales: Scales<'a>,
    /// Sorted by identity, so that the order of the input cannot matter.
    pub processes: Vec<ProcessRow>,
    pub kernel: Row,
    pub irq: Row,
    pub tool: Row,
    pub unattributed: Row,
    pub rest: Row,
    pub idle: Share,
    pub used: Use,
}

impl<'a> Scales<'a> {
    /// For what was counted in an interval.
    pub fn of(sample: &Sample, method: &'a Method) -> Self {
        Self { cpus: Scale::of_cpus(sample), memory: Scale::of_memory(sample), method }
    }

    /// How much more than the mean a process's work draws.
    pub fn intensity(&self, identity: &Identity) -> f64 {
        self.method.intensity(&identity.name)
    }
}

impl Row {
    /// A row that did nothing.
    pub fn new(cells: usize) -> Self {
        let zero = || vec![0; cells];
        Self { cpus: zero(), plain: zero(), memory: zero(), ..Self::default() }
    }

    /// Adds what a process did.
    pub fn add(&mut self, process: &ProcessActivity, scales: &Scales) {
        let intensity = scales.intensity(&process.identity);
        for cell in 0..self.cpus.len() {
            self.share.cpu_time += Duration::from_nanos(process.cpu.on(cell));
            let plain = scales.cpus.process(process, cell);
            let weight = if (intensity - 1.0).abs() > f64::EPSILON {
                (plain as f64 * intensity).round() as u64
            } else {
                plain
            };
            self.cpus[cell] = self.cpus[cell].saturating_add(weight);
            self.plain[cell] = self.plain[cell].saturating_add(plain);
            let memory = scales.memory.as_ref();
            let memory = memory.map_or(0, |memory| memory.process(process, cell));
            self.memory[cell] = self.memory[cell].saturating_add(memory);
        }
    }

    /// One of whom only the time is known.
    fn timed(time: &CpuTime, scales: &Scales) -> Self {
        let cpus = scales.cpus.times(time);
        let memory = scales.memory.as_ref().map_or_else(Vec::new, |memory| memory.times(time));
        let share = Share { cpu_time: time.total(), ..Share::default() };
        Self { share, plain: cpus.clone(), cpus, memory, ..Self::default() }
    }

    /// What it weighs in a pool that is split by a signal.
    fn weight(&self, pool: &PoolFrame, signal: Signal) -> u64 {
        if let Some(tenancy) = pool.tenancy {
            return self.on_gpu(tenancy.gpu).unwrap_or(0);
        }
        let weights = match (signal, pool.domain) {
            (Signal::Misses, _) => &self.memory,
            (_, Domain::Dram) => &self.plain,
            _ => &self.cpus,
        };
        let on = |&cell: &usize| weights.get(cell).copied().unwrap_or(0);
        pool.cells.iter().map(on).fold(0, u64::saturating_add)
    }

    /// What it weighs on a GPU; none if it is not on it.
    fn on_gpu(&self, gpu: usize) -> Option<u64> {
        self.gpus.iter().find(|(index, _)| *index == gpu).map(|(_, weight)| *weight)
    }

    /// Adds to what it weighs on a GPU.
    fn weigh_on_gpu(&mut self, gpu: usize, weight: u64) {
        match self.gpus.iter_mut().find(|(index, _)| *index == gpu) {
            Some((_, sum)) => *sum = sum.saturating_add(weight),
            None => self.gpus.push((gpu, weight)),
        }
    }

    /// What it is charged for running, in all pools so far.
    fn moving(&self) -> u64 {
        self.parts.iter().map(|part| part.moving.0).sum()
    }

    pub fn charge(&mut self, pool: &PoolFrame, part: Part) {
        let Part { weight, moving, fixed, .. } = part;
        self.share.energy.add(pool.domain, moving + fixed);
        if pool.tenancy.is_some_and(|tenancy| tenancy.held_idle) {
            self.share.held.energy += moving + fixed;
        }
        if weight > 0 || moving + fixed > Microjoules::ZERO {
            self.parts.push(part);
        }
    }
}

impl<'a> Rows<'a> {
    /// Who ran up to a sample.
    pub fn of(sample: &Sample, interval: Duration, method: &'a Method) -> Self {
        let activity = &sample.activity;
        let cells = sample.machine.cells.len();
        let scales = Scales::of(sample, method);
        let (mut kernel, mut tool) = (Row::new(cells), Row::new(cells));
        let mut processes = everyone(sample, cells, &scales);
        let mut busy = vec![0_u64; cells];
        for process in &activity.processes {
            add(&mut busy, &process.cpu);
            match process.identity.kind {
                Kind::Kernel => kernel.add(process, &scales),
                Kind::Tool => tool.add(process, &scales),
                Kind::Process => {
                    if let Some(row) = find(&mut processes, process.id) {
                        row.add(process, &scales);
                    }
                }
            }
        }
        // Time on a cell that the machine does not have is nobody's.
        let within = |time: &CpuTime| CpuTime((0..cells).map(|cell| time.on(cell)).collect());
        let irq = activity.irq.as_ref().map(within).unwrap_or_default();
        let missed = within(&activity.missed);
        add(&mut busy, &irq);
        add(&mut busy, &missed);
        let length = interval.as_nanos() as u64;
        let cells_of = sample.machine.cells.iter();
        let capacity: Vec<u64> =
            cells_of.map(|cell| length.saturating_mul(cell.cpus.len() as u64)).collect();
        let unused = capacity.iter().zip(&busy).map(|(all, busy)| all.saturating_sub(*busy));
        let idle = Share { cpu_time: Duration::from_nanos(unused.sum()), ..Share::default() };
        let gpus = sample.gpus.iter().enumerate();
        let gpus: Vec<_> =
            gpus.map(|(index, reading)| GpuUse::of(index, reading, interval, method)).collect();
        let mut unattributed = Row::timed(&missed, &scales);
        for (index, gpu) in gpus.iter().enumerate() {
            for (owner, weight) in &gpu.weights {
                let row = match owner {
                    Owner::Process(id) => match find(&mut processes, *id) {
                        Some(process) => &mut process.row,
                        None => match gpu::kind(&sample.gpus, *id) {
                            Kind::Tool => &mut tool,
                            Kind::Kernel => &mut kernel,
                            Kind::Process => &mut unattributed,
                        },
                    },
                    Owner::Stranger(_) | Owner::Nobody => &mut unattributed,
                };
                row.weigh_on_gpu(index, *weight);
            }
            for (id, on) in &gpu.seats {
                if let Some(process) = find(&mut processes, *id) {
                    process.seat(*on);
                }
            }
        }
        Self {
            processes,
            kernel,
            irq: Row::timed(&irq, &scales),
            tool,
            unattributed,
            rest: Row::new(cells),
            idle,
            used: Use { capacity, busy, gpus },
            scales,
        }
    }

    /// Divides a pool, and notes in it by what.
    pub fn charge(&mut self, index: usize, pool: &mut PoolFrame) {
        let signal = self.signal(pool);
        let weights: Vec<u64> = self.charged().map(|row| row.weight(pool, signal)).collect();
        let moving = apportion(pool.moving().0, &weights);
        let fixed = self.pay(pool, &weights);
        let paid = fixed.iter().any(|&part| part > 0);
        if !paid {
            self.idle.energy.add(pool.domain, pool.fixed);
        }
        if pool.domain == Domain::Rest {
            let left = if paid { Microjoules::ZERO } else { pool.moving() };
            self.rest.share.energy.add(pool.domain, left);
        } else if weights.iter().all(|&weight| weight == 0) {
            // Nobody ran, or nobody knows where: what moved anyway is nobody's.
            self.unattributed.share.energy.add(pool.domain, pool.moving());
        }
        let terms = weights.iter().zip(moving).zip(fixed);
        let mut parts = terms.map(|((&weight, moving), fixed)| {
            let (moving, fixed) = (Microjoules(moving), Microjoules(fixed));
            Part { pool: index, weight, moving, fixed }
        });
        for process in &mut self.processes {
            process.charge(pool, parts.next().unwrap_or_default());
        }
        let others = [&mut self.kernel, &mut self.irq, &mut self.tool, &mut self.unattributed];
        for row in others {
            row.charge(pool, parts.next().unwrap_or_default());
        }
        pool.signal = signal;
        pool.weight = weights.iter().fold(0, |sum, weight| sum.saturating_add(*weight));
    }

    /// What a pool is split by: by misses where those who ran on it had some.
    fn signal(&self, pool: &PoolFrame) -> Signal {
        let missed = || self.charged().any(|row| row.weight(pool, Signal::Misses) > 0);
        match pool.domain {
            // What a GPU is told by was known with its pool.
            Domain::Gpu => pool.signal,
            _ if pool.cells.is_empty() => Signal::Nothing,
            Domain::Dram if self.scales.memory.is_some() && missed() => Signal::Misses,
            _ => self.scales.cpus.signal(),
        }
    }

    /// Who shares pools, in the order in which odd microjoules are given out.
    fn charged(&self) -> impl Iterator<Item = &Row> {
        let processes = self.processes.iter().map(|process| &process.row);
        processes.chain([&self.kernel, &self.irq, &self.tool, &self.unattributed])
    }

    /// What each row pays of a pool's static power: all of it, or nobody pays any.
    fn pay(&self, pool: &PoolFrame, weights: &[u64]) -> Vec<u64> {
        // Nothing tells who uses the rest of a machine: it is paid like static power.
        let rest = pool.domain == Domain::Rest;
        let due = if rest { pool.energy } else { pool.fixed };
        // A GPU that is held and not used is kept from everybody else: all of it is its holders'.
        if pool.tenancy.is_some_and(|tenancy| tenancy.held_idle) {
            return apportion(due.0, weights);
        }
        let weights: Vec<u64> = match self.scales.method.idle_policy {
            IdlePolicy::None => return vec![0; weights.len()],
            IdlePolicy::Proportional if rest => self.charged().map(Row::moving).collect(),
            // By weight, which is exact, and not by what was charged, which is rounded.
            IdlePolicy::Proportional => weights.to_vec(),
            IdlePolicy::Equal => {
                let ran = |row: &Row| match pool.tenancy {
                    Some(tenancy) => u64::from(row.on_gpu(tenancy.gpu).is_some()),
                    None => u64::from(!row.share.cpu_time.is_zero()),
                };
                let processes = self.processes.iter().map(|process| ran(&process.row));
                processes.chain([0, 0, ran(&self.tool), 0]).collect()
            }
        };
        apportion(due.0, &weights)
    }
}

/// A row for each process that ran, or that is on a GPU, in order of who they are.
fn everyone(sample: &Sample, cells: usize, scales: &Scales) -> Vec<ProcessRow> {
    let ran = sample.activity.processes.iter();
    let ran = ran.filter(|process| process.identity.kind == Kind::Process);
    let ran = ran.map(|process| (process.id, &process.identity, cells));
    // Nobody needs a CPU to hold a GPU: on no cell it weighs anything.
    let hold = gpu::people(&sample.gpus).map(|(id, identity)| (id, identity, 0));
    let mut all: Vec<_> = ran.chain(hold).collect();
    // Of several that tell of one, the first of them that ran counts.
    all.sort_by_key(|(id, ..)| *id);
    all.dedup_by_key(|(id, ..)| *id);
    all.into_iter()
        .map(|(id, identity, cells)| ProcessRow::of(id, identity, cells, scales))
        .collect()
}

/// The row of a process, among rows in order.
fn find(rows: &mut [ProcessRow], id: ProcessId) -> Option<&mut ProcessRow> {
    let at = rows.binary_search_by_key(&id, ProcessRow::id).ok()?;
    rows.get_mut(at)
}

/// Adds a time to sums on each cell.
fn add(sums: &mut [u64], time: &CpuTime) {
    for (cell, sum) in sums.iter_mut().enumerate() {
        *sum = sum.saturating_add(time.on(cell));
    }
}
