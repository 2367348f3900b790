//! How much of an interval a device did something, from looks at its own use.
//!
//! What it says covers a second at most (NVML: `nvmlUtilization_t`). In a long interval, its two
//! ends say nothing of what was between them: it is looked at meanwhile.

use std::time::Duration;

/// Between two looks.
const OFTEN: Duration = Duration::from_secs(1);

/// The mean of what was seen since the last reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// The last look.
    last: Option<(Duration, u8)>,
    /// When it was last tried.
    tried: Option<Duration>,
    /// Per cent times seconds since the last reading, over seconds.
    sum: f64,
    over: f64,
}

impl Load {
    /// It is time to look.
    pub fn is_due(&self, at: Duration) -> bool {
        self.tried.is_some_and(|tried| at >= tried + OFTEN)
    }

    /// A look; none where it does not tell.
    pub fn take(&mut self, at: Duration, percent: Option<u8>) {
        self.tried = Some(at);
        let Some(now) = percent else { return };
        if let Some((then, before)) = self.last {
            let time = at.saturating_sub(then).as_secs_f64();
            self.sum += f64::midpoint(before.into(), now.into()) * time;
            self.over += time;
        }
        self.last = Some((at, now));
    }

    /// The mean since the last reading, which ends now with a last look; per cent.
    pub fn mean(&mut self, at: Duration, percent: Option<u8>) -> Option<f64> {
        self.take(at, percent);
        let (sum, over) = (std::mem::take(&mut self.sum), std::mem::take(&mut self.over));
        let Some(now) = percent else {
            self.last = None;
            return None;
        };
        Some(if over > 0.0 { sum / over } else { now.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn near(mean: Option<f64>, expected: f64) {
        assert!((mean.unwrap() - expected).abs() < 1e-9, "{mean:?}");
    }

    #[test]
    fn two_ends_are_halved_and_looks_between_them_count_for_their_time() {
        let mut load = Load::default();
        assert!(!load.is_due(at(0)), "nothing before the first reading");
        near(load.mean(at(0), Some(40)), 40.0);
        near(load.mean(at(500), Some(60)), 50.0);
        assert!(!load.is_due(at(1499)) && load.is_due(at(1500)));
        load.take(at(1500), Some(100));
        load.take(at(3500), Some(100));
        // 60 to 100 in one second, 100 for two, 100 to 0 in one: 330 in four.
        near(load.mean(at(4500), Some(0)), 82.5);
        near(load.mean(at(5500), Some(0)), 0.0);
    }

    #[test]
    fn what_is_not_told_is_no_zero() {
        let mut load = Load::default();
        assert_eq!(load.mean(at(0), None), None);
        near(load.mean(at(1000), Some(10)), 10.0);
        load.take(at(2000), None);
        near(load.mean(at(3000), Some(30)), 20.0);
        assert_eq!(load.mean(at(4000), None), None);
        near(load.mean(at(5000), Some(70)), 70.0);
    }
}
