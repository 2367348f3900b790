//! The GPUs that a row is on: which, how much of it, and what it holds for nothing.

use std::{collections::BTreeMap, time::Duration};

use super::{Section, Subject};
use crate::{
    frame::{GpuFrame, OnGpu, Part, ProcessFrame},
    ledger::RowKey,
    present::{
        columns::Line,
        device::{Device, percent},
        figure::{self, printable},
    },
    sample::Context,
    units::Microjoules,
};

/// What the row's processes did on one GPU, together.
#[derive(Default)]
struct Stay {
    energy: Microjoules,
    processes: usize,
    instances: Vec<String>,
    contexts: Vec<&'static str>,
    /// Of each that holds some; none where one of them is not told.
    memory: Vec<Option<u64>>,
    /// The same of their time.
    busy: Vec<Option<Duration>>,
    held: bool,
}

impl Subject<'_> {
    pub(super) fn on_gpus(&self) -> Option<Section> {
        let mut stays: BTreeMap<usize, Stay> = BTreeMap::new();
        for process in &self.processes {
            for on in &process.gpus {
                let energy = self.charged(process, on.gpu);
                let stay = stays.entry(on.gpu).or_default();
                stay.add(on, self.frame().gpus.get(on.gpu), energy);
            }
        }
        let devices: Vec<Device> = Device::all(self.frame()).collect();
        let mut lines: Vec<Line> = stays
            .into_iter()
            .filter_map(|(index, stay)| {
                let device = devices.get(index)?;
                let known = self.frame().pool(&device.gpu.gpu.id).is_some();
                let watts = stay.energy.over(self.frame().interval).filter(|_| known);
                let watts = self.with_unit(self.power(watts), self.units.power_symbol());
                Some(Line::new(device.id(), watts, self.words(device, &stay)))
            })
            .collect();
        if self.row.key == RowKey::Unattributed {
            let strangers = devices.iter().filter(|device| device.gpu.strangers > 0);
            lines.extend(strangers.map(|device| {
                let count = match device.gpu.strangers {
                    1 => "1 process".into(),
                    many => format!("{many} processes"),
                };
                Line::new(device.id(), String::new(), format!("{count} that nobody here can name"))
            }));
        }
        Section::of_lines("GPUs that it is on, in the last interval", lines)
    }

    /// What a process is charged of a GPU's energy.
    fn charged(&self, process: &ProcessFrame, gpu: usize) -> Microjoules {
        let here = |part: &&Part| {
            let pool = self.frame().pools.get(part.pool).and_then(|pool| pool.tenancy);
            pool.is_some_and(|tenancy| tenancy.gpu == gpu)
        };
        process.parts.iter().filter(here).map(|part| part.moving + part.fixed).sum()
    }

    fn words(&self, device: &Device, stay: &Stay) -> String {
        let mut words = vec![device.name()];
        if !stay.instances.is_empty() {
            words.push(format!("instance {}", stay.instances.join(", ")));
        }
        if stay.processes > 1 {
            words.push(format!("{} processes of it", stay.processes));
        }
        words.extend(stay.contexts.iter().map(|context| (*context).to_owned()));
        if !stay.memory.is_empty() {
            let sum =
                stay.memory.iter().try_fold(0_u64, |sum, one| Some(sum.saturating_add((*one)?)));
            words.push(match sum {
                Some(bytes) => format!("holds {} GiB", figure::rough_gib(bytes)),
                None => "what it holds is not told".into(),
            });
        }
        if stay.held {
            words.push("held, and nobody uses it".into());
        } else {
            let interval = self.frame().interval;
            let busy = stay.busy.iter().copied().sum::<Option<Duration>>();
            words.push(match busy.map(|busy| busy.div_duration_f64(interval) * 100.0) {
                Some(part) if part.is_finite() => format!("used for {} of the time", percent(part)),
                _ => "its use is not told".into(),
            });
        }
        printable(&words.join(", "))
    }
}

impl Stay {
    fn add(&mut self, on: &OnGpu, gpu: Option<&GpuFrame>, energy: Microjoules) {
        self.processes += 1;
        self.energy += energy;
        self.held |= on.held.is_some();
        // Who only used it in passing holds nothing of it.
        if on.context.is_some() {
            self.memory.push(on.memory);
        }
        self.busy.push(on.busy);
        let context = on.context.map(Context::as_str);
        if let Some(context) = context.filter(|context| !self.contexts.contains(context)) {
            self.contexts.push(context);
        }
        let instance = gpu.and_then(|gpu| gpu.gpu.instances.get(on.instance?));
        if let Some(instance) = instance.filter(|one| !self.instances.contains(&one.name)) {
            self.instances.push(instance.name.clone());
        }
    }
}
