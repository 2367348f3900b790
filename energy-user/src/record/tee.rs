//! A source whose samples go into a file as well as to a session.

use std::{cell::RefCell, collections::HashMap, io::Write, rc::Rc, time::Duration};

use jiff::Timestamp;

use super::{
    form::Head,
    grid,
    stored::{Factor, Real, Stored},
    write::{WriteError, Writer},
};
use crate::{
    carbon::{footprint::Factors, prices::Prices},
    sample::Sample,
    session::{Chosen, Due, Source},
    units::Watts,
    waste::Thresholds,
};

/// What a recording tells beside samples.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// What was chosen.
    pub chosen: Chosen,
    /// Static power by meter, where it is known from before.
    pub floors: HashMap<String, Watts>,
    /// The CPU's name, as a calibration has it.
    pub cpu: String,
    /// From when on something counts as waste.
    pub thresholds: Thresholds,
    /// The length of an interval.
    pub interval: Duration,
    /// What is missing that the source does not know of.
    pub remark: Option<String>,
}

/// A source and the recording of its samples.
pub struct Tee<W> {
    source: Box<dyn Source>,
    prices: Box<dyn Prices>,
    keeping: Keeping<W>,
    known: grid::Known,
    previous: Option<Timestamp>,
}

/// A hold on the recording while a session has the source.
#[derive(Debug)]
pub struct Keeping<W>(Rc<RefCell<Writer<W>>>);

impl<W: Write> Keeping<W> {
    /// The recording ended in order.
    pub fn end(&self) -> Result<(), WriteError> {
        self.0.borrow_mut().end()
    }

    /// Bytes written.
    pub fn written(&self) -> u64 {
        self.0.borrow().written()
    }
}

impl<W: Write> Tee<W> {
    /// Begins a recording.
    pub fn begin(
        source: Box<dyn Source>,
        prices: Box<dyn Prices>,
        setting: Setting,
        to: W,
    ) -> Result<(Self, Keeping<W>), WriteError> {
        let writer = Writer::begin(to, head(source.as_ref(), setting))?;
        let writer = Rc::new(RefCell::new(writer));
        let keeping = Keeping(Rc::clone(&writer));
        let (known, previous) = (grid::Known::default(), None);
        Ok((Self { source, prices, keeping: Keeping(writer), known, previous }, keeping))
    }
}

fn head(source: &dyn Source, setting: Setting) -> Head {
    let Setting { chosen, floors, cpu, thresholds, interval, remark } = setting;
    let Chosen { idle_policy, gpu_share, learn, factors: Factors { pue, overhead } } = chosen;
    let description = source.describe().clone();
    let mut remedies = description.remedies;
    remedies.extend(remark);
    Head {
        made_by: concat!("jouletop ", env!("CARGO_PKG_VERSION")).into(),
        host: description.host,
        probe: description.probe,
        meters: description.meters,
        notes: description.notes,
        remedies,
        cpu,
        interval: Stored::store(&interval),
        idle_policy,
        gpu_share,
        learn,
        pue: Factor(pue),
        overhead: Factor(overhead),
        static_watts: floors.into_iter().map(|(id, watts)| (id, Real(watts.0))).collect(),
        waste: serde_json::to_value(thresholds).unwrap_or_default(),
    }
}

impl<W: Write> Source for Tee<W> {
    fn describe(&self) -> &crate::session::Description {
        self.source.describe()
    }

    fn calibrated(&self) -> HashMap<String, Watts> {
        self.source.calibrated()
    }

    fn cpu(&self) -> Option<&str> {
        self.source.cpu()
    }

    fn chosen(&self) -> Chosen {
        self.source.chosen()
    }

    fn grid(&self) -> Option<Box<dyn Prices>> {
        Some(Box::new(self.known.clone()))
    }

    fn thresholds(&self) -> Thresholds {
        self.source.thresholds()
    }

    fn due(&mut self) -> Due {
        self.source.due()
    }

    fn sample(&mut self) -> anyhow::Result<Sample> {
        let sample = self.source.sample()?;
        let previous = self.previous.replace(sample.time);
        let grid = previous.map(|previous| self.prices.over(previous, sample.time));
        let forecast = self.prices.forecast();
        self.keeping.0.borrow_mut().sample(&sample, grid.as_ref(), &forecast)?;
        self.known.tell(grid, forecast.into());
        Ok(sample)
    }

    fn drain(&mut self) -> anyhow::Result<()> {
        self.source.drain()
    }

    fn pass(&mut self, time: Duration) -> bool {
        self.source.pass(time)
    }
}
