//! Reads a recording, sample by sample, up to its end or to where it is no longer whole.

use std::{
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    MAGIC, RecordingError, VERSION,
    block::{NoBlock, Unpacker},
    form::{Block, Foretold, Head, Moment},
    roll::Known,
    stored::Stored,
};
use crate::{
    carbon::Intensity,
    present::figure::printable,
    sample::{Gpu, Machine, Meter, MeterReading, Sample},
    units::GramsPerKwh,
};

/// How a recording ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In order.
    Whole,
    /// Whoever recorded was ended, or the file lost what was behind.
    Cut {
        /// Bytes that are whole.
        at: u64,
    },
    /// What follows is not what was written.
    Damaged {
        /// Bytes that are whole.
        at: u64,
        /// What is wrong.
        why: String,
    },
}

/// A sample, and what is known of the grid at it.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub sample: Sample,
    /// Of the interval that the sample ends; none if none was told yet.
    pub grid: Option<Arc<Intensity>>,
    pub forecast: Arc<[(Timestamp, GramsPerKwh)]>,
}

/// A recording that is being read.
#[derive(Debug)]
pub struct Reader<R> {
    blocks: Unpacker<R>,
    head: Head,
    machine: Option<Arc<Machine>>,
    meters: Vec<Arc<Meter>>,
    gpus: Vec<Arc<Gpu>>,
    known: Known,
    grid: Option<Arc<Intensity>>,
    forecast: Arc<[(Timestamp, GramsPerKwh)]>,
    samples: u64,
    ending: Option<Ending>,
}

/// The bytes before the blocks: the form, or none if this is no recording.
fn form(from: &mut impl Read) -> io::Result<Option<(u32, u64)>> {
    /// Digits of the largest number.
    const DIGITS: usize = 10;
    let mut magic = Vec::new();
    from.take(MAGIC.len() as u64).read_to_end(&mut magic)?;
    if magic != MAGIC {
        return Ok(None);
    }
    let mut digits = String::new();
    for _ in 0..=DIGITS {
        let mut byte = [0];
        match from.read_exact(&mut byte).map(|()| byte[0]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
            Ok(b'\n') => {
                let read = MAGIC.len() + digits.len() + 1;
                // One way to write each number.
                let form = digits.parse::<u32>().ok().filter(|form| form.to_string() == digits);
                return Ok(form.map(|form| (form, read as u64)));
            }
            Ok(other) => digits.push(char::from(other)),
        }
    }
    Ok(None)
}

impl<R: Read> Reader<R> {
    /// Begins to read; the path is for messages.
    pub fn open(mut from: R, path: &Path) -> Result<Self, RecordingError> {
        let path = || path.to_owned();
        let begun = form(&mut from).map_err(|error| RecordingError::Io { path: path(), error })?;
        let (form, read) = match begun {
            Some((form, _)) if form > VERSION => {
                return Err(RecordingError::Newer { path: path(), form });
            }
            Some((form @ 1.., read)) => (form, read),
            _ => return Err(RecordingError::Foreign { path: path() }),
        };
        debug_assert!(form == VERSION, "older forms have code of their own");
        let mut blocks = Unpacker::new(from, read);
        // What is quoted of a file may be written to harm a terminal.
        let damaged =
            |why: String| RecordingError::Damaged { path: path(), at: read, why: printable(&why) };
        let head = match blocks.next() {
            Ok(text) => match serde_json::from_slice(&text) {
                Ok(Block::Head(head)) => head,
                Ok(_) => return Err(damaged("it does not begin with what was chosen".into())),
                Err(error) => return Err(damaged(error.to_string())),
            },
            Err(NoBlock::Over | NoBlock::Cut) => {
                return Err(RecordingError::Empty { path: path() });
            }
            Err(NoBlock::Damaged(why)) => return Err(damaged(why.into())),
            Err(NoBlock::Io(error)) => return Err(RecordingError::Io { path: path(), error }),
        };
        Ok(Self {
            blocks,
            head,
            machine: None,
            meters: Vec::new(),
            gpus: Vec::new(),
            known: Known::default(),
            grid: None,
            forecast: Arc::new([]),
            samples: 0,
            ending: None,
        })
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// How it ended; none as long as there may be more.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// The next sample; none when there is no more, for a reason that [`Self::ending`] tells.
    pub(super) fn next(&mut self) -> Option<Recorded> {
        while self.ending.is_none() {
            let at = self.blocks.at();
            let damaged = |why: String| Ending::Damaged { at, why: printable(&why) };
            let block = match self.blocks.next() {
                Ok(text) => serde_json::from_slice(&text).map_err(|why| damaged(why.to_string())),
                Err(NoBlock::Over | NoBlock::Cut) => Err(Ending::Cut { at }),
                Err(NoBlock::Damaged(why)) => Err(damaged(why.into())),
                Err(NoBlock::Io(error)) => Err(damaged(format!("it cannot be read: {error}"))),
            };
            match block.and_then(|block| self.take(block).map_err(|why| damaged(why.into()))) {
                Ok(None) => {}
                Ok(Some(recorded)) => return Some(recorded),
                Err(ending) => self.ending = Some(ending),
            }
        }
        None
    }

    /// Takes in a block; gives the sample if it is one.
    fn take(&mut self, block: Block) -> Result<Option<Recorded>, &'static str> {
        match block {
            Block::Head(_) => return Err("it begins twice"),
            Block::Machine(machine) => self.machine = Some(Arc::new(machine.restore())),
            Block::Meters(meters) => {
                self.meters = meters.into_iter().map(|one| Arc::new(one.restore())).collect();
            }
            Block::Gpus(gpus) => {
                self.gpus = gpus.into_iter().map(|one| Arc::new(one.restore())).collect();
            }
            Block::People(people) => {
                if !self.known.meet(people) {
                    return Err("it names more processes than any machine has");
                }
            }
            Block::Grid(grid) => self.grid = Some(Arc::new(grid.restore())),
            Block::Forecast(all) => {
                let one =
                    |(at, grams): Foretold| (at.restore(), GramsPerKwh::of_grams_per_kwh(grams.0));
                self.forecast = all.into_iter().map(one).collect();
            }
            Block::Moment(moment) => return self.moment(*moment).map(Some),
            Block::End {} => self.ending = Some(Ending::Whole),
        }
        Ok(None)
    }

    fn moment(&mut self, moment: Moment) -> Result<Recorded, &'static str> {
        let machine = self.machine.clone().ok_or("it does not tell of the machine")?;
        if moment.readings.len() != self.meters.len() || moment.gpus.len() != self.gpus.len() {
            return Err("it has readings of meters that it does not tell of");
        }
        let unknown = "it names a process that it does not tell of";
        let gpus = moment.gpus.into_iter().zip(&self.gpus);
        let gpus = gpus.map(|(reading, gpu)| reading.restore(gpu, &self.known));
        let gpus = gpus.collect::<Option<Vec<_>>>().ok_or(unknown)?;
        if !moment.activity.bounded() {
            return Err("more time passed than there can be");
        }
        let activity = moment.activity.restore(&self.known).ok_or(unknown)?;
        self.known.forget(&moment.forget);
        // The first sample ends no interval.
        if self.samples > 0 && self.grid.is_none() {
            return Err("it does not tell of the grid");
        }
        self.samples += 1;
        let meters = self.meters.iter().zip(moment.readings);
        let sample = Sample {
            time: moment.time.restore(),
            monotonic: moment.monotonic.restore(),
            boottime: moment.boottime.restore(),
            machine,
            probe: moment.probe,
            meters: meters
                .map(|(meter, said)| MeterReading {
                    meter: Arc::clone(meter),
                    reading: said.restore(),
                })
                .collect(),
            clocks: moment.clocks,
            gpus,
            activity,
        };
        sound(&sample)?;
        Ok(Recorded { sample, grid: self.grid.clone(), forecast: Arc::clone(&self.forecast) })
    }
}

/// What is referred to by an index is there. A sum vouches for the way from a writer to a
/// reader, not for the writer.
fn sound(sample: &Sample) -> Result<(), &'static str> {
    let machine = &sample.machine;
    let packages = machine.packages.len();
    if machine.cells.iter().any(|cell| cell.package >= packages) {
        return Err("CPUs are of a package that there is not");
    }
    let cells = machine.cells.len();
    if sample.meters.iter().any(|one| one.meter.cells.iter().any(|&cell| cell >= cells)) {
        return Err("a meter is of CPUs that there are not");
    }
    Ok(())
}
