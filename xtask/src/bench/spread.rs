//! Least, median and most of a series: a shared machine has no mean worth printing.

/// What is printed of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub least: f64,
    pub median: f64,
    pub most: f64,
}

impl Spread {
    /// None of an empty series.
    pub fn of(series: &[f64]) -> Option<Self> {
        let mut sorted = series.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        Some(Self { least, median: sorted[sorted.len() / 2], most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_matter() {
        let spread = Spread { least: 1.0, median: 2.0, most: 9.0 };
        assert_eq!(Spread::of(&[9.0, 1.0, 2.0]), Some(spread));
        assert_eq!(Spread::of(&[]), None);
    }
}
