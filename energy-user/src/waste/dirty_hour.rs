//! A job runs while the grid is dirty, and today it will be clean.
//!
//! Only with a forecast: a yearly mean knows no hours. Services and notebooks are left out, since
//! nobody can move them. Whether the job can wait cannot be told, and no energy is saved.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    finding::{Evidence, Figure, Finding, Rule, Severity},
    past::Past,
    thresholds::DirtyHour,
};
use crate::{
    job::Kind,
    units::{GramsCo2e, GramsPerKwh, Microjoules, Watts},
};

const HOUR: Duration = Duration::from_hours(1);

/// The grid now, and what is foretold of it.
#[derive(Clone, Copy, Debug)]
pub struct Grid<'a> {
    /// The intensity at this moment.
    pub now: GramsPerKwh,
    /// Intensities, each from a time on; empty where nobody foretells.
    pub forecast: &'a [(Timestamp, GramsPerKwh)],
}

/// A job that could run on cleaner electricity.
pub fn find(past: &Past, thresholds: &DirtyHour, grid: &Grid) -> Option<Finding> {
    if matches!(past.kind(), Some(Kind::Unit | Kind::Notebook)) {
        return None;
    }
    let (at, clean) = cleanest(past.time(), thresholds, grid)?;
    // What it drew lately, in slots that reach back far enough.
    let mut span = Duration::ZERO;
    let mut energy = Microjoules::ZERO;
    let mut meant = Vec::new();
    let mut since = past.time();
    for view in past.views() {
        let drawn = view.parts.iter().filter_map(|(_, bucket)| bucket.energy.total());
        let drawn: Microjoules = drawn.sum();
        if drawn == Microjoules::ZERO || span >= thresholds.after {
            break;
        }
        span += view.slot.span;
        energy += drawn;
        since = view.slot.begin;
        meant.extend(view.parts.iter().map(|(member, _)| member.id));
    }
    let power = energy.over(span).filter(|_| span >= thresholds.after)?;
    if power.0 < thresholds.watts {
        return None;
    }
    let emitted = |grid: GramsPerKwh| (power.during(HOUR) * grid).0;
    let saved = GramsCo2e((emitted(grid.now) - emitted(clean)).max(0.0));
    let ahead = Duration::try_from(at.duration_since(past.time())).unwrap_or_default();
    Some(Finding {
        rule: Rule::DirtyHour,
        subject: past.subject(meant),
        since,
        evidence: vec![
            Evidence::new("intensity_now", Figure::Intensity(grid.now), "the grid emits now"),
            Evidence::new("intensity_then", Figure::Intensity(clean), "it is foretold to emit"),
            Evidence::new("clean_in_seconds", Figure::Time(ahead), "that is ahead by"),
            Evidence::new("power_watts", Figure::Power(Watts(power.0)), "the job draws"),
            Evidence::new("saved_per_hour", Figure::Mass(saved), "less for each hour moved there"),
        ],
        charges: Vec::new(),
        remedy: format!(
            "if it can wait, run it from {}; a forecast may be wrong",
            at.strftime("%Y-%m-%d %H:%M UTC")
        ),
        severity: Severity::Low,
    })
}

/// The cleanest time ahead that is clean enough.
fn cleanest(
    now: Timestamp,
    thresholds: &DirtyHour,
    grid: &Grid,
) -> Option<(Timestamp, GramsPerKwh)> {
    let last = now.checked_add(thresholds.ahead).ok()?;
    let most = grid.now.0 * thresholds.clean_percent / 100.0;
    let ahead = grid.forecast.iter().filter(|(at, _)| *at > now && *at <= last);
    let clean = ahead.filter(|(_, intensity)| intensity.0 >= 0.0 && intensity.0 <= most);
    clean.copied().min_by(|a, b| a.1.0.total_cmp(&b.1.0).then(a.0.cmp(&b.0)))
}
