//! The recent past of every row, pool by pool: what a row's chart is drawn from.
//!
//! Of each interval only those are kept who ran in it, a few words each, so that very many
//! processes that rest cost nothing. Memory is bounded by intervals and by points; the oldest
//! intervals go first. A pause shares what is kept.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use rustc_hash::FxHashSet;

use crate::{
    frame::{Energy, Frame},
    ledger::RowKey,
    sample::{Domain, ProcessId},
    units::{Microjoules, Watts},
};

/// Intervals that are remembered: five minutes at one a second.
const MOST_MOMENTS: usize = 300;
/// Processes in all of these intervals together, of 48 bytes each.
const MOST_POINTS: usize = 200_000;

/// The pools that a row's energy is told apart by.
pub const POOLS: [&str; 4] = ["CPU", "DRAM", "GPU", "rest of machine"];

/// Energy by pool, in the order of [`POOLS`]; zero also where there is no meter.
type Amounts = [Microjoules; POOLS.len()];

/// One interval.
#[derive(Debug)]
struct Moment {
    interval: Duration,
    /// Whether all meters of a pool counted.
    metered: [bool; POOLS.len()],
    /// Who ran, by id; threads where they are told apart.
    points: Box<[(ProcessId, Amounts)]>,
    /// The rows that are not processes, in the order of [`Frame::other_rows`].
    others: [Amounts; 6],
}

/// The last intervals.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    moments: VecDeque<Arc<Moment>>,
    points: usize,
    /// Intervals that were seen.
    count: u64,
}

/// Whose past.
#[derive(Debug)]
pub(super) enum Whose {
    /// A process's.
    Process(ProcessId),
    /// That of processes together.
    Group(FxHashSet<ProcessId>),
    /// That of a row that is no process, by its place in [`Frame::other_rows`].
    Other(usize),
}

impl Whose {
    /// Of a row that is no group; none of ended processes that are told apart no more.
    pub fn of(key: RowKey) -> Option<Self> {
        Some(match key {
            RowKey::Process(id) => Self::Process(id),
            RowKey::Idle => Self::Other(0),
            RowKey::Kernel => Self::Other(1),
            RowKey::Irq => Self::Other(2),
            RowKey::Unattributed => Self::Other(3),
            RowKey::Rest => Self::Other(4),
            RowKey::Tool => Self::Other(5),
            RowKey::Group(..) | RowKey::Folded => return None,
        })
    }
}

/// What a row had of a pool in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The row was not there yet.
    Before,
    /// Its meters were not read: it is not known.
    Gap,
    /// So much.
    Energy(Microjoules),
}

/// A row's recent past, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The number of the first interval since the start.
    pub first: u64,
    /// The length of each interval.
    pub intervals: Vec<Duration>,
    /// For each pool that was ever metered: its place in [`POOLS`], and a point an interval.
    pub pools: Vec<(usize, Vec<Point>)>,
}

impl Trail {
    /// Adds an interval; `partial` says that a meter was missing that had counted before.
    pub fn push(&mut self, frame: &Frame, partial: bool) {
        let mut points = Vec::with_capacity(frame.processes.len());
        for process in &frame.processes {
            if process.threads.is_empty() {
                points.push((process.id, amounts(&process.share.energy)));
            }
            let threads = process.threads.iter();
            points.extend(threads.map(|thread| (thread.id, amounts(&thread.share.energy))));
        }
        points.sort_unstable_by_key(|(id, _)| *id);
        let known = places(&frame.total);
        let missing = |pool: usize| {
            let absent = frame.meters.iter().filter(|meter| meter.energy.is_none());
            partial && absent.map(|meter| place(meter.domain)).any(|place| place == Some(pool))
        };
        self.points += points.len();
        self.moments.push_back(Arc::new(Moment {
            interval: frame.interval,
            metered: std::array::from_fn(|pool| known[pool] && !missing(pool)),
            points: points.into(),
            others: frame.other_rows().map(|(_, share)| {
                share.map_or([Microjoules::ZERO; POOLS.len()], |share| amounts(&share.energy))
            }),
        }));
        self.count += 1;
        while self.moments.len() > MOST_MOMENTS
            || self.points > MOST_POINTS && self.moments.len() > 1
        {
            let Some(oldest) = self.moments.pop_front() else { break };
            self.points -= oldest.points.len();
        }
    }

    /// How many intervals are remembered.
    pub fn len(&self) -> usize {
        self.moments.len()
    }

    /// The same, where so many intervals were seen before.
    pub fn after(self, count: u64) -> Self {
        Self { count: self.count + count, ..self }
    }

    /// As it was so many intervals ago; none where nothing of that time is remembered.
    pub fn ago(&self, intervals: u64) -> Option<Self> {
        let kept = self.moments.len().checked_sub(usize::try_from(intervals).ok()?)?;
        let moments: VecDeque<_> = self.moments.iter().take(kept).map(Arc::clone).collect();
        let points = moments.iter().map(|moment| moment.points.len()).sum();
        (kept > 0).then_some(Self { moments, points, count: self.count - intervals })
    }

    /// The past of a row that has used so much since the start; where that is not known, it
    /// begins where the row is first met.
    pub fn history(&self, whose: &Whose, energy: Option<Microjoules>) -> History {
        let had: Vec<Option<Amounts>> = self.moments.iter().map(|one| one.of(whose)).collect();
        let seen: Microjoules = had.iter().flatten().flatten().copied().sum();
        // Who has used more than that was there before.
        let before = matches!(whose, Whose::Other(_)) || energy.is_some_and(|all| all > seen);
        let met = had.iter().position(Option::is_some).unwrap_or(had.len());
        let begin = if before { 0 } else { met };
        let point = |pool: usize, at: usize, moment: &Moment| match had.get(at) {
            _ if at < begin => Point::Before,
            _ if !moment.metered[pool] => Point::Gap,
            had => Point::Energy(had.copied().flatten().map_or(Microjoules::ZERO, |a| a[pool])),
        };
        let pools = (0..POOLS.len())
            .filter(|pool| self.moments.iter().any(|moment| moment.metered[*pool]))
            .map(|pool| {
                let moments = self.moments.iter().enumerate();
                (pool, moments.map(|(at, moment)| point(pool, at, moment)).collect())
            });
        History {
            first: self.count - self.moments.len() as u64,
            intervals: self.moments.iter().map(|moment| moment.interval).collect(),
            pools: pools.collect(),
        }
    }
}

impl Moment {
    /// What somebody had; none of who did not run.
    fn of(&self, whose: &Whose) -> Option<Amounts> {
        let of = |id: &ProcessId| {
            let place = self.points.binary_search_by_key(id, |(id, _)| *id).ok()?;
            self.points.get(place).map(|(_, amounts)| *amounts)
        };
        match whose {
            Whose::Process(id) => of(id),
            Whose::Other(place) => self.others.get(*place).copied(),
            // Whichever are fewer are gone through.
            Whose::Group(ids) if ids.len() < self.points.len() / 8 => {
                ids.iter().filter_map(of).reduce(add)
            }
            Whose::Group(ids) => {
                let own = self.points.iter().filter(|(id, _)| ids.contains(id));
                own.map(|(_, amounts)| *amounts).reduce(add)
            }
        }
    }
}

impl History {
    /// The mean of all pools together over the intervals in which all are known, and how long
    /// these were; none where there is none.
    pub fn mean(&self) -> Option<(Watts, Duration)> {
        let (mut energy, mut time) = (Microjoules::ZERO, Duration::ZERO);
        for (at, interval) in self.intervals.iter().enumerate() {
            let all = self.pools.iter().map(|(_, points)| match points.get(at) {
                Some(Point::Energy(energy)) => Some(*energy),
                _ => None,
            });
            if let Some(sum) = all.sum::<Option<Microjoules>>() {
                energy += sum;
                time += *interval;
            }
        }
        Some((energy.over(time).filter(|_| !self.pools.is_empty())?, time))
    }
}

fn add(a: Amounts, b: Amounts) -> Amounts {
    std::array::from_fn(|pool| a[pool] + b[pool])
}

fn by_pool(energy: &Energy) -> [Option<Microjoules>; POOLS.len()] {
    let Energy { cpu, dram, gpu, rest } = *energy;
    [cpu, dram, gpu, rest]
}

fn amounts(energy: &Energy) -> Amounts {
    by_pool(energy).map(Option::unwrap_or_default)
}

/// The pools that have a meter.
fn places(energy: &Energy) -> [bool; POOLS.len()] {
    by_pool(energy).map(|energy| energy.is_some())
}

/// The pool that a domain is counted in.
fn place(domain: Domain) -> Option<usize> {
    let mut energy = Energy::default();
    energy.add(domain, Microjoules::ZERO);
    places(&energy).iter().position(|there| *there)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_secs(2);
    const NONE: Amounts = [Microjoules::ZERO; 4];

    fn id(pid: u32) -> ProcessId {
        ProcessId { pid, start: 1 }
    }

    /// A trail of moments in which these had so much CPU energy; none is a gap.
    fn trail(moments: &[Option<&[(u32, u64)]>]) -> Trail {
        let mut trail = Trail::default();
        for moment in moments {
            let point = |(pid, energy): &(u32, u64)| {
                (id(*pid), [Microjoules(*energy), NONE[1], NONE[2], NONE[3]])
            };
            trail.moments.push_back(Arc::new(Moment {
                interval: STEP,
                metered: [moment.is_some(), false, false, false],
                points: moment.unwrap_or_default().iter().map(point).collect(),
                others: [NONE; 6],
            }));
            trail.count += 1;
        }
        trail
    }

    fn energy(energy: u64) -> Point {
        Point::Energy(Microjoules(energy))
    }

    #[test]
    fn a_gap_is_no_zero_and_who_rests_is_one() {
        let trail = trail(&[Some(&[(1, 5)]), Some(&[(1, 5), (2, 7)]), None, Some(&[(1, 5)])]);
        let of = |pid, all| {
            let history = trail.history(&Whose::Process(id(pid)), Some(Microjoules(all)));
            assert_eq!(history.pools.len(), 1, "a pool without a meter has no chart");
            history.pools[0].1.clone()
        };
        assert_eq!(of(1, 15), [energy(5), energy(5), Point::Gap, energy(5)]);
        assert_eq!(of(2, 7), [Point::Before, energy(7), Point::Gap, energy(0)]);
        // Who has used more than is remembered was there before.
        assert_eq!(of(2, 8), [energy(0), energy(7), Point::Gap, energy(0)]);
    }

    #[test]
    fn a_group_is_the_sum_of_its_members_and_its_mean_leaves_gaps_out() {
        let trail = trail(&[Some(&[(1, 4), (3, 9)]), None, Some(&[(1, 5), (2, 7)])]);
        let group = Whose::Group([id(1), id(2)].into_iter().collect());
        let history = trail.history(&group, Some(Microjoules(16)));
        assert_eq!(history.pools[0].1, [energy(4), Point::Gap, energy(12)]);
        let (watts, time) = history.mean().unwrap();
        assert_eq!((time, watts), (2 * STEP, Watts(4e-6)));
        let nothing = History::default();
        assert_eq!(nothing.mean(), None);
    }

    #[test]
    fn domains_are_of_the_pool_that_counts_them() {
        assert_eq!(place(Domain::Core), Some(0));
        assert_eq!(place(Domain::Gpu), Some(2));
        assert_eq!(place(Domain::Rest), Some(3));
    }
}
