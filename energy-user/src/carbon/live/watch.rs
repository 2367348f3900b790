//! Asks a service on a thread of its own, so that no sample waits for a network.
//!
//! The thread asks when the last answer has ended, more seldom while it fails, and a forecast
//! every six hours. It ends when the watch is dropped, at the latest after the question that is
//! under way.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use jiff::Timestamp;

use super::{CarbonIntensity, Failure, Forecast, cache::Cache};
use crate::{
    carbon::{
        Intensity,
        prices::{Prices, middle},
    },
    clock,
    units::GramsPerKwh,
};

/// A machine that wakes up is noticed so soon.
const LOOK: Duration = Duration::from_secs(30);

/// Forecasts change slowly.
const FORECAST: Duration = Duration::from_hours(6);

/// What the thread leaves and others pick up.
#[derive(Debug)]
struct State {
    cache: Cache,
    forecast: Option<Forecast>,
}

type Shared = (Mutex<State>, Condvar);

/// A service that is asked in the background.
#[derive(Debug)]
pub struct Watch {
    shared: Arc<Shared>,
    /// Its end tells the thread to stop.
    _stop: mpsc::Sender<()>,
}

impl Watch {
    /// Starts asking; `table` stands in.
    pub fn start(source: Box<dyn CarbonIntensity>, table: Intensity) -> Self {
        let cache = Cache::new(source.title(), table);
        let shared = Arc::new((Mutex::new(State { cache, forecast: None }), Condvar::new()));
        let (stop, stopped) = mpsc::channel();
        let theirs = Arc::clone(&shared);
        let started = thread::Builder::new()
            .name("carbon".into())
            .spawn(move || run(source, &theirs, &stopped));
        if let Err(error) = started {
            let failure = Failure::Unreachable(format!("no thread to ask it: {error}"));
            lock(&shared).cache.hear(clock::now().time, Err(failure));
        }
        Self { shared, _stop: stop }
    }

    /// Waits for the first answer or failure, for a time at most: at the start of a
    /// measurement, when nothing is lost by it.
    pub fn settle(&self, most: Duration) {
        let waiting = |state: &mut State| state.cache.asked().is_none();
        // Whoever poisons it has left a whole state: it is only ever replaced.
        drop(self.shared.1.wait_timeout_while(lock(&self.shared), most, waiting));
    }

    /// What the service expects; none until it said so.
    pub fn foretold(&self) -> Option<Forecast> {
        lock(&self.shared).forecast.clone()
    }
}

impl Prices for Watch {
    fn over(&mut self, from: Timestamp, to: Timestamp) -> Arc<Intensity> {
        Arc::new(lock(&self.shared).cache.current(middle(from, to)))
    }

    fn forecast(&self) -> Vec<(Timestamp, GramsPerKwh)> {
        let state = lock(&self.shared);
        state.forecast.as_ref().map_or_else(Vec::new, |forecast| forecast.points.clone())
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(mut source: Box<dyn CarbonIntensity>, shared: &Shared, stopped: &mpsc::Receiver<()>) {
    let mut expected: Option<Duration> = None;
    loop {
        let answer = source.at(clock::now().time);
        let told = answer.is_ok();
        let now = clock::now();
        let pause = {
            let mut state = lock(shared);
            state.cache.hear(now.time, answer);
            state.cache.pause()
        };
        shared.1.notify_all();
        let due = expected.is_none_or(|at| now.boottime.saturating_sub(at) >= FORECAST);
        if told && due {
            expected = Some(now.boottime);
            // One that is not told is none; the intensity of now does not depend on it.
            if let Ok(forecast) = source.forecast(now.time) {
                lock(shared).forecast = Some(forecast);
            }
        }
        // By the clock that goes on while the machine sleeps, on which an answer grows old.
        let next = now.boottime.saturating_add(pause);
        while let left = next.saturating_sub(clock::now().boottime)
            && !left.is_zero()
        {
            if stopped.recv_timeout(left.min(LOOK)) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }
}
