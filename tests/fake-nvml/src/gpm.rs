//! Samples of GPM, and the activity between two of them.
//!
//! A handle is the number of a place in a table, so that one that was freed is refused
//! and never followed.

use crate::{
    code::{Code, Outcome},
    device::Device,
};

/// What a sample was taken of, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Number of the device.
    pub device: usize,
    /// Id of the GPU instance.
    pub instance: Option<u32>,
    /// Nanoseconds.
    pub at: u64,
}

/// The places of all samples.
#[derive(Debug, Default)]
pub struct Samples(Vec<Place>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Free,
    Empty,
    Taken(Sample),
}

impl Samples {
    /// A new one; numbers begin at 1.
    pub fn allocate(&mut self) -> usize {
        let free = self.0.iter().position(|&place| place == Place::Free).unwrap_or_else(|| {
            self.0.push(Place::Free);
            self.0.len() - 1
        });
        self.0[free] = Place::Empty;
        free + 1
    }

    /// The place of a number that is allocated.
    fn place(&mut self, number: usize) -> Outcome<&mut Place> {
        let index = number.checked_sub(1).ok_or(Code::INVALID_ARGUMENT)?;
        self.0.get_mut(index).filter(|place| **place != Place::Free).ok_or(Code::INVALID_ARGUMENT)
    }

    /// Gives it back.
    pub fn free(&mut self, number: usize) -> Outcome {
        self.place(number).map(|place| *place = Place::Free)
    }

    /// Takes it.
    pub fn take(&mut self, number: usize, sample: Sample) -> Outcome {
        self.place(number).map(|place| *place = Place::Taken(sample))
    }

    /// What was taken.
    pub fn get(&mut self, number: usize) -> Outcome<Sample> {
        match *self.place(number)? {
            Place::Taken(sample) => Ok(sample),
            Place::Free | Place::Empty => Err(Code::INVALID_ARGUMENT),
        }
    }
}

/// Per cent of the time between two samples in which the device or instance was busy.
pub fn activity(device: &Device, first: Sample, second: Sample) -> Outcome<f64> {
    let steps = match first.instance {
        None => device.activity.gpu.steps(),
        Some(id) => &device.instance(id).ok_or(Code::INVALID_ARGUMENT)?.activity,
    };
    let length = second.at.checked_sub(first.at).filter(|&length| length > 0);
    let length = length.ok_or(Code::NO_DATA)?;
    Ok(steps.between(first.at, second.at) as f64 / (length as f64 * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_sample_is_refused() {
        let mut samples = Samples::default();
        let sample = Sample { device: 0, instance: None, at: 5 };
        assert_eq!((samples.allocate(), samples.allocate()), (1, 2));
        assert_eq!(samples.get(1), Err(Code::INVALID_ARGUMENT), "not taken yet");
        assert_eq!(samples.take(1, sample), Ok(()));
        assert_eq!(samples.get(1), Ok(sample));
        assert_eq!((samples.free(1), samples.free(1)), (Ok(()), Err(Code::INVALID_ARGUMENT)));
        assert_eq!(samples.get(1), Err(Code::INVALID_ARGUMENT));
        assert_eq!(samples.free(0), Err(Code::INVALID_ARGUMENT));
        assert_eq!(samples.allocate(), 1);
    }
}
