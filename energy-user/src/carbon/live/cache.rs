//! What follows from a service's answers and failures: a function of them and of the time.
//!
//! An answer holds until its slot ends, and for five minutes at least. While the service fails it
//! is asked ever more seldom, and the last answer stands in while it is young, then the bundled
//! table; both say that they stand in, and for what.

use std::time::Duration;

use jiff::Timestamp;

use super::{Answer, Failure};
use crate::carbon::Intensity;

/// An answer is asked for anew after this at the earliest, and after [`MOST`] at the latest.
pub const LEAST: Duration = Duration::from_mins(5);
/// The longest pause between two questions, unless the service asks for a longer one.
pub const MOST: Duration = Duration::from_hours(1);
/// The pause after the first failure; it doubles with each further one.
pub const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// An answer stands in for the next ones for so long.
pub const YOUNG: Duration = Duration::from_hours(2);
/// No service is believed that it wants a longer pause.
const LONGEST_WISH: Duration = Duration::from_hours(24);

/// A service's answers, as far as they still matter.
#[derive(Clone, Debug)]
pub struct Cache {
    title: &'static str,
    table: Intensity,
    /// The last answer, and when it came.
    held: Option<(Answer, Timestamp)>,
    /// Why the last question had none.
    failure: Option<Failure>,
    /// The pause after the last question; the first failure sets the first one.
    pause: Duration,
    asked: Option<Timestamp>,
}

impl Cache {
    /// Nothing was asked; `table` stands in.
    pub fn new(title: &'static str, table: Intensity) -> Self {
        Self { title, table, held: None, failure: None, pause: Duration::ZERO, asked: None }
    }

    /// Takes what a question at this moment came to.
    pub fn hear(&mut self, now: Timestamp, answer: Result<Answer, Failure>) {
        self.asked = Some(now);
        match answer {
            Ok(answer) => {
                let left = Duration::try_from(answer.until.duration_since(now)).unwrap_or_default();
                self.pause = left.clamp(LEAST, MOST);
                self.failure = None;
                self.held = Some((answer, now));
            }
            Err(failure) => {
                let doubled = self.pause.saturating_mul(2).clamp(FIRST_PAUSE, MOST);
                let pause = if self.failure.is_some() { doubled } else { FIRST_PAUSE };
                self.pause = match failure {
                    Failure::Busy(Some(wish)) => pause.max(wish.min(LONGEST_WISH)),
                    _ => pause,
                };
                self.failure = Some(failure);
            }
        }
    }

    /// How long to wait before the next question, as of the last one.
    pub fn pause(&self) -> Duration {
        self.pause
    }

    /// It was asked at least once, and this was the last time.
    pub fn asked(&self) -> Option<Timestamp> {
        self.asked
    }

    /// Why the last question had no answer.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The intensity at a moment.
    pub fn current(&self, now: Timestamp) -> Intensity {
        let held = self.held.as_ref().map(|(answer, heard)| {
            let age = Duration::try_from(now.duration_since(*heard)).unwrap_or_default();
            (answer, age, now < answer.until || age < LEAST)
        });
        let why = || match &self.failure {
            Some(failure) => format!("{} {failure}", self.title),
            None if self.asked.is_some() => format!("{} was not asked lately", self.title),
            None => format!("{} has not answered yet", self.title),
        };
        match held {
            Some((answer, _, true)) => answer.intensity(self.title),
            // The next answer is under way.
            Some((answer, age, false)) if age < YOUNG && self.failure.is_none() => {
                answer.intensity(self.title)
            }
            Some((answer, age, false)) if age < YOUNG => Intensity {
                fall_back: Some(format!("its last answer; now {}", why())),
                ..answer.intensity(self.title)
            },
            _ => Intensity { fall_back: Some(why()), ..self.table.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        carbon::{Basis, Kind, Scope},
        units::GramsPerKwh,
    };

    fn at(text: &str) -> Timestamp {
        format!("2026-01-01T{text}Z").parse().unwrap()
    }

    fn answer(grams: f64, from: &str, until: &str) -> Answer {
        Answer {
            value: GramsPerKwh(grams),
            zone: "FR".into(),
            at: at(from),
            until: at(until),
            scope: Scope::LifeCycle,
            kind: Kind::Average,
            estimated: false,
        }
    }

    fn cache() -> Cache {
        Cache::new("Electricity Maps", Intensity::zone("FR").unwrap())
    }

    #[test]
    fn an_answer_holds_until_its_slot_ends_and_five_minutes_at_least() {
        let mut cache = cache();
        cache.hear(at("10:20:00"), Ok(answer(58.0, "10:00:00", "11:00:00")));
        assert_eq!(cache.pause(), Duration::from_mins(40));
        let now = cache.current(at("10:59:59"));
        assert_eq!((now.value, &now.fall_back), (GramsPerKwh(58.0), &None));
        assert_eq!(now.label(), "58 g/kWh, FR 10:00Z, Electricity Maps");
        cache.hear(at("10:59:00"), Ok(answer(60.0, "10:00:00", "11:00:00")));
        assert_eq!(cache.pause(), Duration::from_mins(5));
        assert_eq!(cache.current(at("11:03:59")).fall_back, None);
        // A slot of a day is asked for again within it.
        cache.hear(at("11:00:00"), Ok(answer(60.0, "11:00:00", "23:00:00")));
        assert_eq!(cache.pause(), Duration::from_hours(1));
    }

    #[test]
    fn the_pause_doubles_from_half_a_minute_to_an_hour_and_heals() {
        let mut cache = cache();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            cache.hear(at("10:00:00"), Err(Failure::Timeout));
            pauses.push(cache.pause().as_secs());
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        cache.hear(at("10:00:00"), Ok(answer(58.0, "10:00:00", "11:00:00")));
        cache.hear(at("11:00:00"), Err(Failure::Timeout));
        assert_eq!(cache.pause(), Duration::from_secs(30));
    }

    #[test]
    fn a_service_that_asks_for_a_pause_has_it_within_reason() {
        let mut cache = cache();
        cache.hear(at("10:00:00"), Err(Failure::Busy(Some(Duration::from_hours(3)))));
        assert_eq!(cache.pause(), Duration::from_hours(3));
        cache.hear(at("13:00:00"), Err(Failure::Busy(Some(Duration::MAX))));
        assert_eq!(cache.pause(), Duration::from_hours(24));
        let mut cache = self::cache();
        cache.hear(at("10:00:00"), Err(Failure::Busy(Some(Duration::from_secs(1)))));
        assert_eq!(cache.pause(), Duration::from_secs(30));
        cache.hear(at("10:00:30"), Err(Failure::Busy(None)));
        assert_eq!(cache.pause(), Duration::from_mins(1));
    }

    #[test]
    fn the_last_answer_stands_in_while_it_is_young_and_then_the_table() {
        let mut cache = cache();
        let before = cache.current(at("09:59:00"));
        assert_eq!(before.value, Intensity::zone("FR").unwrap().value);
        assert_eq!(
            before.label(),
            "56 g/kWh, France 2023, fall-back; Electricity Maps has not answered yet"
        );
        cache.hear(at("10:20:00"), Ok(answer(58.0, "10:00:00", "11:00:00")));
        // Asked a moment ago, and the reply is still to come.
        assert_eq!(cache.current(at("11:00:01")).fall_back, None);
        cache.hear(at("11:00:02"), Err(Failure::Status(500)));
        let old = cache.current(at("12:19:59"));
        assert_eq!(old.value, GramsPerKwh(58.0));
        assert!(matches!(old.basis, Basis::Live { .. }));
        let why = old.fall_back.unwrap();
        assert!(why.contains("last answer") && why.contains("status 500"), "{why}");
        let table = cache.current(at("12:20:00"));
        assert!(matches!(&table.basis, Basis::Table { name, .. } if name == "France"));
        assert!(table.fall_back.unwrap().contains("status 500"));
    }

    #[test]
    fn what_was_heard_before_a_long_sleep_is_not_used_behind_it() {
        let mut cache = cache();
        cache.hear(at("01:00:00"), Ok(answer(58.0, "01:00:00", "02:00:00")));
        let now = cache.current(at("09:00:00"));
        assert_eq!(now.fall_back.as_deref(), Some("Electricity Maps was not asked lately"));
    }

    #[test]
    fn a_failure_within_a_slot_changes_nothing() {
        let mut cache = cache();
        cache.hear(at("10:20:00"), Ok(answer(58.0, "10:00:00", "12:00:00")));
        cache.hear(at("11:20:00"), Err(Failure::Timeout));
        assert_eq!(cache.current(at("11:30:00")).fall_back, None);
    }

    #[test]
    fn an_average_that_stands_in_for_a_marginal_figure_says_that_it_is_one() {
        let mut cache = Cache::new("WattTime", Intensity::zone("US-CA").unwrap());
        cache.hear(at("10:00:00"), Err(Failure::NoData("CAISO_NORTH".into())));
        let now = cache.current(at("10:00:00"));
        assert_eq!(now.kind, Some(Kind::Average));
        assert!(now.label().starts_with("179 g/kWh, California 2023, direct, fall-back; WattTime"));
    }
}
