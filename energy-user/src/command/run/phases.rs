//! The phases that marks split a run into; they add up to it to the microjoule.

use std::time::Duration;

use crate::{carbon::Intensity, frame::Share, ledger::Sum, present::report::Phase};

/// More of them are not told apart.
const MOST: usize = 10_000;

/// The phases so far; the last of them goes on.
#[derive(Default)]
pub struct Phases {
    ended: Vec<(Option<String>, Duration, Sum)>,
    /// What goes on, and since when.
    name: Option<String>,
    since: Duration,
    sum: Sum,
    full: bool,
}

impl Phases {
    /// Adds an interval to the phase that goes on.
    pub fn add(&mut self, share: &Share, intensity: &Intensity) {
        self.sum.add(share, intensity);
    }

    /// Begins another, so long after the start of the run; false if there are too many.
    pub fn begin(&mut self, name: String, since: Duration) -> bool {
        if self.ended.len() + 1 >= MOST {
            self.full = true;
            return false;
        }
        let mut sum = std::mem::take(&mut self.sum);
        // Where nothing was sampled in between, nothing was used: that is zero, not unknown.
        if let Some((_, _, before)) = self.ended.last() {
            sum.share.energy.add_all(&before.share.energy.zeroed());
        }
        self.ended.push((self.name.replace(name), since.saturating_sub(self.since), sum));
        self.since = since;
        true
    }

    /// What a reader of too many should know.
    pub fn warning(&self) -> Option<String> {
        self.full.then(|| {
            format!("more than {MOST} phases: the last has all that came after; mark more rarely")
        })
    }

    /// For the report of a run that took so long; none if nothing was marked.
    pub fn told(mut self, wall: Duration) -> Vec<Phase> {
        if self.ended.is_empty() {
            return Vec::new();
        }
        self.begin_last(wall);
        self.ended.into_iter().map(|(name, wall, sum)| Phase::of(name, wall, &sum)).collect()
    }

    fn begin_last(&mut self, wall: Duration) {
        let mut sum = std::mem::take(&mut self.sum);
        if let Some((_, _, before)) = self.ended.last() {
            sum.share.energy.add_all(&before.share.energy.zeroed());
        }
        self.ended.push((self.name.take(), wall.saturating_sub(self.since), sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        frame::Energy,
        units::{GramsPerKwh, Microjoules},
    };

    #[test]
    fn phases_add_up_and_are_bounded() {
        let mut phases = Phases::default();
        let add = |phases: &mut Phases, microjoules| {
            let energy = Energy { cpu: Some(Microjoules(microjoules)), ..Energy::default() };
            let share = Share { energy, ..Share::default() };
            phases.add(&share, &Intensity::given(GramsPerKwh::of_grams_per_kwh(3.6e6)));
        };
        add(&mut phases, 3);
        assert!(phases.begin("a".into(), Duration::from_secs(2)));
        // Two marks at once: nothing is between them.
        assert!(phases.begin("b".into(), Duration::from_secs(2)));
        add(&mut phases, 5);
        for _ in 3..MOST {
            assert!(phases.begin("c".into(), Duration::from_secs(4)));
        }
        assert!(!phases.begin("d".into(), Duration::from_secs(5)));
        add(&mut phases, 7);
        assert!(phases.warning().unwrap().contains("10000"));
        let told = phases.told(Duration::from_secs(9));
        assert_eq!(told.len(), MOST);
        let joules = |index: usize| told[index].energy_joules;
        assert_eq!([0, 1, 2, 3].map(joules), [Some(3e-6), Some(0.0), Some(5e-6), Some(0.0)]);
        assert_eq!(joules(MOST - 1), Some(7e-6));
        assert_eq!((told[0].name.as_deref(), told[1].name.as_deref()), (None, Some("a")));
        let walls: f64 = told.iter().map(|phase| phase.wall_seconds).sum();
        assert!((walls - 9.0).abs() < 1e-12);
        assert!((told[2].co2e_grams.unwrap() - 5e-6).abs() < 1e-15);
        assert!(Phases::default().told(Duration::from_secs(1)).is_empty());
    }
}
