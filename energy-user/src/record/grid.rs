//! The grid as whoever makes the samples tells it, with each sample.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use jiff::Timestamp;

use crate::{
    carbon::{Intensity, prices::Prices},
    units::GramsPerKwh,
};

/// What is known at the last sample: its source tells it, a session asks for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Rc<RefCell<Now>>);

#[derive(Debug, Default)]
struct Now {
    grid: Option<Arc<Intensity>>,
    forecast: Arc<[(Timestamp, GramsPerKwh)]>,
}

impl Known {
    /// A sample was made.
    pub fn tell(&self, grid: Option<Arc<Intensity>>, forecast: Arc<[(Timestamp, GramsPerKwh)]>) {
        *self.0.borrow_mut() = Now { grid, forecast };
    }
}

impl Prices for Known {
    /// Of the interval that ends at the last sample; there is no other to ask for.
    fn over(&mut self, _: Timestamp, _: Timestamp) -> Arc<Intensity> {
        self.0.borrow().grid.clone().unwrap_or_else(|| Arc::new(Intensity::world()))
    }

    fn forecast(&self) -> Vec<(Timestamp, GramsPerKwh)> {
        self.0.borrow().forecast.to_vec()
    }
}
