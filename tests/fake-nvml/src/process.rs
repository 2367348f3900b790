//! A process on a GPU, and the samples of its utilisation that a driver keeps.
//!
//! A driver takes a sample at the end of each period, only of processes that did
//! something in it, and keeps the last hundred periods.

use crate::{notation::Span, steps::Steps};

/// How many periods a driver keeps.
pub const RING: u64 = 100;

/// Which lists it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Compute only.
    Compute,
    /// Graphics only.
    Graphics,
    /// Both of them.
    Both,
    /// A client of the server of MPS: only in the list of these.
    Mps,
}

/// One of NVML's lists of processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// `nvmlDeviceGetComputeRunningProcesses`
    Compute,
    /// `nvmlDeviceGetGraphicsRunningProcesses`
    Graphics,
    /// `nvmlDeviceGetMPSComputeRunningProcesses`
    Mps,
}

impl Kind {
    /// As a scenario names it.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "compute" => Ok(Self::Compute),
            "graphics" => Ok(Self::Graphics),
            "both" => Ok(Self::Both),
            "mps" => Ok(Self::Mps),
            _ => Err(format!("{name:?} is no kind; write compute, graphics, both or mps")),
        }
    }

    /// Whether it stands in that list.
    pub fn is_in(self, list: List) -> bool {
        match list {
            List::Compute => matches!(self, Self::Compute | Self::Both),
            List::Graphics => matches!(self, Self::Graphics | Self::Both),
            List::Mps => self == Self::Mps,
        }
    }
}

/// A `[[device.process]]`.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug)]
pub struct Process {
    pub pid: u32,
    pub kind: Kind,
    /// Bytes; none if the driver does not know.
    pub memory: Option<u64>,
    pub lives: Span,
    pub sm: Steps,
    pub bandwidth: Steps,
    pub encoder: Steps,
    pub decoder: Steps,
    /// The pid that samples carry.
    pub utilization_pid: u32,
    pub instance: Option<u32>,
}

/// What one process did in one period, in per cent.
#[expect(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub pid: u32,
    /// End of the period, in nanoseconds.
    pub at: u64,
    pub sm: u32,
    pub bandwidth: u32,
    pub encoder: u32,
    pub decoder: u32,
}

impl Process {
    /// Of the period that ends then; none if it did nothing.
    fn sample(&self, at: u64, period: u64) -> Option<Sample> {
        let from = at - period;
        let all = [&self.sm, &self.bandwidth, &self.encoder, &self.decoder];
        if all.iter().all(|steps| steps.between(from, at) == 0) {
            return None;
        }
        let [sm, bandwidth, encoder, decoder] = all.map(|steps| steps.percent(from, at));
        Some(Sample { pid: self.utilization_pid, at, sm, bandwidth, encoder, decoder })
    }
}

/// The samples that a driver still has, newer than a moment if there is one.
pub fn samples(
    processes: &[Process],
    period: u64,
    now: u64,
    seen: Option<u64>,
) -> impl Iterator<Item = Sample> + Clone {
    let ends = ends(period, now, seen);
    processes
        .iter()
        .flat_map(move |process| ends.clone().filter_map(move |at| process.sample(at, period)))
}

/// The ends of the periods that a driver still remembers.
pub fn ends(period: u64, now: u64, seen: Option<u64>) -> impl Iterator<Item = u64> + Clone + use<> {
    let last = now / period;
    let oldest = last.saturating_sub(RING - 1).max(1);
    let first = seen.map_or(oldest, |seen| oldest.max(seen / period + 1));
    (first..=last).map(move |number| number * period)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: u64 = 1000;

    fn process() -> Process {
        let runs = [(Span { from: 1500, to: 3000 }, 7000)];
        Process {
            pid: 1234,
            kind: Kind::Compute,
            memory: None,
            lives: Span::ALWAYS,
            sm: Steps::of_runs(&runs),
            bandwidth: Steps::constant(0),
            encoder: Steps::constant(0),
            decoder: Steps::constant(0),
            utilization_pid: 99,
            instance: None,
        }
    }

    fn seen(now: u64, seen: Option<u64>) -> Vec<(u64, u32)> {
        let processes = [process()];
        samples(&processes, PERIOD, now, seen).map(|sample| (sample.at, sample.sm)).collect()
    }

    #[test]
    fn a_sample_is_the_mean_of_a_period_with_work() {
        assert_eq!(seen(1999, None), []);
        assert_eq!(seen(2000, None), [(2000, 35)]);
        assert_eq!(seen(9000, None), [(2000, 35), (3000, 70)]);
        assert_eq!(samples(&[process()], PERIOD, 2000, None).next().map(|one| one.pid), Some(99));
    }

    #[test]
    fn only_newer_ones_and_only_as_long_as_the_ring_holds_them() {
        assert_eq!(seen(9000, Some(2000)), [(3000, 70)]);
        assert_eq!(seen(9000, Some(3000)), []);
        assert_eq!(seen(9000, Some(50_000)), []);
        assert_eq!(seen(102_000, None), [(3000, 70)]);
        assert_eq!(seen(103_000, None), []);
    }

    #[test]
    fn a_kind_says_which_lists() {
        let lists =
            |kind: Kind| [List::Compute, List::Graphics, List::Mps].map(|list| kind.is_in(list));
        assert_eq!(lists(Kind::Both), [true, true, false]);
        assert_eq!(lists(Kind::Mps), [false, false, true]);
    }
}
