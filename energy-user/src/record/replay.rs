//! A recording as a source of samples.
//!
//! Told to take its time, it gives each sample when as much time has passed as between the
//! recorded ones; a gap is passed over in some seconds, and stays one long interval.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io::{BufReader, Read},
    path::Path,
    time::Duration,
};

use super::{
    RecordingError, grid,
    read::{Ending, Reader, Recorded},
    stored::Stored,
    waste,
};
use crate::{
    carbon::{footprint::Factors, prices::Prices},
    sample::Sample,
    session::{Chosen, Description, Due, Over, Source},
    units::Watts,
    waste::Thresholds,
};

/// A watcher does not wait longer for a sample, or twice an interval if that is longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The screen asks no more often.
const SHORTEST: Duration = Duration::from_millis(50);
/// Nor more seldom.
const LONGEST: Duration = Duration::from_mins(1);

/// A recorded machine that is measured like a real one.
pub struct Replay {
    reader: Reader<Box<dyn Read>>,
    description: Description,
    thresholds: Thresholds,
    known: grid::Known,
    /// At least two, until the end.
    next: VecDeque<Recorded>,
    /// Of the last sample: time since boot, which goes on in sleep.
    last: Option<(jiff::Timestamp, Duration)>,
    pace: Option<Pace>,
}

/// How time passes for a watcher.
#[derive(Debug)]
struct Pace {
    /// Recorded seconds in one of the watcher's.
    speed: f64,
    /// Recorded seconds that passed and were not used yet.
    passed: f64,
    /// How many pass at once.
    step: f64,
}

impl Replay {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let error = |error| RecordingError::Io { path: path.into(), error };
        let file = File::open(path).map_err(error)?;
        Self::read(Box::new(BufReader::new(file)), path)
    }

    /// Reads from anywhere; the path is for messages.
    pub fn read(from: Box<dyn Read>, path: &Path) -> Result<Self, RecordingError> {
        let mut reader = Reader::open(from, path)?;
        // Two samples make one interval.
        let (first, second) = (reader.next(), reader.next());
        let (Some(first), Some(second)) = (first, second) else {
            return Err(match reader.ending() {
                Some(Ending::Damaged { at, why }) => {
                    RecordingError::Damaged { path: path.into(), at: *at, why: why.clone() }
                }
                _ => RecordingError::Empty { path: path.into() },
            });
        };
        let head = reader.head();
        let (thresholds, unknown) = waste::known(&head.waste);
        let mut remedies = head.remedies.clone();
        remedies.extend(waste::remedy(&unknown, &head.made_by));
        let description = Description {
            host: head.host.clone(),
            probe: head.probe,
            notes: head.notes.clone(),
            meters: head.meters.clone(),
            remedies,
        };
        Ok(Self {
            reader,
            description,
            thresholds,
            known: grid::Known::default(),
            next: [first, second].into(),
            last: None,
            pace: None,
        })
    }

    /// The same, taking its time, so many times as fast as it was recorded.
    pub fn paced(mut self, speed: f64) -> Self {
        self.pace = Some(Pace { speed, passed: 0.0, step: 0.0 });
        self
    }

    fn interval_seconds(&self) -> f64 {
        self.reader.head().interval.restore().as_secs_f64()
    }

    /// Recorded seconds until the next sample, as far as a watcher waits for it.
    fn until_next(&self, pace: &Pace) -> f64 {
        let (Some((_, last)), Some(next)) = (self.last, self.next.front()) else { return 0.0 };
        let until = next.sample.boottime.saturating_sub(last).as_secs_f64();
        until.min((PATIENCE.as_secs_f64() * pace.speed).max(2.0 * self.interval_seconds()))
    }

    /// Why there is no more.
    fn over(&self) -> Over {
        let until = match self.last {
            Some((time, _)) => format!(" after {}", time.strftime("%Y-%m-%d %H:%M:%SZ")),
            None => String::new(),
        };
        match self.reader.ending() {
            Some(Ending::Damaged { at, why }) => Over {
                words: format!(
                    "the recording is damaged{until}, {at} bytes from its beginning: {why}; what \
                     follows is left out; get another copy"
                ),
                damaged: true,
                cut: false,
            },
            Some(Ending::Cut { at }) => Over {
                words: format!(
                    "the recording was cut off{until}, {at} bytes from its beginning; what came \
                     later is not in it"
                ),
                damaged: false,
                cut: true,
            },
            _ => Over {
                words: format!("the recording ends here{until}"),
                damaged: false,
                cut: false,
            },
        }
    }
}

impl Source for Replay {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn calibrated(&self) -> HashMap<String, Watts> {
        let floors = self.reader.head().static_watts.iter();
        floors.map(|(id, watts)| (id.clone(), watts.restore())).collect()
    }

    fn cpu(&self) -> Option<&str> {
        Some(&self.reader.head().cpu)
    }

    fn chosen(&self) -> Chosen {
        let head = self.reader.head();
        let factors = Factors { pue: head.pue.0, overhead: head.overhead.0 };
        Chosen {
            idle_policy: head.idle_policy,
            gpu_share: head.gpu_share,
            learn: head.learn,
            factors,
        }
    }

    fn grid(&self) -> Option<Box<dyn Prices>> {
        Some(Box::new(self.known.clone()))
    }

    fn thresholds(&self) -> Thresholds {
        self.thresholds.clone()
    }

    fn interval(&self) -> Option<Duration> {
        let speed = self.pace.as_ref().map_or(1.0, |pace| pace.speed);
        let asked = Duration::try_from_secs_f64(self.interval_seconds() / speed);
        Some(asked.unwrap_or(LONGEST).clamp(SHORTEST, LONGEST))
    }

    fn is_replay(&self) -> bool {
        true
    }

    fn due(&mut self) -> Due {
        if self.next.is_empty() {
            return Due::Never(self.over());
        }
        let Some(pace) = &self.pace else { return Due::Now };
        // Half a step early is nearer than half a step late.
        let due = pace.passed + pace.step / 2.0 >= self.until_next(pace);
        if due { Due::Now } else { Due::Later }
    }

    fn sample(&mut self) -> anyhow::Result<Sample> {
        let until = self.pace.as_ref().map(|pace| self.until_next(pace));
        if let Some((pace, until)) = self.pace.as_mut().zip(until) {
            // Whoever was late does not catch up in a burst.
            pace.passed = (pace.passed - until).clamp(-pace.step, pace.step);
        }
        let Some(Recorded { sample, grid, forecast }) = self.next.pop_front() else {
            anyhow::bail!(self.over().words);
        };
        self.last = Some((sample.time, sample.boottime));
        self.known.tell(grid, forecast);
        self.next.extend(self.reader.next());
        Ok(sample)
    }

    fn pass(&mut self, time: Duration) -> bool {
        if let Some(pace) = &mut self.pace {
            pace.step = time.as_secs_f64() * pace.speed;
            pace.passed += pace.step;
        }
        self.pace.is_some()
    }
}
