//! Asks something slow for its power, on a thread of its own.
//!
//! A management controller answers when it pleases; a sample must not wait for it. The thread
//! asks at its own pace, more seldom while nobody answers, and leaves what it heard where the
//! instrument picks it up. It ends when the instrument is dropped, at the latest after the
//! question that is under way.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use crate::{
    clock,
    meter::{
        gauge::Gauge,
        instrument::{Facts, Instrument},
    },
    sample::Reading,
    units::Watts,
};

/// Answers that nobody has picked up; older ones are dropped.
const KEPT: usize = 256;

/// How often to ask.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// While it answers.
    pub every: Duration,
    /// At most so seldom while it does not: the pause doubles with each failure.
    pub most: Duration,
    /// An answer counts for so long.
    pub stale: Duration,
}

/// When an answer came, and what it was.
type Answer = (Duration, Result<Watts, String>);

/// An instrument whose power is asked for in the background.
pub struct Polled {
    facts: Facts,
    gauge: Gauge,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    waiting: bool,
    /// Its end tells the thread to stop.
    _stop: mpsc::Sender<()>,
}

impl Polled {
    /// Starts asking.
    pub fn start<F>(facts: Facts, pace: Pace, ask: F) -> Self
    where
        F: FnMut() -> Result<Watts, String> + Send + 'static,
    {
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let (stop, stopped) = mpsc::channel();
        let mut gauge = Gauge::new(pace.stale);
        gauge.miss("waiting for its first answer; it follows within seconds".into());
        let theirs = Arc::clone(&answers);
        let name = format!("meter-{}", facts.id);
        let started =
            thread::Builder::new().name(name).spawn(move || run(ask, pace, &theirs, &stopped));
        if let Err(error) = started {
            gauge.miss(format!("no thread to ask it: {error}; raise the limit of processes"));
        }
        Self { facts, gauge, answers, waiting: true, _stop: stop }
    }
}

impl Instrument for Polled {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn read(&mut self, at: Duration) -> Reading {
        self.poll(at);
        self.gauge.reading(at)
    }

    fn is_waiting(&self) -> bool {
        self.waiting
    }

    fn poll(&mut self, _at: Duration) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, answer) in answers.drain(..) {
            self.waiting = false;
            match answer {
                Ok(watts) => self.gauge.take(at, Ok(watts)),
                // One lost answer is no gap; silence is, when the last one is stale.
                Err(why) => self.gauge.miss(why),
            }
        }
    }
}

/// The thread: asks, leaves the answer, sleeps.
fn run<F>(mut ask: F, pace: Pace, answers: &Mutex<VecDeque<Answer>>, stopped: &mpsc::Receiver<()>)
where
    F: FnMut() -> Result<Watts, String>,
{
    let mut pause = pace.every;
    loop {
        let before = clock::now().monotonic;
        let answer = ask();
        // It measured somewhere between question and answer.
        let at = before + clock::now().monotonic.saturating_sub(before) / 2;
        pause = next_pause(pause, pace, answer.is_ok());
        {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            if answers.len() >= KEPT {
                answers.pop_front();
            }
            answers.push_back((at, answer));
        }
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// How long to wait after an answer, or after none.
fn next_pause(pause: Duration, pace: Pace, answered: bool) -> Duration {
    if answered { pace.every } else { pause.saturating_mul(2).clamp(pace.every, pace.most) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        meter::instrument::{Place, Route},
        sample::Domain,
    };

    fn facts() -> Facts {
        Facts {
            id: "test".into(),
            domain: Domain::Machine,
            place: Place::default(),
            route: Route::Ipmi,
            includes: "",
            at: String::new(),
        }
    }

    fn pace(every: u64) -> Pace {
        let every = Duration::from_millis(every);
        Pace { every, most: every * 8, stale: Duration::from_mins(1) }
    }

    /// Waits, for at most ten seconds, until a condition holds.
    fn until(what: &str, mut holds: impl FnMut() -> bool) {
        for _ in 0..1000 {
            if holds() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{what}: ten seconds were not enough");
    }

    #[test]
    fn answers_become_energy_and_the_thread_ends_with_the_instrument() {
        let alive = Arc::new(());
        let theirs = Arc::clone(&alive);
        let mut polled = Polled::start(facts(), pace(1), move || {
            let _ = &theirs;
            Ok(Watts(100.0))
        });
        until("energy", || {
            let reading = polled.read(clock::now().monotonic);
            matches!(reading, Reading::Counter { microjoules: 1.., .. })
        });
        drop(polled);
        until("the end of the thread", || Arc::strong_count(&alive) == 1);
    }

    #[test]
    fn who_does_not_answer_is_absent_with_the_reason_and_delays_nobody() {
        let mut polled = Polled::start(facts(), pace(1), || Err("no reply; ask again".into()));
        until("the reason", || {
            polled.read(clock::now().monotonic) == Reading::Absent("no reply; ask again".into())
        });
        let (_hold, held) = mpsc::channel::<()>();
        let mut hanging = Polled::start(facts(), pace(1), move || {
            let _ = held.recv();
            Err(String::new())
        });
        let reading = hanging.read(clock::now().monotonic);
        assert!(matches!(reading, Reading::Absent(why) if why.contains("waiting")));
    }

    #[test]
    fn the_pause_doubles_while_nobody_answers() {
        let pace = pace(10);
        let mut pause = pace.every;
        let mut pauses = Vec::new();
        for answered in [false, false, false, false, true, false] {
            pause = next_pause(pause, pace, answered);
            pauses.push(pause.as_millis());
        }
        assert_eq!(pauses, [20, 40, 80, 80, 10, 20]);
    }
}
