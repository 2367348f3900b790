//! Which instruments count, and why the others do not: a pure function of what each says.
//!
//! Parts of a machine count once, by the best route that can be read. What lies inside a part,
//! what contains parts, and what shows the same counter again is told apart here and nowhere
//! else. `doctor` prints the whole of it.

use super::instrument::{Facts, Place, Route};
use crate::sample::{Domain, Role};

/// An instrument's facts, and whether it could be read when it was found.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What it says of itself.
    pub facts: Facts,
    /// It gave a figure.
    pub readable: bool,
}

/// What becomes of an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is read, feeds this place, and its figure is used so.
    Use(Role, Place),
    /// It is left out, and why.
    Leave(String),
}

/// Which meter of the whole machine counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Whole {
    /// The best there is; Intel's psys is not among them, as each maker wires it otherwise.
    #[default]
    Auto,
    /// None: the total is the sum of the parts.
    None,
    /// Intel's platform counter.
    Psys,
    /// A server's ACPI power meter.
    Acpi,
    /// A board's own sensor of all it draws.
    Hwmon,
    /// The management controller, through `/dev/ipmi0`.
    Ipmi,
    /// The management controller, through the network.
    Redfish,
    /// A laptop's battery.
    Battery,
}

impl Whole {
    fn takes(self, facts: &Facts) -> bool {
        let route = match self {
            Self::Auto => return facts.domain == Domain::Machine,
            Self::None => return false,
            Self::Psys => return facts.domain == Domain::Psys,
            Self::Acpi => Route::Acpi,
            Self::Hwmon => Route::Hwmon,
            Self::Ipmi => Route::Ipmi,
            Self::Redfish => Route::Redfish,
            Self::Battery => Route::Battery,
        };
        facts.domain == Domain::Machine && facts.route == route
    }
}

/// Makers whose dies show their package's counter, and whose `core` zone is one core's.
fn mirrors(vendor: &str) -> bool {
    matches!(vendor, "AuthenticAMD" | "HygonGenuine")
}

/// What becomes of each offer, in their order. `vendor` is CPUID's word for the maker.
pub fn plan(offers: &[Offer], vendor: &str, whole: Whole) -> Vec<Verdict> {
    let mut verdicts: Vec<Option<Verdict>> =
        offers.iter().map(|offer| by_itself(&offer.facts, vendor)).collect();
    // The best first: what can be read, then by route, then by name, so that no order matters.
    let mut order: Vec<usize> = (0..offers.len()).collect();
    order.sort_by_key(|&index| {
        let Offer { facts, readable } = &offers[index];
        (!readable, facts.route, facts.id.clone(), facts.at.clone())
    });
    let mut taken: Vec<(usize, Place)> = Vec::new();
    let mut total = None;
    for index in order {
        if verdicts[index].is_some() {
            continue;
        }
        let facts = &offers[index].facts;
        let place = fed(facts, vendor);
        let same = |&&(other, at): &&(usize, Place)| {
            offers[other].facts.domain == facts.domain && overlap(at, place)
        };
        let same = taken.iter().find(same).map(|&(other, _)| &offers[other].facts);
        verdicts[index] = Some(match facts.domain {
            Domain::Package | Domain::Dram | Domain::Core => {
                if let Some(other) = same {
                    Verdict::Leave(again(other))
                } else {
                    taken.push((index, place));
                    let inside = facts.domain == Domain::Core;
                    Verdict::Use(if inside { Role::Inside } else { Role::Part }, place)
                }
            }
            // A battery on mains tells nothing, and is no gap in the sum of the parts.
            _ if facts.route == Route::Battery && !offers[index].readable => {
                Verdict::Use(Role::Check, Place::default())
            }
            _ if whole.takes(facts) && total.is_none() => {
                total = Some(index);
                Verdict::Use(Role::Whole, Place::default())
            }
            _ => Verdict::Use(Role::Check, Place::default()),
        });
    }
    inside_only_where_measured(offers, &mut verdicts);
    verdicts
        .into_iter()
        .map(|verdict| verdict.unwrap_or(Verdict::Use(Role::Check, Place::default())))
        .collect()
}

/// What can be said of an instrument without the others.
fn by_itself(facts: &Facts, vendor: &str) -> Option<Verdict> {
    let leave = |why: &str| Some(Verdict::Leave(why.into()));
    match (facts.domain, facts.place) {
        (Domain::Core, Place { cpu: None, .. }) if mirrors(vendor) && by_zone(facts.route) => {
            leave("it is the counter of one core, not of all")
        }
        (Domain::Core, Place { cpu: None, .. }) | (Domain::Uncore, _) => {
            leave("a part of its package, which is counted whole")
        }
        _ => None,
    }
}

fn by_zone(route: Route) -> bool {
    matches!(route, Route::Powercap | Route::PowercapMmio)
}

/// The place that an instrument feeds: every die of some makers shows its package's counter.
fn fed(facts: &Facts, vendor: &str) -> Place {
    let whole_package = mirrors(vendor) && facts.place.cpu.is_none();
    Place { die: facts.place.die.filter(|_| !whole_package), ..facts.place }
}

/// Two places have CPUs in common.
fn overlap(a: Place, b: Place) -> bool {
    let same = |a: Option<u32>, b: Option<u32>| a.is_none() || b.is_none() || a == b;
    same(a.package, b.package) && same(a.die, b.die) && same(a.cpu, b.cpu)
}

fn again(other: &Facts) -> String {
    format!("the same counter as {} through {}", other.id, other.route.as_str())
}

/// Cores divide a package that is metered; without one they say nothing of it.
fn inside_only_where_measured(offers: &[Offer], verdicts: &mut [Option<Verdict>]) {
    let packages: Vec<Place> = offers
        .iter()
        .zip(verdicts.iter())
        .filter(|(offer, _)| offer.facts.domain == Domain::Package)
        .filter_map(|(_, verdict)| match verdict {
            Some(Verdict::Use(Role::Part, place)) => Some(*place),
            _ => None,
        })
        .collect();
    for verdict in verdicts {
        if let Some(Verdict::Use(Role::Inside, place)) = verdict
            && !packages.iter().any(|package| overlap(*package, Place { cpu: None, ..*place }))
        {
            *verdict = Some(Verdict::Leave("its package has no meter that it could divide".into()));
        }
    }
}

#[cfg(test)]
mod tests;
