//! The intensities of a run's intervals, and what the report says of them.
//!
//! A run may see many: its grams are the sum over intervals, so that the one intensity of the
//! report is their mean by energy, and its range stands beside it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use crate::{
    carbon::Intensity,
    present::figure,
    units::{GramsCo2e, GramsPerKwh, Microjoules},
};

/// The intensities of a run's intervals.
#[derive(Default)]
pub struct Grid {
    last: Option<Arc<Intensity>>,
    least: Option<GramsPerKwh>,
    most: Option<GramsPerKwh>,
    /// Energy, and the grams of it without what is drawn beyond.
    energy: Microjoules,
    grams: GramsCo2e,
    /// The least and the most that its grams can be, with what is drawn beyond.
    range: (GramsCo2e, GramsCo2e),
    /// How long another intensity stood in, and why at last.
    fallen: Duration,
    fall_back: Option<String>,
    /// What was counted so far.
    kinds: BTreeSet<String>,
}

impl Grid {
    /// Adds an interval: its length, its energy, and the least and the most that can be.
    pub fn add(
        &mut self,
        intensity: &Arc<Intensity>,
        time: Duration,
        energy: Option<Microjoules>,
        (least, most): (Microjoules, Microjoules),
    ) {
        let value = intensity.value;
        let lower = |known: &GramsPerKwh| *known <= value;
        let higher = |known: &GramsPerKwh| *known >= value;
        self.least = self.least.filter(lower).or(Some(value));
        self.most = self.most.filter(higher).or(Some(value));
        let energy = energy.unwrap_or_default();
        self.energy += energy;
        self.grams += energy * value;
        self.range.0 += intensity.grams(least);
        self.range.1 += intensity.grams(most);
        if let Some(why) = &intensity.fall_back {
            self.fallen += time;
            self.fall_back = Some(why.clone());
        }
        self.kinds.insert(format!("{:?} {:?}", intensity.scope, intensity.kind));
        self.last = Some(Arc::clone(intensity));
    }

    /// The least and the most that its grams can be.
    pub fn range(&self) -> (GramsCo2e, GramsCo2e) {
        self.range
    }

    /// The lowest and the highest intensity; none if it never changed.
    pub fn intensities(&self) -> Option<(GramsPerKwh, GramsPerKwh)> {
        self.least.zip(self.most).filter(|(least, most)| least < most)
    }

    /// What a reader of its grams should know.
    pub fn warnings(&self) -> Vec<String> {
        let stood_in = self.fall_back.as_ref().map(|why| {
            let time = figure::duration(self.fallen);
            format!("for {time} another intensity stood in: {why}")
        });
        let mixed = (self.kinds.len() > 1).then(|| {
            let text = "the emissions add what is not to be compared (direct with life-cycle, or \
                        average with marginal), as the source of the intensity changed";
            format!("{text}; name one with --zone or --carbon-intensity")
        });
        stood_in.into_iter().chain(mixed).collect()
    }

    /// The last intensity, with the mean by energy where it changed.
    pub fn mean(&self) -> Intensity {
        let last = self.last.as_deref().cloned().unwrap_or_else(Intensity::world);
        if self.least == self.most || self.energy == Microjoules::ZERO {
            return last;
        }
        let one = self.energy * GramsPerKwh::of_grams_per_kwh(1.0);
        let value = GramsPerKwh::of_grams_per_kwh(self.grams.0 / one.0);
        Intensity { value, ..last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KWH: Microjoules = Microjoules(3_600_000_000_000);

    fn add(grid: &mut Grid, intensity: Intensity, kwh: u64) {
        let energy = Microjoules(KWH.0 * kwh);
        let range = (Microjoules(energy.0 / 2), energy + energy);
        grid.add(&Arc::new(intensity), Duration::from_mins(30), Some(energy), range);
    }

    fn given(grams: f64) -> Intensity {
        Intensity::given(GramsPerKwh(grams))
    }

    #[test]
    fn the_mean_is_by_energy_and_has_its_range() {
        let mut grid = Grid::default();
        add(&mut grid, given(100.0), 1);
        assert_eq!((grid.mean(), grid.intensities()), (given(100.0), None));
        add(&mut grid, given(400.0), 3);
        // (1 x 100 + 3 x 400) / 4
        assert_eq!(grid.mean(), given(325.0));
        assert_eq!(grid.intensities(), Some((GramsPerKwh(100.0), GramsPerKwh(400.0))));
        assert_eq!(grid.range(), (GramsCo2e(650.0), GramsCo2e(2600.0)));
        assert!(grid.warnings().is_empty());
    }

    #[test]
    fn what_stood_in_and_what_is_mixed_is_told() {
        let mut grid = Grid::default();
        let france = Intensity::zone("FR").unwrap();
        add(&mut grid, france.clone(), 1);
        add(&mut grid, Intensity { fall_back: Some("X is away".into()), ..france.clone() }, 1);
        let told = "for 30m00s another intensity stood in: X is away";
        assert_eq!(grid.warnings(), [told]);
        let marginal = Some(crate::carbon::Kind::Marginal);
        add(&mut grid, Intensity { kind: marginal, ..france }, 1);
        assert!(grid.warnings()[1].contains("average with marginal"), "{:?}", grid.warnings());
    }

    #[test]
    fn a_run_of_no_energy_has_the_last_intensity() {
        let mut grid = Grid::default();
        add(&mut grid, given(100.0), 0);
        add(&mut grid, given(200.0), 0);
        assert_eq!(grid.mean(), given(200.0));
    }
}
