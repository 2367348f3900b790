//! Smoothed figures of a row, and its recent past.
//!
//! The table sorts by them, so that rows hold still while their numbers move.

use std::time::Duration;

use crate::ledger::Row;

/// After so long, about two thirds of a change of power have come into the order.
const MEMORY: Duration = Duration::from_secs(5);
/// Pictures that a row's small graph shows: intervals, but for those that are shorter than a picture
/// is looked at.
pub const RECENT: usize = 8;

/// Smoothed figures of a row, to sort by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Power; none where no meter counted yet.
    pub watts: Option<f64>,
    /// Per cent of one CPU.
    pub cpu: f64,
    /// Power of GPUs; none where no meter of one counted yet.
    pub gpu_watts: Option<f64>,
    /// Per cent of one GPU; none where that was not told yet.
    pub gpu: Option<f64>,
    /// Power in the last interval of each of the last pictures, the newest last; none before the row
    /// came, and of gaps. Where intervals are shorter than a picture, those between have no part.
    pub recent: [Option<f32>; RECENT],
}

impl Pace {
    /// How much of a new figure comes in after so much time.
    pub fn weight(since: Duration) -> f64 {
        1.0 - (-since.div_duration_f64(MEMORY)).exp()
    }

    /// A little closer to what the row does now. A gap changes nothing.
    pub fn towards(self, row: &Row, weight: f64) -> Self {
        let ease = |old: f64, new: f64| old + weight * (new - old);
        let known = |old: Option<f64>, new: Option<f64>| {
            new.map(|new| ease(old.unwrap_or(0.0), new)).or(old)
        };
        let mut recent = self.recent;
        recent.rotate_left(1);
        recent[RECENT - 1] = row.watts.map(|watts| watts.0 as f32);
        Self {
            watts: known(self.watts, row.watts.map(|watts| watts.0)),
            cpu: ease(self.cpu, row.cpu_percent),
            gpu_watts: known(self.gpu_watts, row.gpu.watts.map(|watts| watts.0)),
            // Who has left its GPU is no more compared to those on one.
            gpu: row.gpu.percent.map(|new| ease(self.gpu.unwrap_or(0.0), new)),
            recent,
        }
    }

    /// That of rows together.
    pub fn sum(paces: impl Iterator<Item = Self>) -> Self {
        let add = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        paces.fold(Self::default(), |mut sum, pace| {
            for (sum, one) in sum.recent.iter_mut().zip(pace.recent) {
                *sum = add(sum.map(f64::from), one.map(f64::from)).map(|sum| sum as f32);
            }
            Self {
                watts: add(sum.watts, pace.watts),
                cpu: sum.cpu + pace.cpu,
                gpu_watts: add(sum.gpu_watts, pace.gpu_watts),
                gpu: add(sum.gpu, pace.gpu),
                recent: sum.recent,
            }
        })
    }
}
