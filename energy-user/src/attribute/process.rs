//! One process under attribution, with its threads if they are told apart.
//!
//! What a process is charged on a pool is split over its threads by their time there, so
//! that the threads add up to the process as the processes add up to the machine.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    apportion,
    rows::{Row, Scales},
};
use crate::{
    frame::{OnGpu, Part, Parts, PoolFrame, ProcessFrame, Share, ThreadFrame},
    sample::{CpuTime, Identity, ProcessActivity, ProcessId},
    units::Microjoules,
};

/// A process and what it weighs.
pub struct ProcessRow {
    frame: ProcessFrame,
    pub row: Row,
    threads: BTreeMap<ProcessId, (ThreadFrame, CpuTime)>,
}

impl ProcessRow {
    /// With nothing done yet.
    pub fn of(id: ProcessId, identity: &Arc<Identity>, cells: usize, scales: &Scales) -> Self {
        Self {
            frame: ProcessFrame {
                id,
                identity: Arc::clone(identity),
                ended: false,
                share: Share::default(),
                work: None,
                progress: None,
                parts: Parts::new(),
                intensity: scales.intensity(identity),
                gpus: Vec::new(),
                threads: Vec::new(),
            },
            row: Row::new(cells),
            threads: BTreeMap::new(),
        }
    }

    /// Whose it is.
    pub fn id(&self) -> ProcessId {
        self.frame.id
    }

    /// Adds what it did.
    pub fn add(&mut self, process: &ProcessActivity, scales: &Scales) {
        self.frame.ended |= process.ended;
        self.row.add(process, scales);
        if let Some(work) = &process.work {
            self.frame.work.get_or_insert_default().add_all(work);
        }
        if let Some(progress) = &process.progress {
            self.frame.progress.get_or_insert_default().add(progress);
        }
        for thread in &process.threads {
            let (frame, cpu) = self.threads.entry(thread.id).or_insert_with(|| {
                let name = Arc::clone(&thread.name);
                let frame =
                    ThreadFrame { id: thread.id, name, ended: false, share: Share::default() };
                (frame, CpuTime::default())
            });
            frame.ended |= thread.ended;
            frame.share.cpu_time += thread.cpu.total();
            cpu.add_all(&thread.cpu);
        }
    }

    /// Notes what it did on a GPU.
    pub fn seat(&mut self, on: OnGpu) {
        // Most are on one.
        self.frame.gpus.reserve_exact(1);
        self.frame.gpus.push(on);
        let share = &mut self.row.share;
        // What one of them does not tell is not nothing: the sum is not known then.
        let all = self.frame.gpus.iter().map(|on| on.busy);
        share.gpu_time = all.sum::<Option<Duration>>();
        share.held.time += on.held.unwrap_or_default();
    }

    /// Charges it with its part of a pool.
    pub fn charge(&mut self, pool: &PoolFrame, part: Part) {
        if part.weight == 0 && part.moving + part.fixed == Microjoules::ZERO {
            // Most are on no more than one or two of many pools.
            return;
        }
        self.row.charge(pool, part);
        if self.threads.is_empty() {
            return;
        }
        let energy = (part.moving + part.fixed).0;
        let on = |cpu: &CpuTime| pool.cells.iter().map(|&cell| cpu.on(cell)).sum();
        let mut weights: Vec<u64> = self.threads.values().map(|(_, cpu)| on(cpu)).collect();
        if weights.iter().all(|&weight| weight == 0) {
            // A pool of no CPU that it ran on is shared by what ran anywhere.
            weights = self.threads.values().map(|(_, cpu)| cpu.0.iter().sum()).collect();
        }
        let parts = if weights.iter().any(|&weight| weight > 0) {
            apportion(energy, &weights)
        } else {
            // Charged without time here: the threads still add up to their process.
            let mut parts = vec![0; weights.len()];
            if let Some(first) = parts.first_mut() {
                *first = energy;
            }
            parts
        };
        for ((thread, _), part) in self.threads.values_mut().zip(parts) {
            thread.share.energy.add(pool.domain, Microjoules(part));
        }
    }

    /// The row of the frame.
    pub fn finish(self) -> ProcessFrame {
        let threads = self.threads.into_values().map(|(frame, _)| frame).collect();
        ProcessFrame { share: self.row.share, parts: self.row.parts, threads, ..self.frame }
    }
}
