//! How each pool of energy was known and split over a run, at its worst.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    frame::{Confidence, Frame, Quality},
    present::report::Pool,
    sample::Domain,
};

/// What was seen of the pools so far.
#[derive(Default)]
pub struct Pools(BTreeMap<&'static str, Seen>);

struct Seen {
    quality: Quality,
    sources: BTreeSet<String>,
    split_by: BTreeSet<&'static str>,
    confidence: Confidence,
}

impl Pools {
    /// Adds what held in an interval.
    pub fn add(&mut self, frame: &Frame) {
        for pool in &frame.pools {
            // That of a core lies in its package's.
            let name = match pool.domain {
                Domain::Core => continue,
                Domain::Package | Domain::Uncore => "cpu",
                Domain::Dram => "dram",
                Domain::Gpu => "gpu",
                _ => "rest",
            };
            // A share of a measurement is attributed.
            let quality = pool.quality.max(Quality::Attributed);
            let confidence = pool.confidence();
            let seen = self.0.entry(name).or_insert_with(|| Seen {
                quality,
                sources: BTreeSet::new(),
                split_by: BTreeSet::new(),
                confidence,
            });
            seen.quality = seen.quality.max(quality);
            seen.confidence = seen.confidence.max(confidence);
            if !seen.sources.contains(&pool.source) {
                seen.sources.insert(pool.source.clone());
            }
            seen.split_by.insert(pool.signal.as_str());
        }
    }

    /// For the report.
    pub fn told(self) -> Vec<Pool> {
        let one = |(pool, seen): (&str, Seen)| Pool {
            pool: pool.into(),
            quality: seen.quality,
            sources: seen.sources.into_iter().collect(),
            split_by: seen.split_by.into_iter().map(Into::into).collect(),
            confidence: seen.confidence,
        };
        self.0.into_iter().map(one).collect()
    }
}
