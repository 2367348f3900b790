//! Static power in words: how much it is, and from where that is known.
//!
//! It decides what `(idle)` has and what processes have, so every presenter says it beside
//! the meters.

use super::figure::Units;
use crate::{
    frame::{Basis, Frame, PoolFrame},
    sample::Domain,
    units::Watts,
};

/// What is known of static power in an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Static {
    /// The sum of what is known.
    watts: Option<Watts>,
    /// The worst basis of what is known; of nothing, what stands in for it.
    basis: Basis,
    /// Of some meters it is not known.
    partly: bool,
}

impl Static {
    /// Of all pools that have some of their own; none where no meter counted.
    pub fn of(frame: &Frame) -> Option<Self> {
        // That of a core is in its package's.
        Self::sum(frame.pools.iter().filter(|pool| pool.domain != Domain::Core))
    }

    fn sum<'a>(pools: impl Iterator<Item = &'a PoolFrame> + Clone) -> Option<Self> {
        let known = pools.clone().filter_map(|pool| Some((pool.floor?, pool.basis)));
        let unknown = pools.filter(|pool| pool.floor.is_none()).map(|pool| pool.basis);
        let watts = known.clone().map(|(watts, _)| watts.0).reduce(|a, b| a + b).map(Watts);
        let basis = known.map(|(_, basis)| basis).max();
        // If anything stands in, that is what is to be told.
        let stands_in = unknown.min();
        Some(Self { watts, basis: basis.or(stands_in)?, partly: stands_in.is_some() })
    }

    /// Of some meter at least it is known.
    pub fn is_known(self) -> bool {
        self.watts.is_some()
    }

    /// In full, and where there is little room.
    pub fn words(self, units: Units) -> [String; 2] {
        let Some(watts) = self.watts else { return unknown(self.basis) };
        let source = source(self.basis);
        let partly = if self.partly { " in part" } else { "" };
        let power = power(watts, self.basis, units);
        [format!("static {power} {source}{partly}"), format!("static {source}{partly}")]
    }
}

/// Static power of one pool, in words.
pub fn words(pool: &PoolFrame, units: Units) -> String {
    match pool.floor {
        Some(watts) => {
            format!("static {} {}", power(watts, pool.basis, units), source(pool.basis))
        }
        None if pool.domain == Domain::Core => "static as its package".into(),
        None => unknown(pool.basis)[0].clone(),
    }
}

/// Power with its unit; only what was measured with nobody running goes without a mark.
pub fn power(watts: Watts, basis: Basis, units: Units) -> String {
    let mark = if basis == Basis::Calibrated { "" } else { "~" };
    format!("{mark}{} {}", units.power(Some(watts)), units.power_symbol())
}

/// The basis as the end of a phrase.
pub fn source(basis: Basis) -> &'static str {
    if basis == Basis::Model { "by the model" } else { basis.as_str() }
}

fn unknown(basis: Basis) -> [String; 2] {
    let short = "static not known".to_owned();
    match basis {
        Basis::Capacity => [format!("{short} (share of unused capacity)"), short],
        _ => [short.clone(), short],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        frame::{Quality, Signal},
        units::Microjoules,
    };

    fn pool(domain: Domain, floor: Option<f64>, basis: Basis) -> PoolFrame {
        PoolFrame {
            tenancy: None,
            id: "pool".into(),
            domain,
            source: "test".into(),
            cells: vec![0],
            quality: Quality::Measured,
            energy: Microjoules(1),
            floor: floor.map(Watts),
            basis,
            fixed: Microjoules::ZERO,
            signal: Signal::Nothing,
            weight: 0,
            busy_ns: 0,
            capacity_ns: 0,
        }
    }

    #[test]
    fn static_power_is_told_with_its_worst_basis() {
        let package = |floor, basis| pool(Domain::Package, floor, basis);
        let cases = [
            (vec![], None),
            (vec![package(Some(20.0), Basis::Calibrated)], Some("static 20.00 W calibrated")),
            (
                vec![package(Some(20.0), Basis::Calibrated), package(Some(5.0), Basis::Learned)],
                Some("static ~25.00 W learned"),
            ),
            (
                vec![package(Some(20.0), Basis::Learned), package(None, Basis::Capacity)],
                Some("static ~20.00 W learned in part"),
            ),
            (
                vec![package(None, Basis::Unknown), package(None, Basis::Capacity)],
                Some("static not known (share of unused capacity)"),
            ),
            (vec![pool(Domain::Rest, None, Basis::Unknown)], Some("static not known")),
        ];
        for (pools, words) in cases {
            let told = Static::sum(pools.iter()).map(|known| known.words(Units::Joules));
            assert_eq!(told.as_ref().map(|[long, ..]| long.as_str()), words);
        }
    }
}
