//! What a recording consists of, form 1: types of the file's own.

mod gpu;
mod grid;
mod head;
mod machine;
mod moment;
mod person;

pub(super) use gpu::{Device, GpuMoment};
pub(super) use grid::{Foretold, Grid};
pub(super) use head::Head;
pub(super) use machine::{Gauge, Place, Said};
pub(super) use moment::{Activity, Moment};
pub(super) use person::Person;
use serde::{Deserialize, Serialize};

/// One block. What seldom changes has blocks of its own, and holds until it is told anew.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Block {
    /// What was chosen; the first block, once.
    Head(Head),
    /// The machine.
    Machine(Place),
    /// The meters, in the order of their readings.
    Meters(Vec<Gauge>),
    /// The GPUs, in the order of their readings.
    Gpus(Vec<Device>),
    /// Processes that were not told of, or are called otherwise now.
    People(Vec<Person>),
    /// The grid of the interval that the next sample ends.
    Grid(Grid),
    /// What is foretold of it.
    Forecast(Vec<Foretold>),
    /// A sample.
    Moment(Box<Moment>),
    /// The recording ended in order: without this, it was cut off.
    End {},
}
