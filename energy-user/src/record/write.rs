//! Writes a recording, sample by sample.

use std::{
    io::{self, Write},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    MAGIC, VERSION,
    block::{Packer, TooLarge},
    form::{Activity, Block, GpuMoment, Head, Moment},
    roll::Told,
    stored::Stored,
};
use crate::{
    carbon::Intensity,
    sample::{Gpu, Machine, Meter, Sample},
    units::GramsPerKwh,
};

/// Names in one block.
const PEOPLE: usize = 1024;

/// Why a sample is not in a recording.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It holds more than a block may.
    #[error("a sample holds more than a recording can keep; leave out --threads")]
    TooLarge,
}

/// A recording that is being written. What it writes for one sample, it writes at once.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
    packer: Packer,
    told: Told,
    machine: Option<Arc<Machine>>,
    meters: Vec<Arc<Meter>>,
    gpus: Vec<Arc<Gpu>>,
    grid: Option<Arc<Intensity>>,
    forecast: Vec<(Timestamp, GramsPerKwh)>,
    written: u64,
    waiting: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a recording.
    pub(super) fn begin(to: W, head: Head) -> Result<Self, WriteError> {
        let mut writer = Self {
            to,
            packer: Packer::new(),
            told: Told::default(),
            machine: None,
            meters: Vec::new(),
            gpus: Vec::new(),
            grid: None,
            forecast: Vec::new(),
            written: 0,
            waiting: [MAGIC, VERSION.to_string().as_bytes(), b"\n"].concat(),
        };
        writer.add(&Block::Head(head))?;
        writer.flush()?;
        Ok(writer)
    }

    /// Adds a sample, the grid of the interval that it ends, and what is foretold of the grid.
    pub fn sample(
        &mut self,
        sample: &Sample,
        grid: Option<&Arc<Intensity>>,
        forecast: &[(Timestamp, GramsPerKwh)],
    ) -> Result<(), WriteError> {
        self.surroundings(sample)?;
        if let Some(grid) = grid.filter(|grid| self.grid.as_ref() != Some(grid)) {
            self.add(&Block::Grid(Stored::store(grid.as_ref())))?;
            self.grid = Some(Arc::clone(grid));
        }
        if self.forecast != forecast {
            let one = |(at, intensity): &(Timestamp, GramsPerKwh)| {
                (Stored::store(at), Stored::store(&intensity.grams_per_kwh()))
            };
            self.add(&Block::Forecast(forecast.iter().map(one).collect()))?;
            self.forecast = forecast.to_vec();
        }
        let activity = Activity::new(&sample.activity, &mut self.told);
        let gpus = sample.gpus.iter().map(|gpu| GpuMoment::new(gpu, &mut self.told)).collect();
        let mut fresh = self.told.fresh();
        while !fresh.is_empty() {
            let rest = fresh.split_off(fresh.len().min(PEOPLE));
            self.add(&Block::People(std::mem::replace(&mut fresh, rest)))?;
        }
        let ended = sample.activity.processes.iter().filter(|process| process.ended);
        let forget = self.told.turn(ended.map(|process| process.id));
        self.add(&Block::Moment(Box::new(Moment {
            time: Stored::store(&sample.time),
            monotonic: Stored::store(&sample.monotonic),
            boottime: Stored::store(&sample.boottime),
            probe: sample.probe,
            readings: sample.meters.iter().map(|meter| Stored::store(&meter.reading)).collect(),
            clocks: sample.clocks.clone(),
            gpus,
            activity,
            forget,
        })))?;
        self.flush()
    }

    /// The recording ended in order.
    pub fn end(&mut self) -> Result<(), WriteError> {
        self.add(&Block::End {})?;
        self.flush()
    }

    /// Bytes written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// What seldom changes, if it did.
    fn surroundings(&mut self, sample: &Sample) -> Result<(), WriteError> {
        if self.machine.as_ref() != Some(&sample.machine) {
            self.add(&Block::Machine(Stored::store(sample.machine.as_ref())))?;
            self.machine = Some(Arc::clone(&sample.machine));
        }
        let meters = || sample.meters.iter().map(|reading| &reading.meter);
        if !meters().eq(&self.meters) {
            let all = meters().map(|meter| Stored::store(meter.as_ref())).collect();
            self.add(&Block::Meters(all))?;
            self.meters = meters().cloned().collect();
        }
        let gpus = || sample.gpus.iter().map(|reading| &reading.gpu);
        if !gpus().eq(&self.gpus) {
            let all = gpus().map(|gpu| Stored::store(gpu.as_ref())).collect();
            self.add(&Block::Gpus(all))?;
            self.gpus = gpus().cloned().collect();
        }
        Ok(())
    }

    fn add(&mut self, block: &Block) -> Result<(), WriteError> {
        let text = serde_json::to_vec(block).map_err(io::Error::from)?;
        self.packer.pack(&text, &mut self.waiting).map_err(|TooLarge| WriteError::TooLarge)
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.to.write_all(&self.waiting)?;
        self.to.flush()?;
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
}
